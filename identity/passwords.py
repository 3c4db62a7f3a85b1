"""Passwords: argon2id on threads of its own, never on the event loop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kernel.errors import Invalid, Unavailable

SHORTEST, LONGEST = 8, 1024  # characters

T = TypeVar("T")


class Passwords:
    """Hashes and checks, `workers` at once; whoever finds `places` waiting is sent away.

    The cost is the least that OWASP's password sheet allows: 19 MiB, two passes, about 20 ms.
    """

    def __init__(self, *, workers: int = 2, places: int = 200) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._decoy = self._hasher.hash("what somebody unknown is checked against")
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="argon2")
        self._free = places

    async def hash(self, password: str) -> str:
        """The hash to keep; Invalid when the password is too short or too long."""
        if not SHORTEST <= len(password) <= LONGEST:
            raise Invalid(f"A password has {SHORTEST} to {LONGEST} characters.")
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, hashed: str | None, password: str) -> bool:
        """Whether the password fits; takes as long when there is no hash to compare with."""
        if len(password) > LONGEST:
            return False
        fits = await self._run(lambda: self._verify(hashed or self._decoy, password))
        return fits and hashed is not None

    def is_outdated(self, hashed: str) -> bool:
        """Whether the hash was made at another cost than today's."""
        return self._hasher.check_needs_rehash(hashed)

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if not self._free:
            raise Unavailable(
                "Very many people are signing in; try again in a moment.",
                retry_after=timedelta(seconds=2),
            )
        self._free -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._free += 1


@asynccontextmanager
async def open_passwords() -> AsyncIterator[Passwords]:
    """Start the threads, and join them at the end."""
    passwords = await asyncio.to_thread(Passwords)
    try:
        yield passwords
    finally:
        await asyncio.to_thread(passwords.close)
