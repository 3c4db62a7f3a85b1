"""A flat picture as H.264, drawn bit by bit: what a programme shows while nobody sends.

The first macroblock is PCM, all others are predicted from it, so a picture of any size
takes about one byte a macroblock, and no encoder is needed (ITU-T H.264, 7.3).
"""

from functools import cache

from transcode.h264 import annex_b

_DARK = (28, 128, 128)  # Y, Cb, Cr
_MACROBLOCK = 16
_MOST_MACROBLOCKS = 8160  # of level 4.0: 1920 x 1088


@cache
def still(width: int = 640, height: int = 368, colour: tuple[int, int, int] = _DARK) -> bytes:
    """One IDR picture with its parameter sets, Annex B, constrained baseline.

    Both sides are multiples of 16, at least 32.
    """
    columns, rows = width // _MACROBLOCK, height // _MACROBLOCK
    if width % _MACROBLOCK or height % _MACROBLOCK or min(columns, rows) < 2:
        raise ValueError("a still has sides that are multiples of 16, at least 32")
    if columns * rows > _MOST_MACROBLOCKS:
        raise ValueError("a still is at most 1920 x 1088")
    return annex_b((_sps(columns, rows), _pps(), _slice(columns, rows, colour)))


def _sps(columns: int, rows: int) -> bytes:
    bits = _BitWriter()
    bits.golomb(0).golomb(0).golomb(2)  # id; frame_num of 4 bits; output in decoding order
    bits.golomb(1).put(0, 1)  # one reference; no gaps
    bits.golomb(columns - 1).golomb(rows - 1)
    bits.put(0b1100, 4)  # frames only, direct_8x8, no cropping, no VUI
    return bytes((0x67, 66, 0xC0, 31 if columns * rows <= 3600 else 40)) + bits.ended()


def _pps() -> bytes:
    bits = _BitWriter()
    bits.golomb(0).golomb(0).put(0, 2).golomb(0)  # ids; CAVLC; one slice group
    bits.golomb(0).golomb(0).put(0, 3)  # references; no weighting
    bits.golomb(0).golomb(0).golomb(0).put(0b100, 3)  # QP 26; deblocking stated per slice
    return b"\x68" + bits.ended()


def _slice(columns: int, rows: int, colour: tuple[int, int, int]) -> bytes:
    bits = _BitWriter()
    bits.golomb(0).golomb(7).golomb(0).put(0, 4).golomb(0)  # all I; frame_num; idr_pic_id
    bits.put(0, 2).golomb(0).golomb(1)  # dec_ref_pic_marking; slice_qp_delta; no deblocking
    bits.golomb(25).align()  # I_PCM
    luma, blue, red = colour
    for value in (bytes((luma,)) * 256, bytes((blue,)) * 64, bytes((red,)) * 64):
        bits.put(int.from_bytes(value, "big"), 8 * len(value))
    for index in range(1, columns * rows):
        bits.golomb(3).put(0b11, 2)  # I_16x16, predicted as DC; chroma DC; no QP change
        beside_pcm = index in (1, columns)
        bits.put(*((0b000011, 6) if beside_pcm else (1, 1)))  # no coefficients, table 9-5
    return b"\x65" + bits.ended()


class _BitWriter:
    """Writes bits, most significant first."""

    def __init__(self) -> None:
        self._bits: list[str] = []
        self._size = 0

    def put(self, value: int, count: int) -> "_BitWriter":
        self._bits.append(f"{value:0{count}b}")
        self._size += count
        return self

    def golomb(self, value: int) -> "_BitWriter":
        """ue(v), 9.1."""
        return self.put(value + 1, 2 * (value + 1).bit_length() - 1)

    def align(self) -> "_BitWriter":
        spare = -self._size % 8
        return self.put(0, spare) if spare else self

    def ended(self) -> bytes:
        """With the stop bit and emulation prevention (7.3.2.11, 7.4.1)."""
        self.put(1, 1).align()
        return _escaped(int("".join(self._bits), 2).to_bytes(self._size // 8, "big"))


def _escaped(payload: bytes) -> bytes:
    escaped = bytearray()
    zeros = 0
    for byte in payload:
        if zeros >= 2 and byte <= 3:
            escaped.append(3)
            zeros = 0
        escaped.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(escaped)
