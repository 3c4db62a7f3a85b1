from datetime import UTC, datetime

import msgspec

from kernel.facts import Fact, encode
from kernel.ids import new_id


class HandWasRaised(Fact):
    """A fact of this test."""

    seat: int


def test_a_fact_says_its_kind_when_and_who():
    fact = HandWasRaised(id=new_id(), at=datetime(2026, 9, 1, tzinfo=UTC), person=new_id(), seat=3)
    body = msgspec.json.decode(encode(fact))
    assert body["kind"] == "hand-was-raised"
    assert body["at"] == "2026-09-01T00:00:00Z"
    assert msgspec.json.decode(encode(fact), type=HandWasRaised) == fact


def test_ids_sort_by_the_moment_they_were_minted():
    ids = [new_id() for _ in range(1000)]
    assert sorted(ids) == ids
    assert {(minted.version, minted.variant) for minted in ids} == {(7, "specified in RFC 4122")}
