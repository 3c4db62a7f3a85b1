"""How loud live sound is on air, read by FFmpeg's own meter of EBU R 128."""

import array
import re
import subprocess

import av
import pytest

from transcode.house import SAMPLE_RATE
from transcode.levels import LiveLevels, Voice

FRAME = 960  # samples: 20 ms, as Opus has it


@pytest.mark.parametrize("lufs", [-41, -15])
def test_a_voice_of_any_loudness_comes_to_the_target(lufs):
    out = levelled(voice(lufs))
    loudness, peak = measured(out[8 * SAMPLE_RATE :])
    assert loudness == pytest.approx(-23, abs=1)
    assert peak <= -1


def test_what_is_sudden_stays_below_the_peak():
    out = levelled(voice(-41) + voice(-3, seconds=4))
    assert measured(out)[1] <= -1


def test_a_pause_is_not_lifted_and_the_voice_goes_on_as_it_was():
    levels = LiveLevels()
    levelled(voice(-33), levels)
    before = levels.gain_db
    levelled(voice(-58, seconds=6), levels)
    assert levels.gain_db == pytest.approx(before, abs=0.5)


def test_single_words_do_not_move_the_gain():
    voice, gain = Voice(), 0.0
    for tenth in range(600):
        voice.hear(-26 if tenth % 10 < 7 else -34)
        gain = voice.step(gain, 0.1)
        if tenth == 200:
            settled = gain
    assert gain == pytest.approx(settled, abs=0.5)


def test_another_voice_that_is_quieter_is_brought_up_slowly():
    voice, gain = Voice(), 0.0
    for _ in range(200):
        voice.hear(-23)
        gain = voice.step(gain, 0.1)
    steps = []
    for _ in range(400):
        voice.hear(-40)
        before, gain = gain, voice.step(gain, 0.1)
        steps.append(gain - before)
    assert gain == pytest.approx(17, abs=1)
    assert max(steps) <= 0.071


def test_as_many_samples_come_out_as_went_in():
    assert len(levelled(voice(-30, seconds=2))) == 2 * SAMPLE_RATE


def voice(lufs: float, *, seconds: int = 15) -> array.array:
    """Noise with the rhythm of syllables, at that loudness."""
    source = f"anoisesrc=c=pink:r={SAMPLE_RATE}:d={seconds}:a=0.5:seed=7,tremolo=f=4:d=0.7"
    gain = f"volume={lufs + 20.8}dB"  # the noise itself is at -20.8 LUFS, from both sides
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"{source},{gain}"]
    done = subprocess.run([*command, "-f", "f32le", "-"], capture_output=True, check=True)
    samples = array.array("f")
    samples.frombytes(done.stdout)
    return samples


def levelled(samples: array.array, levels: LiveLevels | None = None) -> array.array:
    levels, out = levels or LiveLevels(), array.array("f")
    for at in range(0, len(samples) - FRAME + 1, FRAME):
        frame = av.AudioFrame(format="fltp", layout="stereo", samples=FRAME)
        frame.sample_rate, frame.pts = SAMPLE_RATE, at
        for plane in frame.planes:
            plane.update(samples[at : at + FRAME].tobytes())
        made = levels.level(frame)
        out.frombytes(bytes(made.planes[0])[: 4 * made.samples])
    return out


def measured(samples: array.array) -> tuple[float, float]:
    """LUFS and dBTP of the same on both sides."""
    command = ["ffmpeg", "-hide_banner", "-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "1"]
    meter = ["-i", "-", "-af", "pan=stereo|c0=c0|c1=c0,ebur128=peak=true", "-f", "null", "-"]
    done = subprocess.run(
        [*command, *meter], input=samples.tobytes(), capture_output=True, check=True
    )
    summary = done.stderr.decode().rpartition("Summary:")[2]
    found = [re.search(rf"{name}:\s+(-?[\d.]+)", summary) for name in ("I", "Peak")]
    return tuple(float(match[1]) for match in found)
