from datetime import UTC, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree as ET

from schedule.channels import Channel
from schedule.guide import m3u, xmltv
from schedule.rundown import Programme, Source

NOON = datetime(2026, 9, 7, 12, tzinfo=UTC)
ONE = Channel(id="one", name='Әл-Фараби "ТВ" & Co', profile="720p25", number=7)


def run(*starts: int, takes: int = 30) -> list[Programme]:
    return [
        Programme(
            key=f"p{start}",
            starts_at=NOON + timedelta(minutes=start),
            ends_at=NOON + timedelta(minutes=start + takes),
            source=Source(slate=True),
            titles={"kk": "Дәріс <1> \ufffe", "en": "Lecture"},
            descriptions={"en": "About it"},
        )
        for start in starts
    ]


def parsed(*starts: int) -> ET.Element:
    return ET.fromstring(xmltv([ONE], {"one": run(*starts)}, source="http://x"))


def test_the_guide_is_xml_with_the_channel_and_all_languages():
    tv = parsed(0)
    assert tv.find("channel").attrib == {"id": "one"}
    assert tv.find("channel/display-name").text == 'Әл-Фараби "ТВ" & Co'
    titles = {title.get("lang"): title.text for title in tv.findall("programme/title")}
    assert titles == {"kk": "Дәріс <1>  ", "en": "Lecture"}


def test_every_time_has_its_offset():
    programme = parsed(0).find("programme")
    assert programme.get("start") == "20260907120000 +0000"
    assert programme.get("stop") == "20260907123000 +0000"


def test_no_programme_lies_over_another_and_no_hole_between_two():
    programmes = parsed(0, 30, 90, 240).findall("programme")
    for before, after in pairwise(programmes):
        assert before.get("stop") == after.get("start")
    assert len(programmes) == 6


def test_the_playlist_names_the_guide_and_quotes_its_values():
    text = m3u([ONE], address="https://tv.example.kz")
    lines = text.splitlines()
    assert lines[0] == '#EXTM3U url-tvg="https://tv.example.kz/tv/epg.xml"'
    assert 'tvg-id="one"' in lines[1]
    assert 'tvg-chno="7"' in lines[1]
    assert lines[1].count('"') % 2 == 0
    assert lines[2] == "https://tv.example.kz/tv/one/index.m3u8"
