"""Viewers of one live rendition, thousands in a process: each does what a player does.

It waits for the next part in the playlist, fetches that part, and so on. What a viewer costs here is
little beside what it costs the server, for both share a machine.
"""

import asyncio
import time
from dataclasses import dataclass, field
from typing import cast

_ENDS = b"\r\n\r\n"
_LENGTH = b"Content-Length: "
_LONGEST_HEAD = 1024
_BUFFER = memoryview(bytearray(1 << 18))  # of all: what is in it is used before the next read


@dataclass(slots=True)
class Crowd:
    """When each part was first announced, and how late each viewer had it."""

    base: str  # address of the lecture's folder
    name: str  # of the rendition
    headers: str  # of every request, each with its line's end
    announced: dict[bytes, float] = field(default_factory=dict)
    late_ms: list[float] = field(default_factory=list)
    answers: int = 0
    failures: int = 0

    def request(self, path: str) -> bytes:
        return f"GET {self.base}/{path} HTTP/1.1\r\nHost: localhost\r\n{self.headers}\r\n".encode()


class Viewer(asyncio.BufferedProtocol):
    """One player on one connection. Of a part it counts the bytes only."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._transport: asyncio.Transport | None = None
        self._listed = b""  # of the playlist that comes
        self._left = 0  # bytes of the answer
        self._part = b""  # that was fetched last
        self._hint = b""  # the part after it
        self._is_fetching = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._ask(f"{self._crowd.name}.m3u8")

    def get_buffer(self, sizehint: int) -> memoryview:
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        starts = 0
        if not self._left:
            head, ends, _ = bytes(_BUFFER[: min(nbytes, _LONGEST_HEAD)]).partition(_ENDS)
            if b" 200 " not in head[:16]:
                self._crowd.failures += 1
                self.close()
                return
            starts = len(head) + len(ends)
            self._left = int(head.partition(_LENGTH)[2].partition(b"\r")[0])
        if not self._is_fetching:
            self._listed += bytes(_BUFFER[starts:nbytes])
        self._left -= nbytes - starts
        if not self._left:
            self._answered()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def close(self) -> None:
        if self._transport:
            self._transport.close()

    def _answered(self) -> None:
        crowd = self._crowd
        crowd.answers += 1
        if self._is_fetching:
            crowd.late_ms.append(1000 * (time.perf_counter() - crowd.announced[self._part]))
            self._reload()
            return
        part, self._hint = _last_and_next(self._listed)
        self._listed = b""
        if part == self._part:
            self._reload()
            return
        self._part, self._is_fetching = part, True
        crowd.announced.setdefault(part, time.perf_counter())
        self._ask(part.decode())

    def _reload(self) -> None:
        self._is_fetching = False
        msn, number, _ = self._hint.decode().split("/")[1].split(".")
        asked = f"_HLS_msn={msn}&_HLS_part={number}&_HLS_skip=YES"
        self._ask(f"{self._crowd.name}.m3u8?{asked}")

    def _ask(self, path: str) -> None:
        if self._transport:
            self._transport.write(self._crowd.request(path))


async def gather(crowd: Crowd, port: int, count: int) -> list[Viewer]:
    """`count` viewers come, one after the other."""
    loop = asyncio.get_running_loop()
    viewers = []
    for _ in range(count):
        _, viewer = await loop.create_connection(lambda: Viewer(crowd), "127.0.0.1", port)
        viewers.append(viewer)
    return viewers


def _last_and_next(listed: bytes) -> tuple[bytes, bytes]:
    """Addresses of the newest part and of the one that is hinted at."""
    tags = listed.rfind(b"#EXT-X-PART:"), listed.rfind(b"#EXT-X-PRELOAD-HINT:")
    part, hint = (listed[listed.index(b'URI="', at) + 5 :].partition(b'"')[0] for at in tags)
    return part, hint
