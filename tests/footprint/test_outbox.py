"""The outbox: against a store that fails in every way, and against our own in another process."""

import json
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer
from prometheus_client import REGISTRY

from bench.house import Account, Server
from footprint.dead_letters import listed
from footprint.destination import Destination
from footprint.outbox import ALONE_EVERY, ALONE_FOR, TRIES, Outbox
from footprint.statements import House
from kernel.errors import Unavailable
from kernel.ids import new_id

HOUSE = House("https://live.example.edu")
ALERTS = Path(__file__).parents[2] / "deploy" / "alerts.yml"


def measured(name: str) -> float:
    return REGISTRY.get_sample_value(name) or 0


class Elsewhere:
    """A record store that takes what it is told to take."""

    def __init__(self) -> None:
        self.statements: dict[str, dict] = {}
        self.answers: list[int | str] = []  # the next answers; empty: it works
        self.refuses: set[str] = set()  # ids that it never takes
        self.breaks_at: set[str] = set()
        self.breaks_with = 500
        self.requests = 0

    async def post(self, request: web.Request) -> web.Response:
        self.requests += 1
        batch = await request.json()
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, int) and answer != 200:
            return web.Response(status=answer, text=f"No: {answer}")
        if self.breaks_at & {one["id"] for one in batch}:
            return web.Response(status=self.breaks_with, text="Oh")
        if self.refuses & {one["id"] for one in batch}:
            return web.Response(status=400, text="I do not like it")
        if any(self.statements.get(one["id"], one) != one for one in batch):
            return web.Response(status=409, text="It is another one")
        if answer == 200 and any(one["id"] in self.statements for one in batch):
            return web.Response(status=409, text="I have it")
        self.statements |= {one["id"]: one for one in batch}
        if answer == "lost":
            request.transport.abort()
        return web.json_response(sorted(self.statements))

    async def get(self, request: web.Request) -> web.Response:
        found = self.statements.get(request.query["statementId"])
        return web.json_response(found) if found else web.Response(status=404)


@pytest.fixture
async def elsewhere():
    it = Elsewhere()
    app = web.Application()
    app.add_routes([web.post("/xapi/statements", it.post), web.get("/xapi/statements", it.get)])
    async with TestServer(app) as server:
        it.url = str(server.make_url("/xapi"))
        yield it


@pytest.fixture
async def ours(store, clock, room, journal, drained) -> list[str]:
    """Seven joins in the log."""
    await journal.record(*(room.joined(new_id(), minute) for minute in range(7)))
    await drained()
    return []


@pytest.fixture
def outbox_to(store, clock, tmp_path):
    def make(url: str, password: str = "word") -> Outbox:
        return Outbox(Destination(url, "daris", password), tmp_path / "outbox", store, clock, HOUSE)

    return make


@asynccontextmanager
async def opened(outbox: Outbox):
    async with outbox.destination.client() as client:

        async def step() -> int:
            return await outbox.step(client)

        yield step


async def test_everything_arrives_once_and_the_place_is_kept(ours, elsewhere, outbox_to):
    async with opened(outbox_to(elsewhere.url)) as step:
        assert [await step(), await step()] == [7, 0]
    async with opened(outbox_to(elsewhere.url)) as step:
        assert await step() == 0
    assert (len(elsewhere.statements), elsewhere.requests) == (7, 1)


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
async def test_a_destination_in_trouble_loses_nothing(ours, elsewhere, outbox_to, status, tmp_path):
    elsewhere.answers = [status]
    async with opened(outbox_to(elsewhere.url)) as step:
        with pytest.raises(Unavailable, match=str(status)):
            await step()
        assert await step() == 7
    assert len(elsewhere.statements) == 7
    assert not (tmp_path / "outbox" / "dead.jsonl").exists()


async def test_a_lost_answer_leaves_each_statement_there_once(ours, elsewhere, outbox_to, tmp_path):
    """It comes again, the destination says 409, and has it already: that is done."""
    elsewhere.answers = ["lost"]
    async with opened(outbox_to(elsewhere.url)) as step:
        with pytest.raises(Unavailable):
            await step()
        assert [await step(), await step()] == [7, 0]
    assert len(elsewhere.statements) == 7
    assert not (tmp_path / "outbox" / "dead.jsonl").exists()


async def test_too_large_a_batch_is_halved(ours, elsewhere, outbox_to):
    elsewhere.answers = [413, 413]
    async with opened(outbox_to(elsewhere.url)) as step:
        assert await step() == 7
    assert len(elsewhere.statements) == 7


@pytest.fixture
async def ids(ours, elsewhere, outbox_to) -> list[str]:
    """Of our seven statements, as they will arrive."""
    async with opened(outbox_to(elsewhere.url)) as step:
        await step()
    found = list(elsewhere.statements)
    elsewhere.statements.clear()
    return found


async def test_one_that_is_refused_is_set_aside_with_the_reason(
    ids, elsewhere, outbox_to, tmp_path
):
    (tmp_path / "outbox" / "place.json").unlink()
    elsewhere.refuses = {ids[3]}
    async with opened(outbox_to(elsewhere.url)) as step:
        assert [await step(), await step()] == [7, 0]
    assert set(elsewhere.statements) == set(ids) - {ids[3]}
    dead = json.loads((tmp_path / "outbox" / "dead.jsonl").read_text())
    assert (dead["id"], dead["status"], dead["reason"]) == (ids[3], 400, "I do not like it")


