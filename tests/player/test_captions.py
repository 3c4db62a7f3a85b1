"""Captions as people have them: what is read, what is refused, and what never reaches a page."""

import pytest

from kernel.errors import Invalid, NotFound
from player import caption_shelf
from player.captions import Cue, parse, transcript, webvtt

WEBVTT = """\ufeffWEBVTT - Lecture

STYLE
::cue { color: red }

NOTE made by hand

intro
00:01.000 --> 00:03.500 align:start
<v Aigerim>Сәлеметсіз бе!</v>

00:00:04.000 --> 00:00:06.000
a &lt; b &amp; c
second line
"""
SUBRIP = (
    "1\r\n00:00:01,000 --> 00:00:03,500\r\n<i>Здравствуйте!</i>\r\n\r\n"
    "2\r\n00:00:04,000 --> 00:00:06,000\r\n{\\an8}Начнём.\r\n"
)


def faults(text: str | bytes, **more) -> list[tuple[int, str]]:
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(Invalid) as caught:
        parse(data, **more)
    return [(fault.line, fault.problem) for fault in caught.value.findings]


def test_webvtt_is_read():
    assert parse(WEBVTT.encode()) == [
        Cue(1_000, 3_500, "Сәлеметсіз бе!"),
        Cue(4_000, 6_000, "a < b & c\nsecond line"),
    ]


def test_subrip_is_read():
    assert [cue.text for cue in parse(SUBRIP.encode())] == ["Здравствуйте!", "Начнём."]
    assert parse(SUBRIP.encode("utf-16")) == parse(SUBRIP.encode())


def test_what_is_written_is_read_back_the_same():
    hostile = [
        Cue(0, 900, "<script>alert(1)</script> --> &\n2 < 3"),
        Cue(3_600_000, 3_600_001, "é"),
    ]
    assert parse(webvtt(hostile).encode()) == hostile
    assert "<script" not in webvtt(hostile)


def test_cues_come_in_order_of_time():
    cues = parse(b"00:09.000 --> 00:10.000\nlate\n\n00:01.000 --> 00:02.000\nearly\n")
    assert [cue.text for cue in cues] == ["early", "late"]


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("WEBVTT\n\n00:05.000 --> 00:02.000\nx\n", 3, "ends before it begins"),
        ("1\n00:00:05,00 --> 00:00:09,000\nx\n", 2, "is not like"),
        ("WEBVTT\n\n00:01.000 -> 00:02.000\nx\n", 4, "is missing"),
        ("WEBVTT\n\n\n", 1, "no caption"),
        ("", 1, "no caption"),
        ("PK\x03\x04 a zip", 1, "is missing"),
        (f"00:01.000 --> 00:02.000\n{'x' * 1001}", 1, "longer"),
    ],
)
def test_a_fault_is_told_with_its_line(text, line, problem):
    [(where, what)] = faults(text)
    assert where == line
    assert problem in what


def test_what_is_no_text_is_refused_with_its_line():
    assert faults("WEBVTT\n\nпривет".encode("cp1251"))[0][0] == 3


def test_captions_of_a_longer_recording_are_refused():
    assert parse(SUBRIP.encode(), length_ms=4_001)
    assert faults(SUBRIP, length_ms=4_000)[0] == (
        6,
        "the caption begins after the end of the recording.",
    )


def test_many_faults_are_told_a_few_at_a_time():
    assert len(faults("00:02.000 --> 00:01.000\nx\n\n" * 500)) == 20


def test_a_transcript_is_text_with_moments():
    assert transcript(parse(WEBVTT.encode())).splitlines() == [
        "00:00:01  Сәлеметсіз бе!",
        "00:00:04  a < b & c second line",
    ]


def test_a_language_is_kept_listed_and_deleted(tmp_path):
    caption_shelf.keep(tmp_path, "KK", parse(WEBVTT.encode()))
    caption_shelf.keep(tmp_path, "ru", parse(SUBRIP.encode()))
    assert [each.language for each in caption_shelf.listed(tmp_path)] == ["kk", "ru"]
    assert caption_shelf.read(tmp_path, "kk") == parse(WEBVTT.encode())
    caption_shelf.delete(tmp_path, "kk")
    with pytest.raises(NotFound):
        caption_shelf.read(tmp_path, "kk")


@pytest.mark.parametrize("name", ["../../secret", "..", "k", "a/b", "ru\x00", "", "ru.vtt", "-x"])
def test_a_hostile_name_is_no_language(tmp_path, name):
    with pytest.raises(Invalid):
        caption_shelf.keep(tmp_path, name, [Cue(0, 1, "x")])
    assert caption_shelf.listed(tmp_path) == []
