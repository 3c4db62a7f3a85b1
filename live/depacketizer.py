"""RTP packets made access units again: H.264 (RFC 6184), VP8 (RFC 7741), Opus (RFC 7587).

Packets are put in order within a short window. What is broken is dropped whole, and so is
everything after it until the next keyframe: the recording holds only what decodes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from live.rtp import stap_a, starts_key, vp8_descriptor_size
from transcode.access_unit import AUDIO_TIMESCALE, VIDEO_TIMESCALE, AccessUnit, Codec

PICTURE_SECONDS: Final = 0.5  # that are waited for a picture's packet, which is sent again
SOUND_SECONDS: Final = 0.25  # sound is not; what is late comes by itself
_MOST_HELD: Final = 512  # packets
_LARGEST_UNIT: Final = 4 * 1024 * 1024  # bytes
_START_CODE: Final = b"\x00\x00\x00\x01"
_IDR: Final = 5
_SPS: Final = 7
_PPS: Final = 8
_STAP_A: Final = 24
_FU_A: Final = 28


class TappedPacket(NamedTuple):
    """A packet with its time already made ours."""

    sequence: int
    timestamp: int
    marker: int
    ticks: int  # capture time on our monotonic clock
    payload: bytes
    arrived: float


class Window:
    """Puts packets in order: waits for a missing one until it comes or the window is over."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._held: dict[int, TappedPacket] = {}  # unwrapped sequence number
        self._next: int | None = None

    def push(self, packet: TappedPacket, now: float) -> Iterator[TappedPacket | None]:
        """The packets that are due, in order; None stands where some are lost for good."""
        if self._next is None:
            self._next = packet.sequence
        at = self._next + ((packet.sequence - self._next + 0x8000 & 0xFFFF) - 0x8000)
        if at >= self._next:
            self._held.setdefault(at, packet)
        yield from self.due(now)

    def due(self, now: float) -> Iterator[TappedPacket | None]:
        while self._held and self._next is not None:
            if self._next not in self._held:
                oldest = min(self._held)
                waited = now - self._held[oldest].arrived
                if waited < self._seconds and len(self._held) < _MOST_HELD:
                    return
                self._next = oldest
                yield None
            yield self._held.pop(self._next)
            self._next += 1


class Assembler(Protocol):
    """Takes the packets of a codec in order."""

    def push(self, packet: TappedPacket) -> AccessUnit | None: ...
    def break_off(self) -> None:
        """Packets are missing before the next one."""


class Depacketizer:
    """One track's packets in, its access units out. One thread."""

    def __init__(
        self,
        codec: Codec,
        ask_keyframe: Callable[[], None],
        on_key_ahead: Callable[[int], None] = lambda _: None,
    ) -> None:
        """`on_key_ahead` hears, between the units before and after, the `pts` of an H.264 key picture
        whose first packet is there: the rest may take a tenth of a second."""
        self._ask_keyframe = ask_keyframe
        self._on_key_ahead = on_key_ahead
        self._codec = codec
        self._announced: int | None = None  # RTP time of a key picture
        self._needs_key = codec is not Codec.OPUS
        self._window = Window(PICTURE_SECONDS if self._needs_key else SOUND_SECONDS)
        self._assembler: Assembler = _ASSEMBLERS[codec]()
        self._is_video = self._needs_key
        self._last_pts: int | None = None

    def push(self, packet: TappedPacket, now: float) -> Iterator[AccessUnit]:
        """Access units that the packet completes; `pts` is the packets' `ticks`."""
        yield from self._units(self._window.push(packet, now))

    def due(self, now: float) -> Iterator[AccessUnit]:
        """Access units that no longer wait for what is missing."""
        yield from self._units(self._window.due(now))

    def _units(self, packets: Iterator[TappedPacket | None]) -> Iterator[AccessUnit]:
        for packet in packets:
            if packet is None:
                self._break_off()
            elif packet.payload:
                unit = self._assembler.push(packet)
                if unit is not None and self._admits(unit):
                    yield self._in_order(unit)
                elif unit is None and packet.marker and self._is_video:
                    self._break_off()  # a picture ended and none came of it
                if self._codec is Codec.H264:
                    self._look_ahead(packet)

    def _look_ahead(self, packet: TappedPacket) -> None:
        is_news = packet.timestamp != self._announced and not packet.marker
        if is_news and starts_key(self._codec, memoryview(packet.payload)):
            self._announced = packet.timestamp
            self._on_key_ahead(packet.ticks)

    def _break_off(self) -> None:
        self._assembler.break_off()
        if self._is_video:
            self._needs_key = True
            self._ask_keyframe()

    def _admits(self, unit: AccessUnit) -> bool:
        if unit.is_key:
            self._needs_key = False
        return not self._needs_key

    def _in_order(self, unit: AccessUnit) -> AccessUnit:
        """Times grow strictly, whatever the sender's clock does."""
        pts = unit.pts
        if self._last_pts is not None and pts <= self._last_pts:
            pts = self._last_pts + 1
        self._last_pts = pts
        return AccessUnit(unit.data, pts, unit.timescale, unit.is_key)


class OpusAssembler:
    """One packet is one unit."""

    def push(self, packet: TappedPacket) -> AccessUnit | None:
        return AccessUnit(packet.payload, packet.ticks, AUDIO_TIMESCALE, is_key=True)

    def break_off(self) -> None: ...


