"""The largest layer comes before the smaller ones."""

from live.line_share import LineShare


def asked(share, came, until, *, step=0.5):
    """The seconds at which smaller layers are asked for; `came(now)` says when the largest last came."""
    steps = [n * step for n in range(int(until / step))]
    return [now for now in steps if share.has_room(came(now), now, now)]


def test_where_all_layers_come_all_are_asked_for():
    assert len(asked(LineShare(), lambda now: now, 600)) == 1200


def test_the_largest_has_some_seconds_to_come():
    assert len(asked(LineShare(), lambda now: now if now > 6 else -1.0, 600)) == 1200


def test_where_the_largest_stays_away_the_smaller_ones_rest_ever_longer():
    found = asked(LineShare(), lambda now: -1.0, 1000)
    began = [now for now in found if now - 0.5 not in found]
    assert began == [0, 128.5, 377.0, 865.5]
    assert len(found) < 1000 / 0.5 * 0.05


def test_a_picture_that_is_muted_is_not_missed():
    share = LineShare()
    assert all(share.has_room(1.0, 1.0, now) for now in (2.0, 20.0, 200.0))
