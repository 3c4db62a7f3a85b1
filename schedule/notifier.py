"""The notifier: looks for what is due, and sends what waits. Any number of processes may run it."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, NoReturn
from uuid import UUID

import aiohttp
import structlog
from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.people import Person, people_by_ids
from kernel.clock import Clock
from kernel.database import Database
from kernel.errors import DarisError, Unavailable
from schedule import mail, reminders, webhook
from schedule.lectures import Filter, list_lectures
from schedule.lifecycle import Lecture
from schedule.mail import MailServer
from schedule.notices import (
    LEASE,
    Kind,
    Notice,
    State,
    Way,
    add_notices,
    claim,
    forget_old,
    give_up,
    is_any_due,
    put_off,
    settle,
)
from schedule.wishes import Wish, wishes, wishes_where
from schedule.wording import Item, Wording, items_of, newest

log = structlog.get_logger()

SENT: Final = Counter("daris_notices_total", "Notices to people", ["way", "outcome"])

_INTERVAL: Final = timedelta(seconds=10)
_SHORTEST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=1)
_WHOLE_LOOK: Final = timedelta(minutes=5)
_MOST_LOOKS: Final = 100  # at the history, in one step
_MOST_FRESH: Final = 500  # classes that are looked at one by one; with more, at everything

Look = Callable[[Database, Collection[Way], datetime], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Hook:
    """Where the webhook is, and the secret that both sides know."""

    url: str
    secret: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes to one person at once by one way."""

    person: Person | None
    wish: Wish | None
    items: Sequence[Item]

    @property
    def notices(self) -> list[Notice]:
        return [item.notice for item in self.items]


