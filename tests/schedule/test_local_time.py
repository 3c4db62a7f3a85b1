from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from schedule.exchange import Parcel, read_schedule
from schedule.local_time import unusual_days
from schedule.rundown import Window

BERLIN = ZoneInfo("Europe/Berlin")


def read(starts_at: str, zone: ZoneInfo | None = BERLIN):
    programme = {
        "key": "a",
        "starts_at": starts_at,
        "duration": 60,
        "source": {"slate": True},
        "title": {"en": "A"},
    }
    body = msgspec.json.encode({"programmes": [programme]})
    return read_schedule(Parcel(body, "application/json", zone=zone))


@pytest.mark.parametrize(
    ("local", "found"),
    [
        ("2026-03-29T01:59:59", "2026-03-29T00:59:59Z"),
        ("2026-03-29T02:30:00", "impossible_time"),
        ("2026-03-29T03:00:00", "2026-03-29T01:00:00Z"),
        ("2026-10-25T02:30:00", "ambiguous_time"),
        ("2026-10-25T02:30:00+01:00", "2026-10-25T01:30:00Z"),
        ("2026-10-25T03:00:00", "2026-10-25T02:00:00Z"),
    ],
)
def test_a_local_time_means_one_moment_or_is_refused(local, found):
    programmes, findings = read(local)
    told = [p.starts_at.isoformat().replace("+00:00", "Z") for p in programmes]
    assert told + [finding.code for finding in findings] == [found]


def test_without_a_zone_a_local_time_is_refused():
    assert [finding.code for finding in read("2026-03-29T01:00:00", None)[1]] == ["no_offset"]


def test_days_of_23_and_25_hours_are_told():
    def told(since: str, days: int) -> list[str]:
        begins = datetime.fromisoformat(since).replace(tzinfo=UTC)
        window = Window(begins, begins + timedelta(days=days))
        return [finding.message for finding in unusual_days(window, BERLIN)]

    assert told("2026-03-25", 7) == ["2026-03-29 has 23 hours in Europe/Berlin."]
    assert told("2026-10-20", 7) == ["2026-10-25 has 25 hours in Europe/Berlin."]
    assert told("2026-06-01", 31) == []
