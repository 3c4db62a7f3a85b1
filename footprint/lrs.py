"""The learning record store over HTTP: xAPI 1.0.3 statements and about.

Thin: no attachments, voiding, or documents yet. A request without the version header is taken as
1.0.3, so that a plain `curl` can read.
"""

from datetime import datetime
from typing import Any, Final, Literal
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint import log, store
from footprint.events import FootprintRead
from footprint.statements import House
from footprint.xapi import VERSION, identity_in
from identity.rights import Action, Subject, Viewer, allows
from identity.sessions import require, viewer_of
from kernel.errors import DarisError, Invalid, NotFound, Unsupported
from kernel.ids import new_id
from kernel.web import CLOCK, DATABASE, RECORDER, SETTINGS, Handler, problem, query, reply

_VERSION_HEADER: Final = "X-Experience-API-Version"
_CONSISTENT: Final = "X-Experience-API-Consistent-Through"


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parameters of GET /xapi/statements (Communication 2.1.3); `beyond` is our paging."""

    statementId: UUID | None = None  # noqa: N815
    voidedStatementId: UUID | None = None  # noqa: N815
    agent: str | None = None
    verb: str | None = None
    activity: str | None = None
    registration: UUID | None = None
    related_activities: bool = False
    related_agents: bool = False
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 0
    format: Literal["ids", "exact", "canonical"] = "exact"
    attachments: bool = False
    ascending: bool = False
    beyond: int | None = None

    def __post_init__(self) -> None:
        filters = (self.agent, self.verb, self.activity, self.registration, self.since, self.until)
        one = [i for i in (self.statementId, self.voidedStatementId) if i is not None]
        if len(one) + any(value is not None for value in filters) > 1:
            raise ValueError("statementId and voidedStatementId stand alone")
        if self.limit < 0:
            raise ValueError("limit is 0 or more")
        if any(t is not None and t.tzinfo is None for t in (self.since, self.until)):
            raise ValueError("since and until need a time zone")


def routes() -> list[web.RouteDef]:
    return [
        web.get("/xapi/about", _spoken(about)),
        web.get("/xapi/statements", _spoken(get_statements)),
        web.post("/xapi/statements", _spoken(post_statements)),
        web.put("/xapi/statements", _spoken(put_statement)),
    ]


async def about(_request: web.Request) -> web.Response:
    """Which versions we speak (Communication 2.8); open to everyone."""
    return reply({"version": [VERSION]})


async def get_statements(request: web.Request) -> web.Response:
    """One statement by id, or a page of those that fit, newest first."""
    asked = query(request, Asked)
    viewer = _reader(request, asked)
    house = _house(request)
    await _note(request, viewer, asked)
    async with request.app[DATABASE].connect() as connection:
        head = await log.head(connection)
        through = head.received_at or request.app[CLOCK].now()
        if asked.statementId or asked.voidedStatementId:
            body = await _one(connection, asked, house)
        else:
            found = await store.find(connection, _wanted(asked), house)
            body = _page(found, _more(request, found.last))
    return web.Response(
        body=body, content_type="application/json", headers={_CONSISTENT: _rfc3339(through)}
    )


async def post_statements(request: web.Request) -> web.Response:
    """One statement or a list: all are kept, or none. Answers their ids."""
    return reply(await _take(request, await _documents(request)))


async def put_statement(request: web.Request) -> web.Response:
    """One statement under the id of its sender."""
    asked = query(request, Asked)
    documents = await _documents(request)
    if asked.statementId is None or len(documents) != 1:
        raise Invalid("PUT takes one statement, and its id as statementId.")
    members = msgspec.json.decode(documents[0], type=dict[str, Any])
    if str(members.setdefault("id", str(asked.statementId))).lower() != str(asked.statementId):
        raise Invalid("The statement's id is not the one of the address.")
    await _take(request, [msgspec.json.encode(members)])
    return web.Response(status=204)


async def _take(request: web.Request, documents: list[bytes]) -> list[UUID]:
    viewer = require(request, Action.WRITE_STATEMENTS)
    async with request.app[DATABASE].begin() as connection:
        return await store.take(
            connection,
            documents,
            _house(request),
            by=viewer.person_id,
            now=request.app[CLOCK].now(),
        )


async def _documents(request: web.Request) -> list[bytes]:
    if request.content_type != "application/json":
        raise Unsupported("Send statements as application/json; attachments are not taken yet.")
    try:
        body = msgspec.json.decode(
            await request.read(), type=list[msgspec.Raw] | dict[str, msgspec.Raw]
        )
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid(f"The body is neither a statement nor a list of them: {error}.") from error
    return [bytes(item) for item in body] if isinstance(body, list) else [msgspec.json.encode(body)]


async def _one(connection: AsyncConnection, asked: Asked, house: House) -> bytes:
    found = asked.statementId and await store.one(connection, asked.statementId, house)
    if not found:
        raise NotFound("There is no such statement.")
    return found


def _reader(request: web.Request, asked: Asked) -> Viewer:
    """Everybody may read what is told of themselves; all else is READ_STATEMENTS."""
    viewer = viewer_of(request)
    own = Subject(person=viewer.person_id)
    if _is_about(asked, viewer, _house(request)) and allows(viewer, Action.SEE_OWN_FOOTPRINT, own):
        return viewer
    return require(request, Action.READ_STATEMENTS)


def _is_about(asked: Asked, viewer: Viewer, house: House) -> bool:
    if viewer.person_id is None or asked.agent is None:
        return False
    return identity_in(asked.agent) == house.actor(viewer.person_id).identities[0]


def _wanted(asked: Asked) -> store.Wanted:
    limit = min(asked.limit or store.LARGEST_PAGE, store.LARGEST_PAGE)
    return store.Wanted(
        agent=None if asked.agent is None else identity_in(asked.agent),
        verb=asked.verb,
        activity=asked.activity,
        registration=asked.registration,
        since=asked.since,
        until=asked.until,
        ascending=asked.ascending,
        limit=limit,
        beyond=asked.beyond,
    )


def _page(found: store.Found, more: str) -> bytes:
    statements = [msgspec.Raw(statement) for statement in found.statements]
    return msgspec.json.encode({"statements": statements, "more": more})


def _more(request: web.Request, last: int | None) -> str:
    """Where the next page is: the same question, from where this one ended."""
    if last is None:
        return ""
    return f"{request.path}?{urlencode({**request.query, 'beyond': last})}"


async def _note(request: web.Request, viewer: Viewer, asked: Asked) -> None:
    """Whoever reads others' footprint leaves one; once per question, not per page."""
    if _is_about(asked, viewer, _house(request)) or asked.beyond is not None:
        return
    at = request.app[CLOCK].now()
    fact = FootprintRead(id=new_id(), at=at, person=viewer.actor, what="statements")
    await request.app[RECORDER].record(fact)


def _spoken(handler: Handler) -> Handler:
    """Check the version that the request speaks, and name ours in the answer, errors too."""

    async def speak(request: web.Request) -> web.StreamResponse:
        try:
            spoken = request.headers.get(_VERSION_HEADER, VERSION)
            if spoken != "1.0" and not spoken.startswith("1.0."):
                raise Invalid(f"We speak xAPI {VERSION}, not {spoken:.20}.")
            response = await handler(request)
        except DarisError as error:
            response = problem(error)
        response.headers[_VERSION_HEADER] = VERSION
        return response

    return speak


def _house(request: web.Request) -> House:
    return House(request.app[SETTINGS].address)


def _rfc3339(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
