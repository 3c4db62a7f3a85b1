import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.rtp import (
    read_extension,
    read_header,
    stap_a,
    starts_key,
    vp8_descriptor_size,
    write_elements,
)
from transcode.access_unit import Codec

HEAD = bytes.fromhex("80e0123400000abc11223344")


def header_of(packet):
    return read_header(memoryview(packet), len(packet))


def test_a_plain_header_is_read():
    header = header_of(HEAD + b"payload")
    assert (header.marker, header.payload_type, header.sequence) == (1, 96, 0x1234)
    assert (header.timestamp, header.ssrc) == (0xABC, 0x11223344)
    assert (header.payload_at, header.payload_size) == (12, 7)


def test_padding_and_contributors_are_no_payload():
    packet = b"\xa1" + HEAD[1:] + bytes(4) + b"payload" + b"\x00\x00\x03"
    header = header_of(packet)
    assert packet[header.payload_at : header.payload_at + header.payload_size] == b"payload"


@pytest.mark.parametrize(
    "packet", [b"", HEAD[:11], b"\x40" + HEAD[1:], b"\xa0" + HEAD[1:] + b"\xff"]
)
def test_what_is_malformed_is_nothing(packet):
    assert header_of(packet) is None


def test_the_mid_that_is_written_is_read():
    packet = b"\x90" + HEAD[1:] + write_elements((4, "12")).data + b"x"
    header = header_of(packet)
    assert read_extension(memoryview(packet), header, 4) == b"12"
    assert read_extension(memoryview(packet), header, 5) is None
    assert header.payload_size == 1


def test_a_two_byte_extension_is_read():
    packet = b"\x90" + HEAD[1:] + bytes.fromhex("1000000204017b00050361626300") + b"xx"
    packet = packet[:16] + bytes.fromhex("04017b0005026162") + b"x"
    assert read_extension(memoryview(packet), header_of(packet), 5) == b"ab"


@pytest.mark.parametrize(
    ("payload", "is_key"),
    [
        (b"\x67\x42", True),
        (b"\x65\x88", True),
        (b"\x41\x9a", False),
        (b"\x7c\x85x", True),
        (b"\x7c\x05x", False),
        (b"\x7c\x81x", False),
        (b"\x78\x00\x02\x67\x42\x00\x01\x68", True),
        (b"\x78\x00\x02\x41\x42", False),
        (b"", False),
    ],
)
def test_a_decoder_can_begin_with_parameter_sets_or_an_idr_picture(payload, is_key):
    assert starts_key(Codec.H264, memoryview(payload)) is is_key


def test_a_decoder_can_begin_with_the_first_packet_of_a_vp8_key_frame():
    assert starts_key(Codec.VP8, memoryview(b"\x90\x80\x12\x00rest"))
    assert not starts_key(Codec.VP8, memoryview(b"\x90\x80\x12\x01rest"))
    assert not starts_key(Codec.VP8, memoryview(b"\x80\x80\x12\x00rest"))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_harm(data):
    view = memoryview(data)
    header = read_header(view, len(data))
    if header is not None:
        assert header.payload_at + header.payload_size <= len(data)
        for wanted in range(16):
            read_extension(view, header, wanted)
    for codec in (Codec.H264, Codec.VP8, Codec.OPUS):
        starts_key(codec, view)
    assert all(at + size <= len(data) for at, size in stap_a(view))
    assert (vp8_descriptor_size(view) or 0) <= len(data)
