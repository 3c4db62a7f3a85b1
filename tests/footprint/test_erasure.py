"""Who is erased leaves no trace in any file, and the chain still holds."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from daris.migrations.schema import whole_metadata
from footprint import erasure
from footprint.documents import Condition, Document, Kind, Scope, replace
from footprint.eraser import Eraser
from footprint.erasure import ERASED, Ground
from footprint.events import FootprintRead, PersonErased
from footprint.intake import Sender, keep, opened
from footprint.integrity import verify
from footprint.log import event
from footprint.marks import NewMark, mark, marks_of
from footprint.presence import presence
from footprint.rebuilding import rebuild
from footprint.statements import House
from identity.people import Person
from identity.rights import Role
from kernel.errors import Conflict, NotFound
from kernel.ids import new_id
from live.events import FloorGiven
from player.late_views import case_view
from player.places import watch_place
from schedule.feeds import make_feed
from schedule.lectures import lectures
from schedule.lifecycle import Lecture

HOUSE = House("https://live.example.edu")
NAME, SAID = "Zhanserik Unmistakable", "a line that only I could write"


@dataclass
class Past:
    """What Zhanserik did and had done to him, once a lecturer and once a student."""

    person: Person
    other: Person
    taught: Lecture
    visited: Lecture


@pytest.fixture
async def eraser(store, clock, drain, tmp_path) -> AsyncIterator[Eraser]:
    running = asyncio.create_task(drain.run())
    yield Eraser(store, clock, HOUSE, drain, tmp_path / "outbox")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def past(store, clock, room, journal, eraser, token_of, *, add_person, add_lecture) -> Past:
    person = await add_person(Role.LECTURER, Role.STUDENT, name=NAME, login="zhan.s", into=store)
    other = await add_person(Role.LECTURER, name="Dana", into=store)
    taught = await add_lecture(person, into=store)
    visited = await add_lecture(other, into=store)
    async with store.begin() as connection:
        await connection.execute(lectures.update().values(state="published"))
    room.lecture = visited.id
    mine, theirs = room.joined(person.id, 0), room.joined(other.id, 0)
    told = FootprintRead(id=new_id(), at=room.at(9), person=other.id, what="profile", of=person.id)
    floor = FloorGiven(
        id=new_id(),
        at=room.at(2),
        lecture=room.lecture,
        run=room.run,
        person=other.id,
        by=person.id,
    )
    await journal.record(room.opened(), mine, theirs, room.said(mine, SAID), floor, told)
    await journal.record(room.said(theirs, "hello"), room.left(mine, 30), room.left(theirs, 40))
    await journal.append(f'{{"kind":"no-such-kind","person":"{person.id}"}}'.encode())
    await eraser.drain.settle()
    await token_of(person)
    await _hand_in(store, person, other, visited, clock.now())
    return Past(person, other, taught, visited)


async def _hand_in(store, person: Person, other: Person, lecture: Lecture, now) -> None:
    """Everything that reaches the database by another way than the journal."""
    account = {"homePage": HOUSE.address, "name": str(person.id)}
    statement = {
        "actor": {"mbox": "mailto:someone@example.org"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
        "object": {"id": "https://example.org/forum/1"},
        "context": {"instructor": {"name": NAME, "account": account}},
    }
    own = statement | {"actor": {"name": NAME, "account": account}}
    sent = [json.dumps(statement).encode(), json.dumps(own).encode()]
    scope = Scope(kind=Kind.AGENT_PROFILE, agent=HOUSE.actor(person.id).identities[0])
    new = NewMark(person=other.id, status="late", reason="came late")
    async with store.begin() as connection:
        await keep(connection, [opened(sent, HOUSE, Sender(person.id), now=now)], HOUSE, now=now)
        await replace(connection, scope, "liked", Document("text/plain", b"x", now), Condition())
        await mark(connection, lecture, new, by=person.id, now=now)
        better = NewMark(person=other.id, status="present", reason="was there")
        await mark(connection, lecture, better, by=other.id, now=now + timedelta(minutes=1))
        await make_feed(connection, person.id, at=now)
        place = {"lecture": lecture.id, "person": person.id, "position_ms": 1, "at": now}
        await connection.execute(watch_place.insert().values(place))
        sitting = {name: new_id() for name in ("view", "package")}
        sitting |= {"lecture": lecture.id, "person": person.id, "received_at": now}
        await connection.execute(case_view.insert().values(sitting))


@pytest.fixture
def files(store, tmp_path, request):
    """The bytes of every file that the service keeps, the database's too."""

    async def files() -> dict[Path, bytes]:
        folders = [tmp_path]
        if store.engine.dialect.name == "postgresql":
            async with store.connect() as connection:
                await connection.execute(sa.text("CHECKPOINT"))
                own = sa.text("SELECT oid FROM pg_database WHERE datname = current_database()")
                oid = await connection.scalar(own)
            folders.append(request.getfixturevalue("postgres_folder") / "data" / "base" / str(oid))
        return {p: p.read_bytes() for each in folders for p in each.rglob("*") if p.is_file()}

    return files


