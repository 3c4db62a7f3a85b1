import asyncio
import time

import pytest

from identity.passwords import Passwords, open_passwords
from kernel.errors import Invalid, Unavailable


@pytest.fixture(scope="module")
def hashed() -> str:
    passwords = Passwords()
    text = asyncio.run(passwords.hash("correct horse"))
    passwords.close()
    return text


@pytest.fixture
async def passwords():
    async with open_passwords() as passwords:
        yield passwords


async def test_a_password_fits_its_own_hash_only(passwords, hashed):
    assert hashed.startswith("$argon2id$")
    assert await passwords.verify(hashed, "correct horse")
    assert not await passwords.verify(hashed, "correct house")


@pytest.mark.parametrize("password", ["short", "x" * 1025])
async def test_a_password_too_short_or_too_long_is_not_kept(passwords, password):
    with pytest.raises(Invalid):
        await passwords.hash(password)


async def test_nothing_fits_when_there_is_no_hash(passwords):
    assert not await passwords.verify(None, "what somebody unknown is checked against")


async def test_a_broken_hash_is_a_wrong_password(passwords):
    assert not await passwords.verify("$argon2id$nonsense", "whatever")


async def test_the_unknown_take_as_long_as_the_known(passwords, hashed):
    async def fastest(against: str | None) -> float:
        spans = []
        for _ in range(5):
            start = time.perf_counter()
            await passwords.verify(against, "wrong password")
            spans.append(time.perf_counter() - start)
        return min(spans)

    known, unknown = await fastest(hashed), await fastest(None)
    assert 1 / 3 < known / unknown < 3


async def test_the_loop_goes_on_while_passwords_are_checked(passwords, hashed):
    async with asyncio.TaskGroup() as tasks:
        checks = [tasks.create_task(passwords.verify(hashed, "wrong")) for _ in range(10)]
        turns = 0
        while not all(check.done() for check in checks):
            await asyncio.sleep(0)
            turns += 1
    assert turns > 100  # on the loop there would be one turn between two checks


async def test_a_crowd_is_sent_away_with_a_time_to_come_back(hashed):
    passwords = Passwords(places=1)
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(passwords.verify(hashed, "correct horse"))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable) as refusal:
            await passwords.verify(hashed, "correct horse")
    assert first.result()
    assert refusal.value.retry_after
    assert await passwords.verify(hashed, "correct horse")
    passwords.close()
