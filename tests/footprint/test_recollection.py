"""What was taken by earlier rules is found, given out and counted anew by today's."""

import json
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footprint import log, rebuilding
from footprint.events import StatementReceived
from footprint.intake import Sender, opened
from footprint.presence import presence
from footprint.recollection import recalled
from footprint.statements import House
from footprint.vocabulary import Verb
from identity.rights import Role
from kernel.errors import Invalid
from tests.footprint.conftest import NOON

HOUSE = House("https://live.example.edu")
STATEMENTS = "/xapi/statements"
LECTURE = f"{HOUSE.address}/lectures/{UUID(int=5)}"
FORUM = "https://example.org/a forum"
FILE = {"usageType": "of old", "display": {}, "length": 1, "sha2": "ab", "fileUrl": "x"}
ODD = {
    "id": str(UUID(int=7)),
    "actor": {"mbox": "mailto:someone", "color": "red"},
    "verb": {"id": Verb.JOINED, "display": {"a12345": "joined"}},
    "object": {"id": FORUM, "definition": {"name": {"no tag": "A forum"}, "moreInfo": "here"}},
    "result": {"score": {"scaled": 7, "raw": "many"}, "duration": "an hour", "success": "yes"},
    "context": {
        "language": "none",
        "registration": str(UUID(int=8)),
        "contextActivities": {"parent": [{"id": LECTURE}, {"name": "no id"}]},
    },
    "timestamp": "2026-09-07T04:00:00",
    "attachments": [FILE | {"contentType": "a\r\nSet-Cookie: b"}],
    "once": True,
}
INSIDE = ODD | {
    "id": str(UUID(int=9)),
    "verb": {"id": Verb.LEFT},
    "object": ODD | {"objectType": "SubStatement"},
}


@pytest.fixture
def store(database):
    """Nothing here is SQL of one kind."""
    return database


@pytest.fixture
async def admin(store, add_person, token_of) -> str:
    return await token_of(await add_person(Role.ADMIN, into=store))


@pytest.fixture
async def of_old(database, clock):
    """Odd statements in the log, one of them about somebody at a lecture of ours, as rows of all views
    that are made of them anew."""
    person, seat, lecture = UUID(int=4), UUID(int=6), UUID(int=5)
    facts = [
        StatementReceived(
            id=UUID(told["id"]),
            at=NOON + timedelta(minutes=number),
            person=person,
            lecture=lecture,
            seat=seat,
            statement=msgspec.Raw(json.dumps(told).encode()),
        )
        for number, told in enumerate([ODD, INSIDE])
    ]
    async with database.begin() as connection:
        await log.append(connection, facts, now=clock.now(), source=log.Source.ELSEWHERE)
        await rebuilding.rebuild(connection, HOUSE)
    return facts


@pytest.mark.parametrize("told", [ODD, INSIDE], ids=["odd", "inside"])
def test_today_it_would_be_refused(told):
    with pytest.raises(Invalid):
        opened([json.dumps(told).encode()], HOUSE, Sender(None), now=NOON)


async def test_what_was_taken_once_is_found_and_given_out_as_it_came(of_old, get, admin):
    asked = {
        "its id": {"statementId": ODD["id"]},
        "its files": {"statementId": INSIDE["id"], "attachments": "true"},
        "all": {"attachments": "true"},
        "what it is about": {"activity": LECTURE, "related_activities": "true"},
        "its registration": {"registration": str(UUID(int=8))},
        "ids": {"format": "ids"},
        "canonical": {"format": "canonical"},
    }
    for question, params in asked.items():
        answer = await get(STATEMENTS, admin, **params)
        assert answer.status == 200, question
        assert b"mailto:someone" in await answer.read(), question
    found = await (await get(STATEMENTS, admin, statementId=ODD["id"])).json()
    assert {name: found[name] for name in ODD} == ODD


async def test_who_was_there_by_an_odd_statement_is_still_there(of_old, database):
    async with database.connect() as connection:
        [stay] = (await connection.execute(presence.select())).all()
    assert (stay.lecture, stay.person, stay.seat) == (UUID(int=5), UUID(int=4), UUID(int=6))
    assert stay.ended_at - stay.began_at == timedelta(minutes=1)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from([*ODD, "objectType", "member"]), json_values))
def test_whatever_is_kept_can_be_read(members):
    recalled(msgspec.json.encode(ODD | members))
    told = recalled(
        msgspec.json.encode(INSIDE | {"object": members | {"objectType": "SubStatement"}})
    )
    assert (told.activity, told.target) == (None, None)
    assert told.actor.identities == ["mbox mailto:someone"]
