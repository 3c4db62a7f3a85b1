"""Where intervals of presence begin and end, by the facts that tell it: pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from footprint import dialects
from footprint.dialects import Act
from footprint.events import ArrivalScanned, PresenceConfirmed, StatementReceived
from footprint.policy import Channel
from kernel.facts import Fact
from live.events import PersonJoined, PersonLeft
from player.events import Mode, ViewEnded, ViewPaused, ViewPlayed

_CHANNELS: Final = {Mode.LIVE: Channel.HLS, Mode.RECORDING: Channel.RECORDING, Mode.TV: Channel.TV}


@dataclass(frozen=True, slots=True)
class Beginning:
    """An interval begins. `id` is the fact's."""

    id: UUID
    seat: UUID
    run: UUID | None
    lecture: UUID
    person: UUID
    channel: str
    began_at: datetime

    def row(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Ending:
    """The newest interval of the seat, and of the run if it names one, that had begun `at` this time
    reaches to `last_proof_at`; a later proof stands, and more seconds. So it does not matter whether an ending that we
    made comes before or after the true one, or after the seat's next beginning."""

    seat: UUID
    run: UUID | None
    at: datetime
    last_proof_at: datetime
    received_s: int | None = None
    visible_s: int | None = None


def change_of(fact: Fact) -> Beginning | Ending | None:
    """What the fact changes in the intervals."""
    match fact:
        case PersonJoined():
            return _beginning(fact, fact.seat, Channel.WEBRTC, fact.run)
        case ViewPlayed():
            return _beginning(fact, fact.view, _CHANNELS[fact.mode])
        case ArrivalScanned():
            return _beginning(fact, fact.seat, Channel.IN_ROOM)
        case StatementReceived():
            return _change_elsewhere(fact)
        case _:
            return _ending_of(fact)


def _change_elsewhere(fact: StatementReceived) -> Beginning | Ending | None:
    """By the time that the other system gave; whoever never leaves was there as long as they did things."""
    deed = dialects.deed_of(fact) if fact.seat else None
    if deed is None or fact.seat is None:
        return None
    match deed.act:
        case Act.JOINED:
            began = msgspec.structs.replace(fact, at=deed.at)
            return _beginning(began, fact.seat, Channel.ELSEWHERE)
        case Act.LEFT | Act.SEEN:
            return Ending(fact.seat, None, deed.at, deed.at)
        case _:
            return None


def _ending_of(fact: Fact) -> Ending | None:
    match fact:
        case PresenceConfirmed():
            return Ending(fact.seat, None, fact.at, fact.at)
        case PersonLeft():
            counted = (fact.received_s, fact.visible_s)
            return Ending(fact.seat, fact.run, fact.at, fact.last_proof_at, *counted)
        case ViewPaused() | ViewEnded():
            seen = {"visible_s": fact.visible_s}
            return Ending(fact.view, None, fact.at, fact.last_proof_at, **seen)
        case _:
            return None


def _beginning(
    fact: Fact, seat: UUID, channel: Channel, run: UUID | None = None
) -> Beginning | None:
    """None for an interval of nobody or nowhere."""
    if fact.person is None or fact.lecture is None:
        return None
    return Beginning(fact.id, seat, run, fact.lecture, fact.person, channel.value, fact.at)
