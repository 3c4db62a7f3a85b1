"""Voiding, statements about statements, related filters and forms, on either database."""

import json
from uuid import uuid4

import pytest

from identity.rights import Role

STATEMENTS = "/xapi/statements"
VOIDED = "http://adlnet.gov/expapi/verbs/voided"
EXPERIENCED = "http://adlnet.gov/expapi/verbs/experienced"
SOMEONE = {"mbox": "mailto:someone@example.org"}
TEACHER = {"mbox": "mailto:teacher@example.org"}
FORUM, COURSE = "https://example.org/forum/1", "https://example.org/course/1"


def said(**more) -> dict:
    return {
        "id": str(uuid4()),
        "actor": SOMEONE,
        "verb": {"id": EXPERIENCED},
        "object": {"id": FORUM},
    } | more


def about(statement: dict, **more) -> dict:
    return said(
        actor=TEACHER,
        verb={"id": "http://adlnet.gov/expapi/verbs/commented"},
        object={"objectType": "StatementRef", "id": statement["id"]},
        **more,
    )


def voiding(statement: dict) -> dict:
    return about(statement) | {"verb": {"id": VOIDED}}


@pytest.fixture
async def admin(store, add_person, token_of) -> str:
    return await token_of(await add_person(Role.ADMIN, into=store))


@pytest.fixture
def send(client, admin):
    async def send(*statements: dict) -> int:
        headers = {"Authorization": f"Bearer {admin}", "X-Experience-API-Version": "1.0.3"}
        answer = await client.post(STATEMENTS, json=list(statements), headers=headers)
        return answer.status

    return send


@pytest.fixture
def found(get, admin):
    """The ids that a question finds."""

    async def found(**params) -> set[str]:
        answer = await get(STATEMENTS, admin, **params)
        assert answer.status == 200, await answer.text()
        return {one["id"] for one in (await answer.json())["statements"]}

    return found


async def test_a_voided_statement_is_found_by_its_voided_id_alone(send, get, admin, found):
    first = said()
    await send(first)
    void = voiding(first)
    assert await send(void) == 200
    assert await found() == {void["id"]}
    assert (await get(STATEMENTS, admin, statementId=first["id"])).status == 404
    answer = await get(STATEMENTS, admin, voidedStatementId=first["id"])
    assert (await answer.json())["id"] == first["id"]


async def test_what_is_not_voided_is_not_found_as_voided(send, get, admin):
    first = said()
    await send(first)
    assert (await get(STATEMENTS, admin, voidedStatementId=first["id"])).status == 404


async def test_a_voiding_may_come_before_what_it_voids(send, get, admin):
    first = said()
    assert await send(voiding(first)) == 200
    assert await send(first) == 200
    assert (await get(STATEMENTS, admin, statementId=first["id"])).status == 404


async def test_what_voids_can_not_be_voided(send, get, admin):
    first = said()
    void = voiding(first)
    await send(first, void)
    assert await send(voiding(void)) == 400
    assert (await get(STATEMENTS, admin, statementId=void["id"])).status == 200


async def test_a_voiding_names_a_statement(send):
    assert await send(said(verb={"id": VOIDED})) == 400


async def test_a_list_with_a_forbidden_voiding_keeps_nothing(send, found):
    first = said()
    void = voiding(first)
    assert await send(first, void, voiding(void)) == 400
    assert await found() == set()


async def test_what_is_about_a_fitting_statement_is_found_with_it(send, found):
    """Communication 2.1.3, filter conditions for StatementRefs; also over two of them."""
    first = said()
    second = about(first)
    third = about(second)
    await send(first, second, third, said(verb={"id": "http://other"}))
    assert await found(verb=EXPERIENCED) == {first["id"], second["id"], third["id"]}
    assert await found(agent=json.dumps(TEACHER)) == {second["id"], third["id"]}


async def test_what_is_about_a_voided_statement_is_still_found(send, found):
    first = said()
    void, comment = voiding(first), about(first)
    await send(first, comment, void)
    assert await found(agent=json.dumps(SOMEONE)) == {void["id"], comment["id"]}


async def test_pages_over_references_have_no_gap_and_no_double(send, get, admin):
    first = said()
    await send(first, *(about(first) for _ in range(3)))
    seen, path, params = [], STATEMENTS, {"verb": EXPERIENCED, "limit": "1"}
    while path:
        page = await (await get(path, admin, **params)).json()
        seen += [one["id"] for one in page["statements"]]
        path, params = page["more"], {}
    assert len(seen) == len(set(seen)) == 4


async def test_an_agent_is_related_wherever_they_stand(send, found):
    group = {"objectType": "Group", "member": [TEACHER]}
    places = [
        said(actor=TEACHER),
        said(object={"objectType": "Agent"} | TEACHER),
        said(context={"instructor": TEACHER}),
        said(context={"team": group | {"name": "Crew"}}),
        said(actor=group),
        said(
            object={
                "objectType": "SubStatement",
                "actor": TEACHER,
                "verb": {"id": EXPERIENCED},
                "object": {"id": FORUM},
            }
        ),
    ]
    await send(said(), *places)
    teacher = json.dumps(TEACHER)
    assert await found(agent=teacher) == {places[0]["id"]}
    assert await found(agent=teacher, related_agents="true") == {one["id"] for one in places}