async def test_what_was_refused_is_sent_again_when_asked_for(ids, elsewhere, outbox_to, tmp_path):
    (tmp_path / "outbox" / "place.json").unlink()
    elsewhere.statements.clear()
    elsewhere.refuses = {ids[3], ids[5]}
    outbox = outbox_to(elsewhere.url)
    async with opened(outbox) as step:
        await step()
    elsewhere.refuses = {ids[5]}
    assert [str(one.id) for one in await outbox.retry()] == [ids[5]]
    assert set(elsewhere.statements) == set(ids) - {ids[5]}
    assert [str(one.id) for one in listed(tmp_path / "outbox")] == [ids[5]]
    elsewhere.answers = [500]
    with pytest.raises(Unavailable):
        await outbox.retry()
    assert len(listed(tmp_path / "outbox")) == 1


@pytest.fixture(params=[500, 502])
async def stuck(request, ids, elsewhere, outbox_to, tmp_path):
    """A destination that breaks at the fourth statement, and how to go on with it."""
    (tmp_path / "outbox" / "place.json").unlink()
    elsewhere.breaks_at, elsewhere.breaks_with = {ids[3]}, request.param
    async with opened(outbox_to(elsewhere.url)) as step:
        for _ in range(TRIES):
            with pytest.raises(Unavailable, match=str(request.param)):
                await step()
        assert elsewhere.statements == {}
        assert await step() == 7
        yield step


async def test_one_that_breaks_the_destination_holds_nobody_up(
    stuck, ids, elsewhere, tmp_path, clock
):
    assert set(elsewhere.statements) == set(ids) - {ids[3]}
    [one] = listed(tmp_path / "outbox")
    assert (str(one.id), one.status, one.reason) == (ids[3], elsewhere.breaks_with, "Oh")
    assert (one.is_waiting, measured("daris_footprint_outbox_aside")) == (True, 1)
    before = elsewhere.requests
    assert await stuck() == 0
    assert elsewhere.requests == before  # it has its time
    elsewhere.breaks_at = set()
    clock.advance(ALONE_EVERY)
    await stuck()
    assert set(elsewhere.statements) == set(ids)
    assert (listed(tmp_path / "outbox"), measured("daris_footprint_outbox_aside")) == ([], 0)


async def test_after_days_alone_it_is_refused_for_good(stuck, ids, tmp_path, clock):
    refused = measured("daris_footprint_outbox_dead_total")
    for is_waiting in (True, False, False):
        clock.advance(ALONE_FOR / 2)
        await stuck()
        [one] = listed(tmp_path / "outbox")
        assert (str(one.id), one.is_waiting, one.reason) == (ids[3], is_waiting, "Oh")
    assert (
        measured("daris_footprint_outbox_dead_total") - refused,
        measured("daris_footprint_outbox_aside"),
    ) == (1, 0)


async def test_a_destination_that_breaks_at_everything_is_waited_for(
    ids, elsewhere, outbox_to, tmp_path
):
    (tmp_path / "outbox" / "place.json").unlink()
    elsewhere.breaks_at = set(ids)
    async with opened(outbox_to(elsewhere.url)) as step:
        for _ in range(TRIES + 3):
            with pytest.raises(Unavailable):
                await step()
        assert listed(tmp_path / "outbox") == []
        elsewhere.breaks_at = set()
        assert await step() == 7
    assert set(elsewhere.statements) == set(ids)


async def test_the_age_of_the_oldest_grows_until_the_alarm_and_falls_when_it_is_sent(
    ours, elsewhere, outbox_to, clock
):
    rules = yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]
    [alarm] = [rule["expr"] for rule in rules if rule["alert"] == "StatementsWaitForTheOtherStore"]
    name, _, most = alarm.partition(" > ")
    async with opened(outbox_to(elsewhere.url)) as step:
        for minutes, is_too_old in ((10, False), (10, True)):
            clock.advance(timedelta(minutes=minutes))
            elsewhere.answers = [503]
            with pytest.raises(Unavailable):
                await step()
            assert (measured(name) > float(most)) == is_too_old
        assert [await step(), await step()] == [7, 0]
    assert measured(name) == 0


async def test_a_different_statement_of_that_id_is_a_conflict(ids, elsewhere, outbox_to, tmp_path):
    (tmp_path / "outbox" / "place.json").unlink()
    elsewhere.statements = {ids[0]: {"id": ids[0], "actor": {}, "verb": {}, "object": {}}}
    async with opened(outbox_to(elsewhere.url)) as step:
        assert await step() == 7
    dead = json.loads((tmp_path / "outbox" / "dead.jsonl").read_text())
    assert (dead["id"], dead["status"]) == (ids[0], 409)


async def test_a_destination_that_is_not_there_is_waited_for(ours, outbox_to, unused_url):
    async with opened(outbox_to(unused_url)) as step:
        with pytest.raises(Unavailable):
            await step()


@pytest.fixture
async def unused_url() -> str:
    async with TestServer(web.Application()) as server:
        return str(server.make_url("/xapi"))


@pytest.mark.timeout(60)
async def test_our_own_store_in_another_process_takes_it_all(ours, outbox_to, tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    server = Server.prepare(folder)
    server.start()
    try:
        admin = await Account.add(server, "admin", "Record keeper")
        async with opened(outbox_to(f"{server.url}/xapi", admin.token)) as step:
            assert [await step(), await step()] == [7, 0]
        place = tmp_path / "outbox" / "place.json"
        place.unlink()  # as if the machine had died before it was written
        async with opened(outbox_to(f"{server.url}/xapi", admin.token)) as step:
            assert await step() == 7
        found = await admin.get("/xapi/statements?verb=http://activitystrea.ms/join")
        assert len({one["id"] for one in found["statements"]}) == len(found["statements"]) == 7
        async with opened(outbox_to(f"{server.url}/xapi", "a wrong word")) as step:
            place.unlink()
            with pytest.raises(Unavailable, match="401"):
                await step()
    finally:
        server.stop()
