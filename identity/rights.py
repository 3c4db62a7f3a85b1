"""Who may do what: one table, and one pure function that reads it.

The seed's roles (1.5; glossary 14, 39, 40) stand across, what can be done stands down. A cell says
how far the right reaches:

    ALL   anywhere
    OWN   the lecture that the viewer teaches
    HELP  the lectures that name the viewer as a helper, or that name none
    ROLL  the lectures whose course has the viewer among its people, and those of no course
    SHOWN the same, and the recordings that are shown to the whole university
    UNIT  what is of the faculties that the viewer coordinates, or that nobody coordinates
    SELF  what is about the viewer's own person
    HERE  the one lecture that the viewer's ticket admits to
    LINK  the recording whose public link the viewer followed, while that link holds

An empty cell is a no. A ticket narrows whoever holds it to its lecture, and to what is done there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from types import MappingProxyType
from uuid import UUID


class Role(StrEnum):
    """What a person is in the university; one person may be several."""

    STUDENT = auto()
    LECTURER = auto()
    TUTOR = auto()
    VOLUNTEER = auto()  # the digital volunteer: a student who helps, and sees no footprints
    COORDINATOR = auto()
    OPERATOR = auto()
    ADMIN = auto()
    GUEST = auto()  # by ticket only
    VISITOR = auto()  # by the public link of a recording only; leaves no trace


class Action(StrEnum):
    """What the table of rights decides on."""

    SEE_SCHEDULE = auto()
    JOIN_LECTURE = auto()
    WATCH_RECORDING = auto()
    HOST_LECTURE = auto()  # start, stop, publish, give the floor
    MODERATE_ROOM = auto()  # admit, mute, start the recording, invite guests
    PLAN_LECTURE = auto()
    CHANGE_LECTURE = auto()
    MANAGE_CALENDAR = auto()  # periods and holidays
    SEE_ROLL = auto()  # who the people of a course are
    MANAGE_COURSE = auto()  # courses, groups, enrolments
    SEE_ATTENDANCE = auto()
    MARK_ATTENDANCE = auto()
    SEE_OWN_FOOTPRINT = auto()
    READ_STATEMENTS = auto()
    WRITE_STATEMENTS = auto()
    WATCH_CHANNEL = auto()
    OPERATE_CHANNEL = auto()
    MANAGE_PEOPLE = auto()


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks. `roles` are those of the credential, which may be fewer than the person's."""

    person_id: UUID | None
    name: str
    roles: frozenset[Role]
    locale: str | None = None
    zone: str | None = None
    guest_id: UUID | None = None  # a guest's identity, from the ticket
    lecture: UUID | None = None  # the one lecture that the ticket admits to
    link: UUID | None = None  # the public link that a visitor followed

    @property
    def is_known(self) -> bool:
        """Whether anyone vouched for this viewer: by a log-in, a token or a ticket."""
        return bool(self.roles)

    @property
    def is_signed_in(self) -> bool:
        """Whether it is a person with an account here; guests are not."""
        return self.person_id is not None

    @property
    def actor(self) -> UUID | None:
        """The person, else the guest: what seats and facts are keyed by. None of a visitor."""
        return self.person_id or self.guest_id


