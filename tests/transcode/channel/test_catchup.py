from datetime import timedelta

import m3u8
import pytest

from transcode.catchup import excerpt
from transcode.channel_window import KEPT, WINDOW, WindowFolder, segments_in
from transcode.house import SLOTS_PER_SEGMENT, start_of

FIRST = 460_000_000


def at(msn: float):
    return start_of(0) + timedelta(seconds=3.84) * msn


@pytest.fixture
def published(tmp_path):
    """published(range(…), init=…): a channel's folder after these segments."""

    def publish(numbers, *, init: str = "a", kept: int = 1000):
        folder = WindowFolder(tmp_path, init.encode(), init, kept=kept)
        for number in numbers:
            folder.publish(FIRST + number, b"media")
        return tmp_path

    return publish


def playlist(folder, first: float, last: float, *, now: float = 1000) -> m3u8.M3U8:
    found = excerpt(folder, at(FIRST + first), at(FIRST + last), at(FIRST + now))
    return m3u8.loads(found.playlist())


def test_what_is_over_is_a_recording(published):
    told = playlist(published(range(20)), 3.5, 6.2)
    assert [segment.uri for segment in told.segments] == [f"{FIRST + n}.m4s" for n in (3, 4, 5, 6)]
    assert told.is_endlist
    assert told.playlist_type == "vod"
    assert told.segments[0].program_date_time == at(FIRST + 3)
    assert told.segments[0].init_section.uri == "init-a.mp4"


def test_what_began_late_is_found_where_it_is(published):
    folder = published(range(10))
    window = WindowFolder(folder, b"a", "a", kept=1000)
    window.publish(FIRST + 10, b"media", pictures=116)
    window.publish(FIRST + 11, b"media", phase=20, pictures=76)
    published(range(12, 20))
    told = playlist(folder, 11.1, 11.3).segments
    assert [segment.uri for segment in told] == [f"{FIRST + n}.m4s" for n in (10, 11)]
    assert [segment.duration for segment in told] == [4.64, 3.04]
    assert told[1].program_date_time == at(FIRST + 11) + timedelta(seconds=0.8)
    assert [one.duration for one in playlist(folder, 12, 14).segments] == [3.84, 3.84]


def test_an_end_on_the_grid_does_not_bring_the_next_segment(published):
    assert len(playlist(published(range(20)), 3, 6).segments) == 3


def test_what_is_on_air_grows_from_its_beginning(published):
    folder = published(range(20))
    told = playlist(folder, 10, 100, now=20.5)
    assert len(told.segments) == 10
    assert not told.is_endlist
    assert told.playlist_type == "event"
    assert told.start.time_offset == 0


def test_what_is_missing_is_a_gap(published):
    published(range(10))
    told = playlist(published(range(30, 40)), 8, 32)
    gaps = [segment.gap_tag is not None for segment in told.segments]
    assert gaps == [False] * 2 + [True] * 20 + [False] * 2


def test_a_channel_that_stands_still_owes_gaps(published):
    told = playlist(published(range(10)), 8, 15, now=15 + WINDOW)
    assert told.is_endlist
    assert len(told.segments) == 7
    assert told.segments[-1].gap_tag is not None


def test_nothing_left_is_lost(published):
    folder = published(range(10))
    assert excerpt(folder, at(FIRST - 50), at(FIRST - 40), at(FIRST + 10)).is_lost
    assert excerpt(folder.with_name("none"), at(FIRST), at(FIRST + 4), at(FIRST + 10)).is_lost


def test_another_set_up_is_a_discontinuity_with_its_own_map(published):
    published(range(10))
    published(range(10, 20), init="b")
    told = playlist(published(range(20, 30), init="a"), 8, 22)
    maps = [segment.init_section.uri[5] for segment in told.segments]
    assert "".join(maps) == "aa" + "b" * 10 + "aa"
    assert [segment.discontinuity for segment in told.segments].count(True) == 2


def test_old_segments_are_pruned_with_their_set_ups(published):
    published(range(10), kept=KEPT)
    published(range(10, 20), init="b", kept=KEPT)
    folder = published(range(20, 20 + 3 * KEPT), init="c", kept=KEPT)
    assert len(list(folder.glob("*.m4s"))) == KEPT
    published([200], init="d", kept=KEPT)
    assert (folder / "set-ups.json").read_text().count("msn") == 2


def test_a_setting_in_hours_is_kept_in_full():
    assert segments_in(timedelta(0)) == KEPT
    assert segments_in(timedelta(hours=24)) * SLOTS_PER_SEGMENT * 0.96 > 24 * 3600
