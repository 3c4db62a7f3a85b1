"""deploy/nginx.conf in a real nginx, before an origin that counts."""

import asyncio
import shutil
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from aiohttp import ClientSession, TCPConnector, web
from aiohttp.test_utils import TestServer

from kernel.proxies import Proxies

ROOT = Path(__file__).parents[2]
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
SEGMENT = "/hls/{}/camera/7.m4s"

FRAME = """
daemon off; pid {folder}/pid; error_log stderr warn; {user}
events {{}}
http {{ access_log off; {temporary} {daris} }}
"""


class Origin:
    """As much of Daris as the cache sees."""

    def __init__(self) -> None:
        self.served: Counter[str] = Counter()
        self.app = web.Application()
        self.app.router.add_get("/hls/{lecture}/{path:.*}", self._hls)
        self.app.router.add_get("/tv/{path:.*}", self._television)
        self.app.router.add_get("/lectures/{lecture}/socket", self._echo)
        self.app.router.add_get("/metrics", self._television)
        self.app.router.add_get("/login", self._login)

    async def _hls(self, request: web.Request) -> web.Response:
        self.served[request.path] += 1
        who = request.cookies.get("who") or request.query.get("ticket")
        if who is None:
            raise web.HTTPUnauthorized
        if who == "stranger":
            raise web.HTTPForbidden
        response = web.Response(text=request.path, headers={"Cache-Control": "private"})
        response.set_cookie("of", who)
        return response

    async def _television(self, request: web.Request) -> web.Response:
        self.served[request.path] += 1
        return web.Response(text="seg", headers={"Cache-Control": "public, max-age=60"})

    async def _login(self, request: web.Request) -> web.Response:
        return web.json_response(request.headers.getall("X-Forwarded-For"))

    async def _echo(self, request: web.Request) -> web.WebSocketResponse:
        room = web.WebSocketResponse()
        await room.prepare(request)
        await room.send_str(await room.receive_str())
        await room.close()
        return room


@asynccontextmanager
async def nginx_before(origin: str, folder: Path) -> AsyncIterator[str]:
    """The address of an nginx with our configuration."""
    port = _free_port()
    ours = (ROOT / "deploy" / "nginx.conf").read_text()
    ours = ours.replace("app:8080", origin).replace("listen 80;", f"listen 127.0.0.1:{port};")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    configuration = FRAME.format(
        folder=folder,
        user="user root;" if Path("/").owner() == "root" else "",
        temporary="".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds),
        daris=ours.replace("/var/cache/nginx", str(folder)).replace("/var/lib/daris", str(folder)),
    )
    (folder / "nginx.conf").write_text(configuration)
    command = [NGINX, "-p", folder, "-c", folder / "nginx.conf", "-e", "stderr"]
    process = await asyncio.create_subprocess_exec(*command)
    try:
        await _answers(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


async def _answers(port: int, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                assert process.returncode is None, "nginx does not take the configuration"
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return await writer.wait_closed()


@pytest.fixture
async def origin() -> Origin:
    return Origin()


@pytest.fixture
async def cache(origin, tmp_path) -> AsyncIterator[ClientSession]:
    async with (
        TestServer(origin.app) as server,
        nginx_before(f"127.0.0.1:{server.port}", tmp_path) as address,
        ClientSession(address) as session,
    ):
        yield session


@pytest.fixture
def lecture() -> UUID:
    return uuid4()


async def test_whoever_makes_up_an_address_is_known_by_their_own(cache):
    headers = {"X-Forwarded-For": "198.51.100.1"}
    person = TCPConnector(local_addr=("127.0.0.2", 0))
    async with (
        ClientSession(cache._base_url, connector=person, headers=headers) as session,
        session.get("/login") as answer,
    ):
        forwarded = await answer.json()
    assert Proxies.read(("127.0.0.1",)).origin("127.0.0.1", forwarded) == "127.0.0.2"


async def fetch(cache: ClientSession, path: str, who: str = "") -> tuple[int, str]:
    headers = {"Cookie": f"who={who}"} if who else {}
    async with cache.get(path, headers=headers) as answer:
        assert "Set-Cookie" not in answer.headers
        return answer.status, await answer.text()


@pytest.mark.parametrize("address", [SEGMENT, "/hls/{}/captions/kk/live-7.vtt"])
async def test_a_segment_is_asked_of_daris_once_for_all(cache, origin, lecture, address):
    path = address.format(lecture)
    for who in ("dana", "timur", "dana"):
        assert await fetch(cache, path, who) == (200, path)
    assert origin.served[path] == 1


async def test_who_may_not_watch_gets_nothing_from_the_cache(cache, lecture):
    path = SEGMENT.format(lecture)
    await fetch(cache, path, "dana")
    assert (await fetch(cache, path))[0] == 401
    assert (await fetch(cache, path, "stranger"))[0] == 403


async def test_the_right_is_asked_for_by_lecture_and_by_viewer(cache, origin, lecture):
    other = uuid4()
    for watched in (lecture, lecture, other):
        await fetch(cache, SEGMENT.format(watched), "dana")
    await fetch(cache, SEGMENT.format(lecture), "timur")
    assert origin.served[f"/hls/{lecture}/index.m3u8"] == 2
    assert origin.served[f"/hls/{other}/index.m3u8"] == 1


async def test_a_ticket_in_the_address_is_a_right_too(cache, origin, lecture):
    path = SEGMENT.format(lecture)
    assert (await fetch(cache, f"{path}?ticket=dana"))[0] == 200
    assert (await fetch(cache, f"{path}?ticket=stranger"))[0] == 403
    assert origin.served[path] == 1


async def test_playlists_are_never_kept(cache, origin, lecture):
    path = f"/hls/{lecture}/camera.m3u8"
    async with cache.get(path, headers={"Cookie": "who=dana"}) as first:
        assert first.status == 200
    async with cache.get(path, headers={"Cookie": "who=dana"}) as second:
        assert second.status == 200
    assert origin.served[path] == 2


async def test_television_is_kept_as_it_says(cache, origin):
    for _ in range(3):
        assert await fetch(cache, "/tv/one/7.m4s") == (200, "seg")
    assert origin.served["/tv/one/7.m4s"] == 1


async def test_while_no_server_answers_channels_come_from_their_folder(tmp_path):
    channel = tmp_path / "channels" / "one"
    channel.mkdir(parents=True)
    for name in ("index.m3u8", "7.m4s", "init-0123456789ab.mp4", "plan.json", ".lock"):
        (channel / name).write_text(name)
    nobody = f"127.0.0.1:{_free_port()}"
    async with nginx_before(nobody, tmp_path) as address, ClientSession(address) as session:
        found = {
            path: await fetch(session, f"/tv/one/{path}")
            for path in (
                *("index.m3u8", "7.m4s", "init-0123456789ab.mp4"),
                *("index.m3u8?utc=1", "8.m4s", "plan.json", ".lock", "../one/plan.json"),
            )
        }
        async with session.get("/tv/one/index.m3u8") as answer:
            assert answer.content_type == "application/vnd.apple.mpegurl"
    assert [path for path, (status, _) in found.items() if status == 200] == list(found)[:3]
    assert all(text == path for path, (status, text) in found.items() if status == 200)


async def test_a_room_socket_passes(cache, lecture):
    async with cache.ws_connect(f"/lectures/{lecture}/socket") as room:
        await room.send_str("сәлем")
        assert await room.receive_str() == "сәлем"


async def test_metrics_stay_inside(cache):
    assert (await fetch(cache, "/metrics"))[0] == 404
