"""What a large term costs: `python -m bench.agenda [--json] [--store URL] [--classes N]`.

A sheet of 20,000 classes is imported; then a class is moved about, weeks are shown over HTTP, rooms are
looked up and the agenda looks for what is due. Each stands beside a floor of the same run: the
bare statement that nothing with the same answer can do without.
"""

import asyncio
import logging
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import aiohttp
import sqlalchemy as sa
import structlog
from aiohttp import web

from bench import term
from bench.report import arguments, show
from daris.migrations.schema import migrate
from identity.credentials import add_token
from identity.rights import Role, Viewer
from identity.views import MIDDLEWARES
from identity.views import opened as identity_opened
from kernel.bus import InProcessBus
from kernel.clock import ManualClock
from kernel.database import Database
from kernel.facts import Fact
from kernel.pages import PAGES
from kernel.settings import Settings
from kernel.web import BUS, CLOCK, DATABASE, RECORDER, SETTINGS, problems
from player import week
from player.site import load_pages
from schedule.agenda import Agenda
from schedule.class_list import take_classes
from schedule.class_sheet import read_classes
from schedule.lectures import (
    Filter,
    add_lectures,
    lecture_by_id,
    lecture_history,
    lectures,
    list_lectures,
)
from schedule.lifecycle import Lecture, LectureState, Policy
from schedule.obstacles import obstacles
from schedule.planning import Author, Plan, drawn_up
from schedule.timetable import Timetable

ZONE: Final = ZoneInfo("Asia/Almaty")
ROUNDS: Final = 40
WINDOW: Final = timedelta(days=14)
MEANINGS: Final = {
    "classes": "in the term",
    "import_s": "the sheet, read, checked and saved",
    "import_ratio": "to the same rows put in without a question",
    "conflicts_ms": "median review of a class that is moved: all that speaks against it",
    "conflicts_ratio": "to the bare query of one lecturer's classes in that time",
    "week_ms": "median answer to a lecturer's own week, over HTTP",
    "week_ratio": "to the bare query of the same classes",
    "group_week_ms": "median answer to the week of a group, over HTTP",
    "full_week_ms": "median answer to the week of everybody, 1,000 classes of it, over HTTP",
    "tick_ms": "median look of the agenda at the timetable in a busy hour",
    "tick_ratio": "to one question that is answered by an index",
    "lookup_ms": "median of one lecture, for a viewer, whose course has 1,000 people",
    "lookup_ratio": "to the bare row",
    "roll_ms": "the same with all of its people: a room that opens its doors, once for all who come",
}


class _Nowhere:
    """Where facts would be kept; that is not what is measured."""

    async def record(self, *facts: Fact) -> None: ...


@dataclass(frozen=True, slots=True)
class Bench:
    """A filled database, and its time: the middle of an hour of teaching in week 8."""

    database: Database
    clock: ManualClock