@dataclass(slots=True)
class Notifier:
    """`looks` are those of other packages that make notices, too."""

    database: Database
    clock: Clock
    wording: Wording
    mail_server: MailServer | None = None
    hook: Hook | None = None
    looks: Sequence[Look] = ()
    interval: timedelta = _INTERVAL
    _ways: frozenset[Way] = field(init=False)
    _looked_at: datetime | None = field(init=False, default=None)
    _whole_at: datetime = field(init=False, default=datetime.min.replace(tzinfo=UTC))

    def __post_init__(self) -> None:
        has = {Way.MAIL: self.mail_server, Way.WEBHOOK: self.hook}
        self._ways = frozenset(way for way, where in has.items() if where is not None)

    async def supervise(self) -> NoReturn:
        """Keep one attempt going; after a failure pause, longer each time."""
        pause = _SHORTEST_PAUSE
        while True:
            try:
                await self.step()
                pause = _SHORTEST_PAUSE
                await asyncio.sleep(self.interval.total_seconds())
            except Exception:
                log.exception("schedule.notifier_failed", pause_seconds=pause.total_seconds())
                await asyncio.sleep(pause.total_seconds())
                pause = min(pause * 2, _LONGEST_PAUSE)

    async def step(self) -> int:
        """Note what is due, then send what waits; how many notices were sent."""
        await self._look()
        now = self.clock.now()
        async with self.database.connect() as connection:
            if not await is_any_due(connection, now=now):
                return 0
        async with self.database.begin() as connection:
            claimed = await claim(connection, now=now)
        if not claimed:
            return 0
        parcels = await self._packed(claimed, now)
        sent = await self._send_mail([one for one in parcels if _way(one) is Way.MAIL], now)
        return sent + await self._post([one for one in parcels if _way(one) is Way.WEBHOOK], now)

    async def _look(self) -> None:
        """Reading keeps nobody waiting; what writes is opened only when there is something."""
        now = self.clock.now()
        fresh: set[UUID] = set()
        for _ in range(_MOST_LOOKS):
            async with self.database.connect() as connection:
                if not await reminders.has_changes(connection):
                    break
            async with self.database.begin() as connection:
                looked = await reminders.note_changes(connection, self._ways, now)
            fresh |= looked.lectures
        for look in self.looks:
            await look(self.database, self._ways, now)
        await self._look_ahead(now, fresh)

    async def _look_ahead(self, now: datetime, fresh: Collection[UUID]) -> None:
        """What came within somebody's time since the last look, or was just planned within it; now and
        then everything, since wishes are made in between."""
        is_long_ago = self._looked_at is None or now - self._whole_at >= _WHOLE_LOOK
        is_whole = is_long_ago or len(fresh) > _MOST_FRESH
        looked_at = None if is_whole else self._looked_at
        async with self.database.connect() as connection:
            due = await reminders.due_reminders(connection, self._ways, now, looked_at=looked_at)
            if fresh and not is_whole:
                known = {(one.person, one.way, one.key) for one in due}
                late = await reminders.due_reminders(connection, self._ways, now, ids=fresh)
                due += [one for one in late if (one.person, one.way, one.key) not in known]
        if due or is_whole:
            async with self.database.begin() as connection:
                await add_notices(connection, due, now=now)
                if is_whole:
                    await forget_old(connection, now=now)
        self._looked_at = now
        if is_whole:
            self._whole_at = now

    async def _packed(self, claimed: Sequence[Notice], now: datetime) -> list[Parcel]:
        """By person and way. What nobody needs any more is settled here."""
        late = [one for one in claimed if one.not_after <= now]
        timely = [one for one in claimed if one.not_after > now]
        async with self.database.begin() as connection:
            await settle(connection, late, State.LATE, at=now)
            people = await people_by_ids(connection, {one.person for one in timely})
            theirs = await wishes_where(connection, wishes.c.person.in_(people.keys()))
            items = items_of(timely, await _lectures(connection, timely))
        SENT.labels("any", "late").inc(len(late))
        by_wish = {wish.person: wish for wish in theirs}
        gathered: defaultdict[tuple[UUID, Way, bool], list[Item]] = defaultdict(list)
        for one in timely:
            gathered[one.person, one.way, one.kind is Kind.CONFIRM].append(items[one.id])
        return [
            Parcel(people.get(person), by_wish.get(person), found)
            for (person, _, _), found in gathered.items()
        ]

    async def _send_mail(self, parcels: Sequence[Parcel], now: datetime) -> int:
        """One session for all of them; each is settled as soon as the server has it."""
        sendable = await self._only_wanted(parcels, now)
        if not sendable or self.mail_server is None:
            return 0
        server = self.mail_server
        try:
            async with mail.connected(server) as session:

                async def deliver(parcel: Parcel) -> None:
                    assert parcel.person is not None  # it is wanted
                    assert parcel.wish is not None
                    items, email = newest(parcel.items), parcel.wish.email or ""
                    letter = self.wording.letter(parcel.person, email, items, at=now)
                    await mail.send(session, letter, server.sender)

                return await self._deliver(sendable, deliver, now)
        except Unavailable as error:
            await self._fail(sendable, error)
            return 0

    async def _post(self, parcels: Sequence[Parcel], now: datetime) -> int:
        sendable = await self._only_wanted(parcels, now)
        if not sendable or self.hook is None:
            return 0
        hook = self.hook
        async with aiohttp.ClientSession() as client:

            async def deliver(parcel: Parcel) -> None:
                assert parcel.person is not None  # it is wanted
                for item in parcel.items:
                    told = self.wording.told(parcel.person, item, at=now)
                    await webhook.post(client, hook.url, hook.secret, told)

            alone = [Parcel(p.person, p.wish, [item]) for p in sendable for item in p.items]
            return await self._deliver(alone, deliver, now)

    async def _deliver(
        self, parcels: Iterable[Parcel], deliver: Callable[[Parcel], Awaitable[None]], now: datetime
    ) -> int:
        """What is not reached before half of the lease is over waits for the next claim."""
        sent = 0
        for parcel in parcels:
            if self.clock.now() - now > LEASE / 2:
                break
            try:
                await deliver(parcel)
            except DarisError as error:
                await self._fail([parcel], error)
                continue
            async with self.database.begin() as connection:
                await settle(connection, parcel.notices, State.SENT, at=self.clock.now())
            SENT.labels(_way(parcel), "sent").inc(len(parcel.items))
            sent += len(parcel.items)
        return sent

    async def _fail(self, parcels: Iterable[Parcel], error: DarisError) -> None:
        now, is_for_now = self.clock.now(), isinstance(error, Unavailable)
        async with self.database.begin() as connection:
            for parcel in parcels:
                way, count = _way(parcel), len(parcel.items)
                SENT.labels(way, "put_off" if is_for_now else "failed").inc(count)
                log.warning("schedule.notice_failed", way=way, count=count, reason=error.message)
                if is_for_now:
                    await put_off(connection, parcel.notices, error.message, now=now)
                else:
                    await give_up(connection, parcel.notices, error.message, at=now)

    async def _only_wanted(self, parcels: Iterable[Parcel], now: datetime) -> list[Parcel]:
        """Those of people who are here and still want them; the others are settled."""
        stay: list[Parcel] = []
        gone: list[Parcel] = []
        for parcel in parcels:
            (stay if _is_wanted(parcel) else gone).append(parcel)
        async with self.database.begin() as connection:
            for parcel in gone:
                await settle(connection, parcel.notices, State.LATE, at=now)
        return stay


def _is_wanted(parcel: Parcel) -> bool:
    person, wish = parcel.person, parcel.wish
    if person is None or person.disabled_at is not None or wish is None:
        return False
    if _way(parcel) is Way.WEBHOOK:
        return wish.by_webhook
    if parcel.items[0].kind is Kind.CONFIRM:
        return wish.email is not None and wish.confirmed_at is None
    return wish.by_mail and wish.confirmed_at is not None


def _way(parcel: Parcel) -> Way:
    return parcel.items[0].notice.way


async def _lectures(connection: AsyncConnection, claimed: Iterable[Notice]) -> dict[UUID, Lecture]:
    ids = {one.lecture for one in claimed} | {one.details.recording for one in claimed}
    wanted = [one for one in ids if one is not None]
    found = await list_lectures(connection, Filter(ids=wanted), limit=max(len(wanted), 1))
    return {one.id: one for one in found}
