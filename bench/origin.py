"""What an HLS request costs: `python -m bench.origin [--json] [--viewers N]`.

The whole service in its own process packages a live lecture of about 0.9 Mbit/s, for viewers with
tickets. First 64 connections ask for playlist and part in turn, by the fast lane and by aiohttp alone,
and the server's CPU is counted; nginx answers the same bytes from files in the page cache. Then viewers
do what players do: wait for the next part in the playlist, fetch it. The clients share the machine's
cores with the server.
"""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import uvloop
from aiohttp import web

from bench import clips
from bench.crowd import Crowd, gather
from bench.report import arguments, percentile, show
from daris.admission import may_still_watch
from daris.app import build
from identity.tickets import TICKETS, Ticket
from kernel.clock import SystemClock
from kernel.settings import Settings
from player.delivery import LIBRARY
from player.fast_lane import FastLane, FastSite
from transcode.access_unit import AccessUnit, TrackKind
from transcode.h264 import annex_b
from transcode.writer import RecordingWriter

LECTURE = UUID(int=7)
CLIP = 10
PADDING = 4000  # bytes a picture
CONNECTIONS, LOAD_SECONDS, SETTLE_SECONDS, WATCH_SECONDS = 64, 4.0, 4.0, 8.0
TICKS = os.sysconf("SC_CLK_TCK")
PLAYLIST = f"/hls/{LECTURE}/programme.m3u8"
MEANINGS = {
    "us_per_request": "CPU of our server for a playlist or a part, microseconds",
    "aiohttp_us_per_request": "the same without the fast lane",
    "nginx_us_per_request": "CPU of nginx for the same bytes from files",
    "viewers": "players at once in the second run",
    "part_p99_ms": "from a part announced to the first viewer to it received by all",
    "requests_per_second": "in the second run",
    "cpu_percent": "of one core, our server with these viewers",
    "viewers_cpu_percent": "of one core, the viewers: near 100 it is they who are late",
    "refused": "answers to them that were none",
}


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--viewers", type=int, default=1000)
    options = parser.parse_args()
    with TemporaryDirectory() as folder, _server(Path(folder)) as server:
        figures = uvloop.run(_measure(Path(folder), server, options.viewers))
    show("HLS origin", figures, MEANINGS, as_json=options.json)


async def _measure(folder: Path, server: "Served", viewers: int) -> dict[str, float | None]:
    pid, cookie = server.pid, f"Cookie: daris_ticket={server.ticket}\r\n"
    client = await Client.open(server.port, cookie)
    listed = (await client.get(PLAYLIST)).decode()
    part = f"/hls/{LECTURE}/{_parts(listed)[-1]}"
    paths = PLAYLIST, part
    ours = await _us_per_request(pid, server.port, paths, cookie)
    aiohttps = await _us_per_request(pid, server.plain_port, paths, cookie)
    theirs = await _nginx_us(folder / "www", listed.encode(), await client.get(part))
    crowd = Crowd(f"/hls/{LECTURE}", "programme", cookie)
    watching = await gather(crowd, server.port, viewers)
    await asyncio.sleep(SETTLE_SECONDS)
    crowd.late_ms.clear()
    before, answers, spent = _cpu(pid), crowd.answers, time.process_time()
    await asyncio.sleep(WATCH_SECONDS)
    cpu, answers, spent = (
        _cpu(pid) - before,
        crowd.answers - answers,
        time.process_time() - spent,
    )
    for viewer in watching:
        viewer.close()
    return {
        "us_per_request": ours,
        "aiohttp_us_per_request": aiohttps,
        "nginx_us_per_request": theirs,
        "viewers": viewers,
        "part_p99_ms": percentile(crowd.late_ms, 0.99),
        "requests_per_second": answers / WATCH_SECONDS,
        "cpu_percent": 100 * cpu / WATCH_SECONDS,
        "viewers_cpu_percent": 100 * spent / WATCH_SECONDS,
        "refused": crowd.failures,
    }


async def _us_per_request(pid: int, port: int, paths: tuple[str, str], headers: str = "") -> float:
    idle = _cpu(pid)
    await asyncio.sleep(1)
    idle = _cpu(pid) - idle  # a second of packaging, not of answering
    before = _cpu(pid)
    ends = time.monotonic() + LOAD_SECONDS
    async with asyncio.TaskGroup() as tasks:
        asking = [tasks.create_task(_ask(port, paths, headers, ends)) for _ in range(CONNECTIONS)]
    requests = sum(task.result() for task in asking)
    return 1e6 * (_cpu(pid) - before - idle * LOAD_SECONDS) / requests


