"""The learning record store over HTTP: statements and about, xAPI 1.0.3 and 2.0."""

from collections.abc import AsyncIterator, Callable, Iterable
from datetime import datetime
from email.utils import format_datetime
from functools import partial
from typing import Any, Final, Literal
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint import (
    alternate_request,
    attachments,
    log,
    lrs_documents,
    multipart,
    search,
    statement_formats,
    store,
)
from footprint.events import FootprintRead
from footprint.intake import INTAKE, Intake, Sender
from footprint.multipart import Parts
from footprint.reception import identity_in
from footprint.recollection import recalled
from footprint.statements import House
from footprint.xapi import Iri
from footprint.xapi_version import spoken, taken_by, version_of
from identity.rights import Action, Subject, Viewer, allows
from identity.sessions import require, require_person, viewer_of
from kernel.errors import Invalid, NotFound
from kernel.ids import new_id
from kernel.web import CLOCK, DATABASE, RECORDER, SETTINGS, problem, query, reply

_ONE: Final = frozenset({"statementId", "voidedStatementId", "format", "attachments"})
_LARGEST_WITH_FILES: Final = 10  # statements of a page; a file has up to 16 MiB
_CONSISTENT: Final = "X-Experience-API-Consistent-Through"


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parameters of GET /xapi/statements (Communication 2.1.3); `beyond` is our paging."""

    statementId: UUID | None = None  # noqa: N815
    voidedStatementId: UUID | None = None  # noqa: N815
    agent: str | None = None
    verb: Iri | None = None
    activity: Iri | None = None
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


class Put(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parameter of PUT /xapi/statements."""

    statementId: UUID  # noqa: N815


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters."""


class _Stored(msgspec.Struct, frozen=True):
    """When a statement was kept."""

    stored: datetime


def routes() -> list[web.RouteDef]:
    return [
        web.get("/xapi/about", spoken(about, is_required=False)),
        lrs_documents.form_alone("/xapi/about"),
        web.get("/xapi/statements", spoken(get_statements)),
        web.post("/xapi/statements", spoken(post_statements)),
        web.put("/xapi/statements", spoken(put_statement)),
        *lrs_documents.routes(),
    ]


async def opened(app: web.Application) -> AsyncIterator[None]:
    """What takes statements in, as long as the service runs."""
    app[INTAKE] = Intake(app[DATABASE], app[CLOCK], House(app[SETTINGS].address))
    yield


async def about(request: web.Request) -> web.Response:
    """Which versions we take (Communication 2.8); open to everyone. Who says that they speak 1.0 is
    told those that 1.0 knows of."""
    query(request, Nothing)
    return reply({"version": taken_by(version_of(request))})


async def get_statements(request: web.Request) -> web.Response:
    """One statement by id, or a page of those that fit, newest first. Through when the answer is
    complete is said of one that tells what is wrong with the question, too."""
    require_person(request)
    try:
        return await _found(request)
    except (Invalid, NotFound) as error:
        async with request.app[DATABASE].connect() as connection:
            through = await _through(connection, request)
        answer = problem(error)
        answer.headers[_CONSISTENT] = through
        return answer


async def _found(request: web.Request) -> web.Response:
    asked = _asked(request)
    viewer = _reader(request, asked)
    house = _house(request)
    await _note(request, viewer, asked)
    shape = _shape(request, asked)
    async with request.app[DATABASE].connect() as connection:
        headers = {_CONSISTENT: await _through(connection, request)}
        if asked.statementId or asked.voidedStatementId:
            told = [await _one(connection, asked, house)]
            headers["Last-Modified"] = format_datetime(_stored(told[0]), usegmt=True)
            body = shape(told[0])
        else:
            wanted = _wanted(asked, follows=not _is_about(asked, viewer, house))
            found = await search.find(connection, wanted, house)
            told = found.statements
            body = _page(map(shape, told), _more(request, found.last))
        headers["Content-Type"] = "application/json"
        if asked.attachments:
            body, headers["Content-Type"] = await _with_files(connection, body, told)
    return web.Response(body=body, headers=headers)


async def _through(connection: AsyncConnection, request: web.Request) -> str:
    head = await log.head(connection)
    return _rfc3339(head.received_at or request.app[CLOCK].now())


async def _with_files(
    connection: AsyncConnection, body: bytes, told: Iterable[bytes]
) -> tuple[bytes, str]:
    """The body with the files of its statements, as many as we have, and its media type."""
    named = [file for each in told for file in recalled(each).files]
    types = {file.sha2.lower(): file.contentType for file in named}
    return multipart.written(body, await attachments.files_of(connection, types), types)


async def post_statements(request: web.Request) -> web.Response:
    """One statement or a list, perhaps with files: all are kept, or none. Answers their ids."""
    viewer = require(request, Action.WRITE_STATEMENTS)
    if request.query:
        raise Invalid("POST takes no parameters.")
    parts = await _parts(request)
    sender = Sender(viewer.person_id, version_of(request))
    return reply(await request.app[INTAKE].take(_listed(parts.statements), sender, parts.files))


async def put_statement(request: web.Request) -> web.Response:
    """One statement under the id of its sender."""
    viewer = require(request, Action.WRITE_STATEMENTS)
    asked = query(request, Put)
    parts = await _parts(request)
    members = _decoded(parts.statements, dict[str, msgspec.Raw])
    own = msgspec.json.encode(asked.statementId)
    if bytes(members.setdefault("id", msgspec.Raw(own))).lower() != own:
        raise Invalid("The statement's id is not the one of the address.")
    sender = Sender(viewer.person_id, version_of(request))
    await request.app[INTAKE].take([msgspec.json.encode(members)], sender, parts.files)
    return web.Response(status=204)


async def _parts(request: web.Request) -> Parts:
    if request.content_type == "multipart/mixed":
        return await multipart.read(request)
    if request.content_type != "application/json":
        raise Invalid("Send statements as application/json, with files as multipart/mixed.")
    return Parts(await alternate_request.body_of(request), {})


def _listed(body: bytes) -> list[bytes]:
    """The statements, each by itself."""
    told = _decoded(body, list[msgspec.Raw] | dict[str, msgspec.Raw])
    return [bytes(item) for item in told] if isinstance(told, list) else [body]


def _decoded(body: bytes, shape: Any) -> Any:
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid(f"The body is neither a statement nor a list of them: {error}.") from error


async def _one(connection: AsyncConnection, asked: Asked, house: House) -> bytes:
    identifier = asked.statementId or asked.voidedStatementId
    assert identifier is not None  # one of them brought us here
    is_voided = asked.voidedStatementId is not None
    found = await store.one(connection, identifier, house, is_voided=is_voided)
    if found is None:
        raise NotFound("There is no such statement.")
    return found


def _asked(request: web.Request) -> Asked:
    asked = query(request, Asked)
    is_one = asked.statementId is not None or asked.voidedStatementId is not None
    if is_one and not request.query.keys() <= _ONE:
        raise Invalid("Beside the id of one statement only format and attachments may stand.")
    return asked


def _shape(request: web.Request, asked: Asked) -> Callable[[bytes], bytes]:
    """What makes an exact statement one of the form that is asked for."""
    match asked.format:
        case "exact":
            return bytes
        case "ids":
            return statement_formats.ids
        case "canonical":
            languages = statement_formats.accepted(request.headers.get("Accept-Language", ""))
            return partial(statement_formats.canonical, languages=languages)


def _stored(statement: bytes) -> datetime:
    return msgspec.json.decode(statement, type=_Stored).stored


def _reader(request: web.Request, asked: Asked) -> Viewer:
    """Everybody may read what is told of themselves; all else is READ_STATEMENTS."""
    viewer = viewer_of(request)
    own = Subject(person=viewer.person_id)
    if _is_about(asked, viewer, _house(request)) and allows(viewer, Action.SEE_OWN_FOOTPRINT, own):
        return viewer
    return require(request, Action.READ_STATEMENTS)


def _is_about(asked: Asked, viewer: Viewer, house: House) -> bool:
    if viewer.person_id is None or asked.agent is None or asked.related_agents:
        return False
    return identity_in(asked.agent) == house.actor(viewer.person_id).identities[0]


def _wanted(asked: Asked, *, follows: bool) -> search.Wanted:
    largest = _LARGEST_WITH_FILES if asked.attachments else search.LARGEST_PAGE
    limit = min(asked.limit or largest, largest)
    return search.Wanted(
        agent=None if asked.agent is None else identity_in(asked.agent),
        verb=asked.verb,
        activity=asked.activity,
        registration=asked.registration,
        is_agent_related=asked.related_agents,
        is_activity_related=asked.related_activities,
        follows=follows,
        since=asked.since,
        until=asked.until,
        ascending=asked.ascending,
        limit=limit,
        beyond=asked.beyond,
    )


def _page(found: Iterable[bytes], more: str) -> bytes:
    statements = [msgspec.Raw(statement) for statement in found]
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


def _house(request: web.Request) -> House:
    return House(request.app[SETTINGS].address)


def _rfc3339(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
