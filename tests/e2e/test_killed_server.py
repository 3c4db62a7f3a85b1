"""`kill -9` of the whole server at any moment, while encoders publish and people watch."""

import asyncio
import json
import os
import random
import re
import subprocess
import sys
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urljoin

import aiohttp
import pytest

KILLS = int(os.environ.get("DARIS_TEST_KILLS", "2"))  # 50 before a release
LECTURES = 2  # at the same time
VIEWERS = 4  # of each
MOST_LOST = timedelta(seconds=2)

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120 + 40 * KILLS)]


@dataclass
class Life:
    """Of the server, as the encoders saw it."""

    began_at: datetime
    on_air_at: dict[str, datetime] = field(default_factory=dict)
    killed_at: datetime | None = None


@dataclass
class Viewer:
    """Watches the programme live and keeps what was shown last."""

    address: str
    headers: dict[str, str]
    shown: dict[str, bytes] = field(default_factory=dict)

    async def watch(self) -> None:
        async with aiohttp.ClientSession(headers=self.headers) as api:
            while True:
                with suppress(aiohttp.ClientError, TimeoutError):
                    await self._follow(api)
                await asyncio.sleep(0.1)

    async def _follow(self, api: aiohttp.ClientSession) -> None:
        query = ""
        while True:
            async with api.get(f"{self.address}{query}") as answer:
                if answer.status != 200:
                    return
                playlist = await answer.text()
            parts = re.findall(r'#EXT-X-PART:.*URI="(.*/(\d+)\.(\d+)\.m4s)"', playlist)
            for part, _, _ in parts[-3:]:
                await self._fetch(api, urljoin(self.address, part))
            whole = re.findall(r"/(\d+)\.m4s$", playlist, re.MULTILINE)
            if not parts:  # after a restart, until the first of them
                query = f"?_HLS_msn={int(whole[-1]) + 1}&_HLS_part=0"
            else:  # beyond a segment's last is the first of the next
                _, number, part = parts[-1]
                query = f"?_HLS_msn={number}&_HLS_part={int(part) + 1}"

    async def _fetch(self, api: aiohttp.ClientSession, address: str) -> None:
        async with api.get(address) as answer:
            data = await answer.read()
        if answer.status == 200:
            assert self.shown.setdefault(address, data) == data, f"{address} changed its meaning."


async def test_a_server_that_is_killed_again_and_again_loses_two_seconds_each_time(
    server, account, eventually, tmp_path
):
    lecturers = [await account(server, "lecturer", f"{n}ida Bekova") for n in "AB"[:LECTURES]]
    lectures = {await lecturer.plan(): lecturer for lecturer in lecturers}
    for lecture, lecturer in lectures.items():
        await lecturer.post(f"/api/v1/lectures/{lecture}/start")
    film = draw_film(tmp_path)
    viewers = {
        lecture: [viewer_of(server, lecture, lecturer.token) for _ in range(VIEWERS)]
        for lecture, lecturer in lectures.items()
    }
    lives = []
    for number in range(KILLS + 1):
        life = Life(datetime.now(UTC))
        async with watched(viewers), on_air(server, lectures, film, life):
            is_early = 0 < number < KILLS and random.random() < 0.3  # while it comes up
            if not is_early:
                await eventually(lambda life=life: all_on_air(life), seconds=60)
            await asyncio.sleep(random.uniform(0.1, 3))
            life.killed_at = datetime.now(UTC)
            if number < KILLS:
                server.kill()
        lives.append(life)
        if number < KILLS:
            await asyncio.to_thread(server.start)
    for lecture, lecturer in lectures.items():
        await lecturer.post(f"/api/v1/lectures/{lecture}/stop")
        await eventually(lambda a=lecture, b=lecturer: is_ready(a, b), seconds=60)
        folder = server.folder / "media" / lecture
        lost = losses(folder, lecture, lives)
        sys.stdout.write(f"of {KILLS} kills at most {max(lost).total_seconds():.2f} s were lost\n")
        assert max(lost) < MOST_LOST
        plays(folder)
        media = b"".join(path.read_bytes() for path in folder.glob("*.mp4"))
        for viewer in viewers[lecture]:
            assert all(data in media for data in list(viewer.shown.values())[-20:])


async def all_on_air(life: Life) -> bool:
    return len(life.on_air_at) == LECTURES


async def is_ready(lecture: str, lecturer) -> bool:
    return (await lecturer.get(f"/api/v1/lectures/{lecture}"))["recording"] == "ready"


def viewer_of(server, lecture: str, token: str) -> Viewer:
    address = f"{server.url}/hls/{lecture}/programme.m3u8"
    return Viewer(address, {"Authorization": f"Bearer {token}"})


@asynccontextmanager
async def watched(viewers: dict[str, list[Viewer]]):
    async with asyncio.TaskGroup() as tasks:
        watching = [tasks.create_task(one.watch()) for each in viewers.values() for one in each]
        try:
            yield
        finally:
            for task in watching:
                task.cancel()


@asynccontextmanager
async def on_air(server, lectures: dict, film: Path, life: Life):
    """An encoder for each lecture, that comes again until the server takes it."""
    async with asyncio.TaskGroup() as tasks:
        encoding = [
            tasks.create_task(
                encode(f"{server.url}/whip/{lecture}", who.token, film, lecture, life)
            )
            for lecture, who in lectures.items()
        ]
        try:
            yield
        finally:
            for task in encoding:
                task.cancel()


async def encode(address: str, token: str, film: Path, lecture: str, life: Life) -> None:
    command = [sys.executable, "-m", "bench.encoder", address, "--token", token, "--file", film]
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    while True:
        encoder = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=nothing)
        try:
            if await encoder.stdout.readline():
                life.on_air_at.setdefault(lecture, datetime.now(UTC))
            await encoder.wait()
        finally:
            if encoder.returncode is None:
                encoder.kill()
                await encoder.wait()


def draw_film(folder: Path) -> Path:
    """H.264 baseline and Opus, as a browser sends them; longer than a life."""
    film = folder / "film.mkv"
    picture = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"]
    sound = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"]
    coding = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "50"]
    coding += ["-profile:v", "baseline", "-pix_fmt", "yuv420p", "-c:a", "libopus", "-ac", "2"]
    command = ["ffmpeg", "-v", "error", *picture, *sound, *coding, "-t", "20", film]
    subprocess.run(command, check=True)
    return film


def losses(folder: Path, lecture: str, lives: list[Life]) -> list[timedelta]:
    """What is missing of each life."""
    noted = json.loads((folder / "recording.json").read_text())
    epoch = datetime.fromisoformat(noted["epoch"])
    begins = [epoch + timedelta(microseconds=starts) for starts, _ in noted["outages"]]
    assert len(begins) <= KILLS
    assert begins == sorted(begins)
    return [lost_of(life, lecture, begins) for life in lives[:-1]]


def lost_of(life: Life, lecture: str, begins: list[datetime]) -> timedelta:
    """From what was recorded last, or from the encoder's first, to the kill."""
    since = life.on_air_at.get(lecture, life.killed_at)
    latest = life.killed_at + MOST_LOST
    ended = max((each for each in begins if life.began_at < each < latest), default=since)
    return max(life.killed_at - ended, timedelta(0))


def plays(folder: Path) -> None:
    """All of it, in FFmpeg."""
    playlist = ["-allowed_extensions", "ALL", "-i", folder / "index.m3u8"]
    command = ["ffmpeg", "-v", "error", "-xerror", *playlist, "-map", "0:v", "-map", "0:a"]
    done = subprocess.run([*command, "-f", "null", "-"], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
