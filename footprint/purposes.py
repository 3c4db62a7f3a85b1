"""Purposes: what facts are collected for, each of which the university may switch off (clause 1.15 says
*may*). A fact of a purpose that was off when it happened never enters the log."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.events import PurposeSwitched
from footprint.kinds import decode
from footprint.log import Source, append, event
from kernel.errors import Conflict, Invalid
from kernel.facts import Fact
from kernel.ids import new_id
from player.events import Mode, ViewFact

_LONGEST_REASON: Final = 300  # characters
_A_SLIP: Final = timedelta(minutes=5)  # between the page and us
_SWITCHED: Final = str(PurposeSwitched.__struct_config__.tag)


class Purpose(StrEnum):
    """What facts are for."""

    ATTENDANCE = "attendance"  # who was there live, and for how long
    WATCHING = "watching"  # what of recordings and of television was watched
    CHAT = "chat"  # what was said, asked and shown
    QUALITY = "quality"  # how good the connections were


KINDS: Final[Mapping[Purpose, frozenset[str]]] = {
    Purpose.ATTENDANCE: frozenset(
        {"person-joined", "person-left", "seats-alive", "arrival-scanned", "presence-confirmed"}
    ),
    Purpose.WATCHING: frozenset({"recording-opened"}),
    Purpose.CHAT: frozenset(
        {
            "chat-said",
            "caption-written",
            "hand-raised",
            "hand-lowered",
            "poll-answered",
            "track-published",
            "track-unpublished",
        }
    ),
    Purpose.QUALITY: frozenset({"connections-measured"}),
}
# The record of the service itself, of rules, of duties and of judgements: no purpose, always kept.
ALWAYS: Final = frozenset(
    {
        *(
            "room-opened",
            "room-closed",
            "floor-given",
            "floor-taken",
            "mute-asked",
            "chat-mode-set",
            "person-admitted",
            "person-turned-away",
            "waiting-room-switched-off",
        ),
        *("poll-opened", "poll-closed", "poll-shown"),
        *("recording-started", "recording-paused", "recording-resumed", "recording-stopped"),
        *("recording-faulted", "recording-finished", "recording-published", "recording-shared"),
        *("recording-kept", "recording-edited", "recording-deleted", "recording-consented"),
        *("lecture-planned", "lecture-changed", "lecture-cancelled"),
        *("assignment-made", "assignment-withdrawn"),
        *("lecture-opened", "lecture-started", "lecture-ended"),
        *("channel-added", "schedule-pushed", "source-taken", "source-released"),
        *("footprint-read", "statement-received", "person-erased", "facts-expired"),
        *("attendance-marked", "correction-asked", "correction-answered"),
        *("policy-adopted", "category-assigned", "purpose-switched"),
    }
)
_PURPOSES: Final = {kind: purpose for purpose, kinds in KINDS.items() for kind in kinds}


class NewSwitch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A purpose goes on or off, now or at a moment to come."""

    purpose: Purpose
    is_on: bool
    reason: str
    since: datetime | None = None

    def __post_init__(self) -> None:
        if not 0 < len(self.reason.strip()) <= _LONGEST_REASON:
            raise ValueError("a switch needs a reason of at most 300 characters")


def purpose_of(fact: Fact) -> Purpose | None:
    """None for what is always kept. Of a view its mode tells."""
    if isinstance(fact, ViewFact):
        return Purpose.ATTENDANCE if fact.mode is Mode.LIVE else Purpose.WATCHING
    return _PURPOSES.get(str(type(fact).__struct_config__.tag))


async def switches(connection: AsyncConnection) -> list[PurposeSwitched]:
    """Every switch, in the order in which they were made."""
    query = (
        sa.select(event.c.payload)
        .where(event.c.lecture.is_(None), event.c.kind == _SWITCHED, event.c.payload.is_not(None))
        .order_by(event.c.seq)
    )
    facts = [decode(payload) for payload in (await connection.execute(query)).scalars()]
    return [fact for fact in facts if isinstance(fact, PurposeSwitched)]


def is_on(known: Sequence[PurposeSwitched], purpose: Purpose, moment: datetime) -> bool:
    """By the switch that began last before the moment; of two that begin together by the later one.
    Until the first all is collected."""
    begun = [one for one in known if one.purpose == purpose and one.since <= moment]
    newest = max(enumerate(begun), key=lambda each: (each[1].since, each[0]), default=None)
    return newest is None or newest[1].is_on


async def is_collected(connection: AsyncConnection, purpose: Purpose, moment: datetime) -> bool:
    return is_on(await switches(connection), purpose, moment)


async def collected(connection: AsyncConnection, facts: Iterable[Fact]) -> list[Fact]:
    """Those that may be kept. What ends a stay goes with what is off, too: the stay then ends at its last
    proof before the switch, as one that was torn off."""
    known = await switches(connection)
    if not known:
        return list(facts)
    return [fact for fact in facts if _may_be_kept(known, fact)]


async def switch(
    connection: AsyncConnection, new: NewSwitch, *, by: UUID, now: datetime
) -> PurposeSwitched:
    """Keep the switch. Invalid when it begins in the past: what is written stays until its time is over or
    the person is erased. Conflict when it changes nothing."""
    since = new.since or now
    if since.tzinfo is None:
        raise Invalid("since needs a time zone.")
    if since < now - _A_SLIP:
        raise Invalid("A switch counts from now on, or from a day to come.")
    if is_on(await switches(connection), new.purpose, max(since, now)) == new.is_on:
        raise Conflict("This is so already.")
    fact = PurposeSwitched(
        id=new_id(),
        at=now,
        by=by,
        purpose=new.purpose,
        is_on=new.is_on,
        since=max(since, now),
        reason=new.reason.strip(),
    )
    await append(connection, [fact], now=now, source=Source.ENTERED)
    return fact


def kept_for(kinds: Collection[str], rules: Mapping[str, timedelta]) -> timedelta | None:
    """The longest time for which one of the kinds is kept; None: one is kept for ever."""
    times = [rules.get(kind) for kind in kinds]
    known = [time for time in times if time is not None]
    return max(known) if known and len(known) == len(times) else None


def _may_be_kept(known: Sequence[PurposeSwitched], fact: Fact) -> bool:
    purpose = purpose_of(fact)
    return purpose is None or is_on(known, purpose, fact.at)
