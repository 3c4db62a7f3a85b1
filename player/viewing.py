"""One view of a player, as its beacons tell: a value, and pure steps from one to the next."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from kernel.errors import Refused
from kernel.facts import Fact
from kernel.ids import new_id
from player.events import Mode, ViewBegan, ViewEnded, ViewPaused, ViewPlayed, ViewProgressed
from player.played import TOLERANCE, Segment, is_plausible, newest, union

MOST_SEGMENTS: Final = 2_000  # that lie apart; nobody jumps about so much in one view

_LONGEST_SILENCE: Final = timedelta(seconds=10)  # two beacons
_NOTHING: Final = timedelta()


@dataclass(frozen=True, slots=True)
class Report:
    """A beacon that has arrived."""

    at: datetime  # the server's clock
    position_ms: int
    segments: Sequence[Segment]  # played since the beacon before
    is_playing: bool
    is_visible: bool | None = None  # the page is in sight from now on; None: it does not tell
    skew_ms: int | None = None  # as in `kernel.skew`


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is known of one view. `last_proof_at` is the last time that it was proven to play; `visible`
    for how long the page was in sight since it plays."""

    view: UUID
    lecture: UUID
    person: UUID
    mode: Mode
    reported_at: datetime
    last_proof_at: datetime
    position_ms: int
    length_ms: int | None = None
    revision: int | None = None  # of the edition that is played
    segments: tuple[Segment, ...] = ()
    is_playing: bool = False
    is_visible: bool | None = None
    visible: timedelta | None = None


Step = tuple[View, list[Fact]]


def begin(view: View, report: Report) -> Step:
    """The first beacon. What it says was played before is believed for a moment's worth only:
    we were not told when that began."""
    known = replace(report, segments=newest(report.segments, TOLERANCE))
    began = ViewBegan(**_common(view, report.at), skew_ms=report.skew_ms)
    after, facts = _advance(view, known)
    return after, [began, *facts]


def proceed(view: View, report: Report) -> Step:
    """A further beacon; Refused when nobody can have played that much since the last one."""
    if not is_plausible(report.segments, report.at - view.reported_at):
        raise Refused("More was reported as played than there was time to play it.")
    return _advance(view, report)


def progressed(view: View) -> ViewProgressed:
    """The checkpoint."""
    return ViewProgressed(**_common(view, view.reported_at), **_watched(view))


def ended(view: View, at: datetime) -> ViewEnded:
    """It fell silent: it ended at its last proof."""
    return ViewEnded(**_common(view, at), **_watched(view), reason="silent")


def is_silent(view: View, now: datetime, patience: timedelta) -> bool:
    return now - view.reported_at > patience


def _advance(view: View, report: Report) -> Step:
    segments = tuple(union([*view.segments, *report.segments]))
    if len(segments) > MOST_SEGMENTS:
        raise Refused("This view has jumped about too often to be followed.")
    after = replace(
        view,
        reported_at=report.at,
        last_proof_at=report.at if view.is_playing or report.is_playing else view.last_proof_at,
        position_ms=report.position_ms,
        segments=segments,
        is_playing=report.is_playing,
        is_visible=report.is_visible,
        visible=_visible(view, report),
    )
    return after, _turn(view, after)


def _visible(view: View, report: Report) -> timedelta | None:
    """It begins anew with each time that playing begins. What the page told holds for a while only:
    nobody knows what was during a long silence."""
    if report.is_playing and not view.is_playing:
        return None if report.is_visible is None else _NOTHING
    passed = report.at - view.reported_at
    if view.is_playing and view.is_visible and passed <= _LONGEST_SILENCE:
        return (view.visible or _NOTHING) + passed
    return view.visible


def _turn(before: View, after: View) -> list[Fact]:
    """What changed, if playing began or stopped."""
    if after.is_playing and not before.is_playing:
        return [ViewPlayed(**_common(after, after.reported_at))]
    if before.is_playing and not after.is_playing:
        return [ViewPaused(**_common(after, after.reported_at), **_watched(after))]
    return []


def _common(view: View, at: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "at": at,
        "lecture": view.lecture,
        "person": view.person,
        "view": view.view,
        "mode": view.mode,
        "position_ms": view.position_ms,
        "length_ms": view.length_ms,
        "revision": view.revision,
    }


def _watched(view: View) -> dict[str, Any]:
    return {
        "last_proof_at": view.last_proof_at,
        "segments": view.segments,
        "visible_s": None if view.visible is None else int(view.visible.total_seconds()),
    }
