from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from schedule.rundown import (
    Programme,
    Readiness,
    Severity,
    Source,
    Window,
    compare,
    following,
    on_air,
)

NOW = datetime(2026, 9, 7, 4, 0, tzinfo=UTC)
DAY = Window(NOW, NOW + timedelta(days=1))


def programme(key: str, *, at: float = 60, takes: float = 30, **more) -> Programme:
    """`at` and `takes` are minutes from now."""
    starts_at = NOW + timedelta(minutes=at)
    return Programme(
        key=key,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=takes),
        source=more.pop("source", Source(slate=True)),
        titles=more.pop("titles", {"en": key}),
        **more,
    )


def kept(key: str, **more) -> Programme:
    return programme(key, id=uuid4(), revision=1, **more)


def change(before=(), pushed=(), *, window=DAY, readiness=Readiness.READY):
    return compare(list(before), list(pushed), window, NOW, lambda _: readiness)


def codes(result, severity: Severity = Severity.ERROR) -> list[str]:
    return [finding.code for finding in result.findings if finding.severity is severity]


def test_what_is_new_is_added():
    result = change(pushed=[programme("a"), programme("b", at=90)])
    assert [p.key for p in result.added] == ["a", "b"]
    assert result.findings == []


def test_the_same_push_again_changes_nothing():
    assert change([kept("a")], [programme("a")]).is_empty


def test_what_is_pushed_no_more_is_removed():
    result = change([kept("a"), kept("b", at=90)], [programme("a")])
    assert [p.key for p in result.removed] == ["b"]


def test_a_programme_with_the_same_key_is_changed():
    result = change([kept("a")], [programme("a", takes=20)])
    assert [p.key for p in result.changed] == ["a"]
    assert not result.added
    assert not result.removed


def test_two_at_once_are_refused():
    result = change(pushed=[programme("a"), programme("b", at=89)])
    assert codes(result) == ["overlap"]
    assert result.is_refused


def test_a_long_programme_collides_with_all_that_it_covers():
    long = programme("long", at=60, takes=300)
    result = change(pushed=[long, programme("a", at=70), programme("b", at=200)])
    assert codes(result) == ["overlap", "overlap"]


def test_what_is_outside_of_the_window_stays_and_counts():
    after = kept("tomorrow", at=24 * 60 - 10, takes=60)
    window = Window(NOW, NOW + timedelta(hours=23))
    result = change([after], [programme("late", at=23 * 60 - 1, takes=60)], window=window)
    assert codes(result) == ["overlap"]
    assert not result.removed


def test_a_gap_is_told_and_taken():
    result = change(pushed=[programme("a"), programme("b", at=100)])
    assert codes(result, Severity.WARNING) == ["gap"]
    assert not result.is_refused


def test_what_has_begun_cannot_be_changed():
    assert codes(change([kept("a", at=-5)], [programme("a", at=-5, takes=10)], window=AROUND)) == [
        "frozen"
    ]


def test_what_has_begun_may_be_pushed_again_unchanged():
    assert change([kept("a", at=-5)], [programme("a", at=-5)], window=AROUND).is_empty


def test_what_has_begun_and_is_left_out_stays():
    result = change([kept("a", at=-5)], [programme("b")], window=AROUND)
    assert not result.removed
    assert "stays" in codes(result, Severity.WARNING)


def test_what_begins_within_ten_seconds_is_frozen_too():
    assert codes(change(pushed=[programme("a", at=9 / 60)])) == ["past"]
    assert codes(change(pushed=[programme("a", at=11 / 60)])) == []


def test_a_key_stands_once():
    assert "duplicate_key" in codes(change(pushed=[programme("a"), programme("a", at=120)]))


def test_a_programme_lies_in_the_window_that_is_replaced():
    assert codes(change(pushed=[programme("a", at=3 * 24 * 60)])) == ["outside_window"]


@pytest.mark.parametrize(
    ("readiness", "code", "severity"),
    [
        (Readiness.UNKNOWN, "unknown_recording", Severity.ERROR),
        (Readiness.ABSENT, "absent_recording", Severity.WARNING),
        (Readiness.WAITING, "unconditioned", Severity.INFO),
        (Readiness.FAILED, "failed_before", Severity.WARNING),
    ],
)
def test_the_state_of_the_media_is_told(readiness, code, severity):
    pushed = [programme("a", source=Source(recording=uuid4()))]
    (finding,) = change(pushed=pushed, readiness=readiness).findings
    assert (finding.code, finding.severity, finding.index) == (code, severity, 0)


def test_two_thousand_programmes_are_compared_in_a_moment():
    run = [programme(f"p{n}", at=10 + n, takes=1) for n in range(2000)]
    window = Window(NOW, NOW + timedelta(days=3))
    began = datetime.now(UTC)
    assert len(change(pushed=run, window=window).added) == 2000
    assert datetime.now(UTC) - began < timedelta(seconds=2)


def test_what_is_on_air_and_what_follows():
    run = [programme("a", at=-10), programme("b", at=20), programme("c", at=50)]
    assert on_air(run, NOW).key == "a"
    assert following(run, NOW).key == "b"
    assert on_air(run, NOW + timedelta(days=1)) is None


def test_a_title_is_in_the_language_of_the_reader_if_there_is_one():
    shown = programme("a", titles={"kk": "Алгебра", "en": "Algebra"})
    assert shown.title("en") == "Algebra"
    assert shown.title("ru") == "Алгебра"


AROUND = Window(NOW - timedelta(hours=1), NOW + timedelta(days=1))
