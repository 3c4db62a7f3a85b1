"""Minutes to catch up on: the gaps of who was there."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from footprint.attendance import Presence, Span
from footprint.missed import missed
from footprint.policy import Channel

NINE = datetime(2026, 9, 7, 4, tzinfo=UTC)
PERSON = UUID(int=1)


def span(begin: float, end: float) -> Span:
    """In minutes since nine."""
    return Span(NINE + timedelta(minutes=begin), NINE + timedelta(minutes=end))


def there(begin: float, end: float, channel: Channel = Channel.WEBRTC) -> Presence:
    return Presence(PERSON, channel, span(begin, end))


WINDOW = span(0, 50)


def test_what_lies_between_ones_stays_was_missed():
    stays = [there(20, 35), there(-5, 12), there(30, 50.5)]
    assert missed(stays, WINDOW) == [span(12, 20)]


def test_coming_late_and_leaving_early_is_missing_too():
    assert missed([there(7, 40)], WINDOW) == [span(0, 7), span(40, 50)]


def test_two_devices_and_two_channels_are_one_presence():
    assert missed([there(0, 30), there(25, 50, Channel.HLS)], WINDOW) == []


def test_a_dropped_connection_is_nothing_to_catch_up_on():
    assert missed([there(0, 20), there(20.5, 50)], WINDOW) == []


def test_who_was_not_there_is_told_nothing():
    assert missed([], WINDOW) == []
    assert missed([there(60, 90)], WINDOW) == []
    assert missed([there(0, 50, Channel.RECORDING)], WINDOW) == []
