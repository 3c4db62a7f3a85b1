import asyncio
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from identity.rights import Role
from kernel.bus import InProcessBus
from kernel.clock import ManualClock
from kernel.database import Database
from kernel.errors import Unavailable
from schedule.agenda import Agenda
from schedule.events import TOPIC, LectureMoved
from schedule.lectures import lecture_by_id, lecture_history, lectures
from schedule.lifecycle import LectureState, Policy, RecordingState
from schedule.timetable import Timetable

HERE = Path(__file__).parent
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def lecturer(add_person):
    return await add_person(Role.LECTURER)


@pytest.fixture
def put(add_lecture, lecturer):
    """A lecture that starts in so many minutes."""
    return lambda minutes: add_lecture(lecturer, starts_in=minutes * MINUTE, takes=50 * MINUTE)


@pytest.fixture
def agenda(timetable, clock) -> Agenda:
    return Agenda(timetable, clock)


async def test_an_untouched_lecture_opens_and_ends_by_itself(agenda, put, clock, kept):
    lecture = await put(20)
    assert await agenda.step() == []
    clock.advance(5 * MINUTE)
    (opened,) = await agenda.step()
    assert (opened.id, opened.state) == (lecture.id, LectureState.OPEN)
    assert opened.opened_at == clock.now()
    assert await agenda.step() == []
    clock.advance(65 * MINUTE)
    assert [moved.state for moved in await agenda.step()] == ["ended", "published"]
    assert [type(fact).__name__ for fact in kept.facts] == [
        "LecturePlanned",
        "LectureOpened",
        "LectureEnded",
    ]


async def test_a_taught_lecture_ends_after_its_overrun_and_waits_for_the_recording(
    agenda, timetable, put, clock
):
    lecture = await put(0)
    await timetable.start(lecture.id, by=lecture.lecturer)
    clock.advance(79 * MINUTE)
    assert await agenda.step() == []
    clock.advance(MINUTE)
    (ended,) = await agenda.step()
    assert (ended.state, ended.recording) == (LectureState.ENDED, RecordingState.RUNNING)
    published = await timetable.mark_recording(lecture.id, RecordingState.READY)
    assert published.is_watchable
    assert await agenda.step() == []


async def test_proof_of_teaching_lets_a_lecture_overrun(agenda, timetable, put, clock):
    lecture = await put(0)
    await timetable.start(lecture.id, by=lecture.lecturer)
    clock.advance(100 * MINUTE)
    await timetable.still_taught(lecture.id)
    assert await agenda.step() == []
    clock.advance(3 * MINUTE)
    assert [moved.state for moved in await agenda.step()] == ["ended"]


async def test_by_policy_a_lecture_goes_live_by_itself(database, kept, bus, put, clock):
    timetable = Timetable(database, kept, bus, clock, Policy(starts_itself=True))
    await put(0)
    states = [moved.state for moved in await Agenda(timetable, clock).step()]
    assert states == ["open", "live"]


async def test_after_a_long_standstill_each_lecture_gets_where_it_belongs(agenda, put, clock):
    for hours in range(1, 6):
        await put(60 * hours)
    clock.advance(timedelta(hours=3, minutes=30))
    moved = Counter(lecture.state for lecture in await agenda.step())
    assert moved == {"ended": 2, "published": 2, "open": 1}


async def test_every_move_rings_when_its_fact_is_kept(agenda, bus, put, kept, clock):
    lecture = await put(5)
    async with asyncio.timeout(5), bus.subscribe(TOPIC) as bells:
        await agenda.step()
        rung = [msgspec.json.decode(await anext(bells), type=LectureMoved) for _ in range(2)]
    assert rung == [
        LectureMoved(lecture.id, LectureState.PLANNED, 1),
        LectureMoved(lecture.id, LectureState.OPEN, 2),
    ]


class Faulty:
    """A recorder that fails until told otherwise: the process dies, or its disk is full."""

    def __init__(self, kept, error: Exception) -> None:
        self.kept = kept
        self.error: Exception | None = error
        self.failed = asyncio.Event()

    async def record(self, *facts) -> None:
        if self.error is not None:
            self.failed.set()
            raise self.error
        await self.kept.record(*facts)


async def test_a_crash_between_the_commit_and_the_fact_loses_and_doubles_nothing(
    database, kept, bus, put, clock
):
    lecture = await put(5)
    recorder = Faulty(kept, RuntimeError("killed"))
    agenda = Agenda(Timetable(database, recorder, bus, clock), clock)
    with pytest.raises(RuntimeError):
        await agenda.step()
    recorder.error = None
    await agenda.step()
    await agenda.step()
    assert [type(fact).__name__ for fact in kept.facts] == ["LecturePlanned", "LectureOpened"]
    async with database.connect() as connection:
        assert (await lecture_by_id(connection, lecture.id)).state is LectureState.OPEN


