"""CMAF boxes written by hand: init segments and fragments (ISO/IEC 14496-12, -14, -15).

FFmpeg's muxer gives a fragment away only when the next packet arrives and knows no parts.
Every file has one track, with the id 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from struct import pack
from typing import Final

from transcode.h264 import ParameterSets, Sps

_MATRIX: Final = pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_KEY: Final = 0x02000000  # sample_depends_on = 2: on nothing
_NOT_KEY: Final = 0x01010000  # depends on others, is not a sync sample
_HAS_OFFSET, _HAS_DURATION, _HAS_SIZE, _HAS_FLAGS, _HAS_SHIFT = 0x1, 0x100, 0x200, 0x400, 0x800
_HIGH_PROFILES: Final = (100, 110, 122, 244, 44)
OPUS_CODEC: Final = "opus"


@dataclass(frozen=True, slots=True)
class Sample:
    """One access unit in stored form. `shift` is presentation minus decode time."""

    data: bytes
    duration: int
    is_key: bool
    shift: int = 0


def fragment(sequence: int, decode_time: int, samples: Sequence[Sample]) -> bytes:
    """moof and mdat of `samples`, the first of which is decoded at `decode_time`."""
    flags = _HAS_OFFSET | _HAS_DURATION | _HAS_SIZE | _HAS_FLAGS
    if any(sample.shift for sample in samples):
        flags |= _HAS_SHIFT
    head = _moof(sequence, decode_time, _entries(samples, flags), len(samples), flags)
    return head + _box(b"mdat", *(sample.data for sample in samples))


def video_init(sps: Sps, sets: ParameterSets, timescale: int) -> bytes:
    """ftyp and moov of an H.264 track. The parameter sets also stay in band."""
    entry = _box(
        b"avc1",
        pack(">6xH16x2H", 1, sps.width, sps.height),
        pack(">2I4xH32xHh", 0x480000, 0x480000, 1, 24, -1),
        _box(b"avcC", _avc_configuration(sps, sets)),
    )
    header = _full(b"vmhd", 0, 1, pack(">4H", 0, 0, 0, 0))
    return _init(b"vide", entry, header, timescale, (sps.width, sps.height))


def opus_init(channels: int = 2, rate: int = 48_000) -> bytes:
    """ftyp and moov of an Opus track. No pre-skip: it starts in the middle of a stream."""
    configuration = _box(b"dOps", pack(">BBHIhB", 0, channels, 0, rate, 0, 0))
    return _audio_init(b"Opus", configuration, channels, rate)


def aac_init(configuration: bytes, channels: int = 2, rate: int = 48_000) -> bytes:
    """ftyp and moov of an AAC track; `configuration` is the AudioSpecificConfig."""
    specific = _descriptor(5, configuration)
    decoder = _descriptor(4, pack(">BB3xII", 0x40, 0x15, 0, 0) + specific)
    stream = _descriptor(3, pack(">HB", 1, 0) + decoder + _descriptor(6, b"\x02"))
    return _audio_init(b"mp4a", _full(b"esds", 0, 0, stream), channels, rate)


def _entries(samples: Sequence[Sample], flags: int) -> bytes:
    if flags & _HAS_SHIFT:
        return b"".join(
            pack(">IIIi", s.duration, len(s.data), _KEY if s.is_key else _NOT_KEY, s.shift)
            for s in samples
        )
    return b"".join(
        pack(">III", s.duration, len(s.data), _KEY if s.is_key else _NOT_KEY) for s in samples
    )


def _moof(sequence: int, decode_time: int, entries: bytes, count: int, flags: int) -> bytes:
    header = _full(b"mfhd", 0, 0, pack(">I", sequence))
    track = _full(b"tfhd", 0, 0x020000, pack(">I", 1))  # default-base-is-moof
    time = _full(b"tfdt", 1, 0, pack(">Q", decode_time))
    run_size = 20 + len(entries)
    size = 8 + len(header) + 8 + len(track) + len(time) + run_size
    run = _full(b"trun", 1, flags, pack(">Ii", count, size + 8), entries)
    return _box(b"moof", header, _box(b"traf", track, time, run))


def _avc_configuration(sps: Sps, sets: ParameterSets) -> bytes:
    """AVCDecoderConfigurationRecord; 4-byte lengths."""
    head = pack(">5B", 1, sps.profile, sps.compatibility, sps.level, 0xFF)
    body = b"".join(pack(">H", len(nal)) + nal for nal in sets.sps[:31])
    pps = b"".join(pack(">H", len(nal)) + nal for nal in sets.pps[:255])
    record = head + pack(">B", 0xE0 | len(sets.sps[:31])) + body
    record += pack(">B", len(sets.pps[:255])) + pps
    if sps.profile in _HIGH_PROFILES:
        record += pack(">4B", 0xFC | 1, 0xF8, 0xF8, 0)  # 4:2:0, 8 bit
    return record


def _audio_init(name: bytes, configuration: bytes, channels: int, rate: int) -> bytes:
    entry = _box(
        name,
        pack(">6xH8xHH4xI", 1, channels, 16, rate << 16),
        configuration,
    )
    return _init(b"soun", entry, _full(b"smhd", 0, 0, bytes(4)), rate, (0, 0))


def _init(
    handler: bytes, entry: bytes, header: bytes, timescale: int, size: tuple[int, int]
) -> bytes:
    movie = _full(
        b"mvhd",
        0,
        0,
        pack(">4IIH10x", 0, 0, timescale, 0, 0x10000, 0x100),
        _MATRIX,
        bytes(24),
        pack(">I", 2),
    )
    extends = _box(b"mvex", _full(b"trex", 0, 0, pack(">5I", 1, 1, 0, 0, 0)))
    track = _track(handler, entry, header, timescale, size)
    brands = _box(b"ftyp", b"iso6", pack(">I", 0), b"iso6cmfcmp41")
    return brands + _box(b"moov", movie, track, extends)


def _track(
    handler: bytes, entry: bytes, header: bytes, timescale: int, size: tuple[int, int]
) -> bytes:
    volume = 0x100 if handler == b"soun" else 0
    track = _full(
        b"tkhd",
        0,
        3,
        pack(">2II4xI8x2hH2x", 0, 0, 1, 0, 0, 0, volume),
        _MATRIX,
        pack(">2I", size[0] << 16, size[1] << 16),
    )
    media = _full(b"mdhd", 0, 0, pack(">4IHH", 0, 0, timescale, 0, 0x55C4, 0))  # "und"
    handled = _full(b"hdlr", 0, 0, pack(">4x4s12x", handler), b"Daris\x00")
    reference = _full(b"dref", 0, 0, pack(">I", 1), _full(b"url ", 0, 1))
    tables = _box(
        b"stbl",
        _full(b"stsd", 0, 0, pack(">I", 1), entry),
        _full(b"stts", 0, 0, bytes(4)),
        _full(b"stsc", 0, 0, bytes(4)),
        _full(b"stsz", 0, 0, bytes(8)),
        _full(b"stco", 0, 0, bytes(4)),
    )
    information = _box(b"minf", header, _box(b"dinf", reference), tables)
    return _box(b"trak", track, _box(b"mdia", media, handled, information))


def _box(name: bytes, *payload: bytes) -> bytes:
    body = b"".join(payload)
    return pack(">I4s", 8 + len(body), name) + body


def _full(name: bytes, version: int, flags: int, *payload: bytes) -> bytes:
    return _box(name, pack(">I", version << 24 | flags), *payload)


def _descriptor(tag: int, body: bytes) -> bytes:
    """ISO/IEC 14496-1 expandable class, always with a four-byte length."""
    size = len(body)
    lengths = (size >> 21 & 0x7F | 0x80, size >> 14 & 0x7F | 0x80, size >> 7 & 0x7F | 0x80)
    return pack(">B4B", tag, *lengths, size & 0x7F) + body
