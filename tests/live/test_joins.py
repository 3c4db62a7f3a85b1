"""Who joins is told at once; a crowd together, and before whatever may be about them."""

import asyncio
from uuid import UUID

import pytest

from live.joins import Joins
from live.messages import PersonInfo as Person
from live.messages import Presence


class Told(list):
    """The numbers of those who were told, by message."""

    def __init__(self):
        super().__init__()
        self.happened = asyncio.Event()

    def __call__(self, joined):
        self.append([person.id.int for person in joined.people])
        self.happened.set()


def person(number):
    return Person(UUID(int=number), f"P {number}", "student", False, False, Presence.PRESENT)


@pytest.fixture
def told():
    return Told()


async def test_one_is_told_at_once_and_a_crowd_together(told):
    joins = Joins(told)
    for number in range(200):
        joins.take([person(number)])
    assert told == [[0]]
    told.happened.clear()
    await asyncio.wait_for(told.happened.wait(), 20)
    assert told == [[0], list(range(1, 200))]


async def test_what_is_about_them_comes_after_them(told):
    joins = Joins(told)
    joins.take([person(1)])
    joins.take([person(2)])
    joins.flush()
    assert told == [[1], [2]]
    joins.flush()
    assert told == [[1], [2]]


async def test_after_a_quiet_moment_one_is_told_at_once_again(told):
    joins = Joins(told)
    joins.take([person(1)])
    while joins._timer is not None:  # noqa: ASYNC110 - what is waited for has no event
        await asyncio.sleep(0)
    joins.take([person(2)])
    assert told == [[1], [2]]
