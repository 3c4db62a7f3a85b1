"""The packager thread: what the tap hands over is in the recording, or it is told why not."""

import asyncio
from dataclasses import replace
from fractions import Fraction
from uuid import uuid4

import av
import pytest

from kernel.clock import SystemClock
from live.messages import MediaKind, Source
from live.packing import Packing
from live.tracks import PublishedTrack
from transcode import opus, writer
from transcode.access_unit import (
    AUDIO_TIMESCALE,
    VIDEO_TIMESCALE,
    AccessUnit,
    Codec,
    Rung,
    TrackKind,
)
from transcode.library import Library

RATE = 25


def track(source: Source = Source.CAMERA, codec: Codec = Codec.H264) -> PublishedTrack:
    kind = MediaKind.AUDIO if source is Source.MICROPHONE else MediaKind.VIDEO
    return PublishedTrack(uuid4(), uuid4(), source, kind, codec)


def pictures(seconds: float, *, starts: float = 0, codec: str = "libx264") -> list[AccessUnit]:
    """A small grey film with a key frame each second."""
    encoder = av.CodecContext.create(codec, "w")
    encoder.width, encoder.height, encoder.pix_fmt = 64, 64, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, RATE), Fraction(RATE)
    encoder.gop_size, encoder.max_b_frames = RATE, 0
    swift = {"preset": "ultrafast", "tune": "zerolatency"}
    encoder.options = (
        swift if codec == "libx264" else {"deadline": "realtime", "lag-in-frames": "0"}
    )
    units = []
    for n in range(int(seconds * RATE)):
        frame = av.VideoFrame(64, 64, "yuv420p")
        frame.pts, frame.time_base = n, Fraction(1, RATE)
        for packet in encoder.encode(frame):
            pts = int((starts + n / RATE) * VIDEO_TIMESCALE)
            units.append(AccessUnit(bytes(packet), pts, VIDEO_TIMESCALE, packet.is_keyframe))
    return units


def silence(seconds: float) -> list[AccessUnit]:
    step = opus.SILENCE_TICKS
    return [
        AccessUnit(opus.SILENCE, n * step, AUDIO_TIMESCALE, is_key=True)
        for n in range(int(seconds * AUDIO_TIMESCALE / step))
    ]


@pytest.fixture
def pack(tmp_path):
    """`packing, recording, keys, faults = pack()`."""

    def make():
        clock = SystemClock()
        epoch = clock.now()
        recording = Library(tmp_path / "media").open_recording(uuid4(), epoch)
        keys, faults = [], []
        made = Packing(
            recording,
            clock=clock,
            on_key_wanted=keys.append,
            on_fault=faults.append,
        )
        return made, recording, keys, faults

    return make


async def test_what_is_cast_is_recorded(pack):
    packing, recording, _, faults = pack()
    camera, voice, other = track(), track(Source.MICROPHONE, Codec.OPUS), track(Source.SCREEN)
    packing.cast({camera.id: TrackKind.CAMERA, voice.id: TrackKind.VOICE})
    for unit in pictures(2):
        packing.take(camera, unit)
        packing.take(other, unit)
    for unit in silence(2):
        packing.take(voice, unit)
    await packing.finish()
    assert not recording.track(TrackKind.CAMERA).is_empty
    assert not recording.track(TrackKind.VOICE).is_empty
    assert recording.track(TrackKind.SCREEN).is_empty
    assert recording.duration.total_seconds() == pytest.approx(2, abs=0.3)
    assert faults == []


async def test_smaller_layers_of_the_camera_become_rungs(pack):
    packing, recording, _, faults = pack()
    camera, other = track(), track()
    packing.cast({camera.id: TrackKind.CAMERA})
    for unit in pictures(6):
        packing.take(replace(camera, rung=Rung.LOW), unit)
        packing.take(camera, unit)
        packing.take(replace(other, rung=Rung.MID), unit)
        packing.key_ahead(replace(camera, rung=Rung.LOW), unit.pts + 1)
    packing.end(camera)
    await packing.finish()
    names = ("programme", "programme-low", "programme-mid")
    programme, low, mid = (recording.window(name) for name in names)
    starts = [segment.starts for segment in programme.segments]
    assert [segment.starts for segment in low.segments] == starts
    assert low.segments[1].stretch.file == "programme-low.mp4"
    assert low.is_listed
    assert not mid.is_listed
    assert faults == []


async def test_a_smaller_layer_in_vp8_is_left_out(pack):
    packing, recording, _, _ = pack()
    camera = track(codec=Codec.VP8)
    packing.cast({camera.id: TrackKind.CAMERA})
    (key, *_) = pictures(1, codec="libvpx")
    packing.take(camera, key)
    packing.take(replace(camera, rung=Rung.LOW), key)
    await packing.finish()
    assert not recording.window("programme-low").is_listed


async def test_another_camera_waits_for_its_key_frame(pack):
    packing, recording, keys, _ = pack()
    one, two = track(), track()
    packing.cast({one.id: TrackKind.CAMERA})
    for unit in pictures(1):
        packing.take(one, unit)
    packing.cast({one.id: TrackKind.CAMERA, two.id: TrackKind.CAMERA})
    late = [unit for unit in pictures(1, starts=1) if not unit.is_key]
    for unit in late:
        packing.take(two, unit)
    await packing.finish()
    await asyncio.sleep(0)
    assert TrackKind.CAMERA in keys
    assert recording.duration.total_seconds() == pytest.approx(1, abs=0.3)


async def test_two_microphones_become_one_voice(pack):
    packing, recording, _, faults = pack()
    one, two = (track(Source.MICROPHONE, Codec.OPUS) for _ in range(2))
    packing.cast({one.id: TrackKind.VOICE, two.id: TrackKind.VOICE})
    for unit in silence(1):
        packing.take(one, unit)
        packing.take(two, unit)
    packing.end(two)
    await packing.finish()
    assert recording.duration.total_seconds() == pytest.approx(1, abs=0.3)
    assert faults == []


async def test_pictures_in_vp8_are_recorded_too(pack):
    packing, recording, _, faults = pack()
    camera = track(codec=Codec.VP8)
    packing.cast({camera.id: TrackKind.CAMERA})
    for unit in pictures(2, codec="libvpx"):
        packing.take(camera, unit)
        await asyncio.sleep(1 / RATE)  # as they come: the child drops what comes faster
    packing.end(camera)
    await packing.finish()
    assert recording.track(TrackKind.CAMERA).segments
    assert faults == []


async def test_what_the_disk_does_not_keep_up_with_is_told(pack, monkeypatch):
    monkeypatch.setattr(writer, "_CAPACITY", 2)
    packing, _, _, faults = pack()
    camera = track()
    packing.cast({camera.id: TrackKind.CAMERA})
    for unit in pictures(1) * 20:
        packing.take(camera, unit)
    await packing.finish()
    (sentence,) = faults
    assert "keep up" in sentence


async def test_nonsense_from_strangers_is_not_the_end(pack):
    packing, recording, _, _ = pack()
    camera, voice = track(), track(Source.MICROPHONE, Codec.OPUS)
    packing.cast({camera.id: TrackKind.CAMERA, voice.id: TrackKind.VOICE})
    packing.take(camera, AccessUnit(b"\x00\x00\x01", 0, VIDEO_TIMESCALE, is_key=True))
    packing.take(voice, AccessUnit(b"", 0, AUDIO_TIMESCALE, is_key=True))
    for unit in pictures(1):
        packing.take(camera, unit)
    await packing.finish()
    assert not recording.track(TrackKind.CAMERA).is_empty
