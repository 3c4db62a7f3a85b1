"""What is made of a finished recording, as FFmpeg's own tools read it."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from struct import unpack_from
from uuid import uuid4

import av
import m3u8
import pytest

from bench import clips
from transcode import extras
from transcode.access_unit import TrackKind
from transcode.library import Library

EPOCH = datetime(2026, 9, 7, 4, 0, tzinfo=UTC)
LECTURE = uuid4()
SOUND_STARTS = 1.0  # seconds; until then nobody speaks


@pytest.fixture
def library(tmp_path):
    return Library(tmp_path)


@pytest.fixture(scope="module")
def film():
    """Camera, and from 2 to 5 s a larger screen."""
    return clips.interleaved(
        camera=clips.video(8, starts=0.2),
        screen=clips.video(3, starts=2.0, size=(640, 368)),
        voice=clips.voice(7, starts=SOUND_STARTS),
    )


@pytest.fixture
def folder(library, film):
    """Of a finished recording."""
    recording = library.open_recording(LECTURE, EPOCH, post=lambda call: call())
    for kind, unit in film:
        if kind is TrackKind.CAMERA and unit.time > 5:
            recording.stop_track(TrackKind.SCREEN)
        recording.push(kind, unit)
    recording.finish()
    return recording.folder


def finish(folder) -> None:
    subprocess.run([sys.executable, "-m", "transcode.finisher", folder], check=True, timeout=60)


def peak(frame) -> float:
    return max(map(abs, memoryview(frame.planes[0]).cast("B").cast("f")))


def probe(*words):
    command = ["ffprobe", "-v", "error", "-of", "json", *words]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def test_one_file_holds_the_programme_and_its_voice(folder, library):
    finish(folder)
    file = folder / extras.SINGLE_FILE
    video, audio = probe("-show_streams", file)["streams"]
    assert (video["codec_name"], audio["codec_name"]) == ("h264", "aac")
    length = library.find(LECTURE).duration.total_seconds()
    assert float(video["duration"]) == pytest.approx(length, abs=0.1)
    assert float(audio["duration"]) == pytest.approx(length, abs=0.1)
    decoded = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", file, "-fps_mode", "vfr", "-f", "null", "-"],
        check=True,
        capture_output=True,
    )
    assert not decoded.stderr


def test_the_pictures_are_copied_in_their_sizes_and_times(folder):
    finish(folder)
    data = (folder / extras.SINGLE_FILE).read_bytes()
    width, height = unpack_from(">II", data, data.index(b"tkhd") + 80)
    assert (width >> 16, height >> 16) == (640, 368), "The track is as large as the largest."
    with av.open(folder / extras.SINGLE_FILE) as file:
        sizes = [(frame.time, frame.width) for frame in file.decode(video=0)]
    assert {width for at, width in sizes if at < 1.75} == {320}
    assert {width for at, width in sizes if 1.85 < at < 4.7} == {640}
    assert {width for at, width in sizes if 5.2 < at < 7.9} == {320}


def test_lips_match(folder):
    """The tone begins where it began: as far behind the first picture."""
    finish(folder)
    with av.open(folder / extras.SINGLE_FILE) as file:
        loud = (frame.time for frame in file.decode(audio=0) if peak(frame) > 0.05)
        assert next(loud) == pytest.approx(SOUND_STARTS - 0.2, abs=0.05)


def test_the_aac_is_a_rendition_of_its_own(folder):
    finish(folder)
    listed = m3u8.load(str(folder / "aac.m3u8"))
    assert listed.is_endlist
    assert max(round(segment.duration) for segment in listed.segments) <= listed.target_duration
    with av.open(folder / "aac.mp4") as file:
        units = [packet for packet in file.demux(audio=0) if packet.size]
    assert sum(segment.duration for segment in listed.segments) == pytest.approx(
        len(units) * 1024 / 48_000, abs=0.001
    )
    begins = listed.segments[0].program_date_time
    assert begins == EPOCH + timedelta(seconds=float(units[0].pts * units[0].time_base))


def test_the_poster_is_a_picture_of_the_programme(folder):
    finish(folder)
    with av.open(folder / extras.POSTER) as file:
        picture = next(file.decode(video=0))
    assert (picture.width, picture.height) == (320, 180)
    light = bytes(picture.reformat(format="gray").planes[0])
    assert min(light) < 70
    assert max(light) > 200, "The bar is on it."


def test_what_is_made_is_not_made_again_before_the_recording_goes_on(folder, library, film):
    finish(folder)
    made_at = (folder / extras.SINGLE_FILE).stat().st_mtime_ns
    finish(folder)
    assert (folder / extras.SINGLE_FILE).stat().st_mtime_ns == made_at
    later = library.open_recording(LECTURE, EPOCH + timedelta(seconds=20), post=lambda call: call())
    for kind, unit in film:
        later.push(kind, unit)
    later.finish()
    assert extras.read(folder) is None
    finish(folder)
    assert extras.read(folder) is not None


def test_a_folder_without_a_recording_is_refused_in_a_sentence(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "transcode.finisher", tmp_path], capture_output=True, check=False
    )
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
