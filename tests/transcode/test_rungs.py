"""The rungs of a programme, made of the layers of a drawn camera, read with parsers that are not ours."""

import io
import json
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import av
import m3u8
import pytest

from bench import clips
from transcode.access_unit import Rung, TrackKind
from transcode.edition import Cut, Edition
from transcode.library import Library
from transcode.manifest import Keeping
from transcode.vod import read_recording

EPOCH = datetime(2026, 9, 7, 4, 0, tzinfo=UTC)
LECTURE = UUID(int=7)
SIZES = {Rung.BEST: (640, 368), Rung.MID: (320, 184), Rung.LOW: (160, 96)}
NAMES = ("programme", "programme-mid", "programme-low")
SECONDS = 12


@pytest.fixture(scope="module")
def camera():
    """Key frames every two seconds, in all sizes at once."""
    return {rung: clips.video(SECONDS, size=size) for rung, size in SIZES.items()}


@pytest.fixture(scope="module")
def voice():
    return clips.voice(SECONDS)


@pytest.fixture
def opened(tmp_path):
    return Library(tmp_path).open_recording(LECTURE, EPOCH, post=lambda call: call())


def teach(opened, camera, voice, *, late=None, until=SECONDS, **tracks):
    for kind, unit, rung in clips.laddered(camera, late, voice=voice, **tracks):
        if unit.time < until:
            opened.push(kind, unit, rung)
    return opened


def listed(opened, name) -> list[tuple[int, int, int, bool]]:
    """Number, start, end and gap of each segment."""
    segments = opened.window(name).segments
    return [(each.msn, each.starts, each.ends, each.is_after_gap) for each in segments]


def widths(opened, name) -> list[int]:
    """Of the pictures of each segment, as FFmpeg decodes them."""
    window = opened.window(name)
    found = []
    for segment in window.segments:
        data = b"".join(part.data for part in window.parts(segment.msn))
        with av.open(io.BytesIO(window.inits[segment.init].data + data)) as file:
            sizes = {frame.width for frame in file.decode(video=0)}
        assert len(sizes) == 1
        found += sizes
    return found


def moved(units, ticks):
    return [replace(unit, pts=unit.pts + ticks) for unit in units]


def without(units, starts, ends):
    return [unit for unit in units if not starts <= unit.time < ends]


def times(folder: Path, name: str) -> list[float]:
    """Of all pictures of a recorded rendition, as ffprobe finds them."""
    command = ["ffprobe", "-v", "error", "-show_entries", "packet=pts_time", "-of", "json"]
    probed = subprocess.run([*command, folder / f"{name}.m3u8"], capture_output=True, check=True)
    assert probed.stderr == b""
    return sorted(float(each["pts_time"]) for each in json.loads(probed.stdout)["packets"])


@pytest.mark.parametrize("late", [{}, {Rung.LOW: 0.08}, {Rung.BEST: 0.08}, {Rung.MID: 0.4}])
def test_rungs_have_the_segments_of_the_programme(opened, camera, voice, late):
    teach(opened, camera, voice, late=late).finish()
    assert len(listed(opened, "programme")) == 6
    for name, size in zip(NAMES, SIZES.values(), strict=True):
        assert listed(opened, name) == listed(opened, "programme")
        assert set(widths(opened, name)[1:]) == {size[0]}  # nothing is waited for at first


def test_the_multivariant_playlist_lists_each_rung_as_it_is(opened, camera, voice):
    teach(opened, camera, voice).finish()
    top = m3u8.loads(opened.multivariant().plain.decode())
    said = {each.uri: each.stream_info for each in top.playlists}
    assert [each.uri for each in top.playlists] == [
        *(f"{name}.m3u8" for name in NAMES),
        "voice.m3u8",
    ]
    for name, size in zip(NAMES, SIZES.values(), strict=True):
        info = said[f"{name}.m3u8"]
        segments = opened.window(name).segments
        bits = [8 * each.stretch.size * 90_000 / each.duration for each in segments]
        assert info.resolution == size
        assert info.frame_rate == 25
        assert info.bandwidth >= max(bits)
        assert info.codecs.startswith("avc1.42")
    averages = [said[f"{name}.m3u8"].average_bandwidth for name in NAMES]
    assert averages == sorted(averages, reverse=True)
    written = (opened.folder / "index.m3u8").read_text()
    assert written == opened.multivariant().plain.decode()


def test_recorded_rungs_show_the_same_moments(opened, camera, voice):
    teach(opened, camera, voice).finish()
    best = times(opened.folder, "programme")
    assert len(best) == 25 * SECONDS
    for name in NAMES[1:]:
        assert times(opened.folder, name) == pytest.approx(best, abs=0.002)


def test_what_follows_a_recording_takes_the_best_rung(opened, camera, voice):
    """Also where a smaller one takes more."""
    teach(opened, {Rung.BEST: camera[Rung.LOW], Rung.LOW: camera[Rung.BEST]}, voice).finish()
    index = opened.folder / "index.m3u8"
    text = index.read_text().replace("RESOLUTION=640x368", "RESOLUTION=80x45")
    index.write_text(text)
    said = [each.stream_info.bandwidth for each in m3u8.loads(text).playlists]
    assert said[1] > said[0]
    found = read_recording(index)
    assert {extent.path.name for run in found.pictures for extent in run} == {"camera.mp4"}


def test_live_playlists_report_the_other_rungs(opened, camera, voice):
    teach(opened, camera, voice, until=7)
    for name in NAMES:
        text = opened.window(name).live().plain.decode()
        reported = {line.split('"')[1] for line in text.splitlines() if "RENDITION-REPORT" in line}
        others = {f"{other}.m3u8" for other in (*NAMES, "voice") if other != name}
        assert reported == others
        parsed = m3u8.loads(text)
        assert parsed.is_independent_segments
        best = m3u8.loads(opened.programme.live().plain.decode())
        assert [each.program_date_time for each in parsed.segments] == [
            each.program_date_time for each in best.segments
        ]


