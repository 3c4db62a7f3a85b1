"""A recording is gone on with while the event loop does other things."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from bench import clips
from transcode.library import Library
from transcode.recording import RecordingState
from transcode.shelf import AlreadyRecorded

LECTURE = UUID(int=7)
EPOCH = datetime(2026, 9, 7, 4, tzinfo=UTC)
LATER = EPOCH + timedelta(minutes=1)


@pytest.fixture
def slow_disk(tmp_path) -> Path:
    """A dead recorder's folder, the first page of which comes when somebody writes it; what it holds."""
    opened = Library(tmp_path).open_recording(LECTURE, EPOCH, post=lambda call: call())
    for kind, unit in clips.interleaved(camera=clips.video(3), voice=clips.voice(3)):
        opened.push(kind, unit)
    os.close(opened._files._shelved.lock)  # as the process would
    page = opened.folder / "recording.json"
    page.rename(tmp_path / "page")
    os.mkfifo(page)
    return page


async def written(slow_disk: Path) -> None:
    """The disk answers."""
    held = (slow_disk.parent.parent / "page").read_bytes()
    await asyncio.to_thread(slow_disk.write_bytes, held)


async def test_the_loop_goes_on_while_the_disk_is_read(slow_disk, tmp_path):
    library = Library(tmp_path)
    async with asyncio.TaskGroup() as tasks:
        taking = tasks.create_task(library.take_up(LECTURE, LATER))
        await asyncio.sleep(0)
        with pytest.raises(AlreadyRecorded):
            library.open_recording(LECTURE, LATER)
        assert not taking.done()
        await written(slow_disk)
    opened = taking.result()
    assert library.remembered(LECTURE) is opened
    assert opened.state is RecordingState.LIVE
    assert opened.programme.live().plain.count(b"#EXTINF") == len(opened.programme.segments) > 0
    opened.finish()


async def test_who_gives_up_meanwhile_leaves_the_folder_to_others(slow_disk, tmp_path):
    library = Library(tmp_path)
    taking = asyncio.ensure_future(library.take_up(LECTURE, LATER))
    await asyncio.sleep(0)
    taking.cancel()
    await written(slow_disk)
    with pytest.raises(asyncio.CancelledError):
        await taking
    opened = Library(tmp_path).open_recording(LECTURE, LATER)
    assert opened.programme.segments
    opened.finish()
