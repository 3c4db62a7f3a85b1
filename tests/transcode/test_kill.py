"""`kill -9` of a recording process at any moment, and the lecture that goes on after it."""

import os
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest

from bench import clips
from transcode import manifest
from transcode.access_unit import TrackKind
from transcode.deck import Keeper
from transcode.index import unpack
from transcode.library import Library
from transcode.recording import RecordingState
from transcode.store import cut_torn_tail

EPOCH = datetime(2026, 9, 7, 4, 0, tzinfo=UTC)
LECTURE = UUID(int=7)

RECORDER = """
import asyncio, sys, time
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID
from bench import clips
from transcode.access_unit import Rung
from transcode.library import Library
from transcode.writer import RecordingWriter

async def record():
    camera = {Rung.BEST: clips.video(9, gop=25), Rung.LOW: clips.video(9, gop=25, size=(160, 96))}
    units = clips.laddered(camera, voice=clips.voice(9))
    epoch = datetime.fromisoformat(sys.argv[2])
    library = Library(Path(sys.argv[1]))
    lectures = [UUID(int=7 + number) for number in range(int(sys.argv[3]))]
    opened = [library.open_recording(each, epoch) for each in lectures]
    began = time.monotonic()
    speed = int(sys.argv[4])
    now = lambda: epoch + speed * timedelta(seconds=time.monotonic() - began)
    writers = [RecordingWriter(each, now) for each in opened]
    for kind, unit, rung in units:
        await asyncio.sleep(float(unit.time) / speed - (time.monotonic() - began))
        for writer in writers:
            writer.push(kind, unit, rung=rung)
        print(float(unit.time), flush=True)

asyncio.run(record())
"""


def record_and_kill(
    folder: Path, epoch: datetime, seconds: float, *, lectures: int = 1, speed: int = 4
) -> float:
    """Record so many lectures for `seconds` of each, kill; the time of the last unit that was pushed."""
    asked = (epoch.isoformat(), str(lectures), str(speed))
    command = [sys.executable, "-c", RECORDER, folder, *asked]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as recorder:
        pushed = 0.0
        while pushed < seconds:
            pushed = float(recorder.stdout.readline())
        recorder.kill()
        rest = recorder.stdout.read().split()
    return float(rest[-1]) if rest else pushed


def edges_of(recording) -> list[float]:
    """Seconds at which programme and voice end."""
    windows = (recording.programme, recording.track(TrackKind.VOICE))
    return [window.segments[-1].ends / window.timeline.timescale for window in windows]


@pytest.mark.parametrize("round_", range(3))
def test_what_was_recorded_before_a_kill_plays(tmp_path, round_):
    pushed = record_and_kill(tmp_path, EPOCH, random.uniform(1.0, 8.0))
    found = Library(tmp_path).find(LECTURE)
    assert found.state is RecordingState.INTERRUPTED
    assert "ENDLIST" not in found.programme.live().plain.decode()
    assert min(edges_of(found)) > pushed - 2
    finished = Library(tmp_path).finish_interrupted(LECTURE)
    assert finished.state is RecordingState.FINISHED
    command = ["ffmpeg", "-v", "error", "-xerror", "-i", finished.folder / "index.m3u8"]
    subprocess.run([*command, "-f", "null", "-"], check=True)


