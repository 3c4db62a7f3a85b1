"""Logging in and out, who I am, and my API tokens."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from aiohttp import web

from identity import credentials, people
from identity.csrf import FORM_TOKENS, FormTokens, protect
from identity.logins import LOGINS, Logins
from identity.passwords import open_passwords
from identity.rights import Role, Viewer
from identity.sessions import (
    SESSIONS,
    Carrier,
    Sessions,
    authenticate,
    end_session,
    proof_of,
    require_person,
    start_session,
    viewer_of,
)
from identity.tickets import TICKETS, Tickets
from kernel.errors import DarisError, Forbidden, TooMany, Unauthenticated
from kernel.pages import CSRF_TOKEN, render
from kernel.web import CLOCK, DATABASE, SETTINGS, decode, origin_of, path_id, problem, reply

MIDDLEWARES = (authenticate, protect)  # in this order, behind kernel.web.problems
_YEAR = timedelta(days=365)
_KEPT_AFTER_EXPIRY = timedelta(days=90)  # to answer "what was this token?"


class LogIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a log-in."""

    login: str
    password: str


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who the request comes from."""

    id: UUID | None
    name: str
    roles: list[Role]
    locale: str | None
    zone: str | None
    lecture: UUID | None  # the only lecture that this ticket admits to
    csrf_token: str


class Preferences(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person chooses; what is left out stays."""

    locale: str | None = None
    zone: str | None = None


class NewToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a new API token shall be."""

    label: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    roles: frozenset[Role] | None = None
    days: Annotated[int, msgspec.Meta(ge=1, le=3650)] = 365


class ShownToken(msgspec.Struct, frozen=True, kw_only=True):
    """An API token as its owner sees it; `token` only in the answer that made it."""

    id: UUID
    label: str
    roles: list[Role] | None
    created_at: datetime
    used_at: datetime | None
    expires_at: datetime
    token: str | None = None


async def opened(app: web.Application) -> AsyncIterator[None]:
    """A cleanup context, behind the one that sets DATABASE."""
    settings, clock, database = app[SETTINGS], app[CLOCK], app[DATABASE]
    secret = settings.signing_secret
    app[TICKETS] = Tickets(secret, clock)
    app[SESSIONS] = Sessions(database, app[TICKETS], clock)
    app[FORM_TOKENS] = FormTokens(secret)
    async with database.begin() as connection:
        await credentials.drop_expired(connection, before=clock.now() - _KEPT_AFTER_EXPIRY)
    async with open_passwords() as passwords:
        app[LOGINS] = Logins(database, passwords, clock)
        yield


def routes() -> list[web.RouteDef]:
    return [
        web.get("/login", show_login),
        web.post("/login", log_in_by_form),
        web.post("/logout", log_out_by_form),
        web.post("/api/v1/session", log_in),
        web.delete("/api/v1/session", log_out),
        web.get("/api/v1/me", show_me),
        web.post("/api/v1/me", set_preferences),
        web.get("/api/v1/tokens", list_tokens),
        web.post("/api/v1/tokens", make_token),
        web.delete("/api/v1/tokens/{id}", revoke_token),
    ]


async def show_login(request: web.Request) -> web.Response:
    target = _local(request.query.get("next", ""))
    if viewer_of(request).is_signed_in:
        raise web.HTTPSeeOther(target)
    return render(request, "login.html", next=target)


async def log_in_by_form(request: web.Request) -> web.Response:
    form = await request.post()
    login, target = str(form.get("login", "")), _local(str(form.get("next", "")))
    try:
        token = await _log_in(request, login, str(form.get("password", "")))
    except (Unauthenticated, TooMany) as error:
        return _login_again(request, error, login=login, target=target)
    answer = web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": target})
    start_session(request, answer, token)
    return answer


async def log_in(request: web.Request) -> web.Response:
    body = await decode(request, LogIn)
    token = await _log_in(request, body.login, body.password)
    answer = web.Response(status=HTTPStatus.NO_CONTENT)
    start_session(request, answer, token)
    return answer


async def log_out_by_form(request: web.Request) -> web.Response:
    answer = web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": "/"})
    await _log_out(request, answer)
    return answer


async def log_out(request: web.Request) -> web.Response:
    answer = web.Response(status=HTTPStatus.NO_CONTENT)
    await _log_out(request, answer)
    return answer


async def show_me(request: web.Request) -> web.Response:
    return _me(request, viewer_of(request))


async def set_preferences(request: web.Request) -> web.Response:
    """Kept with the person, and in cookies, so that it holds on the log-in page too."""
    wanted = await decode(request, Preferences)
    viewer = viewer_of(request)
    locale, zone = people.check_locale(wanted.locale), people.check_zone(wanted.zone)
    if viewer.person_id is not None:
        async with request.app[DATABASE].begin() as connection:
            await people.set_preferences(connection, viewer.person_id, locale=locale, zone=zone)
        request.app[SESSIONS].forget_everyone()
    changed = replace(viewer, locale=locale or viewer.locale, zone=zone or viewer.zone)
    answer = _me(request, changed)
    for name, value in (("locale", locale), ("zone", zone)):
        if value is not None:
            answer.set_cookie(name, value, max_age=int(_YEAR.total_seconds()))
    return answer


async def list_tokens(request: web.Request) -> web.Response:
    person = _owner(request)
    async with request.app[DATABASE].connect() as connection:
        tokens = await credentials.list_tokens(connection, person, now=request.app[CLOCK].now())
    return reply({"tokens": [_shown(token) for token in tokens]})


async def make_token(request: web.Request) -> web.Response:
    body = await decode(request, NewToken)
    person = _owner(request)
    _check_narrowing(viewer_of(request), body.roles)
    async with request.app[DATABASE].begin() as connection:
        text, credential = await credentials.add_token(
            connection,
            person,
            at=request.app[CLOCK].now(),
            roles=viewer_of(request).roles if body.roles is None else body.roles,
            label=body.label,
            life=timedelta(days=body.days),
        )
    shown = msgspec.structs.replace(_shown(credential), token=text)
    return reply(shown, status=HTTPStatus.CREATED, headers={"Cache-Control": "no-store"})


async def revoke_token(request: web.Request) -> web.Response:
    person = _owner(request)
    async with request.app[DATABASE].begin() as connection:
        await credentials.revoke(
            connection, path_id(request), person=person, at=request.app[CLOCK].now()
        )
    request.app[SESSIONS].forget_everyone()
    return web.Response(status=HTTPStatus.NO_CONTENT)


async def _log_in(request: web.Request, login: str, password: str) -> str:
    return await request.app[LOGINS].log_in(login, password, address=origin_of(request))


def _login_again(
    request: web.Request, error: DarisError, *, login: str, target: str
) -> web.Response:
    answer = render(
        request, "login.html", status=error.status, error=error.message, login=login, next=target
    )
    retry_after = problem(error).headers.get("Retry-After")
    if retry_after:
        answer.headers["Retry-After"] = retry_after
    return answer


async def _log_out(request: web.Request, answer: web.Response) -> None:
    proof = proof_of(request)
    if proof is not None and proof.carrier is Carrier.COOKIE and not proof.is_ticket:
        async with request.app[DATABASE].begin() as connection:
            await credentials.revoke_token(connection, proof.text, at=request.app[CLOCK].now())
        request.app[SESSIONS].forget(proof)
    end_session(request, answer)


def _owner(request: web.Request) -> UUID:
    """The person whose tokens these are. A ticket is no person's proof, whoever it names."""
    viewer = require_person(request)
    if viewer.lecture is not None:
        raise Forbidden("A ticket can't be used for this; sign in.")
    assert viewer.person_id is not None
    return viewer.person_id


def _check_narrowing(viewer: Viewer, roles: frozenset[Role] | None) -> None:
    if roles is not None and not roles <= viewer.roles:
        raise Forbidden("A token can't have roles that you don't have.")


def _local(target: str) -> str:
    """The address to go to after the log-in: a path of ours, never another site."""
    parts = urlsplit(target)
    is_ours = not parts.scheme and not parts.netloc and target.startswith("/")
    has_traps = target.startswith("//") or "\\" in target or not target.isprintable()
    return target if is_ours and not has_traps else "/"


def _me(request: web.Request, viewer: Viewer) -> web.Response:
    me = Me(
        id=viewer.actor,
        name=viewer.name,
        roles=sorted(viewer.roles),
        locale=viewer.locale,
        zone=viewer.zone,
        lecture=viewer.lecture,
        csrf_token=request[CSRF_TOKEN],
    )
    return reply(me, headers={"Cache-Control": "no-store"})


def _shown(credential: credentials.Credential) -> ShownToken:
    return ShownToken(
        id=credential.id,
        label=credential.label,
        roles=None if credential.roles is None else sorted(credential.roles),
        created_at=credential.created_at,
        used_at=credential.used_at,
        expires_at=credential.expires_at,
    )
