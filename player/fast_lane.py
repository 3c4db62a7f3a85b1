"""The fast lane of the HLS origin: what thousands ask for, answered without a request object each.

A connection here is aiohttp's own, which first looks whether it may answer by itself: a live playlist
or part that is in memory, asked for on a connection where nothing else is under way, with headers
that aiohttp has read before. Whatever is not exactly that goes to aiohttp and its views: the first
request of each viewer, errors, ranges, recordings. So there is one reading of headers and one place
that refuses, and nothing to disagree about where a request ends (docs/adr/0008-fast-lane.md).

Whether the viewer may watch is asked for every answer.
"""

import asyncio
import re
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import Final
from uuid import UUID

from aiohttp import hdrs, web
from prometheus_client import Counter

from player.delivery import PATIENCE
from player.hls_request import Ask, media, playlist, read
from transcode.library import Library
from transcode.recording import RecordingState
from transcode.window import Window

MayWatch = Callable[[UUID], bool]
Recall = Callable[[web.BaseRequest], MayWatch | None]

ANSWERS: Final = Counter(
    "daris_hls_fast_answers_total", "Playlists and parts sent by the fast lane"
)

_NOT_PLAIN: Final = re.compile(
    rb"\r\n(?:range|if-[a-z-]+|expect|upgrade|content-length|transfer-encoding|connection:[^\r]*close)"
    rb"[^\r]*\r\n",
    re.IGNORECASE,
)
_ENDS: Final = b"\r\n\r\n"
_HEADS: Final = 8192  # that are known at once
_LONGEST_HEAD: Final = 4096  # bytes
_TARGETS: Final = 4096
_MOST_EARLY: Final = 16_384  # bytes that a client may send before it has its answer
_BATCH: Final = 64  # answers before the loop's other work gets its turn
_BACKLOG: Final = 1024  # a lecture's viewers come at once
_LOOK_EVERY: Final = 1.0  # seconds, for those who wait in vain


@dataclass(frozen=True, slots=True)
class _Head:
    """All behind the request line's address, as aiohttp understood it."""

    may_watch: MayWatch
    takes_gzip: bool


@dataclass(frozen=True, slots=True)
class _Waiting:
    connection: "Connection"
    ask: Ask
    head: _Head
    data: bytes
    until: float  # seconds on the loop's clock


class FastLane:
    """What all connections share. Event loop only."""

    def __init__(self, library: Library, recall: Recall) -> None:
        """`recall` says by what `request` is known: a check, for any lecture, that asks no database
        and says no when it is not sure; None if the headers alone do not tell."""
        self._library = library
        self._recall = recall
        self._loop = asyncio.get_running_loop()
        self._heads: OrderedDict[bytes, _Head] = OrderedDict()
        self._targets: dict[bytes, Ask | None] = {}
        self._queues: dict[tuple[UUID, str], _Queue] = {}
        self._dated, self._dated_until = b"", 0.0

    def take(self, connection: "Connection", data: bytes) -> bool:
        """Answer now or later; False if aiohttp must."""
        if not data.startswith(b"GET /hls/"):
            return False
        ends = data.find(b" ", 4)
        head = self._heads.get(data[ends:])
        ask = self._ask(data[4:ends]) if head else None
        if head is None or ask is None or not head.may_watch(ask.lecture):
            return False
        window = self._window(ask)
        if window is None:
            return False
        if ask.is_met_by(window):
            return self._send(connection, window, ask, head)
        if not ask.may_wait_for(window):
            return False
        until = self._loop.time() + PATIENCE.total_seconds()
        self._queue(ask, window).join(_Waiting(connection, ask, head, data, until))
        connection.is_waiting = True
        return True

    def learn(self, data: bytes, request: web.BaseRequest) -> None:
        """aiohttp has answered this: from now on its headers are known."""
        ends = data.find(b" ", 4)
        head = data[ends:]
        if (
            len(head) > _LONGEST_HEAD
            or not head.startswith(b" HTTP/1.1\r\n")
            or _NOT_PLAIN.search(head)
            or self._ask(data[4:ends]) is None
        ):
            return
        may_watch = self._recall(request)
        if may_watch:
            takes_gzip = "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, "")
            self._heads[head] = _Head(may_watch, takes_gzip)
            self._heads.move_to_end(head)
            while len(self._heads) > _HEADS:
                self._heads.popitem(last=False)

    def serve(self, waiting: _Waiting, window: Window) -> None:
        """Its time has come: what it waited for is there, or will not be."""
        connection, ask, head = waiting.connection, waiting.ask, waiting.head
        connection.is_waiting = False
        if connection.transport is None:
            return
        if not (head.may_watch(ask.lecture) and self._send(connection, window, ask, head)):
            connection.pass_on(waiting.data)
        connection.go_on()

    def forget(self, queue: "_Queue") -> None:
        """Nobody waits there any more."""
        for key in [key for key, each in self._queues.items() if each is queue]:
            del self._queues[key]

    def _ask(self, target: bytes) -> Ask | None:
        if target in self._targets:
            return self._targets[target]
        if len(self._targets) >= _TARGETS:
            self._targets.clear()
        ask = self._targets[target] = read(target)
        return ask

    def _window(self, ask: Ask) -> Window | None:
        found = self._library.remembered(ask.lecture)
        if found is None or found.state is not RecordingState.LIVE:
            return None
        return found.window(ask.name)

    def _queue(self, ask: Ask, window: Window) -> "_Queue":
        key = ask.lecture, ask.name
        queue = self._queues.get(key)
        if queue is None or queue.window is not window:
            queue = self._queues[key] = _Queue(self, window, self._loop)
        return queue

    def _send(self, connection: "Connection", window: Window, ask: Ask, head: _Head) -> bool:
        assert connection.transport
        if ask.is_playlist:
            if ask.msn is None and not window.has_listed:
                return False
            rendered = window.live(can_skip=ask.can_skip)
            connection.transport.write(playlist(rendered, is_zipped=head.takes_gzip))
        else:
            data = media(window, ask)
            if not data:
                return False
            length = sum(map(len, data))
            opening = b"%b%d\r\nDate: %b\r\n\r\n" % (ask.opening, length, self._date())
            connection.transport.writelines((opening, *data))
        ANSWERS.inc()
        return True

    def _date(self) -> bytes:
        """For the header, made once a second."""
        now = self._loop.time()
        if now >= self._dated_until:
            self._dated, self._dated_until = formatdate(usegmt=True).encode(), now + 1
        return self._dated


