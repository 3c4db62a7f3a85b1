"""A room whose clock is not the channel's."""

import pytest

from transcode.drift import Drift

SLOT = 0.96


def heard(
    drift: Drift,
    *,
    seconds: int,
    ppm: float,
    pauses: bool = True,
    jitter: float = 0.0,
    later: float = 0.0,
):
    """Fifty arrivals a second from a clock that is `ppm` slow; the shifts that were made, by second."""
    shifts = {}
    for tick in range(seconds * 50):
        now = tick / 50
        late = 0.3 + later + now * ppm / 1e6 + (jitter if tick % 7 else 0.0)
        drift.arrived(late, now)
        before = drift.shift
        drift.settle(is_pause=pauses and tick % 100 == 0)
        if drift.shift != before:
            shifts[int(now)] = drift.shift - before
    return shifts


def test_a_clock_that_is_right_is_let_be_however_unevenly_things_arrive():
    assert heard(Drift(), seconds=60, ppm=0, jitter=3.0) == {}


@pytest.mark.parametrize("ppm", [5000, -5000])
def test_what_has_added_up_is_made_good_in_a_pause(ppm):
    drift = Drift()
    shifts = heard(drift, seconds=1000, ppm=ppm)
    assert drift.shift == pytest.approx(1000 * ppm / 1e6, abs=1.2)
    assert all(abs(step) <= 1.2 for step in shifts.values())
    assert len(shifts) >= 4


def test_who_never_pauses_is_set_right_before_the_channel_runs_dry():
    shifts = heard(Drift(), seconds=1000, ppm=5000, pauses=False)
    assert shifts
    assert max(shifts.values()) < 2.7


def test_a_clock_that_jumps_is_followed_within_ten_seconds():
    drift = Drift()
    heard(drift, seconds=20, ppm=0)
    for tick in range(20 * 50, 40 * 50):
        drift.arrived(0.3 + 8.0, tick / 50)
        drift.settle(is_pause=False)
    assert drift.shift == pytest.approx(8.0, abs=SLOT)


def test_two_nodes_that_hear_a_room_by_different_ways_come_to_the_same_slots():
    one, other = Drift(), Drift()
    heard(one, seconds=1000, ppm=5000)
    heard(other, seconds=1000, ppm=5000, jitter=0.4, later=0.15)
    assert one.shift == other.shift == pytest.approx(round(one.shift / SLOT) * SLOT)
    assert one.shift > 3
