"""State and profiles: documents with tags, and the rules about them, on either database."""

import asyncio
import hashlib
import json
from datetime import timedelta

import pytest

from footprint.events import FootprintRead
from identity.rights import Role

ACTIVITY = "https://example.org/course/1"
AGENT = json.dumps({"mbox": "mailto:someone@example.org"})
STATE = ("/xapi/activities/state", {"activityId": ACTIVITY, "agent": AGENT}, "stateId")
AGENT_PROFILE = ("/xapi/agents/profile", {"agent": AGENT}, "profileId")
ACTIVITY_PROFILE = ("/xapi/activities/profile", {"activityId": ACTIVITY}, "profileId")
EACH = pytest.mark.parametrize("resource", [STATE, AGENT_PROFILE, ACTIVITY_PROFILE])
PROFILES = pytest.mark.parametrize("resource", [AGENT_PROFILE, ACTIVITY_PROFILE])
JSON = "application/json"


@pytest.fixture
async def admin(store, add_person, token_of) -> str:
    return await token_of(await add_person(Role.ADMIN, into=store))


@pytest.fixture
def ask(client, admin):
    """`await ask(method, resource, name, body, …headers)`."""

    async def ask(method, resource, name=None, body=None, *, headers=None, token=admin, **params):
        path, scope, key = resource
        named = {} if name is None else {key: name}
        ours = {"Authorization": f"Bearer {token}", "X-Experience-API-Version": "1.0.3"}
        if body is not None:
            ours["Content-Type"] = JSON
        return await client.request(
            method, path, params=scope | named | params, data=body, headers=ours | (headers or {})
        )

    return ask


@EACH
async def test_a_document_comes_back_with_its_type_and_tag(ask, resource):
    picture = b"\x00\x01"
    kept = await ask("PUT", resource, "mark", picture, headers={"Content-Type": "image/png"})
    assert kept.status == 204
    answer = await ask("GET", resource, "mark")
    assert (await answer.read(), answer.content_type) == (picture, "image/png")
    assert answer.headers["ETag"] == f'"{hashlib.sha1(picture).hexdigest()}"'
    assert answer.headers["Last-Modified"].endswith("GMT")
    assert answer.headers["X-Experience-API-Version"] == "1.0.3"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")


@EACH
async def test_a_document_that_is_not_there_is_not_found(ask, resource):
    assert (await ask("GET", resource, "mark")).status == 404
    assert (await ask("DELETE", resource, "mark")).status == 204


@EACH
async def test_what_was_deleted_is_gone(ask, resource):
    await ask("PUT", resource, "mark", b"{}")
    assert (await ask("DELETE", resource, "mark")).status == 204
    assert (await ask("GET", resource, "mark")).status == 404


@EACH
async def test_posting_merges_the_members_of_objects(ask, resource):
    await ask("POST", resource, "mark", b'{"a": 1, "b": {"c": 1}}')
    assert (await ask("POST", resource, "mark", b'{"b": {"d": 2}}')).status == 204
    answer = await ask("GET", resource, "mark")
    assert json.loads(await answer.read()) == {"a": 1, "b": {"d": 2}}


@EACH
async def test_only_objects_are_merged(ask, resource):
    await ask("PUT", resource, "text", b"abc", headers={"Content-Type": "text/plain"})
    assert (await ask("POST", resource, "text", b"{}")).status == 400
    await ask("PUT", resource, "object", b"{}")
    assert (await ask("POST", resource, "object", b"[1]")).status == 400
    plain = {"Content-Type": "text/plain"}
    assert (await ask("POST", resource, "object", b"{}", headers=plain)).status == 400
    assert await (await ask("GET", resource, "text")).read() == b"abc"
    assert (await ask("POST", resource, "new", b"[1]")).status == 204  # nothing to merge it with


@EACH
async def test_json_that_is_none_is_refused(ask, resource):
    assert (await ask("PUT", resource, "mark", b"{")).status == 400


@EACH
async def test_the_names_of_a_scope_are_listed_also_since_a_time(ask, resource, clock):
    await ask("PUT", resource, "one", b"{}")
    first = clock.now().isoformat()
    clock.advance(timedelta(minutes=1))
    await ask("PUT", resource, "two", b"{}")
    assert await (await ask("GET", resource)).json() == ["one", "two"]
    assert await (await ask("GET", resource, since=first)).json() == ["two"]


