"""A house item: a fragmented MP4 with one fragment of fixed layout per slot of 0.96 s.

Any player opens it. But since each `moof` has the same size and its fields lie at the same offsets, a
channel copies a fragment onto its own timeline by overwriting three numbers, and never parses a sample.
The slot index is the standard `mfra` box at the end (ISO/IEC 14496-12, 8.8.9).
"""

import hashlib
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, Self

from transcode.house import (
    AAC_FRAME_SAMPLES,
    AAC_FRAMES_PER_SLOT,
    FRAME_TICKS,
    FRAMES_PER_SLOT,
    SLOT_SAMPLES,
    SLOT_VIDEO_TICKS,
    sound_with,
)

VIDEO_TRACK = 1
AUDIO_TRACK = 2
_KEY_SAMPLE = 0x02000000
_DEPENDENT_SAMPLE = 0x01010000

_MFHD = struct.Struct(">I4sII")
_TFHD = struct.Struct(">I4sIIII")
_TFDT = struct.Struct(">I4sIQ")
_TRUN_VIDEO = struct.Struct(f">I4sIIiI{FRAMES_PER_SLOT}I")
_TRUN_AUDIO = struct.Struct(f">I4sIIi{AAC_FRAMES_PER_SLOT}I")
_BOX = struct.Struct(">I4s")
_TFRA_HEAD = struct.Struct(">I4sIIII")
_TFRA_ENTRY = struct.Struct(">QQBBB")
_MFRO = struct.Struct(">I4sII")

_TRAF_VIDEO_BYTES = _BOX.size + _TFHD.size + _TFDT.size + _TRUN_VIDEO.size
_TRAF_AUDIO_BYTES = _BOX.size + _TFHD.size + _TFDT.size + _TRUN_AUDIO.size
_MOOF_BYTES = _BOX.size + _MFHD.size + _TRAF_VIDEO_BYTES + _TRAF_AUDIO_BYTES
_HEADER_BYTES = _MOOF_BYTES + _BOX.size  # the header of mdat too

_SEQUENCE_AT = _BOX.size + 12
_VIDEO_TRAF_AT = _BOX.size + _MFHD.size
_VIDEO_TIME_AT = _VIDEO_TRAF_AT + _BOX.size + _TFHD.size + 12
_VIDEO_TRUN_AT = _VIDEO_TRAF_AT + _BOX.size + _TFHD.size + _TFDT.size
_AUDIO_TRAF_AT = _VIDEO_TRAF_AT + _TRAF_VIDEO_BYTES
_AUDIO_TIME_AT = _AUDIO_TRAF_AT + _BOX.size + _TFHD.size + 12
_AUDIO_TRUN_AT = _AUDIO_TRAF_AT + _BOX.size + _TFHD.size + _TFDT.size


class NotAHouseItem(ValueError):
    """The file is no house item, or is damaged. The sentence says where."""


@dataclass(frozen=True, slots=True)
class Group:
    """One slot of media: 24 pictures and 45 AAC frames, as one movie fragment."""

    fragment: bytes

    def at(self, picture: int) -> bytes:
        """The fragment with its decode times set to those of `picture` on the channel's timeline."""
        moved = bytearray(self.fragment)
        struct.pack_into(">I", moved, _SEQUENCE_AT, picture & 0xFFFFFFFF)
        struct.pack_into(">Q", moved, _VIDEO_TIME_AT, picture * FRAME_TICKS)
        struct.pack_into(">Q", moved, _AUDIO_TIME_AT, sound_with(picture) * AAC_FRAME_SAMPLES)
        return bytes(moved)

    def pictures(self) -> list[bytes]:
        """The access units, NAL units with four-byte lengths."""
        sizes = _TRUN_VIDEO.unpack_from(self.fragment, _VIDEO_TRUN_AT)[6:]
        return _cut(self.fragment, _HEADER_BYTES, sizes)

    def sounds(self) -> list[bytes]:
        """The raw AAC frames."""
        video = sum(_TRUN_VIDEO.unpack_from(self.fragment, _VIDEO_TRUN_AT)[6:])
        sizes = _TRUN_AUDIO.unpack_from(self.fragment, _AUDIO_TRUN_AT)[5:]
        return _cut(self.fragment, _HEADER_BYTES + video, sizes)