def traces_in(files: dict[Path, bytes], person: Person) -> Iterator[str]:
    spelt = {
        "id": str(person.id).encode(),
        "hex": person.id.hex.encode(),
        "bytes": person.id.bytes,
        "name": NAME.encode(),
        "login": b"zhan.s",
        "chat": SAID.encode(),
    }
    for path, content in files.items():
        yield from (f"{what} in {path.name}" for what, text in spelt.items() if text in content)


async def test_no_file_holds_a_trace_of_who_was_erased(past, eraser, files, tmp_path, store):
    dead = tmp_path / "outbox" / "dead.jsonl"
    dead.parent.mkdir()
    async with store.connect() as connection:
        seqs = sa.select(event.c.seq).where(event.c.person == past.person.id).limit(1)
        seq = await connection.scalar(seqs)
    line = {"seq": seq, "id": str(new_id()), "status": 400, "reason": f"not {past.person.id}"}
    dead.write_text(json.dumps(line) + "\n")
    assert set(traces_in(await files(), past.person))
    await eraser.erase(past.person.id, by=past.other.id, ground=Ground.REQUEST)
    assert list(traces_in(await files(), past.person)) == []


async def test_the_chain_holds_and_tombstones_name_the_erasure(past, eraser, store):
    done = await eraser.erase(past.person.id, by=past.other.id, ground=Ground.REQUEST)
    async with store.connect() as connection:
        assert (await verify(connection)).is_sound
        tombs = sa.select(event.c.seq).where(event.c.erased_by == done.id).order_by(event.c.seq)
        assert tuple((await connection.execute(tombs)).scalars()) == tuple(sorted(done.seqs))
        kinds = sa.select(event.c.person).where(event.c.kind == "person-erased")
        assert (await connection.execute(kinds)).scalars().all() == [None]


async def test_what_others_did_stays_and_names_nobody(past, eraser, store, kinds_of):
    before = await kinds_of()
    await eraser.erase(past.person.id, by=None, ground=Ground.REQUEST)
    async with store.connect() as connection:
        marks = await marks_of(connection, past.visited.id)
        taught = sa.select(lectures.c.lecturer).where(lectures.c.id == past.taught.id)
        assert await connection.scalar(taught) == ERASED
        rows = sa.select(event.c.kind).where(event.c.payload.is_not(None))
        kept = list((await connection.execute(rows)).scalars())
    assert [(one.status, one.by) for one in marks] == [
        ("late", ERASED),
        ("present", past.other.id),
    ]
    for kind in ("floor-given", "footprint-read", "attendance-marked"):
        assert kept.count(kind) == before.count(kind)


async def test_presence_is_the_same_when_it_is_made_anew(past, eraser, store):
    await eraser.erase(past.person.id, by=None, ground=Ground.REQUEST)

    async def intervals():
        async with store.connect() as connection:
            return (await connection.execute(sa.select(presence))).all()

    before = await intervals()
    async with store.begin() as connection:
        await rebuild(connection, HOUSE)
    assert {row.person for row in before} == {past.other.id}
    assert await intervals() == before


