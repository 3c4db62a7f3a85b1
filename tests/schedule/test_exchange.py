import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid
from schedule.exchange import MOST_PROGRAMMES, read_json


def pushed(**changes) -> dict:
    return {
        "key": "a",
        "starts_at": "2026-09-07T09:00:00+05:00",
        "duration": 2700,
        "source": {"slate": True},
        "title": {"kk": "Таңғы дәріс"},
    } | changes


def read(*programmes):
    return read_json(json.dumps({"programmes": programmes}).encode())


def code(**changes) -> str:
    programmes, findings = read(pushed(**changes))
    assert programmes == []
    return findings[0].code


def test_a_programme_is_read_in_utc():
    (programme,), findings = read(pushed())
    assert findings == []
    assert programme.starts_at == datetime(2026, 9, 7, 4, tzinfo=UTC)
    assert programme.duration == timedelta(minutes=45)


@pytest.mark.parametrize("duration", [2700, 2700.0, "PT45M", "PT2700S"])
def test_a_duration_is_seconds_or_iso(duration):
    (programme,), _ = read(pushed(duration=duration))
    assert programme.duration == timedelta(minutes=45)


def test_an_end_serves_as_well_as_a_duration():
    (programme,), _ = read(pushed(duration=None, ends_at="2026-09-07T05:00:00Z"))
    assert programme.duration == timedelta(hours=1)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"starts_at": "tomorrow"}, "bad_time"),
        ({"starts_at": "2026-09-31T09:00:00Z"}, "bad_time"),
        ({"starts_at": "0001-01-01T00:00:00+14:00"}, "bad_time"),
        ({"starts_at": "2026-09-07T09:00:00"}, "no_offset"),
        ({"duration": None}, "bad_duration"),
        ({"duration": "soon"}, "bad_duration"),
        ({"duration": -5}, "bad_duration"),
        ({"duration": 1e300}, "bad_duration"),
        ({"duration": 90_000}, "bad_duration"),
        ({"source": {}}, "bad_source"),
        ({"source": {"slate": True, "file": "x"}}, "bad_source"),
        ({"source": {"recording": "x"}}, "unreadable"),
        ({"source": {"film": "x"}}, "unreadable"),
        ({"title": {}}, "no_title"),
        ({"title": {"english": "x"}}, "unreadable"),
        ({"title": {"en": "a\u0000b"}}, "unreadable"),
        ({"key": ""}, "unreadable"),
        ({"genre": "x"}, "unreadable"),
    ],
)
def test_what_is_wrong_with_one_programme_is_told(changes, expected):
    assert code(**changes) == expected


def test_one_wrong_programme_does_not_hide_the_others():
    programmes, findings = read(pushed(), pushed(key="b", starts_at="?"), pushed(key="c"))
    assert [programme.key for programme in programmes] == ["a", "c"]
    assert [(finding.index, finding.key) for finding in findings] == [(1, "b")]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"programmes":1}', b"\xff\xfe", b"[" * 100_000]
)
def test_a_body_that_is_no_schedule_is_refused_whole(body):
    with pytest.raises(Invalid):
        read_json(body)


def test_a_push_has_a_limit():
    with pytest.raises(Invalid, match="at most"):
        read_json(json.dumps({"programmes": [1] * (MOST_PROGRAMMES + 1)}).encode())


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
def test_no_json_breaks_the_reader(value):
    read(value, pushed(source=value) if value is not None else None)
