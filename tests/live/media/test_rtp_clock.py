import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.rtp_clock import RtpClock, SenderClock

NTP = 1 << 32


def video(sender=None):
    return RtpClock(90_000, sender or SenderClock(), is_sound=False)


def sound(sender):
    return RtpClock(48_000, sender, is_sound=True)


def test_before_a_report_the_first_arrival_places_the_stream():
    clock = video()
    assert clock.ticks(5000, 10.0) == 900_000
    assert clock.ticks(5000 + 3000, 10.5) == 903_000


def test_rtp_time_wraps_unseen():
    clock = video()
    first = clock.ticks(0xFFFFFF00, 1.0)
    assert clock.ticks(0x100, 1.1) == first + 0x200


def test_reports_make_lips_match():
    sender = SenderClock()
    ear, eye = sound(sender), video(sender)
    ear.ticks(0, 100.0)  # captured and come at 100.0
    eye.ticks(0, 100.2)  # captured at 100.0 too, but encoded and sent late
    ear.reported(7000 * NTP, 0, 100.0)
    eye.reported(7000 * NTP, 0, 100.2)
    for n in range(1, 400):
        picture = eye.ticks(n * 3600, 100.2 + n * 0.04)
    assert picture / 90_000 == pytest.approx(100 + 399 * 0.04, abs=0.002)
    assert ear.ticks(48_000, 101.0) == 101 * 48_000


def test_a_correction_of_sound_is_slow():
    sender = SenderClock()
    ear = sound(sender)
    ear.ticks(0, 10.0)
    ear.reported(500 * NTP, 0, 10.0)
    ear.reported(500 * NTP + NTP // 10, 0, 10.0)  # the same moment, a tenth later
    steps = [ear.ticks(n * 960, 10 + n * 0.02) for n in range(1, 300)]
    lengths = {b - a for a, b in itertools.pairwise(steps)}
    assert lengths <= {960, 961}
    assert 961 in lengths


def test_a_report_from_another_age_is_not_believed():
    sender = SenderClock()
    eye = video(sender)
    eye.ticks(0, 10.0)
    eye.reported(500 * NTP, 0, 10.0)
    eye.reported(9500 * NTP, 90_000, 11.0)
    assert eye.ticks(90_000, 11.0) == 11 * 90_000


def test_a_stream_that_jumps_is_placed_anew():
    clock = video()
    clock.ticks(0, 10.0)
    assert clock.ticks(0x70000000, 10.1) == pytest.approx(10.1 * 90_000, abs=1)


def test_rtp_time_of_a_moment_is_known_after_a_report():
    clock = video()
    assert clock.rtp_at(10.0) is None
    clock.ticks(1000, 10.0)
    clock.reported(77 * NTP, 1000, 10.0)
    assert clock.rtp_at(11.0) == 91_000


@given(
    st.lists(
        st.tuples(
            st.booleans(), st.integers(0, NTP - 1), st.integers(0, NTP * NTP - 1), st.floats(0, 5)
        ),
        max_size=40,
    )
)
def test_whatever_a_sender_claims_time_stays_near_the_arrival(events):
    clock, now = video(), 50.0
    for is_report, rtp, ntp, pause in events:
        now += pause
        if is_report:
            clock.reported(ntp, rtp, now)
        else:
            assert abs(clock.ticks(rtp, now) / 90_000 - now) < 11


@given(
    st.lists(
        st.tuples(
            st.integers(0, 0xFFFFFFFF), st.floats(0, 2), st.none() | st.integers(0, 2**64 - 1)
        ),
        max_size=40,
    )
)
def test_whatever_a_clock_claims_its_packets_stand_near_their_arrival(packets):
    clock, now = video(), 1000.0
    for rtp, pause, ntp in packets:
        now += pause
        if ntp is not None:
            clock.reported(ntp, rtp, now)
        assert abs(clock.ticks(rtp, now) / 90_000 - now) <= 10.001
