"""What WHIP and WHEP see in an offer."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid, Refused
from live.messages import MediaKind, Source
from live.sections import received_by, sent_by

HEAD = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
    "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=setup:actpass\r\n"
    f"a=fingerprint:sha-256 {':'.join(['AB'] * 32)}\r\n"
)


def offer(*kinds: str, direction: str = "sendonly") -> str:
    parts = [
        f"m={kind} 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:{mid}\r\na={direction}\r\na=rtcp-mux\r\n"
        for mid, kind in enumerate(kinds)
    ]
    return HEAD + "".join(parts)


def test_an_encoder_sends_a_microphone_and_a_camera():
    assert sent_by(offer("audio", "video")) == {"0": Source.MICROPHONE, "1": Source.CAMERA}


def test_a_second_picture_is_the_other_one():
    pictures = sent_by(offer("video", "video", "video"), video=Source.SCREEN)
    assert pictures == {"0": Source.SCREEN, "1": Source.CAMERA}


def test_a_player_receives_what_it_wants():
    wanted = received_by(offer("video", "audio", direction="recvonly"))
    assert wanted == {"0": MediaKind.VIDEO, "1": MediaKind.AUDIO}


def test_who_sends_nothing_is_no_encoder():
    with pytest.raises(Invalid):
        sent_by(offer("audio", direction="recvonly"))


@given(st.text() | st.text().map(lambda text: f"{HEAD}m=audio 9 {text}"))
def test_strangers_texts_are_judged(text):
    for read in (sent_by, received_by):
        with suppress(Invalid, Refused):
            read(text)
