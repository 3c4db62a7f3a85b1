from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from schedule.overrun import Live, Overrun
from schedule.rundown import Programme, Source
from schedule.settling import settled

NOON = datetime(2026, 9, 7, 12, tzinfo=UTC)
ROOM = uuid4()


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def programme(key: str, at: float, takes: float, **more) -> Programme:
    source = more.pop("source", Source(slate=True))
    return Programme(key=key, starts_at=after(at), ends_at=after(at + takes), source=source, **more)


def live(overrun: Overrun, *, extension: int = 1800, room: UUID = ROOM) -> Programme:
    source = Source(live=Live(lecture=room, overrun=overrun, extension=extension))
    return programme("live", 0, 60, source=source)


def times(run) -> list[tuple[str, float, float]]:
    return [
        (
            p.key,
            (p.starts_at - NOON) / timedelta(minutes=1),
            (p.ends_at - NOON) / timedelta(minutes=1),
        )
        for p in run
    ]


def late(*programmes: Programme, until: float = 70):
    return settled(programmes, {ROOM: after(until)})


@pytest.mark.parametrize("overrun", list(Overrun))
@pytest.mark.parametrize("until", [20, 60])
def test_a_room_that_ends_in_time_changes_nothing(overrun, until):
    run = [live(overrun), programme("next", 60, 30)]
    assert settled(run, {ROOM: after(until)}).run == run
    assert settled(run, {}).covering == []


def test_a_room_that_is_cut_ends_as_planned():
    run = [live(Overrun.CUT), programme("next", 60, 30)]
    assert late(*run).run == run


def test_what_floats_is_pushed_and_keeps_its_length():
    news = programme("news", 90, 10, is_floating=True)
    film = programme("film", 60, 30, is_floating=True)
    assert times(late(live(Overrun.PUSH), film, news).run) == [
        ("live", 0, 70),
        ("film", 70, 100),
        ("news", 100, 110),
    ]


def test_a_pause_in_the_plan_takes_the_push_up():
    film = programme("film", 60, 30, is_floating=True)
    news = programme("news", 95, 10, is_floating=True)
    assert times(late(live(Overrun.PUSH), film, news).run)[1:] == [
        ("film", 70, 100),
        ("news", 100, 110),
    ]
    assert times(late(live(Overrun.PUSH), film, news, until=64).run)[2] == ("news", 95, 105)


def test_a_fixed_programme_begins_in_time_and_cuts_what_was_pushed_into_it():
    film = programme("film", 60, 30, is_floating=True)
    short = programme("short", 90, 5, is_floating=True)
    fixed = programme("fixed", 95, 30)
    assert times(late(live(Overrun.PUSH), film, short, fixed, until=85).run) == [
        ("live", 0, 85),
        ("film", 85, 95),
        ("fixed", 95, 125),
    ]
    assert times(late(live(Overrun.PUSH), programme("fixed", 60, 30)).run) == [
        ("live", 0, 60),
        ("fixed", 60, 90),
    ]


def test_a_room_that_overwrites_covers_what_follows_where_it_is():
    run = [live(Overrun.OVERWRITE), programme("film", 60, 30)]
    shown = late(*run)
    assert shown.run == run
    assert times(shown.covering) == [("live", 0, 70)]


@pytest.mark.parametrize("overrun", [Overrun.PUSH, Overrun.OVERWRITE])
def test_no_room_goes_on_longer_than_it_may(overrun):
    shown = settled([live(overrun, extension=300)], {ROOM: after(500)})
    assert (shown.covering or shown.run)[0].ends_at == after(65)
