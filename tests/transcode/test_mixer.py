import math
from array import array
from itertools import pairwise

import av
import pytest

from bench import clips
from transcode.access_unit import AccessUnit
from transcode.mixer import VoiceMixer
from transcode.opus import MalformedOpus


@pytest.fixture
def mixer():
    opened = VoiceMixer()
    yield opened
    opened.close()


def mix(mixer, **voices) -> list[AccessUnit]:
    units = [(source, unit) for source, voice in voices.items() for unit in voice]
    ordered = sorted(units, key=lambda unit: unit[1].pts)
    return [out for source, unit in ordered for out in mixer.push(source, unit)]


def level(units, pitch: int, starts: float, ends: float) -> float:
    """How loud a tone is, of 0..1."""
    decoder = av.CodecContext.create("opus", "r")
    decoder.sample_rate, decoder.layout = 48000, "mono"
    heard = array("f")
    for unit in units:
        for frame in decoder.decode(av.Packet(unit.data)):
            heard.frombytes(bytes(frame.planes[0])[: 4 * frame.samples])
    samples = heard[int(starts * 48000) : int(ends * 48000)]
    turn = 2 * math.pi * pitch / 48000
    real = sum(sample * math.cos(turn * n) for n, sample in enumerate(samples))
    imaginary = sum(sample * math.sin(turn * n) for n, sample in enumerate(samples))
    return 2 * math.hypot(real, imaginary) / len(samples)


def test_one_microphone_passes_untouched(mixer):
    voice = clips.voice(1)
    assert mix(mixer, lecturer=voice) == voice


def test_two_microphones_are_both_heard(mixer):
    lecturer = clips.voice(3)
    student = clips.voice(1.5, starts=0.5, pitch=1000)
    out = mix(mixer, lecturer=lecturer, student=student)
    assert level(out, 440, 1.0, 1.8) == pytest.approx(8000 / 32768, rel=0.2)
    assert level(out, 1000, 1.0, 1.8) == pytest.approx(8000 / 32768, rel=0.2)
    assert level(out, 1000, 2.6, 2.9) < 0.01
    assert level(out, 440, 2.6, 2.9) == pytest.approx(8000 / 32768, rel=0.2)


def test_the_voice_has_no_hole_where_mixing_begins_and_ends(mixer):
    out = mix(mixer, lecturer=clips.voice(3), student=clips.voice(1, starts=1.0, pitch=1000))
    assert {after.pts - before.pts for before, after in pairwise(out)} == {960}


def test_when_one_is_alone_again_packets_pass_untouched(mixer):
    lecturer = clips.voice(3)
    out = mix(mixer, lecturer=lecturer, student=clips.voice(0.5, starts=1.0))
    assert out[-20:] == lecturer[-20:]


def test_who_leaves_is_not_waited_for(mixer):
    lecturer = clips.voice(2)
    mix(mixer, lecturer=lecturer[:50], student=clips.voice(1))
    mixer.leave("student")
    out = mix(mixer, lecturer=lecturer[50:])
    assert out[-49:] == lecturer[-49:]


def test_a_packet_that_is_none_says_so(mixer):
    with pytest.raises(MalformedOpus):
        list(mixer.push("lecturer", AccessUnit(b"", 0, 48000, is_key=True)))
