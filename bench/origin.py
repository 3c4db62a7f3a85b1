"""What an HLS request costs: `python -m bench.origin [--json] [--viewers N]`.

A server in its own process packages a live lecture of about 0.9 Mbit/s. First 64 connections ask
for playlist and part in turn, and its CPU is counted; nginx answers the same bytes from
files in the page cache. Then viewers do what players do: wait for the next part in the playlist,
fetch it. The clients share the machine's cores with the server.
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
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import uvloop
from aiohttp import web

from bench import clips
from bench.report import arguments, percentile, show
from kernel.web import problems
from player.delivery import LIBRARY, add_routes
from transcode.access_unit import AccessUnit, TrackKind
from transcode.h264 import annex_b
from transcode.library import Library
from transcode.writer import RecordingWriter

LECTURE = UUID(int=7)
CLIP = 10
PADDING = 4000  # bytes a picture
CONNECTIONS, LOAD_SECONDS, WATCH_SECONDS = 64, 4.0, 8.0
TICKS = os.sysconf("SC_CLK_TCK")
PLAYLIST = f"/hls/{LECTURE}/programme.m3u8"
MEANINGS = {
    "us_per_request": "CPU of our server for a playlist or a part, microseconds",
    "nginx_us_per_request": "CPU of nginx for the same bytes from files",
    "viewers": "players at once in the second run",
    "part_p99_ms": "from a part announced to the first viewer to it received by all",
    "cpu_percent": "of one core, our server with these viewers",
}


@dataclass(slots=True)
class Swarm:
    """When each part was first announced, and how late each viewer had it."""

    announced: dict[str, float] = field(default_factory=dict)
    late_ms: list[float] = field(default_factory=list)


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--viewers", type=int, default=300)
    options = parser.parse_args()
    with TemporaryDirectory() as folder, _server(Path(folder)) as (process, port):
        figures = asyncio.run(_measure(Path(folder), process.pid, port, options.viewers))
    show("HLS origin", figures, MEANINGS, as_json=options.json)


async def _measure(folder: Path, pid: int, port: int, viewers: int) -> dict[str, float | None]:
    client = await Client.open(port)
    listed = (await client.get(PLAYLIST)).decode()
    part = f"/hls/{LECTURE}/{_parts(listed)[-1]}"
    ours = await _us_per_request(pid, port, (PLAYLIST, part))
    theirs = await _nginx_us(folder / "www", listed.encode(), await client.get(part))
    before = _cpu(pid)
    swarm = Swarm()
    ends = time.monotonic() + WATCH_SECONDS
    async with asyncio.TaskGroup() as tasks:
        for _ in range(viewers):
            tasks.create_task(_view(port, swarm, ends))
    return {
        "us_per_request": ours,
        "nginx_us_per_request": theirs,
        "viewers": viewers,
        "part_p99_ms": percentile(swarm.late_ms, 0.99),
        "cpu_percent": 100 * (_cpu(pid) - before) / WATCH_SECONDS,
    }


async def _us_per_request(pid: int, port: int, paths: tuple[str, str]) -> float:
    idle = _cpu(pid)
    await asyncio.sleep(1)
    idle = _cpu(pid) - idle  # a second of packaging, not of answering
    before = _cpu(pid)
    ends = time.monotonic() + LOAD_SECONDS
    async with asyncio.TaskGroup() as tasks:
        asking = [tasks.create_task(_ask(port, paths, ends)) for _ in range(CONNECTIONS)]
    requests = sum(task.result() for task in asking)
    return 1e6 * (_cpu(pid) - before - idle * LOAD_SECONDS) / requests


async def _ask(port: int, paths: tuple[str, str], ends: float) -> int:
    client = await Client.open(port)
    count = 0
    while time.monotonic() < ends:
        await client.get(paths[count % 2])
        count += 1
    return count


async def _view(port: int, swarm: Swarm, ends: float) -> None:
    """One player: the next part's address, then the part."""
    client = await Client.open(port)
    seen = _parts((await client.get(PLAYLIST)).decode())[-1]
    while time.monotonic() < ends:
        msn, number = _position(seen)
        ask = f"{PLAYLIST}?_HLS_msn={msn}&_HLS_part={number + 1}&_HLS_skip=YES"
        parts = _parts((await client.get(ask)).decode())
        fresh = parts[parts.index(seen) + 1 :] if seen in parts else parts[-1:]
        for seen in fresh:
            announced = swarm.announced.setdefault(seen, time.perf_counter())
            await client.get(f"/hls/{LECTURE}/{seen}")
            swarm.late_ms.append(1000 * (time.perf_counter() - announced))


def _parts(listed: str) -> list[str]:
    lines = (line for line in listed.splitlines() if line.startswith("#EXT-X-PART:"))
    return [line.split('URI="')[1].split('"')[0] for line in lines]


def _position(part: str) -> tuple[int, int]:
    msn, number, _ = part.split("/")[1].split(".")
    return int(msn), int(number)


class Client:
    """The least that speaks HTTP/1.1 over one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> "Client":
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=1 << 20))

    async def get(self, path: str) -> bytes:
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
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


@contextmanager
def _server(folder: Path) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    port = _free_port()
    code = "from bench.origin import serve; serve()"
    with subprocess.Popen([sys.executable, "-c", code, folder, str(port)]) as process:
        try:
            _wait_for(port)
            time.sleep(6)  # of lecture, so that there is a playlist
            yield process, port
        finally:
            process.kill()


def serve() -> None:
    """The child: one live lecture and its origin."""
    uvloop.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))


async def _serve(folder: Path, port: int) -> None:
    async def anybody(*_: object) -> None:
        pass

    units = clips.interleaved(camera=_padded(clips.video(CLIP)), voice=clips.voice(CLIP))
    app = web.Application(middlewares=[problems])
    library = app[LIBRARY] = Library(folder)
    add_routes(app, anybody)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    writer = RecordingWriter(
        library.open_recording(LECTURE, datetime.now(UTC)), lambda: datetime.now(UTC)
    )
    await web.TCPSite(runner, "127.0.0.1", port).start()
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
