from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from schedule.local_day import bounds_of, day_asked

BERLIN, ALMATY = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Almaty")
NOON = datetime(2026, 9, 7, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        (date(2026, 3, 29), BERLIN, 23),
        (date(2026, 10, 25), BERLIN, 25),
        (date(2026, 10, 25), ALMATY, 24),
    ],
)
def test_a_day_is_as_long_as_its_clocks_make_it(day, zone, hours):
    since, until = (moment.astimezone(UTC) for moment in bounds_of(day, zone))
    assert (until - since).total_seconds() == hours * 3600


@pytest.mark.parametrize("asked", ["", "x", "2026-02-30", "9999-01-01"])
def test_what_is_no_day_is_today(asked):
    assert day_asked(asked, NOON, ALMATY) == date(2026, 9, 8)