@PROFILES
async def test_a_profile_is_replaced_only_by_who_knows_it(ask, resource):
    await ask("PUT", resource, "mark", b"1", headers={"If-None-Match": "*"})
    assert (await ask("PUT", resource, "mark", b"2")).status == 409
    none = {"If-None-Match": "*"}
    assert (await ask("PUT", resource, "mark", b"2", headers=none)).status == 412
    wrong = {"If-Match": f'"{"0" * 40}"'}
    assert (await ask("PUT", resource, "mark", b"2", headers=wrong)).status == 412
    tag = (await ask("GET", resource, "mark")).headers["ETag"]
    assert (await ask("PUT", resource, "mark", b"2", headers={"If-Match": tag})).status == 204
    assert await (await ask("GET", resource, "mark")).read() == b"2"


async def test_state_needs_no_tag_but_heeds_one(ask):
    """Before 2.0, which holds it as profiles are (4.1.4)."""
    await ask("PUT", STATE, "mark", b"1")
    assert (await ask("PUT", STATE, "mark", b"2")).status == 204
    newer = {"X-Experience-API-Version": "2.0.0"}
    assert (await ask("PUT", STATE, "mark", b"3", headers=newer)).status == 409
    assert (await ask("PUT", STATE, "mark", b"3", headers={"If-None-Match": "*"})).status == 412
    assert await (await ask("GET", STATE, "mark")).read() == b"2"


@EACH
async def test_nothing_is_deleted_or_merged_against_its_tag(ask, resource):
    await ask("PUT", resource, "mark", b"{}")
    wrong = {"If-Match": '"x"'}
    assert (await ask("DELETE", resource, "mark", headers=wrong)).status == 412
    assert (await ask("POST", resource, "mark", b'{"a": 1}', headers=wrong)).status == 412
    assert await (await ask("GET", resource, "mark")).read() == b"{}"


@EACH
async def test_who_has_the_document_is_told_so(ask, resource):
    await ask("PUT", resource, "mark", b"{}")
    tag = (await ask("GET", resource, "mark")).headers["ETag"]
    assert (await ask("GET", resource, "mark", headers={"If-None-Match": tag})).status == 304


async def test_of_many_who_create_a_profile_at_once_one_does(ask):
    tried = (
        ask("PUT", AGENT_PROFILE, "mark", str(n).encode(), headers={"If-None-Match": "*"})
        for n in range(5)
    )
    statuses = sorted(answer.status for answer in await asyncio.gather(*tried))
    assert statuses == [204, 412, 412, 412, 412]


async def test_states_of_registrations_are_apart(ask):
    here, there = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
    await ask("PUT", STATE, "mark", b"1", registration=here)
    await ask("PUT", STATE, "mark", b"2", registration=there)
    assert await (await ask("GET", STATE, "mark", registration=here)).read() == b"1"
    assert (await ask("GET", STATE, "mark")).status == 404
    assert await (await ask("GET", STATE, registration=here)).json() == ["mark"]
    assert (await ask("DELETE", STATE, registration=here)).status == 204
    assert await (await ask("GET", STATE)).json() == ["mark"]
    assert (await ask("DELETE", STATE)).status == 204
    assert await (await ask("GET", STATE)).json() == []


@PROFILES
async def test_a_profile_is_deleted_by_name_only(ask, resource):
    assert (await ask("DELETE", resource)).status == 400


@EACH
@pytest.mark.parametrize(
    "wrong", [{"agent": "x"}, {"activityId": "no iri"}, {"since": "yesterday"}, {"color": "red"}]
)
async def test_a_question_that_makes_no_sense_is_refused(ask, resource, wrong):
    assert (await ask("GET", resource, **wrong)).status == 400


@EACH
async def test_a_document_without_a_name_is_refused(ask, resource):
    assert (await ask("PUT", resource, body=b"{}")).status == 400
    assert (await ask("POST", resource, body=b"{}")).status == 400
    assert (await ask("PUT", resource, "", body=b"{}")).status == 400


async def test_names_of_any_length_are_kept(ask):
    assert (await ask("PUT", STATE, "x" * 3_000, b"{}")).status == 204
    assert (await ask("GET", STATE, "x" * 3_000)).status == 200


async def test_a_student_reads_their_own_documents_only(ask, store, add_person, token_of, kept):
    student = await add_person(Role.STUDENT, into=store)
    token = await token_of(student)
    account = {"homePage": "https://live.example.edu", "name": str(student.id)}
    own = ("/xapi/agents/profile", {"agent": json.dumps({"account": account})}, "profileId")
    await ask("PUT", own, "mark", b"{}")
    assert (await ask("GET", own, "mark", token=token)).status == 200
    assert kept.facts == []
    assert (await ask("GET", AGENT_PROFILE, "mark", token=token)).status == 403
    assert (await ask("PUT", own, "mark", b"1", token=token)).status == 403


async def test_reading_somebody_elses_documents_is_a_fact(ask, kept):
    await ask("GET", AGENT_PROFILE)
    assert [type(fact) for fact in kept.facts] == [FootprintRead]
