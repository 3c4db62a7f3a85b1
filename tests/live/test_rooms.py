"""Rooms come, go and fail one by one, as the schedule says."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from identity.rights import Role
from kernel.errors import Unavailable
from kernel.web import BUS
from live import live_room, room_life
from live.events import (
    PersonJoined,
    PersonLeft,
    RecordingFaulted,
    RecordingFinished,
    RecordingStarted,
    RoomClosed,
    RoomOpened,
)
from live.rooms import ROOMS, Rooms
from schedule.lifecycle import LectureState, RecordingState

ROOT = Path(__file__).parents[2]

INTERRUPTED = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID
from transcode import opus
from transcode.access_unit import AUDIO_TIMESCALE, AccessUnit, TrackKind
from transcode.library import Library

recording = Library(Path(sys.argv[1])).open_recording(
    UUID(sys.argv[2]), datetime.now(UTC), post=lambda call: call()
)
for n in range(250):
    unit = AccessUnit(opus.SILENCE, n * opus.SILENCE_TICKS, AUDIO_TIMESCALE, is_key=True)
    recording.push(TrackKind.VOICE, unit)
os._exit(1)
"""


def interrupt(folder: Path, lecture) -> None:
    """A process that records five seconds and dies."""
    child = [sys.executable, "-c", INTERRUPTED, str(folder), str(lecture)]
    done = subprocess.run(child, cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert done.returncode == 1, done.stderr


async def settled(served, state: LectureState):
    """Wait for the schedule to say so."""
    async with served.client.app[BUS].subscribe("lectures") as doorbell, asyncio.timeout(20):
        while (lecture := await served.state()).state is not state:
            await anext(doorbell)
    return lecture


async def anew(served, kept) -> Rooms:
    """The rooms of a process that starts now, beside the first, which is over."""
    before = served.client.app[ROOMS]
    await before.stop()
    kept.facts.clear()
    return Rooms(before._house, before._bus)


async def first_answer(served, person):
    """To a hello: a welcome or a goodbye."""
    socket = await served.socket(person)
    await socket.send_json({"type": "hello", "device": "tab"})
    return await socket.receive_json()


async def test_a_room_is_up_as_soon_as_the_lecture_begins(school):
    served = await school()
    assert (await served.live()).lecture == served.lecture.id
    assert len(served.facts(RoomOpened)) == 1


async def test_the_process_stops_and_everybody_is_told_to_come_back(school):
    served = await school()
    student = await served.enter()
    await served.client.app[ROOMS].stop()
    heard = await student.heard_until_close()
    assert heard[-1]["reason"] == "restart"
    assert [fact.reason for fact in served.facts(PersonLeft)] == ["restart"]
    assert [fact.reason for fact in served.facts(RoomClosed)] == ["restart"]
    late = await served.socket(served.lecturer)
    assert (await late.receive_json())["reason"] == "restart"


async def test_a_process_that_starts_takes_live_lectures_up(school, kept):
    served = await school()
    rooms = await anew(served, kept)
    async with rooms.open():
        live = await rooms.enterable(await served.state())
        assert [fact.run for fact in served.facts(RoomOpened)] == [live.room.scribe.run]


async def test_the_recording_that_a_crash_left_goes_on_in_the_same_item(school, kept, tmp_path):
    served = await school()
    lecture = served.lecture.id
    rooms = await anew(served, kept)
    interrupt(tmp_path / "media", lecture)
    async with rooms.open():
        await rooms.enterable(await served.state())
        await served.stop()
        ended = await settled(served, LectureState.PUBLISHED)
    assert ended.recording is RecordingState.READY
    assert len(served.facts(RecordingStarted)) == 1
    (finished,) = served.facts(RecordingFinished)
    assert finished.duration.total_seconds() == pytest.approx(5, abs=0.5)


async def test_a_recording_that_was_never_finished_is_finished_at_the_start(school, kept, tmp_path):
    served = await school()
    rooms = await anew(served, kept)
    interrupt(tmp_path / "media", served.lecture.id)
    await served.stop()
    async with rooms.open():
        ended = await settled(served, LectureState.PUBLISHED)
    assert ended.recording is RecordingState.READY


async def test_a_lecture_without_a_picture_or_sound_has_no_recording(school, tmp_path):
    served = await school()
    await served.live()
    await served.stop()
    ended = await settled(served, LectureState.PUBLISHED)
    assert ended.recording is RecordingState.NONE
    assert not (tmp_path / "media" / str(served.lecture.id)).exists()


async def test_a_room_that_fails_is_opened_anew_and_the_others_stay(school, monkeypatch):
    monkeypatch.setattr("live.rooms._AGAIN", 0.01)
    served = await school()
    student = await served.enter()
    broken = asyncio.Event()
    look_after = live_room.LiveRoom.look_after_seats

    async def break_once(self, **more):
        if not broken.is_set():
            broken.set()
            raise RuntimeError("a fault of ours")
        await look_after(self, **more)

    monkeypatch.setattr(live_room.LiveRoom, "look_after_seats", break_once)
    heard = await student.heard_until_close()
    assert heard[-1]["reason"] == "restart"
    again = await served.add_person(Role.STUDENT, name="Again")
    async with asyncio.timeout(10):
        while (answer := await first_answer(served, again))["type"] == "bye":
            assert answer["reason"] == "restart"
    assert answer["lecture"]["state"] == "live"
    assert len(served.facts(RoomOpened)) == 2


async def test_a_database_that_is_away_stops_none_of_the_teaching(school, line, monkeypatch):
    served = await school()
    student = await served.enter()
    asked = asyncio.Event()

    async def away(*_args, **_more):
        asked.set()
        raise OperationalError("SELECT", {}, Exception("the server is away"))

    monkeypatch.setattr(room_life, "bare_lecture", away)
    life = served.client.app[ROOMS]._lives[served.lecture.id]
    life.ring()
    async with asyncio.timeout(10):
        await asked.wait()
    await student.send("say", **line("still here"))
    assert (await student.hear("chat"))["text"] == "still here"


async def test_a_disk_that_is_full_records_nothing_and_ends_no_lesson(
    school, line, monkeypatch, tmp_path
):
    (tmp_path / "media").write_text("a file where the folder should be")
    served = await school()
    student = await served.enter()
    await student.send("say", **line("go on"))
    await student.hear("chat")
    (fault,) = served.facts(RecordingFaulted)
    assert "recorded" in fault.message


async def test_a_join_that_cannot_be_kept_is_told_so(school, kept, monkeypatch):
    served = await school()
    await served.live()

    async def refuse(*_facts):
        raise Unavailable("This can't be kept now: the disk says no space left.")

    monkeypatch.setattr(kept, "record", refuse)
    socket = await served.socket(served.lecturer)
    await socket.send_json({"type": "hello", "device": "tab"})
    bye = await socket.receive_json()
    assert (bye["reason"], "disk" in bye["message"]) == ("refused", True)
    assert served.facts(PersonJoined) == []


async def test_a_doorbell_that_is_lost_is_listened_to_again(school, monkeypatch):
    monkeypatch.setattr("live.rooms._AGAIN", 0.01)
    served = await school(LectureState.PLANNED)
    rooms = served.client.app[ROOMS]
    failed = asyncio.Event()
    heard = rooms._heard

    async def fail_once(moved):
        if not failed.is_set():
            failed.set()
            raise RuntimeError("a fault of ours")
        await heard(moved)

    monkeypatch.setattr(rooms, "_heard", fail_once)
    await served.start()
    async with asyncio.timeout(10):
        await failed.wait()
    guest = await served.enter()
    assert guest.welcome["lecture"]["state"] == "live"
    await served.stop()
    assert (await guest.hear("state"))["state"] == "ended"
