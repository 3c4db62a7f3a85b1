"""One view, beacon by beacon."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from kernel.errors import Refused
from player.events import Mode, ViewBegan, ViewPaused, ViewPlayed
from player.viewing import MOST_SEGMENTS, Report, View, begin, ended, is_silent, proceed, progressed

NOON = datetime(2026, 9, 7, 4, tzinfo=UTC)
VIEW, LECTURE, PERSON = (UUID(int=n) for n in range(1, 4))


def fresh() -> View:
    return View(
        view=VIEW,
        lecture=LECTURE,
        person=PERSON,
        mode=Mode.RECORDING,
        reported_at=NOON,
        last_proof_at=NOON,
        position_ms=0,
    )


def report(
    seconds: float,
    *segments: tuple[int, int],
    is_playing: bool = True,
    is_visible: bool | None = None,
) -> Report:
    """A beacon so many seconds after noon; segments in whole seconds."""
    played = [(begin * 1000, end * 1000) for begin, end in segments]
    position_ms = played[-1][1] if played else 0
    return Report(NOON + timedelta(seconds=seconds), position_ms, played, is_playing, is_visible)


def watch(*reports: Report):
    view, facts = begin(fresh(), reports[0])
    for beacon in reports[1:]:
        view, more = proceed(view, beacon)
        facts += more
    return view, facts


def kinds(facts) -> list[type]:
    return [type(fact) for fact in facts]


def test_time_in_sight_counts_while_it_plays_and_begins_anew_with_it():
    shown, hidden = {"is_visible": True}, {"is_visible": False}
    view, facts = watch(
        report(0, **shown, is_playing=False),  # it waits
        report(5, **shown),
        report(10, **shown),
        report(12, **hidden),  # five and two seconds in sight
        report(17, **shown),
        report(60, **shown),  # a silence of which nobody knows anything
        report(64, **hidden, is_playing=False),  # four seconds in sight
        report(70, **shown),
        report(73, **shown, is_playing=False),
    )
    assert [fact.visible_s for fact in facts if isinstance(fact, ViewPaused)] == [11, 3]
    assert ended(view, NOON).visible_s == progressed(view).visible_s == 3


def test_a_player_that_never_tells_has_no_time_in_sight():
    _, facts = watch(report(0), report(5), report(10, is_playing=False))
    assert [fact.visible_s for fact in facts if isinstance(fact, ViewPaused)] == [None]


def test_a_player_that_waits_has_begun_and_does_not_play():
    _, facts = watch(report(0, is_playing=False))
    assert kinds(facts) == [ViewBegan]


def test_playing_and_pausing_are_told_once_each():
    _, facts = watch(
        report(0),
        report(10, (0, 10)),
        report(15, (10, 15), is_playing=False),
        report(25, is_playing=False),
        report(40),
    )
    assert kinds(facts) == [ViewBegan, ViewPlayed, ViewPaused, ViewPlayed]


def test_a_pause_tells_all_that_was_played_and_when_it_was_last_proven():
    _, facts = watch(report(0), report(10, (0, 10)), report(15, (30, 35), is_playing=False))
    assert facts[-1].segments == ((0, 10_000), (30_000, 35_000))
    assert facts[-1].last_proof_at == NOON + timedelta(seconds=15)


def test_a_paused_player_proves_nothing():
    view, _ = watch(report(0), report(10, (0, 10), is_playing=False), report(60, is_playing=False))
    assert view.last_proof_at == NOON + timedelta(seconds=10)
    assert view.reported_at == NOON + timedelta(seconds=60)


def test_twice_as_fast_is_believed():
    view, _ = watch(report(0), report(10, (0, 20)))
    assert view.segments == ((0, 20_000),)


@pytest.mark.parametrize("forged", [[(0, 3600)], [(n * 100, n * 100 + 10) for n in range(6)]])
def test_more_than_can_have_been_played_is_refused(forged):
    view, _ = watch(report(0))
    with pytest.raises(Refused):
        proceed(view, report(10, *forged))


def test_an_honest_player_whose_beacons_got_lost_is_believed_later():
    view, _ = watch(report(0), report(60, (0, 60)))
    assert view.segments == ((0, 60_000),)


def test_the_first_beacon_is_believed_for_no_more_than_a_moment():
    view, _ = watch(report(0, (0, 3600)))
    assert view.segments == ((3_597_000, 3_600_000),)


def test_many_first_beacons_are_no_way_around_it():
    """The moment that a first beacon is believed for is less than what it takes to be silent."""
    view, _ = watch(report(0, (0, 3600)))
    assert sum(end - begin for begin, end in view.segments) <= 3_000


def test_who_jumps_about_without_end_is_not_followed():
    view, _ = begin(fresh(), report(0))
    for n in range(MOST_SEGMENTS):
        view, _ = proceed(view, report(n * 10, (n * 3, n * 3 + 1)))
    with pytest.raises(Refused):
        proceed(view, report(MOST_SEGMENTS * 10, (90_000, 90_001)))


def test_a_checkpoint_tells_the_whole_state():
    view, _ = watch(report(0), report(10, (0, 10)))
    found = progressed(view)
    assert (found.segments, found.position_ms) == (((0, 10_000),), 10_000)
    assert found.last_proof_at == NOON + timedelta(seconds=10)


def test_a_silent_view_ended_at_its_last_proof():
    view, _ = watch(report(0), report(10, (0, 10)))
    later = NOON + timedelta(seconds=50)
    assert is_silent(view, later, timedelta(seconds=30))
    assert ended(view, later).last_proof_at == NOON + timedelta(seconds=10)
