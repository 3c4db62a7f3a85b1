"""Logging in with a password: rate limited, and as slow for the unknown as for the known."""

from datetime import timedelta
from uuid import UUID

import structlog
from aiohttp import web
from prometheus_client import Counter

from identity import credentials, people
from identity.passwords import Passwords
from kernel.clock import Clock
from kernel.database import Database
from kernel.errors import TooMany, Unauthenticated, Unavailable
from kernel.throttle import Throttle

log = structlog.get_logger()

LOGINS_TRIED = Counter("daris_identity_logins", "Attempts to log in with a password", ["outcome"])


class Logins:
    """Checks passwords. Only failures use up tokens, so a class behind one address gets in."""

    def __init__(self, database: Database, passwords: Passwords, clock: Clock) -> None:
        self._database = database
        self._passwords = passwords
        self._clock = clock
        self._per_person = Throttle(clock, burst=50, every=timedelta(minutes=1))
        self._per_address = Throttle(clock, burst=300, every=timedelta(seconds=2))
        self._per_both = Throttle(clock, burst=5, every=timedelta(seconds=20))

    async def log_in(self, login: str, password: str, *, address: str) -> str:
        """A fresh session's token; Unauthenticated, or TooMany after several failures."""
        key = people.login_key(login[:200])
        self._take(key, address)
        try:
            person = await self._check(key, password)
        except Unavailable:
            self._give_back(key, address)
            raise
        if person is None:
            LOGINS_TRIED.labels("failed").inc()
            raise Unauthenticated("The user name or the password is not right.")
        self._give_back(key, address)
        LOGINS_TRIED.labels("succeeded").inc()
        async with self._database.begin() as connection:
            return await credentials.add_session(connection, person, at=self._clock.now())

    async def _check(self, key: str, password: str) -> UUID | None:
        """The person if the password is theirs."""
        async with self._database.connect() as connection:
            found = await people.password_hash_of(connection, key)
        if not await self._passwords.verify(found[1] if found else None, password):
            return None
        assert found is not None
        if self._passwords.is_outdated(found[1]):
            await self._renew(found[0], password)
        return found[0]

    async def _renew(self, person: UUID, password: str) -> None:
        hashed = await self._passwords.hash(password)
        async with self._database.begin() as connection:
            await people.set_password_hash(connection, person, hashed)

    def _buckets(self, key: str, address: str) -> tuple[tuple[Throttle, object], ...]:
        return (
            (self._per_both, (key, address)),
            (self._per_person, key),
            (self._per_address, address),
        )

    def _take(self, key: str, address: str) -> None:
        buckets = self._buckets(key, address)
        wait = max(throttle.wait(bucket) for throttle, bucket in buckets)
        if wait:
            LOGINS_TRIED.labels("throttled").inc()
            log.warning("identity.login_throttled", wait_seconds=round(wait.total_seconds()))
            raise TooMany("Too many attempts; wait a moment and try again.", retry_after=wait)
        for throttle, bucket in buckets:
            throttle.take(bucket)

    def _give_back(self, key: str, address: str) -> None:
        for throttle, bucket in self._buckets(key, address):
            throttle.give_back(bucket)


LOGINS = web.AppKey("logins", Logins)
