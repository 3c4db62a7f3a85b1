"""A bad network on loopback: one UDP port in front of the media port, for tests and benchmarks.

    async with LossyRelay.open(("127.0.0.1", media_port), seed=7) as relay:
        ...  # the server announces 127.0.0.1:{relay.port}: DARIS_ANNOUNCE
        relay.up.loss = relay.down.loss = 0.1
        relay.down.rate_bps = 500_000
        relay.up.is_cut = relay.down.is_cut = True  # a blackout, until both are False again

`up` is from the clients to the server, `down` the other way. Conditions may change at any time;
they hold for all clients alike, each with a queue of its own. One client alone is treated
otherwise by another `Conditions` of its line: `relay.lines[("127.0.0.1", port)].down = ...`, and
comes from another address, as after a change of network, by `relay.lines[...].move()`.
"""

import asyncio
import contextlib
import heapq
import itertools
import random
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_BUFFER_BYTES = 1 << 20
_LARGEST = 2048
_WANDER_SECONDS = 0.1  # how long one delay lasts
_OVERHEAD_BYTES = 28  # of IP and UDP, on a line with a rate
_MOST_WAITING = 20_000  # datagrams of all clients

Address = tuple[str, int]


@dataclass
class Conditions:
    """What one direction does to datagrams. Shares are of 1."""

    loss: float = 0.0
    duplication: float = 0.0
    reordering: float = 0.0
    """The share that is held back by up to `late_seconds`, so that others overtake."""
    late_seconds: float = 0.03
    delay_seconds: float = 0.0
    jitter_seconds: float = 0.0
    """A delay up to this, anew for each datagram: they overtake each other, as with netem."""
    wander_seconds: float = 0.0
    """A delay up to this that changes ten times a second; the order is kept."""
    rate_bps: float = 0.0
    """Of whole IP packets; 0 is without limit."""
    queue_seconds: float = 0.3
    """What waits longer for the rate is dropped."""
    is_cut: bool = False


@dataclass
class Counts:
    """Datagrams of one direction."""

    came: int = 0
    lost: int = 0  # by chance
    overflowed: int = 0  # of the queue before the rate
    cut: int = 0
    doubled: int = 0
    late: int = 0
    carried: int = 0


@dataclass
class _Course:
    """One direction of one client: how far its queue and its delay are."""

    counts: Counts
    put: Callable[[bytes], None]
    free_at: float = 0.0  # when the line has sent what waits
    last_at: float = 0.0  # when the newest datagram is through what keeps the order
    wander: float = 0.0
    wander_until: float = 0.0


