"""What xAPI 2.0 (IEEE 9274.1.1) brought: agents and groups around a statement, and its version."""

import json

import pytest

from footprint.reception import receive
from footprint.xapi import VERSION_2
from identity.rights import Role
from kernel.errors import Invalid

STATEMENTS = "/xapi/statements"
TUTOR = {"account": {"homePage": "https://example.org", "name": "tutor-7"}}
CLASS = {"objectType": "Group", "mbox": "mailto:class@example.org"}
TYPES = ["https://example.org/roles/tutor"]
AROUND = {
    "contextAgents": [{"objectType": "contextAgent", "agent": TUTOR, "relevantTypes": TYPES}],
    "contextGroups": [{"objectType": "contextGroup", "group": CLASS}],
}


def statement(**more) -> dict:
    return {
        "actor": {"mbox": "mailto:someone@example.org"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
        "object": {"id": "https://example.org/forum/1"},
        "context": AROUND,
    } | more


@pytest.fixture
def store(database):
    """Nothing here is SQL of one kind."""
    return database


@pytest.fixture
async def admin(store, add_person, token_of) -> str:
    return await token_of(await add_person(Role.ADMIN, into=store))


@pytest.fixture
def ask(client, admin):
    async def ask(method: str, version: str, body: dict | None = None, **params):
        headers = {"Authorization": f"Bearer {admin}", "X-Experience-API-Version": version}
        return await client.request(method, STATEMENTS, json=body, params=params, headers=headers)

    return ask


async def test_who_stands_around_a_statement_is_kept_and_found(ask):
    answer = await ask("POST", "2.0.0", statement())
    assert (answer.status, answer.headers["X-Experience-API-Version"]) == (200, "2.0.0")
    [identifier] = await answer.json()
    kept = await (await ask("GET", "2.0.0", statementId=identifier)).json()
    assert (kept["context"], kept["version"]) == (AROUND, "2.0.0")
    for agent in (TUTOR, CLASS):
        asked = {"agent": json.dumps(agent), "related_agents": "true"}
        found = await (await ask("GET", "2.0.0", **asked)).json()
        assert [one["id"] for one in found["statements"]] == [identifier]
        alone = await (await ask("GET", "2.0.0", agent=json.dumps(agent))).json()
        assert alone["statements"] == []


async def test_asked_for_ids_agents_around_are_bare(ask):
    named = {"objectType": "contextAgent", "agent": TUTOR | {"name": "Timur"}}
    await ask("POST", "2.0.0", statement(context={"contextAgents": [named]}))
    page = await (await ask("GET", "2.0.0", format="ids")).json()
    assert page["statements"][0]["context"]["contextAgents"][0]["agent"] == TUTOR


async def test_a_request_of_1_0_knows_nothing_of_it(ask):
    answer = await ask("POST", "1.0.3", statement())
    assert answer.status == 400
    assert "came with 2.0" in (await answer.json())["title"]
    assert (await ask("POST", "1.0.3", statement(context={}, version="2.0.0"))).status == 400
    assert (await ask("POST", "2.0.0", statement(context={}, version="1.0.3"))).status == 200


@pytest.mark.parametrize(
    "around",
    [
        {"contextAgents": [{"objectType": "contextAgent"}]},
        {"contextAgents": [{"objectType": "agent", "agent": TUTOR}]},
        {"contextAgents": [{"objectType": "contextAgent", "agent": CLASS}]},
        {"contextAgents": [{"objectType": "contextAgent", "agent": {}}]},
        {"contextAgents": [AROUND["contextAgents"][0] | {"relevantTypes": []}]},
        {"contextAgents": [AROUND["contextAgents"][0] | {"relevantTypes": ["no iri"]}]},
        {"contextGroups": [{"objectType": "contextGroup", "group": TUTOR}]},
        {"contextGroups": AROUND["contextAgents"]},
        {"contextAgents": AROUND["contextAgents"][0]},
    ],
    ids=str,
)
def test_what_is_malformed_around_a_statement_is_refused_with_its_path(around):
    with pytest.raises(Invalid, match=r"\$\.context\.context(Agents|Groups)"):
        receive(json.dumps(statement(context=around)).encode(), spoken=VERSION_2)
