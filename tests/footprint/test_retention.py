"""Facts of a kind go when they are over their time; the chain and the rest stay."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from footprint.checkpoints import Signer
from footprint.integrity import verify
from footprint.log import event
from footprint.presence import presence
from footprint.rebuilding import rebuild
from footprint.retention import due, expire, rules_in
from footprint.statements import House
from footprint.store import statements
from footprint.upkeep import Upkeep
from kernel.errors import SettingsError
from kernel.ids import new_id


@pytest.fixture
async def two_years(store, clock, room, journal, drained) -> None:
    """A join, a line and a leave; the same again 300 days later; the clock stands behind both."""
    for day in (0, 300):
        minutes = day * 24 * 60
        joined = room.joined(new_id(), minutes)
        await journal.record(joined, room.said(joined, "hello", minutes + 1))
        await journal.record(room.left(joined, minutes + 2))
    await drained()
    clock.advance(timedelta(days=400))


@pytest.fixture
def kept_kinds(store):
    async def kept_kinds() -> list[str]:
        async with store.connect() as connection:
            rows = sa.select(event.c.kind).where(event.c.payload.is_not(None)).order_by(event.c.seq)
            return list((await connection.execute(rows)).scalars())

    return kept_kinds


async def test_a_dry_run_counts_and_takes_nothing(two_years, store, clock, count):
    rules = rules_in(["chat-said=200"])
    async with store.connect() as connection:
        assert await due(connection, rules, clock.now()) == {"chat-said": 1}
    assert await count() == 6


async def test_what_is_over_its_time_becomes_a_tombstone(
    two_years, store, clock, count, kept_kinds
):
    rules = rules_in(["chat-said=50"])
    async with store.begin() as connection:
        assert await expire(connection, rules, clock.now()) == {"chat-said": 2}
        assert await expire(connection, rules, clock.now()) == {}
        assert (await verify(connection)).is_sound
    assert await kept_kinds() == [*["person-joined", "person-left"] * 2, "facts-expired"]
    assert await count(statements) == 4


async def test_stays_go_with_their_facts_as_in_a_rebuild(two_years, store, clock):
    async def stays() -> list:
        async with store.connect() as connection:
            return (await connection.execute(sa.select(presence))).all()

    async with store.begin() as connection:
        await expire(connection, rules_in(["person-joined=200", "person-left=200"]), clock.now())
    before = await stays()
    async with store.begin() as connection:
        await rebuild(connection, House("https://live.example.edu"))
    assert len(before) == 1
    assert await stays() == before


async def test_upkeep_does_it_once_a_day(two_years, store, clock, drain, tmp_path, kept_kinds):
    rules = rules_in(["chat-said=200"])
    upkeep = Upkeep(store, clock, Signer(b"x"), tmp_path / "checkpoints", drain, rules)
    await upkeep.tidy()
    assert (await kept_kinds()).count("chat-said") == 1


@pytest.mark.parametrize(
    "line",
    [
        "chat-said",
        "chat-said=0",
        "chat-said=soon",
        "no-such=3",
        "person-joined=3",
        "person-erased=9",
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_in_a_sentence(line):
    with pytest.raises(SettingsError, match="DARIS_FOOTPRINT_DAYS"):
        rules_in([line])
