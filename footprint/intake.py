"""The intake: statements that strangers send, many requests to one commit.

Each request is taken whole or not at all, and is answered after the commit. Whoever comes while another
commit is under way waits for the next one, which takes all who wait: a sync of the disk costs the
same for one statement and for hundreds.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from aiohttp import web
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint import attachments, dialects, log, presence, statement_formats, store
from footprint.attachments import File
from footprint.events import StatementReceived
from footprint.reception import receive
from footprint.statements import House
from footprint.store import statements
from footprint.xapi import VERSION, VERSION_2, VOIDED, Actor, Received, matter
from kernel.clock import Clock
from kernel.database import Database
from kernel.errors import Conflict, Invalid, Unavailable
from kernel.ids import new_id

_UNSAID: Final = {VERSION: "1.0.0", VERSION_2: "2.0.0"}  # what a statement without a version has
_AT_ONCE: Final = 500  # statements of one commit; a larger request is one by itself
_MOST_WAITING: Final = 2_000  # requests; beyond, the disk has stopped
_PAUSE: Final = timedelta(seconds=5)
_NO_FILES: Final[Mapping[str, File]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends, and which version of xAPI they speak."""

    person: UUID | None
    spoken: str = VERSION


@dataclass(frozen=True, slots=True)
class Arrival:
    """One statement of a request."""

    fact: StatementReceived
    told: Received

    def files(self, files: Mapping[str, File]) -> list[File]:
        """Those that belong to it."""
        hashes = {attachment.sha2.lower() for attachment in self.told.files}
        return [files[sha2] for sha2 in sorted(hashes & files.keys())]

    @property
    def voids(self) -> UUID | None:
        return self.told.target if self.told.verb.id == VOIDED else None


@dataclass(frozen=True, slots=True)
class Letter:
    """The statements of one request, which are kept together."""

    arrivals: tuple[Arrival, ...]
    files: Mapping[str, File]  # by hash

    @property
    def ids(self) -> list[UUID]:
        return [arrival.fact.id for arrival in self.arrivals]


@dataclass(slots=True, eq=False)
class _Waiting:
    """A request until it is answered."""

    letter: Letter
    is_apart: bool = False  # in a commit of its own
    is_settled: bool = False
    error: Exception | None = None

    def settle(self, error: Exception | None) -> None:
        self.is_settled, self.error = True, error


@dataclass(slots=True)
class Intake:
    """One for a process; several processes take turns at the log. Event loop only."""

    database: Database
    clock: Clock
    house: House
    _waiting: deque[_Waiting] = field(default_factory=deque)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def take(
        self,
        documents: Iterable[bytes | msgspec.Raw],
        sender: Sender,
        files: Mapping[str, File] = _NO_FILES,
    ) -> list[UUID]:
        """Keep the statements with their files, by hash, all or none; on return they survive the end
        of the machine. Their ids.

        Invalid when one is not a statement, Conflict when its id belongs to something else. A
        statement that is there already is left as it is.
        """
        letter = opened(documents, self.house, sender, now=self.clock.now(), files=files)
        if len(self._waiting) >= _MOST_WAITING:
            raise Unavailable("Too many statements wait for the disk.", retry_after=_PAUSE)
        waiting = _Waiting(letter)
        self._waiting.append(waiting)
        async with self._turn:
            while not waiting.is_settled:
                await self._commit_some()
        if waiting.error is not None:
            raise waiting.error
        return letter.ids

    async def _commit_some(self) -> None:
        """Settle those who have waited longest, in one commit if the database takes it."""
        group = list(self._group())
        try:
            await self._commit(group)
        except asyncio.CancelledError:  # this one has gone: the next in turn sees to the others
            self._waiting.extendleft(reversed(group))
            raise
        except Exception as error:  # noqa: BLE001 - whoever waits is told, and raises it
            self._settle_or_part(group, error)

    def _settle_or_part(self, group: Sequence[_Waiting], error: Exception) -> None:
        """What the database refuses is the fault of one of several: then each goes by itself."""
        if len(group) > 1 and isinstance(error, DataError | IntegrityError):
            for waiting in group:
                waiting.is_apart = True
            self._waiting.extendleft(reversed(group))
            return
        for waiting in group:
            waiting.settle(error)

    async def _commit(self, group: Sequence[_Waiting]) -> None:
        letters = [waiting.letter for waiting in group]
        async with self.database.begin() as connection:
            errors = await keep(connection, letters, self.house, now=self.clock.now())
        for waiting, error in zip(group, errors, strict=True):
            waiting.settle(error)

    def _group(self) -> Iterator[_Waiting]:
        """The next of those who wait, at least one."""
        count = 0
        while self._waiting:
            following = self._waiting[0]
            size = len(following.letter.arrivals)
            if count and (following.is_apart or count + size > _AT_ONCE):
                return
            yield self._waiting.popleft()
            if following.is_apart:
                return
            count += size


INTAKE: web.AppKey[Intake] = web.AppKey("intake", Intake)


