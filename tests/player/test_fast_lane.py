"""The fast lane before the whole service: real connections, real tickets."""

import asyncio
import gzip
import shutil
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from aiohttp import web

from bench import clips
from daris.admission import may_still_watch
from daris.app import build
from identity.sessions import SESSIONS
from identity.tickets import TICKETS, Ticket
from kernel.clock import SystemClock
from kernel.settings import Settings
from player import fast_lane
from player.delivery import LIBRARY
from player.fast_lane import ANSWERS, FastLane, FastSite
from transcode.recording import Recording

LECTURE = uuid4()
IDENTITY = {"Accept-Encoding": "identity"}


class Answer:
    """Status, headers and body."""

    def __init__(self, head: bytes, body: bytes) -> None:
        line, *lines = head.decode().strip().split("\r\n")
        self.status = int(line.split()[1])
        self.headers = {
            name.lower(): value for name, value in (each.split(": ", 1) for each in lines)
        }
        self.body = body


class Line:
    """One connection, kept open, that says exactly what the test says."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def send(self, text: str) -> None:
        self._writer.write(text.encode())

    async def answer(self) -> Answer:
        async with asyncio.timeout(20):
            head = await self._reader.readuntil(b"\r\n\r\n")
            answer = Answer(head, b"")
            answer.body = await self._reader.readexactly(
                int(answer.headers.get("content-length", 0))
            )
            return answer

    async def get(self, path: str, **headers: str) -> Answer:
        self.send(request(path, **headers))
        return await self.answer()

    async def is_closed(self) -> bool:
        async with asyncio.timeout(20):
            return await self._reader.read(1) == b""

    def close(self) -> None:
        self._writer.close()


def request(path: str, **headers: str) -> str:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n"


Connect = Callable[[], Awaitable[Line]]


@pytest.fixture
async def runner(tmp_path, migrated_sqlite):
    shutil.copy(migrated_sqlite, tmp_path / "daris.db")
    settings = Settings(data_dir=tmp_path, media_port=0, media_tcp=False)
    made = web.AppRunner(build(settings, SystemClock()), access_log=None, shutdown_timeout=0.1)
    await made.setup()
    yield made
    await made.cleanup()


@pytest.fixture
async def connect(runner):
    lane = FastLane(runner.app[LIBRARY], may_still_watch)
    await FastSite(runner, "127.0.0.1", 0, lane).start()
    port = runner.addresses[0][1]
    lines = []

    async def opened() -> Line:
        lines.append(Line(*await asyncio.open_connection("127.0.0.1", port)))
        return lines[-1]

    yield opened
    for line in lines:
        line.close()


@pytest.fixture
def lecture(runner) -> Recording:
    return runner.app[LIBRARY].open_recording(LECTURE, datetime.now(UTC), post=lambda call: call())


@pytest.fixture(scope="module")
def film():
    return clips.interleaved(camera=clips.video(6), voice=clips.voice(6))


def push(recording, film, starts: float, ends: float) -> None:
    for kind, unit in film:
        if starts <= unit.time < ends:
            recording.push(kind, unit)


@pytest.fixture
def ticket(runner):
    def issue(lecture: UUID = LECTURE) -> dict[str, str]:
        made = runner.app[TICKETS].issue(Ticket(lecture=lecture, name="Guest"), timedelta(hours=1))
        return {"Cookie": f"daris_ticket={made}"}

    return issue


def fast_answers() -> float:
    (metric,) = ANSWERS.collect()
    return metric.samples[0].value


def path(name: str, lecture: UUID = LECTURE) -> str:
    return f"/hls/{lecture}/{name}"


async def test_after_its_first_request_a_viewer_is_answered_fast(connect, lecture, film, ticket):
    push(lecture, film, 0, 3)
    line, cookie = await connect(), ticket()
    first = await line.get(path("camera.m3u8"), **cookie)
    before = fast_answers()
    second = await line.get(path("camera.m3u8"), **cookie)
    assert fast_answers() == before + 1
    assert second.body == first.body
    for name in ("content-type", "cache-control", "vary", "etag", "content-length"):
        assert second.headers[name] == first.headers[name]


async def test_media_are_the_same_bytes_on_both_ways(connect, lecture, film, ticket):
    push(lecture, film, 0, 3)
    line, cookie = await connect(), ticket()
    for name in ("camera/0.m4s", "camera/1.2.m4s", "voice/0.0.m4s"):
        slow = await line.get(path(name), **cookie, X_Another=name)
        before = fast_answers()
        fast = await line.get(path(name), **cookie, X_Another=name)
        assert fast_answers() == before + 1
        assert fast.body == slow.body
        assert fast.body[4:8] == b"moof"
        for header in ("content-type", "cache-control", "etag"):
            assert fast.headers[header] == slow.headers[header]


async def test_playlists_are_zipped_for_who_takes_it(connect, lecture, film, ticket):
    push(lecture, film, 0, 3)
    line, headers = await connect(), ticket() | {"Accept_Encoding": "gzip, br"}
    answers = [await line.get(path("camera.m3u8"), **headers) for _ in range(2)]
    plain = await line.get(path("camera.m3u8"), **ticket())
    assert [answer.headers["content-encoding"] for answer in answers] == ["gzip", "gzip"]
    assert {gzip.decompress(answer.body) for answer in answers} == {plain.body}


async def test_who_waits_is_answered_when_the_part_is_there(connect, lecture, film, ticket):
    push(lecture, film, 0, 3)
    cookie = ticket()
    lines = [await connect() for _ in range(100)]
    await lines[0].get(path("camera.m3u8"), **cookie)
    before = fast_answers()
    for line in lines[:50]:
        line.send(request(path("camera.m3u8?_HLS_msn=1&_HLS_part=5"), **cookie))
    for line in lines[50:]:
        line.send(request(path("camera/1.5.m4s"), **cookie))
    other = await connect()
    await other.get(path("camera.m3u8"), **cookie)  # comes behind the others
    push(lecture, film, 3, 4)
    answers = [await line.answer() for line in lines]
    assert all(b'URI="camera/1.5.m4s"' in answer.body for answer in answers[:50])
    assert all(answer.body[4:8] == b"moof" for answer in answers[50:])
    assert fast_answers() == before + 101


async def test_the_end_of_the_lecture_wakes_who_waits(connect, lecture, film, ticket):
    push(lecture, film, 0, 3)
    line, cookie = await connect(), ticket()
    await line.get(path("programme.m3u8"), **cookie)
    line.send(request(path("programme.m3u8?_HLS_msn=3&_HLS_part=0"), **cookie))
    lecture.finish()
    assert (await line.answer()).body.endswith(b"#EXT-X-ENDLIST\n")


async def test_who_waits_in_vain_gets_what_there_is(connect, lecture, film, ticket, monkeypatch):
    monkeypatch.setattr(fast_lane, "PATIENCE", timedelta(0))
    monkeypatch.setattr("player.delivery.PATIENCE", timedelta(0))
    push(lecture, film, 0, 3)
    line, cookie = await connect(), ticket()
    await line.get(path("camera.m3u8"), **cookie)
    assert (await line.get(path("camera.m3u8?_HLS_msn=3"), **cookie)).status == 200
    assert (await line.get(path("camera/1.7.m4s"), **cookie)).status == 404


async def test_strangers_and_tickets_of_other_lectures_stay_out(connect, lecture, film, ticket):
    push(lecture, film, 0, 3)
    line = await connect()
    for name in ("camera.m3u8", "camera/0.m4s", "camera/0.0.m4s"):
        assert (await line.get(path(name), **ticket())).status == 200
        assert (await line.get(path(name))).status == 401
        assert (await line.get(path(name), **ticket(uuid4()))).status == 403


async def test_a_viewer_of_one_lecture_is_not_let_into_the_next(connect, runner, film, ticket):
    other = uuid4()
    for each in (LECTURE, other):
        opened = runner.app[LIBRARY].open_recording(
            each, datetime.now(UTC), post=lambda call: call()
        )
        push(opened, film, 0, 3)
    line, cookie = await connect(), ticket()
    for _ in range(2):
        assert (await line.get(path("camera.m3u8"), **cookie)).status == 200
        assert (await line.get(path("camera.m3u8", other), **cookie)).status == 403


async def test_what_is_revoked_ends_at_once(connect, runner, lecture, film, ticket):
    push(lecture, film, 0, 3)
    line, cookie = await connect(), ticket()
    await line.get(path("camera.m3u8"), **cookie)
    before = fast_answers()
    runner.app[SESSIONS].forget_everyone()
    await line.get(path("camera.m3u8"), **cookie)  # was asked for anew
    assert fast_answers() == before


async def test_revoked_while_waiting_is_asked_anew(connect, runner, lecture, film, ticket):
    push(lecture, film, 0, 3)
    line, cookie = await connect(), ticket()
    await line.get(path("camera.m3u8"), **cookie)
    line.send(request(path("camera.m3u8?_HLS_msn=1&_HLS_part=5"), **cookie))
    await (await connect()).get(path("camera.m3u8"), **cookie)
    runner.app[SESSIONS].forget_everyone()
    before = fast_answers()
    push(lecture, film, 3, 4)
    assert (await line.answer()).status == 200
    assert fast_answers() == before


NOT_PLAIN = [
    ("camera.m3u8?_HLS_msn=99", {}, 400),
    ("camera.m3u8?_HLS_part=1", {}, 400),
    ("camera/9.9.m4s", {}, 404),
    ("camera.m3u8?ticket=forged", {}, 401),
    ("camera.m3u8", {"If_None_Match": "*"}, 304),
    ("camera/0.m4s", {"If_None_Match": '"camera-0"'}, 304),
    ("camera.m3u8", {"Content_Length": "0"}, 200),
]


async def test_what_is_not_plain_goes_to_the_views(connect, lecture, film, ticket):
    push(lecture, film, 0, 3)
    line, cookie = await connect(), ticket()
    await line.get(path("camera.m3u8"), **cookie)
    before = fast_answers()
    for name, headers, status in NOT_PLAIN * 2:
        assert (await line.get(path(name), **cookie, **headers)).status == status, name
    assert fast_answers() == before


async def test_a_page_between_two_parts_disturbs_nothing(connect, lecture, film, ticket):
    push(lecture, film, 0, 3)
    line, cookie = await connect(), ticket()
    await line.get(path("camera.m3u8"), **cookie)
    assert (await line.get("/health/live", **cookie)).status in {200, 404}
    body = "x" * 200
    for chunks in ([body], [body[:50], body[50:]]):
        line.send(
            "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        for chunk in chunks:
            line.send(chunk)
        await line.answer()
    assert (await line.get(path("camera.m3u8"), **cookie)).status == 200


async def test_a_request_in_the_body_of_another_is_never_answered(connect, lecture, film, ticket):
    """Behind a proxy that answer would go to somebody else."""
    push(lecture, film, 0, 3)
    line, cookie = await connect(), ticket()
    await line.get(path("camera.m3u8"), **cookie)
    smuggled = request(path("camera.m3u8"), **cookie)
    line.send(
        "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(smuggled)}\r\n\r\n"
    )
    await (await connect()).get(path("camera.m3u8"), **cookie)  # so that it comes by itself
    before = fast_answers()
    line.send(smuggled)
    assert (await line.answer()).status >= 400
    assert (await line.get("/nothing", **cookie)).status == 404
    assert fast_answers() == before


async def test_half_a_head_leaves_the_rest_to_aiohttp(connect, lecture, film, ticket):
    push(lecture, film, 0, 3)
    line, cookie = await connect(), ticket()
    await line.get(path("camera.m3u8"), **cookie)
    whole = request(path("camera/0.m4s"), **cookie)
    line.send("GET /nothing HTTP/1.1\r\nX-Long: ")
    await (await connect()).get(path("camera.m3u8"), **cookie)
    before = fast_answers()
    line.send(whole)
    assert (await line.answer()).status == 404
    assert fast_answers() == before


async def test_requests_sent_ahead_are_answered_in_order(connect, lecture, film, ticket):
    push(lecture, film, 0, 3)
    line, cookie = await connect(), ticket()
    await line.get(path("camera.m3u8"), **cookie)
    names = ["camera/0.0.m4s", "nothing", "camera/0.1.m4s", "camera.m3u8"]
    line.send("".join(request(path(name), **cookie) for name in names))
    kinds = [(await line.answer()).headers["content-type"].partition(";")[0] for _ in names]
    assert kinds == [
        "video/mp4",
        "application/problem+json",
        "video/mp4",
        "application/vnd.apple.mpegurl",
    ]


async def test_what_comes_while_it_waits_is_answered_after_it(connect, lecture, film, ticket):
    push(lecture, film, 0, 3)
    line, cookie = await connect(), ticket()
    await line.get(path("camera.m3u8"), **cookie)
    line.send(request(path("camera.m3u8?_HLS_msn=1&_HLS_part=5"), **cookie))
    await (await connect()).get(path("camera.m3u8"), **cookie)
    line.send(request(path("camera/0.0.m4s"), **cookie))
    push(lecture, film, 3, 4)
    assert (await line.answer()).body.startswith(b"#EXTM3U")
    assert (await line.answer()).body[4:8] == b"moof"


async def test_who_sends_without_reading_is_ended(connect, lecture, film, ticket):
    push(lecture, film, 0, 3)
    line, cookie = await connect(), ticket()
    await line.get(path("camera.m3u8"), **cookie)
    line.send(request(path("camera.m3u8?_HLS_msn=1&_HLS_part=5"), **cookie))
    await (await connect()).get(path("camera.m3u8"), **cookie)
    line.send(request(path("camera/0.0.m4s"), **cookie) * 200)
    assert await line.is_closed()
