"""What is recorded between the record button, a pause, and the going on."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from bench import clips
from transcode import manifest, shelf
from transcode.access_unit import TrackKind
from transcode.library import Library
from transcode.manifest import Keeping
from transcode.recording import Recording

EPOCH = datetime(2026, 9, 7, 4, 0, tzinfo=UTC)
LECTURE = UUID(int=7)
NAMES = ("camera", "programme", "voice")


@pytest.fixture
def library(tmp_path) -> Library:
    return Library(tmp_path)


@pytest.fixture(scope="module")
def units():
    """Twelve seconds of a camera and a voice."""
    return list(clips.interleaved(camera=clips.video(12, gop=25), voice=clips.voice(12)))


def record(opened: Recording, units, *switches: tuple[float, Keeping]) -> Recording:
    """Push everything; at those seconds keep what comes, or do not."""
    due = list(switches)
    for kind, unit in units:
        while due and unit.time >= due[0][0]:
            opened.switch(due.pop(0)[1])
        opened.push(kind, unit)
    return opened


def seconds(folder: Path, name: str) -> list[tuple[float, float]]:
    """What FFmpeg finds to play: runs of packets that follow each other within half a second."""
    command = ["ffprobe", "-v", "error", "-show_entries", "packet=pts_time", "-of", "json"]
    probed = subprocess.run([*command, folder / f"{name}.m3u8"], capture_output=True, check=True)
    assert probed.stderr == b""
    times = sorted(float(each["pts_time"]) for each in json.loads(probed.stdout)["packets"])
    starts = [times[0], *(b for a, b in pairwise(times) if b - a > 0.5)]
    ends = [*(a for a, b in pairwise(times) if b - a > 0.5), times[-1]]
    return list(zip(starts, ends, strict=True))


def playlists(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.glob("*.m3u8"))}


def test_the_playlists_of_the_stop_are_those_that_the_files_tell(library, units):
    """They are made of what the recorder knows, which reads nothing."""
    opened = library.open_recording(LECTURE, EPOCH, is_kept=False, post=lambda call: call())
    switches = ((2.5, Keeping.ON), (5.0, Keeping.PAUSED), (7.0, Keeping.ON))
    record(opened, units, *switches).finish()
    again = library.open_recording(LECTURE, EPOCH + timedelta(seconds=20), post=lambda call: call())
    record(again, units, (4.0, Keeping.PAUSED), (9.0, Keeping.ON)).finish()
    known = playlists(again.folder)
    shelf.write_playlists(again.folder, manifest.read(again.folder))
    assert known == playlists(again.folder)
    assert sorted(known) == ["camera.m3u8", "index.m3u8", "programme.m3u8", "voice.m3u8"]


def test_nothing_is_stored_before_the_button(library, units):
    opened = library.open_recording(LECTURE, EPOCH, is_kept=False, post=lambda call: call())
    record(opened, units)
    assert opened.programme.segments
    opened.finish()
    assert not list(library.folder.iterdir())


def test_the_recording_begins_with_the_button(library, units):
    opened = library.open_recording(LECTURE, EPOCH, is_kept=False, post=lambda call: call())
    record(opened, units, (4.5, Keeping.ON)).finish()
    for name in ("programme", "voice"):
        ((starts, ends),) = seconds(opened.folder, name)
        assert starts == pytest.approx(4.5, abs=0.1)
        assert ends == pytest.approx(12, abs=0.1)
    again = Library(library.folder).find(LECTURE)
    for name in NAMES:
        numbers = [each.msn for each in opened.window(name).segments if each.stretch.is_kept]
        assert [each.msn for each in again.window(name).segments] == numbers
        assert numbers[0] > 0


def test_an_unrecorded_lecture_never_uses_an_address_again(library, units):
    """A restart forgets it all, but the clock goes on."""
    first = library.open_recording(LECTURE, EPOCH, is_kept=False, post=lambda call: call())
    record(first, units)
    later = EPOCH + timedelta(minutes=2)
    again = Library(library.folder).open_recording(
        LECTURE, later, is_kept=False, post=lambda call: call()
    )
    record(again, units, (4.5, Keeping.ON)).finish()
    resumed = Library(library.folder).open_recording(
        LECTURE, later + timedelta(minutes=2), post=lambda call: call()
    )
    record(resumed, units)
    for name in NAMES:
        before, after, kept = (each.window(name) for each in (first, again, resumed))
        assert max(before.inits) < min(after.inits)
        assert before.next_msn < after.segments[0].msn
        assert before.discontinuities < after.discontinuities <= kept.discontinuities
        assert [each.msn for each in after.segments if each.stretch.is_kept] == [
            each.msn for each in kept.segments if each.starts < after.segments[-1].ends
        ]


def test_a_pause_is_a_gap_of_which_not_a_byte_is_stored(library, units):
    opened = library.open_recording(LECTURE, EPOCH, post=lambda call: call())
    record(opened, units, (3.3, Keeping.PAUSED), (8.1, Keeping.ON)).finish()
    for name in NAMES:
        (_, paused), (resumed, _) = seconds(opened.folder, name)
        assert paused == pytest.approx(3.3, abs=0.1)
        assert resumed == pytest.approx(8.1, abs=1.0 if name == "camera" else 0.1)
        assert (opened.folder / f"{name}.m3u8").read_text().count("#EXT-X-DISCONTINUITY\n") == 1
    said = [(unit.time, unit.data) for kind, unit in units if kind is TrackKind.VOICE]
    open_ = {data for at, data in said if not 3.2 < at < 8.2}
    private = {data for at, data in said if 3.4 < at < 8.0} - open_
    stored = (opened.folder / "voice.mp4").read_bytes()
    assert private
    assert not any(data in stored for data in private)
    (gap,) = opened.gaps
    assert gap.is_wanted
    assert float(gap.seconds) == pytest.approx(4.8, abs=0.1)
    assert opened.duration == pytest.approx(timedelta(seconds=7.2), abs=timedelta(seconds=0.2))


def test_while_it_is_paused_the_lecture_is_shown_on(library, units):
    opened = library.open_recording(LECTURE, EPOCH, post=lambda call: call())
    record(opened, units, (3.3, Keeping.PAUSED))
    window = opened.programme
    assert window.edge / 90_000 > 11
    assert all(part.data for part in window.parts(window.next_msn - 1))
    opened.finish()
    ((_, ends),) = seconds(opened.folder, "programme")
    assert ends == pytest.approx(3.3, abs=0.1)


def test_a_pause_plays_through_as_one_recording(library, units):
    opened = library.open_recording(uuid4(), EPOCH, post=lambda call: call())
    record(opened, units, (3.3, Keeping.PAUSED), (8.1, Keeping.ON)).finish()
    command = ["ffmpeg", "-v", "error", "-xerror", "-i", opened.folder / "index.m3u8"]
    subprocess.run([*command, "-f", "null", "-"], check=True)


RECORDER = """
import sys
from datetime import datetime
from pathlib import Path
from uuid import UUID
from bench import clips
from transcode.library import Library
from transcode.manifest import Keeping

