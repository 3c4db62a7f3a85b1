import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.depacketizer import Depacketizer, TappedPacket
from transcode.access_unit import Codec

SPS, PPS, IDR, SLICE = (
    b"\x67\x42\x00",
    b"\x68\xce",
    b"\x65\x88" + bytes(50),
    b"\x41\x9a" + bytes(50),
)
START = b"\x00\x00\x00\x01"


class Stream:
    """Draws packets: one call a packet, `marker` ends the picture."""

    def __init__(self, first=65_530):
        self.sequence, self.time, self.now = first, 0, 10.0
        self.packets = []

    def add(self, *payloads):
        for at, payload in enumerate(payloads):
            self.packets.append(
                TappedPacket(
                    self.sequence & 0xFFFF,
                    self.time,
                    at == len(payloads) - 1,
                    self.time,
                    payload,
                    self.now,
                )
            )
            self.sequence += 1
        self.time += 3600
        self.now += 0.04
        return self


def fragments(nal, count=3):
    size = -(-len(nal[1:]) // count)
    parts = [nal[1:][i : i + size] for i in range(0, len(nal) - 1, size)]
    return [
        bytes([nal[0] & 0xE0 | 28, (0x80 if i == 0 else 0) | (0x40 if i == len(parts) - 1 else 0) | nal[0] & 0x1F]) + part
        for i, part in enumerate(parts)
    ]  # fmt: skip


def stapled(*nals):
    return b"\x78" + b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)


def feed(packets, codec=Codec.H264):
    asked = []
    line = Depacketizer(codec, lambda: asked.append(True))
    units = [unit for packet in packets for unit in line.push(packet, packet.arrived)]
    if packets:
        units += line.due(packets[-1].arrived + 10)
    return units, len(asked)


def annex_b(*nals):
    return b"".join(START + nal for nal in nals)


@pytest.mark.parametrize(
    "payloads",
    [
        [SPS, PPS, IDR],
        [stapled(SPS, PPS), IDR],
        [SPS, PPS, *fragments(IDR)],
        [stapled(SPS, PPS, IDR)],
    ],
)
def test_a_picture_is_whole_however_it_was_split(payloads):
    [unit], _ = feed(Stream().add(*payloads).packets)
    assert unit.data == annex_b(SPS, PPS, IDR)
    assert unit.is_key


def test_times_are_those_of_the_packets():
    stream = Stream().add(SPS, PPS, IDR).add(SLICE).add(*fragments(SLICE))
    units, _ = feed(stream.packets)
    assert [unit.pts for unit in units] == [0, 3600, 7200]
    assert [unit.is_key for unit in units] == [True, False, False]


def test_nothing_comes_before_the_first_keyframe():
    units, _ = feed(Stream().add(SLICE).add(SPS, PPS, IDR).packets)
    assert [unit.is_key for unit in units] == [True]


def test_packets_out_of_order_are_put_in_order():
    stream = Stream().add(SPS, PPS, *fragments(IDR)).add(*fragments(SLICE))
    packets = stream.packets
    packets[3], packets[4] = packets[4], packets[3]
    packets[6], packets[7] = packets[7], packets[6]
    units, asked = feed(packets)
    assert [unit.data for unit in units] == [annex_b(SPS, PPS, IDR), annex_b(SLICE)]
    assert asked == 0


def test_a_doubled_packet_counts_once():
    packets = Stream().add(SPS, PPS, *fragments(IDR)).packets
    units, _ = feed(packets[:3] + packets[2:])
    assert [unit.data for unit in units] == [annex_b(SPS, PPS, IDR)]


def test_after_a_loss_everything_up_to_the_next_keyframe_is_dropped():
    stream = Stream().add(SPS, PPS, IDR).add(*fragments(SLICE)).add(SLICE)
    for _ in range(10):
        stream.add(SLICE)
    stream.add(SPS, PPS, IDR).add(SLICE)
    lost = stream.packets[:4] + stream.packets[5:]
    units, asked = feed(lost)
    assert [unit.is_key for unit in units] == [True, True, False]
    assert asked >= 1


def test_a_keyframe_that_lost_its_first_slice_is_no_keyframe():
    second = b"\x65\x08" + bytes(50)  # first_mb_in_slice is not 0
    stream = Stream().add(SPS, PPS, IDR, second).add(SPS, PPS, IDR, second)
    for _ in range(10):
        stream.add(SLICE)
    lost = stream.packets[:3] + stream.packets[7:]
    units, _ = feed(lost)
    assert units == []