def pack(index: int, pictures: Sequence[bytes], sounds: Sequence[bytes]) -> Group:
    """Make the fragment of the item's slot number `index`; the first picture must be an IDR."""
    assert (len(pictures), len(sounds)) == (FRAMES_PER_SLOT, AAC_FRAMES_PER_SLOT)
    times = (index * SLOT_VIDEO_TICKS, index * SLOT_SAMPLES)
    return Group(_fragment(index + 1, times, pictures, sounds))


def shortened(group: Group, picture: int, count: int) -> bytes:
    """Only the first `count` pictures of `group` with their sound, as a fragment that begins at `picture` of the
    channel's timeline. Its layout is its own."""
    first, end = sound_with(picture), sound_with(picture + count)
    times = (picture * FRAME_TICKS, first * AAC_FRAME_SAMPLES)
    pictures, sounds = group.pictures()[:count], group.sounds()[: end - first]
    return _fragment(picture & 0xFFFFFFFF, times, pictures, sounds)


def _fragment(
    sequence: int, times: tuple[int, int], pictures: Sequence[bytes], sounds: Sequence[bytes]
) -> bytes:
    """`times`: the decode times of video and sound, in their scales."""
    video_bytes, audio_bytes = sum(map(len, pictures)), sum(map(len, sounds))
    missing = FRAMES_PER_SLOT - len(pictures), AAC_FRAMES_PER_SLOT - len(sounds)
    video_traf, audio_traf = (
        whole - 4 * few
        for whole, few in zip((_TRAF_VIDEO_BYTES, _TRAF_AUDIO_BYTES), missing, strict=True)
    )
    moof = _MOOF_BYTES - 4 * sum(missing)
    data_at = moof + _BOX.size
    return b"".join(
        (
            _BOX.pack(moof, b"moof"),
            _MFHD.pack(_MFHD.size, b"mfhd", 0, sequence),
            _BOX.pack(video_traf, b"traf"),
            _tfhd(VIDEO_TRACK, FRAME_TICKS, _DEPENDENT_SAMPLE),
            _TFDT.pack(_TFDT.size, b"tfdt", 1 << 24, times[0]),
            _trun(0x205, (data_at, _KEY_SAMPLE), pictures),
            _BOX.pack(audio_traf, b"traf"),
            _tfhd(AUDIO_TRACK, AAC_FRAME_SAMPLES, _KEY_SAMPLE),
            _TFDT.pack(_TFDT.size, b"tfdt", 1 << 24, times[1]),
            _trun(0x201, (data_at + video_bytes,), sounds),
            _BOX.pack(_BOX.size + video_bytes + audio_bytes, b"mdat"),
            *pictures,
            *sounds,
        )
    )


def _trun(flags: int, head: Sequence[int], samples: Sequence[bytes]) -> bytes:
    """`head`: where the data is, and the flags of the first sample (ISO/IEC 14496-12, 8.8.8)."""
    fields = struct.pack(f">{len(head) + len(samples)}I", *head, *map(len, samples))
    return struct.pack(">I4sII", 16 + len(fields), b"trun", flags, len(samples)) + fields


def is_whole(fragment: bytes) -> bool:
    """Whether it is one fragment of the fixed layout, with nothing missing at its end."""
    if len(fragment) < _HEADER_BYTES or _BOX.unpack_from(fragment) != (_MOOF_BYTES, b"moof"):
        return False
    return _BOX.unpack_from(fragment, _MOOF_BYTES) == (len(fragment) - _MOOF_BYTES, b"mdat")


class HouseWriter:
    """Writes an item slot by slot; `close` adds the index. Not for two threads."""

    def __init__(self, file: BinaryIO, init: bytes) -> None:
        self._file = file
        self._file.write(init)
        self._offsets: list[int] = []

    @property
    def slots(self) -> int:
        return len(self._offsets)

    def write(self, pictures: Sequence[bytes], sounds: Sequence[bytes]) -> None:
        group = pack(len(self._offsets), pictures, sounds)
        self._offsets.append(self._file.tell())
        self._file.write(group.fragment)

    def close(self) -> None:
        entries = b"".join(
            _TFRA_ENTRY.pack(index * SLOT_VIDEO_TICKS, offset, 1, 1, 1)
            for index, offset in enumerate(self._offsets)
        )
        tfra_bytes = _TFRA_HEAD.size + len(entries)
        total = _BOX.size + tfra_bytes + _MFRO.size
        self._file.write(
            _BOX.pack(total, b"mfra")
            + _TFRA_HEAD.pack(tfra_bytes, b"tfra", 1 << 24, VIDEO_TRACK, 0, len(self._offsets))
            + entries
            + _MFRO.pack(_MFRO.size, b"mfro", 0, total)
        )


