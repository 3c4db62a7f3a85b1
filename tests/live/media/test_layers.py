"""Which layer each picture of a seat gets."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from live.layers import LARGEST, Option, Want, next_step, share

Q, H, F = Option(0, "q", 180, 150e3), Option(1, "h", 360, 500e3), Option(2, "f", 720, 1500e3)
CAMERA, SCREEN = UUID(int=1), UUID(int=2)


def want(track=CAMERA, height=LARGEST, options=(Q, H, F)):
    return Want(track, height, options)


def chosen(*wants, budget=None):
    return {
        track: choice.layer.rid if choice.layer else None
        for track, choice in share(wants, budget).items()
    }


def test_without_a_limit_the_size_decides():
    sizes = {90: "q", 180: "q", 240: "q", 300: "h", 480: "h", 500: "f", 720: "f", 2160: "f"}
    for height, rid in sizes.items():
        assert chosen(want(height=height)) == {CAMERA: rid}, height


def test_what_is_not_shown_is_not_sent():
    assert chosen(want(height=0), want(SCREEN)) == {CAMERA: None, SCREEN: "f"}


def test_a_pace_that_wavers_changes_no_layer():
    line = 480e3
    assert chosen(want(), budget=line) == {CAMERA: "q"}
    assert chosen(Want(CAMERA, LARGEST, (Q, H, F), current=1), budget=line) == {CAMERA: "h"}
    assert chosen(Want(CAMERA, LARGEST, (Q, H, F), current=1), budget=400e3) == {CAMERA: "q"}


def test_what_does_not_fit_is_sent_smaller():
    assert [chosen(want(), budget=b)[CAMERA] for b in (2e6, 1.4e6, 499e3)] == ["f", "h", "q"]


def test_the_largest_picture_is_served_first_and_every_picture_before_a_better_one():
    large, small = want(SCREEN, 1080), want(CAMERA, 400)
    assert chosen(small, large, budget=2e6) == {SCREEN: "f", CAMERA: "h"}
    assert chosen(small, large, budget=1.7e6) == {SCREEN: "f", CAMERA: "q"}
    assert chosen(small, large, budget=400e3) == {SCREEN: "q", CAMERA: "q"}
    assert chosen(small, large, budget=200e3) == {SCREEN: "q", CAMERA: None}


def test_one_picture_is_tried_on_a_line_that_is_nearly_enough_and_none_on_one_that_is_not():
    assert chosen(want(), budget=50e3) == {CAMERA: "q"}
    assert chosen(want(), budget=30e3) == {CAMERA: None}


def test_a_layer_that_is_not_sent_now_is_wished_for_and_the_best_of_the_others_taken():
    sleeping = Option(2, "f", 720, 1500e3, is_awake=False)
    choice = share([want(options=(Q, H, sleeping))], None)[CAMERA]
    assert (choice.layer, choice.ideal) == (H, sleeping)


def test_layers_not_yet_seen_are_taken_in_the_order_of_the_offer():
    unseen = [Option(at, rid, 0, 0.0) for at, rid in enumerate("qhf")]
    assert chosen(want(options=unseen)) == {CAMERA: "f"}


def test_the_next_step_is_the_cheapest_one():
    wants = [want(SCREEN, 1080), want(CAMERA, 400)]
    assert next_step(wants, share(wants, 300e3)) == 150e3 + 500e3
    assert next_step(wants, share(wants, None)) is None
    assert next_step(wants, share(wants, 160e3)) == 150e3 + 150e3


@given(
    st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 4)), max_size=8),
    st.floats(0, 1e7),
)
def test_what_is_chosen_fits_the_budget(pictures, budget):
    wants = [
        Want(UUID(int=at), height, [Option(i, str(i), 180 << i, 1e5 * 3**i) for i in range(count)])
        for at, (height, count) in enumerate(pictures)
    ]
    choices = share(wants, budget)
    layers = [one.layer for one in choices.values() if one.layer is not None]
    assert sum(layer.bps for layer in layers) <= budget or len(layers) == 1
    assert all(choices[one.track].layer is None for one in wants if one.height == 0)
