"""The table of rights, row by row: who may, on whose lecture."""

from dataclasses import replace
from uuid import uuid4

import pytest

from identity.rights import ANONYMOUS, Action, Role, Subject, Viewer, allows

ME, SOMEONE = uuid4(), uuid4()
LECTURE, ANOTHER = uuid4(), uuid4()

MINE = Subject(lecture=LECTURE, lecturer=ME, person=ME)
THEIRS = Subject(lecture=LECTURE, lecturer=SOMEONE, person=SOMEONE)
THEIRS_I_HELP = Subject(lecture=LECTURE, lecturer=SOMEONE, helpers=frozenset({ME}))
THEIRS_OTHERS_HELP = Subject(lecture=LECTURE, lecturer=SOMEONE, helpers=frozenset({SOMEONE}))
OF_A_COURSE = Subject(lecture=LECTURE, lecturer=SOMEONE, roll=frozenset({SOMEONE}))
OF_MY_COURSE = Subject(lecture=LECTURE, lecturer=SOMEONE, roll=frozenset({ME}))
OF_A_FACULTY = Subject(lecture=LECTURE, lecturer=SOMEONE, coordinators=frozenset({SOMEONE}))
OF_MY_FACULTY = Subject(lecture=LECTURE, lecturer=SOMEONE, coordinators=frozenset({ME}))
SHOWN_TO_ALL = replace(OF_A_COURSE, is_shared=True)
SUBJECTS = {
    "mine": MINE,
    "theirs": THEIRS,
    "i help": THEIRS_I_HELP,
    "others help": THEIRS_OTHERS_HELP,
    "course": OF_A_COURSE,
    "my course": OF_MY_COURSE,
    "course, shown to all": SHOWN_TO_ALL,
    "faculty": OF_A_FACULTY,
    "my faculty": OF_MY_FACULTY,
}
EVERY = frozenset(SUBJECTS)
MEMBERS = frozenset(Role) - {Role.GUEST, Role.VISITOR}

ALL_MEMBERS = dict.fromkeys(MEMBERS, EVERY)
SELF = frozenset({"mine"})
HELPS = EVERY - {"others help"}
SHOWN = EVERY - {"course"}
ON_ROLL = SHOWN - {"course, shown to all"}
IN_UNIT = EVERY - {"faculty"}
ENTERING = ALL_MEMBERS | {Role.STUDENT: ON_ROLL, Role.VOLUNTEER: ON_ROLL}
EXPECTED = {
    Action.SEE_SCHEDULE: ALL_MEMBERS,
    Action.JOIN_LECTURE: ENTERING,
    Action.WATCH_RECORDING: ALL_MEMBERS | {Role.STUDENT: SHOWN, Role.VOLUNTEER: SHOWN},
    Action.HOST_LECTURE: {Role.LECTURER: {"mine"}, Role.ADMIN: EVERY},
    Action.MODERATE_ROOM: {
        Role.LECTURER: {"mine"},
        Role.TUTOR: HELPS,
        Role.VOLUNTEER: HELPS,
        Role.ADMIN: EVERY,
    },
    Action.PLAN_LECTURE: {Role.LECTURER: {"mine"}, Role.COORDINATOR: EVERY, Role.ADMIN: EVERY},
    Action.CHANGE_LECTURE: {Role.LECTURER: {"mine"}, Role.COORDINATOR: IN_UNIT, Role.ADMIN: EVERY},
    Action.MANAGE_CALENDAR: {Role.COORDINATOR: EVERY, Role.ADMIN: EVERY},
    Action.SEE_ROLL: {
        Role.LECTURER: {"mine"},
        Role.TUTOR: HELPS,
        Role.COORDINATOR: IN_UNIT,
        Role.ADMIN: EVERY,
    },
    Action.MANAGE_COURSE: {Role.COORDINATOR: IN_UNIT, Role.ADMIN: EVERY},
    Action.SEE_ATTENDANCE: {Role.LECTURER: {"mine"}, Role.COORDINATOR: IN_UNIT, Role.ADMIN: EVERY},
    Action.MARK_ATTENDANCE: {Role.LECTURER: {"mine"}, Role.COORDINATOR: IN_UNIT, Role.ADMIN: EVERY},
    Action.SEE_OWN_FOOTPRINT: {**dict.fromkeys(MEMBERS, SELF), Role.ADMIN: EVERY},
    Action.READ_STATEMENTS: {Role.ADMIN: EVERY},
    Action.WRITE_STATEMENTS: {Role.ADMIN: EVERY},
    Action.WATCH_CHANNEL: dict.fromkeys(Role, EVERY),
    Action.OPERATE_CHANNEL: {Role.OPERATOR: EVERY, Role.ADMIN: EVERY},
    Action.MANAGE_PEOPLE: {Role.ADMIN: EVERY},
}


