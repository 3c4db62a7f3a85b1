"""How exact attendance is: `python -m bench.attendance [--json] [--store URL] [--seed N]`.

A scripted class of 300 people whose every second is known: joins, leaves, second devices, killed
browsers, networks that part and come back, and one `kill -9` of the server. What the rooms would record
of it goes through a real journal and a real drain; then the sheet is held against the script.
"""

import asyncio
import random
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from uuid import UUID

from bench.report import arguments, show_values
from daris.migrations.schema import migrate
from footprint.attendance import Span, attendance, clip, total, union
from footprint.drain import Drain
from footprint.presence import presences
from footprint.statements import House
from kernel.clock import SystemClock
from kernel.database import Database
from kernel.facts import Fact
from kernel.ids import new_id
from kernel.journal import open_journal
from live.events import PersonJoined, PersonLeft, RoomOpened, SeatProof, SeatsAlive
from live.live_room import CHECKPOINT

PEOPLE, MINUTES = 300, 50
START = datetime(2026, 9, 7, 4, tzinfo=UTC)
WINDOW = Span(START, START + timedelta(minutes=MINUTES))
HEARTBEAT, NOTICED = 1.0, 5.0  # seconds


class End(Enum):
    """How a stay ends; but for the first nobody says a word."""

    LEFT = "left"
    BROWSER_KILLED = "browser killed"
    PARTED = "parted"  # the network is back in a while, and the page takes a new seat
    SERVER_KILLED = "server killed"


@dataclass(frozen=True, slots=True)
class Stay:
    """One seat's truth, in seconds from the start."""

    person: UUID
    begins: float
    ends: float
    end: End
    seat: UUID = field(default_factory=new_id)
    run: int = 0
    device: str = "laptop"

    @property
    def is_clean(self) -> bool:
        return self.end is End.LEFT

    @property
    def span(self) -> Span:
        return Span(_at(self.begins), _at(self.ends))

    def proof(self, at: float) -> float:
        """The last heartbeat that had arrived by then."""
        last = min(at, self.ends)
        return self.begins + (last - self.begins) // HEARTBEAT * HEARTBEAT


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of it."""

    store: str
    people: int
    second_devices: int  # that were there while the first was
    browsers_killed: int
    partitions: int
    cut_by_the_server: int  # stays that its kill -9 ended
    facts: int
    drain_s: float
    clean_error_s: float
    unclean_error_s: float  # for each end without a word
    largest_percent: float


def script(chance: random.Random) -> tuple[list[Stay], float]:
    """Everybody's stays, and the second in which the server is killed."""
    killed_at = chance.uniform(1_000, 2_000)
    stays = [stay for _ in range(PEOPLE) for stay in _person(chance, new_id(), killed_at)]
    return stays, killed_at


def _person(chance: random.Random, person: UUID, killed_at: float) -> Iterator[Stay]:
    begins = chance.uniform(-300, 2_400)
    ends = min(begins + chance.expovariate(1 / 1_500) + 5, 3_300)
    yield from _device(chance, Stay(person, begins, ends, End.LEFT), killed_at)
    if chance.random() < 0.3 and ends - begins > 60:
        middle = chance.uniform(begins, ends - 30)
        until = min(middle + chance.expovariate(1 / 900) + 5, 3_300)
        phone = Stay(person, middle, until, End.LEFT, device="phone")
        yield from _device(chance, phone, killed_at)


def _device(chance: random.Random, whole: Stay, killed_at: float) -> Iterator[Stay]:
    """The stays that one device makes of the time for which it is there."""
    begins, run = whole.begins, int(whole.begins > killed_at)
    while begins < whole.ends:
        end, ends = _first_end(chance, begins, whole.ends)
        if begins < killed_at < ends + NOTICED and run == 0:
            end, ends = (End.SERVER_KILLED, killed_at) if killed_at < ends else (end, ends)
        yield replace(whole, begins=begins, ends=ends, end=end, seat=new_id(), run=run)
        if end in {End.LEFT, End.BROWSER_KILLED}:
            return
        begins = ends + chance.uniform(6, 60)
        run = int(begins > killed_at)


def _first_end(chance: random.Random, begins: float, ends: float) -> tuple[End, float]:
    parts_at = begins + chance.expovariate(1 / 2_000) + 1
    if parts_at < ends:
        return End.PARTED, parts_at
    return (End.BROWSER_KILLED if chance.random() < 0.3 else End.LEFT), ends


