"""How a line fares, computed from reports as RFC 3550 describes them."""

import pytest
from aiortc.rtp import RtcpReceiverInfo, RtcpRrPacket

from live.health import Health
from live.rtcp import ntp_time

VIDEO, UNKNOWN = 1, 2
SENT_AT = 1_800_000_000.0


def block(ssrc=VIDEO, *, lost=0, jitter=0, sent_at=SENT_AT, lay=0.0):
    """What a seat reports of our stream, whose last report lay there for `lay` seconds."""
    lsr = ntp_time(sent_at) >> 16 & 0xFFFFFFFF if sent_at else 0
    return RtcpReceiverInfo(ssrc, lost, 0, 0, jitter, lsr, int(lay * 65536))


def heard(health, *blocks, at=SENT_AT):
    rate = {VIDEO: 90_000}.get
    health.heard(RtcpRrPacket(ssrc=9, reports=list(blocks)), rate, ntp_time(at))
    return health


def test_the_round_trip_is_what_the_report_did_not_lie_about():
    health = heard(Health(), block(lay=1.5), at=SENT_AT + 1.58)
    assert health.round_trip.value == pytest.approx(0.08, abs=0.001)


def test_a_report_of_nothing_received_yet_tells_no_round_trip():
    assert heard(Health(), block(sent_at=0), at=SENT_AT + 1).round_trip.value is None


@pytest.mark.parametrize("lay", [3.0, 40_000.0])
def test_an_impossible_round_trip_is_not_believed(lay):
    assert heard(Health(), block(lay=lay), at=SENT_AT + 1).round_trip.value is None


def test_the_worst_stream_stands_for_the_line():
    health = heard(Health(), block(lost=0, jitter=90), block(lost=64, jitter=900))
    assert health.down_loss.value == 0.25
    assert health.down_jitter.value == 0.01


def test_one_bad_second_moves_the_mean_a_little():
    health = Health()
    for _ in range(10):
        heard(health, block())
    heard(health, block(lost=128))
    assert 0.1 < health.down_loss.value < 0.2


def test_streams_that_are_not_ours_count_nothing():
    health = heard(Health(), block(UNKNOWN, lost=255))
    assert health.down_loss.value is None


def test_what_we_report_to_a_publisher_is_its_way_up():
    health = Health()
    health.told([block(lost=128, jitter=4500)], {VIDEO: 90_000}.get)
    assert health.up_loss.value == 0.5
    assert health.up_jitter.value == 0.05
    assert health.down_loss.value is None