class HouseItem:
    """A finished item, open for reading; any slot is one `pread` away."""

    def __init__(self, descriptor: int, init: bytes, bounds: Sequence[int]) -> None:
        self._descriptor = descriptor
        self._bounds = bounds
        self.init = init

    @classmethod
    def open(cls, path: Path) -> Self:
        """Raise OSError when it is not there, NotAHouseItem when it is not one."""
        descriptor = os.open(path, os.O_RDONLY)
        try:
            bounds = _read_index(descriptor)
            return cls(descriptor, os.pread(descriptor, bounds[0], 0), bounds)
        except BaseException:
            os.close(descriptor)
            raise

    @property
    def slots(self) -> int:
        return len(self._bounds) - 1

    @property
    def fingerprint(self) -> str:
        """Same fingerprint, same decoder set-up: such items join without a seam."""
        return fingerprint(self.init)

    def group(self, index: int) -> Group:
        """The media of slot `index` of this item."""
        begin, end = self._bounds[index], self._bounds[index + 1]
        fragment = os.pread(self._descriptor, end - begin, begin)
        if len(fragment) != end - begin or _BOX.unpack_from(fragment) != (_MOOF_BYTES, b"moof"):
            raise NotAHouseItem(f"slot {index} of the item is damaged")
        return Group(fragment)

    def close(self) -> None:
        os.close(self._descriptor)


def fingerprint(init: bytes) -> str:
    return hashlib.sha256(init).hexdigest()[:12]


def parameter_sets(init: bytes) -> bytes:
    """SPS and PPS of the item's `avcC` box, each with a four-byte length in front."""
    at = init.find(b"avcC") + 4
    if at < 4:
        raise NotAHouseItem("the item has no H.264 description")
    sets, cursor = [], at + 5
    for _ in range(2):  # the sequence parameter sets, then the picture parameter sets
        count, cursor = init[cursor] & 0x1F, cursor + 1
        for _ in range(count):
            (size,) = struct.unpack_from(">H", init, cursor)
            sets.append(struct.pack(">I", size) + init[cursor + 2 : cursor + 2 + size])
            cursor += 2 + size
    return b"".join(sets)


def _tfhd(track: int, duration: int, flags: int) -> bytes:
    return _TFHD.pack(_TFHD.size, b"tfhd", 0x020028, track, duration, flags)


def _cut(data: bytes, start: int, sizes: Sequence[int]) -> list[bytes]:
    parts = []
    for size in sizes:
        parts.append(data[start : start + size])
        start += size
    return parts


def _read_index(descriptor: int) -> list[int]:
    """Where each slot begins, and where the last one ends."""
    length = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, _MFRO.size, max(0, length - _MFRO.size))
    if len(tail) < _MFRO.size or _MFRO.unpack(tail)[:2] != (_MFRO.size, b"mfro"):
        raise NotAHouseItem("the file is no finished house item: its index is missing")
    start = length - _MFRO.unpack(tail)[3]
    index = os.pread(descriptor, length - start, start) if start > 0 else b""
    head = _BOX.size + _TFRA_HEAD.size
    if len(index) < head or index[12:16] != b"tfra":
        raise NotAHouseItem("the index of the house item is damaged")
    (count,) = struct.unpack_from(">I", index, head - 4)
    if count == 0 or len(index) < head + count * _TFRA_ENTRY.size + _MFRO.size:
        raise NotAHouseItem("the index of the house item is damaged")
    entries = (_TFRA_ENTRY.unpack_from(index, head + n * _TFRA_ENTRY.size) for n in range(count))
    bounds = [*(offset for _, offset, *_ in entries), start]
    if any(end <= begin for begin, end in pairwise(bounds)):
        raise NotAHouseItem("the index of the house item is damaged")
    return bounds