ANONYMOUS = Viewer(person_id=None, name="", roles=frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What the action is about, as far as rights need to know it."""

    lecture: UUID | None = None
    lecturer: UUID | None = None
    helpers: frozenset[UUID] = frozenset()  # tutors and volunteers named for it
    coordinators: frozenset[UUID] = frozenset()  # those of its faculty
    roll: frozenset[UUID] | None = None  # the people of its course; None: it is open to all
    person: UUID | None = None  # whose data it is
    link: UUID | None = None  # the public link of its recording that holds now
    is_shared: bool = False  # its recording is shown to the whole university


NOTHING_IN_PARTICULAR = Subject()


class Reach(Enum):
    """How far a right reaches; see the module."""

    NO = "."
    ALL = "all"
    OWN = "own"
    HELP = "help"
    ROLL = "roll"
    SHOWN = "shown"
    UNIT = "unit"
    SELF = "self"
    HERE = "here"
    LINK = "link"


_COLUMNS = (
    Role.STUDENT,
    Role.LECTURER,
    Role.TUTOR,
    Role.VOLUNTEER,
    Role.COORDINATOR,
    Role.OPERATOR,
    Role.ADMIN,
    Role.GUEST,
    Role.VISITOR,
)

#                     student lecturer tutor volunteer coordinator operator admin guest visitor
_TABLE = """
    see_schedule      all     all      all   all       all         all      all   .     .
    join_lecture      roll    all      all   roll      all         all      all   here  .
    watch_recording   shown   all      all   shown     all         all      all   here  link
    host_lecture      .       own      .     .         .           .        all   .     .
    moderate_room     .       own      help  help      .           .        all   .     .
    plan_lecture      .       own      .     .         all         .        all   .     .
    change_lecture    .       own      .     .         unit        .        all   .     .
    manage_calendar   .       .        .     .         all         .        all   .     .
    see_roll          .       own      help  .         unit        .        all   .     .
    manage_course     .       .        .     .         unit        .        all   .     .
    see_attendance    .       own      .     .         unit        .        all   .     .
    mark_attendance   .       own      .     .         unit        .        all   .     .
    see_own_footprint self    self     self  self      self        self     all   .     .
    read_statements   .       .        .     .         .           .        all   .     .
    write_statements  .       .        .     .         .           .        all   .     .
    watch_channel     all     all      all   all       all         all      all   all   all
    operate_channel   .       .        .     .         .           all      all   .     .
    manage_people     .       .        .     .         .           .        all   .     .
"""

OPEN_TO_EVERYONE = frozenset({Action.WATCH_CHANNEL})  # what is on air is on air
_IN_THE_LECTURE = frozenset(
    {Action.JOIN_LECTURE, Action.WATCH_RECORDING, Action.HOST_LECTURE, Action.MODERATE_ROOM}
)


def _read(table: str) -> Mapping[Action, Mapping[Role, Reach]]:
    rows = (line.split() for line in table.strip().splitlines())
    return MappingProxyType(
        {
            Action(name): MappingProxyType(
                dict(zip(_COLUMNS, map(Reach, cells), strict=True)),
            )
            for name, *cells in rows
        }
    )


RIGHTS = _read(_TABLE)


def allows(viewer: Viewer, action: Action, subject: Subject | None = None) -> bool:
    """Whether the viewer may do this to the subject. Without one, what reaches no certain
    subject says yes: ALL, HELP, ROLL, SHOWN and UNIT."""
    if action in OPEN_TO_EVERYONE:
        return True
    subject = subject or NOTHING_IN_PARTICULAR
    if viewer.lecture is not None and not _is_within_ticket(viewer, action, subject):
        return False
    return any(_reaches(RIGHTS[action][role], viewer, subject) for role in viewer.roles)


def _is_within_ticket(viewer: Viewer, action: Action, subject: Subject) -> bool:
    return action in _IN_THE_LECTURE and subject.lecture == viewer.lecture


def _reaches(reach: Reach, viewer: Viewer, subject: Subject) -> bool:
    return _REACHES[reach](viewer, subject)


def _is_on_roll(viewer: Viewer, subject: Subject) -> bool:
    is_named = viewer.person_id in subject.helpers or _is_same(viewer.person_id, subject.lecturer)
    return subject.roll is None or viewer.person_id in subject.roll or is_named


def _is_same(viewer: UUID | None, subject: UUID | None) -> bool:
    return viewer is not None and viewer == subject


def _is_of(viewer: Viewer, named: frozenset[UUID]) -> bool:
    return not named or viewer.person_id in named


_REACHES: Mapping[Reach, Callable[[Viewer, Subject], bool]] = MappingProxyType(
    {
        Reach.NO: lambda _viewer, _subject: False,
        Reach.ALL: lambda _viewer, _subject: True,
        Reach.HERE: lambda viewer, subject: _is_same(viewer.lecture, subject.lecture),
        Reach.HELP: lambda viewer, subject: _is_of(viewer, subject.helpers),
        Reach.UNIT: lambda viewer, subject: _is_of(viewer, subject.coordinators),
        Reach.ROLL: _is_on_roll,
        Reach.SHOWN: lambda viewer, subject: subject.is_shared or _is_on_roll(viewer, subject),
        Reach.LINK: lambda viewer, subject: _is_same(viewer.link, subject.link),
        Reach.OWN: lambda viewer, subject: _is_same(viewer.person_id, subject.lecturer),
        Reach.SELF: lambda viewer, subject: _is_same(viewer.person_id, subject.person),
    }
)