async def test_a_dry_run_tells_what_would_go_and_takes_nothing(past, eraser, count):
    before = await count()
    found = await eraser.look(past.person.id)
    assert (found.facts, found.documents, found.hindrance) == (4, 1, "")
    assert found.mentions == 4
    assert found.rows["people"] == found.rows["lectures"] == found.rows["watch_place"] == 1
    assert await count() == before


async def test_who_is_erased_is_not_there_to_be_erased_again(past, eraser):
    await eraser.erase(past.person.id, by=None, ground=Ground.REQUEST)
    with pytest.raises(NotFound):
        await eraser.erase(past.person.id, by=None, ground=Ground.REQUEST)


async def test_who_is_in_a_room_or_has_lectures_to_come_can_not_be_erased(
    past, eraser, room, journal, store, add_lecture
):
    await journal.record(room.joined(past.person.id, 50))
    with pytest.raises(Conflict, match="in a room"):
        await eraser.erase(past.person.id, by=None, ground=Ground.REQUEST)
    other = await add_lecture(past.other, into=store)
    assert "lectures to give (1)" in (await eraser.look(past.other.id)).hindrance
    assert other.lecturer == past.other.id


async def test_a_guest_can_be_erased(past, eraser, room, journal):
    guest = room.joined(new_id(), 5)
    await journal.record(guest, room.left(guest, 6))
    assert (await eraser.erase(guest.person, by=None, ground=Ground.RULE)).facts == 2


def _refers(column):
    return any(key.target_fullname == "people.id" for key in column.foreign_keys)


def test_every_column_that_names_a_person_is_cleaned():
    """A new table with a person in it must say here what an erasure does to it."""
    known = {*erasure._THEIRS, *erasure._TAUGHT, *erasure._NOTED}
    cleaned = {f"{column.table.name}.{column.name}" for column in known} | {"event.person"}
    named = {
        f"{table.name}.{column.name}"
        for table in whole_metadata().tables.values()
        for column in table.c
        if isinstance(column.type, sa.Uuid)
        and (column.name in {"person", "lecturer", "by", "author"} or _refers(column))
    }
    assert named <= cleaned


@pytest.fixture
async def admin(store, add_person, token_of) -> str:
    return await token_of(await add_person(Role.ADMIN, name="Root", into=store))


async def test_an_administrator_looks_and_erases(past, admin, get, client, kept):
    path = f"/api/v1/people/{past.person.id}/erasure"
    assert (await (await get(path, admin)).json())["facts"] == 4
    assert (kept.facts[0].what, kept.facts[0].of) == ("traces", past.person.id)
    page = await (await get(f"/people/{past.person.id}/erasure", admin)).text()
    assert NAME in page
    headers = {"Authorization": f"Bearer {admin}"}
    order = {"person": str(past.person.id), "ground": "request"}
    answer = await client.post(path, json=order, headers=headers)
    assert (answer.status, (await answer.json())["facts"]) == (200, 4)


async def test_nobody_else_may_and_no_order_is_taken_for_another(
    past, admin, get, client, token_of
):
    path = f"/api/v1/people/{past.person.id}/erasure"
    assert (await get(path, await token_of(past.other))).status == 403
    headers = {"Authorization": f"Bearer {admin}"}
    for order in ({"person": str(new_id()), "ground": "request"}, {"ground": "request"}):
        answer = await client.post(path, json=order, headers=headers)
        assert answer.status in {400, 409}
    bad = {"person": str(past.person.id), "ground": "Zhanserik asked"}
    assert (await client.post(path, json=bad, headers=headers)).status == 400


def test_an_erasure_does_not_say_who():
    assert set(PersonErased.__struct_fields__) == {
        *("id", "at", "lecture", "person", "by", "ground", "facts", "mentions")
    }
