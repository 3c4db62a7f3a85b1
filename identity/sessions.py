"""Sessions: every request gets its viewer, from a cookie, an Authorization header or a ticket.

Looked at in this order: `Authorization: Bearer` (token or ticket) or `Basic` (any user name, the
token as the password); the session cookie; `?ticket=`; the ticket cookie, which the first answer
to `?ticket=` sets, so that a guest's page and player need no more than the link.
"""

import base64
import binascii
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto

from aiohttp import web

from identity import credentials
from identity.credentials import Holder, token_hash
from identity.rights import ANONYMOUS, Action, Subject, Viewer, allows
from identity.tickets import TICKETS, Tickets
from kernel.clock import Clock
from kernel.database import Database
from kernel.errors import Forbidden, Unauthenticated
from kernel.pages import VIEWER
from kernel.web import CLOCK, SETTINGS

TICKET_COOKIE = "daris_ticket"
_USED_EVERY = timedelta(minutes=10)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Carrier(Enum):
    """How a request brought its proof; only what a browser adds by itself can be forged."""

    HEADER = auto()
    LINK = auto()
    COOKIE = auto()


@dataclass(frozen=True, slots=True)
class Proof:
    """What the request showed: a token or a ticket."""

    text: str = field(repr=False)  # never into a log
    carrier: Carrier

    @property
    def is_ticket(self) -> bool:
        return self.text.count(".") == 2  # a JWT; our tokens have no dots


@dataclass(frozen=True, slots=True)
class _Known:
    viewer: Viewer
    until: float  # monotonic seconds


class Sessions:
    """Who stands behind a proof. Remembers for a few seconds, so that HLS does not ask the
    database for each segment; a credential revoked by another process ends within them.
    Event loop only.
    """

    def __init__(
        self,
        database: Database,
        tickets: Tickets,
        clock: Clock,
        *,
        memory: timedelta = timedelta(seconds=15),
        capacity: int = 10_000,
    ) -> None:
        self._database = database
        self._tickets = tickets
        self._clock = clock
        self._memory = memory
        self._capacity = capacity
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    async def viewer(self, proof: Proof) -> Viewer:
        """Unauthenticated when the proof is forged, over or revoked."""
        key = token_hash(proof.text)
        known = self.remembered(key)
        if known is not None:
            return known
        viewer, expires_at = await self._look_up(proof)
        self._remember(key, viewer, expires_at)
        return viewer

    def remembered(self, key: bytes) -> Viewer | None:
        """Who showed the proof with this `token_hash`, if that was a few seconds ago."""
        known = self._known.get(key)
        return known.viewer if known and known.until > self._clock.monotonic() else None

    def forget(self, proof: Proof) -> None:
        """This one has just been revoked."""
        self._known.pop(token_hash(proof.text), None)

    def forget_everyone(self) -> None:
        """Roles, names or preferences have changed."""
        self._known.clear()

    async def _look_up(self, proof: Proof) -> tuple[Viewer, datetime]:
        if proof.is_ticket or proof.carrier is Carrier.LINK:  # addresses leak: no tokens in them
            ticket = self._tickets.read(proof.text)
            return ticket.viewer(), ticket.expires_at or self._clock.now()
        holder = await self._holder(proof.text)
        if holder is None:
            raise Unauthenticated("Your session or token is over; sign in again.")
        return holder.viewer, holder.expires_at

    async def _holder(self, token: str) -> Holder | None:
        now = self._clock.now()
        async with self._database.connect() as connection:
            holder = await credentials.holder_of(connection, token, now=now)
        if holder and (holder.used_at is None or now - holder.used_at > _USED_EVERY):
            async with self._database.begin() as connection:
                await credentials.mark_used(connection, holder.credential, at=now)
        return holder

    def _remember(self, key: bytes, viewer: Viewer, expires_at: datetime) -> None:
        span = min(self._memory, expires_at - self._clock.now())
        self._known[key] = _Known(viewer, self._clock.monotonic() + span.total_seconds())
        self._known.move_to_end(key)
        while len(self._known) > self._capacity:
            self._known.popitem(last=False)


