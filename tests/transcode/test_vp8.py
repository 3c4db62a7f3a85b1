import os
from datetime import UTC, datetime
from fractions import Fraction
from uuid import uuid4

import av
import pytest

from bench import clips
from transcode.access_unit import AccessUnit, Codec, TrackKind
from transcode.h264 import parameter_sets, parse_sps, split
from transcode.library import Library
from transcode.vp8 import Vp8Rescue
from transcode.writer import RecordingWriter


def vp8(seconds: float, size=(320, 180)) -> list[AccessUnit]:
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height = size
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = Fraction(1, 25)
    encoder.options = {"deadline": "realtime", "lag-in-frames": "0", "cpu-used": "8"}
    packets = [
        packet
        for n in range(round(seconds * 25))
        for packet in encoder.encode(clips.frame(n, size, 0))
    ]
    return [
        AccessUnit(bytes(packet), 3600 * n, 90000, is_key=packet.is_keyframe)
        for n, packet in enumerate([*packets, *encoder.encode(None)])
    ]


@pytest.fixture
def delivered():
    return []


@pytest.fixture
def rescue(delivered):
    opened = Vp8Rescue(delivered.append)
    yield opened
    opened.close()


def test_every_frame_comes_out_as_h264_with_its_time(rescue, delivered):
    units = vp8(0.8)
    for unit in units:
        rescue.push(unit)
    rescue.close()
    assert [unit.pts for unit in delivered] == [unit.pts for unit in units]
    sps = parse_sps(parameter_sets(split(delivered[0].data)).sps[0])
    assert (sps.width, sps.height) == (320, 180)
    assert delivered[0].is_key


def test_odd_sizes_are_made_even(rescue, delivered):
    for unit in vp8(0.2, (161, 91)):
        rescue.push(unit)
    rescue.close()
    sps = parse_sps(parameter_sets(split(delivered[0].data)).sps[0])
    assert (sps.width, sps.height) == (160, 90)


def test_nothing_is_taken_before_a_key_frame(rescue, delivered):
    rescue.push(vp8(0.2)[1])
    assert rescue.dropped == 1
    assert rescue.wants_key
    rescue.close()
    assert delivered == []


def test_garbage_asks_for_a_key_frame(rescue, delivered):
    rescue.push(AccessUnit(os.urandom(500), 0, 90000, is_key=True))
    rescue.close()
    assert delivered == []
    assert rescue.wants_key


async def test_a_lecture_in_vp8_is_recorded_as_h264(tmp_path):
    epoch = datetime.now(UTC)
    writer = RecordingWriter(Library(tmp_path).open_recording(uuid4(), epoch), lambda: epoch)
    for unit in vp8(0.8):
        writer.push(TrackKind.CAMERA, unit, codec=Codec.VP8)
    await writer.finish()
    camera = writer.recording.track(TrackKind.CAMERA)
    assert sum(segment.frames for segment in camera.segments) == 20
