"""What somebody watched of an offline package, as its page saved it: read, checked, made into facts. Pure.

The signature shows that nobody edited the file, not that nobody forged it: the key lies in the
package. So what a record claims must be possible, and the facts say that they came late.
"""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID, uuid5

import msgspec

from kernel.errors import Invalid, Refused
from kernel.facts import Fact
from player.events import Mode, ViewBegan, ViewEnded
from player.played import Segment, is_plausible, union
from transcode.revisions import Revisions

FORMAT: Final = "daris-watch-1"
_MOST_VIEWS: Final = 500
_MOST_SEGMENTS: Final = 2_000
_WRONG_CLOCKS: Final = timedelta(days=1)  # of computers that never see a network
_ROUNDING_MS: Final = 1_000  # players differ about where a file ends
_NAMESPACE: Final = UUID("7a0d9f3e-7a55-5c8b-8a0e-3f8f5d8c1b62")

Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=7 * 86_400_000)]


class LateView(msgspec.Struct, frozen=True):
    """One sitting before the package's page."""

    view: UUID
    began_at: datetime
    ended_at: datetime
    position_ms: Milliseconds
    segments: Annotated[
        tuple[tuple[Milliseconds, Milliseconds], ...], msgspec.Meta(max_length=_MOST_SEGMENTS)
    ]


class WatchRecord(msgspec.Struct, frozen=True):
    """All sittings so far: a later file of the same page holds those of an earlier one too."""

    package: UUID
    lecture: UUID
    views: Annotated[tuple[LateView, ...], msgspec.Meta(max_length=_MOST_VIEWS)]


class _Signed(msgspec.Struct, frozen=True):
    """The file: the record as the very text that was signed (HMAC-SHA-256, in hexadecimal)."""

    format: str
    record: str
    signature: str


def key_of(secret: bytes, package: UUID, lecture: UUID) -> bytes:
    """The package's own key; it follows from our secret, so none needs to be kept."""
    return hmac.digest(secret, b"daris package " + package.bytes + lecture.bytes, "sha256")


def read(data: bytes, secret: bytes) -> WatchRecord:
    """The record in a file; Invalid if it is none, Refused if it was changed."""
    try:
        signed = msgspec.json.decode(data, type=_Signed)
        record = msgspec.json.decode(signed.record, type=WatchRecord)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid("This is no watch record of an offline package.") from error
    if signed.format != FORMAT:
        raise Invalid("This is no watch record of an offline package.")
    key = key_of(secret, record.package, record.lecture)
    signature = hmac.digest(key, signed.record.encode(), "sha256").hex()
    if not hmac.compare_digest(signature.encode(), signed.signature.encode()):
        raise Refused("This watch record was changed, or belongs to another house.")
    return record


@dataclass(frozen=True, slots=True)
class Packed:
    """What a package holds of a recording: the revision that was played when it was made."""

    revision: int
    length_ms: int


def packed(record: WatchRecord, revisions: Revisions, uncut: timedelta) -> Packed:
    """`uncut` is the whole recording's length."""
    revision = revisions.at(_minted_at(record.package))
    return Packed(revision, revisions.length(revision, uncut // timedelta(milliseconds=1)))


def check(record: WatchRecord, *, length_ms: int, now: datetime) -> None:
    """Refused when it claims what cannot have been."""
    if any(view.began_at.tzinfo is None or view.ended_at.tzinfo is None for view in record.views):
        raise Invalid("The times of this watch record have no zone.")
    earliest = _minted_at(record.package) - _WRONG_CLOCKS
    for view in record.views:
        if not earliest <= view.began_at <= view.ended_at <= now + _WRONG_CLOCKS:
            raise Refused("This was watched before there was the package, or is yet to be watched.")
        if any(begin >= end or end > length_ms + _ROUNDING_MS for begin, end in view.segments):
            raise Refused("This watch record tells of more than the recording holds.")
        if not is_plausible(view.segments, view.ended_at - view.began_at):
            raise Refused("More was reported as played than there was time to play it.")


def facts(view: LateView, lecture: UUID, person: UUID, held: Packed) -> Iterator[Fact]:
    """Always the same for the same sitting. No presence comes of it: nobody has seen them there."""
    about: dict[str, Any] = {
        "lecture": lecture,
        "person": person,
        "view": view.view,
        "mode": Mode.RECORDING,
        "length_ms": held.length_ms,
        "revision": held.revision,
        "is_late": True,
    }
    yield ViewBegan(id=uuid5(_NAMESPACE, f"{view.view}/began"), at=view.began_at, **about)
    yield ViewEnded(
        id=uuid5(_NAMESPACE, f"{view.view}/ended"),
        at=view.ended_at,
        last_proof_at=view.ended_at,
        position_ms=min(view.position_ms, held.length_ms),
        segments=_segments(view, held.length_ms),
        **about,
    )


def _segments(view: LateView, length_ms: int) -> tuple[Segment, ...]:
    return tuple(union((begin, min(end, length_ms)) for begin, end in view.segments))


def _minted_at(package: UUID) -> datetime:
    """The moment in a UUIDv7 (RFC 9562, 5.7); only we mint packages, and the key proves it."""
    return datetime.fromtimestamp((package.int >> 80) / 1_000, UTC)
