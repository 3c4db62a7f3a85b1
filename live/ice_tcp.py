"""ICE over TCP (RFC 6544), framed as RFC 4571 has it: for networks that let no UDP through.

Each connection gets a UDP socket of its own on loopback, and its frames become datagrams between
that socket and the media port, which so need not know of TCP. Everything here is on the event loop.
"""

import asyncio
import errno
import ipaddress
import resource
import socket
import struct
from collections import Counter as Tally
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final, cast

import structlog
from prometheus_client import Counter, Gauge

from live.datagrams import SLOT
from live.port import MediaPort

log: Final = structlog.get_logger()

CARRIED = Gauge("daris_live_tcp_connections", "Connections to the media port by TCP")
REFUSED = Counter("daris_live_tcp_refused_total", "Connections by TCP that we ended", ["reason"])
LATE = Counter("daris_live_tcp_late_total", "Datagrams dropped for clients that read TCP slowly")

FIRST_FRAME_SECONDS: Final = 5.0
IDLE_SECONDS: Final = 40.0  # longer than consent (RFC 7675) holds
MOST_WAITING_BYTES: Final = 256 * 1024

_MOST_CARRIED: Final = 1000
_KERNEL_BYTES: Final = 128 * 1024  # what the kernel may hold back besides
_BATCH: Final = 64  # datagrams read before the loop's other work gets its turn
_LENGTH: Final = struct.Struct("!H")


@asynccontextmanager
async def open_ice_tcp(port: MediaPort, number: int | None = None) -> AsyncIterator["IceTcp"]:
    """Listen on the media port's number (or another; 0: any) and have answers say so.

    Where something else has it, media goes without TCP: that must not keep the service from starting.
    """
    host, udp_number = port.address
    carriers = IceTcp(port)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        sock = socket.create_server(
            (host, udp_number if number is None else number),
            family=family,
            dualstack_ipv6=family == socket.AF_INET6,
        )
    except OSError as error:
        log.warning("live.ice_tcp_not_opened", port=udp_number, reason=error.strerror)
        yield carriers
        return
    server = await asyncio.get_running_loop().create_server(lambda: Carrier(carriers), sock=sock)
    port.tcp_port = sock.getsockname()[1]
    try:
        yield carriers
    finally:
        port.tcp_port = 0
        server.close()
        carriers.close()


class IceTcp:
    """Who is carried, within bounds."""

    def __init__(self, port: MediaPort, *, most: int | None = None) -> None:
        self.port = port
        self.most = most or _affordable()
        self._carriers: set[Carrier] = set()
        self._by_address: Tally[str] = Tally()

    def __len__(self) -> int:
        return len(self._carriers)

    def admit(self, carrier: "Carrier") -> bool:
        """False when there are too many: half of all may come from one address, a campus perhaps."""
        if len(self) >= self.most or self._by_address[carrier.address] >= max(1, self.most // 2):
            return False
        self._carriers.add(carrier)
        self._by_address[carrier.address] += 1
        CARRIED.inc()
        return True

    def forget(self, carrier: "Carrier") -> None:
        if carrier in self._carriers:
            self._carriers.remove(carrier)
            self._by_address -= Tally([carrier.address])
            CARRIED.dec()

    def close(self) -> None:
        for carrier in tuple(self._carriers):
            carrier.end()


class Carrier(asyncio.Protocol):
    """One connection."""

    def __init__(self, carriers: IceTcp) -> None:
        self.address = ""
        self._carriers = carriers
        self._frames = Frames()
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._udp: socket.socket | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._heard_at = self._loop.time()

    # ------------------------------------------------------------ TCP

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self.address = neighbourhood(peer[0]) if peer else ""
        if not self._carriers.admit(self):
            self._refuse("too_many")
            return
        transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BYTES
        )
        self._timer = self._loop.call_later(FIRST_FRAME_SECONDS, self._look)

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        try:
            for frame in self._frames.feed(data):
                if self._udp is None and not self._begin(frame):
                    return
                self._hand_in(frame)
        except ValueError:
            self._refuse("malformed")

    def connection_lost(self, exc: Exception | None) -> None:
        self._carriers.forget(self)
        if self._timer is not None:
            self._timer.cancel()
        if self._udp is not None:
            self._loop.remove_reader(self._udp)
            self._udp.close()
            self._udp = None

    def end(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _refuse(self, reason: str) -> None:
        REFUSED.labels(reason).inc()
        self.end()

    def _look(self) -> None:
        """Once after the time for the first frame, then whenever the connection could be idle."""
        idle = self._loop.time() - self._heard_at
        if self._udp is None or idle >= IDLE_SECONDS:
            self._refuse("silent")
        else:
            self._timer = self._loop.call_later(IDLE_SECONDS - idle, self._look)

    # ------------------------------------------------------------ UDP

    def _begin(self, frame: bytes) -> bool:
        """The first frame opens the way to the media port, if it is a check of one of our sessions."""
        if not self._carriers.port.ice.is_for_us(frame):
            self._refuse("unknown")
            return False
        host, number = self._carriers.port.address
        self._udp = socket.socket(
            socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM
        )
        self._udp.setblocking(False)
        self._udp.connect((_reachable(host), number))
        self._loop.add_reader(self._udp, self._readable)
        return True

    def _hand_in(self, frame: bytes) -> None:
        if self._udp is None:
            return
        try:
            self._udp.send(frame)
        except BlockingIOError:
            LATE.inc()
        except ConnectionError:
            self.end()

    def _readable(self) -> None:
        """Datagrams for the client; what it does not read in time is lost, as it would be by UDP."""
        assert self._udp is not None
        assert self._transport is not None
        pieces: list[bytes] = []
        try:
            for _ in range(_BATCH):
                datagram = self._udp.recv(SLOT)
                pieces += (_LENGTH.pack(len(datagram)), datagram)
        except BlockingIOError:
            pass
        except OSError as error:
            if error.errno != errno.ECONNREFUSED:
                raise
            self.end()
            return
        if self._transport.get_write_buffer_size() > MOST_WAITING_BYTES:
            LATE.inc(len(pieces) // 2)
        elif pieces:
            self._transport.write(b"".join(pieces))


class Frames:
    """Cuts a stream into frames of 16 bits of length and as many bytes (RFC 4571 §2)."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The frames that are whole now; ValueError for one that no datagram of ours could be."""
        self._waiting += data
        at = 0
        while len(self._waiting) - at >= 2:
            (size,) = _LENGTH.unpack_from(self._waiting, at)
            if size > SLOT:
                raise ValueError("a frame is larger than any datagram")
            if len(self._waiting) - at - 2 < size:
                break
            at += 2 + size
            if size:  # an empty frame means nothing (RFC 4571 §2)
                yield bytes(self._waiting[at - size : at])
        del self._waiting[:at]


def neighbourhood(host: str) -> str:
    """Who shares a bound: an IPv4 address, or the 64 bits that an IPv6 network gives one customer."""
    address = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return host


def _reachable(host: str) -> str:
    """Where a socket bound to that host hears us."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def _affordable() -> int:
    """Connections need two files each; most of the process' files are for others."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(_MOST_CARRIED, max(8, soft // 6))
