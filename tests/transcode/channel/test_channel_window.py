from datetime import timedelta

import m3u8
import pytest

from transcode.channel_window import KEPT, WINDOW, Segment, Window, WindowFolder
from transcode.house import FRAMES_PER_SEGMENT


def grown(count: int, *, first: int = 100, init: str = "a", window: Window | None = None) -> Window:
    window = window or Window()
    for msn in range(first, first + count):
        window = window.grown(Segment(msn, init))
    return window


def test_the_window_slides_by_one_segment_at_a_time():
    assert [s.msn for s in grown(20).segments] == list(range(120 - WINDOW, 120))


def test_a_strict_reader_understands_the_playlist():
    playlist = m3u8.loads(grown(8).playlist())
    assert playlist.media_sequence == 102
    assert playlist.target_duration == 5
    assert playlist.segments[0].uri == "102.m4s"
    assert playlist.segments[0].program_date_time.timestamp() == pytest.approx(102 * 3.84)
    assert not playlist.is_endlist


def test_segments_that_begin_late_follow_each_other_across_gaps_and_restarts(tmp_path):
    folder = WindowFolder(tmp_path, b"init", "a")
    folder.publish(100, b"media", pictures=119)
    folder.publish(102, b"media", phase=5, pictures=91)
    again = WindowFolder(tmp_path, b"init", "a")
    assert again.end_before(103) == 103 * 96
    assert again.end_before(104) is None
    again.publish(103, b"media")
    listed = m3u8.loads((tmp_path / "index.m3u8").read_text()).segments
    assert [segment.duration for segment in listed] == [4.76, 3.12, 3.64, 3.84]
    ends = [one.program_date_time + timedelta(seconds=one.duration) for one in listed]
    assert ends[:-1] == [one.program_date_time for one in listed[1:]]


def test_another_set_up_is_a_discontinuity_and_is_counted_when_it_leaves():
    window = grown(3, first=103, init="b", window=grown(3))
    assert window.playlist().splitlines().count("#EXT-X-DISCONTINUITY") == 1
    assert window.discontinuities_gone == 0
    window = grown(3, first=106, init="b", window=window)
    assert "#EXT-X-DISCONTINUITY\n" not in window.playlist()
    assert window.discontinuities_gone == 1


def test_a_number_that_was_left_out_is_a_gap():
    window = grown(1, first=103, window=grown(2))
    assert [s.is_gap for s in window.segments] == [False, False, True, False]
    assert window.playlist().splitlines().count("#EXT-X-GAP") == 1


def test_after_a_long_outage_the_window_is_not_longer_than_ever():
    window = grown(1, first=10_000, window=grown(6))
    assert len(window.segments) == WINDOW
    assert window.segments[-1].msn == 10_000


def test_a_restart_asks_for_what_it_missed(tmp_path):
    folder = WindowFolder(tmp_path, b"init", "a")
    for msn in folder.missing(100):
        folder.publish(msn, b"media")
    folder.publish(100, b"media")
    again = WindowFolder(tmp_path, b"init", "a")
    assert list(again.missing(104)) == [101, 102, 103]
    assert list(again.missing(101)) == []
    assert list(again.missing(100)) == []  # it was published ahead, and is not made again
    assert again.missing(100).start == again.missing(101).start == 101
    assert again.end_before(101) == 101 * FRAMES_PER_SEGMENT
    assert list(again.missing(1000)) == list(range(1000 - WINDOW, 1000))


def test_a_clock_that_was_set_back_begins_anew(tmp_path):
    folder = WindowFolder(tmp_path, b"init", "a")
    folder.publish(100, b"media")
    assert list(WindowFolder(tmp_path, b"init", "a").missing(50)) == list(range(50 - WINDOW, 50))


def test_old_segments_are_kept_for_who_reads_late_and_then_swept(tmp_path):
    folder = WindowFolder(tmp_path, b"init", "a")
    for msn in range(100, 100 + 2 * KEPT):
        folder.publish(msn, b"media")
    assert len(list(tmp_path.glob("*.m4s"))) == KEPT


def test_a_disk_that_was_full_leaves_a_gap(tmp_path):
    folder = WindowFolder(tmp_path, b"init", "a")
    folder.publish(100, b"media")
    (tmp_path / ".101.m4s.part").mkdir()  # the segment cannot be written
    with pytest.raises(OSError, match="directory"):
        folder.publish(101, b"media")
    folder.publish(102, b"media")
    playlist = (tmp_path / "index.m3u8").read_text()
    assert playlist.splitlines().count("#EXT-X-GAP") == 1
    assert playlist.index("100.m4s") < playlist.index("#EXT-X-GAP") < playlist.index("101.m4s")
