"""Study work: of which course and groups a class is, of what kind, by what way, and where. Pure."""

from dataclasses import dataclass, replace
from enum import StrEnum, auto
from uuid import UUID

from kernel.errors import Invalid
from kernel.lines import maybe_line

MOST_GROUPS = 40  # in one class
LONGEST_AUDITORIUM = 100  # characters


class Kind(StrEnum):
    """What is done in a class; its norm of pedagogical workload depends on it (seed 1.7)."""

    LECTURE = auto()
    SEMINAR = auto()
    LABORATORY = auto()
    CONSULTATION = auto()
    MIDTERM = auto()
    EXAM = auto()


class Mode(StrEnum):
    """By what technology a class reaches its people (seed 1.6; glossary 13, 19, 35, 38)."""

    NETWORK = auto()
    TELEVISION = auto()
    CASE = auto()
    HYBRID = auto()  # some sit in the auditorium


class ChatMode(StrEnum):
    """Who writes to whom in the room's chat."""

    OPEN = auto()  # everybody to all
    QUESTIONS = auto()  # learners to the hosts, hosts to all
    CLOSED = auto()  # hosts only


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyWork:
    """What a class is to its course. `groups` are in order and each there once."""

    course: UUID | None = None  # None: open to everybody
    groups: tuple[UUID, ...] = ()
    kind: Kind = Kind.LECTURE
    mode: Mode = Mode.NETWORK
    chat_mode: ChatMode = ChatMode.OPEN
    waiting_room: bool = False  # a host lets in who does not moderate
    attendance_policy: str | None = None  # the version that judges it; None: that of its day
    auditorium: str | None = None
    channel: str | None = None  # the television channel that it is for


PLAIN = StudyWork()


def check_work(work: StudyWork) -> StudyWork:
    """With its texts trimmed and its groups in order; Invalid says what is wrong with it."""
    if len(work.groups) > MOST_GROUPS:
        raise Invalid(f"A class has at most {MOST_GROUPS} groups.")
    if work.groups and work.course is None:
        raise Invalid("Groups come by way of a course; say which.")
    return replace(
        work,
        groups=tuple(sorted(set(work.groups))),
        auditorium=maybe_line(work.auditorium, "An auditorium", LONGEST_AUDITORIUM),
    )
