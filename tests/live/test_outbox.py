"""What waits for one socket."""

import asyncio

import msgspec
import pytest

from kernel.ids import new_id
from live.messages import Bye, ByeReason, LeftPerson, State, Tracks
from live.outbox import Outbox


async def taken(outbox: Outbox) -> list[dict]:
    return [msgspec.json.decode(frame) for frame in await outbox.take()]


async def test_messages_come_in_order():
    outbox = Outbox()
    people = [str(new_id()) for _ in range(3)]
    for person in people:
        outbox.put(LeftPerson(person))
    assert [message["person"] for message in await taken(outbox)] == people


async def test_of_full_states_the_newest_waits_alone():
    outbox = Outbox()
    for state in ("open", "live"):
        outbox.put(State(state))
        outbox.put(Tracks(()))
    assert [message["type"] for message in await taken(outbox)] == ["state", "tracks"]
    outbox.put(State("ended"))
    assert [message["state"] for message in await taken(outbox)] == ["ended"]


async def test_a_reader_too_slow_is_told_nothing_but_goodbye():
    outbox = Outbox(capacity=3)
    for _ in range(4):
        outbox.put(LeftPerson(new_id()))
    (bye,) = await taken(outbox)
    assert (bye["type"], bye["reason"]) == ("bye", "slow")
    assert await outbox.take() == []


async def test_what_waits_is_written_before_the_goodbye():
    outbox = Outbox()
    outbox.put(State("ended"))
    outbox.close(Bye(ByeReason.ENDED, "Over."))
    outbox.put(State("live"))
    assert [message["type"] for message in await taken(outbox)] == ["state", "bye"]
    assert await outbox.take() == []


async def test_an_empty_outbox_waits():
    outbox = Outbox()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await outbox.take()
    outbox.put(State("live"))
    assert len(await outbox.take()) == 1
