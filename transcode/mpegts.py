"""The channel's DVB transport stream at constant bitrate: one FFmpeg muxer, always on, fed group by group."""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from heapq import merge
from itertools import count, islice
from typing import Any

import av

from transcode.h264 import annex_b
from transcode.house import (
    AAC_FRAME_SAMPLES,
    FRAME_TICKS,
    FRAMES_PER_SLOT,
    SAMPLE_RATE,
    VIDEO_TIMESCALE,
    Profile,
    sound_with,
)
from transcode.house_item import Group, parameter_sets
from transcode.si import ORIGINAL_NETWORK_ID, SERVICE_ID, TRANSPORT_STREAM_ID

# The muxer lets a picture arrive complete this long before it is decoded. PyAV's default of none would be
# too late for every picture.
AHEAD_SECONDS = 0.7

_AUDIO_TICKS = AAC_FRAME_SAMPLES * VIDEO_TIMESCALE // SAMPLE_RATE  # 1920, with no remainder
_TIME_BASE = Fraction(1, VIDEO_TIMESCALE)


class TransportStream:
    """Writes bytes to `sink` as soon as they are due; the n-th byte belongs to the second 8 n / mux_bps.

    The first picture is decoded `AHEAD_SECONDS` after the first byte arrives. One thread from open to close.
    """

    def __init__(
        self,
        profile: Profile,
        init: bytes,
        *,
        service: str,
        provider: str,
        sink: Callable[[bytes], None],
        origin: int = 0,
    ) -> None:
        """`origin`, a multiple of 24, is the picture that time stamps count from; they wrap after 26.5 h."""
        self._parameter_sets = _start_codes(parameter_sets(init))
        self._muxer = av.open(
            _Sink(sink), "w", format="mpegts", options=_options(profile), buffer_size=32_768
        )
        names = {"service_name": _short(service, 80), "service_provider": _short(provider, 40)}
        self._muxer.metadata.update(names)
        self._video = self._muxer.add_mux_stream(
            "h264", rate=25, width=profile.width, height=profile.height
        )
        self._audio = self._muxer.add_mux_stream("aac", rate=SAMPLE_RATE)
        self._origin = origin

    def push(self, group: Group, begins: int, length: int = FRAMES_PER_SLOT) -> None:
        """The first `length` pictures of the group and their sound; it has to begin where the last one ended."""
        first = begins - self._origin
        heard, silent = sound_with(first), sound_with(first + length)
        seen = islice(group.pictures(), length)
        pictures = zip(count(first * FRAME_TICKS, FRAME_TICKS), seen, strict=False)
        frames = islice(group.sounds(), silent - heard)
        sounds = zip(count(heard * _AUDIO_TICKS, _AUDIO_TICKS), frames, strict=False)
        video = (
            self._packet(at, data, self._video) for at, data in self._with_parameter_sets(pictures)
        )
        audio = (self._packet(at, _adts(data), self._audio) for at, data in sounds)
        for packet in merge(video, audio, key=lambda packet: packet.dts or 0):
            self._muxer.mux_one(packet)

    def close(self) -> None:
        self._muxer.close()

    def _with_parameter_sets(
        self, pictures: Iterable[tuple[int, bytes]]
    ) -> Iterable[tuple[int, bytes]]:
        for number, (at, data) in enumerate(pictures):
            yield at, _start_codes(data) if number else self._parameter_sets + _start_codes(data)

    def _packet(self, at: int, data: bytes, stream: av.stream.Stream) -> "av.Packet[Any]":
        packet = av.Packet(data)
        packet.pts = packet.dts = at
        packet.time_base = _TIME_BASE
        packet.stream = stream
        return packet


class _Sink:
    """The file that FFmpeg writes to."""

    def __init__(self, sink: Callable[[bytes], None]) -> None:
        self._sink = sink

    def write(self, data: bytes) -> int:
        self._sink(bytes(data))
        return len(data)


def _options(profile: Profile) -> dict[str, str]:
    return {
        "muxrate": str(profile.mux_bps),
        "max_delay": str(int(AHEAD_SECONDS * 1_000_000)),
        "pcr_period": "30",
        "pat_period": "0.1",
        "sdt_period": "0.5",
        "nit_period": "5",
        "mpegts_flags": "+initial_discontinuity+resend_headers+nit",
        "mpegts_service_type": "digital_tv",
        "mpegts_service_id": str(SERVICE_ID),
        "mpegts_transport_stream_id": str(TRANSPORT_STREAM_ID),
        "mpegts_original_network_id": str(ORIGINAL_NETWORK_ID),
        "flush_packets": "0",
    }


def _short(name: str, longest: int) -> str:
    """Cut to bytes of UTF-8, so that the SDT is one packet."""
    return name.encode()[:longest].decode(errors="ignore")


def _start_codes(access_unit: bytes) -> bytes:
    """NAL units with four-byte lengths to Annex B."""
    return annex_b(_units(access_unit))


def _units(access_unit: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(access_unit):
        end = at + 4 + int.from_bytes(access_unit[at : at + 4])
        yield access_unit[at + 4 : end]
        at = end


def _adts(frame: bytes) -> bytes:
    """One raw AAC-LC frame, 48 kHz stereo, with its ADTS header (ISO/IEC 13818-7, 6.2)."""
    size = len(frame) + 7
    fields = 0xFFF << 44 | 1 << 40 | 1 << 38 | 3 << 34 | 2 << 30 | size << 13 | 0x7FF << 2
    return fields.to_bytes(7) + frame
