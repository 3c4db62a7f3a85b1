from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.errors import DarisError, Invalid
from live.endpoint import Endpoint
from live.plan import answer_sections, make_plan
from live.sdp import read_offer
from live.sdp_answer import Answered, Outgoing, Transport, write_answer

OFFERS = Path(__file__).parent / "offers"
CHROMIUM = (OFFERS / "chromium.sdp").read_text()
FFMPEG = (OFFERS / "ffmpeg.sdp").read_text()
OURS = Transport(
    "ours",
    "secret",
    "sha-256 AA:BB",
    "passive",
    (Endpoint("192.0.2.1", 8081), Endpoint("2001:db8::1", 40000)),
)


def answer(offer, **outgoing):
    plan = make_plan(offer, {}, {}, {})
    return write_answer(offer, answer_sections(offer, plan, outgoing), OURS, session=1, version=2)


def test_chromiums_offer_is_read():
    offer = read_offer(CHROMIUM)
    assert [section.kind for section in offer.sections] == [
        "audio",
        "video",
        "video",
        "application",
    ]
    assert [section.direction for section in offer.sections[:3]] == [
        "sendonly",
        "sendonly",
        "recvonly",
    ]
    assert offer.bundle == ("0", "1", "2", "3")
    assert offer.setup == "actpass"
    opus = offer.sections[0].formats[0]
    assert (opus.name, opus.rate, opus.channels) == ("opus", 48_000, 2)
    assert opus.parameters == {"minptime": "10", "useinbandfec": "1"}
    assert len(offer.sections[1].repairs) == 1


def test_ffmpegs_offer_is_read():
    offer = read_offer(FFMPEG)
    assert offer.setup == "passive"
    assert offer.sections[1].ssrcs == (3_107_896_486,)


def test_an_answer_is_ice_lite_and_names_every_address_of_ours():
    lines = answer(read_offer(CHROMIUM)).split("\r\n")
    assert "a=ice-lite" in lines
    assert "a=group:BUNDLE 0 1 2" in lines
    assert "m=application 0 UDP/DTLS/SCTP webrtc-datachannel" in lines
    assert [line.split()[4:6] for line in lines if line.startswith("a=candidate")][:2] == [
        ["192.0.2.1", "8081"],
        ["2001:db8::1", "40000"],
    ]
    assert lines.count("a=end-of-candidates") == 3
    assert lines.count("a=setup:passive") == 3


def test_what_nobody_asked_for_is_inactive():
    assert answer(read_offer(CHROMIUM)).count("a=inactive") == 4


def test_a_stopped_section_stays_stopped():
    offer = read_offer(CHROMIUM.replace("m=audio 9", "m=audio 0"))
    assert offer.sections[0].is_stopped
    assert "a=group:BUNDLE 1 2\r\n" in answer(offer)


def test_a_section_outside_the_bundle_is_rejected():
    offer = read_offer(CHROMIUM.replace("BUNDLE 0 1 2 3", "BUNDLE 0 1"))
    assert answer(offer).count("\r\nm=video 0 ") == 1


def test_what_is_sent_names_its_main_stream_first():
    offer = read_offer(CHROMIUM)
    stream = Outgoing(10, 11, "cname", "seat", "track")
    answered = [Answered(section) for section in offer.sections]
    answered[2] = Answered(offer.sections[2], "sendonly", outgoing=stream)
    lines = write_answer(offer, answered, OURS, session=1, version=1).split("\r\n")
    ssrcs = [line for line in lines if line.startswith("a=ssrc")]
    assert ssrcs == ["a=ssrc-group:FID 10 11", "a=ssrc:10 cname:cname", "a=ssrc:11 cname:cname"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "v=0"),
        ("v=0\r\n", "between 1"),
        (CHROMIUM.replace("a=ice-ufrag:", "a=x:"), "ice-ufrag"),
        (CHROMIUM.replace("a=ice-pwd:", "a=x:"), "ice-pwd"),
        (CHROMIUM.replace("a=fingerprint:", "a=x:"), "fingerprint"),
        (CHROMIUM.replace("a=setup:actpass", "a=setup:holdconn"), "setup"),
        (CHROMIUM.replace("a=mid:1", "a=mid:0"), "same mid"),
        (CHROMIUM.replace("a=mid:1", "a=mid:\u0431"), "mid"),
        (CHROMIUM.replace("9 UDP/DTLS/SCTP webrtc-datachannel", "9"), "m-line"),
    ],
)
def test_a_malformed_offer_is_refused_with_a_sentence(text, says):
    with pytest.raises(Invalid, match=says):
        read_offer(text)


LINES = CHROMIUM.splitlines()


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # on a busy machine
@given(st.data())
def test_a_damaged_offer_is_answered_or_invalid(data):
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(lines) - 1))
        change = data.draw(st.sampled_from(["drop", "double", "cut", "swap", "insert"]))
        if change == "drop" and len(lines) > 1:
            del lines[at]
        elif change == "double":
            lines.insert(at, lines[at])
        elif change == "cut":
            lines[at] = lines[at][: data.draw(st.integers(0, len(lines[at])))]
        elif change == "swap":
            lines[at] = data.draw(st.sampled_from(LINES))
        else:
            lines[at] += data.draw(st.text(max_size=20))
    _try("\r\n".join(lines))


@given(st.text(max_size=300))
def test_any_text_is_answered_or_invalid(text):
    _try(text)
    _try("v=0\nm=" + text)


def _try(text):
    try:
        written = answer(read_offer(text))
    except DarisError:
        return
    assert "\n" not in written.replace("\r\n", "")
