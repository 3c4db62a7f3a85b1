"""State, agent profiles, activity profiles, agents and activities over HTTP (xAPI 1.0.3,
Communication 2.2 to 2.7).
"""

from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from aiohttp import web

from footprint import activities, alternate_request, documents
from footprint.documents import Condition, Document, Kind, Scope
from footprint.events import FootprintRead
from footprint.reception import identity_in
from footprint.statements import House
from footprint.xapi import VERSION, Actor, Iri
from footprint.xapi_version import spoken, version_of
from identity.rights import Action, Subject, allows
from identity.sessions import require, viewer_of
from kernel.errors import Invalid, NotFound
from kernel.ids import new_id
from kernel.web import CLOCK, DATABASE, RECORDER, SETTINGS, Handler, query, reply

# What strangers keep here is shown as bytes, never run as a page of ours.
_INERT: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
}


class AboutState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parameters of the State Resource."""

    activityId: Iri  # noqa: N815 - the specification's names
    agent: str
    registration: UUID | None = None
    stateId: str | None = None  # noqa: N815
    since: datetime | None = None

    @property
    def name(self) -> str | None:
        return self.stateId

    @property
    def scope(self) -> Scope:
        return Scope(
            kind=Kind.STATE,
            activity=self.activityId,
            agent=identity_in(self.agent),
            registration=self.registration,
        )


class AboutAgent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parameters of the Agent Profile Resource."""

    agent: str
    profileId: str | None = None  # noqa: N815
    since: datetime | None = None

    @property
    def name(self) -> str | None:
        return self.profileId

    @property
    def scope(self) -> Scope:
        return Scope(kind=Kind.AGENT_PROFILE, agent=identity_in(self.agent))


class AboutActivity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parameters of the Activity Profile Resource."""

    activityId: Iri  # noqa: N815
    profileId: str | None = None  # noqa: N815
    since: datetime | None = None

    @property
    def name(self) -> str | None:
        return self.profileId

    @property
    def scope(self) -> Scope:
        return Scope(kind=Kind.ACTIVITY_PROFILE, activity=self.activityId)


class OneAgent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parameter of the Agents Resource."""

    agent: str


