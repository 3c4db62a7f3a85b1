"""Encoded clips through the whole engine, read back by FFmpeg."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from uuid import uuid4

import m3u8
import pytest

from bench import clips
from transcode import manifest
from transcode.access_unit import TrackKind
from transcode.h264 import split
from transcode.library import Library
from transcode.recording import RecordingState
from transcode.shelf import AlreadyRecorded

EPOCH = datetime(2026, 9, 7, 4, 0, tzinfo=UTC)
CAMERA, SCREEN, VOICE = TrackKind.CAMERA, TrackKind.SCREEN, TrackKind.VOICE


@pytest.fixture
def library(tmp_path) -> Library:
    return Library(tmp_path)


@pytest.fixture
def opened(library):
    return library.open_recording(uuid4(), EPOCH, post=lambda call: call())


@pytest.fixture(scope="module")
def camera():
    return clips.video(6)


@pytest.fixture(scope="module")
def voice():
    return clips.voice(6)


def push(recording, **tracks) -> None:
    for kind, unit in clips.interleaved(**tracks):
        recording.push(kind, unit)


def frames(path) -> int:
    """What FFmpeg decodes without a complaint about the stream."""
    entries = "stream=nb_read_frames"
    command = ["ffprobe", "-v", "error", "-count_frames", "-show_entries", entries, "-of", "json"]
    probed = subprocess.run([*command, path], capture_output=True, check=True)
    assert probed.stderr == b""
    return int(json.loads(probed.stdout)["streams"][0]["nb_read_frames"])


def decodes(path) -> None:
    command = ["ffmpeg", "-v", "error", "-xerror", "-i", path, "-map", "0", "-f", "null", "-"]
    subprocess.run(command, check=True)


def covered(window) -> list[tuple[float, float]]:
    scale = window.timeline.timescale
    return [(each.starts / scale, each.ends / scale) for each in window.segments]


def test_every_frame_comes_back(opened, camera, voice):
    push(opened, camera=camera, voice=voice)
    opened.finish()
    assert frames(opened.folder / "camera.m3u8") == len(camera)
    assert frames(opened.folder / "camera.mp4") == len(camera)
    assert frames(opened.folder / "programme.m3u8") == len(camera)
    assert frames(opened.folder / "voice.m3u8") == len(voice)
    decodes(opened.folder / "index.m3u8")


def test_the_tracks_are_copied_and_not_encoded_again(opened, camera, voice):
    push(opened, camera=camera, voice=voice)
    opened.finish()
    stored = (opened.folder / "camera.mp4").read_bytes()
    assert all(list(split(unit.data))[-1] in stored for unit in camera)
    assert all(unit.data in (opened.folder / "voice.mp4").read_bytes() for unit in voice)


def test_a_change_of_size_makes_a_new_init_and_plays(opened, camera):
    push(opened, camera=camera + clips.video(3, starts=6.0, size=(480, 272)))
    opened.finish()
    assert frames(opened.folder / "camera.m3u8") == 9 * 25
    parsed = m3u8.load(str(opened.folder / "camera.m3u8"))
    assert len({each.init_section.byterange for each in parsed.segments}) == 2


def test_the_programme_is_the_screen_while_it_is_shared(opened, voice):
    camera = clips.video(12)
    screen = clips.video(4, starts=3.3, size=(640, 368))
    for kind, unit in clips.interleaved(camera=camera, screen=screen, voice=voice):
        if unit is camera[round(7.3 * 25) + 1]:
            opened.stop_track(SCREEN)
        opened.push(kind, unit)
    opened.finish()
    shown = [each.stretch.file for each in opened.programme.segments]
    assert shown == [
        *["camera.mp4"] * 2,
        *["screen.mp4"] * 2,
        "programme.mp4",
        *["camera.mp4"] * 2,
    ]
    assert covered(opened.programme)[:3] == [(0, 2), (2, 3.3), (3.3, 5.3)]
    decodes(opened.folder / "index.m3u8")


def test_programme_and_voice_have_neither_holes_nor_discontinuities(opened):
    screen = clips.video(2, starts=5.0)
    push(opened, camera=clips.video(2), voice=clips.voice(1, starts=1.0), screen=screen)
    opened.finish()
    for name in ("programme", "voice"):
        times = covered(opened.window(name))
        assert all(before[1] == after[0] for before, after in pairwise(times))
        assert "#EXT-X-DISCONTINUITY" not in (opened.folder / f"{name}.m3u8").read_text()
    ends = [covered(opened.window(name))[-1][1] for name in ("programme", "voice")]
    assert ends == pytest.approx([7, 7], abs=0.05)


def test_a_voice_alone_has_a_picture(opened, voice):
    push(opened, voice=voice)
    opened.finish()
    assert frames(opened.folder / "programme.m3u8") >= 6 / 0.28
    assert opened.programme.variant().width == 640


def test_a_camera_alone_has_a_voice(opened, camera):
    push(opened, camera=camera)
    opened.finish()
    assert frames(opened.folder / "voice.m3u8") == 300


def test_lost_packets_are_silence_and_later_ones_keep_their_time(opened, camera, voice):
    lossy = [unit for n, unit in enumerate(voice) if not 100 <= n < 120]
    push(opened, camera=camera, voice=lossy)
    opened.finish()
    assert frames(opened.folder / "voice.m3u8") == len(voice)


def test_time_fills_what_nobody_sends(opened, camera):
    push(opened, camera=camera[:50])
    for second in range(3, 10):
        opened.tick(Fraction(second))
    assert opened.programme.edge / 90000 == pytest.approx(8.7, abs=0.3)
    assert opened.track(VOICE).edge / 48000 == pytest.approx(8.7, abs=0.3)


def test_units_that_come_late_are_not_replaced_by_silence(opened, voice):
    for unit in voice:
        opened.tick(unit.time + 2)  # two seconds on their way
        opened.push(VOICE, unit)
    opened.finish()
    stored = (opened.folder / "voice.mp4").read_bytes()
    assert sum(unit.data in stored for unit in voice) > 0.9 * len(voice)


def test_broken_units_are_counted_and_disturb_nothing(opened, camera, voice):
    push(opened, camera=camera[:50])
    broken = [
        b"",
        b"\0\0\1\x67",
        b"\xff" * 50,
        b"\0\0\1\x67\xff\xff\xff\0\0\1\x68\xff\0\0\1\x65\xff",
    ]
    for data in broken:
        unit = type(camera[0])(data, camera[50].pts - 1, 90000, is_key=True)
        opened.push(CAMERA, unit)
        opened.push(VOICE, type(unit)(b"", 96000, 48000, is_key=True))
    push(opened, camera=camera[50:], voice=voice)
    opened.finish()
    decodes(opened.folder / "index.m3u8")


def test_a_full_disk_stops_the_recording_and_not_the_lecture(opened, camera, monkeypatch):
    push(opened, camera=camera[:100])
    monkeypatch.setattr("transcode.store.os.write", _refuse)
    push(opened, camera=camera[100:])
    monkeypatch.undo()
    assert "No space left" in opened.fault
    assert opened.programme.edge >= 5.7 * 90000
    opened.finish()
    assert 60 <= frames(opened.folder / "camera.m3u8") <= 100


def _refuse(*_):
    raise OSError(28, "No space left on device")


def test_without_recording_nothing_is_on_the_disk(library, camera, tmp_path):
    lecture = uuid4()
    opened = library.open_recording(lecture, EPOCH, is_kept=False, post=lambda call: call())
    push(opened, camera=camera)
    assert len(opened.track(CAMERA).segments) == 2
    opened.finish()
    assert list(tmp_path.iterdir()) == []
    assert Library(tmp_path).find(lecture) is None


def test_a_finished_recording_is_found_again(library, opened, camera, voice):
    push(opened, camera=camera, voice=voice)
    opened.finish()
    assert library.find(opened.lecture) is opened
    found = Library(library.folder).find(opened.lecture)
    assert found.state is RecordingState.FINISHED
    assert found.programme.segments == opened.programme.segments
    assert found.programme.recorded().plain == (opened.folder / "programme.m3u8").read_bytes()
    assert found.duration == timedelta(seconds=6)
    assert found.starts_at == EPOCH


def test_a_lecture_is_recorded_once_at_a_time(library, opened):
    with pytest.raises(AlreadyRecorded):
        library.open_recording(opened.lecture, EPOCH)
    with pytest.raises(AlreadyRecorded):  # as another process would
        Library(library.folder).open_recording(opened.lecture, EPOCH)


def test_an_empty_recording_ends_as_well(library, opened):
    opened.finish()
    assert Library(library.folder).find(opened.lecture).programme.is_empty
    assert manifest.read(opened.folder).is_finished


def test_a_finished_recording_can_go_on(library, opened, camera, voice):
    push(opened, camera=camera, voice=voice)
    opened.finish()
    later = EPOCH + timedelta(seconds=20)
    again = library.open_recording(opened.lecture, later, post=lambda call: call())
    push(again, camera=camera, voice=voice)
    again.finish()
    assert covered(again.track(CAMERA))[-1] == (24, 26)
    assert again.track(CAMERA).segments[3].is_after_gap
    assert [(gap.starts_at - EPOCH).total_seconds() for gap in again.gaps] == [6]
    assert [gap.seconds for gap in again.gaps] == [14]
    assert all(a[1] == b[0] for a, b in pairwise(covered(again.programme)))
    assert frames(again.folder / "camera.m3u8") == 2 * len(camera)
    decodes(again.folder / "index.m3u8")


def test_a_clock_that_was_set_back_moves_no_time_back(library, opened, camera):
    push(opened, camera=camera)
    opened.finish()
    again = library.open_recording(
        opened.lecture, EPOCH - timedelta(hours=1), post=lambda call: call()
    )
    push(again, camera=camera)
    again.finish()
    assert covered(again.track(CAMERA))[-1] == (10, 12)


def test_a_deleted_recording_is_gone(library, opened, camera):
    push(opened, camera=camera)
    opened.finish()
    library.withdraw(opened.lecture)
    assert library.find(opened.lecture) is None
    assert not opened.folder.exists()
    assert library.withdrawn() == [opened.lecture]
    library.shred(opened.lecture)
    assert library.withdrawn() == []
    assert list(library.folder.iterdir()) == []
    library.delete(opened.lecture)  # twice is once
