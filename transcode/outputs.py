"""Where a transport stream goes: UDP receivers, unicast or multicast. An absent one disturbs nobody."""

import ipaddress
import socket
import threading
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import structlog

log = structlog.get_logger()

_RESOLVE_AGAIN_SECONDS = 10.0
_SEND_BUFFER_BYTES = 1 << 20


class OutputError(ValueError):
    """The address of an output cannot be used. The sentence says why."""


@dataclass(frozen=True, slots=True)
class UdpAddress:
    host: str
    port: int
    ttl: int = 16
    dscp: int = 0
    interface: str | None = None  # address of the interface that multicast leaves by

    @classmethod
    def parse(cls, url: str) -> "UdpAddress":
        """`udp://host:port?ttl=16&dscp=34&interface=192.0.2.1`."""
        try:
            parts = urlsplit(url)
            options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
            address = cls(
                host=parts.hostname or "",
                port=parts.port or 0,
                ttl=int(options.pop("ttl", 16)),
                dscp=int(options.pop("dscp", 0)),
                interface=options.pop("interface", None),
            )
            if address.interface is not None:
                ipaddress.ip_address(address.interface)
        except ValueError as error:
            raise OutputError(f"{url} is no output address: {error}") from error
        if parts.scheme != "udp" or not address.host or not address.port or options:
            raise OutputError(f"{url} is no output address: give udp://host:port")
        if not 0 <= address.ttl <= 255 or not 0 <= address.dscp <= 63:
            raise OutputError(f"{url} is no output address: ttl goes to 255, dscp to 63")
        return address


class UdpOutput:
    """Sends datagrams from one thread; whatever cannot be sent at once is dropped and counted."""

    def __init__(self, address: UdpAddress) -> None:
        self._address = address
        self._socket: socket.socket | None = None
        self._closed = threading.Event()
        self.dropped = 0
        self._failing = False
        # Looking up a name may block for seconds, which the channel cannot.
        self._opening = threading.Thread(target=self._open, name="output-open", daemon=True)
        self._opening.start()

    def send(self, datagram: bytes) -> None:
        if self._socket is None:
            self.dropped += 1
            return
        try:
            self._socket.sendto(datagram, self._target)
        except OSError as error:
            self._note_failure(error)
        else:
            self._failing = False

    def close(self) -> None:
        self._closed.set()
        self._opening.join(timeout=1.0)
        if self._socket is not None:
            self._socket.close()

    def _note_failure(self, error: OSError) -> None:
        self.dropped += 1
        if not self._failing:
            log.warning("playout.output_failing", output=self._address.host, reason=str(error))
        self._failing = True

    def _open(self) -> None:
        while not self._closed.is_set():
            try:
                self._target, self._socket = _connect(self._address)
            except OSError as error:
                log.warning(
                    "playout.output_unreachable", output=self._address.host, reason=str(error)
                )
                self._closed.wait(_RESOLVE_AGAIN_SECONDS)
            else:
                return


def _connect(address: UdpAddress) -> tuple[tuple[object, ...], socket.socket]:
    """Not connected on purpose: a connected socket raises where nobody listens."""
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_DGRAM)
    family, kind, protocol, _, target = found[0]
    sender = socket.socket(family, kind, protocol)
    sender.setblocking(False)
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    if family == socket.AF_INET:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, address.ttl)
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, address.dscp << 2)
        if address.interface:
            chosen = ipaddress.ip_address(address.interface).packed
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, chosen)
    else:
        sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, address.ttl)
    return target, sender
