"""Every combination of filters finds what a look at each statement finds, by whatever index."""

import json
import random
from itertools import product
from uuid import UUID

import pytest

from footprint import search
from footprint.intake import Sender, keep, opened
from footprint.search import Wanted, find
from footprint.statements import House
from footprint.xapi import VOIDED

HOUSE = House("https://live.example.edu")
PEOPLE, VERBS, PLACES = range(3), ("http://v.example/a", "http://v.example/b"), range(3)


def account(name: object) -> dict:
    return {"account": {"homePage": "https://example.org", "name": str(name)}}


def place(number: int) -> dict:
    return {"id": f"https://example.org/lectures/{number}"}


def drawn(count: int) -> list[dict]:
    """Statements of few people about few things, some of them about other statements."""
    chance, told = random.Random(7), []
    for number in range(count):
        one = {
            "id": str(UUID(int=number + 1)),
            "actor": account(chance.choice(PEOPLE)),
            "verb": {"id": chance.choice(VERBS)},
            "object": place(chance.choice(PLACES)),
            "context": {
                "registration": str(UUID(int=chance.choice(PLACES))),
                "instructor": account(chance.choice(PEOPLE)),
                "contextActivities": {"parent": [place(chance.choice(PLACES))]},
            },
        }
        if number % 4 == 3:
            about = chance.choice(told)["id"]
            one["object"] = {"objectType": "StatementRef", "id": about}
        if number % 15 == 14:
            one["verb"] = {"id": VOIDED}
            one["object"] = {"objectType": "StatementRef", "id": str(UUID(int=number))}
        told.append(one)
    return told


def fits(one: dict, wanted: Wanted) -> bool:
    people, things = [one["actor"]], [one["object"].get("id")]
    if wanted.is_agent_related:
        people.append(one["context"]["instructor"])
    if wanted.is_activity_related:
        things.append(one["context"]["contextActivities"]["parent"][0]["id"])
    names = [f"account https://example.org {each['account']['name']}" for each in people]
    return (
        wanted.agent in {None, *names}
        and wanted.verb in {None, one["verb"]["id"]}
        and wanted.activity in {None, *things}
        and str(wanted.registration or one["context"]["registration"])
        == one["context"]["registration"]
    )


def expected(told: list[dict], wanted: Wanted) -> list[str]:
    """The ids, by looking at each statement."""
    by_id = {one["id"]: one for one in told}
    gone = {one["object"]["id"] for one in told if one["verb"]["id"] == VOIDED}

    def is_found(one: dict, depth: int = 0) -> bool:
        if fits(one, wanted):
            return True
        about = by_id.get(one["object"]["id"])
        return about is not None and depth < 2 and is_found(about, depth + 1)

    found = [one["id"] for one in told if is_found(one)]
    return [
        each for each in reversed(found) if each not in gone or by_id[each]["verb"]["id"] == VOIDED
    ]


QUESTIONS = [
    Wanted(
        agent=None if agent is None else f"account https://example.org {agent}",
        verb=verb,
        activity=None if activity is None else place(activity)["id"],
        registration=None if registration is None else UUID(int=registration),
        is_agent_related=is_related,
        is_activity_related=is_related,
    )
    for agent, verb, activity, registration, is_related in product(
        (None, 0), (None, VERBS[1]), (None, 1), (None, 2), (False, True)
    )
]


@pytest.mark.parametrize("short", [0, 2_000])
async def test_every_combination_of_filters_finds_what_fits(store, clock, monkeypatch, short):
    """By lists that may be looked at one by one, and by those that may not."""
    monkeypatch.setattr(search, "_SHORT", short)
    told = drawn(60)
    documents = [json.dumps(one).encode() for one in told]
    async with store.begin() as connection:
        letter = opened(documents, HOUSE, Sender(None), now=clock.now())
        assert await keep(connection, [letter], HOUSE, now=clock.now()) == [None]
        for wanted in QUESTIONS:
            found = await find(connection, wanted, HOUSE)
            ids = [json.loads(one)["id"] for one in found.statements]
            assert ids == expected(told, wanted), wanted
