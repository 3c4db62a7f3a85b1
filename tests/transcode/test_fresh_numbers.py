"""A number that was shown never stands for other bytes, whatever the disk has forgotten."""

import os
import subprocess
from datetime import UTC, datetime, timedelta
from uuid import UUID

import m3u8
import pytest

from bench import clips
from transcode import shelf
from transcode.library import Library
from transcode.live_edge import LiveEdge

EPOCH = datetime(2026, 9, 7, 4, tzinfo=UTC)
LECTURE = UUID(int=7)


@pytest.fixture(scope="module")
def units():
    return clips.interleaved(camera=clips.video(9, gop=25), voice=clips.voice(9))


class Viewer:
    """Has seen everything, and remembers it."""

    def __init__(self):
        self.seen: dict[tuple, bytes] = {}
        self.reached: dict[str, int] = {}

    def watch(self, opened) -> None:
        for name in shelf.RENDITIONS:
            window = opened.window(name)
            for msn in range(max(0, window.next_msn - 2), window.next_msn + 1):
                for number, part in enumerate(window.parts(msn) or ()):
                    self._see((name, msn, number), part.data)
            for init in window.inits.values():
                self._see((name, "init", init.number), init.data)
            assert window.next_msn >= self.reached.get(name, 0)
            self.reached[name] = window.next_msn

    def _see(self, address: tuple, data: bytes) -> None:
        assert self.seen.setdefault(address, data) == data, f"{address} means something else now"


def open_(folder, life: int, **more):
    library, epoch = Library(folder), EPOCH + timedelta(seconds=60 * life)
    return library.open_recording(LECTURE, epoch, post=lambda call: call(), **more)


def play(opened, units, viewer) -> None:
    for kind, unit in units:
        opened.push(kind, unit)
        viewer.watch(opened)


def die(opened) -> None:
    """As the process would, seen from the folder."""
    os.close(opened._files._shelved.lock)


def check(opened, viewer) -> None:
    """It plays, all of it, and those who watch live are told what follows what they know."""
    live = m3u8.loads(opened.programme.live().plain.decode())
    assert live.media_sequence + len([s for s in live.segments if s.uri]) == (
        opened.programme.next_msn
    )
    assert max(number for name, kind, number in viewer.seen if kind == "init") > 1_000_000
    opened.finish()
    command = ["ffmpeg", "-v", "error", "-xerror", "-i", opened.folder / "index.m3u8"]
    subprocess.run([*command, "-f", "null", "-"], check=True)


@pytest.mark.parametrize("ends", [die, lambda opened: opened.finish()], ids=["dies", "stops"])
async def test_what_was_shown_of_a_full_disk_keeps_its_numbers(tmp_path, units, monkeypatch, ends):
    viewer = Viewer()
    opened = open_(tmp_path, 0)
    play(opened, units[:300], viewer)
    with monkeypatch.context() as full:
        full.setattr("transcode.store.os.write", _refuse)
        play(opened, units[300:], viewer)
    assert "No space left" in opened.fault
    ends(opened)
    again = open_(tmp_path, 1)
    play(again, units, viewer)
    kept = again.programme.segments
    assert kept[0].msn == 0
    assert kept[-1].msn > 1_000_000
    init, _ = await anext(LiveEdge(again.programme).fragments())  # for television
    assert init.number > 1_000_000
    check(again, viewer)
    found = Library(tmp_path).find(LECTURE)
    assert found.programme.segments == kept + again.programme.segments[len(kept) :]
    assert found.programme.discontinuities == again.programme.discontinuities


def test_what_the_machine_may_have_forgotten_is_numbered_anew(tmp_path, units):
    viewer = Viewer()
    opened = open_(tmp_path, 0)
    play(opened, units, viewer)
    die(opened)
    (tmp_path / str(LECTURE) / "certain").write_text("the machine was started again")
    for name in ("camera", "programme"):  # the last second never reached the disk
        index = tmp_path / str(LECTURE) / f"{name}.index"
        index.write_bytes(index.read_bytes()[:-300])
    again = open_(tmp_path, 1)
    play(again, units, viewer)
    check(again, viewer)


def test_a_lecture_that_could_not_be_gone_on_with_is_numbered_anew(tmp_path, units):
    viewer = Viewer()
    opened = open_(tmp_path, 0)
    play(opened, units[:300], viewer)
    die(opened)
    unkept = open_(tmp_path, 1, is_kept=False)  # the disk refused it
    play(unkept, units, viewer)
    again = open_(tmp_path, 2)
    play(again, units, viewer)
    check(again, viewer)


def test_after_a_crash_of_the_process_alone_the_numbers_go_on(tmp_path, units):
    viewer = Viewer()
    opened = open_(tmp_path, 0)
    play(opened, units, viewer)
    die(opened)
    again = open_(tmp_path, 1)
    play(again, units, viewer)
    numbers = [segment.msn for segment in again.programme.segments]
    assert numbers == list(range(len(numbers)))
    assert "/0.m4s" in again.programme.live().plain.decode()


def _refuse(*_):
    raise OSError(28, "No space left on device")
