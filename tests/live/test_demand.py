"""Smaller layers are taken for who watches the stream, and for the recording."""

from live.demand import WATCHED_SECONDS, Demand


def test_a_room_that_is_only_watched_in_itself_pays_nothing():
    demand = Demand()
    assert not any(demand.is_there(0, at, is_recorded=False) for at in (1.0, 100.0, 1000.0))


def test_a_recording_has_all_sizes():
    assert Demand().is_there(0, 1.0, is_recorded=True)


def test_who_looks_at_the_stream_counts_for_a_while():
    demand = Demand()
    assert demand.is_there(1, 100.0, is_recorded=False)
    assert demand.is_there(1, 99.0 + WATCHED_SECONDS, is_recorded=False)
    assert not demand.is_there(1, 100.0 + WATCHED_SECONDS, is_recorded=False)
    assert demand.is_there(2, 200.0, is_recorded=False)
