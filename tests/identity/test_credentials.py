from datetime import timedelta

import pytest
import sqlalchemy as sa

from identity import credentials, people
from identity.credentials import add_session, add_token, add_token_for_role, holder_of
from identity.rights import Role
from kernel.errors import NotFound


async def test_a_token_stands_for_its_person(add_person, either_database, clock):
    person = await add_person(Role.LECTURER, name="Aigerim", into=either_database)
    async with either_database.begin() as connection:
        token, _ = await add_token(connection, person.id, at=clock.now())
        holder = await holder_of(connection, token, now=clock.now())
        assert await holder_of(connection, token + "x", now=clock.now()) is None
    assert (holder.viewer.person_id, holder.viewer.roles) == (person.id, {Role.LECTURER})


async def test_the_token_itself_is_not_kept(add_person, database, clock):
    person = await add_person(Role.LECTURER)
    async with database.begin() as connection:
        token, _ = await add_token(connection, person.id, at=clock.now())
        (row,) = (await connection.execute(sa.select(credentials.credentials))).all()
    assert token.removeprefix("daris_").encode() not in b"".join(map(repr_bytes, row))


def repr_bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


async def test_a_token_narrows_but_never_widens(add_person, database, clock):
    person = await add_person(Role.LECTURER, Role.STUDENT)
    async with database.begin() as connection:
        token, _ = await add_token(
            connection, person.id, at=clock.now(), roles=[Role.STUDENT, Role.ADMIN]
        )
        holder = await holder_of(connection, token, now=clock.now())
    assert holder.viewer.roles == {Role.STUDENT}


async def test_a_role_taken_away_is_gone_from_its_tokens(add_person, database, clock):
    person = await add_person(Role.LECTURER, Role.STUDENT)
    async with database.begin() as connection:
        token, _ = await add_token(connection, person.id, at=clock.now())
        await people.set_roles(connection, person.id, [Role.STUDENT])
        holder = await holder_of(connection, token, now=clock.now())
    assert holder.viewer.roles == {Role.STUDENT}


async def test_credentials_end_with_time_revocation_and_their_person(
    add_person, either_database, clock
):
    person = await add_person(Role.STUDENT, into=either_database)
    async with either_database.begin() as connection:
        now = clock.now()
        over, _ = await add_token(connection, person.id, at=now, life=timedelta(hours=1))
        revoked = await add_session(connection, person.id, at=now)
        await credentials.revoke_token(connection, revoked, at=now)
        third = await add_session(connection, person.id, at=now)
        clock.advance(timedelta(hours=1))
        assert await holder_of(connection, over, now=clock.now()) is None
        assert await holder_of(connection, revoked, now=clock.now()) is None
        assert await holder_of(connection, third, now=clock.now())
        await people.disable(connection, person.id, at=clock.now())
        assert await holder_of(connection, third, now=clock.now()) is None


async def test_one_call_ends_all_of_a_person(add_person, database, clock):
    person = await add_person(Role.STUDENT)
    async with database.begin() as connection:
        tokens = [await add_session(connection, person.id, at=clock.now()) for _ in range(3)]
        await credentials.revoke_all(connection, person.id, at=clock.now())
        held = [await holder_of(connection, token, now=clock.now()) for token in tokens]
    assert held == [None, None, None]


async def test_nobody_revokes_the_token_of_another(add_person, database, clock):
    owner, other = await add_person(Role.STUDENT), await add_person(Role.STUDENT)
    async with database.begin() as connection:
        _, credential = await add_token(connection, owner.id, at=clock.now())
        with pytest.raises(NotFound):
            await credentials.revoke(connection, credential.id, person=other.id, at=clock.now())


async def test_each_token_for_a_role_is_somebody_else(either_database, clock):
    async with either_database.begin() as connection:
        made = [
            await add_token_for_role(connection, Role.STUDENT, at=clock.now()) for _ in range(3)
        ]
        holders = [await holder_of(connection, token, now=clock.now()) for token, _ in made]
    assert len({holder.viewer.person_id for holder in holders}) == 3
    assert {holder.viewer.roles for holder in holders} == {frozenset({Role.STUDENT})}


async def test_what_is_long_over_is_dropped(add_person, either_database, clock):
    person = await add_person(Role.STUDENT, into=either_database)
    async with either_database.begin() as connection:
        await add_token(connection, person.id, at=clock.now(), life=timedelta(days=1))
        kept, _ = await add_token(connection, person.id, at=clock.now())
        before = clock.now() + timedelta(days=2)
        assert await credentials.drop_expired(connection, before=before) == 1
        assert await holder_of(connection, kept, now=clock.now())
