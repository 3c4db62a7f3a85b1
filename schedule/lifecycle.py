"""The life of a lecture: its states, and what must change now. Pure; no database, no clock.

planned ── doors open ──▶ open ── started ──▶ live ── stopped, overrun ──▶ ended ──▶ published
   │ └──────────────────────┴──── nobody taught it ──────────────────────▶ ┘
   └── cancelled (also from open)
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum, auto
from uuid import UUID

from identity.rights import Subject
from schedule.circle import NOBODY, Circle
from schedule.study_work import PLAIN, StudyWork


class LectureState(StrEnum):
    """Where a lecture is in its life."""

    PLANNED = auto()
    OPEN = auto()  # the doors: people may come in
    LIVE = auto()  # teaching began
    ENDED = auto()  # over, the recording is being finished
    PUBLISHED = auto()  # the recording can be watched, or there is none
    CANCELLED = auto()


AHEAD = frozenset({LectureState.PLANNED, LectureState.OPEN})
OVER = frozenset({LectureState.ENDED, LectureState.PUBLISHED, LectureState.CANCELLED})


class RecordingState(StrEnum):
    """What has become of the recording."""

    NONE = auto()
    RUNNING = auto()
    READY = auto()
    FAULTED = auto()


class Visibility(StrEnum):
    """Who may watch the recording."""

    GROUP = auto()  # who may be in the lecture
    UNIVERSITY = auto()  # whoever is signed in
    LINK = auto()  # and whoever has its public link


class Ending(StrEnum):
    """Why a lecture ended."""

    STOPPED = auto()  # by a person
    OVERRAN = auto()  # the planned end and the patience after it went by
    NOT_TAUGHT = auto()  # nobody ever started it


@dataclass(frozen=True, slots=True, kw_only=True)
class Lecture:
    """One class at one time, as it is now. `revision` grows with every change and move."""

    id: UUID
    title: str
    summary: str
    lecturer: UUID
    lecturer_name: str
    starts_at: datetime
    ends_at: datetime
    state: LectureState
    is_recorded: bool
    recording: RecordingState
    revision: int
    created_at: datetime
    changed_at: datetime
    opened_at: datetime | None = None
    started_at: datetime | None = None
    taught_at: datetime | None = None  # the last proof that somebody teaches
    ended_at: datetime | None = None
    work: StudyWork = PLAIN
    circle: Circle = NOBODY  # its course's people; lists leave it empty, which admits nobody
    visibility: Visibility = Visibility.GROUP
    link: UUID | None = None  # stands in the public link; a new one ends the old
    kept_until: datetime | None = None  # instead of the house's rule; the recording is deleted then
    is_kept: bool = False  # for ever, whatever the house's rule is

    @property
    def subject(self) -> Subject:
        """What the table of rights needs to know of it."""
        link = self.link if self.is_watchable else None
        is_shared = self.is_watchable and self.visibility is not Visibility.GROUP
        if self.work.course is None:
            own = Subject(lecture=self.id, lecturer=self.lecturer)
        else:
            own = self.circle.subject(lecture=self.id, lecturer=self.lecturer)
        return replace(own, link=link, is_shared=is_shared)

    @property
    def is_watchable(self) -> bool:
        """Whether there is a recording to play."""
        return self.state is LectureState.PUBLISHED and self.recording is RecordingState.READY


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """When the schedule moves a lecture by itself."""

    opens_before: timedelta = timedelta(minutes=15)
    starts_itself: bool = False  # at the planned start; else only a person starts it
    earliest_start: timedelta = timedelta(hours=24)  # before the plan; more is a slip of the hand
    overrun: timedelta = timedelta(minutes=30)  # after the planned end, when nobody teaches
    silence: timedelta = timedelta(minutes=2)  # without proof of teaching, nobody teaches
    longest_overrun: timedelta = timedelta(hours=3)  # even when somebody does
    finishing: timedelta = timedelta(minutes=10)  # for the recording; then it counts as faulted


@dataclass(frozen=True, slots=True)
class Move:
    """The next step of a lecture's life."""

    to: LectureState
    ending: Ending | None = None
    recording: RecordingState | None = None  # a change of it that comes with the move


def next_move(lecture: Lecture, now: datetime, policy: Policy) -> Move | None:
    """What the schedule must do with the lecture now; None: nothing."""
    match lecture.state:
        case LectureState.PLANNED:
            return _from_planned(lecture, now, policy)
        case LectureState.OPEN:
            return _from_open(lecture, now, policy)
        case LectureState.LIVE:
            return _from_live(lecture, now, policy)
        case LectureState.ENDED:
            return _from_ended(lecture, now, policy)
        case LectureState.PUBLISHED | LectureState.CANCELLED:
            return None


def _from_planned(lecture: Lecture, now: datetime, policy: Policy) -> Move | None:
    if now >= lecture.ends_at:
        return Move(LectureState.ENDED, Ending.NOT_TAUGHT)
    if now >= lecture.starts_at - policy.opens_before:
        return Move(LectureState.OPEN)
    return None


def _from_open(lecture: Lecture, now: datetime, policy: Policy) -> Move | None:
    if now >= lecture.ends_at:
        return Move(LectureState.ENDED, Ending.NOT_TAUGHT)
    if policy.starts_itself and now >= lecture.starts_at:
        return Move(LectureState.LIVE)
    return None


def _from_live(lecture: Lecture, now: datetime, policy: Policy) -> Move | None:
    patience = policy.longest_overrun if _is_taught(lecture, now, policy) else policy.overrun
    if now >= lecture.ends_at + patience:
        return Move(LectureState.ENDED, Ending.OVERRAN)
    return None


def _is_taught(lecture: Lecture, now: datetime, policy: Policy) -> bool:
    return lecture.taught_at is not None and now - lecture.taught_at < policy.silence


def _from_ended(lecture: Lecture, now: datetime, policy: Policy) -> Move | None:
    if lecture.recording is not RecordingState.RUNNING:
        return Move(LectureState.PUBLISHED)
    if now >= (lecture.ended_at or lecture.ends_at) + policy.finishing:
        return Move(LectureState.PUBLISHED, recording=RecordingState.FAULTED)
    return None
