"""What is due for a recording, what an editor sees of its sound, and what a failure leaves."""

import re
import signal
import subprocess
import sys
from uuid import UUID

import av
import msgspec
import pytest

from bench import clips
from transcode import extras, finisher, jobs
from transcode.edition import AS_TAKEN, Cut
from transcode.jobs import Job
from transcode.library import Library
from transcode.loudness import Loudness
from transcode.waveform import PER_SECOND

EVERYTHING = set(Job)
LECTURE = UUID(int=7)


@pytest.fixture
def folder(record):
    """Camera and screen; the tone lasts from second 2 to 6 of 8."""
    return record(
        camera=clips.video(8),
        screen=clips.video(5, starts=3, size=(640, 368)),
        voice=clips.voice(4, starts=2),
    )


def edit(folder, *cuts: Cut) -> None:
    Library(folder.parent).edit(LECTURE, msgspec.structs.replace(AS_TAKEN, cuts=cuts))


def test_a_cut_renews_what_is_played_and_nothing_else(folder):
    assert set(jobs.waiting(folder)) == EVERYTHING
    assert finisher.finish(folder) == []
    assert jobs.waiting(folder) == []
    edit(folder, Cut(0, 2_000))
    assert jobs.waiting(folder) == [Job.STORYBOARD, Job.FILE, Job.CAMERA]


def test_without_a_screen_there_are_neither_slides_nor_a_second_file(record):
    folder = record(camera=clips.video(2), voice=clips.voice(2))
    assert set(jobs.due(folder)) == EVERYTHING - {Job.SLIDES, Job.CAMERA}


def test_one_that_fails_keeps_nobody_from_the_others_and_is_tried_again_when_asked(folder):
    playlist = folder / "voice.m3u8"
    text = playlist.read_text()
    playlist.write_text("nonsense")
    assert finisher.finish(folder)
    reasons = {job: note.reason for job, note in jobs.ended(folder).items() if note.reason}
    assert reasons[Job.FILE] == "voice.m3u8 is no playlist"
    assert set(reasons) == {Job.FILE, Job.CAMERA, Job.LOUDNESS}
    playlist.write_text(text)
    assert finisher.finish(folder) == []
    assert Job.FILE in jobs.ended(folder), "It is not tried again by itself."
    for job in reasons:
        jobs.forget(folder, job)
    assert finisher.finish(folder) == []
    assert extras.read(folder)


def test_killed_at_any_job_it_goes_on_where_it_was(folder):
    command = [sys.executable, "-m", "transcode.finisher", str(folder)]
    for job in (Job.STORYBOARD, Job.FILE, Job.SLIDES):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            for line in child.stdout:
                if line.startswith(job):
                    child.kill()
                    break
        assert child.returncode in {-signal.SIGKILL, 0}
        assert not [note for note in jobs.ended(folder).values() if note.reason]
    assert finisher.finish(folder) == []
    assert jobs.waiting(folder) == []


def test_it_tells_how_far_it_is(folder):
    command = [sys.executable, "-m", "transcode.finisher", str(folder)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\n")
    said = [line.split() for line in told if line]
    assert {job for job, _ in said} == EVERYTHING
    percents = [int(percent) for job, percent in said if job == Job.FILE]
    assert percents == sorted(percents)
    assert percents[-1] >= 50


def test_the_waveform_is_loud_where_somebody_speaks(folder):
    finisher.finish(folder)
    peaks = (folder / extras.WAVEFORM).read_bytes()
    assert len(peaks) == pytest.approx(8 * PER_SECOND, abs=1)
    assert max(peaks[: 2 * PER_SECOND - 1]) < 8
    assert max(peaks[6 * PER_SECOND + 1 :]) < 8
    spoken = peaks[2 * PER_SECOND + 1 : 6 * PER_SECOND - 1]
    assert all(peak == pytest.approx(256 * 8000 / 32768, rel=0.15) for peak in spoken)


def test_the_loudness_is_what_ffmpeg_measures(record):
    folder = record(camera=clips.video(8), voice=clips.voice(8))
    finisher.finish(folder)
    found = msgspec.json.decode((folder / extras.LOUDNESS).read_bytes(), type=Loudness)
    command = ["ffmpeg", "-hide_banner", "-i", folder / "voice.m3u8", "-af"]
    meter = "aformat=channel_layouts=stereo,ebur128=peak=true"
    said = subprocess.run(
        [*command, meter, "-f", "null", "-"], check=True, capture_output=True, text=True
    ).stderr
    summary = said[said.rindex("Summary") :]
    [integrated] = re.findall(r"I: +(-[\d.]+) LUFS", summary)
    [peak] = re.findall(r"Peak: +(-[\d.]+) dBFS", summary)
    assert found.integrated_lufs == pytest.approx(float(integrated), abs=0.3)
    assert found.peak_db == pytest.approx(float(peak), abs=0.3)


def test_the_camera_is_a_file_in_step_with_the_programme(folder):
    edit(folder, Cut(4_000, 6_000))
    finisher.finish(folder)
    lengths = []
    for name in (extras.SINGLE_FILE, extras.CAMERA_FILE):
        with av.open(folder / name) as file:
            lengths.append([stream.duration * stream.time_base for stream in file.streams])
            pictures = [frame.time for frame in file.decode(video=0)]
        assert pictures == sorted(pictures)
        assert pictures[0] == pytest.approx(0, abs=0.3)
    [(film, film_sound), (camera, camera_sound)] = lengths
    assert film_sound == camera_sound
    assert camera == pytest.approx(film, abs=0.3)
