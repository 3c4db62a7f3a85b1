"""Many datagrams in one system call: recvmmsg and sendmmsg of Linux, through cffi's ABI mode.

No compiler is needed. A socket address stays the kernel's raw `sockaddr` bytes: they are the
key under which a packet's peer is found and the name under which the answer leaves.
"""

import ipaddress
import socket
import struct
from typing import Any, Final

from cffi import FFI

SLOT: Final = 1664
"""Room for one datagram and SRTP's trailer."""

ffi: Final = FFI()
ffi.cdef("""
struct iovec { void *iov_base; size_t iov_len; };
struct msghdr { void *msg_name; uint32_t msg_namelen; struct iovec *msg_iov; size_t msg_iovlen;
                void *msg_control; size_t msg_controllen; int msg_flags; };
struct mmsghdr { struct msghdr msg_hdr; unsigned int msg_len; };
int recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags, void *timeout);
int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags);
ssize_t sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t sendto(int fd, const void *data, size_t size, int flags, const void *name, uint32_t length);
""")
libc: Final[Any] = ffi.dlopen(None)

_NAME: Final = 28
_CONTROL: Final = 64
_TIMESTAMP: Final = 35  # SO_TIMESTAMPNS
_STAMP: Final = struct.Struct("=Qiiqq")  # cmsghdr and timespec
_OLDEST_SECONDS: Final = 1.0
_MAPPED: Final = bytes(10) + b"\xff\xff"


class Inbox:
    """Reads up to `batch` datagrams at a time into buffers of its own."""

    def __init__(self, fd: int, *, batch: int = 64) -> None:
        self._fd = fd
        self.batch = batch
        self._controls = ffi.new("char[]", _CONTROL * batch)
        self._control_bytes = memoryview(ffi.buffer(self._controls))
        self._arena = ffi.new("char[]", SLOT * self.batch)
        self._names = ffi.new("char[]", _NAME * self.batch)
        self._pieces = ffi.new("struct iovec[]", self.batch)
        self._messages = ffi.new("struct mmsghdr[]", self.batch)
        self._name_bytes = memoryview(ffi.buffer(self._names))
        self._lengths = [self._point(i) for i in range(self.batch)]
        self.pointers: list[Any] = [self._arena + SLOT * i for i in range(self.batch)]
        """The buffer of each datagram, for libsrtp to decrypt in place."""
        whole = memoryview(ffi.buffer(self._arena))
        self.views: list[memoryview] = [whole[SLOT * i : SLOT * (i + 1)] for i in range(self.batch)]
        """The same buffers, for Python."""

    def _point(self, i: int) -> Any:
        self._pieces[i].iov_base = self._arena + SLOT * i
        self._pieces[i].iov_len = SLOT
        header = self._messages[i].msg_hdr
        header.msg_name = self._names + _NAME * i
        header.msg_namelen = _NAME
        header.msg_iov = self._pieces + i
        header.msg_iovlen = 1
        header.msg_control = self._controls + _CONTROL * i
        header.msg_controllen = _CONTROL
        return header

    def read(self) -> int:
        """How many datagrams were read; 0 when there are none. OSError like `recvmsg`."""
        count: int = libc.recvmmsg(
            self._fd, self._messages, self.batch, socket.MSG_DONTWAIT, ffi.NULL
        )
        return max(count, 0)

    def size(self, i: int) -> int:
        """The size of datagram `i`; larger than any that we send when it was cut off."""
        size: int = self._messages[i].msg_len
        return size

    def sender(self, i: int) -> bytes:
        """The raw address of the sender of datagram `i`."""
        header = self._lengths[i]
        length: int = header.msg_namelen
        header.msg_namelen = _NAME
        header.msg_controllen = _CONTROL
        return bytes(self._name_bytes[_NAME * i : _NAME * i + length])

    def age(self, i: int, unix_now: float) -> float:
        """How many seconds ago datagram `i` came, where `stamp_arrivals` was called; else 0."""
        at = _CONTROL * i
        _, level, kind, seconds, nanoseconds = _STAMP.unpack_from(self._control_bytes, at)
        if level != socket.SOL_SOCKET or kind != _TIMESTAMP:
            return 0.0
        return float(min(max(unix_now - seconds - nanoseconds * 1e-9, 0.0), _OLDEST_SECONDS))


def stamp_arrivals(sock: socket.socket) -> None:
    """Let the kernel note when each datagram came, so that our own delays do not count."""
    sock.setsockopt(socket.SOL_SOCKET, _TIMESTAMP, 1)


def send(fd: int, data: bytes, name: bytes) -> bool:
    """Send one datagram; False when the socket does not take it now."""
    sent: int = libc.sendto(fd, data, len(data), socket.MSG_DONTWAIT, name, len(name))
    return sent == len(data)


def read_name(name: bytes) -> tuple[str, int]:
    """Host and port of a raw address; a mapped IPv4 address is shown as IPv4."""
    family: int = struct.unpack_from("=H", name)[0]
    port: int = struct.unpack_from("!H", name, 2)[0]
    if family == socket.AF_INET:
        return str(ipaddress.IPv4Address(name[4:8])), port
    packed = name[8:24]
    if packed[:12] == _MAPPED:
        return str(ipaddress.IPv4Address(packed[12:])), port
    return str(ipaddress.IPv6Address(packed)), port


def write_name(host: str, port: int) -> bytes:
    """The raw address of a numeric host and a port."""
    address = ipaddress.ip_address(host)
    if isinstance(address, ipaddress.IPv4Address):
        return (
            struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + address.packed + bytes(8)
        )
    return (
        struct.pack("=H", socket.AF_INET6)
        + struct.pack("!HI", port, 0)
        + address.packed
        + struct.pack("=I", 0)
    )