def test_parameter_sets_are_put_before_a_keyframe_that_comes_without():
    stream = Stream().add(SPS, PPS, IDR).add(IDR)
    units, _ = feed(stream.packets)
    assert units[1].data == annex_b(SPS, PPS, IDR)


def test_a_picture_whose_marker_was_never_set_ends_with_the_next():
    stream = Stream().add(SPS, PPS, IDR).add(SLICE).add(SLICE)
    packets = [p._replace(marker=0) for p in stream.packets]
    units, _ = feed(packets)
    assert [unit.data for unit in units] == [annex_b(SPS, PPS, IDR), annex_b(SLICE)]


def test_times_grow_even_when_the_senders_clock_goes_back():
    stream = Stream().add(SPS, PPS, IDR).add(SLICE).add(SLICE)
    packets = [p._replace(ticks=9000 - p.ticks) for p in stream.packets]
    units, _ = feed(packets)
    assert [unit.pts for unit in units] == [9000, 9001, 9002]


def test_opus_packets_are_units():
    units, asked = feed(Stream().add(b"one").add(b"").add(b"two").packets, Codec.OPUS)
    assert [unit.data for unit in units] == [b"one", b"two"]
    assert all(unit.is_key for unit in units)
    assert asked == 0


def test_a_lost_sound_is_a_gap_only():
    stream = Stream()
    for n in range(30):
        stream.add(bytes([n]))
    units, _ = feed(stream.packets[:5] + stream.packets[6:], Codec.OPUS)
    assert len(units) == 29


def test_a_vp8_frame_is_united():
    key, delta = b"\x00key", b"\x01delta"
    stream = Stream().add(b"\x90\x80\x01" + key, b"\x80\x80\x01more").add(b"\x10" + delta)
    units, _ = feed(stream.packets, Codec.VP8)
    assert [unit.data for unit in units] == [key + b"more", delta]
    assert [unit.is_key for unit in units] == [True, False]


def test_a_vp8_frame_without_its_beginning_is_dropped():
    stream = Stream().add(b"\x90\x80\x01\x00key").add(b"\x80\x80\x01rest").add(b"\x10\x01delta")
    units, asked = feed(stream.packets, Codec.VP8)
    assert [unit.is_key for unit in units] == [True]
    assert asked >= 1


PACKETS = st.lists(
    st.tuples(
        st.integers(0, 0xFFFF) | st.integers(0, 20),
        st.integers(0, 5),
        st.integers(0, 1),
        st.integers(-(10**9), 10**12),
        st.binary(max_size=60),
        st.floats(0, 1),
    ),
    max_size=60,
)


@given(PACKETS, st.sampled_from([Codec.H264, Codec.VP8, Codec.OPUS]))
def test_whatever_comes_units_come_in_order(drawn, codec):
    now, packets = 0.0, []
    for sequence, timestamp, marker, ticks, payload, pause in drawn:
        now += pause
        packets.append(TappedPacket(sequence, timestamp, marker, ticks, payload, now))
    units, _ = feed(packets, codec)
    assert all(b.pts > a.pts for a, b in itertools.pairwise(units))
    assert all(unit.data for unit in units)


@pytest.mark.parametrize("payloads", [[SPS, PPS, IDR], [stapled(SPS, PPS), *fragments(IDR)]])
def test_a_key_picture_is_announced_with_its_first_packet(payloads):
    stream = Stream().add(SPS, PPS, IDR).add(SLICE).add(*payloads)
    heard = []
    line = Depacketizer(Codec.H264, lambda: None, lambda pts: heard.append(("ahead", pts)))
    for packet in stream.packets[: -len(payloads) + 1]:
        heard += [("unit", unit.pts) for unit in line.push(packet, packet.arrived)]
    assert heard == [("ahead", 0), ("unit", 0), ("unit", 3600), ("ahead", 7200)]


def test_a_key_picture_in_one_packet_needs_no_announcement():
    heard = []
    line = Depacketizer(Codec.H264, lambda: None, heard.append)
    [packet] = Stream().add(stapled(SPS, PPS, IDR)).packets
    assert [unit.is_key for unit in line.push(packet, packet.arrived)] == [True]
    assert heard == []