def test_a_difference_of_clocks_is_taken_out(opened, camera, voice):
    apart = {**camera, Rung.LOW: moved(camera[Rung.LOW], 4000)}
    teach(opened, apart, voice, until=SECONDS + 1).finish()
    assert set(widths(opened, "programme-low")) == {SIZES[Rung.LOW][0]}
    best = times(opened.folder, "programme")
    assert times(opened.folder, "programme-low") == pytest.approx(best, abs=0.04)


def test_where_a_layer_has_no_key_frame_the_programme_is_shown(opened, camera, voice):
    """The layer's come half a second late until second 6."""
    size = SIZES[Rung.LOW]
    low = [*clips.video(6.5, starts=0.5, size=size), *camera[Rung.LOW]]
    apart = {**camera, Rung.LOW: [*without(low, 6, 99)[:137], *without(camera[Rung.LOW], 0, 6)]}
    teach(opened, apart, voice).finish()
    assert listed(opened, "programme-low") == listed(opened, "programme")
    assert widths(opened, "programme-low") == [640, 640, 640, 160, 160, 160]


def test_a_layer_that_stops_shows_its_key_frame_to_the_end_of_the_segment(opened, camera, voice):
    some = {**camera, Rung.LOW: without(camera[Rung.LOW], 4.6, 8)}
    teach(opened, some, voice).finish()
    assert listed(opened, "programme-low") == listed(opened, "programme")
    assert widths(opened, "programme-low") == [160, 160, 160, 640, 160, 160]
    parts = opened.window("programme-low").parts(listed(opened, "programme")[2][0])
    assert parts[-1].ends == 6 * 90_000
    assert all(before.ends == after.starts for before, after in pairwise(parts))


def test_a_layer_that_stops_leaves_nobody_behind_for_long(opened, camera, voice):
    some = {**camera, Rung.LOW: without(camera[Rung.LOW], 4.6, 8)}
    for kind, unit, rung in clips.laddered(some, voice=voice):
        opened.push(kind, unit, rung)
        assert opened.window("programme-low").edge >= (unit.time - Fraction(13, 10)) * 90_000


def test_the_screen_stands_in_every_rung(opened, camera, voice):
    screen = clips.video(3, starts=4.3, size=(960, 544))
    for kind, unit, rung in clips.laddered(camera, voice=voice, screen=screen):
        if unit.time >= 7.3:
            opened.stop_track(TrackKind.SCREEN)
        opened.push(kind, unit, rung)
    opened.finish()
    assert listed(opened, "programme-low") == listed(opened, "programme")
    best, low = widths(opened, "programme"), widths(opened, "programme-low")
    assert 960 in best
    assert low.count(160) >= 4
    assert all(mine in {160, programmes} for mine, programmes in zip(low, best, strict=True))
    assert [each for each in low if each == 960] == [each for each in best if each == 960]


def test_a_camera_of_one_size_makes_no_rungs(opened, camera, voice):
    teach(opened, {Rung.BEST: camera[Rung.BEST]}, voice).finish()
    top = m3u8.loads(opened.multivariant().plain.decode())
    assert [each.uri for each in top.playlists] == ["programme.m3u8", "voice.m3u8"]
    assert "programme-low" not in (opened.folder / "index.m3u8").read_text()
    assert "programme-low" not in opened.programme.live().plain.decode()
    assert not (opened.folder / "programme-low.m3u8").exists()
    assert (opened.folder / "programme-low.mp4").stat().st_size == 0


def test_what_is_cut_is_cut_from_every_rung(tmp_path, opened, camera, voice):
    teach(opened, camera, voice).finish()
    library = Library(tmp_path)
    library.edit(LECTURE, Edition(cuts=(Cut(2_700, 5_100), Cut(9_000, 9_500))))
    found = library.find(LECTURE)
    best = m3u8.loads(found.programme.recorded().plain.decode())
    for name in NAMES[1:]:
        text = found.window(name).recorded().plain.decode()
        assert text == (found.folder / f"{name}.m3u8").read_text()
        rung = m3u8.loads(text)
        for mine, programmes in zip(rung.segments, best.segments, strict=True):
            assert mine.duration == programmes.duration
            assert mine.program_date_time == programmes.program_date_time
            assert mine.discontinuity == programmes.discontinuity
        assert f"{name}.mp4" in text


def test_what_is_paused_is_in_no_rung(tmp_path, camera, voice):
    library = Library(tmp_path)
    opened = library.open_recording(LECTURE, EPOCH, is_kept=False, post=lambda call: call())
    switches = [(4.5, Keeping.ON), (7.0, Keeping.PAUSED), (9.2, Keeping.ON)]
    for kind, unit, rung in clips.laddered(camera, voice=voice):
        if switches and unit.time >= switches[0][0]:
            opened.switch(switches.pop(0)[1])
        opened.push(kind, unit, rung)
    opened.finish()
    for name in NAMES[1:]:
        assert listed(opened, name) == listed(opened, "programme")
    found = Library(tmp_path).find(LECTURE)
    best = m3u8.loads((found.folder / "programme.m3u8").read_text())
    low = m3u8.loads((found.folder / "programme-low.m3u8").read_text())
    assert [each.program_date_time for each in low.segments] == [
        each.program_date_time for each in best.segments
    ]
    assert "programme-low.mp4" in {each.uri for each in low.segments}
    own = Fraction((found.folder / "programme-low.mp4").stat().st_size)
    assert own < sum(len(unit.data) for unit in camera[Rung.LOW]) * 0.7
