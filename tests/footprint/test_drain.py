"""From the journal into the log: nothing lost, nothing twice, nothing in the way of the rest."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa
from msgspec.structs import replace
from sqlalchemy.exc import SQLAlchemyError

import kernel.facts
from footprint.drain import Drain, fact_set_aside
from footprint.integrity import verify
from footprint.kinds import encode
from footprint.log import event
from footprint.presence import checkpoint, presence
from footprint.statements import House
from footprint.store import statements
from kernel.ids import new_id
from kernel.journal import open_journal

SOME_ID = "01990000-0000-7000-8000-000000000000"
WITHOUT_ZONE = msgspec.json.encode(
    {"kind": "room-opened", "id": SOME_ID, "at": "2026-09-07T04:00:00", "run": SOME_ID, "state": ""}
)


@pytest.fixture
def aside(store):
    """What was set aside."""

    async def read():
        async with store.connect() as connection:
            query = sa.select(fact_set_aside)
            rows = (await connection.execute(query)).all()
        return sorted(rows, key=lambda row: row.record)

    return read


@asynccontextmanager
async def running(drain: Drain):
    """The drain at work, as the server runs it."""
    task = asyncio.create_task(drain.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_facts_reach_the_log_in_their_order(drain, journal, room, kinds_of):
    joined = room.joined(new_id(), 1)
    facts = room.opened(), joined, room.said(joined, "hello"), room.left(joined, 2), room.closed(3)
    await journal.record(*facts)
    async with running(drain):
        await drain.settle()
    assert await kinds_of() == [
        "room-opened", "person-joined", "chat-said", "person-left", "room-closed",
    ]  # fmt: skip


async def test_a_drain_killed_before_its_acknowledgement_doubles_nothing(
    drain, journal, room, count
):
    joined = room.joined(new_id(), 1)
    await journal.record(room.opened(), joined, room.said(joined, "once"))
    batch = await journal.read()
    await drain._keep(batch.records)  # committed, and then it dies
    await drain.step(await journal.read())
    assert [await count(table) for table in (event, statements, presence)] == [3, 3, 1]


async def test_a_late_replay_does_not_open_again_what_is_closed(drain, journal, room, count):
    joined = room.joined(new_id(), 1)
    await journal.record(joined, room.alive(2, joined), room.left(joined, 3))
    batch = await journal.read()
    await drain._keep(batch.records)
    await drain._keep(batch.records)
    assert await count(checkpoint) == 0


async def test_a_checkpoint_is_no_event(drain, journal, room, kinds_of, drained):
    joined = room.joined(new_id(), 1)
    await journal.record(joined, room.alive(2, joined))
    await drained()
    assert await kinds_of() == ["person-joined"]


def _naive(room) -> bytes:
    left = room.left(room.joined(new_id(), 1), 2)
    return kernel.facts.encode(replace(left, last_proof_at=datetime(2026, 9, 7, 4)))  # noqa: DTZ001


def _after_the_end_of_time(room) -> bytes:
    west = timezone(timedelta(hours=-14))
    return kernel.facts.encode(replace(room.opened(), at=datetime.max.replace(tzinfo=west)))


def _of_a_run_of_the_far_future(room) -> bytes:
    run = UUID("ffffffff-ffff-7000-8000-000000000000")
    return kernel.facts.encode(replace(room.closed(1), run=run))


@pytest.mark.parametrize(
    "record",
    [
        b"not json",
        b"{}",
        b'{"kind":"nobody-knows","id":"x"}',
        b'{"kind":"room-opened","id":"not a uuid"}',
        b"[" * 5_000,
        b"\xff\xfe",
        WITHOUT_ZONE,
        _naive,
        _after_the_end_of_time,
        _of_a_run_of_the_far_future,
    ],
    ids=lambda record: getattr(record, "__name__", repr(record)[:24]),
)
async def test_what_can_not_be_kept_is_set_aside_with_the_reason(
    journal, room, aside, kinds_of, *, drained, record
):
    record = record(room) if callable(record) else record
    await journal.append(encode(room.opened()).encode(), record, encode(room.closed(1)).encode())
    await drained()
    found = (await aside())[0]
    assert (found.record, bool(found.reason)) == (record, True)
    assert await kinds_of() == ["room-opened", "room-closed"]


async def test_what_the_database_refuses_is_found_and_set_aside(
    journal, room, store, aside, drained
):
    async with store.begin() as connection:
        await connection.execute(sa.text("CREATE UNIQUE INDEX of_one_seat ON event (seat)"))
    speaker = room.joined(new_id(), 1)
    lines = [room.said(speaker, str(n)) for n in range(5)]
    await journal.record(room.opened(), *lines, room.closed(3))
    await drained()
    found = [found.record for found in await aside()]
    assert sorted(found) == sorted(kernel.facts.encode(line) for line in lines[1:])


async def test_a_database_that_is_away_is_waited_for(drain, journal, room, store, kinds_of):
    joined = room.joined(new_id(), 1)
    await journal.record(room.opened(), joined)
    async with store.begin() as connection:
        await connection.execute(sa.text("ALTER TABLE event RENAME TO event_away"))
    with pytest.raises(SQLAlchemyError):
        await drain.step(await journal.read())
    async with running(drain):
        await journal.record(room.said(joined, "the lecture goes on"))
        assert journal.backlog_bytes() > 0
        async with store.begin() as connection:
            await connection.execute(sa.text("ALTER TABLE event_away RENAME TO event"))
        async with asyncio.timeout(10):
            await drain.settle()
    assert await kinds_of() == ["room-opened", "person-joined", "chat-said"]


async def test_a_torn_journal_keeps_all_that_was_acknowledged(
    journal_folder, store, clock, room, kinds_of
):
    async with open_journal(journal_folder) as journal:
        joined = room.joined(new_id(), 1)
        await journal.record(room.opened(), joined)
    newest = max(journal_folder.glob("*.log"))
    with newest.open("ab") as file:
        file.write(b"\x40\x00\x00\x00torn in the middle")
    async with open_journal(journal_folder) as journal:
        drain = Drain(journal, store, clock, House("https://live.example.edu"))
        await journal.record(room.said(joined, "and on we go"))
        async with running(drain):
            await drain.settle()
    assert await kinds_of() == ["room-opened", "person-joined", "chat-said"]


ENVIRON = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
KILLS = int(os.environ.get("DARIS_TEST_KILLS", "3"))
KEEP_FOR_EVER = """
import asyncio, sys
from pathlib import Path
from footprint.drain import Drain
from footprint.intake import Intake, Sender
from footprint.statements import House
from kernel.clock import SystemClock
from kernel.database import Database
from kernel.facts import Fact
from kernel.ids import new_id
from kernel.journal import open_journal
from live.events import RoomOpened

