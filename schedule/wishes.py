"""Wishes: of what a person wants to be reminded, how long before, and by what way.

Nobody gets mail unasked: an address counts once its owner has followed the link that was sent there.
The link's signature is made of person and address, so nothing about it is kept.
"""

import base64
import hmac
import re
from datetime import datetime
from enum import IntEnum
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.database import Id, UtcDateTime, metadata
from kernel.errors import Gone, Invalid

wishes = sa.Table(
    "notice_wishes",
    metadata,
    sa.Column("person", Id, sa.ForeignKey("people.id"), primary_key=True),
    sa.Column("email", sa.String(254)),
    sa.Column("confirmed_at", UtcDateTime),
    sa.Column("ahead", sa.Integer, nullable=False),  # minutes; 0: no reminders
    sa.Column("tells_changes", sa.Boolean, nullable=False),
    sa.Column("by_mail", sa.Boolean, nullable=False),
    sa.Column("by_webhook", sa.Boolean, nullable=False),
)

# what people type, not all that RFC 5322 allows
_EMAIL: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}"
)
_SIGNATURE_BYTES: Final = 24


class Ahead(IntEnum):
    """How long before a class, in minutes."""

    NEVER = 0
    QUARTER = 15
    HOUR = 60
    DAY = 1440


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """One person's. `confirmed_at`: since when the address is known to be theirs."""

    person: UUID
    email: str | None = None
    confirmed_at: datetime | None = None
    ahead: Ahead = Ahead.NEVER
    tells_changes: bool = True
    by_mail: bool = True
    by_webhook: bool = False


def check_email(text: str) -> str | None:
    """Trimmed; None when it is empty, Invalid when it is no address."""
    text = text.strip()
    if text and not (len(text) <= 254 and text.isprintable() and _EMAIL.fullmatch(text)):
        raise Invalid("This is no e-mail address; write one like name@example.kz.")
    return text or None


async def wish_of(connection: AsyncConnection, person: UUID) -> Wish:
    """What they said; of who never said anything, what holds until then."""
    query = sa.select(wishes).where(wishes.c.person == person)
    row = (await connection.execute(query)).one_or_none()
    return Wish(person=person) if row is None else _wish(row)


async def wishes_where(
    connection: AsyncConnection, condition: sa.ColumnElement[bool]
) -> list[Wish]:
    """Those that fit, by person."""
    query = sa.select(wishes).where(condition).order_by(wishes.c.person)
    return [_wish(row) for row in await connection.execute(query)]


async def save_wish(connection: AsyncConnection, wanted: Wish) -> Wish:
    """In the place of the one before. Another address has to be confirmed anew."""
    before = await wish_of(connection, wanted.person)
    is_known = wanted.email is not None and wanted.email == before.email
    saved = msgspec.structs.replace(wanted, confirmed_at=before.confirmed_at if is_known else None)
    await connection.execute(wishes.delete().where(wishes.c.person == saved.person))
    await connection.execute(wishes.insert().values(msgspec.structs.asdict(saved)))
    return saved


async def confirm(
    connection: AsyncConnection, person: UUID, signature: str, *, secret: bytes, at: datetime
) -> Wish:
    """The address is theirs. Gone when the link was made for another one."""
    wish = await wish_of(connection, person)
    if wish.email is None or not hmac.compare_digest(
        signature_of(secret, person, wish.email), signature
    ):
        raise Gone("This link is not of your present address; look at My page.")
    confirmed = wishes.update().where(wishes.c.person == person, wishes.c.confirmed_at.is_(None))
    await connection.execute(confirmed.values(confirmed_at=at))
    return await wish_of(connection, person)


def signature_of(secret: bytes, person: UUID, email: str) -> str:
    """What the link that confirms an address ends with."""
    whole = hmac.digest(secret, b"daris e-mail" + person.bytes + email.encode(), "sha256")
    return base64.urlsafe_b64encode(whole[:_SIGNATURE_BYTES]).decode()


def _wish(row: Any) -> Wish:
    values = dict(row._mapping)  # noqa: SLF001 - the public name of a row's mapping
    return Wish(**{**values, "ahead": Ahead(values["ahead"])})
