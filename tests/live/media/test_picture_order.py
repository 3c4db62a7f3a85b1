import pytest

from live.picture_order import PictureOrder


def order_of(pictures, *, first=0):
    order = PictureOrder()
    for picture in pictures:
        for _ in range(3):  # packets of a picture share its timestamp
            order.note(first + 3000 * picture & 0xFFFFFFFF)
    return order.is_shuffled


@pytest.mark.parametrize("first", [0, 0xFFFFFF00])
def test_one_b_frame_between_two_pictures_is_noticed(first):
    assert order_of([2 * n + k for n in range(20) for k in (2, 1)], first=first)


def test_rare_b_frames_are_noticed():
    assert order_of([10 * n + k for n in range(10) for k in (1, 2, 3, 4, 5, 6, 7, 8, 10, 9)])


@pytest.mark.parametrize("first", [0, 0xFFFFFF00])
def test_pictures_in_order_are_fine_also_with_gaps(first):
    assert not order_of([n for n in range(1000) if n % 7], first=first)


def test_an_encoder_that_starts_anew_is_fine():
    assert not order_of([*range(50), *range(50), *range(1000, 1100), *range(90)])


def test_a_clock_that_is_set_back_now_and_then_is_fine():
    assert not order_of([n - 2 * (n // 40) for n in range(2000)])
