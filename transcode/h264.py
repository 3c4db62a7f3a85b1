"""What a packager must know of H.264: NAL units, parameter sets, picture size (ITU-T H.264)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

_START: Final = b"\x00\x00\x01"
_HIGH_PROFILES: Final = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_LARGEST_SIDE: Final = 16_384  # pixels; level 6.2 allows 16 888
_LONGEST_GOLOMB: Final = 32  # leading zero bits


class MalformedH264(ValueError):
    """The bytes are not the H.264 that they claim to be."""


class NalType(IntEnum):
    """nal_unit_type, table 7-1; the few that matter here."""

    SLICE = 1
    IDR = 5
    SEI = 6
    SPS = 7
    PPS = 8
    DELIMITER = 9
    FILLER = 12


@dataclass(frozen=True, slots=True)
class Sps:
    """The part of a sequence parameter set that a playlist and an init segment state."""

    profile: int
    compatibility: int
    level: int
    width: int
    height: int

    @property
    def codec(self) -> str:
        """RFC 6381, as `avc1.42C01F`."""
        return f"avc1.{self.profile:02X}{self.compatibility:02X}{self.level:02X}"


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """The SPS and PPS NAL units that pictures refer to."""

    sps: tuple[bytes, ...]
    pps: tuple[bytes, ...]


def split(annex_b: bytes) -> Iterator[bytes]:
    """The NAL units of an Annex B byte stream, without start codes."""
    start = annex_b.find(_START)
    while start >= 0:
        following = annex_b.find(_START, start + 3)
        nal = annex_b[start + 3 : following if following >= 0 else None].rstrip(b"\x00")
        if nal:
            yield nal
        start = following


def nal_type(nal: bytes) -> int:
    return nal[0] & 0x1F


def is_key(annex_b: bytes) -> bool:
    """True if the access unit holds an IDR picture."""
    return any(nal_type(nal) == NalType.IDR for nal in split(annex_b))


def parameter_sets(nals: Iterable[bytes]) -> ParameterSets | None:
    """The parameter sets among `nals`; None unless both kinds are there."""
    sps: list[bytes] = []
    pps: list[bytes] = []
    for nal in nals:
        if nal_type(nal) == NalType.SPS:
            sps.append(nal)
        elif nal_type(nal) == NalType.PPS:
            pps.append(nal)
    return ParameterSets(tuple(sps), tuple(pps)) if sps and pps else None


def annex_b(nals: Iterable[bytes]) -> bytes:
    """NAL units joined by start codes."""
    return b"".join(b"\x00\x00\x00\x01" + nal for nal in nals)


def length_prefixed(nals: Iterable[bytes]) -> bytes:
    """NAL units as ISO/IEC 14496-15 stores them, without delimiters and filler."""
    useless = (NalType.DELIMITER, NalType.FILLER)
    return b"".join(
        len(nal).to_bytes(4, "big") + nal for nal in nals if nal_type(nal) not in useless
    )


def parse_sps(nal: bytes) -> Sps:
    """Read a sequence parameter set (7.3.2.1.1). Raises MalformedH264."""
    if len(nal) < 5 or nal_type(nal) != NalType.SPS:
        raise MalformedH264("this is not a sequence parameter set")
    bits = _Bits(_unescaped(nal[4:]))
    bits.golomb()  # seq_parameter_set_id
    chroma_format = _skip_high_profile(bits) if nal[1] in _HIGH_PROFILES else 1
    _skip_to_size(bits)
    width_mbs, height_units = bits.golomb() + 1, bits.golomb() + 1
    is_frame_only = bits.take(1)
    if not is_frame_only:
        bits.take(1)  # mb_adaptive_frame_field_flag
    bits.take(1)  # direct_8x8_inference_flag
    left, right, top, bottom = (bits.golomb() for _ in range(4)) if bits.take(1) else (0, 0, 0, 0)
    unit_x = 2 if chroma_format in (1, 2) else 1
    unit_y = (2 if chroma_format == 1 else 1) * (2 - is_frame_only)
    width = 16 * width_mbs - unit_x * (left + right)
    height = 16 * height_units * (2 - is_frame_only) - unit_y * (top + bottom)
    if not (0 < width <= _LARGEST_SIDE and 0 < height <= _LARGEST_SIDE):
        raise MalformedH264("the picture size is impossible")
    return Sps(nal[1], nal[2], nal[3], width, height)


def _skip_high_profile(bits: "_Bits") -> int:
    chroma_format = bits.golomb()
    if chroma_format == 3:
        bits.take(1)  # separate_colour_plane_flag
    bits.golomb()  # bit_depth_luma_minus8
    bits.golomb()  # bit_depth_chroma_minus8
    bits.take(1)  # qpprime_y_zero_transform_bypass_flag
    if bits.take(1):  # seq_scaling_matrix_present_flag
        for index in range(8 if chroma_format != 3 else 12):
            if bits.take(1):
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    return chroma_format


def _skip_scaling_list(bits: "_Bits", size: int) -> None:
    last, following = 8, 8
    for _ in range(size):
        if following:
            following = (last + bits.signed_golomb()) % 256
        last = following or last


def _skip_to_size(bits: "_Bits") -> None:
    bits.golomb()  # log2_max_frame_num_minus4
    order_type = bits.golomb()
    if order_type == 0:
        bits.golomb()  # log2_max_pic_order_cnt_lsb_minus4
    elif order_type == 1:
        bits.take(1)
        bits.golomb()
        bits.golomb()
        for _ in range(min(bits.golomb(), 256)):
            bits.golomb()
    bits.golomb()  # max_num_ref_frames
    bits.take(1)  # gaps_in_frame_num_value_allowed_flag


def _unescaped(nal: bytes) -> bytes:
    """Without emulation prevention bytes (7.4.1)."""
    return nal.replace(b"\x00\x00\x03", b"\x00\x00")


class _Bits:
    """Reads bits, most significant first."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        if count > self._left:
            raise MalformedH264("the parameter set ends too early")
        self._left -= count
        return (self._value >> self._left) & ((1 << count) - 1)

    def golomb(self) -> int:
        """ue(v), 9.1."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > _LONGEST_GOLOMB:
                raise MalformedH264("a number in the parameter set is too long")
        return (1 << zeros) - 1 + self.take(zeros)

    def signed_golomb(self) -> int:
        """se(v), 9.1.1."""
        code = self.golomb()
        return (code + 1) // 2 if code % 2 else -(code // 2)
