"""What other systems' statements mean for our views: who was at a lecture of ours, and what they played.

Three dialects are about: the virtual-classroom profile (BigBlueButton's webhooks follow it), the older one
that has a verb for each action (openfun/ralph), and the video profile. A statement is given out as it came;
its meaning is read from it anew each time, so whoever has the log has the views.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any, Final
from uuid import UUID, uuid5

from footprint.events import StatementReceived
from footprint.recollection import recalled
from footprint.statements import House
from footprint.vocabulary import Extension, Profile, Verb
from footprint.xapi import Activity, Received
from player.played import Segment, milliseconds

_NAMESPACE: Final = UUID("b6f5a5a8-0d3c-5d51-9f0c-3f7c1a5e9d02")
_LONGEST: Final = 1_000_000  # seconds of a recording


class Act(Enum):
    """What was done, in any dialect."""

    JOINED = auto()
    LEFT = auto()
    SEEN = auto()  # whoever does this is there
    PLAYED = auto()
    PAUSED = auto()  # or ended: what played plays no longer
    SEEKED = auto()


_SEEN_BY: Final = (
    *(Verb.STARTED, Verb.STOPPED, Verb.SHARED, Verb.UNSHARED),
    *(Verb.REACTED, Verb.UNREACTED, Verb.POSTED),
    "http://adlnet.gov/expapi/verbs/asked",
    Verb.ANSWERED,
)
_SEEN_BY_OLDER: Final = (
    *("muted", "unmuted", "started-camera", "stopped-camera"),
    *("shared-screen", "unshared-screen", "raised-hand", "lowered-hand"),
)
ACTS: Final[Mapping[str, Act]] = {
    Verb.JOINED: Act.JOINED,
    Verb.LEFT: Act.LEFT,
    **dict.fromkeys(_SEEN_BY, Act.SEEN),
    **{f"{Profile.CLASSROOM}/verbs/{name}": Act.SEEN for name in _SEEN_BY_OLDER},
    Verb.PLAYED: Act.PLAYED,
    Verb.PAUSED: Act.PAUSED,
    f"{Profile.VIDEO}/verbs/seeked": Act.SEEKED,
    # Of these two, video has the verbs that rooms have too; the session tells which is meant.
    Verb.TERMINATED: Act.PAUSED,
    "http://adlnet.gov/expapi/verbs/completed": Act.PAUSED,
}


@dataclass(frozen=True, slots=True)
class Deed:
    """What a statement tells. `told` are the numbers of its result, in seconds."""

    act: Act
    at: datetime
    told: Mapping[str, Any]

    def moment_ms(self, name: str) -> int | None:
        """A moment of the video in its result."""
        seconds = self.told.get(name)
        if not isinstance(seconds, int | float) or not 0 <= seconds <= _LONGEST:
            return None
        return milliseconds(seconds)

    @property
    def segments(self) -> list[Segment] | None:
        """All that the session has played so far, where the statement says so."""
        spelt = self.told.get(Extension.PLAYED_SEGMENTS)
        return None if not isinstance(spelt, str) else list(_segments(spelt))


def place_of(told: Received, person: UUID | None, house: House) -> tuple[UUID, UUID] | None:
    """The lecture of ours that it is about, and the seat (one session of one person there); None when it
    means nothing for our views."""
    if person is None or told.verb.id not in ACTS:
        return None
    lecture = next(_lectures(told, house), None)
    if lecture is None:
        return None
    context = told.context
    extensions = (context and context.extensions) or {}
    session = extensions.get(Extension.VIDEO_SESSION) or extensions.get(Extension.SESSION)
    if session is None and context is not None:
        session = context.registration
    return lecture, uuid5(_NAMESPACE, f"{lecture}/{person}/{session}")


def deed_of(fact: StatementReceived) -> Deed | None:
    """What the statement of a fact that has a seat means. Nothing is done after it was told of."""
    told = recalled(fact.statement)
    act = ACTS.get(told.verb.id)
    if act is None:
        return None
    result = (told.result and told.result.extensions) or {}
    return Deed(act, min(told.timestamp or fact.at, fact.at), result)


def played(deeds: Iterable[Deed]) -> list[Segment]:
    """What one session played, in milliseconds of the recording: as its newest statement says, else from
    each beginning to the pause or jump that ended it."""
    ordered = sorted(deeds, key=lambda deed: deed.at)
    said = [deed.segments for deed in ordered if deed.segments is not None]
    if said:
        return said[-1]
    return list(_runs(ordered))


def length_ms(fact: StatementReceived) -> int:
    """How long the recording is by what the statement says; 0 when it does not."""
    told = recalled(fact.statement)
    extensions = (told.context and told.context.extensions) or {}
    return Deed(Act.SEEN, fact.at, extensions).moment_ms(Extension.LENGTH) or 0


def _runs(deeds: Iterable[Deed]) -> Iterator[Segment]:
    begin: int | None = None
    for deed in deeds:
        match deed.act:
            case Act.PLAYED:
                begin = deed.moment_ms(Extension.TIME)
                continue
            case Act.PAUSED:
                end, then = deed.moment_ms(Extension.TIME), None
            case Act.SEEKED:
                end, then = deed.moment_ms(Extension.TIME_FROM), deed.moment_ms(Extension.TIME_TO)
            case _:
                continue
        if begin is not None:
            if end is not None and begin < end:
                yield begin, end
            begin = then


def _segments(spelt: str) -> Iterator[Segment]:
    """`a[.]b[,]c[.]d`, in seconds; what is none is left out."""
    for part in spelt.split("[,]"):
        begin, _, end = part.partition("[.]")
        try:
            segment = milliseconds(float(begin)), milliseconds(float(end))
        except (ValueError, OverflowError):
            continue
        if 0 <= segment[0] < segment[1]:
            yield segment


def _lectures(told: Received, house: House) -> Iterator[UUID]:
    """Lectures of ours among the activities: by their address, with anything behind `#`."""
    around = told.context and told.context.contextActivities
    named = [told.thing] if isinstance(told.thing, Activity) else []
    for activity in (*named, *(each for _, each in (around.activities if around else ()))):
        base, _, name = activity.id.partition("#")[0].rpartition("/")
        if base == f"{house.address}/lectures":
            try:
                yield UUID(name)
            except ValueError:
                continue
