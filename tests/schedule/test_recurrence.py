"""Repetitions, held against those of dateutil and of recurring_ical_events, which are not ours."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events
from dateutil.rrule import WEEKLY, rrule, rruleset
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schedule.academic import first_day, week_of
from schedule.ical_reading import read_calendar
from schedule.series import Weeks, expand
from tests.schedule.test_series import drawn

ALMATY = ZoneInfo("Asia/Almaty")
ZONES = ["Asia/Almaty", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]
WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
NO_TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))


@settings(deadline=None)
@given(drawn())
def test_the_classes_of_a_series_are_those_of_dateutil(case):
    period, pattern, free = case
    is_all = pattern.weeks is Weeks.ALL
    first = pattern.first_week
    first += not is_all and (first % 2 == 1) != (pattern.weeks is Weeks.ODD)
    wall = datetime.combine(first_day(period, first), pattern.begins)
    rules = rruleset()
    rules.rrule(
        rrule(
            WEEKLY,
            dtstart=wall,
            interval=1 if is_all else 2,
            byweekday=pattern.weekday - 1,
            wkst=0,
            until=datetime.combine(first_day(period, pattern.last_week), time.max)
            + timedelta(days=6),
        )
    )
    for day in free:
        rules.exdate(datetime.combine(day, pattern.begins))
    theirs = [at for at in rules if week_of(period, at.date()) is not None]
    assert [slot.starts_at for slot in expand(pattern, period, free)] == [
        at.replace(tzinfo=pattern.zone).astimezone(UTC) for at in theirs
    ]


@st.composite
def rules(draw):
    """A VEVENT that repeats: its zone, its first wall clock, its rule, its days off."""
    zone = draw(st.sampled_from(ZONES))
    day = draw(st.dates(date(2023, 9, 1), date(2024, 9, 1)))
    begins = datetime.combine(day, draw(NO_TIMES.filter(lambda at: at.hour not in {0, 1, 2, 3})))
    others = draw(st.sets(st.sampled_from(WEEKDAYS)))
    by_day = sorted(others | {WEEKDAYS[day.weekday()]}, key=WEEKDAYS.index)
    rule = f"FREQ=WEEKLY;WKST=MO;INTERVAL={draw(st.integers(1, 3))};BYDAY={','.join(by_day)}"
    if draw(st.booleans()):
        rule += f";COUNT={draw(st.integers(1, 40))}"
    else:
        until = begins + timedelta(days=draw(st.integers(0, 200)))
        rule += f";UNTIL={until.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC):%Y%m%dT%H%M%SZ}"
    off = {begins + timedelta(days=n) for n in draw(st.sets(st.integers(0, 100), max_size=5))}
    return zone, begins, rule, off


@settings(deadline=None, max_examples=60)
@given(rules())
@example(
    (
        "Asia/Almaty",
        datetime.combine(date(2024, 2, 20), time(10)),
        "FREQ=WEEKLY;WKST=MO;INTERVAL=1;BYDAY=TU;COUNT=4",
        set(),
    )
)
def test_what_a_calendar_repeats_is_read_as_another_reader_does(case):
    zone, begins, rule, off = case
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Test//EN", "BEGIN:VEVENT", "UID:one",
        "DTSTAMP:20230101T000000Z", "SUMMARY:Optics",
        f"DTSTART;TZID={zone}:{begins:%Y%m%dT%H%M%S}", "DURATION:PT50M", f"RRULE:{rule}",
        *(f"EXDATE;TZID={zone}:{at:%Y%m%dT%H%M%S}" for at in sorted(off)),
        "END:VEVENT", "END:VCALENDAR", "",
    ]  # fmt: skip
    text = "\r\n".join(lines)
    rows, findings = read_calendar(text.encode(), ALMATY, lecturer="aigerim")
    assert findings.found == []
    theirs = recurring_ical_events.of(icalendar.Calendar.from_ical(text)).between(
        (2023, 1, 1), (2028, 1, 1)
    )
    assert [row.starts_at for row in rows] == sorted(
        one["DTSTART"].dt.astimezone(UTC) for one in theirs
    )
    assert {row.ends_at - row.starts_at for row in rows} <= {timedelta(minutes=50)}


def test_a_calendar_keeps_almatys_wall_clock_over_its_change_of_2024():
    text = (
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:one\r\nSUMMARY:Optics\r\n"
        "DTSTART;TZID=Asia/Almaty:20240227T100000\r\nDURATION:PT50M\r\n"
        "RRULE:FREQ=WEEKLY;COUNT=2\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    rows, _ = read_calendar(text.encode(), ALMATY, lecturer="aigerim")
    assert [f"{row.starts_at:%d %H:%M}" for row in rows] == ["27 04:00", "05 05:00"]
