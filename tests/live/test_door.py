"""Who may come in, and as what."""

from uuid import uuid4

import pytest

from identity.rights import ANONYMOUS, Role, Subject, Viewer
from kernel.errors import Forbidden, Unauthenticated
from live.door import visitor_of


def viewer(*roles: Role, **more) -> Viewer:
    return Viewer(more.pop("person_id", uuid4()), "Somebody", frozenset(roles), **more)


def test_the_lecturer_hosts_their_own_lecture_only():
    lecturer = viewer(Role.LECTURER)
    own = Subject(lecture=uuid4(), lecturer=lecturer.person_id)
    assert visitor_of(lecturer, own).can_host
    assert not visitor_of(lecturer, Subject(lecture=uuid4(), lecturer=uuid4())).can_host


def test_a_tutor_moderates():
    visitor = visitor_of(viewer(Role.TUTOR), Subject(lecture=uuid4(), lecturer=uuid4()))
    assert (visitor.can_host, visitor.can_moderate, visitor.role) == (False, True, "tutor")


def test_a_guest_comes_by_ticket_to_its_lecture_only():
    lecture = uuid4()
    guest = viewer(Role.GUEST, person_id=None, guest_id=uuid4(), lecture=lecture)
    assert visitor_of(guest, Subject(lecture=lecture)).person == guest.guest_id
    with pytest.raises(Forbidden):
        visitor_of(guest, Subject(lecture=uuid4()))


def test_nobody_stays_outside():
    with pytest.raises(Unauthenticated):
        visitor_of(ANONYMOUS, Subject(lecture=uuid4()))
