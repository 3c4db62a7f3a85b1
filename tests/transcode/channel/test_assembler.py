"""What a slot holds when the item that is planned there can't be shown."""

from contextlib import closing
from datetime import timedelta

import pytest

from transcode.assembler import Assembler
from transcode.house import SLOT, moment_of
from transcode.house_item import HouseItem
from transcode.timeline import Cue, Item, Plan, Timeline

FIRST = 24 * 1_900_000_000


@pytest.fixture
def assembler(house_clip, tmp_path):
    with (
        closing(HouseItem.open(house_clip("slate", slots=2, shade=30))) as slate,
        closing(Assembler(slate, tmp_path)) as opened,
    ):
        yield opened


def item(media, **more) -> Item:
    starts_at = moment_of(FIRST)
    known = {"programme": "a", "key": "a", "title": "a", "media": str(media)}
    return Item(starts_at=starts_at, ends_at=starts_at + timedelta(minutes=1), **known | more)


def test_what_moved_out_of_its_rights_is_not_shown_there(assembler, house_clip):
    planned = item(
        house_clip("film", slots=4),
        rights_from=moment_of(FIRST + 24),
        rights_until=moment_of(FIRST + 72) - SLOT / 2,
    )
    cues = [Cue(planned, index, FIRST + 24 * index) for index in range(4)]
    shown = [assembler.show(cue) for cue in cues]
    assert [one.is_slate for one in shown] == [True, False, True, True]
    assert "before" in shown[0].reason
    assert "after" in shown[2].reason


def test_whoever_starts_in_any_second_of_an_item_shows_what_one_that_never_stopped_shows(
    house_clip, tmp_path
):
    film = house_clip("film", slots=4)
    starts_at = moment_of(FIRST) - SLOT / 3  # not on the grid
    ends_at = starts_at + timedelta(seconds=9)
    known = {"programme": "a", "key": "a", "title": "a", "media": str(film)}
    planned = Item(starts_at=starts_at, ends_at=ends_at, **known)
    timeline = Timeline(Plan(channel="one", items=(planned,)))
    cues = list(timeline.run(timeline.group_from(FIRST - 48), FIRST + 24 * 11))
    with closing(HouseItem.open(house_clip("slate", slots=2, shade=30))) as slate:
        with closing(Assembler(slate, tmp_path)) as never_stopped:
            run = [never_stopped.show(cue) for cue in cues]
        for cue, before in zip(cues, run, strict=True):
            with closing(Assembler(slate, tmp_path)) as started:
                assert started.show(timeline.at(cue.begins)) == before
    assert [one.is_slate for one in run] == [True, True, *[False] * 4, *[True] * 8]
    assert {one.cue.count for one in run} == {24, 16, 8}


def test_what_is_deleted_while_it_is_on_air_leaves_it(assembler, house_clip, tmp_path):
    film = tmp_path / "film.mp4"
    film.write_bytes(house_clip("film", slots=4).read_bytes())
    assert not assembler.show(Cue(item(film), 0, FIRST)).is_slate
    film.unlink()
    shown = assembler.show(Cue(item(film), 1, FIRST + 24))
    assert shown.reason == "the conditioned media is gone"
