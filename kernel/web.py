"""What every view uses: decoding, replies, paging, and errors as problem+json (RFC 9457)."""

import math
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import structlog
from aiohttp import web
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from kernel.bus import Bus
from kernel.clock import Clock
from kernel.database import Database
from kernel.errors import DarisError, Invalid, NotFound, TooLarge, Unavailable, Unsupported
from kernel.facts import Recorder
from kernel.proxies import Proxies
from kernel.settings import Settings
from kernel.storage import Storage
from kernel.telemetry import REQUEST_SECONDS

log = structlog.get_logger()

SETTINGS: web.AppKey[Settings] = web.AppKey("settings", Settings)
CLOCK: web.AppKey[Clock] = web.AppKey("clock", Clock)
DATABASE: web.AppKey[Database] = web.AppKey("database", Database)
BUS: web.AppKey[Bus] = web.AppKey("bus", Bus)
RECORDER: web.AppKey[Recorder] = web.AppKey("recorder", Recorder)
STORAGE: web.AppKey[Storage] = web.AppKey("storage", Storage)
ERROR_PAGE: web.AppKey["ErrorPage"] = web.AppKey("error page", object)  # type: ignore[arg-type]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ErrorPage = Callable[[web.Request, DarisError], web.Response]
T = TypeVar("T")

MAX_BODY = 1 << 20  # bytes; uploads have routes of their own

_DATABASE_AWAY = "This can't be done now: the database does not answer. Try again in a moment."

HTTP_CODES = {
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
}


class Page(msgspec.Struct, frozen=True):
    """Which part of a list: `limit` rows behind the row whose id is `after`."""

    limit: int = 50
    after: UUID | None = None


async def decode(request: web.Request, kind: type[T]) -> T:
    """The JSON body as `kind`. Unsupported, TooLarge or Invalid say what is wrong with it."""
    if request.content_type not in {"application/json", "application/merge-patch+json"}:
        raise Unsupported("Send the body as application/json.")
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except web.HTTPRequestEntityTooLarge as error:
        raise TooLarge("The body is larger than 1 MiB.") from error
    except (msgspec.DecodeError, RecursionError) as error:  # the latter when nested too deeply
        raise Invalid(f"The body can't be read: {error}.") from error


def query(request: web.Request, kind: type[T]) -> T:
    """The query string as `kind`; Invalid names the parameter that is wrong."""
    try:
        return msgspec.convert(dict(request.query), kind, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(f"The address can't be read: {error}.") from error


def page_of(request: web.Request) -> Page:
    """`limit` (1 to 500) and `after` of the query string."""
    page = query(request, Page)
    if not 1 <= page.limit <= 500:
        raise Invalid("limit is a number from 1 to 500.")
    return page


def path_id(request: web.Request, name: str = "id") -> UUID:
    """The UUID in the path; NotFound when it is none."""
    try:
        return UUID(request.match_info[name])
    except ValueError as error:
        raise NotFound("There is nothing at this address.") from error


def origin_of(request: web.Request) -> str:
    """The address from which the request comes, before any proxy of the house; empty if it has none."""
    proxies = Proxies.read(request.app[SETTINGS].trusted_proxies)
    return proxies.origin(request.remote or "", request.headers.getall("X-Forwarded-For", ()))


def reply(
    body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """`body` as JSON."""
    return web.Response(
        body=msgspec.json.encode(body),
        status=status,
        content_type="application/json",
        headers=headers,
    )


def problem(error: DarisError) -> web.Response:
    """The error as application/problem+json."""
    body: dict[str, Any] = {
        "type": f"urn:daris:problem:{error.code}",
        "title": error.message,
        "status": error.status,
    }
    if error.values:
        body |= {"template": error.template, "values": error.values}
    if error.findings:
        body["findings"] = error.findings
    headers = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after.total_seconds())))
    return web.Response(
        body=msgspec.json.encode(body),
        status=error.status,
        content_type="application/problem+json",
        headers=headers,
    )


def wants_html(request: web.Request) -> bool:
    """A person's browser asks for a page, not a script for data."""
    return "text/html" in request.headers.get("Accept", "") and not request.path.startswith(
        ("/api/", "/hls/", "/xapi", "/whip", "/whep")
    )


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn errors into problem+json, or into the error page for a person."""
    try:
        return await handler(request)
    except DarisError as error:
        return _answer(request, error)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        answer = _answer(request, _as_ours(error))
        if "Allow" in error.headers:
            answer.headers["Allow"] = error.headers["Allow"]
        return answer
    except ConnectionError:
        raise
    except (OperationalError, InterfaceError, PoolTimeoutError) as error:
        log.error("web.database_away", route=_route(request), reason=str(error).splitlines()[0])
        return _answer(request, Unavailable(_DATABASE_AWAY, retry_after=timedelta(seconds=5)))
    except Exception:
        log.exception("web.request_failed", method=request.method, route=_route(request))
        return _answer(request, DarisError("Something went wrong on our side; it has been noted."))


@web.middleware
async def timed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Measure how long answers take, by route."""
    start = time.perf_counter()
    response = await handler(request)
    if not isinstance(response, web.WebSocketResponse) and "_HLS_msn" not in request.query:
        seconds = time.perf_counter() - start
        REQUEST_SECONDS.labels(request.method, _route(request), response.status).observe(seconds)
    return response


def _answer(request: web.Request, error: DarisError) -> web.Response:
    page = request.app.get(ERROR_PAGE)
    if page is not None and wants_html(request):
        return page(request, error)
    return problem(error)


def _as_ours(error: web.HTTPException) -> DarisError:
    ours = DarisError(
        {
            404: "There is nothing at this address.",
            405: "This address does not take that method.",
            413: "The body is larger than we take.",
        }.get(error.status, f"{error.reason}.")
    )
    ours.status = error.status  # type: ignore[misc]  # this one instance stands for aiohttp's
    ours.code = HTTP_CODES.get(error.status, "http")  # type: ignore[misc]
    return ours


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unmatched"