def viewer(*roles: Role) -> Viewer:
    return Viewer(person_id=ME, name="Aigerim", roles=frozenset(roles))


def guest() -> Viewer:
    return Viewer(
        person_id=None,
        name="Visitor",
        roles=frozenset({Role.GUEST}),
        guest_id=uuid4(),
        lecture=LECTURE,
    )


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", Action)
def test_each_cell_of_the_table(action, role):
    allowed = {name for name, it in SUBJECTS.items() if allows(viewer(role), action, it)}
    assert allowed == set(EXPECTED[action].get(role, ()))


@pytest.mark.parametrize("action", [one for one in Action if one is not Action.WATCH_CHANNEL])
def test_nobody_may_nothing_but_watch_what_is_on_air(action):
    assert not any(allows(ANONYMOUS, action, subject) for subject in SUBJECTS.values())
    assert allows(ANONYMOUS, Action.WATCH_CHANNEL)


def test_roles_add_up():
    both = viewer(Role.STUDENT, Role.OPERATOR)
    assert allows(both, Action.JOIN_LECTURE, THEIRS)
    assert allows(both, Action.OPERATE_CHANNEL)


@pytest.mark.parametrize("action", [Action.JOIN_LECTURE, Action.WATCH_RECORDING])
def test_a_guest_comes_into_the_lecture_of_the_ticket_only(action):
    assert allows(guest(), action, THEIRS)
    assert not allows(guest(), action, replace(THEIRS, lecture=ANOTHER))
    assert not allows(guest(), action)


def test_a_visitor_watches_while_the_link_holds_and_does_nothing_else():
    link = uuid4()
    visitor = Viewer(
        person_id=None, name="", roles=frozenset({Role.VISITOR}), lecture=LECTURE, link=link
    )
    assert allows(visitor, Action.WATCH_RECORDING, replace(THEIRS, link=link))
    assert not allows(visitor, Action.WATCH_RECORDING, replace(THEIRS, link=uuid4()))
    assert not allows(visitor, Action.WATCH_RECORDING, THEIRS)
    assert not allows(visitor, Action.WATCH_RECORDING, replace(THEIRS, lecture=ANOTHER, link=link))
    assert not allows(visitor, Action.JOIN_LECTURE, replace(THEIRS, link=link))


def test_a_ticket_narrows_even_an_admin_to_its_lecture_and_what_is_done_there():
    holder = replace(viewer(Role.ADMIN), lecture=LECTURE)
    assert allows(holder, Action.HOST_LECTURE, THEIRS)
    assert not allows(holder, Action.HOST_LECTURE, replace(THEIRS, lecture=ANOTHER))
    assert not allows(holder, Action.SEE_ATTENDANCE, THEIRS)
    assert not allows(holder, Action.MANAGE_PEOPLE)


def test_an_unset_person_never_equals_an_unset_lecturer():
    somebody = replace(viewer(Role.LECTURER), person_id=None)
    assert not allows(somebody, Action.HOST_LECTURE, Subject(lecture=LECTURE))
