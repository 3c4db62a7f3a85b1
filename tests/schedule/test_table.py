from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid
from schedule.drafts import MOST_PROGRAMMES
from schedule.exchange import Parcel, read_schedule
from schedule.overrun import Live, Overrun
from schedule.rundown import Source

HEADING = ("key", "starts_at", "duration", "source", "title_kk")
ROW = ("a", "2026-09-07T09:00:00+05:00", "2700", "file:film.mp4", "Таңғы дәріс")


def table(*rows, separator=",") -> bytes:
    return "\r\n".join(separator.join(row) for row in rows).encode()


def read(body: bytes, charset: str | None = None):
    return read_schedule(Parcel(body, "text/csv", charset, "one", "kk"))


def codes(*rows) -> list[tuple[str, int | None]]:
    _, findings = read(table(*rows))
    return [(finding.code, finding.row) for finding in findings]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_table_is_read_whatever_separates_its_cells(separator, mark):
    (programme,), findings = read(mark + table(HEADING, ROW, separator=separator))
    assert findings == []
    assert programme.starts_at == datetime(2026, 9, 7, 4, tzinfo=UTC)
    assert programme.duration == timedelta(minutes=45)
    assert programme.source == Source(file="film.mp4")
    assert programme.titles == {"kk": "Таңғы дәріс"}


def test_a_table_in_windows_1251_says_so():
    body = "key;starts_at;duration;source;title_ru\na;2026-09-07T04:00:00Z;60;slate;Лекция"
    (programme,), _ = read(body.encode("windows-1251"), "Windows-1251")
    assert programme.title("ru") == "Лекция"
    with pytest.raises(Invalid, match="windows-1251"):
        read(body.encode("windows-1251"))


@pytest.mark.parametrize(("text", "minutes"), [("0:45:00", 45), ("PT45M", 45), ("90.0", 1.5)])
def test_a_duration_is_seconds_iso_or_clock(text, minutes):
    (programme,), _ = read(table(HEADING, (*ROW[:2], text, *ROW[3:])))
    assert programme.duration == timedelta(minutes=minutes)


def test_quoted_cells_hold_separators_and_lines():
    heading = (*HEADING, "description_en")
    row = (*ROW[:4], '"Дәріс, ""бірінші"""', '"one\ntwo"')
    (programme, after), findings = read(table(heading, row, ("b", *ROW[1:])))
    assert findings == []
    assert programme.title("kk") == 'Дәріс, "бірінші"'
    assert programme.descriptions == {"en": "one\ntwo"}
    assert (programme.row, after.row) == (2, 4)


def test_a_title_without_a_language_is_in_the_channels_first():
    (programme,), _ = read(table((*HEADING[:4], "Title"), ROW))
    assert programme.titles == {"kk": "Таңғы дәріс"}


@pytest.mark.parametrize(
    ("place", "cell", "code"),
    [
        (0, "", "unreadable"),
        (1, "tomorrow", "bad_time"),
        (1, "2026-09-07 09:00:00", "no_offset"),
        (1, "", "unreadable"),
        (2, "", "bad_duration"),
        (2, "-5", "bad_duration"),
        (2, "99:00:00", "bad_duration"),
        (3, "", "bad_source"),
        (3, "film.mp4", "bad_source"),
        (3, "slate:x", "bad_source"),
        (3, "recording:x", "unreadable"),
        (4, "", "no_title"),
    ],
)
def test_a_broken_row_is_told_by_its_number(place, cell, code):
    broken = [*ROW[:place], cell, *ROW[place + 1 :]]
    assert codes(HEADING, ROW, (), broken) == [(code, 4)]


def test_a_row_with_more_cells_than_the_heading_is_told():
    assert codes(HEADING, (*ROW, "more")) == [("too_many_cells", 2)]


def test_a_quote_that_never_ends_is_told():
    assert codes(HEADING, ROW, ('"b', *ROW[1:]))[0][0] == "unreadable"


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        (HEADING[1:], ["missing_column"]),
        (HEADING[:4], ["missing_column"]),
        ((*HEADING, "genre"), ["unknown_column"]),
        ((*HEADING, "key"), ["duplicate_column"]),
    ],
)
def test_a_heading_that_lacks_or_invents_columns_is_told(heading, expected):
    assert [code for code, _ in codes(heading, ROW)] == expected


def test_a_table_has_a_limit():
    with pytest.raises(Invalid, match="at most"):
        read(table(HEADING, *[ROW] * (MOST_PROGRAMMES + 1)))


@pytest.mark.parametrize("body", [b"", b"\xef\xbb\xbf", b"\n\n", b"\xff\xfe"])
def test_what_has_no_heading_is_no_table(body):
    with pytest.raises(Invalid):
        read(body)


cells = st.text(max_size=12) | st.sampled_from(["slate", "a", '"', "2026-09-07T09:00:00Z", "9"])


@given(st.lists(st.lists(cells, max_size=7), max_size=6), st.sampled_from(",;\t"))
def test_no_rows_break_the_reader(rows, separator):
    text = "\n".join(separator.join(row) for row in [HEADING, *rows])
    try:
        programmes, findings = read(text.encode(errors="replace"))
    except Invalid:
        return
    assert all(finding.row for finding in findings)
    assert len(programmes) <= len(text)


@given(st.binary(max_size=200), st.sampled_from(["text/csv", "application/xml"]))
def test_no_bytes_break_the_readers(body, media_type):
    with suppress(Invalid):
        read_schedule(Parcel(body, media_type, None, "one", "kk"))


def with_source(cell: str):
    return read(table((*HEADING, "floating"), (*ROW[:3], cell, ROW[4], "yes")))


def test_a_live_room_stands_in_a_cell():
    room = uuid4()
    (programme,), findings = with_source(f"live:{room}?overrun=push&extension=600")
    assert findings == []
    assert programme.source.live == Live(lecture=room, overrun=Overrun.PUSH, extension=600)
    assert programme.is_floating


@pytest.mark.parametrize("cell", ["live:x", "live:", "live:{}?overrun=stay", "live:{}?extension=x"])
def test_a_live_room_that_cannot_be_read_is_a_finding(cell):
    programmes, findings = with_source(cell.format(uuid4()))
    assert (programmes, [finding.code for finding in findings]) == ([], ["unreadable"])


@pytest.mark.parametrize(
    ("rights_from", "rights_until", "found"),
    [
        ("", "", []),
        ("2026-09-07T09:00:00+05:00", "2026-09-07T09:45:00+05:00", []),
        ("2026-09-07T09:00:01+05:00", "", ["rights"]),
        ("", "2026-09-07T09:44:59+05:00", ["rights"]),
        ("", "2026-09-07T09:45:00", ["no_offset"]),
    ],
)
def test_a_programme_is_shown_in_the_time_of_its_rights_only(rights_from, rights_until, found):
    heading = (*HEADING, "rights_from", "rights_until")
    assert [f.code for f in read(table(heading, (*ROW, rights_from, rights_until)))[1]] == found
