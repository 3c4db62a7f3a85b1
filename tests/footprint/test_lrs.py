"""Statements over HTTP: found by every filter, paged without gaps, taken whole or not at all."""

import base64
import contextlib
import json
from uuid import UUID, uuid4

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from footprint.events import FootprintRead
from footprint.log import event
from footprint.reception import receive
from footprint.statements import House, statement
from identity.rights import Role
from kernel.errors import Invalid
from kernel.ids import new_id

HOUSE = House("https://live.example.edu")
JOIN = "http://activitystrea.ms/join"
LEAVE = "http://activitystrea.ms/leave"
POSTED = "https://w3id.org/xapi/acrossx/verbs/posted"
STATEMENTS = "/xapi/statements"


def foreign(**more) -> dict:
    """A small statement of another system."""
    return {
        "actor": {"mbox": "mailto:someone@example.org"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
        "object": {"id": "https://example.org/forum/1"},
    } | more


@pytest.fixture
async def admin(store, add_person, token_of) -> str:
    return await token_of(await add_person(Role.ADMIN, into=store))


@pytest.fixture
async def three(room, journal, drained, store, add_person):
    """A student who joins, says something and leaves, of whom the log knows."""
    student = await add_person(Role.STUDENT, into=store)
    joined = room.joined(student.id, 1)
    await journal.record(joined, room.said(joined, "hello"), room.left(joined, 3))
    await drained()
    return student


@pytest.fixture
def post(client, admin):
    async def post(body, *, token=admin, method="POST", headers=None, **params):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        ours = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "X-Experience-API-Version": "1.0.3",
        }
        return await client.request(
            method, STATEMENTS, data=data, params=params, headers=ours | (headers or {})
        )

    return post


@pytest.fixture
def verbs(get, admin):
    """The verbs that a question finds, in order."""

    async def verbs(**params) -> list[str]:
        answer = await get(STATEMENTS, admin, **params)
        assert answer.status == 200, await answer.text()
        return [found["verb"]["id"] for found in (await answer.json())["statements"]]

    return verbs


def agent(person: UUID) -> str:
    return json.dumps({"account": {"homePage": HOUSE.address, "name": str(person)}})


async def test_the_newest_comes_first_unless_asked_otherwise(three, verbs):
    assert await verbs() == [LEAVE, POSTED, JOIN]
    assert await verbs(ascending="true") == [JOIN, POSTED, LEAVE]


async def test_each_filter_finds_what_fits(three, verbs, room):
    address = f"{HOUSE.address}/lectures/{room.lecture}"
    assert await verbs(verb=POSTED) == [POSTED]
    assert await verbs(activity=address) == [LEAVE, JOIN]
    assert await verbs(registration=str(room.lecture)) == [LEAVE, POSTED, JOIN]
    assert await verbs(registration=str(new_id())) == []
    assert await verbs(agent=agent(three.id), verb=JOIN) == [JOIN]
    assert await verbs(agent=agent(new_id())) == []
    assert await verbs(agent=agent(three.id).replace('"account"', '"objectType":"Agent","account"'))


async def test_since_is_behind_and_until_is_up_to(three, get, admin, verbs):
    newest = (await (await get(STATEMENTS, admin)).json())["statements"][0]["stored"]
    assert await verbs(since=newest) == []
    assert len(await verbs(until=newest)) == 3
    assert await verbs(until="2020-01-01T00:00:00Z") == []


async def test_one_statement_is_found_by_its_id(three, get, admin):
    first = (await (await get(STATEMENTS, admin)).json())["statements"][0]
    answer = await get(STATEMENTS, admin, statementId=first["id"])
    assert await answer.json() == first
    assert (await get(STATEMENTS, admin, statementId=str(new_id()))).status == 404


async def test_pages_join_without_a_gap_or_a_double(three, get, admin, room, *, journal, drained):
    """Also while new statements arrive in front of the first page."""
    page = await (await get(STATEMENTS, admin, limit="2")).json()
    await journal.record(room.opened(9))
    await drained()
    rest = await (await get(page["more"], admin)).json()
    found = [s["verb"]["id"] for s in page["statements"] + rest["statements"]]
    assert found == [LEAVE, POSTED, JOIN]
    assert rest["more"] == ""


async def test_every_answer_names_the_version_and_how_far_it_is_consistent(three, get, admin):
    answer = await get(STATEMENTS, admin)
    newest = (await answer.json())["statements"][0]
    assert answer.headers["X-Experience-API-Version"] == "1.0.3"
    assert answer.headers["X-Experience-API-Consistent-Through"] == newest["stored"]
    refused = await get(STATEMENTS, admin, verb="x", color="red")
    assert (refused.status, refused.headers["X-Experience-API-Version"]) == (400, "1.0.3")
    assert refused.headers["X-Experience-API-Consistent-Through"] == newest["stored"]


