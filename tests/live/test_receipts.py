"""How long media reached a seat, by receiver reports as RFC 3550 describes them."""

from datetime import timedelta

import pytest
from aiortc.rtp import RtcpReceiverInfo, RtcpRrPacket

from live.receipts import Receipts

CAMERA, VOICE, UNKNOWN = 1, 2, 3


@pytest.fixture
def received():
    """Seconds that count of reports as (second, ssrc, highest sequence number); nothing is sent in
    `paused`."""

    def received(*reports, paused=range(0)):
        receipts = Receipts()
        looked = 0
        for now, ssrc, highest in reports:
            while looked < now:
                looked += 1
                receipts.sent(looked, is_flowing=looked not in paused)
            block = RtcpReceiverInfo(ssrc, 0, 0, highest, 0, 0, 0)
            packet = RtcpRrPacket(ssrc=9, reports=[block])
            receipts.heard(packet, {CAMERA: 90_000, VOICE: 48_000}.get, now)
        return receipts.take() / timedelta(seconds=1)

    return received


def test_time_counts_from_the_first_report_to_the_last(received):
    assert received((100, CAMERA, 7), (101, CAMERA, 30), (102.5, CAMERA, 60)) == 2.5


def test_while_nothing_new_comes_no_time_counts(received):
    muted = ((second, VOICE, 500) for second in (105, 110, 115))
    assert received((100, VOICE, 100), *muted, (120, VOICE, 501)) == 5 + 5


def test_a_pause_between_rare_reports_does_not_count(received):
    reports = ((100, VOICE, 1), (106, VOICE, 20), (113, VOICE, 90))
    assert received(*reports, paused=range(102, 111)) == 1 + 3


def test_streams_at_the_same_time_count_once(received):
    reports = [(100, VOICE, 1), (100, CAMERA, 1), (104, CAMERA, 9), (105, VOICE, 9)]
    assert received(*reports, (106, CAMERA, 10)) == 6


def test_what_nobody_reported_of_for_long_is_not_believed_afterwards(received):
    assert received((100, CAMERA, 1), (160, CAMERA, 900), (161, CAMERA, 930)) == 1


def test_a_report_of_no_stream_of_ours_is_nothing(received):
    assert received((100, UNKNOWN, 1), (101, UNKNOWN, 30)) == 0


def test_streams_that_ended_are_forgotten(received):
    receipts = Receipts()
    for second in range(0, 2_000, 20):
        block = RtcpReceiverInfo(second, 0, 0, 1, 0, 0, 0)
        receipts.heard(RtcpRrPacket(ssrc=9, reports=[block]), lambda _: 90_000, second)
    assert len(receipts._streams) == 1