STATEMENT = '''{"id": "%s", "actor": {"mbox": "mailto:someone@example.org"},
    "verb": {"id": "http://verb.example/x"}, "object": {"id": "http://thing.example/y"}}'''

async def record(journal, clock):
    while True:
        fact = RoomOpened(id=new_id(), at=clock.now(), run=new_id(), state="open")
        await journal.record(fact)
        print(fact.id, flush=True)

async def send(intake):
    while True:
        for identifier in await intake.take([(STATEMENT % new_id()).encode()], Sender(None)):
            print(identifier, flush=True)

async def main(folder, url):
    database, clock = Database.open(url), SystemClock()
    house = House("https://live.example.edu")
    intake = Intake(database, clock, house)
    async with open_journal(Path(folder)) as journal, asyncio.TaskGroup() as tasks:
        tasks.create_task(Drain(journal, database, clock, house, batch_size=7).run())
        tasks.create_task(record(journal, clock))
        for _ in range(4):
            tasks.create_task(send(intake))

asyncio.run(main(*sys.argv[1:]))
"""


async def test_kill_9_under_load_loses_nothing_and_doubles_nothing(journal_folder, store, clock):
    """Whatever was acknowledged on standard output is in the log, once, after every life: facts
    that go through the journal, and statements of others that do not."""
    told: set[bytes] = set()
    url = store.engine.url.render_as_string(hide_password=False)
    for life in range(KILLS):
        command = [sys.executable, "-c", KEEP_FOR_EVER, journal_folder, url]
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, env=ENVIRON)
        async with asyncio.timeout(30):
            told |= {await process.stdout.readline() for _ in range(60 + 40 * (life % 4))}
            process.kill()
            told |= set((await process.stdout.read()).split(b"\n")[:-1])
            await process.wait()
    async with open_journal(journal_folder) as journal:
        drain = Drain(journal, store, clock, House("https://live.example.edu"))
        async with running(drain):
            await drain.settle()
    async with store.connect() as connection:
        stored = [str(i) for i in (await connection.execute(sa.select(event.c.id))).scalars()]
        verdict = await verify(connection)
    assert len(stored) == len(set(stored))
    assert {line.strip().decode() for line in told} - set(stored) == set()
    assert verdict.is_sound