class _Queue:
    """Those who wait for one window to grow. They are answered in turns."""

    def __init__(self, lane: FastLane, window: Window, loop: asyncio.AbstractEventLoop) -> None:
        self.window = window
        self._lane = lane
        self._loop = loop
        self._waiting: list[_Waiting] = []
        self._due: deque[_Waiting] = deque()
        self._is_called = False
        window.watchers.add(self._call)
        self._timer = loop.call_later(_LOOK_EVERY, self._look)

    def join(self, waiting: _Waiting) -> None:
        self._waiting.append(waiting)

    def _call(self) -> None:
        """The window has grown; it may grow more before we run."""
        if not self._is_called:
            self._is_called = True
            self._loop.call_soon(self._sort)

    def _sort(self) -> None:
        """Find whose time has come."""
        self._is_called = False
        now, was_serving = self._loop.time(), bool(self._due)
        still: list[_Waiting] = []
        for waiting in self._waiting:
            is_due = waiting.until <= now or waiting.ask.is_met_by(self.window)
            (self._due if is_due else still).append(waiting)
        self._waiting = still
        if not was_serving:
            self._serve()

    def _serve(self) -> None:
        """Answer some of those, and let the loop's other work have its turn."""
        for _ in range(min(_BATCH, len(self._due))):
            self._lane.serve(self._due.popleft(), self.window)
        if self._due:
            self._loop.call_soon(self._serve)
        elif not self._waiting:
            self._close()

    def _look(self) -> None:
        self._timer = self._loop.call_later(_LOOK_EVERY, self._look)
        self._call()

    def _close(self) -> None:
        self._timer.cancel()
        self.window.watchers.discard(self._call)
        self._lane.forget(self)


class Connection(web.RequestHandler):
    """aiohttp's connection, with the fast lane before it.

    It is *clean* while aiohttp has answered all that it was given, and what it was given ended
    with a request: only then may what comes be taken for the beginning of one.
    """

    __slots__ = ("_early", "_first", "_is_clean", "_lane", "_passed", "is_waiting")

    def __init__(self, lane: FastLane, server: web.Server, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(server, loop=loop, access_log=None)  # type: ignore[arg-type]  # as AppRunner
        self._lane = lane
        self._is_clean = True
        self._first = b""  # that was passed to aiohttp since it was clean
        self._passed = 0  # bytes, since then
        self._early = b""  # came before its predecessor was answered
        self.is_waiting = False

    def data_received(self, data: bytes) -> None:
        if self.is_waiting or (self._is_clean and self.writing_paused):
            self._keep(data)
        elif not (self._is_clean and self._lane.take(self, data)):
            self.pass_on(data)

    def pass_on(self, data: bytes) -> None:
        """Let aiohttp answer."""
        if self._is_clean and data:  # aiohttp calls us with nothing, to go on itself
            self._is_clean = False
            self._first, self._passed = data, 0
        self._passed += len(data)
        super().data_received(data)

    def go_on(self) -> None:
        """Take what came early, if it may be taken now."""
        if self._early and not self.is_waiting:
            early, self._early = self._early, b""
            self.data_received(early)

    def resume_writing(self) -> None:
        super().resume_writing()
        self.go_on()

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        sent, is_lost = await super().finish_response(request, resp, start_time)
        if not is_lost and sent.keep_alive and self._is_whole(request):
            self._is_clean = True
            if sent.status == HTTPStatus.OK:
                self._lane.learn(self._first, request)
        return sent, is_lost

    def _is_whole(self, request: web.BaseRequest) -> bool:
        """True if this request, read to its end, is all that was passed on since we were clean."""
        headers = request.headers
        if hdrs.TRANSFER_ENCODING in headers or hdrs.UPGRADE in headers:
            return False
        head, ends, _ = self._first.partition(_ENDS)
        length = len(head) + len(ends) + (request.content_length or 0)
        return request.content.is_eof() and self._passed == length

    def _keep(self, data: bytes) -> None:
        self._early += data
        if len(self._early) > _MOST_EARLY:
            self.force_close()


class FastSite(web.BaseSite):
    """Where the application listens, by the fast lane."""

    def __init__(self, runner: web.BaseRunner, host: str, port: int, lane: FastLane) -> None:
        super().__init__(runner)
        self._host = host
        self._port = port
        self._lane = lane

    @property
    def name(self) -> str:
        return f"http://{self._host}:{self._port}"

    async def start(self) -> None:
        await super().start()
        loop = asyncio.get_running_loop()
        server = self._runner.server
        assert server
        self._server = await loop.create_server(
            lambda: Connection(self._lane, server, loop), self._host, self._port, backlog=_BACKLOG
        )
