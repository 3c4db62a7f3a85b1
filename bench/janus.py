"""Debian's Janus as a peer to measure by: its streaming plugin, fed with the benchmark's stream.

With `event_loops = 2`: its default of a thread per viewer would flatter us. The viewers are light
clients; Janus offers, they answer as ICE-lite, so that Janus does the checks.
"""

import asyncio
import contextlib
import itertools
import json
import re
import resource
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bench.house import free_port
from bench.light_client import SOUND_TYPE, VIDEO_TYPE, LightClient
from live.datagrams import read_name
from live.ice import read_check, write_answer

LIBRARIES: Final = Path("/usr/lib/x86_64-linux-gnu/janus")
_PATIENCE: Final = 20.0  # seconds
_STARTING: Final = 5.0  # seconds
_STREAM: Final = 1
_HOST_CANDIDATE: Final = re.compile(r"^a=candidate:\S+ 1 udp \d+ (\S+) \d+ typ host", re.MULTILINE)

_GENERAL = """general: {{
    configs_folder = "{folder}"
    plugins_folder = "{folder}/plugins"
    transports_folder = "{folder}/transports"
    events_folder = "{folder}/events"
    loggers_folder = "{folder}/loggers"
    debug_level = 2
    session_timeout = 0
    event_loops = 2
}}
"""
_TRANSPORT = """general: {{
    enabled = true
    json = "compact"
    path = "{folder}/janus.sock"
    type = "SOCK_SEQPACKET"
}}
"""
_STREAMS = """bench: {{
    type = "rtp"
    id = {stream}
    audio = true
    audioport = {sound_port}
    audiopt = {sound_type}
    audiocodec = "opus"
    video = true
    videoport = {video_port}
    videopt = {video_type}
    videocodec = "h264"
    videofmtp = "profile-level-id=42e01f;packetization-mode=1"
}}
"""


