from datetime import timedelta
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from identity.rights import Role
from identity.tickets import Ticket, Tickets
from kernel.errors import Unauthenticated

LECTURE = uuid4()
HOUR = timedelta(hours=1)


@pytest.fixture
def tickets(clock) -> Tickets:
    return Tickets(b"a secret of this test", clock)


def test_a_ticket_comes_back_as_it_went(tickets, clock):
    person = uuid4()
    ticket = Ticket(lecture=LECTURE, name="Дәулет", roles=frozenset({Role.LECTURER}), person=person)
    read = tickets.read(tickets.issue(ticket, HOUR))
    assert (read.lecture, read.name, read.roles) == (LECTURE, "Дәулет", {Role.LECTURER})
    assert (read.person, read.guest, read.expires_at) == (person, None, clock.now() + HOUR)


def test_each_guest_gets_an_identity(tickets):
    guest = Ticket(lecture=LECTURE, name="Visitor")
    first, second = (tickets.read(tickets.issue(guest, HOUR)) for _ in range(2))
    assert first.roles == {Role.GUEST}
    assert first.guest
    assert first.guest != second.guest
    assert first.viewer().actor == first.guest


def test_a_ticket_is_good_until_it_is_over(tickets, clock):
    token = tickets.issue(Ticket(lecture=LECTURE, name="Visitor"), HOUR)
    clock.advance(HOUR - timedelta(seconds=1))
    assert tickets.read(token)
    clock.advance(timedelta(seconds=1))
    with pytest.raises(Unauthenticated, match="over"):
        tickets.read(token)


def test_no_ticket_outlives_a_day(tickets, clock):
    token = tickets.issue(Ticket(lecture=LECTURE, name="Visitor"), timedelta(days=30))
    clock.advance(timedelta(days=1))
    with pytest.raises(Unauthenticated):
        tickets.read(token)


def test_a_ticket_of_another_house_is_forged(tickets, clock):
    token = Tickets(b"another secret", clock).issue(Ticket(lecture=LECTURE, name="Eve"), HOUR)
    with pytest.raises(Unauthenticated, match="not one of ours"):
        tickets.read(token)


def test_an_unsigned_ticket_is_forged(tickets):
    header, claims, _ = tickets.issue(Ticket(lecture=LECTURE, name="Eve"), HOUR).split(".")
    none = "eyJhbGciOiJub25lIn0"  # {"alg":"none"}
    for forged in (f"{none}.{claims}.", f"{header}.{claims}.", f"{header}.{claims}.AAAA"):
        with pytest.raises(Unauthenticated):
            tickets.read(forged)


@pytest.mark.parametrize("garbage", ["", ".", "..", "a.b.c", "\x00", "é.é.é", "x" * 10_000])
def test_garbage_is_no_ticket(tickets, garbage):
    with pytest.raises(Unauthenticated):
        tickets.read(garbage)


def test_another_token_under_the_same_key_is_no_ticket(tickets):
    key: OctKey = tickets._key
    for claims in ({}, {"aud": "other", "exp": 9999999999, "ticket": None}, {"exp": "soon"}):
        with pytest.raises(Unauthenticated):
            tickets.read(jwt.encode({"alg": "HS256"}, claims, key))
