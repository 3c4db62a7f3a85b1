"""The transport stream as its muxer writes it, with no process around it."""

from contextlib import closing
from itertools import pairwise

from tests.transcode.channel.conftest import SMALL
from transcode.house import FRAME_TICKS, SLOT_VIDEO_TICKS
from transcode.house_item import HouseItem
from transcode.mpegts import TransportStream
from transcode.si import PACKET

WRAP = 2**33  # of 90 kHz: 26 h 30 min 44 s


def test_time_stamps_wrap_after_twenty_six_hours_without_a_break(house_clip):
    """Pictures, sound and clock step over the wrap as over any other moment."""
    first = WRAP // FRAME_TICKS - 3 * 24
    run = muxed(house_clip("wrap", slots=4), [(first + 24 * slot, 24) for slot in range(10)])
    assert len(run) > 1000
    for pid, step in ((0x100, {3600}), (0x101, None)):
        stamps = [stamp for packet in run if (stamp := pts(packet, pid)) is not None]
        assert min(stamps) < SLOT_VIDEO_TICKS * 10
        assert max(stamps) > WRAP - SLOT_VIDEO_TICKS * 10
        steps = {(after - before) % WRAP for before, after in pairwise(stamps)}
        assert steps == step if step else all(one % 1920 == 0 for one in steps)
    clocks = [(at, clock) for at, packet in enumerate(run) if (clock := pcr(packet)) is not None]
    for (at, before), (later, after) in pairwise(clocks):
        ticks = (after - before) % (WRAP * 300)
        assert abs(ticks - (later - at) * PACKET * 8 * 27e6 / 1_300_000) <= 1
    assert {packet[0] for packet in run} == {0x47}


def muxed(path, groups: list[tuple[int, int]]) -> list[bytes]:
    """`groups`: where each begins and how many pictures of it there are."""
    out = bytearray()
    with closing(HouseItem.open(path)) as item:
        stream = TransportStream(SMALL, item.init, service="x", provider="x", sink=out.extend)
        with closing(stream):
            for number, (begins, length) in enumerate(groups):
                stream.push(item.group(number % item.slots), begins, length)
    return [bytes(out[at : at + PACKET]) for at in range(0, len(out), PACKET)]


def pts(packet: bytes, pid: int) -> int | None:
    """Of a packet that begins a PES packet (ISO/IEC 13818-1, 2.4.3.7)."""
    if int.from_bytes(packet[1:3]) != 0x4000 | pid:
        return None
    start = 5 + packet[4] if packet[3] & 0x20 else 4
    field = int.from_bytes(packet[start + 9 : start + 14])
    return (field >> 33 & 7) << 30 | (field >> 17 & 0x7FFF) << 15 | field >> 1 & 0x7FFF


def pcr(packet: bytes) -> int | None:
    if not (packet[3] & 0x20 and packet[4] and packet[5] & 0x10):
        return None
    field = int.from_bytes(packet[6:12])
    return (field >> 15) * 300 + (field & 0x1FF)