class Janus:
    """The running process, and its API over a UNIX socket."""

    def __init__(self, process: asyncio.subprocess.Process, ports: dict[int, int]) -> None:
        self.pid = process.pid
        self._ports = ports  # by payload type
        self._feed = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._api = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._api.setblocking(False)
        self._turn = asyncio.Lock()
        self._numbers = itertools.count(1)
        self._session = 0
        self._is_connected = False

    def send(self, packet: bytes) -> None:
        """A packet of the stream."""
        self._feed.sendto(packet, ("127.0.0.1", self._ports[packet[1] & 0x7F]))

    async def cpu(self) -> float:
        """Seconds of CPU so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
        user, system = fields.split()[11:13]
        return (int(user) + int(system)) / 100

    def rss_kb(self) -> float:
        pages = Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * resource.getpagesize() / 1024

    async def sit(self, client: "Viewer") -> None:
        """Connect a viewer to the stream."""
        plugin = "janus.plugin.streaming"
        handle = (await self._ask(janus="attach", session_id=self._session, plugin=plugin))["data"]
        where = {"session_id": self._session, "handle_id": handle["id"]}
        body = {"request": "watch", "id": _STREAM}
        offer = (await self._ask(janus="message", body=body, **where))["jsep"]["sdp"]
        jsep = {"type": "answer", "sdp": client.answer_to(offer)}
        await self._ask(janus="message", body={"request": "start"}, jsep=jsep, **where)
        await client.connect_as_told(offer)

    async def open(self, path: Path) -> None:
        """Until it answers: what is asked before it is up gets lost."""
        async with asyncio.timeout(_STARTING):
            while not self._session:
                with contextlib.suppress(OSError, TimeoutError):  # not there, not listening, deaf
                    await self._begin(path)
                await asyncio.sleep(0.05)

    async def _begin(self, path: Path) -> None:
        async with asyncio.timeout(1):
            if not self._is_connected:
                await asyncio.get_running_loop().sock_connect(self._api, str(path))
                self._is_connected = True
            self._session = (await self._ask(janus="create"))["data"]["id"]

    async def _ask(self, **order: Any) -> dict[str, Any]:
        """The answer; for a message to the plugin its event."""
        loop, number = asyncio.get_running_loop(), str(next(self._numbers))
        async with self._turn, asyncio.timeout(_PATIENCE):
            await loop.sock_sendall(
                self._api, json.dumps({"transaction": number, **order}).encode()
            )
            while True:
                reply = json.loads(await loop.sock_recv(self._api, 1 << 16))
                if reply.get("transaction") == number and reply["janus"] != "ack":
                    assert reply["janus"] in {"success", "event"}, reply
                    found: dict[str, Any] = reply
                    return found

    def close(self) -> None:
        self._feed.close()
        self._api.close()


@asynccontextmanager
async def janus() -> AsyncIterator[Janus]:
    """A Janus of its own. Now and then one hangs while it starts; then the next is tried."""
    async with AsyncExitStack() as stack:
        for is_last in (False, False, True):
            try:
                peer = await stack.enter_async_context(_started())
                break
            except TimeoutError:
                if is_last:
                    raise
        yield peer


@asynccontextmanager
async def _started() -> AsyncIterator[Janus]:
    program = shutil.which("janus")
    assert program is not None
    ports = {kind: free_port(socket.SOCK_DGRAM) for kind in (VIDEO_TYPE, SOUND_TYPE)}
    with TemporaryDirectory() as name:
        folder = Path(name)
        _configure(folder, ports)
        with (folder / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                program, "-F", name, stdout=log, stderr=log, cwd=name
            )
        peer = Janus(process, ports)
        try:
            await peer.open(folder / "janus.sock")
            yield peer
        finally:
            peer.close()
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def is_installed() -> bool:
    return shutil.which("janus") is not None and LIBRARIES.exists()


def _configure(folder: Path, ports: dict[int, int]) -> None:
    values = {
        "folder": folder,
        "stream": _STREAM,
        "video_port": ports[VIDEO_TYPE],
        "sound_port": ports[SOUND_TYPE],
        "video_type": VIDEO_TYPE,
        "sound_type": SOUND_TYPE,
    }
    for name, text in (
        ("janus.jcfg", _GENERAL),
        ("janus.transport.pfunix.jcfg", _TRANSPORT),
        ("janus.plugin.streaming.jcfg", _STREAMS),
    ):
        (folder / name).write_text(text.format(**values), encoding="utf-8")
    for kind, library in (("plugins", "streaming"), ("transports", "pfunix")):
        (folder / kind).mkdir()
        (folder / kind / f"libjanus_{library}.so").symlink_to(
            LIBRARIES / kind / f"libjanus_{library}.so"
        )
    for kind in ("events", "loggers"):
        (folder / kind).mkdir()


class Viewer(LightClient):
    """A light client that is offered to. Janus takes no address of loopback, so the packets go to
    another one of the machine's; they stay inside all the same."""

    def __init__(self) -> None:
        super().__init__(host="0.0.0.0")

    def answer_to(self, offer: str) -> str:
        """Every section is received; checks are answered and none are made."""
        port = self.socket.getsockname()[1]
        host = next(h for h in _HOST_CANDIDATE.findall(offer) if ":" not in h)
        lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=ice-lite"]
        mids = re.findall(r"^a=mid:(\S+)", offer, re.MULTILINE)
        lines.append(f"a=group:BUNDLE {' '.join(mids)}")
        for mid, kind in zip(mids, re.findall(r"^m=(\w+)", offer, re.MULTILINE), strict=True):
            section = self._section(mid, kind, "recvonly", ())
            lines += [line.replace("actpass", "active") for line in section]
            lines.append(f"a=candidate:1 1 udp 2130706431 {host} {port} typ host")
        return "\r\n".join(lines) + "\r\n"

    async def connect_as_told(self, offer: str) -> None:
        """Wait for the checks of the other side, then shake hands."""
        asyncio.get_running_loop().add_reader(self.socket, self.read)
        found = re.search(r"^a=fingerprint:(\S+) (\S+)", offer, re.MULTILINE)
        assert found is not None
        async with asyncio.timeout(_PATIENCE):
            await self._checked.wait()
        await self._shake_hands((found[1].lower(), found[2]))

    def _answer_check(self, datagram: bytes, name: bytes) -> None:
        check = read_check(datagram)
        if check is not None:
            self.server = read_name(name)
            self.send_raw(write_answer(check.transaction, name, self._password.encode()))
            self._checked.set()
