"""Statements of many senders at once: each request whole or not at all, and nobody pays for another."""

import asyncio
import json
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from footprint.intake import Intake, Sender
from footprint.integrity import verify
from footprint.search import Wanted, find
from footprint.statements import House
from footprint.store import statements
from footprint.xapi import VOIDED
from kernel.errors import Conflict, Invalid
from kernel.ids import new_id

HOUSE = House("https://live.example.edu")
SENDER = Sender(None)
EXPERIENCED = "http://adlnet.gov/expapi/verbs/experienced"
POISON = "http://poison.example/verb"


def statement(*, agent: str = "someone", verb: str = EXPERIENCED, **more) -> bytes:
    told = {
        "id": str(new_id()),
        "actor": {"account": {"homePage": "https://example.org", "name": agent}},
        "verb": {"id": verb},
        "object": {"id": "https://example.org/forum/1"},
    }
    return json.dumps(told | more).encode()


def voiding(identifier: UUID) -> bytes:
    return statement(verb=VOIDED, object={"objectType": "StatementRef", "id": str(identifier)})


@pytest.fixture
def intake(store, clock) -> Intake:
    return Intake(store, clock, HOUSE)


@pytest.fixture
def stored(store):
    """The ids of all statements, in the order of keeping."""

    async def stored() -> list[UUID]:
        async with store.connect() as connection:
            query = sa.select(statements.c.id).order_by(statements.c.seq)
            return list((await connection.execute(query)).scalars())

    return stored


async def send(intake: Intake, *requests: list[bytes]) -> list:
    """What each request is answered when all come at once: ids or an error."""
    return await asyncio.gather(
        *(intake.take(documents, SENDER) for documents in requests), return_exceptions=True
    )


async def test_who_sends_at_once_is_kept_together_and_in_one_chain(intake, stored, store):
    answers = await send(intake, *([statement(), statement()] for _ in range(20)))
    assert sorted(await stored()) == sorted(i for answer in answers for i in answer)
    async with store.connect() as connection:
        assert (await verify(connection)).is_sound


async def test_a_conflict_is_told_to_the_one_who_caused_it(intake, stored):
    identifier = str(new_id())
    first, second, third = await send(
        intake,
        [statement(id=identifier)],
        [statement(), statement(id=identifier, verb="http://verb.example/other")],
        [statement(), statement(id=identifier)],
    )
    assert first == [UUID(identifier)]
    assert isinstance(second, Conflict)
    assert len(third) == 2
    assert sorted(await stored()) == sorted({*first, *third})


async def test_what_voids_is_not_voided_by_a_neighbour_either(intake, stored):
    identifier = new_id()
    first = voiding(identifier)
    answers = await send(intake, [first], [voiding(UUID(json.loads(first)["id"]))])
    assert isinstance(answers[1], Invalid)
    assert await stored() == answers[0]


async def test_more_than_fits_one_commit_is_kept_all_the_same(intake, stored):
    large = [statement() for _ in range(1_100)]
    answers = await send(intake, large, [statement()], [statement() for _ in range(499)])
    assert await stored() == [i for answer in answers for i in answer]


async def test_what_the_database_refuses_harms_no_neighbour(database, clock):
    async with database.begin() as connection:
        await connection.exec_driver_sql(
            f"CREATE TRIGGER poison BEFORE INSERT ON statement WHEN NEW.verb = '{POISON}' "
            "BEGIN SELECT RAISE(ABORT, 'poison'); END"
        )
    answers = await send(
        Intake(database, clock, HOUSE),
        [statement()],
        [statement(), statement(verb=POISON)],
        [statement()],
    )
    assert [type(answer) for answer in answers] == [list, IntegrityError, list]
    async with database.connect() as connection:
        found = await find(connection, Wanted(), HOUSE)
    assert len(found.statements) == 2


async def test_who_hangs_up_in_the_middle_takes_nobody_along(intake, stored, store):
    async with store.begin():  # so that the first waits in the middle of its commit
        first = asyncio.create_task(intake.take([statement()], SENDER))
        await asyncio.sleep(0)
        second = asyncio.create_task(intake.take([statement()], SENDER))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
    [identifier] = await second
    assert identifier in await stored()


async def test_names_of_any_length_and_kind_are_found(intake, store):
    names = ("ә" * 5_000, "a\0b", "plain")
    await send(intake, *([statement(agent=name)] for name in names))
    for name in names:
        wanted = Wanted(agent=f"account https://example.org {name}")
        async with store.connect() as connection:
            found = await find(connection, wanted, HOUSE)
        [one] = [json.loads(each) for each in found.statements]
        assert one["actor"]["account"]["name"] == name
