"""What tests of channels share.

house_clip   house_clip("a", slots=5, shade=90): path of a conditioned item, drawn once a session
receiver     a UDP socket on a free port of the loopback; `receiver.port`, `receiver.read(seconds)`
play         play(plan_items, …): a channel's process, running until the test ends
"""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import pytest

from transcode.house import AAC_FRAMES_PER_SLOT, FRAMES_PER_SLOT, PROFILES
from transcode.house_encoder import HouseEncoder
from transcode.silence import silence

SMALL = PROFILES["360p25"]


@pytest.fixture(scope="session")
def house_clip(tmp_path_factory) -> Callable[..., Path]:
    made: dict[tuple[object, ...], Path] = {}

    def make(name: str = "clip", *, slots: int = 4, shade: int = 90, profile=SMALL) -> Path:
        key = (name, slots, shade, profile)
        if key not in made:
            made[key] = tmp_path_factory.mktemp("house") / f"{name}.mp4"
            with HouseEncoder(made[key], profile) as encoder:
                for number in range(slots * FRAMES_PER_SLOT):
                    encoder.picture(_picture(profile, shade, number))
                for _ in range(slots * AAC_FRAMES_PER_SLOT):
                    encoder.sound(silence(1024))
        return made[key]

    return make


def _picture(profile, shade: int, number: int) -> av.VideoFrame:
    frame = av.VideoFrame(profile.width, profile.height, "yuv420p")
    for plane, value in zip(frame.planes, (shade + number % 8, 128, 128), strict=True):
        plane.update(bytes((value,)) * plane.buffer_size)
    return frame


class Receiver:
    """Reads a transport stream from the loopback."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(10)
        self.port = self._socket.getsockname()[1]

    @property
    def url(self) -> str:
        return f"udp://127.0.0.1:{self.port}"

    def read(self, seconds: float) -> list[tuple[float, bytes]]:
        """Datagrams with their arrival, for so long after the first."""
        datagrams: list[tuple[float, bytes]] = []
        while not datagrams or datagrams[-1][0] < datagrams[0][0] + seconds:
            data = self._socket.recv(2048)
            datagrams.append((time.monotonic(), data))
        return datagrams

    def forget(self) -> None:
        """What came and was not read."""
        self._socket.setblocking(False)
        with suppress(BlockingIOError):
            while self._socket.recv(2048):
                pass
        self._socket.settimeout(10)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@dataclass
class Played:
    """A channel's process and its folder."""

    folder: Path
    command: list[str]
    process: subprocess.Popen[bytes]

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def playlist(self) -> str:
        return (self.out / "index.m3u8").read_text()

    def as_run(self) -> list[dict]:
        files = sorted((self.out / "as-run").glob("*.jsonl"))
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]

    def plan(self, items: list[dict], *, revision: int = 1) -> None:
        path = self.folder / "plan.json"
        partial = path.with_suffix(".part")
        partial.write_text(json.dumps({"channel": "one", "revision": revision, "items": items}))
        partial.replace(path)

    def start(self) -> None:
        log = (self.folder / "log").open("ab")
        with log:
            self.process = subprocess.Popen(self.command, stderr=log)

    def until(self, is_so: Callable[[], bool], *, seconds: float = 20) -> None:
        """The process is another program: nothing but looking tells when it got so far."""
        last = time.monotonic() + seconds
        while not is_so():
            assert self.process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < last, (self.folder / "log").read_text()
            time.sleep(0.05)


def item(key: str, media: Path | str | None, *, starts_in: float, takes: float, **more) -> dict:
    starts_at = datetime.now(UTC) + timedelta(seconds=starts_in)
    return {
        "programme": key,
        "key": key,
        "title": key,
        "starts_at": starts_at.isoformat(),
        "ends_at": (starts_at + timedelta(seconds=takes)).isoformat(),
        "media": media and str(media),
        **more,
    }


@pytest.fixture
def plan_item():
    return item


@pytest.fixture
def play(tmp_path) -> Iterator[Callable[..., Played]]:
    with ExitStack() as stack:

        def start(items: list[dict], *outputs: str, name: str = "Daris") -> Played:
            command = [sys.executable, "-m", "transcode.playout", "--profile", SMALL.name]
            command += ["--plan", str(tmp_path / "plan.json"), "--out", str(tmp_path / "out")]
            command += ["--name", name, *(part for url in outputs for part in ("--output", url))]
            played = Played(tmp_path, command, None)
            played.plan(items)
            played.start()
            stack.callback(_end, played)
            return played

        yield start


def _end(played: Played) -> None:
    played.process.kill()
    played.process.wait()
