"""Images made by hand, so that a test knows every byte."""

import struct
import zlib


def png(
    width: int, height: int, rgba: tuple[int, int, int, int], *, depth: int = 8, colours: int = 6
) -> bytes:
    """A PNG in one colour, eight bits a sample; whatever its header says."""
    rows = (b"\0" + bytes(rgba) * width) * height
    header = struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