async def test_a_full_disk_does_not_stop_the_lecture(database, kept, bus, put, clock):
    recorder = Faulty(kept, Unavailable("The disk is full."))
    timetable = Timetable(database, recorder, bus, clock)
    lecture = await put(5)
    async with asyncio.timeout(5), bus.subscribe(TOPIC) as bells:
        assert (await timetable.start(lecture.id, by=lecture.lecturer)).state is LectureState.LIVE
        assert await anext(bells)
    recorder.error = None
    await timetable.announce()
    assert [type(fact).__name__ for fact in kept.facts] == [
        "LecturePlanned",
        "LectureOpened",
        "LectureStarted",
    ]


async def test_two_agendas_at_once_make_each_move_once(
    either_database, kept, add_person, add_lecture, clock
):
    lecturers = [await add_person(Role.LECTURER, into=either_database) for _ in range(10)]
    for one in lecturers:
        await add_lecture(one, starts_in=5 * MINUTE, into=either_database)
    url = either_database.engine.url.render_as_string(hide_password=False)
    databases = [Database.open(url) for _ in range(2)]
    agendas = [
        Agenda(Timetable(database, kept, InProcessBus(), clock), clock) for database in databases
    ]
    made = await asyncio.gather(*(agenda.step() for agenda in agendas for _ in range(3)))
    moved = [lecture.id for moves in made for lecture in moves]
    assert len(moved) == len(set(moved)) == 10
    opened = {fact.id for fact in kept.facts if type(fact).__name__ == "LectureOpened"}
    assert len(opened) == 10
    for database in databases:
        await database.aclose()


async def test_two_processes_make_each_move_once(either_database, add_person, add_lecture):
    now = ManualClock(datetime.now(UTC))
    for number in range(15):
        lecturer = await add_person(Role.LECTURER, into=either_database)
        starts_at = now.now() + (5 * MINUTE if number % 2 else -50 * MINUTE)
        await add_started(either_database, add_lecture, lecturer, starts_at)
    printed = await run_processes(either_database.engine.url, count=2, steps=20)
    moves = [line.split()[1:] for line in printed if line.startswith("move")]
    made = Counter((lecture, revision) for lecture, _state, revision in moves)
    assert set(made.values()) == {1}
    assert Counter(state for _, state, _ in moves) == {"open": 7, "ended": 8, "published": 8}
    async with either_database.connect() as connection:
        history = (await connection.execute(sa.select(lecture_history))).all()
    assert len(history) == 15 + len(moves)
    assert all(row.announced_at for row in history)
    facts = {line for line in printed if line.startswith("fact")}
    assert len(facts) == sum(row.fact is not None for row in history)


async def add_started(database, add_lecture, lecturer, starts_at) -> None:
    """A lecture at a real moment, even a past one."""
    planned = await add_lecture(lecturer, into=database)
    async with database.begin() as connection:
        await connection.execute(
            lectures.update()
            .where(lectures.c.id == planned.id)
            .values(starts_at=starts_at, ends_at=starts_at + 50 * MINUTE)
        )


async def run_processes(url: sa.URL, *, count: int, steps: int) -> list[str]:
    """Start processes with an agenda, let them go at once; what they printed."""
    command = [sys.executable, HERE / "agenda_process.py"]
    address = url.render_as_string(hide_password=False)
    pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
    processes = [
        await asyncio.create_subprocess_exec(
            *command,
            address,
            str(steps),
            cwd=HERE.parent.parent,
            **pipes,
            env={"PYTHONPATH": str(HERE.parent.parent)},
        )
        for _ in range(count)
    ]
    async with asyncio.timeout(60):
        outputs = await asyncio.gather(*(process.communicate(b"\n") for process in processes))
    assert [process.returncode for process in processes] == [0] * count
    return [line for output, _ in outputs for line in output.decode().splitlines()]


async def test_the_agenda_comes_back_after_a_failure(database, kept, bus, put, clock):
    recorder = Faulty(kept, RuntimeError("something broke"))
    agenda = Agenda(Timetable(database, recorder, bus, clock), clock)
    await put(5)
    async with asyncio.timeout(20), bus.subscribe(TOPIC) as bells, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(agenda.supervise())
        await recorder.failed.wait()
        recorder.error = None
        states = [msgspec.json.decode(await anext(bells))["state"] for _ in range(2)]
        running.cancel()
    assert states == ["planned", "open"]
