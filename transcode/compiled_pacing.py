"""Pacing and sending in C: the structs of transcode/_pacing.c, filled from Python once an output."""

import secrets
import socket
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from cffi import FFI

from transcode.build_pacing import LIBRARY

_ffi: Final = FFI()
_ffi.cdef("""
struct target { double last; uint64_t dropped; uint32_t source, name_size; int32_t fd, error, gso;
                uint16_t sequence; uint8_t is_rtp, has_last, name[28]; };
struct pacing { double starts_at, seconds_each, latest; uint64_t number;
                int32_t together, stopping; };
int pacing_layout(void);
int pacing_open(struct target *target, int fd, const uint8_t *name, uint32_t size);
void pacing_stop(struct pacing *pacing);
int pacing_run(struct pacing *pacing, struct target **targets, int target_count,
               const uint8_t *data, size_t size);
""")


def load(path: Path = LIBRARY) -> Any:
    """The library, or None where it is not built, of another machine or of another version of the structs."""
    try:
        compiled = _ffi.dlopen(str(path))
        layout = compiled.pacing_layout()
    except (OSError, AttributeError):
        return None
    ours = _ffi.sizeof("struct target") * 1000 + _ffi.sizeof("struct pacing")
    return compiled if layout == ours else None


class Target:
    """Where the compiled loop sends. It drops what comes before `open` and after `close`."""

    def __init__(self, library: Any, *, is_rtp: bool) -> None:
        self.library = library
        self.struct = _ffi.new("struct target *")
        self.struct.fd, self.struct.gso, self.struct.is_rtp = -1, 1, is_rtp
        self.struct.source, self.struct.sequence = secrets.randbits(32), secrets.randbits(16)

    @property
    def dropped(self) -> int:
        """Datagrams that were not sent."""
        return int(self.struct.dropped)

    def take_error(self) -> int:
        """The errno of the last failure since it was asked before; 0 without any. From the thread that sends."""
        error, self.struct.error = int(self.struct.error), 0
        return error

    def open(self, sender: socket.socket, target: Sequence[Any]) -> None:
        """`target` is an address as `socket` has it: of IPv4 or IPv6, by number."""
        name = raw_address(sender.family, target)
        self.library.pacing_open(self.struct, sender.fileno(), name, len(name))

    def close(self) -> None:
        """Before the socket is."""
        self.library.pacing_open(self.struct, -1, b"", 0)


def raw_address(family: int, target: Sequence[Any]) -> bytes:
    """struct sockaddr_in or sockaddr_in6 (ip(7), ipv6(7))."""
    port = struct.pack(">H", target[1])
    if family == socket.AF_INET:
        return struct.pack("=H2s4s8x", family, port, socket.inet_aton(target[0]))
    host = socket.inet_pton(socket.AF_INET6, target[0].partition("%")[0])
    flow = struct.pack(">I", target[2])
    return struct.pack("=H2s4s16sI", family, port, flow, host, target[3])


class CompiledPacing:
    """Sends runs of whole datagrams, each burst of up to `together` at its moment."""

    def __init__(
        self,
        targets: Sequence[Target],
        *,
        starts_at: float,
        seconds_each: float,
        together: int,
    ) -> None:
        self._library = targets[0].library
        self._count = len(targets)
        self._targets = _ffi.new("struct target *[]", [target.struct for target in targets])
        self._kept = targets  # the array of C does not keep them
        self._state = _ffi.new("struct pacing *")
        self._state.starts_at, self._state.seconds_each = starts_at, seconds_each
        self._state.together = together

    @property
    def latest(self) -> float:
        """The seconds that a burst was late so far, at most."""
        return float(self._state.latest)

    def run(self, data: bytes) -> None:
        """Return when the last one was sent; other threads go on meanwhile."""
        self._library.pacing_run(
            self._state, self._targets, self._count, _ffi.from_buffer(data), len(data)
        )

    def stop(self) -> None:
        """From another thread: send no more."""
        self._library.pacing_stop(self._state)
