"""What people do in a player, as facts. `view` is one opening of one player, minted by the page.

`at` and `last_proof_at` are always the server's clock; positions and segments are media time in
milliseconds. A view that falls silent ended at its last proof, not when the silence was noticed.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from kernel.facts import Fact
from player.played import Segment


class Mode(StrEnum):
    """What is being watched."""

    LIVE = "live"
    RECORDING = "recording"
    TV = "tv"


class ViewFact(Fact, frozen=True, kw_only=True):
    """A fact of one view."""

    view: UUID
    mode: Mode
    position_ms: int = 0
    length_ms: int | None = None  # of the recording, where it is known
    is_late: bool = False  # told afterwards by an offline package, whose computer's clock it is
    revision: int | None = None  # of the recording's edition, by which positions and segments count


class RecordingOpened(Fact, frozen=True, kw_only=True):
    """Somebody opened the page of a recorded lecture, whether or not they play it."""


class ViewBegan(ViewFact, frozen=True, kw_only=True):
    """A player is there; it may not be playing yet. `skew_ms` is how far the device's own clock was
    ahead of ours (`kernel.skew`), None where it did not tell."""

    skew_ms: int | None = None


class ViewPlayed(ViewFact, frozen=True, kw_only=True):
    """It plays, for the first time or again. Presence begins here."""


class ViewPaused(ViewFact, frozen=True, kw_only=True):
    """It plays no longer. Presence ends here; `segments` are all that the view has played. `visible_s`:
    in how many whole seconds since its ViewPlayed the page was in sight, None where it never told."""

    last_proof_at: datetime
    segments: tuple[Segment, ...] = ()
    visible_s: int | None = None


class ViewProgressed(ViewFact, frozen=True, kw_only=True):
    """A checkpoint, every few seconds: the whole state of a view, in case this process dies now.

    Only the newest of a view matters, and none after its ViewEnded: the log may forget it.
    """

    last_proof_at: datetime
    segments: tuple[Segment, ...] = ()
    visible_s: int | None = None


class ViewEnded(ViewFact, frozen=True, kw_only=True):
    """The player is gone. `segments` are all that the view has played."""

    last_proof_at: datetime
    segments: tuple[Segment, ...] = ()
    reason: str = "left"
    visible_s: int | None = None


PlayerFact = RecordingOpened | ViewBegan | ViewPlayed | ViewPaused | ViewProgressed | ViewEnded


class CaptionWritten(Fact, frozen=True, kw_only=True):
    """`person` wrote a caption while the lecture ran. What it says is kept with the recording, if
    there is one, and not here."""

    language: str


class RecordingEdited(Fact, frozen=True, kw_only=True):
    """`person` changed how the recording is played; `cuts` are what shall be left out, in milliseconds
    since its first moment.

    What was watched is judged by `played`, the stretches of uncut time that are left, none if that is
    all of its `uncut_ms`: exact to the key frame, and there when the recording is not any more.
    """

    revision: int
    cuts: tuple[tuple[int, int], ...] = ()
    chapters: int = 0
    played: tuple[Segment, ...] = ()
    uncut_ms: int | None = None  # not told before there was `played`


class RecordingDeleted(Fact, frozen=True, kw_only=True):
    """The recording's files are removed; `person` did it, nobody when the rule did."""

    reason: str