class OneActivity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parameter of the Activities Resource."""

    activityId: Iri  # noqa: N815


About = AboutState | AboutAgent | AboutActivity


def routes() -> list[web.RouteDef]:
    return [
        *_resource("/xapi/activities/state", AboutState),
        *_resource("/xapi/agents/profile", AboutAgent),
        *_resource("/xapi/activities/profile", AboutActivity),
        web.get("/xapi/agents", spoken(get_agent)),
        form_alone("/xapi/agents"),
        web.get("/xapi/activities", spoken(get_activity)),
        form_alone("/xapi/activities"),
    ]


def form_alone(path: str) -> web.RouteDef:
    """Takes a POST that stands for a GET (see `alternate_request`), and no other."""

    async def refuse(_request: web.Request) -> web.Response:
        raise web.HTTPMethodNotAllowed("POST", ["GET", "HEAD"])

    return web.post(path, spoken(refuse, is_required=False))


def _resource(path: str, kind: type[About]) -> list[web.RouteDef]:
    def of_kind(work: Any) -> Handler:
        async def handler(request: web.Request) -> web.StreamResponse:
            asked: About = query(request, kind)
            _check(asked)
            answer: web.StreamResponse = await work(request, asked)
            return answer

        return spoken(handler)

    return [
        web.get(path, of_kind(get_document)),
        web.put(path, of_kind(put_document)),
        web.post(path, of_kind(post_document)),
        web.delete(path, of_kind(delete_document)),
    ]


async def get_document(request: web.Request, asked: About) -> web.Response:
    """The document, or the names of all in the scope."""
    await _may_read(request, asked.scope.agent)
    async with request.app[DATABASE].connect() as connection:
        if asked.name is None:
            return reply(await documents.names(connection, asked.scope, asked.since))
        found = await documents.read(connection, asked.scope, asked.name)
    if found is None:
        raise NotFound("There is no such document.")
    headers = {
        "ETag": found.etag,
        "Last-Modified": format_datetime(found.updated_at, usegmt=True),
        "Content-Type": found.content_type,
    } | _INERT
    known = _condition(request.headers).if_none_match or frozenset()
    if known & {found.etag, "*"}:
        return web.Response(status=304, headers=headers)
    return web.Response(body=found.content, headers=headers)


async def put_document(request: web.Request, asked: About) -> web.Response:
    """Keep the body under the name, instead of what is there."""
    name = _name(asked)
    require(request, Action.WRITE_STATEMENTS)
    new, condition = await _sent(request), _condition(request.headers)
    is_blind = asked.scope.kind is Kind.STATE and version_of(request) == VERSION
    async with request.app[DATABASE].begin() as connection:
        await documents.replace(connection, asked.scope, name, new, condition, is_blind=is_blind)
    return web.Response(status=204)


async def post_document(request: web.Request, asked: About) -> web.Response:
    """Keep the body, merged with what is there."""
    name = _name(asked)
    require(request, Action.WRITE_STATEMENTS)
    new, condition = await _sent(request), _condition(request.headers)
    async with request.app[DATABASE].begin() as connection:
        await documents.merge(connection, asked.scope, name, new, condition)
    return web.Response(status=204)


async def delete_document(request: web.Request, asked: About) -> web.Response:
    """Delete one document; of states also all in the scope."""
    require(request, Action.WRITE_STATEMENTS)
    if asked.since is not None:
        raise Invalid("since says what to read, not what to delete.")
    async with request.app[DATABASE].begin() as connection:
        if asked.name is None and isinstance(asked, AboutState):
            await documents.remove_all(connection, asked.scope)
        else:
            condition = _condition(request.headers)
            await documents.remove(connection, asked.scope, _name(asked), condition)
    return web.Response(status=204)


async def get_agent(request: web.Request) -> web.Response:
    """The agent as a Person: we join no identities, so it is the one that was asked for."""
    asked = query(request, OneAgent)
    await _may_read(request, identity_in(asked.agent))
    agent = msgspec.json.decode(asked.agent, type=Actor)
    members = ("name", "mbox", "mbox_sha1sum", "openid", "account")
    told = {name: [value] for name in members if (value := getattr(agent, name)) is not None}
    return reply({"objectType": "Person"} | told)


async def get_activity(request: web.Request) -> web.Response:
    """What statements tell of an activity."""
    asked = query(request, OneActivity)
    require(request, Action.READ_STATEMENTS)
    async with request.app[DATABASE].connect() as connection:
        return reply(await activities.activity(connection, asked.activityId, _house(request)))


async def _may_read(request: web.Request, agent: str | None) -> None:
    """One's own documents, or everybody's; to read somebody else's leaves a fact."""
    viewer = viewer_of(request)
    own = Subject(person=viewer.person_id)
    mine = viewer.person_id and _house(request).actor(viewer.person_id).identities[0]
    if agent is not None and agent == mine and allows(viewer, Action.SEE_OWN_FOOTPRINT, own):
        return
    require(request, Action.READ_STATEMENTS)
    if agent is not None:
        at = request.app[CLOCK].now()
        fact = FootprintRead(id=new_id(), at=at, person=viewer.actor, what="documents")
        await request.app[RECORDER].record(fact)


async def _sent(request: web.Request) -> Document:
    content_type = request.headers.get("Content-Type", "application/octet-stream")
    content = await alternate_request.body_of(request)
    document = Document(content_type, content, request.app[CLOCK].now())
    if request.content_type == "application/json":
        try:
            msgspec.json.decode(document.content)
        except (msgspec.DecodeError, RecursionError) as error:
            raise Invalid(f"The document is not the JSON that it says it is: {error}.") from error
    return document


def _check(asked: About) -> None:
    if asked.since is not None and (asked.name is not None or asked.since.tzinfo is None):
        raise Invalid("since is a time with a zone, and stands where no document is named.")
    if asked.name == "":
        raise Invalid("The name of a document can't be empty.")
    _ = asked.scope  # Invalid when the agent is none


def _name(asked: About) -> str:
    if asked.name is None:
        name = "stateId" if isinstance(asked, AboutState) else "profileId"
        raise Invalid(f"Name the document: {name} is missing.")
    if asked.since is not None:
        raise Invalid("since says what to read, not what to change.")
    return asked.name


def _condition(headers: Mapping[str, str]) -> Condition:
    return Condition(_tags(headers.get("If-Match")), _tags(headers.get("If-None-Match")))


def _tags(header: str | None) -> frozenset[str] | None:
    if header is None:
        return None
    return frozenset(tag.strip().removeprefix("W/") for tag in header.split(",") if tag.strip())


def _house(request: web.Request) -> House:
    return House(request.app[SETTINGS].address)
