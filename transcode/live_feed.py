"""How live media comes to its conditioner: records on a pipe, each a fragment with its initialization segment
before. Times in fragments count from the recording's epoch."""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import BinaryIO

_HEAD = struct.Struct(">BI")
_LARGEST = 64 << 20


class Kind(IntEnum):
    """What a record holds; the initialization segment belongs to the fragments behind it."""

    PICTURE_INIT = 1
    PICTURE = 2
    SOUND_INIT = 3
    SOUND = 4
    SCREEN_INIT = 5  # a picture, too, in whose corner the camera may be
    SCREEN = 6
    CAMERA_INIT = 7  # that camera
    CAMERA = 8


@dataclass(frozen=True, slots=True)
class Record:
    kind: Kind
    data: bytes


class FeedBroken(ValueError):
    """What came is no record."""


def packed(kind: Kind, data: bytes) -> bytes:
    return _HEAD.pack(kind, len(data)) + data


def read(pipe: BinaryIO) -> Record | None:
    """The next record; None at the end, also when it comes in the middle of one. FeedBroken."""
    head = pipe.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    kind, size = _HEAD.unpack(head)
    if kind not in set(Kind) or size > _LARGEST:
        raise FeedBroken("what came is no live media")
    data = pipe.read(size)
    return Record(Kind(kind), data) if len(data) == size else None
