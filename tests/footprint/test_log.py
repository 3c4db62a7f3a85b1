"""The log holds each fact once, in one order; verify names the first place that was touched."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
import sqlalchemy as sa

from footprint import log
from footprint.integrity import verify
from footprint.kinds import encode
from footprint.log import Source, append, chat, event, facts_after, head
from kernel.ids import new_id


@pytest.fixture
def keep(store, clock):
    """Append facts in a transaction of their own."""

    async def keep(*facts, source=Source.AUTOMATIC):
        async with store.begin() as connection:
            return await append(connection, facts, now=clock.now(), source=source)

    return keep


@pytest.fixture
def verdict(store):
    async def verdict(**more):
        async with store.connect() as connection:
            return await verify(connection, **more)

    return verdict


@pytest.fixture
def tamper(store):
    """Change the table behind the log's back."""

    async def tamper(statement):
        async with store.begin() as connection:
            await connection.execute(statement)

    return tamper


@pytest.fixture
async def five(keep, room):
    """Five facts in the log."""
    joined = [room.joined(new_id(), n) for n in range(5)]
    await keep(*joined[:2])
    await keep(*joined[2:])
    return joined


async def test_a_fact_that_comes_twice_is_kept_once(keep, room, store):
    fact = room.opened()
    assert len(await keep(fact, fact)) == 1
    assert await keep(fact) == []


async def test_the_order_has_no_gaps(five, store):
    async with store.connect() as connection:
        assert [kept.seq for kept in await facts_after(connection, 0, 100)] == [1, 2, 3, 4, 5]


async def test_what_is_read_back_is_what_was_said(five, store):
    async with store.connect() as connection:
        assert [kept.fact for kept in await facts_after(connection, 0, 100)] == five


async def test_received_at_grows_even_when_the_clock_goes_back(keep, room, store, clock):
    await keep(room.opened())
    clock.advance(timedelta(minutes=-5))
    await keep(room.closed(1))
    async with store.connect() as connection:
        first, second = await facts_after(connection, 0, 10)
    assert first.received_at < second.received_at


async def test_many_writers_at_once_make_one_chain(keep, room, verdict):
    facts = [room.joined(new_id(), n) for n in range(40)]
    await asyncio.gather(*(keep(*facts[n : n + 4]) for n in range(0, 40, 4)))
    assert (await verdict()).count == 40


async def test_a_sound_log_is_found_sound(five, verdict, store):
    async with store.connect() as connection:
        end = await head(connection)
    found = await verdict(expected=[end])
    assert found.is_sound
    assert (found.count, found.head) == (5, end.chain)


async def test_a_fact_of_an_older_release_hashes_as_it_did(room, store, keep, verdict, monkeypatch):
    """What is hashed is the stored text, which had fewer members then."""
    joined = room.joined(new_id(), 1)
    today = encode(joined)
    older = today.replace(',"skew_ms":3000', "")
    with monkeypatch.context() as then:
        then.setattr(log, "encode", lambda _: older)
        await keep(joined)
    assert older != today
    assert (await verdict()).is_sound
    async with store.connect() as connection:
        assert [kept.fact for kept in await facts_after(connection, 0, 10)] == [
            msgspec.structs.replace(joined, skew_ms=None)
        ]


async def test_an_empty_log_is_sound(verdict):
    assert (await verdict()).is_sound


@pytest.mark.parametrize(
    "change",
    [
        {"person": new_id()},
        {"kind": "person-left"},
        {"source": 1},
        {"payload": "{}"},
        {"commitment": bytes(32)},
        {"chain": bytes(32)},
        {"salt": bytes(16)},
        {"payload": None},
        {"received_at": sa.func.current_timestamp()},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_a_changed_row_is_named(five, verdict, tamper, change):
    await tamper(event.update().where(event.c.seq == 3).values(**change))
    assert (await verdict()).bad_seq == 3


async def test_a_deleted_row_is_named(five, verdict, tamper):
    await tamper(event.delete().where(event.c.seq == 2))
    assert (await verdict()).bad_seq == 2


async def test_two_rows_that_changed_places_are_named(five, verdict, tamper):
    for before, after in ((2, 100), (4, 2), (100, 4)):
        await tamper(event.update().where(event.c.seq == before).values(seq=after))
    assert (await verdict()).bad_seq == 2


async def test_a_cut_end_is_seen_by_the_head_that_was_kept_elsewhere(five, verdict, tamper, store):
    async with store.connect() as connection:
        end = await head(connection)
    await tamper(event.delete().where(event.c.seq == 5))
    assert (await verdict()).is_sound
    assert (await verdict(expected=[end])).bad_seq == 5


async def test_a_log_written_anew_is_seen_by_the_head_that_was_kept_elsewhere(
    five, verdict, tamper, store, keep
):
    async with store.connect() as connection:
        end = await head(connection)
    await tamper(event.delete())
    await keep(*five)
    assert (await verdict(expected=[end])).bad_seq == 5


async def test_erasing_a_payload_leaves_the_chain_whole(five, verdict, tamper):
    gone = {"payload": None, "salt": None, "person": None, "erased_by": new_id()}
    await tamper(event.update().where(event.c.seq == 3).values(**gone))
    assert (await verdict()).is_sound


async def test_the_chat_is_read_in_the_order_of_keeping(keep, room, store):
    joined = room.joined(new_id(), 0)
    await keep(joined, room.said(joined, "Сәлем!"), room.said(joined, "=1+1\x00"))
    async with store.connect() as connection:
        lines = await chat(connection, room.lecture)
    assert [line.text for line in lines] == ["Сәлем!", "=1+1\x00"]
    assert lines[0].person == joined.person
