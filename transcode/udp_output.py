"""Sends a transport stream in UDP datagrams, bare or in RTP."""

import os
import secrets
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from transcode.build_pacing import LIBRARY
from transcode.compiled_pacing import Target, load
from transcode.outputs import Burst, UdpAddress, multicast_interface

log = structlog.get_logger()

_RESOLVE_AGAIN_SECONDS = 10.0
_SEND_BUFFER_BYTES = 1 << 20
_RTP = struct.Struct(">BBHII")
_UDP_SEGMENT = 103  # udp(7), Linux 4.18
_MP2T = 33  # payload type, RFC 3551
_RTP_CLOCK = 90_000
_JUMP_SECONDS = 0.1


class UdpOutput:
    """Sends datagrams from one thread; whatever cannot be sent at once is dropped and counted."""

    def __init__(self, address: UdpAddress, *, library: Path = LIBRARY) -> None:
        self._address = address
        compiled = load(library)
        self.target = None if compiled is None else Target(compiled, is_rtp=address.is_rtp)
        self._socket: socket.socket | None = None
        self._closed = threading.Event()
        self._rtp = RtpHeaders() if address.is_rtp else None
        self._dropped = 0
        self._is_cut = True  # as long as the kernel does
        self._cut_to = 0
        self._failing = False
        # Looking up a name may block for seconds, which the channel cannot.
        self._opening = threading.Thread(target=self._open, name="output-open", daemon=True)
        self._opening.start()

    @property
    def dropped(self) -> int:
        """Datagrams that were not sent."""
        return self._dropped + (self.target.dropped if self.target else 0)

    def tell_failures(self) -> None:
        if self.target is None:
            return
        number = self.target.take_error()
        if number:
            self._note_failure(OSError(number, os.strerror(number)))
        else:
            self._failing = False

    def send(self, burst: Burst) -> None:
        datagrams = burst.datagrams
        if self._rtp is not None:
            datagrams = list(self._rtp.before(burst))
        if self._socket is None:
            self._dropped += len(datagrams)
            return
        if len(datagrams) > 1 and self._is_cut and self._send_together(self._socket, datagrams):
            return
        for datagram in datagrams:
            try:
                self._socket.sendto(datagram, self._target)
            except OSError as error:
                self._dropped += 1
                self._note_failure(error)
            else:
                self._failing = False

    def _send_together(self, sender: socket.socket, datagrams: Sequence[bytes]) -> bool:
        """One system call, which the kernel cuts into datagrams. False where a network card can't."""
        try:
            length = len(datagrams[0])
            if length != self._cut_to:
                sender.setsockopt(socket.IPPROTO_UDP, _UDP_SEGMENT, length)
                self._cut_to = length
            sender.sendmsg(datagrams, [], 0, self._target)
        except BlockingIOError:
            return False  # each by itself: what fits is sent
        except OSError:
            self._is_cut = False
            with suppress(OSError):
                sender.setsockopt(socket.IPPROTO_UDP, _UDP_SEGMENT, 0)
            return False
        self._failing = False
        return True

    def wait_until_open(self) -> None:
        """Until its name was found."""
        self._opening.join()

    def close(self) -> None:
        self._closed.set()
        self._opening.join(timeout=1.0)
        if self._socket is not None:
            if self.target is not None:
                self.target.close()
            self._socket.close()

    def _note_failure(self, error: OSError) -> None:
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
                if self.target is not None:
                    self.target.open(self._socket, self._target)
                return


class RtpHeaders:
    """RFC 2250, section 2: the time stamp is when the first byte is due, and a marker says that it jumps."""

    def __init__(self) -> None:
        self._source = secrets.randbits(32)
        self._sequence = secrets.randbits(16)
        self._last: float | None = None

    def before(self, burst: Burst) -> Iterator[bytes]:
        """The datagrams with their headers: each tells when it is due, even if it leaves earlier."""
        for number, datagram in enumerate(burst.datagrams):
            yield self.next(burst.at + number * burst.apart) + datagram

    def next(self, at: float) -> bytes:
        jumps = self._last is None or not 0 <= at - self._last < _JUMP_SECONDS
        self._last = at
        self._sequence = self._sequence + 1 & 0xFFFF
        stamp = int(at * _RTP_CLOCK) & 0xFFFFFFFF
        return _RTP.pack(0x80, jumps << 7 | _MP2T, self._sequence, stamp, self._source)


def _connect(address: UdpAddress) -> tuple[tuple[object, ...], socket.socket]:
    """Not connected on purpose: a connected socket raises where nobody listens."""
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_DGRAM)
    family, kind, protocol, _, target = found[0]
    sender = socket.socket(family, kind, protocol)
    try:
        _set_up(sender, address)
    except OSError:
        sender.close()
        raise
    return target, sender


def _set_up(sender: socket.socket, address: UdpAddress) -> None:
    sender.setblocking(False)
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    if sender.family == socket.AF_INET:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, address.ttl)
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, address.dscp << 2)
    else:
        sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, address.ttl)
        sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, address.dscp << 2)
    if address.interface:
        sender.setsockopt(*multicast_interface(sender.family, address.interface))