async def measure(store: str, classes: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        database = Database.open(store or f"sqlite:///{folder}/daris.db")
        await migrate(database)
        clock = ManualClock(term.NOW)
        async with database.begin() as connection:
            await term.add_people_and_courses(connection)
        figures = {"classes": float(classes)}
        figures |= await _import(database, classes)
        busy = list(term.slots(classes))[7 * term.DAYS * term.HOURS]
        clock.advance(busy.starts_at - clock.now())
        bench = Bench(database, clock)
        figures |= await _conflicts(bench)
        figures |= await _pages(bench)
        figures |= await _tick(bench)
        figures |= await _lookup(bench)
        await database.aclose()
    return figures


async def _import(database: Database, classes: int) -> dict[str, float]:
    data = term.sheet(classes)
    started = time.perf_counter()
    rows, findings = read_classes(data, ZONE)
    async with database.begin() as connection:
        taken = await take_classes(
            connection, rows, findings, Author(None, term.NOW, ZONE), policy=Policy()
        )
    seconds = time.perf_counter() - started
    assert (taken.added, findings.count) == (classes, 0), findings.found[:3]
    floor = await _floor_of_import(database, classes)
    return {"import_s": seconds, "import_ratio": seconds / floor}


async def _floor_of_import(database: Database, classes: int) -> float:
    """Rows that are ready, in one statement per table; rolled back."""
    by = Author(None, term.NOW, ZONE)
    lecturer = term.id_of("t", 0)
    planned = [
        drawn_up(
            Plan(title="x", lecturer=lecturer, starts_at=s.starts_at, ends_at=s.ends_at), "", by
        )
        for s in term.slots(classes)
    ]
    started = time.perf_counter()
    async with database.begin() as connection, connection.begin_nested() as trial:
        await add_lectures(connection, planned)
        await trial.rollback()
    return time.perf_counter() - started


async def _conflicts(bench: Bench) -> dict[str, float]:
    async with bench.database.connect() as connection:
        since = bench.clock.now() + timedelta(days=1)
        found = await list_lectures(connection, Filter(since=since), limit=ROUNDS)

        async def check(number: int) -> None:
            one = found[number % len(found)]
            wanted = Plan(
                title=one.title,
                lecturer=one.lecturer,
                starts_at=one.starts_at + timedelta(minutes=95),
                ends_at=one.ends_at + timedelta(minutes=95),
                work=one.work,
            )
            await obstacles(connection, wanted, ZONE, apart_from=one.id, most_seats=20_000)

        async def floor(number: int) -> None:
            one = found[number % len(found)]
            starts_at = lectures.c.starts_at.between(one.starts_at, one.starts_at + WINDOW)
            query = sa.select(lectures.c.id).where(lectures.c.lecturer == one.lecturer, starts_at)
            (await connection.execute(query)).all()

        return _beside("conflicts", await _median(check), await _median(floor))


async def _pages(bench: Bench) -> dict[str, float]:
    async with _served(bench) as session:

        async def get(address: str) -> float:
            async def ask(_number: int) -> None:
                async with session.get(address) as answer:
                    assert answer.status == 200
                    await answer.read()

            return await _median(ask)

        own = await get("/week?whose=mine")
        group = await get(f"/week?group={term.id_of('g', 14)}")
        full = await get("/week?whose=all")
    async with bench.database.connect() as connection:
        begins = lectures.c.starts_at.between(bench.clock.now(), bench.clock.now() + WINDOW / 2)
        query = sa.select(lectures).where(lectures.c.lecturer == term.id_of("t", 7), begins)

        async def floor(_number: int) -> None:
            (await connection.execute(query)).all()

        figures = _beside("week", own, await _median(floor))
    return figures | {"group_week_ms": group, "full_week_ms": full}


@asynccontextmanager
async def _served(bench: Bench) -> AsyncIterator[aiohttp.ClientSession]:
    app = web.Application(middlewares=[problems, *MIDDLEWARES])
    app[SETTINGS], app[DATABASE], app[CLOCK] = (
        Settings(secret="x" * 32),
        bench.database,
        bench.clock,
    )
    app[RECORDER], app[BUS] = _Nowhere(), InProcessBus()
    app[PAGES] = load_pages(bench.clock)
    app.cleanup_ctx.append(identity_opened)
    app.add_routes(week.routes())
    async with bench.database.begin() as connection:
        token, _ = await add_token(connection, term.id_of("t", 7), at=bench.clock.now())
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession(address, headers=headers) as session:
            yield session
    finally:
        await runner.cleanup()


async def _tick(bench: Bench) -> dict[str, float]:
    """After the first look has opened the doors of the hour. What lies behind is over, as it would be."""
    is_past = lectures.c.ends_at <= bench.clock.now()
    async with bench.database.begin() as connection:
        await connection.execute(
            lectures.update().where(is_past).values(state=LectureState.PUBLISHED)
        )
        await connection.execute(lecture_history.update().values(announced_at=term.NOW))
    timetable = Timetable(bench.database, _Nowhere(), InProcessBus(), bench.clock)
    agenda = Agenda(timetable, bench.clock)
    moved = await agenda.step()
    assert moved, "No class of the term begins now."

    async def step(_number: int) -> None:
        await agenda.step()

    async def floor(_number: int) -> None:
        async with bench.database.connect() as connection:
            is_open = lectures.c.state == LectureState.OPEN
            (await connection.execute(sa.select(lectures.c.id).where(is_open))).all()

    return _beside("tick", await _median(step), await _median(floor))


async def _lookup(bench: Bench) -> dict[str, float]:
    async with bench.database.connect() as connection:
        found = await list_lectures(connection, Filter(courses=[term.id_of("course", 0)]), limit=1)
        lecture: Lecture = found[0]

        viewer = Viewer(term.id_of("s", 3), "", frozenset({Role.STUDENT}))

        async def look(_number: int) -> None:
            await lecture_by_id(connection, lecture.id, viewer=viewer)

        async def look_whole(_number: int) -> None:
            await lecture_by_id(connection, lecture.id)

        async def floor(_number: int) -> None:
            row = sa.select(lectures).where(lectures.c.id == lecture.id)
            (await connection.execute(row)).one()

        figures = _beside("lookup", await _median(look), await _median(floor))
        return figures | {"roll_ms": await _median(look_whole)}


async def _median(act: Callable[[int], Awaitable[Any]]) -> float:
    """Milliseconds; the first two rounds warm the caches."""
    times = []
    for number in range(ROUNDS):
        started = time.perf_counter()
        await act(number)
        times.append(time.perf_counter() - started)
    return statistics.median(times[2:]) * 1000


def _beside(name: str, found: float, floor: float) -> dict[str, float]:
    return {f"{name}_ms": found, f"{name}_ratio": found / floor}


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--store", default="", help="a database address; SQLite in a new folder")
    parser.add_argument("--classes", type=int, default=20_000)
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    figures = asyncio.run(measure(asked.store, asked.classes))
    show("The timetable of a term", figures, MEANINGS, as_json=asked.json)


if __name__ == "__main__":
    main()