def opened(
    documents: Iterable[bytes | msgspec.Raw],
    house: House,
    sender: Sender,
    *,
    now: datetime,
    files: Mapping[str, File] = _NO_FILES,
) -> Letter:
    """The request's statements, checked as far as they tell by themselves; Invalid says what is wrong."""
    arrivals = tuple(_arrival(raw, house, sender, files=files, now=now) for raw in documents)
    letter = Letter(arrivals, files)
    if len(set(letter.ids)) < len(arrivals):
        raise Invalid("Two statements of one request have the same id.")
    named = {file.sha2 for arrival in arrivals for file in arrival.files(files)}
    if strange := files.keys() - named:
        raise Invalid(f"No statement of the request has an attachment with sha2 {min(strange)}.")
    return letter


async def keep(
    connection: AsyncConnection, letters: Sequence[Letter], house: House, *, now: datetime
) -> list[Conflict | Invalid | None]:
    """Keep the letters that can be kept, each whole or not at all; for each None, or what is against it."""
    head = await log.take_turn(connection)
    desk = await _Desk.of(connection, letters, house)
    errors = [desk.judge(letter) for letter in letters]
    facts = [arrival.fact for arrival in desk.fresh.values()]
    kept = await log.extend(connection, head, facts, now=now, source=log.Source.ELSEWHERE)
    told = {identifier: arrival.told for identifier, arrival in desk.fresh.items()}
    await store.index(connection, kept, house, told)
    await presence.apply(connection, (item.fact for item in kept))
    await attachments.keep(connection, {item.seq: desk.files[item.fact.id] for item in kept})
    return errors


@dataclass(slots=True)
class _Desk:
    """What the log holds of the ids that came, and what is added to it while letters are judged."""

    documents: Mapping[UUID, bytes]  # statements that exist
    taken: frozenset[UUID]  # ids of facts of any kind
    voiding: set[UUID]
    fresh: dict[UUID, Arrival] = field(default_factory=dict)
    files: dict[UUID, list[File]] = field(default_factory=dict)  # of those

    @classmethod
    async def of(
        cls, connection: AsyncConnection, letters: Sequence[Letter], house: House
    ) -> "_Desk":
        ids = [identifier for letter in letters for identifier in letter.ids]
        targets = [it.voids for letter in letters for it in letter.arrivals if it.voids]
        return cls(
            await store.documents(connection, ids, house),
            await log.known(connection, ids),
            await _voiding(connection, targets),
        )

    def judge(self, letter: Letter) -> Conflict | Invalid | None:
        """None when the letter is taken; then what is new of it is in `fresh`."""
        try:
            fresh = [one for one in letter.arrivals if not self._is_there(one)]
            self._check_voidings(letter)
        except (Conflict, Invalid) as error:
            return error
        self.fresh |= {one.fact.id: one for one in fresh}
        self.files |= {one.fact.id: one.files(letter.files) for one in fresh}
        self.voiding |= {one.fact.id for one in fresh if one.voids}
        return None

    def _is_there(self, arrival: Arrival) -> bool:
        identifier = arrival.fact.id
        document = self.documents.get(identifier)
        if identifier in self.fresh:
            document = bytes(self.fresh[identifier].fact.statement)
        if document is not None:
            if matter(document) != matter(bytes(arrival.fact.statement)):
                raise Conflict(f"There is a different statement with the id {identifier}.")
            return True
        if identifier in self.taken:
            raise Conflict("One of these ids belongs to something that is no statement.")
        return False

    def _check_voidings(self, letter: Letter) -> None:
        """What voids can't be voided (Data 2.3.2); that it is not here yet is no fault."""
        voidings = {one.fact.id: one.voids for one in letter.arrivals if one.voids}
        if (self.voiding | voidings.keys()) & set(voidings.values()):
            raise Invalid("A statement that voids another can't be voided itself.")


async def _voiding(connection: AsyncConnection, targets: Sequence[UUID]) -> set[UUID]:
    """Those of the statements that void another."""
    found: set[UUID] = set()
    for some in log.batched(targets):
        query = sa.select(statements.c.id).where(
            statements.c.id.in_(some), statements.c.verb == VOIDED
        )
        found |= set((await connection.execute(query)).scalars())
    return found


def _arrival(
    raw: bytes | msgspec.Raw,
    house: House,
    sender: Sender,
    *,
    files: Mapping[str, File],
    now: datetime,
) -> Arrival:
    told = receive(raw, spoken=sender.spoken, files=files)
    identifier = told.id or new_id()
    authority = house.actor(sender.person)
    members = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    ours: dict[str, Any] = {"id": identifier, "authority": authority}
    if told.version is None:
        ours["version"] = _UNSAID[sender.spoken]
    members.pop("stored", None)
    person = _ours(told.actor, house)
    lecture, seat = dialects.place_of(told, person, house) or (None, None)
    fact = StatementReceived(
        id=identifier,
        at=now,
        lecture=lecture,
        person=person,
        seat=seat,
        statement=msgspec.Raw(msgspec.json.encode(statement_formats.listed(members) | ours)),
    )
    return Arrival(fact, msgspec.structs.replace(told, id=identifier, authority=authority))


def _ours(actor: Actor, house: House) -> UUID | None:
    """The person, when the account is one of this service."""
    if actor.account is None or actor.account.homePage != house.address:
        return None
    try:
        return UUID(actor.account.name)
    except ValueError:
        return None
