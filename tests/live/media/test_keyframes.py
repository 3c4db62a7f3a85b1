"""When keyframes are asked for."""

import pytest

from live.keyframes import KeyframeRequests


@pytest.fixture
def requests():
    return KeyframeRequests()


def asks(requests, until: float, step: float = 0.025) -> list[float]:
    """When it asks, looked at every 25 ms."""
    made = []
    for tick in range(round(until / step) + 1):
        now = tick * step
        if requests.is_due(now):
            requests.asked(now)
            made.append(round(now, 3))
    return made


def test_the_first_request_goes_at_once(requests):
    requests.want(0.5)
    assert asks(requests, until=0.3) == [0.0]


def test_requests_soon_after_one_are_folded(requests):
    requests.asked(0.0)
    requests.came()
    for _ in range(5):
        requests.want(0.2)
    assert asks(requests, until=0.4) == [0.2]


def test_an_ignored_request_is_repeated_with_growing_patience(requests):
    requests.want(0)
    assert asks(requests, until=6) == [0.0, 0.35, 1.05, 2.45, 4.45]


def test_a_keyframe_ends_the_asking(requests):
    requests.want(0)
    requests.asked(0.0)
    requests.came()
    assert asks(requests, until=3) == []
