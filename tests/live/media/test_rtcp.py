import struct

from aiortc.rtp import RtcpPsfbPacket, RtcpRtpfbPacket
from hypothesis import given
from hypothesis import strategies as st

from live import rtcp


def test_a_nack_is_read_as_it_was_written():
    [packet] = rtcp.read(rtcp.nack(1, 2, [10, 11, 40]))
    assert rtcp.nacked(packet) == [10, 11, 40]
    assert packet.media_ssrc == 2


def test_picture_loss_and_full_intra_request_name_whose_keyframe():
    [loss] = rtcp.read(rtcp.picture_loss(1, 2))
    request = RtcpPsfbPacket(fmt=4, ssrc=1, media_ssrc=0, fci=bytes.fromhex("0000000709000000"))
    assert rtcp.keyframe_ssrcs(loss) == [2]
    assert rtcp.keyframe_ssrcs(request) == [7]


def test_a_nack_that_asks_for_everything_is_cut_short():
    bomb = RtcpRtpfbPacket(fmt=1, ssrc=1, media_ssrc=2, lost=list(range(5000)))
    assert len(rtcp.nacked(bomb)) == 128


def test_other_feedback_asks_for_nothing():
    [feedback] = rtcp.read(bytes(RtcpRtpfbPacket(fmt=15, ssrc=1, media_ssrc=2, lost=[5])))
    assert rtcp.nacked(feedback) == []
    assert rtcp.keyframe_ssrcs(feedback) == []


def test_ntp_time_counts_from_1900():
    assert rtcp.ntp_time(0.5) == (2_208_988_800 << 32) + (1 << 31)


@given(st.binary(max_size=300))
def test_any_bytes_are_packets_or_nothing(data):
    for packet in rtcp.read(data):
        rtcp.nacked(packet)
        rtcp.keyframe_ssrcs(packet)


@given(
    st.integers(0, 0x7F),
    st.sampled_from([200, 201, 202, 203, 204, 205, 206]),
    st.binary(max_size=100),
)
def test_any_body_of_a_known_kind_is_packets_or_nothing(count, kind, body):
    body += bytes(-len(body) % 4)
    packet = bytes([0x80 | count, kind]) + (len(body) // 4).to_bytes(2, "big") + body
    for found in rtcp.read(packet):
        rtcp.nacked(found)
        rtcp.keyframe_ssrcs(found)


LYING = st.tuples(
    st.integers(0, 0xFF),
    st.sampled_from([199, 200, 201, 202, 203, 204, 205, 206, 207, 208]),
    st.integers(0, 0xFFFF) | st.integers(0, 8),
    st.binary(max_size=60),
)


@given(st.lists(LYING, max_size=8))
def test_compounds_that_lie_about_their_lengths_are_packets_or_nothing(parts):
    data = b"".join(struct.pack("!BBH", *part[:3]) + part[3] for part in parts)
    for packet in rtcp.read(data):
        assert len(rtcp.nacked(packet)) <= 128
        assert all(number <= 0xFFFF for number in rtcp.nacked(packet))
        assert len(rtcp.keyframe_ssrcs(packet)) <= 32


def test_a_compound_of_very_many_packets_is_read_in_part():
    assert len(rtcp.read(rtcp.receiver_report(1, []) * 150)) == 40


def test_a_loss_across_the_wrap_is_two_numbers_of_sixteen_bits():
    [packet] = rtcp.read(struct.pack("!BBHIIHH", 0x81, 205, 3, 1, 2, 0xFFFF, 1))
    assert rtcp.nacked(packet) == [0xFFFF, 0]
