from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcode import opus
from transcode.opus import MalformedOpus


@pytest.mark.parametrize(
    ("packet", "ticks"),
    [
        (opus.SILENCE, 960),
        (bytes([0 << 3]), 480),
        (bytes([3 << 3]), 2880),
        (bytes([13 << 3]), 960),
        (bytes([16 << 3 | 1]), 240),
        (bytes([31 << 3 | 3, 3]), 2880),
    ],
)
def test_the_first_bytes_tell_how_long_a_packet_lasts(packet, ticks):
    assert opus.ticks(packet) == ticks


@pytest.mark.parametrize("packet", [b"", b"\xfb", b"\xfb\x00", bytes([3 << 3 | 3, 48])])
def test_what_is_no_packet_is_refused(packet):
    with pytest.raises(MalformedOpus):
        opus.ticks(packet)


@given(st.binary(max_size=20))
def test_any_bytes_are_a_packet_or_refused(packet):
    with suppress(MalformedOpus):
        assert 0 < opus.ticks(packet) <= 5760