async def test_head_answers_as_get_does_but_without_the_statements(three, client, admin):
    headers = {"Authorization": f"Bearer {admin}", "X-Experience-API-Version": "1.0.3"}
    full = await client.get(STATEMENTS, headers=headers)
    bare = await client.head(STATEMENTS, headers=headers)
    assert (bare.status, await bare.read()) == (200, b"")
    for name in ("Content-Type", "Content-Length", "X-Experience-API-Consistent-Through"):
        assert bare.headers[name] == full.headers[name]


async def test_a_version_that_we_do_not_speak_is_refused(get, admin):
    for version in ("0.95", "1.0.", "1.0.x", "1.1", "2", "2.0.", "2.1.0", "3.0.0", "two", ""):
        answer = await get(STATEMENTS, admin, headers={"X-Experience-API-Version": version})
        assert answer.status == 400


async def test_both_versions_are_spoken_and_the_answer_names_the_one(get, admin):
    for version, ours in (
        ("1.0", "1.0.3"),
        ("1.0.2", "1.0.3"),
        ("2.0", "2.0.0"),
        ("2.0.0", "2.0.0"),
        ("2.0.9", "2.0.0"),
    ):
        answer = await get(STATEMENTS, admin, headers={"X-Experience-API-Version": version})
        assert (answer.status, answer.headers["X-Experience-API-Version"]) == (200, ours)


@pytest.mark.parametrize(
    "params",
    [
        {"limit": "-1"},
        {"since": "yesterday"},
        {"since": "2026-09-07T04:00:00"},
        {"registration": "x"},
        {"agent": "{}"},
        {"agent": "not json"},
        {"verb": "attended"},
        {"activity": "lesson 1"},
        {"statementId": str(UUID(int=1)), "verb": "http://x"},
        {"statementId": str(UUID(int=1)), "voidedStatementId": str(UUID(int=2))},
        {"format": "pretty"},
        {"Verb": "http://x"},
    ],
    ids=str,
)
async def test_a_question_that_makes_no_sense_is_refused(get, admin, params):
    assert (await get(STATEMENTS, admin, **params)).status == 400


async def test_who_does_not_say_the_version_is_refused(client, admin):
    """Communication 3.3; only about answers."""
    headers = {"Authorization": f"Bearer {admin}"}
    answer = await client.get(STATEMENTS, headers=headers)
    assert (answer.status, answer.headers["X-Experience-API-Version"]) == (400, "2.0.0")
    assert "X-Experience-API-Version" in (await answer.json())["title"]
    assert (await client.get("/xapi/about")).status == 200


async def test_about_is_open_to_everyone(get):
    """Who speaks 1.0 is told of nothing that 1.0 does not know (Communication 2.8)."""
    of_1_0 = ["1.0.3", "1.0.2", "1.0.1", "1.0.0"]
    assert (await (await get("/xapi/about")).json())["version"] == of_1_0
    of_2_0 = await get("/xapi/about", headers={"X-Experience-API-Version": "2.0.0"})
    assert (await of_2_0.json())["version"] == ["2.0.0", *of_1_0]
    assert (await get("/xapi/about", verbose="1")).status == 400


async def test_even_who_is_not_known_or_loses_their_way_is_told_the_version(get, client):
    """Communication 3.3: every answer has it."""
    answers = [
        await get(STATEMENTS, "no token"),
        await get("/xapi/nowhere"),
        await client.delete(STATEMENTS),
    ]
    versions = [answer.headers["X-Experience-API-Version"] for answer in answers]
    assert [answer.status for answer in answers] == [401, 404, 405]
    assert versions == ["1.0.3", "1.0.3", "2.0.0"]  # the last one named none


async def test_basic_authorization_carries_the_token_as_password(three, client, admin):
    basic = base64.b64encode(f"lrs:{admin}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}", "X-Experience-API-Version": "1.0.3"}
    answer = await client.get(STATEMENTS, headers=headers)
    assert answer.status == 200


async def test_a_student_reads_what_is_told_of_themselves_and_no_more(three, get, token_of, kept):
    token = await token_of(three)
    own = await get(STATEMENTS, token, agent=agent(three.id))
    assert len((await own.json())["statements"]) == 3
    assert kept.facts == []
    assert (await get(STATEMENTS, token)).status == 403
    assert (await get(STATEMENTS, token, agent=agent(new_id()))).status == 403
    assert (await get(STATEMENTS)).status == 401


