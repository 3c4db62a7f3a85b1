"""The one UDP port through which all media comes and goes.

Each datagram is sorted by its sender's address and its first byte (RFC 7983): connectivity checks
to `ice`, DTLS and SRTP to the peer that proved the address by such a check. The rest is counted.
"""

import asyncio
import errno
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, Final, Protocol

import structlog
from prometheus_client import Counter, Gauge

from kernel.clock import Clock, SystemClock
from kernel.errors import Unavailable
from live import adapter
from live.datagrams import SLOT, Inbox, send, stamp_arrivals
from live.endpoint import EVERY_HOST, Endpoint, own_endpoints, resolve
from live.fanout import open_fanout
from live.ice import Drop, IceServer, is_stun
from live.leg import Fanout
from live.rare_log import RareLog

log: Final = structlog.get_logger()

DATAGRAMS_IN = Counter("daris_live_datagrams_in_total", "Datagrams that came to the media port")
DATAGRAMS_OUT = Counter("daris_live_datagrams_out_total", "Media datagrams that were sent")
BYTES_IN = Counter("daris_live_received_bytes_total", "Bytes that came to the media port")
DROPPED = Counter("daris_live_datagrams_dropped_total", "Datagrams thrown away", ["reason"])
PEERS = Gauge("daris_live_peers", "Connections that are open")

_BUFFER_BYTES: Final = 4 * 1024 * 1024
_ROUNDS: Final = 4  # batches read before the loop's other work gets its turn
_TICK_SECONDS: Final = 0.025
_HELD_SECONDS: Final = 5.0  # an address stays with whoever was heard from it so recently
_MOST_OPENING: Final = 500  # connections that are not ready yet
_RTCP_TYPES: Final = range(192, 224)  # RFC 5761 §4
_DROPS: Final = {reason: DROPPED.labels(reason) for reason in Drop}
_NOT_TAKEN: Final = DROPPED.labels("not_taken")
_NOT_ENCRYPTED: Final = DROPPED.labels("not_encrypted")


class Route(Protocol):
    """The peer behind an address."""

    last_heard: float

    def dtls_came(self, datagram: bytes) -> Drop | None: ...
    def rtp_came(self, buffer: Any, view: memoryview, size: int) -> Drop | None: ...
    def rtcp_came(self, buffer: Any, view: memoryview, size: int) -> Drop | None: ...


class Pulse(Protocol):
    """What does something after each batch, and about every 25 ms."""

    def flush(self) -> None: ...
    def tick(self, now: float) -> None: ...