async def _ask(port: int, paths: tuple[str, str], headers: str, ends: float) -> int:
    client = await Client.open(port, headers)
    count = 0
    while time.monotonic() < ends:
        await client.get(paths[count % 2])
        count += 1
    return count


def _parts(listed: str) -> list[str]:
    lines = (line for line in listed.splitlines() if line.startswith("#EXT-X-PART:"))
    return [line.split('URI="')[1].split('"')[0] for line in lines]


class Client:
    """The least that speaks HTTP/1.1 over one connection."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, headers: str
    ) -> None:
        self._reader, self._writer, self._headers = reader, writer, headers

    @classmethod
    async def open(cls, port: int, headers: str) -> "Client":
        streams = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        return cls(*streams, headers)

    async def get(self, path: str) -> bytes:
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{self._headers}\r\n"
        self._writer.write(request.encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        assert b" 200 " in head[:20], head
        size = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        return await self._reader.readexactly(size)


async def _nginx_us(folder: Path, listed: bytes, part: bytes) -> float | None:
    """None if there is no nginx."""
    if not shutil.which("nginx"):
        return None
    folder.mkdir()
    (folder / "list.m3u8").write_bytes(listed)
    (folder / "part.m4s").write_bytes(part)
    with _nginx(folder) as (pid, port):
        return await _us_per_request(pid, port, ("/list.m3u8", "/part.m4s"))


@contextmanager
def _nginx(folder: Path) -> Iterator[tuple[int, int]]:
    port = _free_port()
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error;"
        "events { worker_connections 1024; }"
        "http { sendfile on; tcp_nopush on; access_log off; keepalive_requests 1000000;"
        f" server {{ listen 127.0.0.1:{port}; root {folder}; }} }}"
    )
    command = ["nginx", "-p", str(folder), "-e", f"{folder}/error", "-c", "nginx.conf"]
    with subprocess.Popen(command) as process:
        try:
            _wait_for(port)
            yield process.pid, port
        finally:
            process.kill()


@dataclass(frozen=True, slots=True)
class Served:
    """The child."""

    pid: int
    port: int
    plain_port: int  # without the fast lane
    ticket: str


@contextmanager
def _server(folder: Path) -> Iterator[Served]:
    port, plain_port = _free_port(), _free_port()
    code = "from bench.origin import serve; serve()"
    command = [sys.executable, "-c", code, str(folder), str(port), str(plain_port)]
    with subprocess.Popen(command) as process:
        try:
            _wait_for(plain_port)
            time.sleep(6)  # of lecture, so that there is a playlist
            yield Served(process.pid, port, plain_port, (folder / "ticket").read_text())
        finally:
            process.kill()


def serve() -> None:
    """The child: the service with one live lecture."""
    uvloop.run(_serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))


async def _serve(folder: Path, port: int, plain_port: int) -> None:
    units = clips.interleaved(camera=_padded(clips.video(CLIP)), voice=clips.voice(CLIP))
    settings = Settings(data_dir=folder, port=port, media_port=_free_port(), media_tcp=False)
    runner = web.AppRunner(build(settings, SystemClock()), access_log=None)
    await runner.setup()
    guest = Ticket(lecture=LECTURE, name="Guest")
    (folder / "ticket").write_text(runner.app[TICKETS].issue(guest, timedelta(hours=1)))
    library = runner.app[LIBRARY]
    recording = library.open_recording(LECTURE, datetime.now(UTC))
    writer = RecordingWriter(recording, lambda: datetime.now(UTC))
    await FastSite(runner, "127.0.0.1", port, FastLane(library, may_still_watch)).start()
    await web.TCPSite(runner, "127.0.0.1", plain_port).start()
    await _teach(writer, units)


async def _teach(writer: RecordingWriter, units: list[tuple[TrackKind, AccessUnit]]) -> None:
    began = time.monotonic()
    for again in range(100):
        for kind, unit in units:
            pts = unit.pts + again * CLIP * unit.timescale
            await asyncio.sleep(began + pts / unit.timescale - time.monotonic())
            writer.push(kind, AccessUnit(unit.data, pts, unit.timescale, unit.is_key))


def _padded(units: list[AccessUnit]) -> list[AccessUnit]:
    """As large as pictures of a camera: user data of a SEI message."""
    padding = annex_b([b"\x06\x05" + b"\xff" * 15 + b"\xaf" + b"U" * PADDING + b"\x80"])
    return [AccessUnit(padding + unit.data, unit.pts, 90000, unit.is_key) for unit in units]


def _cpu(pid: int) -> float:
    """Seconds of user and system time."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    with socket.socket() as probe:
        while probe.connect_ex(("127.0.0.1", port)):
            if time.monotonic() > deadline:
                raise TimeoutError("the server does not answer")
            time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
