"""What a channel's monitor sees, on its own and behind a real channel."""

import json
import math
import subprocess
import sys
from array import array

import av
import pytest

from transcode.programme_watch import ProgrammeWatch
from transcode.silence import silence
from transcode.ts_watch import TsWatch

PAT = bytes.fromhex("474000100000b00d0001c100000001e100") + bytes(171)
PMT = bytes.fromhex("474100100002b0170001c10000e100f000") + bytes(171)


def media(counter: int, *, pid: int = 0x101, pcr: float | None = None, marked=False) -> bytes:
    flags = (0x80 if marked else 0) | (0x10 if pcr is not None else 0)
    clock = round((pcr or 0) * 90_000) << 15
    field = bytes((7, flags)) + clock.to_bytes(6)
    return b"\x47" + pid.to_bytes(2) + bytes((0x30 | counter & 15,)) + field + bytes(176)


def watched(*, seconds: float, change=None, until: float | None = None) -> set[str]:
    """The faults of a sound stream of 25 packets a second, or of one that `change` spoiled."""
    watch = TsWatch(0.0)
    for n in range(round(seconds * 25)):
        packets = [PAT[:3] + bytes((0x10 | n & 15,)) + PAT[4:], media(n, pcr=n / 25)]
        packets.append(PMT[:3] + bytes((0x10 | n & 15,)) + PMT[4:])
        watch.push(b"".join(change(n, packets) if change else packets), n / 25)
    return watch.faults(until or seconds)


def test_a_sound_stream_has_no_faults():
    assert watched(seconds=20) == set()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda n, run: run if n != 100 else [run[0], run[2]], "continuity"),
        (lambda n, run: run[1:], "pat"),
        (lambda n, run: run[:2], "pmt"),
        (lambda n, run: [run[0], media(n), run[2]], "pcr"),
        (lambda n, run: [run[0], media(n, pcr=n / 25 + 5 * (n > 100)), run[2]], "pcr"),
        (lambda n, run: run if n != 100 else [*run, b"\0" * 188], "sync"),
    ],
)
def test_what_is_wrong_with_a_stream_is_told_for_ten_seconds(change, fault):
    assert fault in watched(seconds=8, change=change)
    assert ("signal" in watched(seconds=8, change=change, until=20)) is True


def test_a_stream_that_begins_anew_and_says_so_is_sound():
    def change(n, run):
        if n < 100:
            return run
        return [run[0], media(n + 5, pcr=n / 25 + 100, marked=n == 100), run[2]]

    assert watched(seconds=8, change=change) == set()


def picture(luma: int, *, bar: int = 0) -> av.VideoFrame:
    frame = av.VideoFrame(320, 180, "yuv420p")
    for plane, value in zip(frame.planes, (luma, 128, 128), strict=True):
        plane.update(bytes((value,)) * plane.buffer_size)
    rows = bytearray(frame.planes[0])
    rows[: bar * frame.planes[0].line_size] = b"\xdc" * bar * frame.planes[0].line_size
    frame.planes[0].update(bytes(rows))
    return frame


def tone(amplitude: float) -> av.AudioFrame:
    frame = av.AudioFrame(format="fltp", layout="stereo", samples=4800)
    wave = array("f", (amplitude * math.sin(n / 8) for n in range(4800))).tobytes()
    for plane in frame.planes:
        plane.update(wave)
    frame.sample_rate = 48_000
    return frame


def shown(*, luma=80, moves=True, amplitude=0.05, seconds=10) -> set[str]:
    watch = ProgrammeWatch()
    for tenth in range(seconds * 10):
        if tenth % 10 == 0:
            watch.picture(picture(luma, bar=(tenth % 100) if moves else 0), tenth / 10)
        watch.sound(tone(amplitude) if amplitude else silence(4800), tenth / 10)
    return watch.faults(seconds)


@pytest.mark.parametrize(
    ("programme", "faults"),
    [
        ({}, set()),
        ({"moves": False}, set()),  # slides while somebody speaks
        ({"amplitude": 0}, {"silence"}),
        ({"amplitude": 0, "seconds": 6}, set()),
        ({"moves": False, "amplitude": 0}, {"silence", "freeze"}),
        ({"luma": 16, "moves": False}, {"black"}),
        ({"amplitude": 0.9}, {"loudness"}),
    ],
)
def test_what_is_wrong_with_a_programme_is_told_within_ten_seconds(programme, faults):
    assert shown(**programme) == faults


def test_a_meter_reads_what_it_should():
    watch = ProgrammeWatch()
    for tenth in range(40):
        watch.sound(tone(0.1), tenth / 10)
    # A sine of 0.1 in both channels is -20.0 LUFS at 1 kHz; here 955 Hz.
    assert watch.levels.momentary == pytest.approx(-20.0, abs=0.3)
    assert watch.levels.short_term == pytest.approx(-20.0, abs=0.3)


def test_a_monitor_watches_a_real_channel_and_sees_it_die(
    play, plan_item, house_clip, receiver, tmp_path
):
    port = receiver.port
    receiver.close()
    command = [sys.executable, "-m", "transcode.monitor", "--port", str(port)]
    command += ["--folder", str(tmp_path / "out")]
    dark = plan_item("dark", house_clip("black", slots=20, shade=16), starts_in=-1, takes=60)
    played = play([dark], f"udp://127.0.0.1:{port}")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as monitor:
        sights = (json.loads(line) for line in monitor.stdout)
        next(sight for sight in sights if sight["faults"] == ["black"])
        played.process.kill()
        played.process.wait()
        assert next(sight for sight in sights if "signal" in sight["faults"])
        monitor.stdin.close()
        assert monitor.wait(10) == 0
