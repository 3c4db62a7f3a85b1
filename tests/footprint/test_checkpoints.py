"""The log's end is signed once a day; what was cut or written anew departs from a signed head."""

from datetime import timedelta

import msgspec
import pytest

from footprint import checkpoints
from footprint.checkpoints import Signer
from footprint.integrity import verify
from footprint.log import append, event
from footprint.upkeep import Upkeep
from kernel.errors import Invalid
from kernel.ids import new_id


@pytest.fixture
def signer() -> Signer:
    return Signer(b"a secret of this test")


@pytest.fixture
def upkeep(store, clock, signer, drain, tmp_path) -> Upkeep:
    return Upkeep(store, clock, signer, tmp_path / "checkpoints.jsonl", drain)


@pytest.fixture
def keep(store, clock, room):
    async def keep(count: int) -> None:
        async with store.begin() as connection:
            facts = [room.joined(new_id(), n) for n in range(count)]
            await append(connection, facts, now=clock.now())

    return keep


@pytest.fixture
def bad_seq(store, upkeep, signer):
    """The first place that departs from the chain or the signed heads."""

    async def bad_seq() -> int | None:
        signed = checkpoints.read(upkeep.file, key=signer.public_key)
        async with store.connect() as connection:
            verdict = await verify(connection, expected=[one.head for one in signed])
        return verdict.bad_seq

    return bad_seq


async def test_one_checkpoint_a_day_is_signed(upkeep, keep, clock, signer):
    for hours in (0, 1, 22, 1, 23, 1):
        clock.advance(timedelta(hours=hours))
        await keep(1)
        await upkeep.step()
    signed = checkpoints.read(upkeep.file, key=signer.public_key)
    assert [one.seq for one in signed] == [1, 4, 6]


async def test_a_cut_end_and_a_log_written_anew_depart_from_the_checkpoint(
    upkeep, keep, store, bad_seq
):
    await keep(3)
    await upkeep.step()
    await keep(2)
    assert await bad_seq() is None
    async with store.begin() as connection:
        await connection.execute(event.delete().where(event.c.seq > 2))
    assert await bad_seq() == 3
    await keep(4)
    assert await bad_seq() == 3


async def test_a_checkpoint_that_was_changed_is_refused_by_its_line(upkeep, keep, signer):
    await keep(2)
    await upkeep.step()
    line = msgspec.json.decode(upkeep.file.read_bytes())
    upkeep.file.write_bytes(
        upkeep.file.read_bytes() + msgspec.json.encode(line | {"seq": 1}) + b"\n"
    )
    with pytest.raises(Invalid, match=r"Line 2 of .* was not signed with this key"):
        checkpoints.read(upkeep.file, key=signer.public_key)


async def test_another_key_has_not_signed_it(upkeep, keep):
    await keep(1)
    await upkeep.step()
    with pytest.raises(Invalid, match="Line 1"):
        checkpoints.read(upkeep.file, key=Signer(b"another").public_key)


async def test_a_torn_last_line_is_not_counted_and_gives_way(upkeep, keep, signer, clock):
    await keep(1)
    await upkeep.step()
    with upkeep.file.open("ab") as file:
        file.write(b'{"seq":7,"ch')
    assert len(checkpoints.read(upkeep.file, key=signer.public_key)) == 1
    clock.advance(timedelta(days=1))
    await upkeep.step()
    assert len(checkpoints.read(upkeep.file, key=signer.public_key)) == 2


@pytest.mark.parametrize("text", ["", "short", "A" * 43, "é" * 44])
def test_what_is_no_public_key_is_refused_in_a_sentence(text):
    with pytest.raises(Invalid, match="no public key"):
        checkpoints.public_key(text)
