import asyncio
import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from bench import clips
from transcode.access_unit import AccessUnit, TrackKind
from transcode.library import Library
from transcode.recording import RecordingState
from transcode.writer import RecordingWriter

EPOCH = datetime(2026, 9, 7, 4, 0, tzinfo=UTC)
CAMERA, VOICE = TrackKind.CAMERA, TrackKind.VOICE
SOON = timedelta(seconds=5)


class Stopwatch:
    """A time that stands still until it is set."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.seconds)


@pytest.fixture
def stopwatch():
    return Stopwatch()


@pytest.fixture
def library(tmp_path):
    return Library(tmp_path)


@pytest.fixture
async def writer(library, stopwatch):
    opened = RecordingWriter(library.open_recording(uuid4(), EPOCH), stopwatch.now)
    yield opened
    if opened.recording.state is RecordingState.LIVE:
        await opened.aclose()


async def test_viewers_see_growth_on_the_event_loop(writer):
    for unit in clips.video(1):
        writer.push(CAMERA, unit)
    assert await writer.recording.track(CAMERA).reach(0, 2, SOON)
    assert await writer.recording.programme.reach(0, 2, SOON)


async def test_after_finish_the_recording_is_whole(writer, library):
    for kind, unit in clips.interleaved(camera=clips.video(3), voice=clips.voice(3)):
        writer.push(kind, unit)
    await writer.finish()
    await asyncio.sleep(0)
    found = Library(library.folder).find(writer.recording.lecture)
    assert found.state is RecordingState.FINISHED
    assert found.duration == timedelta(seconds=3)
    assert writer.recording.state is RecordingState.FINISHED


async def test_without_finish_it_can_be_gone_on_with(writer, library):
    writer.push(CAMERA, clips.video(0.04)[0])
    await writer.aclose()
    assert (
        Library(library.folder).find(writer.recording.lecture).state is RecordingState.INTERRUPTED
    )


async def test_no_thread_is_left(writer):
    await writer.finish()
    names = [thread.name for thread in threading.enumerate() if thread.is_alive()]
    assert not any(name.startswith("recording-sync") for name in names)


async def test_time_alone_makes_voice_and_programme_grow(writer, stopwatch):
    writer.push(VOICE, clips.voice(0.02)[0])
    stopwatch.seconds = 3
    assert await writer.recording.programme.reach(0, 6, SOON)
    assert await writer.recording.track(VOICE).reach(0, 6, SOON)


async def test_a_sender_is_asked_for_a_key_frame(library, stopwatch):
    wishes = asyncio.Queue()
    opened = library.open_recording(uuid4(), EPOCH)
    writer = RecordingWriter(opened, stopwatch.now, on_key_wanted=wishes.put_nowait)
    writer.push(CAMERA, clips.video(0.2)[1])
    assert await asyncio.wait_for(wishes.get(), 5) is CAMERA
    await writer.finish()


async def test_broken_units_end_nothing(writer):
    writer.push(CAMERA, AccessUnit(b"\0\0\1\x67", 0, 90000, is_key=True))
    writer.push(VOICE, AccessUnit(b"", 0, 48000, is_key=True))
    writer.push(VOICE, AccessUnit(b"\xff", 0, 48000, is_key=True), source="other")
    for unit in clips.video(1):
        writer.push(CAMERA, unit)
    assert await writer.recording.programme.reach(0, 2, SOON)


async def test_a_full_queue_refuses_until_the_next_key_frame(writer, monkeypatch):
    units = clips.video(0.24, gop=4)
    monkeypatch.setattr("transcode.writer._CAPACITY", 0)
    writer.push(CAMERA, units[1])
    monkeypatch.undo()
    for unit in units[2:]:
        writer.push(CAMERA, unit)
    assert writer.refused == 3  # 1, 2, 3; 4 is a key frame