async def test_reading_statements_of_others_is_itself_a_fact(three, get, admin, kept):
    await get(STATEMENTS, admin)
    assert [type(fact) for fact in kept.facts] == [FootprintRead]


async def test_what_another_system_sends_comes_back_as_it_was(post, get, admin):
    identifier = str(uuid4())
    sent = foreign(id=identifier, timestamp="2026-09-01T10:00:00+05:00", version="1.0.1")
    answer = await post(sent)
    assert (answer.status, await answer.json()) == (200, [identifier])
    found = await (await get(STATEMENTS, admin, statementId=identifier)).json()
    assert {name: found[name] for name in sent} == sent
    assert found["stored"].startswith("2026-09-07T04:00:00")
    assert found["authority"]["account"]["homePage"] == HOUSE.address


async def test_an_activity_that_stood_alone_around_a_statement_comes_back_in_a_list(
    post, get, admin
):
    """Data 2.4.6.2, also in a statement inside; and sent again in a list it is the same statement."""
    one = {"id": "https://example.org/course", "definition": {"extensions": {"http://x/y": 1.10}}}
    alone = {"contextActivities": {"parent": one, "other": [one]}}
    lists = {"contextActivities": {"parent": [one], "other": [one]}}

    def sent(context: dict) -> dict:
        inner = foreign(objectType="SubStatement", context=context)
        return foreign(id=str(UUID(int=7)), context=context, object=inner)

    await post(sent(alone))
    found = await (await get(STATEMENTS, admin, statementId=str(UUID(int=7)))).json()
    assert (found["context"], found["object"]["context"]) == (lists, lists)
    assert (await post(sent(lists))).status == 200


async def test_a_statement_without_an_id_or_a_time_gets_them(post, get, admin):
    """Its time is the one when it was stored, to the microsecond (2.0, 4.2.4.2)."""
    for _ in range(2):
        [identifier] = await (await post(foreign())).json()
    found = await (await get(STATEMENTS, admin, statementId=identifier)).json()
    assert found["timestamp"] == found["stored"]
    assert found["timestamp"].startswith("2026-09-07T04:00:00.0")


async def test_the_same_statement_again_changes_nothing(post, get, admin):
    sent = foreign(id=str(uuid4()))
    assert [(await post(sent)).status for _ in range(2)] == [200, 200]
    assert len((await (await get(STATEMENTS, admin)).json())["statements"]) == 1


async def test_a_different_statement_with_the_same_id_is_a_conflict(post):
    identifier = str(uuid4())
    await post(foreign(id=identifier))
    other = foreign(id=identifier, verb={"id": "http://adlnet.gov/expapi/verbs/attempted"})
    assert (await post(other)).status == 409


async def test_a_list_is_taken_whole_or_not_at_all(post, verbs):
    assert (await post([foreign(), foreign(verb={"id": "no iri"})])).status == 400
    assert await verbs() == []
    assert len(await (await post([foreign(), foreign()])).json()) == 2


async def test_two_of_one_id_in_a_list_are_refused(post):
    identifier = str(uuid4())
    assert (await post([foreign(id=identifier)] * 2)).status == 400


async def test_put_keeps_one_under_the_senders_id(post, get, admin):
    identifier = str(uuid4())
    assert (await post(foreign(), method="PUT", statementId=identifier)).status == 204
    assert (await get(STATEMENTS, admin, statementId=identifier)).status == 200
    other = foreign(id=str(uuid4()))
    assert (await post(other, method="PUT", statementId=identifier)).status == 400
    assert (await post(foreign(), method="PUT")).status == 400


async def test_nobody_takes_the_id_of_what_the_log_holds(post, three, store, room):
    said = room.opened(5)
    assert (await post(foreign(id=str(said.id)))).status == 200
    joined = await _id_of_first_event(store)
    assert (await post(foreign(id=str(joined)))).status == 409


async def test_only_who_may_write_writes(post, three, token_of):
    assert (await post(foreign(), token=await token_of(three))).status == 403


@pytest.mark.parametrize(
    "body",
    [b"", b"[", b"1", b'"x"', b"[1]", b"{}", b"[" * 100_000, b"\xff", b"[null]"],
    ids=["empty", "open", "number", "text", "of numbers", "nothing", "deep", "bytes", "null"],
)
async def test_a_body_that_is_no_statement_is_refused(post, body):
    assert (await post(body)).status == 400


async def test_another_kind_of_body_is_not_taken(post):
    answer = await post(foreign(), headers={"Content-Type": "text/plain"})
    assert answer.status == 400