def test_after_a_kill_the_lecture_goes_on_in_the_same_item(tmp_path):
    pushed = record_and_kill(tmp_path, EPOCH, 4.0)
    record_and_kill(tmp_path, EPOCH + timedelta(seconds=20), 5.0)
    found = Library(tmp_path).finish_interrupted(LECTURE)
    (gap,) = found.gaps
    assert pushed - 2 < (gap.starts_at - EPOCH).total_seconds() <= pushed + 0.1
    assert (gap.ends_at - EPOCH).total_seconds() == pytest.approx(20, abs=0.1)
    assert min(edges_of(found)) > 21
    assert [each.msn for each in found.programme.segments] == list(
        range(len(found.programme.segments))
    )
    assert all(a.ends == b.starts for a, b in pairwise(found.programme.segments))
    assert [each.is_after_gap for each in found.track(TrackKind.CAMERA).segments].count(True) == 1
    low = found.window("programme-low").segments
    assert [(each.msn, each.starts, each.ends) for each in low] == [
        (each.msn, each.starts, each.ends) for each in found.programme.segments
    ]
    own = {each.starts // (20 * 90_000) for each in low if each.stretch.file == "programme-low.mp4"}
    assert own == {0, 1}, "It has segments of its own from before and from after."
    command = ["ffmpeg", "-v", "error", "-xerror", "-i", found.folder / "index.m3u8"]
    subprocess.run([*command, "-f", "null", "-"], check=True)


KILLS = int(os.environ.get("DARIS_TEST_KILLS", "3"))  # 50 before a release
BETWEEN = timedelta(seconds=20)  # from the beginning of one life to that of the next
LECTURES = 4  # recorded at once


@pytest.mark.timeout(60 + 10 * KILLS)
def test_a_lecture_outlives_every_kill_while_others_are_recorded(tmp_path):
    """Lived so many times, it is one item, that lacks less than two seconds of each life."""
    pushed = [
        record_and_kill(
            tmp_path, EPOCH + life * BETWEEN, random.uniform(0.5, 2.0), lectures=LECTURES, speed=1
        )
        for life in range(KILLS)
    ]
    for lecture in (UUID(int=7 + number) for number in range(LECTURES)):
        found = Library(tmp_path).finish_interrupted(lecture)
        kept = lives(found.track(TrackKind.CAMERA))
        assert sum(seconds > 0 for seconds in kept) - 1 <= len(found.gaps) < KILLS
        assert all(gap.ends_at <= after.starts_at for gap, after in pairwise(found.gaps))
        lost = [told - seconds for told, seconds in zip(pushed, kept, strict=True)]
        sys.stdout.write(f"{lecture.int}: lost {max(lost):.2f} s at most of {KILLS} kills\n")
        assert max(lost) < 2
        numbers = [segment.msn for segment in found.programme.segments]
        assert numbers == list(range(len(numbers)))
    command = ["ffmpeg", "-v", "error", "-xerror", "-i", found.folder / "index.m3u8"]
    subprocess.run([*command, "-f", "null", "-"], check=True)


def lives(camera) -> list[float]:
    """Seconds of pictures that are there of each life; none of one that was very short."""
    seconds = [0.0] * KILLS
    for segment in camera.segments:
        life = int(segment.starts / camera.timeline.timescale / BETWEEN.total_seconds())
        seconds[life] += segment.frames / 25
    return seconds


@pytest.fixture
def interrupted(tmp_path) -> Path:
    """A folder as a dead recorder left it."""
    opened = Library(tmp_path).open_recording(LECTURE, EPOCH, post=lambda call: call())
    for kind, unit in clips.interleaved(camera=clips.video(3), voice=clips.voice(3)):
        opened.push(kind, unit)
    return opened.folder


def test_who_dies_before_anything_is_written_lengthens_the_gap(interrupted):
    found = Library(interrupted.parent).find(LECTURE)
    keeper = Keeper(interrupted, manifest.read(interrupted), found, lambda call: call())
    keeper.note_outage(Fraction(3), Fraction(20))
    keeper.note_outage(Fraction(3), Fraction(40))
    (gap,) = found.gaps
    assert (gap.ends_at - EPOCH).total_seconds() == 40


def test_an_outage_is_listed_also_if_nobody_sends_before_the_next(tmp_path):
    """Stills and silence go on meanwhile, so the next outage begins after them."""
    opened = Library(tmp_path).open_recording(LECTURE, EPOCH, post=lambda call: call())
    for kind, unit in clips.interleaved(camera=clips.video(3), voice=clips.voice(3)):
        opened.push(kind, unit)
    for life in (1, 2):
        os.close(opened._files._shelved.lock)  # as the process would
        epoch = EPOCH + life * timedelta(seconds=20)
        opened = Library(tmp_path).open_recording(LECTURE, epoch, post=lambda call: call())
        for second in range(1, 4):
            opened.tick(Fraction(second))
    begins = [(gap.starts_at - EPOCH).total_seconds() for gap in opened.gaps]
    ends = [(gap.ends_at - EPOCH).total_seconds() for gap in opened.gaps]
    assert begins == pytest.approx([3, 22.7], abs=0.3)
    assert ends == [21, 41]


@pytest.mark.parametrize("lost", [1, 100, 5000])
@pytest.mark.parametrize("file", ["camera.mp4", "camera.index", "voice.index"])
def test_torn_files_are_cut_to_what_is_whole(interrupted, file, lost):
    torn = interrupted / file
    torn.write_bytes(torn.read_bytes()[:-lost])
    cut_torn_tail(interrupted, torn.stem)
    index = (interrupted / f"{torn.stem}.index").read_bytes()
    ends = [record for record in unpack(index) if hasattr(record[1], "size")]
    media = (interrupted / f"{torn.stem}.mp4").stat().st_size
    assert media == (ends[-1][1].offset + ends[-1][1].size if ends else 0)
    assert [at for at, _ in unpack(index)][-1:] in ([len(index)], [])


def test_blocks_that_never_reached_the_disk_are_cut(interrupted):
    media = interrupted / "camera.mp4"
    size = media.stat().st_size
    media.write_bytes(media.read_bytes()[:-700] + bytes(700))
    cut_torn_tail(interrupted, "camera")
    assert media.stat().st_size < size
