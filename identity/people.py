"""People: who they are, and the roles that they have."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.rights import Role
from kernel.database import Id, UtcDateTime, metadata
from kernel.errors import Conflict, Invalid, NotFound
from kernel.ids import new_id
from kernel.languages import LOCALES

people = sa.Table(
    "people",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("login", sa.String(100), nullable=False),
    sa.Column("login_key", sa.String(200), nullable=False, unique=True),  # the login casefolded
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("roles", sa.JSON, nullable=False),
    sa.Column("password_hash", sa.String(200)),
    sa.Column("home_organisation", sa.String(200)),
    sa.Column("locale", sa.String(35)),
    sa.Column("zone", sa.String(64)),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("disabled_at", UtcDateTime),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone of this university or of another."""

    id: UUID
    login: str
    name: str
    roles: frozenset[Role]
    home_organisation: str | None
    locale: str | None
    zone: str | None
    created_at: datetime
    disabled_at: datetime | None


_PERSON = [c for c in people.c if c.name not in {"login_key", "password_hash"}]


async def add_person(
    connection: AsyncConnection,
    *,
    login: str,
    name: str,
    roles: Iterable[Role],
    at: datetime,
    password_hash: str | None = None,
    home_organisation: str | None = None,
    locale: str | None = None,
    zone: str | None = None,
) -> Person:
    """Add someone; Conflict when the login is taken, whatever its case."""
    person = Person(
        id=new_id(),
        login=_text(login, "A login", 100),
        name=_text(name, "A name", 200),
        roles=frozenset(roles),
        home_organisation=home_organisation,
        locale=check_locale(locale),
        zone=check_zone(zone),
        created_at=at,
        disabled_at=None,
    )
    try:
        async with connection.begin_nested():
            await connection.execute(people.insert().values(_row(person, password_hash)))
    except IntegrityError as error:
        raise Conflict(f"The login {person.login} is taken.") from error
    return person


async def person_by_id(connection: AsyncConnection, person_id: UUID) -> Person:
    """NotFound when there is nobody of that id."""
    return await _one(connection, people.c.id == person_id)


async def person_by_login(connection: AsyncConnection, login: str) -> Person:
    """The person of a login in any case; NotFound."""
    return await _one(connection, people.c.login_key == login_key(login))


async def people_by_ids(connection: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, Person]:
    """Those of the ids that exist."""
    rows = await connection.execute(sa.select(*_PERSON).where(people.c.id.in_(ids)))
    return {row.id: _person(row) for row in rows}


async def list_people(
    connection: AsyncConnection, *, limit: int = 100, after: str | None = None
) -> list[Person]:
    """Everybody by login, from behind the login `after`."""
    query = sa.select(*_PERSON).order_by(people.c.login_key).limit(limit)
    if after is not None:
        query = query.where(people.c.login_key > login_key(after))
    return [_person(row) for row in await connection.execute(query)]


async def people_of_role(connection: AsyncConnection, role: Role) -> list[Person]:
    """Everybody who has the role and is not disabled, by name."""
    query = sa.select(*_PERSON).where(people.c.disabled_at.is_(None)).order_by(people.c.name)
    everybody = [_person(row) for row in await connection.execute(query)]
    return [person for person in everybody if role in person.roles]


async def password_hash_of(connection: AsyncConnection, login: str) -> tuple[UUID, str] | None:
    """Id and hash of an enabled person who has a password."""
    query = sa.select(people.c.id, people.c.password_hash).where(
        people.c.login_key == login_key(login),
        people.c.password_hash.is_not(None),
        people.c.disabled_at.is_(None),
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else (row.id, row.password_hash)


async def set_password_hash(connection: AsyncConnection, person_id: UUID, hashed: str) -> None:
    await _update(connection, person_id, password_hash=hashed)


async def set_roles(connection: AsyncConnection, person_id: UUID, roles: Iterable[Role]) -> None:
    await _update(connection, person_id, roles=sorted(roles))


async def set_preferences(
    connection: AsyncConnection, person_id: UUID, *, locale: str | None, zone: str | None
) -> None:
    """Change what is given, keep what is None."""
    given = {"locale": check_locale(locale), "zone": check_zone(zone)}
    await _update(connection, person_id, **{k: v for k, v in given.items() if v is not None})


async def disable(connection: AsyncConnection, person_id: UUID, *, at: datetime) -> None:
    """Nobody is deleted: what they did stays theirs. Log-in and credentials stop working."""
    await _update(connection, person_id, disabled_at=at)


def login_key(login: str) -> str:
    """What makes two logins the same."""
    return login.strip().casefold()


def check_locale(locale: str | None) -> str | None:
    """Invalid unless it is a language that the pages speak."""
    if locale is not None and locale not in LOCALES:
        raise Invalid(
            f"{locale!r:.40} is not a language of these pages; choose one of {', '.join(LOCALES)}."
        )
    return locale


def check_zone(zone: str | None) -> str | None:
    """Invalid unless it is a name of the IANA time zone database."""
    if zone is not None and zone not in _zones():
        raise Invalid(f"{zone!r:.80} is not a time zone; write one like Asia/Almaty.")
    return zone


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


async def _one(connection: AsyncConnection, condition: sa.ColumnElement[bool]) -> Person:
    row = (await connection.execute(sa.select(*_PERSON).where(condition))).one_or_none()
    if row is None:
        raise NotFound("There is no such person.")
    return _person(row)


async def _update(connection: AsyncConnection, person_id: UUID, **values: Any) -> None:
    if not values:
        return
    done = await connection.execute(people.update().where(people.c.id == person_id).values(values))
    if done.rowcount == 0:
        raise NotFound("There is no such person.")


def _row(person: Person, password_hash: str | None) -> dict[str, Any]:
    return {
        "id": person.id,
        "login": person.login,
        "login_key": login_key(person.login),
        "name": person.name,
        "roles": sorted(person.roles),
        "password_hash": password_hash,
        "home_organisation": person.home_organisation,
        "locale": person.locale,
        "zone": person.zone,
        "created_at": person.created_at,
        "disabled_at": person.disabled_at,
    }


def _person(row: sa.Row[Any]) -> Person:
    values = dict(row._mapping)  # noqa: SLF001 - the public name of a row's mapping
    return Person(**{**values, "roles": frozenset(Role(role) for role in values["roles"])})


def _text(text: str, what: str, longest: int) -> str:
    text = text.strip()
    if not 0 < len(text) <= longest or not text.isprintable():
        raise Invalid(f"{what} has 1 to {longest} printable characters.")
    return text