def told(stays: list[Stay], killed_at: float) -> list[Fact]:
    """What two runs of the room record of it, in order."""
    lecture, runs = new_id(), (new_id(), new_id())
    timed: list[tuple[float, Fact]] = [
        (at, RoomOpened(id=new_id(), at=_at(at), lecture=lecture, run=run, state="live"))
        for at, run in ((-400, runs[0]), (killed_at + 5, runs[1]))
    ]
    for stay in stays:
        timed += _of_seat(stay, lecture, runs[stay.run], killed_at)
    for number, run in enumerate(runs):
        timed += _checkpoints(stays, lecture, (number, run), killed_at)
    return [fact for _, fact in sorted(timed, key=lambda item: item[0])]


def _of_seat(
    stay: Stay, lecture: UUID, run: UUID, killed_at: float
) -> Iterator[tuple[float, Fact]]:
    about = {"lecture": lecture, "person": stay.person, "run": run, "seat": stay.seat}
    joined = {
        "id": new_id(),
        "at": _at(stay.begins),
        "device": stay.device,
        "name": "",
        "role": "student",
    }
    yield stay.begins, PersonJoined(**about, **joined)  # type: ignore[arg-type]
    if stay.end is End.SERVER_KILLED:
        return  # nobody was left to tell
    noticed = stay.ends if stay.is_clean else stay.ends + NOTICED
    if stay.run == 0 and noticed > killed_at:
        return
    proof = stay.ends if stay.is_clean else stay.proof(stay.ends)
    left = {"id": new_id(), "at": _at(noticed), "device": stay.device, "reason": "left"}
    yield noticed, PersonLeft(**about, **left, last_proof_at=_at(proof))  # type: ignore[arg-type]


def _checkpoints(
    stays: list[Stay], lecture: UUID, run: tuple[int, UUID], killed_at: float
) -> Iterator[tuple[float, Fact]]:
    at, end = (-400.0, killed_at) if run[0] == 0 else (killed_at + 5, 3_400.0)
    mine = [stay for stay in stays if stay.run == run[0]]
    while (at := at + CHECKPOINT) < end:
        proofs = tuple(
            SeatProof(stay.seat, _at(stay.proof(at)))
            for stay in mine
            if stay.begins <= at < stay.ends + NOTICED
        )
        alive = {"id": new_id(), "at": _at(at), "lecture": lecture, "run": run[1]}
        yield at, SeatsAlive(**alive, seats=proofs)  # type: ignore[arg-type]


async def measure(store: str, seed: int) -> Figures:
    stays, killed_at = script(random.Random(seed))
    facts = told(stays, killed_at)
    with tempfile.TemporaryDirectory() as folder:
        database = Database.open(store or f"sqlite:///{folder}/daris.db")
        await migrate(database)
        started = time.perf_counter()
        async with open_journal(Path(folder) / "journal") as journal:
            drain = Drain(journal, database, SystemClock(), House("http://localhost"))
            for first in range(0, len(facts), 100):
                await journal.record(*facts[first : first + 100])
            while journal.backlog_bytes():
                await drain.step(await journal.read(drain.batch_size))
            await drain.sweep()
        seconds = time.perf_counter() - started
        lecture = facts[0].lecture
        assert lecture is not None
        async with database.connect() as connection:
            rows = attendance(await presences(connection, lecture), WINDOW)
        name = database.engine.dialect.name
        await database.aclose()
    ends = Counter(stay.end for stay in stays)
    errors = _errors(stays, {row.person: row.present for row in rows})
    return Figures(
        store=name,
        people=PEOPLE,
        second_devices=len({stay.person for stay in stays if stay.device == "phone"}),
        browsers_killed=ends[End.BROWSER_KILLED],
        partitions=ends[End.PARTED],
        cut_by_the_server=ends[End.SERVER_KILLED],
        facts=len(facts),
        drain_s=round(seconds, 2),
        clean_error_s=round(max(errors[True]), 3),
        unclean_error_s=round(max(errors[False]), 3),
        largest_percent=max(row.percent for row in rows),
    )


def _errors(stays: list[Stay], found: dict[UUID, timedelta]) -> dict[bool, list[float]]:
    """Per person, the seconds between sheet and script; shared among the ends without a word."""
    by_person: defaultdict[UUID, list[Stay]] = defaultdict(list)
    for stay in stays:
        by_person[stay.person].append(stay)
    errors: dict[bool, list[float]] = {True: [0.0], False: [0.0]}
    for person, mine in by_person.items():
        truth = total(union(clip(stay.span, WINDOW) for stay in mine))
        error = abs((found.get(person, timedelta(0)) - truth).total_seconds())
        unclean = sum(not stay.is_clean for stay in mine)
        errors[unclean == 0].append(error / max(unclean, 1))
    return errors


def _at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--store", default="", help="a database address; SQLite in a new folder")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    figures = asyncio.run(measure(asked.store, asked.seed))
    show_values("Attendance of a scripted class", figures, as_json=asked.json)


if __name__ == "__main__":
    main()
