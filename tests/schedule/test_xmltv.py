from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid
from schedule.channels import Channel
from schedule.exchange import Parcel, read_schedule
from schedule.guide import xmltv
from schedule.rundown import Programme, Severity, Source

BOMB = """<!DOCTYPE tv [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><tv>&b;</tv>"""
FILE = """<!DOCTYPE tv [<!ENTITY a SYSTEM "file:///etc/passwd">]><tv>&a;</tv>"""
REMOTE = """<!DOCTYPE tv SYSTEM "xmltv.dtd" [<!ELEMENT tv ANY>]><tv/>"""


def programme(inner: str = "", **attributes: str) -> str:
    given = {
        "start": "20260907090000 +0500",
        "stop": "20260907094500 +0500",
        "channel": "one",
    } | attributes
    told = " ".join(f'{name}="{value}"' for name, value in given.items() if value)
    inner = inner or '<title lang="kk">Дәріс</title><url>slate</url>'
    return f"<programme {told}>{inner}</programme>"


def read(*programmes: str, head: str = "", encoding: str = "utf-8", charset: str | None = None):
    body = f"{head}<tv>{''.join(programmes)}</tv>".encode(encoding)
    return read_schedule(Parcel(body, "application/xml", charset, "one", "kk"))


def test_a_programme_is_read():
    inner = (
        '<title lang="kk-KZ">Дәріс</title><title lang="en">Lecture</title><desc>Мазмұны</desc>'
        '<category lang="en">Education</category>'
        '<episode-num system="daris:key">morning</episode-num><url>file:films/a b.mp4</url>'
    )
    (read_back,), findings = read(programme(inner))
    assert findings == []
    assert read_back.key == "morning"
    assert read_back.starts_at == datetime(2026, 9, 7, 4, tzinfo=UTC)
    assert read_back.duration == timedelta(minutes=45)
    assert read_back.titles == {"kk": "Дәріс", "en": "Lecture"}
    assert read_back.descriptions == {"kk": "Мазмұны"}
    assert read_back.source == Source(file="films/a b.mp4")


def test_without_a_key_the_start_serves():
    (read_back,), _ = read(programme())
    assert read_back.key == "2026-09-07T09:00:00+05:00"


@pytest.mark.parametrize(
    ("attributes", "inner", "code"),
    [
        ({"start": "20260907090000"}, "", "no_offset"),
        ({"start": "soon"}, "", "bad_time"),
        ({"start": "20261307090000 +0500"}, "", "bad_time"),
        ({"stop": ""}, "", "bad_duration"),
        ({"stop": "20260907080000 +0500"}, "", "bad_duration"),
        ({}, "<title>a</title>", "bad_source"),
        ({}, "<url>slate</url>", "no_title"),
        ({}, "<title>a</title><url>recording:x</url>", "unreadable"),
    ],
)
def test_what_is_wrong_with_one_programme_is_told(attributes, inner, code):
    programmes, findings = read(
        programme(start="20260906090000 Z", stop="20260906091000 Z"), programme(inner, **attributes)
    )
    assert len(programmes) == 1
    assert [(finding.code, finding.index) for finding in findings] == [(code, 1)]


def test_programmes_of_other_channels_are_left_out_and_told():
    programmes, (finding,) = read(programme(), programme(channel="two"))
    assert len(programmes) == 1
    assert (finding.code, finding.severity) == ("other_channel", Severity.WARNING)


@pytest.mark.parametrize("bad", [BOMB, FILE, REMOTE, "<html/>", "<tv>", "<tv>&nbsp;</tv>", "tv"])
def test_what_is_no_plain_xmltv_is_refused(bad):
    with pytest.raises(Invalid):
        read_schedule(Parcel(bad.encode(), "application/xml", None, "one", "kk"))


def test_depth_and_length_are_bounded():
    with pytest.raises(Invalid, match="deeply"):
        read("<a>" * 100_000)
    with pytest.raises(Invalid, match="too long"):
        read(programme(f"<title>{'x' * 30_000}</title>"))


@pytest.mark.parametrize(
    "told", [{"head": '<?xml version="1.0" encoding="windows-1251"?>'}, {"charset": "windows-1251"}]
)
def test_windows_1251_is_read_where_it_is_declared(told):
    inner = '<title lang="ru">Лекция</title><url>slate</url>'
    (read_back,), _ = read(programme(inner), encoding="windows-1251", **told)
    assert read_back.title("ru") == "Лекция"


def test_our_own_guide_can_be_read_with_sources_added():
    channel = Channel(id="one", name="One", profile="720p25")
    starts_at = datetime(2026, 9, 7, 4, tzinfo=UTC)
    shown = Programme(
        key="a",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=1),
        source=Source(slate=True),
        titles={"kk": "<Дәріс> & K°"},
    )
    tree = ET.fromstring(xmltv([channel], {"one": [shown]}, source="x"))
    for entry in tree.iter("programme"):
        ET.SubElement(entry, "url").text = "slate"
    (again,), findings = read_schedule(Parcel(ET.tostring(tree), "text/xml", None, "one", "kk"))
    assert findings == []
    assert (again.starts_at, again.ends_at, again.titles) == (
        shown.starts_at,
        shown.ends_at,
        shown.titles,
    )


@given(
    st.lists(
        st.sampled_from(
            [
                "<programme>",
                "</programme>",
                '<programme channel="one" start="1" stop="&lt;">',
                "<title>",
                "</title>",
                "<url>",
                "file:",
                "</url>",
                "slate",
                '<title lang="&#1087;"/>',
                "<tv>",
                "&#0;",
                "<![CDATA[",
                "]]>",
                "<!--",
                "-->",
                "<?a?>",
                '<episode-num system="daris:key">',
                "\x00",
            ]
        ),
        max_size=12,
    )
)
def test_no_xml_breaks_the_reader(parts):
    try:
        read(*parts)
    except Invalid:
        return
