import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid
from live.endpoint import Endpoint
from live.sdp_answer import Transport
from live.sdp_fragment import Fragment, read_fragment, write_fragment

OURS = Transport(
    "ours", "our password", "", "", (Endpoint("192.0.2.1", 8081), Endpoint("192.0.2.1", 8081, True))
)
PASSWORD = "x" * 22
IN_SECTION = f"""a=group:BUNDLE 0 1
m=audio 9 RTP/AVP 0
a=mid:0
a=ice-ufrag:EsAw
a=ice-pwd:{PASSWORD}
a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host
a=end-of-candidates
"""
BEFORE_SECTION = f"""a=ice-ufrag:EsAw
a=ice-pwd:{PASSWORD}
m=audio 9 RTP/AVP 0
a=mid:0
"""


def test_credentials_may_stand_in_the_section_or_before_it():
    assert read_fragment(IN_SECTION) == Fragment(
        "EsAw", PASSWORD, "audio 9 RTP/AVP 0", "0", "BUNDLE 0 1"
    )
    assert read_fragment(BEFORE_SECTION.replace("\n", "\r\n")) == Fragment(
        "EsAw", PASSWORD, "audio 9 RTP/AVP 0", "0"
    )


@pytest.mark.parametrize("name", ["a=ice-ufrag", "a=ice-pwd", "m=", "a=mid"])
def test_what_is_missing_is_named(name):
    text = "\n".join(line for line in IN_SECTION.splitlines() if not line.startswith(name))
    with pytest.raises(Invalid, match=name.removeprefix("a=").rstrip("=")):
        read_fragment(text)


def test_our_half_names_the_bundle_and_our_candidates():
    assert write_fragment(read_fragment(IN_SECTION), OURS).splitlines() == [
        "a=ice-lite",
        "a=group:BUNDLE 0 1",
        "m=audio 9 RTP/AVP 0",
        "a=mid:0",
        "a=ice-ufrag:ours",
        "a=ice-pwd:our password",
        "a=candidate:1 1 udp 2130706431 192.0.2.1 8081 typ host",
        "a=candidate:2 1 tcp 1520434943 192.0.2.1 8081 typ host tcptype passive",
        "a=end-of-candidates",
    ]


@given(st.text())
def test_garbage_is_invalid(text):
    with pytest.raises(Invalid):
        read_fragment(text)
