"""What a rebuild makes of the log is, row for row, what the drain made while it happened."""

import json
import random
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from footprint import rebuilding
from footprint.intake import Intake, Sender
from footprint.presence import presence
from footprint.statements import House
from footprint.store import mention, statements
from kernel.ids import new_id
from player.events import Mode, ViewPaused, ViewPlayed

HOUSE = House("https://live.example.edu")
PEOPLE = [UUID(int=n) for n in range(1, 9)]


@pytest.fixture
def rows(store):
    """All rows of all views."""

    async def rows() -> list[list]:
        async with store.connect() as connection:
            return [
                (await connection.execute(sa.select(table).order_by(*table.primary_key))).all()
                for table in (presence, statements, mention)
            ]

    return rows


def _viewed(room, kind, minutes: float, view: UUID, person: UUID):
    at = room.at(minutes)
    more = (
        {"segments": ((0, 60_000),), "last_proof_at": at, "visible_s": view.int % 50}
        if kind is ViewPaused
        else {}
    )
    return kind(
        id=new_id(),
        at=at,
        lecture=room.lecture,
        person=person,
        view=view,
        mode=Mode.RECORDING,
        position_ms=0,
        **more,
    )


def _story(room, chance: random.Random) -> list:
    """Stays and viewings of a class, told in disorder: endings before and behind what they end."""
    told = [room.opened()]
    for person in PEOPLE * 3:
        begins = chance.uniform(0, 60)
        seat = room.joined(person, begins, seat=UUID(int=chance.randrange(12)))
        ends = begins + chance.uniform(1, 30)
        received, visible = chance.choice([None, chance.uniform(0, 1)]), chance.uniform(0, 1)
        left = room.left(seat, ends, proof=ends - 0.5, received=received, visible=visible)
        told += [seat, room.said(seat, "hello", begins), left]
        view = UUID(int=chance.randrange(100, 106))
        told.append(_viewed(room, ViewPlayed, begins, view, person))
        told.append(_viewed(room, ViewPaused, ends, view, person))
    chance.shuffle(told)
    return told


@pytest.mark.parametrize("at_once", [7, 5_000])
async def test_a_rebuild_makes_the_same_rows_of_all_views(
    room, journal, drained, store, clock, drain, *, rows, at_once, monkeypatch
):
    monkeypatch.setattr(rebuilding, "_AT_ONCE", at_once)
    chance = random.Random(at_once)
    story = _story(room, chance)
    await journal.record(*story[:60])
    await drained()
    agent = {"account": {"homePage": HOUSE.address, "name": str(PEOPLE[0])}}
    verb = {"id": "http://verb.example/x"}
    sent = {"actor": agent, "verb": verb, "object": {"id": "https://example.org/forum/1"}}
    await Intake(store, clock, HOUSE).take([json.dumps(sent).encode()] * 2, Sender(PEOPLE[1]))
    await journal.record(*story[60:])
    await drained()
    clock.advance(timedelta(hours=3))
    await drain.sweep()
    before, schema = await rows(), await _keys_and_indexes(store)
    async with store.begin() as connection:
        count = await rebuilding.rebuild(connection, HOUSE)
    assert await rows() == before
    assert await _keys_and_indexes(store) == schema
    assert count >= len(story)
    assert all(before)


async def _keys_and_indexes(store) -> list:
    def of(connection: sa.Connection) -> list:
        found = sa.inspect(connection)
        names = [view.name for view in (presence, statements, mention)]
        indexes = [sorted(i["name"] for i in found.get_indexes(name)) for name in names]
        return [*indexes, *(found.get_pk_constraint(name) for name in names)]

    async with store.connect() as connection:
        return await connection.run_sync(of)
