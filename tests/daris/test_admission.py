"""The waiting room before the whole service: all ways to a lecture, a restart, and its end."""

import json
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from daris.admission import may_still_watch
from daris.app import build
from identity.rights import Role
from identity.tickets import TICKETS, Ticket
from kernel.clock import SystemClock
from kernel.ids import new_id
from kernel.settings import Settings
from tests.live.test_whip import OFFER

PLAY = OFFER.replace("sendonly", "recvonly")
KEPT_OUT = dict.fromkeys(("stream", "fast", "captions", "chat", "beacon", "whep"), 403)
# nothing is on the stage yet, and the stream has no such segment
LET_IN = {"stream": 404, "fast": 200, "captions": 404, "chat": 200, "beacon": 204, "whep": 409}


class Service:
    """A process; `headers` are those of its people by name."""

    def __init__(self, client: TestClient, headers: dict[str, dict[str, str]]) -> None:
        self.client, self.headers = client, headers

    async def ask(self, who: str, method: str, path: str, **how) -> tuple[int, dict]:
        headers = self.headers[who] | how.pop("headers", {})
        async with self.client.request(method, path, headers=headers, **how) as answer:
            is_json = "json" in answer.content_type
            return answer.status, await answer.json(content_type=None) if is_json else {}

    async def ways(self, who: str, lecture: str) -> dict[str, int]:
        """The status of all that shows something of the room, or counts."""
        beacon = {"view": str(new_id()), "mode": "live", "position": 0, "playing": True}
        api, sdp = f"/api/v1/lectures/{lecture}", {"Content-Type": "application/sdp"}
        asked = {
            "stream": ("GET", f"/hls/{lecture}/camera/7.m4s", {}),
            "fast": ("GET", f"/fast/{lecture}", {}),
            "captions": ("GET", f"/hls/{lecture}/captions/kk/live-7.vtt", {}),
            "chat": ("GET", f"{api}/chat", {}),
            "beacon": ("POST", f"{api}/beacon", {"json": beacon}),
            "whep": ("POST", f"/whep/{lecture}", {"data": PLAY, "headers": sdp}),
        }
        return {
            name: (await self.ask(who, method, path, **how))[0]
            for name, (method, path, how) in asked.items()
        }

    @asynccontextmanager
    async def socket(self, who: str, lecture: str):
        """`hear(kind)` is the next message of that kind."""
        path = f"/lectures/{lecture}/socket"
        async with self.client.ws_connect(path, headers=self.headers[who]) as socket:

            async def hear(kind: str) -> dict:
                while (message := json.loads(await socket.receive_str(timeout=20)))["type"] != kind:
                    pass
                return message

            await socket.send_json({"type": "hello", "device": who})
            yield socket.send_json, hear


async def fast(request: web.Request) -> web.Response:
    """What the fast lane would say."""
    may_watch = may_still_watch(request)
    is_allowed = may_watch is not None and may_watch(UUID(request.match_info["lecture"]))
    return web.Response(status=200 if is_allowed else 403)


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


@pytest.fixture
async def headers(add_person, bearer) -> dict[str, dict[str, str]]:
    roles = {"host": Role.LECTURER, "dana": Role.STUDENT, "timur": Role.STUDENT}
    return {who: await bearer(await add_person(role, name=who)) for who, role in roles.items()}


@pytest.fixture
def service(tmp_path, headers):
    """`async with service() as served`: a process on the database of the test."""

    @asynccontextmanager
    async def run():
        app = build(Settings(data_dir=tmp_path, media_port=0, media_tcp=False), SystemClock())
        app.router.add_get("/fast/{lecture}", fast)
        async with TestClient(TestServer(app)) as client:
            yield Service(client, dict(headers))

    return run


async def begun(served: Service) -> str:
    """A lecture with a waiting room that is live; its id."""
    now = SystemClock().now()
    times = {"starts_at": now + timedelta(minutes=1), "ends_at": now + timedelta(hours=1)}
    body = {name: at.isoformat() for name, at in times.items()}
    body |= {"title": "Waves", "waiting_room": True, "is_recorded": False}
    status, made = await served.ask("host", "POST", "/api/v1/lectures", json=body)
    assert status == 201, made
    status, _ = await served.ask("host", "POST", f"/api/v1/lectures/{made['id']}/start")
    assert status == 200
    return made["id"]


async def test_every_way_to_a_lecture_is_shut_until_a_host_lets_in_and_stays_open_then(service):
    async with service() as served:
        lecture = await begun(served)
        ticket = served.client.app[TICKETS].issue(
            Ticket(lecture=UUID(lecture), name="Guest"), timedelta(hours=1)
        )
        served.headers["guest"] = {"Cookie": f"daris_ticket={ticket}"}
        assert await served.ways("host", lecture) == LET_IN  # and the room is up
        assert await served.ways("dana", lecture) == KEPT_OUT
        assert await served.ways("guest", lecture) == KEPT_OUT
        _, told = await served.ask("dana", "GET", f"/api/v1/lectures/{lecture}/chat")
        assert told["type"].endswith("waiting")
        async with (
            served.socket("host", lecture) as (say, heard),
            served.socket("dana", lecture) as (_, dana_hears),
        ):
            await dana_hears("waiting")
            while not (waiting := await heard("waiting_people"))["people"]:
                pass
            await say({"type": "admit", "person": waiting["people"][0]["id"]})
            await dana_hears("welcome")
            assert await served.ways("dana", lecture) == LET_IN
            assert await served.ways("timur", lecture) == KEPT_OUT

    async with service() as served:  # another process
        async with (
            served.socket("dana", lecture) as (_, dana_hears),
            served.socket("timur", lecture) as (_, timur_hears),
        ):
            assert (await dana_hears("welcome"))["waiting"] is None
            await timur_hears("waiting")
            assert await served.ways("timur", lecture) == KEPT_OUT
            assert await served.ways("dana", lecture) == LET_IN
            await served.ask("host", "POST", f"/api/v1/lectures/{lecture}/stop")
            assert (await timur_hears("bye"))["reason"] == "ended"
        after = await served.ways("timur", lecture)  # the usual rules, for everybody
        assert after == LET_IN