SESSIONS = web.AppKey("sessions", Sessions)
PROOF = web.RequestKey("proof", Proof)


@web.middleware
async def authenticate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Set `request[VIEWER]`. A bad header or link is an error, a stale cookie is nobody."""
    request[VIEWER] = ANONYMOUS
    for proof in _proofs_of(request):
        try:
            request[VIEWER] = await request.app[SESSIONS].viewer(proof)
            request[PROOF] = proof
            break
        except Unauthenticated:
            if proof.carrier is not Carrier.COOKIE:
                raise
    response = await handler(request)
    shown = proof_of(request)
    if shown is not None and shown.carrier is Carrier.LINK and not response.prepared:
        give_ticket(request, response, shown.text)
    return response


def viewer_of(request: web.Request) -> Viewer:
    """Who asks; ANONYMOUS when nobody has proven anything."""
    viewer = request[VIEWER]
    assert isinstance(viewer, Viewer)  # only `authenticate` sets it
    return viewer


def proof_of(request: web.Request) -> Proof | None:
    """What the viewer is known by; None for ANONYMOUS."""
    return request.get(PROOF)


def require(request: web.Request, action: Action, subject: Subject | None = None) -> Viewer:
    """The viewer, who may do this; else Unauthenticated or Forbidden."""
    viewer = viewer_of(request)
    if allows(viewer, action, subject):
        return viewer
    if not viewer.is_known:
        raise Unauthenticated("Sign in first.")
    raise Forbidden("Your role does not allow this here.")


def require_person(request: web.Request) -> Viewer:
    """The viewer, who is a person with an account; else Unauthenticated."""
    viewer = viewer_of(request)
    if not viewer.is_signed_in:
        raise Unauthenticated("Sign in first.")
    return viewer


def session_cookie(request: web.Request) -> str:
    """The cookie's name. Under https no other host of the domain can set or read it."""
    return "__Host-daris_session" if _is_secure(request) else "daris_session"


def start_session(request: web.Request, response: web.StreamResponse, token: str) -> None:
    """Give the browser its session."""
    _set_cookie(request, response, session_cookie(request), token, credentials.SESSION_LIFE)
    response.del_cookie(TICKET_COOKIE)


def give_ticket(request: web.Request, response: web.StreamResponse, ticket: str) -> None:
    """Let the browser bring the ticket by itself from now on."""
    expires_at = request.app[TICKETS].read(ticket).expires_at
    assert expires_at is not None
    life = expires_at - request.app[CLOCK].now()
    _set_cookie(request, response, TICKET_COOKIE, ticket, life)


def end_session(request: web.Request, response: web.StreamResponse) -> None:
    """Take the session and the ticket from the browser."""
    response.del_cookie(session_cookie(request), secure=_is_secure(request), httponly=True)
    response.del_cookie(TICKET_COOKIE)


def _proofs_of(request: web.Request) -> Iterator[Proof]:
    header = request.headers.get("Authorization")
    if header is not None:
        yield Proof(_token_in(header), Carrier.HEADER)
        return
    if session := request.cookies.get(session_cookie(request)):
        yield Proof(session, Carrier.COOKIE)
    if link := request.query.get("ticket"):
        yield Proof(link, Carrier.LINK)
    if ticket := request.cookies.get(TICKET_COOKIE):
        yield Proof(ticket, Carrier.COOKIE)


def _token_in(header: str) -> str:
    scheme, _, value = header.strip().partition(" ")
    match scheme.lower():
        case "bearer":
            return value.strip()
        case "basic":
            return _password_in(value)
        case _:
            raise Unauthenticated("Use Authorization: Bearer with a token of yours.")


def _password_in(value: str) -> str:
    """The password of a Basic header (RFC 7617)."""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Unauthenticated("The Authorization header can't be read.") from error


def _set_cookie(
    request: web.Request, response: web.StreamResponse, name: str, value: str, life: timedelta
) -> None:
    response.set_cookie(
        name,
        value,
        max_age=max(0, int(life.total_seconds())),
        httponly=True,
        samesite="Lax",
        secure=_is_secure(request),
    )


def _is_secure(request: web.Request) -> bool:
    return request.app[SETTINGS].address.startswith("https://")
