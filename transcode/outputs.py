"""Where a transport stream goes: UDP and RTP receivers, unicast or multicast, and SRT.

    udp://host:port?ttl=16&dscp=34&interface=eth1
    rtp://host:port?…                       the same in RTP (RFC 2250)
    srt://host:port?mode=caller&latency=120&passphrase=…&streamid=…
    srt://0.0.0.0:port?mode=listener&…

An absent or slow receiver disturbs nobody.
"""

import ipaddress
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import parse_qs, urlsplit

from transcode.compiled_pacing import Target


class OutputError(ValueError):
    """The address of an output cannot be used. The sentence says why."""


@dataclass(frozen=True, slots=True)
class Burst:
    """Datagrams of one length that leave together: the first when it is due, which is `at`, in seconds of
    time.monotonic, the others before they are, which would be each `apart` later."""

    datagrams: Sequence[bytes]
    at: float
    apart: float


class Output(Protocol):
    """Takes bursts from the pacer's thread and never makes it wait."""

    @property
    def target(self) -> Target | None:
        """Where the compiled loop sends instead of calling `send`. None: it can't."""

    def tell_failures(self) -> None:
        """Log that the compiled loop cannot send, once in a row."""

    def send(self, burst: Burst) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class UdpAddress:
    """Where datagrams go, bare or in RTP."""

    host: str
    port: int
    ttl: int = 16
    dscp: int = 0
    interface: str | None = None  # name or address of what multicast leaves by
    is_rtp: bool = False


@dataclass(frozen=True, slots=True)
class SrtAddress:
    """A caller goes to host and port, a listener waits there."""

    host: str
    port: int
    is_listener: bool = False
    latency_ms: int = 120
    passphrase: str = ""
    stream_id: str = ""


Address = UdpAddress | SrtAddress


def read_address(url: str) -> Address:
    """OutputError when it is none."""
    try:
        return _read(url)
    except ValueError as error:
        raise OutputError(f"{url} is no output address: {error}") from error


def _read(url: str) -> Address:
    parts = urlsplit(url)
    options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    reader, known = _READERS.get(parts.scheme), _OPTIONS.get(parts.scheme, set())
    if reader is None or parts.path or not parts.hostname or not parts.port:
        raise ValueError("give udp, rtp or srt://host:port")
    if set(options) - known:
        raise ValueError(f"{parts.scheme} knows {', '.join(sorted(known))}")
    return reader(parts.hostname, parts.port, options)


def _udp(host: str, port: int, options: Mapping[str, str]) -> UdpAddress:
    ttl, dscp = int(options.get("ttl", 16)), int(options.get("dscp", 0))
    if not 0 <= ttl <= 255 or not 0 <= dscp <= 63:
        raise ValueError("ttl goes to 255, dscp to 63")
    return UdpAddress(host, port, ttl, dscp, options.get("interface"))


def _rtp(host: str, port: int, options: Mapping[str, str]) -> UdpAddress:
    plain = _udp(host, port, options)
    return UdpAddress(host, port, plain.ttl, plain.dscp, plain.interface, is_rtp=True)


def _srt(host: str, port: int, options: Mapping[str, str]) -> SrtAddress:
    mode, passphrase = options.get("mode", "caller"), options.get("passphrase", "")
    latency = int(options.get("latency", 120))
    if mode not in {"caller", "listener"}:
        raise ValueError("mode is caller or listener")
    if not 20 <= latency <= 8000:
        raise ValueError("latency is 20 to 8000 milliseconds")
    if passphrase and not 10 <= len(passphrase) <= 79:
        raise ValueError("a passphrase has 10 to 79 characters")
    return SrtAddress(
        host, port, mode == "listener", latency, passphrase, options.get("streamid", "")
    )


_READERS: Final[Mapping[str, Callable[[str, int, Mapping[str, str]], Address]]] = {
    "udp": _udp,
    "rtp": _rtp,
    "srt": _srt,
}
_OPTIONS: Final = {
    "udp": {"ttl", "dscp", "interface"},
    "rtp": {"ttl", "dscp", "interface"},
    "srt": {"mode", "latency", "passphrase", "streamid"},
}


def multicast_interface(family: int, interface: str) -> tuple[int, int, bytes]:
    """The socket option that sends multicast by an interface, given by name or address. OSError."""
    try:
        address = ipaddress.ip_address(interface)
    except ValueError:
        index = socket.if_nametoindex(interface)
        if family == socket.AF_INET6:
            return socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index.to_bytes(4, "little")
        ip_mreqn = bytes(8) + index.to_bytes(4, "little")  # ip(7), Linux
        return socket.IPPROTO_IP, socket.IP_MULTICAST_IF, ip_mreqn
    return socket.IPPROTO_IP, socket.IP_MULTICAST_IF, address.packed