@dataclass(slots=True)
class _Picture:
    timestamp: int
    ticks: int
    size: int = 0
    is_broken: bool = False


class H264Assembler:
    """NAL units of one RTP time are one picture; the marker ends it, or the next time does."""

    def __init__(self) -> None:
        self._picture: _Picture | None = None
        self._nals: list[bytes] = []
        self._fragment: bytearray | None = None
        self._parameter_sets: dict[int, bytes] = {}
        self._is_doubtful = False  # what begins now may have lost its beginning

    def push(self, packet: TappedPacket) -> AccessUnit | None:
        finished: AccessUnit | None = None
        if self._picture is not None and self._picture.timestamp != packet.timestamp:
            finished = self._finish()  # its marker was lost or never set
        if self._picture is None:
            broken = self._is_doubtful and not _begins_picture(packet.payload)
            self._picture = _Picture(packet.timestamp, packet.ticks, is_broken=broken)
            self._is_doubtful = False
        self._collect(self._picture, packet.payload)
        if packet.marker:
            finished = self._finish() or finished
        return finished

    def break_off(self) -> None:
        self._fragment, self._is_doubtful = None, True
        if self._picture is not None:
            self._picture.is_broken = True

    def _collect(self, picture: _Picture, payload: bytes) -> None:
        kind = payload[0] & 0x1F
        picture.size += len(payload)
        if kind == _FU_A and len(payload) > 2:
            self._unite(picture, payload)
        elif kind == _STAP_A:
            found = stap_a(memoryview(payload))
            picture.is_broken |= not found
            for at, size in found:
                self._add(payload[at : at + size])
        elif 1 <= kind <= 23:
            self._add(payload)
        else:
            picture.is_broken = True
        if picture.size > _LARGEST_UNIT:
            picture.is_broken, self._nals, self._fragment = True, [], None

    def _unite(self, picture: _Picture, payload: bytes) -> None:
        indicator, header = payload[0], payload[1]
        if header & 0x80:
            self._fragment = bytearray([indicator & 0xE0 | header & 0x1F])
        if self._fragment is None:
            picture.is_broken = True
            return
        self._fragment += payload[2:]
        if header & 0x40:
            self._add(bytes(self._fragment))
            self._fragment = None

    def _add(self, nal: bytes) -> None:
        kind = nal[0] & 0x1F
        if kind in {_SPS, _PPS}:
            self._parameter_sets[kind] = nal
        self._nals.append(nal)

    def _finish(self) -> AccessUnit | None:
        picture, nals = self._picture, self._nals
        is_cut = self._fragment is not None
        self._picture, self._nals, self._fragment = None, [], None
        if picture is None or picture.is_broken or is_cut or not nals:
            return None
        kinds = {nal[0] & 0x1F for nal in nals}
        if not any(1 <= kind <= _IDR for kind in kinds):
            return None  # parameter sets alone: they are kept for the picture to come
        is_key = _IDR in kinds
        if is_key:
            missing = [kind for kind in (_SPS, _PPS) if kind not in kinds]
            if not all(kind in self._parameter_sets for kind in missing):
                return None
            nals = [self._parameter_sets[kind] for kind in missing] + nals
        data = b"".join(_START_CODE + nal for nal in nals)
        return AccessUnit(data, picture.ticks, VIDEO_TIMESCALE, is_key)


def _begins_picture(payload: bytes) -> bool:
    """A delimiter, SEI, parameter sets, or the slice of the first macroblock."""
    kind = payload[0] & 0x1F
    if kind == _FU_A:
        return len(payload) > 2 and bool(payload[1] & 0x80) and _is_first(payload[1], payload[2])
    return kind == _STAP_A or (len(payload) > 1 and _is_first(payload[0], payload[1]))


def _is_first(header: int, after: int) -> bool:
    kind = header & 0x1F
    return 6 <= kind <= 9 or (1 <= kind <= _IDR and bool(after & 0x80))


class Vp8Assembler:
    """The payloads of one RTP time, without their descriptors, are one frame."""

    def __init__(self) -> None:
        self._picture: _Picture | None = None
        self._frame = bytearray()

    def push(self, packet: TappedPacket) -> AccessUnit | None:
        at = vp8_descriptor_size(memoryview(packet.payload))
        begins = packet.payload[0] & 0x17 == 0x10
        if self._picture is None or self._picture.timestamp != packet.timestamp:
            self._picture = _Picture(packet.timestamp, packet.ticks, is_broken=not begins)
            self._frame = bytearray()
        picture = self._picture
        picture.is_broken |= at is None or len(self._frame) > _LARGEST_UNIT
        if at is not None and not picture.is_broken:
            self._frame += packet.payload[at:]
        if not packet.marker:
            return None
        self._picture, frame = None, bytes(self._frame)
        if picture.is_broken or not frame:
            return None
        return AccessUnit(frame, picture.ticks, VIDEO_TIMESCALE, is_key=not frame[0] & 1)

    def break_off(self) -> None:
        if self._picture is not None:
            self._picture.is_broken = True


_ASSEMBLERS: Final[dict[Codec, Callable[[], Assembler]]] = {
    Codec.H264: H264Assembler,
    Codec.VP8: Vp8Assembler,
    Codec.OPUS: OpusAssembler,
}
