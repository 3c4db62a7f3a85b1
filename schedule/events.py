"""What happened to lectures: the facts that are kept, and the doorbell that wakes the rooms.

A fact is written to `lecture_history` in the transaction of the change itself, and from there to
the journal; so a crash between the two neither loses nor doubles it.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from kernel.facts import Fact
from schedule.lifecycle import Ending, LectureState, RecordingState, Visibility
from schedule.study_work import ChatMode

TOPIC = "lectures"


class LecturePlanned(Fact, frozen=True, kw_only=True):
    """A lecture was put into the timetable. `person` did it."""

    lecturer: UUID
    title: str
    starts_at: datetime
    ends_at: datetime
    auditorium: str | msgspec.UnsetType | None = msgspec.UNSET  # facts of old do not tell these
    attendance_policy: str | msgspec.UnsetType | None = msgspec.UNSET  # None: that of its day
    chat_mode: ChatMode | msgspec.UnsetType = msgspec.UNSET


class LectureChanged(Fact, frozen=True, kw_only=True):
    """Its title, its time, its lecturer or its study work changed. `person` did it."""

    lecturer: UUID
    title: str
    starts_at: datetime
    ends_at: datetime
    auditorium: str | msgspec.UnsetType | None = msgspec.UNSET
    attendance_policy: str | msgspec.UnsetType | None = msgspec.UNSET
    chat_mode: ChatMode | msgspec.UnsetType = msgspec.UNSET


class LectureCancelled(Fact, frozen=True, kw_only=True):
    """It will not take place. `person` did it."""

    reason: str = ""


class LectureOpened(Fact, frozen=True, kw_only=True):
    """The doors are open."""


class LectureStarted(Fact, frozen=True, kw_only=True):
    """Teaching began; `person` started it, nobody when the schedule did."""

    title: str
    lecturer: UUID
    planned_at: datetime


class LectureEnded(Fact, frozen=True, kw_only=True):
    """Teaching is over; `person` stopped it, nobody when the schedule did."""

    ending: Ending
    started_at: datetime | None
    planned_end: datetime


class RecordingPublished(Fact, frozen=True, kw_only=True):
    """The recording can be watched, unless it is faulted."""

    recording: RecordingState


class RecordingShared(Fact, frozen=True, kw_only=True):
    """`person` said who may watch the recording. `has_new_link`: a public link before it ended."""

    visibility: Visibility
    has_new_link: bool = False


class RecordingKept(Fact, frozen=True, kw_only=True):
    """`person` said how long the recording is kept: `until` a day, for ever, or by the house's rule."""

    until: datetime | None = None
    is_for_ever: bool = False


class AssignmentMade(Fact, frozen=True, kw_only=True):
    """`person` said that a recording is to be watched before the lecture, how much of it and by when."""

    recording: UUID
    percent: int
    deadline: datetime


class AssignmentWithdrawn(Fact, frozen=True, kw_only=True):
    """`person` took that back."""

    recording: UUID


LectureFact = (
    LecturePlanned
    | LectureChanged
    | LectureCancelled
    | LectureOpened
    | LectureStarted
    | LectureEnded
    | RecordingPublished
    | RecordingShared
    | RecordingKept
)


class LectureMoved(msgspec.Struct, frozen=True):
    """The doorbell on the bus: something about the lecture is new; its row tells what."""

    lecture: UUID
    state: LectureState
    revision: int
