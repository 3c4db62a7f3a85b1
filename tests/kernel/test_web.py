import io
from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest
import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import REGISTRY

from kernel import errors
from kernel.database import Database
from kernel.web import (
    DATABASE,
    ERROR_PAGE,
    MAX_BODY,
    decode,
    page_of,
    path_id,
    problems,
    reply,
    timed,
)

LEAVES = [leaf for leaf in errors.DarisError.__subclasses__() if leaf.__module__ == errors.__name__]


class Line(msgspec.Struct, frozen=True):
    """What the test's API takes."""

    text: str
    likes: int = 0


async def fail(request: web.Request) -> web.Response:
    leaf = next(leaf for leaf in LEAVES if leaf.__name__ == request.query["with"])
    findings = request.query.getall("finding", [])
    wait = request.query.get("wait")
    retry_after = timedelta(seconds=float(wait)) if wait else None
    raise leaf("It is so.", findings=findings, retry_after=retry_after)


async def break_down(_request: web.Request) -> web.Response:
    raise ZeroDivisionError("secret detail")


async def look_up(request: web.Request) -> web.Response:
    async with request.app[DATABASE].connect() as connection:
        await connection.execute(sa.text("SELECT 1"))
    raise AssertionError("Nobody listens on port 1.")


async def say(request: web.Request) -> web.Response:
    return reply(await decode(request, Line), status=201)


async def show(request: web.Request) -> web.Response:
    return reply([path_id(request), page_of(request)])


async def move(_request: web.Request) -> web.Response:
    raise web.HTTPSeeOther("/elsewhere")


@pytest.fixture
async def client() -> AsyncIterator[TestClient]:
    app = web.Application(middlewares=[timed, problems], client_max_size=MAX_BODY)
    app[ERROR_PAGE] = lambda request, error: web.Response(
        text=f"<h1>{error.message}</h1>", status=error.status, content_type="text/html"
    )
    app.router.add_get("/fail", fail)
    app.router.add_get("/break", break_down)
    app.router.add_get("/look", look_up)
    app[DATABASE] = Database.open("postgresql://nobody@127.0.0.1:1/nowhere")
    app.router.add_get("/api/fail", fail)
    app.router.add_post("/lines", say)
    app.router.add_get("/lines/{id}", show)
    app.router.add_get("/move", move)
    async with TestClient(TestServer(app)) as client:
        yield client
    await app[DATABASE].aclose()


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.__name__)
async def test_each_error_is_told_as_problem_json(client, leaf):
    answer = await client.get("/fail", params={"with": leaf.__name__})
    assert answer.status == leaf.status
    assert answer.content_type == "application/problem+json"
    assert await answer.json(content_type=None) == {
        "type": f"urn:daris:problem:{leaf.code}",
        "title": "It is so.",
        "status": leaf.status,
    }


async def test_findings_are_listed(client):
    answer = await client.get(
        "/fail", params=[("with", "Refused"), ("finding", "1"), ("finding", "2")]
    )
    assert (await answer.json(content_type=None))["findings"] == ["1", "2"]


@pytest.mark.parametrize(("wait", "header"), [("0.2", "1"), ("1.5", "2"), ("60", "60")])
async def test_when_to_come_back_is_told_in_whole_seconds(client, wait, header):
    answer = await client.get("/fail", params={"with": "TooMany", "wait": wait})
    assert answer.headers["Retry-After"] == header


async def test_our_own_failure_shows_no_detail(client):
    answer = await client.get("/break")
    assert answer.status == 500
    assert "secret" not in await answer.text()


async def test_a_database_that_is_away_is_told_as_passing(client):
    answer = await client.get("/look")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert "database does not answer" in (await answer.json(content_type=None))["title"]


@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [
        ("/fail", "text/html,application/xhtml+xml", "text/html"),
        ("/nowhere", "text/html", "text/html"),
        ("/fail", "*/*", "application/problem+json"),
        ("/fail", "application/json", "application/problem+json"),
        ("/api/fail", "text/html", "application/problem+json"),
    ],
)
async def test_only_a_person_gets_an_error_page(client, path, accept, kind):
    answer = await client.get(path, params={"with": "NotFound"}, headers={"Accept": accept})
    assert (answer.status, answer.content_type) == (404, kind)


async def test_an_address_that_is_not_there_is_a_problem(client):
    answer = await client.get("/nowhere")
    assert answer.status == 404
    assert (await answer.json(content_type=None))["type"] == "urn:daris:problem:not-found"


async def test_a_wrong_method_is_told_with_those_that_are_right(client):
    answer = await client.put("/lines")
    assert answer.status == 405
    assert answer.headers["Allow"] == "POST"
    assert answer.content_type == "application/problem+json"


async def test_a_redirect_is_no_error(client):
    answer = await client.get("/move", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/elsewhere")


async def test_a_body_is_decoded_and_answered_by_type(client):
    answer = await client.post("/lines", json={"text": "сәлем", "unknown": 1})
    assert answer.status == 201
    assert await answer.json() == {"text": "сәлем", "likes": 0}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"\xff\xfe", b'{"text": 1}', b'{"likes": 1}', b'{"x":' + b"[" * 100_000],
    ids=["nothing", "torn", "list", "no text", "wrong type", "field missing", "nested"],
)
async def test_a_wrong_body_is_the_callers_fault(client, body):
    answer = await client.post("/lines", data=body, headers={"Content-Type": "application/json"})
    assert answer.status == 400
    assert (await answer.json(content_type=None))["title"].startswith("The body can't be read: ")


async def test_a_body_of_another_type_is_not_taken(client):
    assert (await client.post("/lines", data={"text": "form"})).status == 415


@pytest.mark.parametrize("is_streamed", [False, True])
async def test_a_body_over_the_limit_is_not_taken(client, is_streamed):
    body = b'{"text": "' + b"x" * MAX_BODY + b'"}'

    async def pieces() -> AsyncIterator[bytes]:
        yield body

    answer = await client.post(
        "/lines",
        data=pieces() if is_streamed else io.BytesIO(body),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status == 413


async def test_a_page_of_a_list_is_asked_for_in_the_address(client):
    one = "0190d3a0-0000-7000-8000-000000000001"
    answer = await client.get(f"/lines/{one}?limit=3&after={one}")
    assert await answer.json() == [one, {"limit": 3, "after": one}]


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=many", "after=yesterday"])
async def test_a_wrong_page_is_the_callers_fault(client, query):
    assert (await client.get(f"/lines/0190d3a0-0000-7000-8000-000000000001?{query}")).status == 400


async def test_an_id_that_is_none_is_not_found(client):
    assert (await client.get("/lines/first")).status == 404


async def test_answers_are_measured_by_route(client):
    labels = {"method": "GET", "route": "/lines/{id}", "status": "404"}

    def count() -> float:
        return REGISTRY.get_sample_value("daris_http_request_seconds_count", labels) or 0

    before = count()
    await client.get("/lines/first")
    assert count() == before + 1
