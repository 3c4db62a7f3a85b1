"""The webhook of notices: another system of the house is told what a person is told, signed."""

import hmac
from datetime import datetime
from typing import Final
from uuid import UUID

import aiohttp
import msgspec

from kernel.errors import Invalid, Unavailable

_PATIENCE: Final = aiohttp.ClientTimeout(total=15)
_AGAIN: Final = frozenset({408, 425, 429})  # of the answers below 500, those that ask to wait


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """The body. `id` is the same at every try."""

    id: UUID
    kind: str
    person: UUID
    login: str
    locale: str
    text: str  # a sentence in the person's language, times in their zone
    lecture: UUID | None
    title: str
    url: str
    starts_at: datetime | None
    at: datetime


class Unwanted(Invalid):
    """The other system will never take it."""


async def post(client: aiohttp.ClientSession, url: str, secret: str, told: Told) -> None:
    """On return it is taken. Unwanted when it never will be, Unavailable when not now."""
    body = msgspec.json.encode(told)
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": str(told.id),
        "X-Daris-Signature": signature(secret, body, told.at),
    }
    try:
        async with client.post(
            url, data=body, headers=headers, timeout=_PATIENCE, allow_redirects=False
        ) as answer:
            status = answer.status
    except (aiohttp.ClientError, TimeoutError) as error:
        raise Unavailable(f"The webhook does not answer: {error!r}") from error
    if status < 300:
        return
    if 400 <= status < 500 and status not in _AGAIN:
        raise Unwanted(f"The webhook refused it: {status}")
    raise Unavailable(f"The webhook answered {status}")


def signature(secret: str, body: bytes, at: datetime) -> str:
    """`t=SECONDS,v1=HEX`: HMAC-SHA-256 of the seconds since 1970, a full stop, and the body."""
    seconds = int(at.timestamp())
    signed = hmac.digest(secret.encode(), b"%d." % seconds + body, "sha256").hex()
    return f"t={seconds},v1={signed}"
