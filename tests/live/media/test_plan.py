from pathlib import Path
from uuid import uuid4

import pytest

from kernel.errors import Invalid, Refused
from live.messages import Source
from live.plan import Wanted, answer_sections, make_plan
from live.sdp import read_offer
from live.sdp_answer import Outgoing
from transcode.access_unit import Codec

CHROMIUM = (Path(__file__).parent / "offers/chromium.sdp").read_text()
FFMPEG = (Path(__file__).parent / "offers/ffmpeg.sdp").read_text()
H264_TRACK = Wanted(Codec.H264, "42e01f", "video")


def only(*names):
    """Chromium's offer with these codecs alone (and what repairs them)."""
    lines = CHROMIUM.splitlines()
    return "\r\n".join(
        line
        for line in lines
        if not line.startswith("a=rtpmap") or any(name in line for name in names)
    )


def published(text, mid, source):
    return make_plan(read_offer(text), {mid: source}, {}, {}).published[mid][2]


def test_constrained_baseline_is_preferred():
    chosen = published(CHROMIUM, "1", Source.CAMERA)
    assert chosen.codec is Codec.H264
    assert chosen.profile.startswith("42e0")
    assert chosen.repair.repairs == chosen.format.payload_type
    assert "transport-cc" in chosen.format.feedback
    assert "goog-remb" not in chosen.format.feedback


def test_vp8_is_taken_where_h264_is_not_offered():
    assert published(only("opus", "VP8", "rtx"), "1", Source.CAMERA).codec is Codec.VP8


def test_any_baseline_of_an_encoder_is_taken():
    chosen = published(FFMPEG, "1", Source.SCREEN)
    assert chosen.profile == "42c01f"
    assert chosen.repair is None


def test_a_main_or_high_encoder_is_taken_when_it_has_nothing_else():
    chosen = published(FFMPEG.replace("42c01f", "640028"), "1", Source.SCREEN)
    assert chosen.profile == "640028"


@pytest.mark.parametrize(
    ("text", "mid", "source", "says"),
    [
        (only("opus", "VP9"), "1", Source.CAMERA, "H.264"),
        (only("PCMU", "VP8"), "0", Source.MICROPHONE, "Opus"),
        (
            FFMPEG.replace("packetization-mode=1", "packetization-mode=0"),
            "1",
            Source.SCREEN,
            "H264",
        ),
        (CHROMIUM, "0", Source.CAMERA, "audio"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_what_to_change(text, mid, source, says):
    with pytest.raises(Refused, match=says):
        published(text, mid, source)


def test_a_mid_that_is_not_offered_is_invalid():
    with pytest.raises(Invalid, match="9"):
        make_plan(read_offer(CHROMIUM), {}, {"9": uuid4()}, {})


def test_one_source_is_sent_once():
    with pytest.raises(Invalid, match="One source"):
        make_plan(read_offer(CHROMIUM), {"1": Source.CAMERA, "2": Source.CAMERA}, {}, {})


def test_a_track_is_received_in_the_offers_own_numbers():
    track = uuid4()
    plan = make_plan(read_offer(CHROMIUM), {}, {"2": track}, {track: H264_TRACK})
    chosen = plan.received["2"][2]
    assert chosen.profile == "42e01f"
    assert chosen.format.feedback == ("goog-remb", "ccm fir", "nack", "nack pli")


def test_the_rest_of_an_answer_stands_when_a_codec_cannot_be_taken():
    video, sound = uuid4(), uuid4()
    tracks = {video: H264_TRACK, sound: Wanted(Codec.OPUS, "", "audio")}
    text = only("opus", "VP8").replace("a=sendonly", "a=recvonly")
    offer = read_offer(text)
    plan = make_plan(offer, {}, {"2": video, "0": sound}, tracks)
    outgoing = {"0": Outgoing(1, None, "c", "s", "t")}
    directions = [answered.direction for answered in answer_sections(offer, plan, outgoing)]
    assert directions == ["sendonly", "inactive", "inactive", "inactive"]


def test_a_track_that_is_gone_is_not_received():
    assert make_plan(read_offer(CHROMIUM), {}, {"2": uuid4()}, {}).received == {}
