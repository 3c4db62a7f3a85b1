"""Times as people read them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kernel.times import in_words, iso, offset

AT = datetime(2026, 11, 24, 5, 30, tzinfo=UTC)
ALMATY = ZoneInfo("Asia/Almaty")


@pytest.mark.parametrize(
    ("form", "locale", "text"),
    [
        ("time", "en", "10:30"),
        ("day", "kk", "24 қараша, сейсенбі"),
        ("day", "ru", "вторник, 24 ноября"),
        ("date", "kk", "2026 ж. 24 қараша"),
        ("date", "en", "24 November 2026"),
        ("moment", "ru", "24 нояб., 10:30"),
        ("full", "en", "Tuesday, 24 November 2026, 10:30"),
    ],
)
def test_each_language_has_its_own_order(form, locale, text):
    assert in_words(AT, form, zone=ALMATY, locale=locale) == text


def test_machines_read_utc():
    assert iso(AT.astimezone(ALMATY)) == "2026-11-24T05:30:00.000Z"


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("Asia/Almaty", "UTC+5"),
        ("Asia/Kolkata", "UTC+5:30"),
        ("America/New_York", "UTC−5"),
        ("UTC", "UTC"),
    ],
)
def test_the_offset_is_short(zone, text):
    assert offset(AT, ZoneInfo(zone)) == text


def test_the_offset_follows_the_season():
    summer = AT - timedelta(days=150)
    assert offset(summer, ZoneInfo("Europe/Berlin")) == "UTC+2"
