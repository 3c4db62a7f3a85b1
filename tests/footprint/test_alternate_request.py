"""A form stands for any request of xAPI 1.0.3 (Communication 1.3), and for nothing else."""

import json
from itertools import product
from uuid import UUID, uuid4

import pytest

from footprint.store import statements
from identity.rights import Role
from tests.footprint.test_lrs import STATEMENTS, foreign

STATE = "/xapi/activities/state"
AGENT = json.dumps({"mbox": "mailto:someone@example.org"})
SCOPE = {"activityId": "https://example.org/course", "agent": AGENT, "stateId": "mark"}


@pytest.fixture
def store(database):
    return database


@pytest.fixture
async def admin(store, add_person, token_of) -> str:
    return await token_of(await add_person(Role.ADMIN, into=store))


@pytest.fixture
def form(client, admin):
    """`await form(method, path, **fields)`, as a page without a say over headers sends it."""

    async def form(method, path=STATEMENTS, *, headers=None, params=None, **fields):
        ours = {"Authorization": f"Bearer {admin}", "X-Experience-API-Version": "1.0.3"}
        return await client.post(
            path,
            params={"method": method} | (params or {}),
            data={**ours, **fields},
            headers=headers,
        )

    return form


async def test_a_form_puts_posts_and_gets_statements(form):
    identifier = str(uuid4())
    put = await form("PUT", statementId=identifier, content=json.dumps(foreign()))
    post = await form("POST", content=json.dumps([foreign(), foreign()]))
    assert (put.status, post.status, len(await post.json())) == (204, 200, 2)
    one = await (await form("GET", statementId=identifier)).json()
    page = await (await form("GET", limit="2")).json()
    assert (one["id"], len(page["statements"])) == (identifier, 2)
    assert page["more"].startswith(f"{STATEMENTS}?limit=2&")


async def test_a_form_brings_the_headers_of_a_document(form):
    kept = await form("PUT", STATE, **SCOPE, content="bäcker", **{"Content-Type": "text/plain"})
    assert kept.status == 204
    found = await form("GET", STATE, **SCOPE)
    assert (await found.text(), found.content_type) == ("bäcker", "text/plain")
    late = await form("PUT", STATE, **SCOPE, content="{}", **{"If-Match": '"another"'})
    gone = await form("DELETE", STATE, **SCOPE, **{"If-Match": found.headers["ETag"]})
    assert (late.status, gone.status, (await form("GET", STATE, **SCOPE)).status) == (412, 204, 404)


async def test_what_is_only_read_is_read_by_a_form_too(form, client):
    course = {"activityId": "https://example.org/course"}
    for name, fields in {"about": {}, "agents": {"agent": AGENT}, "activities": course}.items():
        assert (await form("GET", f"/xapi/{name}", **fields)).status == 200
        assert (await client.post(f"/xapi/{name}")).status == 405


async def test_whose_a_form_is_stands_in_it(form):
    own = {"Authorization": "Bearer nobody's"}
    assert (await form("GET", **own)).status == 401
    assert (await form("GET", headers=own)).status == 401  # a real header counts more


REFUSED = {
    "a parameter in the address": {"params": {"limit": "1"}},
    "no method of ours": {"method": "PATCH"},
    "no content": {"method": "PUT", "statementId": str(UUID(int=1))},
    "content to read by": {"content": "{}"},
    "parts": {"method": "POST", "content": "x", "Content-Type": "multipart/mixed; boundary=x"},
    "a field of no use": {"colour": "red"},
    "2.0": {"X-Experience-API-Version": "2.0.0"},
}


async def test_a_form_that_stands_for_nothing_is_refused(form, count):
    for name, fields in REFUSED.items():
        answer = await form(**{"method": "GET", **fields})
        assert (answer.status, answer.content_type) == (400, "application/problem+json"), name
    assert (await form("DELETE", statementId=str(uuid4()))).status == 405
    assert await count(statements) == 0


async def test_what_is_no_form_is_refused(client, admin):
    headers = {"Authorization": f"Bearer {admin}", "X-Experience-API-Version": "1.0.3"}
    kinds = ("application/x-www-form-urlencoded", "application/json")
    for data, kind in product([b'{"content": "{}"}', b"content=%FF", b"limit=1&limit=2"], kinds):
        sent = headers | {"Content-Type": kind}
        answer = await client.post(f"{STATEMENTS}?method=GET", data=data, headers=sent)
        assert answer.status == 400, (data, kind)