async def test_an_activity_is_related_wherever_it_stands(send, found):
    places = [
        said(object={"id": COURSE}),
        said(context={"contextActivities": {"parent": [{"id": COURSE}]}}),
        said(context={"contextActivities": {"grouping": {"id": COURSE}}}),
    ]
    await send(said(), *places)
    assert await found(activity=COURSE) == {places[0]["id"]}
    related = await found(activity=COURSE, related_activities="true")
    assert related == {one["id"] for one in places}


async def test_our_own_statements_are_related_to_their_room(found, journal, drained, room):
    joined = room.joined(uuid4(), 1)
    await journal.record(joined, room.said(joined, "hello"))
    await drained()
    address = f"https://live.example.edu/lectures/{room.lecture}"
    assert len(await found(activity=address)) == 1
    assert len(await found(activity=address, related_activities="true")) == 2


async def test_ids_are_all_that_the_form_of_ids_tells(send, get, admin):
    one = said(
        actor=SOMEONE | {"name": "Some One"},
        verb={"id": EXPERIENCED, "display": {"en": "experienced"}},
        object={"id": FORUM, "definition": {"name": {"en": "A forum"}}},
    )
    await send(one)
    answer = await (await get(STATEMENTS, admin, statementId=one["id"], format="ids")).json()
    assert answer["actor"] == SOMEONE
    assert answer["verb"] == {"id": EXPERIENCED}
    assert answer["object"] == {"id": FORUM}


async def test_the_canonical_form_is_in_the_readers_language(send, get, admin):
    words = {"en": "experienced", "kk-KZ": "көрді", "ru": "увидел"}
    await send(said(verb={"id": EXPERIENCED, "display": words}))
    for accepted, left in (("kk, en;q=0.5", "kk-KZ"), ("de", "en"), ("", "en")):
        headers = {"Accept-Language": accepted}
        page = await get(STATEMENTS, admin, format="canonical", headers=headers)
        [one] = (await page.json())["statements"]
        assert one["verb"]["display"] == {left: words[left]}


async def test_the_answer_of_one_statement_says_when_it_was_kept(send, get, admin):
    one = said()
    await send(one)
    answer = await get(STATEMENTS, admin, statementId=one["id"])
    assert answer.headers["Last-Modified"] == "Mon, 07 Sep 2026 04:00:00 GMT"


@pytest.mark.parametrize(
    "extra", [{"limit": "1"}, {"ascending": "true"}, {"related_agents": "true"}]
)
async def test_beside_the_id_of_a_statement_stands_no_filter(send, get, admin, extra):
    one = said()
    await send(one)
    assert (await get(STATEMENTS, admin, statementId=one["id"], **extra)).status == 400


async def test_a_file_without_link_or_part_is_refused_and_a_link_is_taken(send):
    attachment = {
        "usageType": "http://example.org/certificate",
        "display": {"en": "A file"},
        "contentType": "text/plain",
        "length": 3,
        "sha2": "0" * 64,
    }
    assert await send(said(attachments=[attachment])) == 400
    assert await send(said(attachments=[attachment | {"fileUrl": "https://example.org/f"}])) == 200


async def test_put_takes_one_statement_and_its_id_and_nothing_else(client, admin):
    headers = {"Authorization": f"Bearer {admin}", "X-Experience-API-Version": "1.0.3"}

    async def put(body, **params) -> int:
        return (await client.put(STATEMENTS, json=body, params=params, headers=headers)).status

    one = said()
    assert await put([one], statementId=one["id"]) == 400
    assert await put(one, statementId=one["id"], format="ids") == 400
    assert await put(one, statementId=one["id"]) == 204
    assert await put(one, statementId=one["id"]) == 204
    assert await put(one | {"actor": TEACHER}, statementId=one["id"]) == 409
    assert await put(one) == 400


async def test_an_activity_has_all_that_was_told_of_it_the_newest_first(send, get, admin):
    """Communication 2.5; an interaction is one thing, and never put together from two."""
    old = {
        "name": {"en": "A forum", "kk": "Форум"},
        "type": "http://e.org/forum",
        "interactionType": "choice",
        "choices": [{"id": "a"}],
    }
    new = {"name": {"en": "The forum"}, "interactionType": "numeric", "extensions": {"http://x": 1}}
    for definition in (old, new):
        await send(said(object={"id": FORUM, "definition": definition}), said())
    answer = await get("/xapi/activities", admin, activityId=FORUM)
    names = {"name": {"en": "The forum", "kk": "Форум"}, "type": "http://e.org/forum"}
    assert (await answer.json())["definition"] == new | names
    unknown = await get("/xapi/activities", admin, activityId="https://example.org/none")
    assert await unknown.json() == {"objectType": "Activity", "id": "https://example.org/none"}
    assert (await get("/xapi/activities", admin)).status == 400


async def test_an_agent_is_told_of_as_a_person(get, admin):
    answer = await get("/xapi/agents", admin, agent=json.dumps(SOMEONE))
    assert await answer.json() == {"objectType": "Person", "mbox": [SOMEONE["mbox"]]}
    assert (await get("/xapi/agents", admin, agent="{}")).status == 400
