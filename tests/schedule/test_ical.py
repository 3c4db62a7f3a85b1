from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schedule.ical import Event, Pages, calendar, of_lectures, text
from schedule.lifecycle import LectureState

SINCE = datetime(2023, 1, 1, tzinfo=UTC)
PAGES = Pages("https://daris.example", "daris.example")


def lines_of(*lectures) -> list[str]:
    said = text(of_lectures(lectures, PAGES), name=None, zone=None)
    assert said.endswith("\r\n")
    return said.replace("\r\n ", "").split("\r\n")[:-1]


def test_a_lecture_is_an_event_in_utc(draw_lecture):
    lecture = draw_lecture(title="Сызықтық алгебра; I, II", takes=timedelta(minutes=50))
    assert lines_of(lecture) == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Daris//Timetable//EN",
        "BEGIN:VEVENT",
        f"UID:{lecture.id}@daris.example",
        "SEQUENCE:0",
        "DTSTAMP:20260907T040000Z",
        "DTSTART:20260907T040000Z",
        "DTEND:20260907T045000Z",
        "SUMMARY:Сызықтық алгебра\\; I\\, II",
        "CONTACT:Aigerim Sadykova",
        f"URL:https://daris.example/lectures/{lecture.id}",
        "STATUS:CONFIRMED",
        "END:VEVENT",
        "END:VCALENDAR",
    ]


def test_a_cancelled_lecture_stays_with_a_higher_sequence(draw_lecture):
    lines = lines_of(draw_lecture(state=LectureState.CANCELLED, revision=3))
    assert "STATUS:CANCELLED" in lines
    assert "SEQUENCE:2" in lines


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.text(max_size=300))
def test_any_text_stays_one_property_in_lines_of_75_octets(draw_lecture, said):
    lecture = draw_lecture(title="x", summary="." + said)
    raw = calendar(lecture, PAGES)
    assert all(len(line.encode()) <= 75 for line in raw.split("\r\n"))
    names = [line.split(":")[0] for line in lines_of(lecture)]
    assert names.count("DESCRIPTION") == 1
    assert len(names) == 16


ZONES = [
    "Asia/Almaty",
    "Europe/Berlin",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
]
moments = st.integers(0, 4 * 366 * 24 * 60).map(lambda m: SINCE + timedelta(minutes=m))


@settings(deadline=None)
@given(st.lists(moments, min_size=1, max_size=5), st.sampled_from(ZONES))
def test_a_calendar_program_that_knows_no_zones_finds_every_moment(starts, key):
    """`icalendar` reads the times by the VTIMEZONE that comes along."""
    events = [draw_event(moment) for moment in starts]
    zoneless = text(events, name="A term", zone=ZoneInfo(key)).replace(key, "Our/Own")
    read = icalendar.Calendar.from_ical(zoneless)
    (zone,) = read.walk("VTIMEZONE")
    own = zone.to_tz(lookup_tzid=False)
    for event, moment in zip(read.walk("VEVENT"), starts, strict=True):
        is_utc = event["DTSTART"].to_ical().endswith(b"Z")
        told = event["DTSTART"].dt
        assert (told if is_utc else told.replace(tzinfo=own)).astimezone(UTC) == moment


def test_almatys_change_of_2024_comes_along():
    """UTC+6 until the end of February 2024, UTC+5 since."""
    events = [
        draw_event(datetime(2024, 2, 20, 4, tzinfo=UTC)),
        draw_event(datetime(2024, 3, 5, 4, tzinfo=UTC)),
    ]
    said = text(events, name="A term", zone=ZoneInfo("Asia/Almaty"))
    assert "DTSTART;TZID=Asia/Almaty:20240220T100000" in said
    assert "DTSTART;TZID=Asia/Almaty:20240305T090000" in said
    assert "DTSTART:20240301T000000\r\nTZOFFSETFROM:+0600\r\nTZOFFSETTO:+0500" in said
    found = recurring_ical_events.of(icalendar.Calendar.from_ical(said)).between(
        (2024, 2, 1), (2024, 4, 1)
    )
    assert [event["DTSTART"].dt.astimezone(UTC) for event in found] == [
        one.starts_at for one in events
    ]


def draw_event(starts_at: datetime) -> Event:
    return Event(
        uid=f"{starts_at:%s}@daris.example",
        sequence=0,
        changed_at=starts_at,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=50),
        summary="Optics",
        url="https://daris.example",
    )