async def test_a_statement_about_one_of_ours_belongs_to_the_person(post, verbs, three):
    about = {"account": {"homePage": HOUSE.address, "name": str(three.id)}}
    await post(foreign(actor=about))
    assert len(await verbs(agent=agent(three.id))) == 4


async def test_a_stranger_can_stand_in_nobodys_way(post, journal, drained, room, verbs):
    """Whoever guesses the id that a statement of ours will have does not stop the fact."""
    joined = room.joined(new_id(), 1)
    ours = statement(joined, HOUSE)
    await post(foreign(id=str(ours.id)))
    await journal.record(joined, room.said(joined, "hello"))
    await drained()
    assert POSTED in await verbs()


def link(**more) -> dict:
    """An attachment that lies elsewhere."""
    return {
        "usageType": "http://example.org/usage",
        "display": {"en": "slides"},
        "contentType": "application/pdf",
        "length": 9,
        "sha2": "ab" * 32,
        "fileUrl": "http://example.org/slides.pdf",
    } | more


BROKEN = {
    "no actor": {"verb": {"id": "http://v"}, "object": {"id": "http://o"}},
    "unknown member": foreign(color="red"),
    "null": foreign(result=None),
    "null deep": foreign(object={"id": "http://o", "definition": {"name": None}}),
    "verb without iri": foreign(verb={"id": "experienced"}),
    "two identities": foreign(actor={"mbox": "mailto:a@b.c", "openid": "http://a"}),
    "no identity": foreign(actor={"name": "Someone"}),
    "language with an extension twice": foreign(
        verb={"id": "http://v", "display": {"zh-z-aaa-Z-bbb-c-ccc": "x"}}
    ),
    "id without hyphens": foreign(id=UUID(int=7).hex),
    "registration without hyphens inside": foreign(
        object=foreign(objectType="SubStatement", context={"registration": UUID(int=7).hex})
    ),
    "mbox without mailto": foreign(actor={"mbox": "a@b.c"}),
    "agent with members": foreign(actor={"mbox": "mailto:a@b.c", "member": []}),
    "empty group": foreign(actor={"objectType": "Group"}),
    "bad member": foreign(actor={"objectType": "Group", "member": [{"name": "x"}]}),
    "strange actor": foreign(actor={"objectType": "Robot", "mbox": "mailto:a@b.c"}),
    "strange object": foreign(object={"objectType": "Thing", "id": "http://o"}),
    "object without id": foreign(object={"definition": {}}),
    "object is a list": foreign(object=[]),
    "object is an agent without identity": foreign(object={"objectType": "Agent"}),
    "reference without uuid": foreign(object={"objectType": "StatementRef", "id": "x"}),
    "nested twice": foreign(
        object=foreign(objectType="SubStatement", object=foreign(objectType="SubStatement"))
    ),
    "nested with an id": foreign(object=foreign(objectType="SubStatement", id=str(UUID(int=1)))),
    "bad id": foreign(id="1"),
    "bad time": foreign(timestamp="yesterday"),
    "time without zone": foreign(timestamp="2026-09-07T04:00:00"),
    "bad duration": foreign(result={"duration": "5 minutes"}),
    "empty duration": foreign(result={"duration": "P"}),
    "duration of nothing": foreign(result={"duration": "PT"}),
    "score above one": foreign(result={"score": {"scaled": 1.5}}),
    "completion as text": foreign(result={"completion": "true"}),
    "extension without iri": foreign(result={"extensions": {"color": "red"}}),
    "extensions as list": foreign(result={"extensions": []}),
    "bad registration": foreign(context={"registration": "x"}),
    "bad version": foreign(version="2.0.0"),
    "context activity without id": foreign(context={"contextActivities": {"parent": [{}]}}),
    "attachment without type": foreign(attachments=[{"length": 1}]),
    "group in a group": foreign(
        actor={
            "objectType": "Group",
            "member": [{"objectType": "Group", "member": [{"mbox": "mailto:a@b.c"}]}],
        }
    ),
    "zone minus zero": foreign(timestamp="2026-09-07T04:00:00-00:00"),
    "minus zero when stored": foreign(stored="2026-09-07T04:00:00-00:00"),
    "fraction before the last part": foreign(result={"duration": "PT1.5H3M"}),
    "words in no language": foreign(verb={"id": "http://v", "display": {}}),
    "two regions": foreign(verb={"id": "http://v", "display": {"de-419-DE": "x"}}),
    "no hash": foreign(attachments=[link(sha2="beef")]),
    "unnamed file": foreign(attachments=[link(display={})]),
    "reference by another name": foreign(
        context={"statement": {"objectType": "statementref", "id": str(UUID(int=1))}}
    ),
    "something else around": foreign(
        context={"contextActivities": {"parent": {"objectType": "activity", "id": "http://o"}}}
    ),
    "choices around without interaction": foreign(
        context={
            "contextActivities": {"other": [{"id": "http://o", "definition": {"choices": []}}]}
        }
    ),
    "authority of two people": foreign(
        authority={"objectType": "Group", "member": [{"mbox": f"mailto:{n}@b.c"} for n in "ab"]}
    ),
    "no language": foreign(verb={"id": "http://v", "display": {"in English": "x"}}),
    "strange interaction": foreign(
        object={"id": "http://o", "definition": {"interactionType": "guessing"}}
    ),
    "choices without interaction": foreign(
        object={"id": "http://o", "definition": {"choices": [{"id": "a"}]}}
    ),
    "one choice twice": foreign(
        object={
            "id": "http://o",
            "definition": {"interactionType": "choice", "choices": [{"id": "a"}, {"id": "a"}]},
        }
    ),
    "raw above max": foreign(result={"score": {"raw": 11, "max": 10}}),
    "min above max": foreign(result={"score": {"min": 2, "max": 1}}),
    "platform without activity": foreign(
        object={"objectType": "Agent", "mbox": "mailto:a@b.c"}, context={"platform": "x"}
    ),
    "authority of three": foreign(
        authority={"objectType": "Group", "member": [{"mbox": f"mailto:{n}@b.c"} for n in "abc"]}
    ),
    "bad actor inside": foreign(object=foreign(objectType="SubStatement", actor={"name": "x"})),
    "bad team inside": foreign(
        object=foreign(objectType="SubStatement", context={"team": {"mbox": "mailto:a@b.c"}})
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_statement_is_refused_with_a_sentence(name):
    with pytest.raises(Invalid, match=r"^The statement is not valid: .+\.$"):
        receive(json.dumps(BROKEN[name]).encode())


GOOD = {
    "group": foreign(actor={"objectType": "Group", "member": [{"mbox": "mailto:a@b.c"}]}),
    "agent as object": foreign(object={"objectType": "Agent", "mbox": "mailto:a@b.c"}),
    "reference": foreign(object={"objectType": "StatementRef", "id": str(UUID(int=1))}),
    "sub statement": foreign(object=foreign(objectType="SubStatement")),
    "null in an extension": foreign(result={"extensions": {"http://x/y": None}}),
    "durations": foreign(result={"duration": "P1Y2M3DT4H5M6.78S"}),
    "half an hour": foreign(result={"duration": "PT0.5H"}),
    "languages": foreign(
        verb={
            "id": "http://v",
            "display": dict.fromkeys(
                ["kk-Cyrl-KZ", "zh-min-nan", "sl-rozaj-biske-1994", "de-CH-x-phonebk", "i-klingon"]
                + ["de-1996-u-co-phonebk-t-und", "en-a-bb-x-a-b-a", "x-a-bb-a-cc"],
                "x",
            ),
        }
    ),
    "authority of an application and a person": foreign(
        authority={
            "objectType": "Group",
            "member": [
                {"account": {"homePage": "http://a.b/oauth", "name": "player"}},
                {"mbox": "mailto:a@b.c"},
            ],
        }
    ),
    "file elsewhere": foreign(attachments=[link(sha2="AB" * 48)]),
    "weeks": foreign(result={"duration": "P4W"}),
    "one context activity": foreign(context={"contextActivities": {"parent": {"id": "http://o"}}}),
    "interaction": foreign(
        object={
            "id": "http://o",
            "definition": {"interactionType": "choice", "choices": [{"id": "a"}]},
        }
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_statement_is_taken(name):
    receive(json.dumps(GOOD[name]).encode())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(
    st.sampled_from(["actor", "verb", "object", "result", "context", "timestamp", "attachments"]),
    json_values,
)
def test_whatever_strangers_send_is_taken_or_refused_and_never_breaks_us(member, value):
    with contextlib.suppress(Invalid):
        receive(msgspec.json.encode(foreign() | {member: value}))


@given(st.binary(max_size=200))
def test_garbage_is_refused(data):
    with pytest.raises(Invalid):
        receive(data)


async def test_statements_arrive_behind_each_other_however_fast(post, get, admin):
    """`stored` never stands still, so that `since` misses nothing."""
    for _ in range(3):
        await post(foreign())
    found = (await (await get(STATEMENTS, admin)).json())["statements"]
    assert len({s["stored"] for s in found}) == 3


async def _id_of_first_event(store) -> UUID:
    async with store.connect() as connection:
        return await connection.scalar(sa.select(event.c.id).where(event.c.seq == 1))
