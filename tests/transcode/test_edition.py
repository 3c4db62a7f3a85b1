"""Cuts: what is played after them, by FFmpeg and in the file to take away."""

import subprocess
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import av
import m3u8
import msgspec
import pytest

from bench import clips
from kernel.errors import Conflict, Invalid, PreconditionFailed
from transcode import edition, extras, finisher
from transcode.edition import AS_TAKEN, Chapter, Cut, Edition, merged
from transcode.library import Library

EPOCH = datetime(2026, 9, 7, 4, 0, tzinfo=UTC)
LECTURE = UUID(int=7)


@pytest.fixture
def library(tmp_path) -> Library:
    """With a recording of 20 s, a key frame a second."""
    library = Library(tmp_path)
    opened = library.open_recording(LECTURE, EPOCH, post=lambda call: call())
    clips.record(opened, 20, gop=25)
    return library


def cut(library: Library, *spans: tuple[float, float], revision: int = 0):
    cuts = tuple(Cut(int(1000 * starts), int(1000 * ends)) for starts, ends in spans)
    chosen = msgspec.structs.replace(AS_TAKEN, revision=revision, cuts=cuts)
    library.edit(LECTURE, chosen)
    return library.find(LECTURE)


def runs(window) -> list[tuple[float, float]]:
    found: list[list[float]] = []
    scale = window.timeline.timescale
    for segment in window.played:
        if segment.is_after_gap or not found:
            found.append([segment.starts / scale, 0])
        found[-1][1] = segment.ends / scale
    return [(starts, ends) for starts, ends in found]


def test_what_is_cut_is_not_played_and_sound_covers_the_picture(library):
    found = cut(library, (0, 2), (7, 11.9))
    shown, heard = runs(found.programme), runs(found.window("voice"))
    assert shown == [(2, pytest.approx(7, abs=0.3)), (12, 20)]
    for (starts, ends), (begins, stops) in zip(shown, heard, strict=True):
        assert starts - 0.3 <= begins <= starts
        assert ends <= stops <= ends + 0.3
    assert found.duration == pytest.approx(timedelta(seconds=13), abs=timedelta(seconds=0.3))
    assert found.taken == pytest.approx(timedelta(seconds=20), abs=timedelta(seconds=0.1))


def test_of_what_is_cut_no_picture_is_shown(library):
    found = cut(library, (4.5, 9.5))
    (_, paused), (resumed, _) = runs(found.programme)
    assert paused <= 4.5
    assert 9.5 <= resumed <= 11.5


def test_a_cut_plays_through_in_ffmpeg(library):
    found = cut(library, (3, 8), (14, 16.2))
    command = ["ffmpeg", "-v", "error", "-xerror", "-i", found.folder / "index.m3u8"]
    subprocess.run([*command, "-f", "null", "-"], check=True)
    for name in ("programme", "voice"):
        text = (found.folder / f"{name}.m3u8").read_text()
        assert text == found.window(name).recorded().plain.decode()
        assert text.count("#EXT-X-DISCONTINUITY\n") == 2


def test_every_change_can_be_taken_back(library):
    before = library.find(LECTURE).programme.recorded().plain
    cut(library, (3, 8))
    assert library.find(LECTURE).programme.recorded().plain != before
    cut(library, revision=1)
    assert library.find(LECTURE).programme.recorded().plain == before
    assert [each.revision for each in library.editions(LECTURE)] == [0, 1, 2]


def test_of_two_who_edit_at_once_one_is_told(library):
    cut(library, (3, 8))
    with pytest.raises(PreconditionFailed):
        cut(library, (4, 8))


def test_a_recording_that_still_runs_is_not_edited(library):
    library.open_recording(LECTURE, EPOCH + timedelta(minutes=1), post=lambda call: call())
    with pytest.raises(Conflict):
        cut(library, (3, 8))


def test_the_file_to_take_away_follows_the_cuts(library):
    found = cut(library, (3, 8), (14, 16))
    finisher.finish(found.folder)
    with av.open(found.folder / extras.SINGLE_FILE) as file:
        length = found.duration.total_seconds()
        for stream in (file.streams.video[0], file.streams.audio[0]):
            assert float(stream.duration * stream.time_base) == pytest.approx(length, abs=0.4)
        file.seek(0)
        times = [float(p.pts * p.time_base) for p in file.demux(video=0) if p.pts is not None]
    assert max(b - a for a, b in pairwise(times)) < 0.4
    cut(library, (3, 8), revision=1)
    assert extras.read(found.folder) is None


def test_cuts_are_put_in_order_and_joined():
    cuts = [Cut(5_000, 9_000), Cut(1_000, 2_000), Cut(8_000, 10_000), Cut(19_000, 90_000)]
    assert merged(cuts, 20_000) == (Cut(1_000, 2_000), Cut(5_000, 10_000), Cut(19_000, 20_000))
    assert merged([Cut(3, 3), Cut(30_000, 40_000)], 20_000) == ()


def test_cuts_leave_something():
    with pytest.raises(Invalid):
        merged([Cut(0, 12_000), Cut(11_000, 19_500)], 20_000)


def test_without_editions_it_is_played_as_it_was_taken(tmp_path):
    assert edition.read(tmp_path) == [AS_TAKEN]


def test_players_are_told_of_chapters_and_slides(library):
    """RFC 8216bis 4.4.5.1, as a parser that is not ours reads it."""
    folder = library.find(LECTURE).folder
    (folder / "slides.json").write_text('{"at_ms": [0, 6000, 9000, 15000]}')
    chapters = (
        Chapter(1_000, 'The "sun"\r\nand'),
        Chapter(8_000, "Cut out"),
        Chapter(15_000, "Ай"),
    )
    wanted = Edition(chapters=chapters, cuts=(Cut(7_000, 12_000),), dismissed_ms=(6_000,))
    library.edit(LECTURE, wanted)
    found = library.find(LECTURE)
    for text in (
        found.programme.recorded().plain.decode(),
        found.window("voice").recorded().plain.decode(),
        (folder / "programme.m3u8").read_text(),
    ):
        parsed = m3u8.loads(text)
        ranges = parsed.segments[0].dateranges
        told = [
            (each.class_, each.start_date, dict(each.x_client_attrs).get("x_kz_daris_title"))
            for each in ranges
        ]
        assert told == [
            ("kz.daris.chapter", "2026-09-07T04:00:01.000Z", '"The ”sun”  and"'),
            ("kz.daris.chapter", "2026-09-07T04:00:15.000Z", '"Ай"'),
            ("kz.daris.slide", "2026-09-07T04:00:00.000Z", None),
            ("kz.daris.slide", "2026-09-07T04:00:15.000Z", None),
        ]
        assert len({each.id for each in ranges}) == len(ranges)
        assert all(each.end_on_next == "YES" for each in ranges)
        assert parsed.segments[0].program_date_time