class Line:
    """One client: a socket of its own towards the server."""

    def __init__(self, relay: "LossyRelay", client: Address) -> None:
        self.up, self.down = relay.up, relay.down
        self._relay, self._client = relay, client
        self._socket = _open_socket()
        self._up = _Course(relay.counts_up, self._put_up)
        self._down = _Course(relay.counts_down, self._put_down)
        self._listen()

    def move(self) -> None:
        """Come from another address from now on; what is on its way to the old one is lost."""
        self.close()
        self._socket = _open_socket()
        self._listen()

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def came(self, datagram: bytes) -> None:
        """From the client."""
        self._relay.carry(datagram, self.up, self._up)

    def _listen(self) -> None:
        asyncio.get_running_loop().add_reader(self._socket, self._readable)

    def _readable(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            for _ in range(64):
                self._relay.carry(self._socket.recv(_LARGEST), self.down, self._down)

    def _put_up(self, datagram: bytes) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendto(datagram, self._relay.target)

    def _put_down(self, datagram: bytes) -> None:
        self._relay.put(datagram, self._client)


@dataclass(order=True)
class _Waiting:
    at: float
    number: int
    datagram: bytes = field(compare=False)
    course: _Course = field(compare=False)


class LossyRelay:
    """Made by `open`. Event loop only."""

    def __init__(self, target: Address, seed: int) -> None:
        self.target = target
        self.up, self.down = Conditions(), Conditions()
        self.counts_up, self.counts_down = Counts(), Counts()
        self.lines: dict[Address, Line] = {}
        """By the client's address, in the order in which they came."""
        self._socket = _open_socket()
        self.port: int = self._socket.getsockname()[1]
        self._random = random.Random(seed)
        self._waiting: list[_Waiting] = []
        self._numbers = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    @classmethod
    @asynccontextmanager
    async def open(cls, target: Address, *, seed: int = 7) -> AsyncIterator["LossyRelay"]:
        """Relay to this address; the same seed makes the same choices for the same datagrams."""
        self = cls(target, seed)
        self._loop.add_reader(self._socket, self._readable)
        try:
            yield self
        finally:
            self._close()

    def _close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for line in self.lines.values():
            line.close()
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _readable(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            for _ in range(64):
                datagram, client = self._socket.recvfrom(_LARGEST)
                line = self.lines.get(client)
                if line is None:
                    line = self.lines[client] = Line(self, client)
                line.came(datagram)

    def put(self, datagram: bytes, client: Address) -> None:
        """Hand a datagram to a client."""
        with contextlib.suppress(OSError):
            self._socket.sendto(datagram, client)

    # ------------------------------------------------------------ what happens on the way

    def carry(self, datagram: bytes, conditions: Conditions, course: _Course) -> None:
        """Lose it, or let it come out when its time has come."""
        counts, now = course.counts, self._loop.time()
        counts.came += 1
        if conditions.is_cut:
            counts.cut += 1
            return
        if self._happens(conditions.loss):
            counts.lost += 1
            return
        queued = _queue(datagram, conditions, course, now)
        if queued is None or len(self._waiting) >= _MOST_WAITING:
            counts.overflowed += 1
            return
        course.last_at = max(course.last_at, queued + self._delay(conditions, course, now))
        at = course.last_at + self._random.random() * conditions.jitter_seconds
        if self._happens(conditions.reordering):
            counts.late += 1
            at += self._random.random() * conditions.late_seconds
        self._wait(at, datagram, course)
        if self._happens(conditions.duplication):
            counts.doubled += 1
            at += self._random.random() * conditions.late_seconds
            self._wait(at, datagram, course)

    def _happens(self, share: float) -> bool:
        return share > 0 and self._random.random() < share

    def _delay(self, conditions: Conditions, course: _Course, now: float) -> float:
        if conditions.wander_seconds and now >= course.wander_until:
            course.wander_until = now + _WANDER_SECONDS
            course.wander = self._random.random()
        return conditions.delay_seconds + course.wander * conditions.wander_seconds

    def _wait(self, at: float, datagram: bytes, course: _Course) -> None:
        if at <= self._loop.time():
            course.counts.carried += 1
            course.put(datagram)
            return
        heapq.heappush(self._waiting, _Waiting(at, next(self._numbers), datagram, course))
        if self._waiting[0].at == at:
            self._wake_at(at)

    def _wake_at(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(at, self._due)

    def _due(self) -> None:
        now = self._loop.time() + 0.0005
        while self._waiting and self._waiting[0].at <= now:
            waiting = heapq.heappop(self._waiting)
            waiting.course.counts.carried += 1
            waiting.course.put(waiting.datagram)
        if self._waiting:
            self._wake_at(self._waiting[0].at)


def _queue(datagram: bytes, conditions: Conditions, course: _Course, now: float) -> float | None:
    """When the last bit is on the line; None when too much waits already."""
    if not conditions.rate_bps:
        return now
    begins = max(now, course.free_at)
    if begins - now > conditions.queue_seconds:
        return None
    course.free_at = begins + (len(datagram) + _OVERHEAD_BYTES) * 8 / conditions.rate_bps
    return course.free_at


def _open_socket() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        sock.setsockopt(socket.SOL_SOCKET, option, _BUFFER_BYTES)
    sock.setblocking(False)
    sock.bind(("127.0.0.1", 0))
    return sock
