"""Whether bytes are a PNG (ISO/IEC 15948) whole enough to go on air. Nothing is decoded into pixels here."""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

from kernel.errors import Invalid
from kernel.sentence import sentence

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_CHUNK_OVERHEAD: Final = 12  # length, name, CRC
_HEADER: Final = struct.Struct(">IIBBBBB")
_SHORTEST_SIDE: Final = 16
_LONGEST_SIDE: Final = 2048
_SAMPLES: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of a pixel, by colour type
_DEPTHS: Final = {  # table 11.1: bits of a sample, by colour type
    0: {1, 2, 4, 8, 16},
    2: {8, 16},
    3: {1, 2, 4, 8},
    4: {8, 16},
    6: {8, 16},
}
_PALETTE: Final = 3


def check_png(image: bytes) -> None:
    """Invalid, in one sentence, for what is no PNG, breaks off, was damaged, or is too small or too large."""
    if not image.startswith(_SIGNATURE):
        raise Invalid("A logo is a PNG image.")
    try:
        chunks = list(_chunks(image))
    except struct.error as error:
        raise Invalid("The PNG image breaks off.") from error
    names = [name for name, _ in chunks]
    if names[:1] != [b"IHDR"] or names[-1:] != [b"IEND"] or b"IDAT" not in names:
        raise Invalid("The PNG image breaks off.")
    _check_header(chunks[0][1], has_palette=b"PLTE" in names)
    _check_pixels(chunks[0][1], b"".join(data for name, data in chunks if name == b"IDAT"))


def _chunks(image: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at < len(image):
        size, name = struct.unpack_from(">I4s", image, at)
        end = at + _CHUNK_OVERHEAD + size
        (told,) = struct.unpack_from(">I", image, end - 4)
        data = image[at + 8 : end - 4]
        if zlib.crc32(name + data) != told:
            raise Invalid("The PNG image is damaged.")
        yield name, data
        at = end


def _check_header(header: bytes, *, has_palette: bool) -> None:
    if len(header) != _HEADER.size:
        raise Invalid("The PNG image is damaged.")
    width, height, depth, colours, compression, filtering, interlace = _HEADER.unpack(header)
    if depth not in _DEPTHS.get(colours, ()) or compression or filtering or interlace > 1:
        raise Invalid("The PNG image is damaged.")
    if colours == _PALETTE and not has_palette:
        raise Invalid("The PNG image is damaged.")
    if not all(_SHORTEST_SIDE <= side <= _LONGEST_SIDE for side in (width, height)):
        told = "A logo is {least} to {most} pixels wide and high."
        raise Invalid(sentence(told, least=_SHORTEST_SIDE, most=_LONGEST_SIDE))


def _check_pixels(header: bytes, packed: bytes) -> None:
    """That there are as many as the header says."""
    width, height, depth, colours, *_ = _HEADER.unpack(header)
    least = height * width * depth * _SAMPLES[colours] // 8
    inflater = zlib.decompressobj()
    try:
        found = len(inflater.decompress(packed, 2 * least + _LONGEST_SIDE * 2))
    except zlib.error as error:
        raise Invalid("The PNG image is damaged.") from error
    if found < least:
        raise Invalid("The PNG image breaks off.")
