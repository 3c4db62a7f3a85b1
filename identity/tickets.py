"""Tickets: short-lived signed passes to one lecture (JWT, HS256).

For guests who have a link, for visitors of a public recording, and for sockets and players that can't
carry a cookie.
"""

import hmac
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from aiohttp import web
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from identity.rights import Role, Viewer
from kernel.clock import Clock
from kernel.errors import Unauthenticated
from kernel.ids import new_id

LONGEST_LIFE = timedelta(days=1)
_AUDIENCE = "daris-ticket"
_ALGORITHM = "HS256"


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """Who the bearer is, and the one lecture that is open to them."""

    lecture: UUID
    name: str
    roles: frozenset[Role] = frozenset({Role.GUEST})
    person: UUID | None = None
    guest: UUID | None = None  # minted by `issue` when there is no person, nor a link
    link: UUID | None = None  # the public link by which a visitor came
    expires_at: datetime | None = None  # set by `issue`

    def viewer(self) -> Viewer:
        return Viewer(
            person_id=self.person,
            name=self.name,
            roles=self.roles,
            guest_id=self.guest,
            lecture=self.lecture,
            link=self.link,
        )


class _Signed(msgspec.Struct, frozen=True):
    """The claims as they travel."""

    aud: str
    exp: int  # seconds since 1970
    ticket: Ticket


class Tickets:
    """Issues tickets and reads them back."""

    def __init__(self, secret: bytes, clock: Clock) -> None:
        self._key = OctKey.import_key(hmac.digest(secret, b"daris tickets", "sha256"))
        self._clock = clock

    def issue(self, ticket: Ticket, life: timedelta) -> str:
        """Sign the ticket, good for `life`, a day at most."""
        expires_at = self._clock.now() + min(life, LONGEST_LIFE)
        guest = ticket.guest or (None if ticket.person or ticket.link else new_id())
        whole = msgspec.structs.replace(ticket, guest=guest, expires_at=expires_at)
        claims = _Signed(_AUDIENCE, int(expires_at.timestamp()), whole)
        return jwt.encode({"alg": _ALGORITHM}, msgspec.to_builtins(claims), self._key)

    def read(self, token: str) -> Ticket:
        """The ticket; Unauthenticated says whether it is forged or over."""
        try:
            claims = jwt.decode(token, self._key, algorithms=[_ALGORITHM]).claims
            signed = msgspec.convert(claims, _Signed)
        except (JoseError, ValueError, msgspec.ValidationError) as error:
            raise Unauthenticated("This ticket is not one of ours; ask for a new link.") from error
        if signed.aud != _AUDIENCE:
            raise Unauthenticated("This is no ticket; ask for a new link.")
        if signed.exp <= self._clock.now().timestamp():
            raise Unauthenticated("This ticket is over; ask for a new link.")
        return signed.ticket


TICKETS = web.AppKey("tickets", Tickets)
