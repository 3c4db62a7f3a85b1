from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schedule.ical import calendar
from schedule.lifecycle import LectureState


def lines_of(*lectures) -> list[str]:
    text = calendar(lectures, address="https://daris.example", host="daris.example")
    assert text.endswith("\r\n")
    return text.replace("\r\n ", "").split("\r\n")[:-1]


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
@given(text=st.text(max_size=300))
def test_any_text_stays_one_property_in_lines_of_75_octets(draw_lecture, text):
    lecture = draw_lecture(title="x", summary="." + text)
    raw = calendar([lecture], address="https://daris.example", host="daris.example")
    assert all(len(line.encode()) <= 75 for line in raw.split("\r\n"))
    names = [line.split(":")[0] for line in lines_of(lecture)]
    assert names.count("DESCRIPTION") == 1
    assert len(names) == 16
