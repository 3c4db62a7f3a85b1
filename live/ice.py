"""ICE-lite: we only answer connectivity checks (RFC 8445 §2.5, STUN RFC 8489).

A check is trusted when its integrity is made with the password that stands in our answer.
What strangers send is looked up and limited before it costs an HMAC.
"""

import hmac
import ipaddress
import secrets
import struct
import zlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from live.datagrams import read_name

_COOKIE: Final = 0x2112A442
_REQUEST: Final = 0x0001
_SUCCESS: Final = 0x0101
_USERNAME: Final = 0x0006
_INTEGRITY: Final = 0x0008
_MAPPED: Final = 0x0020
_USE_CANDIDATE: Final = 0x0025
_FINGERPRINT: Final = 0x8028
_FINGERPRINT_XOR: Final = 0x5354554E
_LONGEST: Final = 600
_MOST_ATTRIBUTES: Final = 24


class Drop(StrEnum):
    """Why a datagram was thrown away; the label of the metric."""

    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    FORGED = "forged"
    TOO_OFTEN = "too_often"
    UNREADABLE = "unreadable"  # SRTP refuses it: wrong key, replayed
    UNROUTED = "unrouted"  # of a stream that nobody announced
    FAILED = "failed"  # a fault of ours, see the log


@dataclass(frozen=True, slots=True)
class Check:
    """A connectivity check, not yet believed."""

    transaction: bytes
    local: str  # our ufrag
    nominates: bool
    integrity_at: int  # where the integrity attribute begins


class CheckListener(Protocol):
    """The connection behind a ufrag."""

    def checked(self, credentials: "Credentials", name: bytes, *, nominates: bool) -> None:
        """A check with right integrity came from this raw address."""


class Allowance:
    """So many a second, with a burst; the rest is refused."""

    __slots__ = ("_at", "_burst", "_left", "_rate")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst, self._left, self._at = rate, burst, burst, 0.0

    def take(self, now: float, cost: float = 1.0) -> bool:
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < cost:
            return False
        self._left -= cost
        return True


@dataclass(slots=True, eq=False)
class Credentials:
    """Our half of one ICE session, and what it may cost us."""

    listener: CheckListener
    ufrag: str = field(default_factory=lambda: secrets.token_hex(4))
    password: str = field(default_factory=lambda: secrets.token_hex(12))
    known: Allowance = field(default_factory=lambda: Allowance(50, 100))
    strangers: Allowance = field(default_factory=lambda: Allowance(20, 40))


class IceServer:
    """Answers the checks of all connections."""

    def __init__(self) -> None:
        self._sessions: dict[str, Credentials] = {}

    def open(self, listener: CheckListener) -> Credentials:
        credentials = Credentials(listener)
        self._sessions[credentials.ufrag] = credentials
        return credentials

    def close(self, credentials: Credentials) -> None:
        self._sessions.pop(credentials.ufrag, None)

    def is_for_us(self, data: bytes) -> bool:
        """Whether this is a check of an open session; not yet that it is genuine."""
        check = read_check(data)
        return check is not None and check.local in self._sessions

    def answer(self, data: bytes, name: bytes, now: float, *, is_known: bool) -> bytes | Drop:
        """The answer to a check, after the listener was told; or why there is none."""
        check = read_check(data)
        if check is None:
            return Drop.MALFORMED
        session = self._sessions.get(check.local)
        if session is None:
            return Drop.UNKNOWN
        if not (session.known if is_known else session.strangers).take(now):
            return Drop.TOO_OFTEN
        if not _is_genuine(data, check, session.password.encode()):
            return Drop.FORGED
        session.listener.checked(session, name, nominates=check.nominates)
        return write_answer(check.transaction, name, session.password.encode())


def is_stun(data: bytes) -> bool:
    """RFC 7983: the first byte tells STUN from DTLS and RTP."""
    return len(data) >= 20 and data[0] < 4


def read_check(data: bytes) -> Check | None:
    """A binding request with user name and integrity; None for anything else."""
    if not 20 <= len(data) <= _LONGEST:
        return None
    kind, length, cookie = struct.unpack_from("!HHI", data)
    if kind != _REQUEST or cookie != _COOKIE or length + 20 != len(data) or length % 4:
        return None
    attributes = _attributes(data)
    if attributes is None or _USERNAME not in attributes or _INTEGRITY not in attributes:
        return None
    at, size = attributes[_USERNAME]
    local = data[at : at + size].split(b":")[0].decode("ascii", "replace")
    integrity_at, integrity_size = attributes[_INTEGRITY]
    if integrity_size != 20:
        return None
    return Check(data[8:20], local, _USE_CANDIDATE in attributes, integrity_at - 4)


def _attributes(data: bytes) -> dict[int, tuple[int, int]] | None:
    """Where the value of each attribute stands; nothing counts after the integrity."""
    found: dict[int, tuple[int, int]] = {}
    at = 20
    for _ in range(_MOST_ATTRIBUTES):
        if at + 4 > len(data):
            return found
        kind, size = struct.unpack_from("!HH", data, at)
        at += 4
        if at + size > len(data):
            return None
        if _INTEGRITY not in found:
            found.setdefault(kind, (at, size))
        at += (size + 3) & ~3
    return None


def _is_genuine(data: bytes, check: Check, password: bytes) -> bool:
    at = check.integrity_at
    signed = data[:2] + struct.pack("!H", at + 24 - 20) + data[4:at]
    return hmac.compare_digest(hmac.digest(password, signed, "sha1"), data[at + 4 : at + 24])


def write_check(username: str, password: bytes) -> bytes:
    """A binding request that nominates, as a controlling side sends it."""
    text = username.encode()
    body = _attribute(_USERNAME, text + bytes(-len(text) % 4), len(text))
    body += _attribute(_USE_CANDIDATE, b"")
    head = struct.pack("!HHI", _REQUEST, len(body) + 24, _COOKIE) + secrets.token_bytes(12)
    signed = head + body
    integrity = _attribute(_INTEGRITY, hmac.digest(password, signed, "sha1"))
    return signed + integrity


def write_answer(transaction: bytes, name: bytes, password: bytes) -> bytes:
    """A binding success response that says under which address we saw the other side."""
    mapped = _attribute(_MAPPED, _mapped_address(transaction, name))
    signed = struct.pack("!HHI", _SUCCESS, len(mapped) + 24, _COOKIE) + transaction + mapped
    integrity = _attribute(_INTEGRITY, hmac.digest(password, signed, "sha1"))
    length = len(mapped) + len(integrity) + 8
    whole = struct.pack("!HHI", _SUCCESS, length, _COOKIE) + transaction + mapped + integrity
    return whole + _attribute(_FINGERPRINT, struct.pack("!I", zlib.crc32(whole) ^ _FINGERPRINT_XOR))


def _mapped_address(transaction: bytes, name: bytes) -> bytes:
    host, port = read_name(name)
    packed = ipaddress.ip_address(host).packed
    mask = struct.pack("!I", _COOKIE) + transaction
    hidden = bytes(a ^ b for a, b in zip(packed, mask, strict=False))
    return struct.pack("!BBH", 0, 1 if len(packed) == 4 else 2, port ^ (_COOKIE >> 16)) + hidden


def _attribute(kind: int, value: bytes, size: int | None = None) -> bytes:
    return struct.pack("!HH", kind, len(value) if size is None else size) + value