opened = Library(Path(sys.argv[1])).open_recording(
    UUID(int=7), datetime.fromisoformat(sys.argv[2]), post=lambda call: call()
)
for kind, unit in clips.interleaved(camera=clips.video(9, gop=25), voice=clips.voice(9)):
    if unit.time >= 4 and opened.keeping is Keeping.ON:
        opened.switch(Keeping.PAUSED)
    opened.push(kind, unit)
    if unit.time >= 7:
        print("paused", flush=True)
        sys.stdin.read()
"""


def test_after_a_kill_in_a_pause_nothing_is_stored_until_somebody_goes_on(tmp_path, units):
    command = [sys.executable, "-c", RECORDER, tmp_path, EPOCH.isoformat()]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as recorder:
        assert recorder.stdout.readline() == "paused\n"
        recorder.kill()
    library = Library(tmp_path)
    later = EPOCH + timedelta(seconds=20)
    opened = library.open_recording(LECTURE, later, post=lambda call: call())
    assert opened.keeping is Keeping.PAUSED
    size = (opened.folder / "voice.mp4").stat().st_size
    record(opened, units[:200])
    assert (opened.folder / "voice.mp4").stat().st_size == size
    record(opened, units[200:], (6.0, Keeping.ON)).finish()
    (_, paused), (resumed, ended) = seconds(opened.folder, "programme")
    assert (paused, resumed, ended) == pytest.approx((4, 26, 32), abs=0.2)
    (gap,) = opened.gaps
    assert float(gap.seconds) == pytest.approx(22, abs=0.2)
