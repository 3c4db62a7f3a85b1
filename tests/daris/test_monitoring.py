import asyncio
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from daris.monitoring import Alarms, Monitors
from kernel.settings import Settings
from tests.conftest import NOW


def after(seconds: float):
    return NOW + timedelta(seconds=seconds)


def test_an_alarm_is_raised_at_once_and_cleared_when_it_stays_away():
    alarms = Alarms("one")
    assert [notice.state for notice in alarms.update({"black": "x"}, after(0))] == ["raised"]
    assert alarms.update({"black": "x"}, after(1)) == []
    assert alarms.update({}, after(3)) == []
    assert [alarm.since for alarm in alarms.now()] == [NOW]
    assert [notice.state for notice in alarms.update({}, after(4))] == ["cleared"]
    assert alarms.now() == ()


def test_an_alarm_that_comes_and_goes_is_one():
    alarms = Alarms("one")
    told = [alarms.update({"pcr": "x"} if n % 2 else {}, after(n)) for n in range(10)]
    assert sum(map(len, told)) == 1


@pytest.fixture
async def hook():
    """A webhook that fails once, and what it got."""
    got: asyncio.Queue[dict] = asyncio.Queue()
    failures = [500]

    async def take(request: web.Request) -> web.Response:
        if failures:
            return web.Response(status=failures.pop())
        got.put_nowait(await request.json())
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/alarms", take)])
    async with TestServer(app) as server:
        yield str(server.make_url("/alarms")), got


@pytest.mark.timeout(60)
async def test_a_channel_from_which_nothing_comes_is_told_to_page_and_webhook(
    hook, clock, tmp_path
):
    address, got = hook
    health = {}
    settings = Settings(data_dir=tmp_path, alarm_webhook=address)
    async with asyncio.TaskGroup() as tasks:
        monitors = Monitors(settings, clock, health, tasks)
        monitors.watch("one", lambda: clock.now() + timedelta(minutes=30))
        clock.advance(timedelta(minutes=1))
        async with asyncio.timeout(40):
            notices = [await got.get() for _ in range(2)]
        assert {notice["code"] for notice in notices} == {"schedule", "signal"}
        assert {notice["state"] for notice in notices} == {"raised"}
        assert {alarm.code for alarm in health["one"].alarms} >= {"schedule", "signal"}
        monitors.close()
    assert health == {}
