"""What a policy makes of minutes: pure values, no database."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footprint.attendance import Besides, Presence, Span, attendance, counted_window
from footprint.policy import Asynchronous, Channel, Override, Policy, Status
from kernel.ids import new_id

NOON = datetime(2026, 9, 7, 12, tzinfo=UTC)
WINDOW = Span(NOON, NOON + timedelta(minutes=100))
ALIYA = new_id()


def status(policy: Policy, begin: float = 0, end: float = 0, *, covered=0.0, of=()) -> Status:
    """Of somebody who was there between two minutes and played a share of the recording."""
    span = Span(NOON + timedelta(minutes=begin), NOON + timedelta(minutes=end))
    besides = Besides({ALIYA: covered}, {ALIYA: of})
    [row] = attendance([Presence(ALIYA, Channel.WEBRTC, span)], WINDOW, policy, (), besides)
    return row.status


def test_so_many_minutes_are_enough_whatever_the_share():
    policy = Policy(present_percent=75, present_minutes=45)
    assert status(policy, 0, 44) is Status.ABSENT
    assert status(policy, 0, 45) is Status.PRESENT
    assert status(policy, 20, 65) is Status.LATE


def test_who_missed_it_makes_up_for_it_by_the_recording():
    policy = Policy(asynchronous=Asynchronous(percent=80, days=7))
    assert status(policy, covered=79.9) is Status.ABSENT
    assert status(policy, covered=80) is Status.WATCHED
    assert status(policy, 0, 80, covered=100) is Status.PRESENT
    assert status(Policy(), covered=100) is Status.ABSENT


def test_a_category_is_judged_by_its_own_rule_and_the_kindest_counts():
    policy = Policy(
        overrides={
            "works-abroad": Override(asynchronous=Asynchronous(percent=50, days=30)),
            "special-needs": Override(present_percent=40, late_after=timedelta(minutes=30)),
            "evening": Override(present_percent=60),
        }
    )
    assert status(policy, 20, 65) is Status.ABSENT
    assert status(policy, 20, 65, of=["special-needs", "evening"]) is Status.PRESENT
    assert status(policy, covered=60, of=["works-abroad"]) is Status.WATCHED
    assert status(policy, covered=60, of=["evening", "no-such"]) is Status.ABSENT


def test_who_is_excused_is_so_only_where_they_were_not_there():
    policy = Policy(overrides={"abroad": Override(is_excused=True)})
    assert status(policy, 0, 10, of=["abroad"]) is Status.EXCUSED
    assert status(policy, 0, 90, of=["abroad"]) is Status.PRESENT


def test_a_share_may_be_of_the_plan():
    plan = Span(NOON, NOON + timedelta(hours=1))
    taught = {"started_at": NOON + timedelta(minutes=5), "ended_at": NOON + timedelta(minutes=95)}
    now = NOON + timedelta(days=1)
    assert counted_window(plan, **taught, now=now, policy=Policy(window="planned")) == plan
    assert counted_window(plan, **taught, now=now).length == timedelta(minutes=90)


@given(st.lists(st.sampled_from(["a", "b", "c"])), st.floats(0, 100), st.floats(0, 100))
def test_no_category_ever_makes_a_rule_stricter(categories, percent, other):
    policy = Policy(
        present_percent=percent,
        overrides={"a": Override(present_percent=other), "b": Override(present_minutes=5)},
    )
    own = policy.of(categories)
    strictest = max(percent, other if "a" in categories else percent)
    assert own.present_percent <= strictest
    assert (own.present_minutes == 5) == ("b" in categories)


@pytest.mark.parametrize(
    "wrong",
    [
        {"present_percent": 101},
        {"late_after": -1},
        {"late_after": "PT-5M"},
        {"early_opening": "P2D"},
        {"version": "Very New"},
        {"channels": ["telepathy"]},
        {"percent": 5},
        {"asynchronous": {"percent": 80}},
        {"asynchronous": {"percent": 80, "days": 0}},
        {"overrides": {"a": {"present_percent": -1}}},
    ],
    ids=str,
)
def test_a_policy_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"version": "x-1"} | wrong, Policy)