class MediaPort:
    """One a process. `async with MediaPort.open(...) as port`. Event loop only."""

    def __init__(
        self,
        sock: socket.socket,
        announce: tuple[Endpoint, ...],
        clock: Clock,
        tasks: asyncio.TaskGroup,
        fanout: Fanout,
    ) -> None:
        self.port: int = sock.getsockname()[1]
        self.address: tuple[str, int] = sock.getsockname()[:2]
        """What is bound; `port` may be told to be another number."""
        self.tcp_port = 0
        """Where live.ice_tcp listens; 0: nowhere."""
        self._announced = announce
        self.clock = clock
        self.fd = sock.fileno()
        self.certificate = adapter.Certificate()
        self.srtp = adapter.Srtp()
        self.fanout = fanout
        self.ice = IceServer()
        self.now = clock.monotonic()
        """When the present batch was read."""
        self.arrived = self.now
        """When the present media packet came to the machine."""
        self.opening = 0
        """Connections that are not ready yet; the peers count themselves."""
        self._unix_now = 0.0
        self._faults = RareLog()
        self._tasks = tasks
        self._children: set[asyncio.Task[None]] = set()
        self._inbox = Inbox(self.fd)
        self._routes: dict[bytes, Route] = {}
        self._pulses: list[Pulse] = []
        self._reported_out = 0
        self._reported_lost = (0, 0)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        host: str,
        port: int,
        announce: tuple[str, ...] = (),
        *,
        clock: Clock | None = None,
        fanout: Callable[[int], Fanout] = open_fanout,
    ) -> AsyncIterator["MediaPort"]:
        """Bind the port (0: any free one); Unavailable when it is taken.

        `host` EVERY_HOST is all addresses of both families. Without `announce` the addresses of
        the machine are announced, or `host` when it names one.
        """
        await adapter.check()
        announced = await resolve(announce)
        failure: Exception | None = None
        with _bind(host, port) as sock:
            announced = announced or own_endpoints(sock.getsockname()[0])
            async with asyncio.TaskGroup() as tasks:
                self = cls(sock, announced, clock or SystemClock(), tasks, fanout(sock.fileno()))
                self._begin()
                try:
                    yield self
                except Exception as error:  # noqa: BLE001 - raised below, outside of the group
                    failure = error
                finally:
                    self._end()
        if failure is not None:
            raise failure

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Where we are to be found, the best first."""
        found = [Endpoint(one.host, one.port or self.port) for one in self._announced]
        if self.tcp_port:
            found += [
                Endpoint(one.host, one.port or self.tcp_port, is_tcp=True)
                for one in self._announced
            ]
        return tuple(found)

    def _begin(self) -> None:
        asyncio.get_running_loop().add_reader(self.fd, self._readable)
        self.start(self._tick_forever(), "media-ticks")
        log.info("live.media_port_opened", port=self.port, fanout=self.fanout.name)

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self.fd)
        for task in self._children:
            task.cancel()

    def start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run something as a child of the port: its failure is logged and harms nobody else."""
        task = self._tasks.create_task(_supervised(work, name), name=name)
        self._children.add(task)
        task.add_done_callback(self._children.discard)
        task.add_done_callback(lambda _: work.close())  # cancelled before it began
        return task

    def add_pulse(self, pulse: Pulse) -> None:
        self._pulses.append(pulse)

    def remove_pulse(self, pulse: Pulse) -> None:
        with suppress(ValueError):
            self._pulses.remove(pulse)

    def check_opening(self) -> None:
        """Unavailable while so many connections are being made that another would harm them."""
        if self.opening >= _MOST_OPENING:
            raise Unavailable(
                "Very many are connecting just now; try again in a moment.",
                retry_after=timedelta(seconds=2),
            )

    def bind(self, name: bytes, route: Route) -> bool:
        """What comes from this raw address belongs to the route from now on.

        False when it is somebody else's who is still heard: a sender's address can be forged.
        """
        holder = self._routes.get(name)
        is_taken = holder is not None and self.now - holder.last_heard < _HELD_SECONDS
        if is_taken and holder is not route:
            return False
        self._routes[name] = route
        return True

    def unbind(self, names: Iterable[bytes], route: Route) -> None:
        for name in names:
            if self._routes.get(name) is route:
                del self._routes[name]

    def send(self, datagram: bytes, name: bytes) -> None:
        """What the kernel does not take is lost, as on any network."""
        if not send(self.fd, datagram, name):
            _NOT_TAKEN.inc()

    def read_now(self) -> None:
        """Let what waits at the port go before something else that takes the loop's time."""
        self._readable()

    def _readable(self) -> None:
        for _ in range(_ROUNDS):
            count = self._inbox.read()
            if not count:
                return
            self.now, self._unix_now = self.clock.monotonic(), time.time()
            received = 0
            for i in range(count):
                received += self._take(i)
            for pulse in tuple(self._pulses):
                self._guard(pulse.flush)
            DATAGRAMS_IN.inc(count)
            BYTES_IN.inc(received)
            if count < self._inbox.batch:
                return

    def _take(self, i: int) -> int:
        inbox = self._inbox
        size, name = inbox.size(i), inbox.sender(i)
        drop: Drop | None = Drop.MALFORMED
        if 12 <= size < SLOT:
            self.arrived = self.now - inbox.age(i, self._unix_now)
            try:
                drop = self._sort(inbox.pointers[i], inbox.views[i], size, name)
            except Exception:  # noqa: BLE001 - logged; the rest of the batch is others'
                self._faults.exception("live.datagram_failed", self.now)
                drop = Drop.FAILED
        if drop is not None:
            _DROPS[drop].inc()
        return size

    def _sort(self, buffer: Any, view: memoryview, size: int, name: bytes) -> Drop | None:
        route, first = self._routes.get(name), view[0]
        if 128 <= first < 192 and route is not None:
            took = route.rtcp_came if view[1] in _RTCP_TYPES else route.rtp_came
            return took(buffer, view, size)
        if first < 4:
            return self._check(bytes(view[:size]), name, is_known=route is not None)
        if 20 <= first < 64 and route is not None:
            return route.dtls_came(bytes(view[:size]))
        return Drop.UNKNOWN

    def _check(self, datagram: bytes, name: bytes, *, is_known: bool) -> Drop | None:
        if not is_stun(datagram) or name[2:4] == b"\0\0":  # nothing can be sent to port 0
            return Drop.MALFORMED
        answer = self.ice.answer(datagram, name, self.now, is_known=is_known)
        if isinstance(answer, Drop):
            return answer
        self.send(answer, name)
        return None

    async def _tick_forever(self) -> None:
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self.now = self.clock.monotonic()
            for pulse in tuple(self._pulses):
                self._guard(pulse.tick, self.now)
            self._count()

    def _guard(self, step: Callable[..., None], *now: float) -> None:
        """A room that fails must not stop the others."""
        try:
            step(*now)
        except Exception:  # noqa: BLE001 - logged
            self._faults.exception("live.stage_failed", self.now)

    def _count(self) -> None:
        counts = self.fanout.counts()
        DATAGRAMS_OUT.inc(counts.sent - self._reported_out)
        full, refused = self._reported_lost
        _NOT_TAKEN.inc(counts.dropped - full)
        _NOT_ENCRYPTED.inc(counts.unprotected - refused)
        self._reported_out = counts.sent
        self._reported_lost = (counts.dropped, counts.unprotected)


async def _supervised(work: Coroutine[Any, Any, None], name: str) -> None:
    try:
        await work
    except Exception:
        log.exception("live.task_failed", task=name)


def _bind(host: str, port: int) -> socket.socket:
    try:
        return _bound(host, port)
    except OSError as error:
        if host == EVERY_HOST and error.errno in {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}:
            return _bind("0.0.0.0", port)  # noqa: S104 - a machine without IPv6
        raise Unavailable(
            f"The media port {host} UDP {port} cannot be opened: {error.strerror}."
        ) from error


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
        stamp_arrivals(sock)
        sock.setblocking(False)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock
