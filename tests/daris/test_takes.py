from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from daris.live_feeds import Feed
from daris.takes import current, feeds_of, moved, without_rooms
from kernel.settings import Settings
from schedule.looks import Look
from schedule.takes import Take, TakeMoved

SETTINGS = Settings(data_dir=Path("/data"))
NOON = datetime(2026, 9, 7, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def taken(title: str, *, at: float, takes: float = 60) -> TakeMoved:
    times = {"starts_at": after(at), "ends_at": after(at + takes)}
    take = Take(id=uuid4(), title=title, file=f"{title}.mp4", operator="Aliya", **times)
    return TakeMoved(channel="one", at=after(at), take=take)


def released(at: float) -> TakeMoved:
    return TakeMoved(channel="one", at=after(at))


def run(*news: TakeMoved):
    takes = ()
    for one in news:
        takes = moved(takes, one, SETTINGS)
    return [(take.title, take.starts_at, take.ends_at) for take in takes]


def test_a_later_take_cuts_the_one_before():
    assert run(taken("a", at=0), taken("b", at=10)) == [
        ("a", after(0), after(10)),
        ("b", after(10), after(70)),
    ]


def test_the_plan_is_back_from_the_release_on():
    assert run(taken("a", at=0), released(5), released(9)) == [("a", after(0), after(5))]


def test_a_take_that_never_began_is_forgotten():
    assert run(taken("a", at=10), released(9)) == []


def test_a_take_names_media_and_operator():
    (item,) = moved((), taken("a", at=0), SETTINGS)
    assert (item.media, item.operator, item.key) == ("/data/house/a.mp4", "Aliya", "take")


def test_takes_that_are_long_over_are_dropped():
    takes = moved((), taken("a", at=0), SETTINGS)
    assert current(takes, after(60)) == takes
    assert current(takes, after(90_000)) == ()


def live_take(lecture, look="720p25"):
    times = {"starts_at": after(0), "ends_at": after(3600)}
    live = f"{lecture}-{look}"
    take = Take(id=uuid4(), title="Live", file=None, live=live, operator="Aliya", **times)
    return moved((), TakeMoved(channel="one", at=after(0), take=take), SETTINGS)


@pytest.mark.parametrize("look", [Look("720p25"), Look("1080p25", "0123456789ab")], ids=str)
def test_a_taken_room_is_fed_in_its_look_as_long_as_the_take_lasts(look):
    lecture = uuid4()
    takes = live_take(lecture, look)
    assert takes[0].live == f"/data/live/{lecture}-{look}"
    assert feeds_of(takes, after(60)) == {Feed(lecture, look)}
    assert feeds_of(takes, after(3600)) == frozenset()


def test_a_take_ends_with_its_room():
    lecture = uuid4()
    takes = live_take(lecture)
    assert without_rooms(takes, {uuid4(): after(60)}) == takes
    assert without_rooms(takes, {lecture: after(60)})[0].ends_at == after(60)
