"""The version that an xAPI request speaks (1.0.3: Communication 3.3; 2.0: 4.1.6.1)."""

from typing import Final

from aiohttp import web

from footprint.xapi import VERSION, VERSION_2
from kernel.errors import DarisError, Invalid
from kernel.web import Handler, problem

HEADER: Final = "X-Experience-API-Version"
SPOKEN: Final = (VERSION_2, VERSION)  # the newest first
_KEY: Final = web.RequestKey("xapi version", str)


def spoken(handler: Handler, *, is_required: bool = True) -> Handler:
    """Find the version that the request speaks, and name it in the answer, errors too."""

    async def speak(request: web.Request) -> web.StreamResponse:
        request[_KEY] = VERSION  # who says nothing is mostly old
        try:
            if is_required:
                request[_KEY] = _agreed(request.headers.get(HEADER))
            response = await handler(request)
        except DarisError as error:
            response = problem(error)
        response.headers[HEADER] = request[_KEY]
        return response

    return speak


def version_of(request: web.Request) -> str:
    """What was agreed on: one of SPOKEN."""
    return request[_KEY]


def _agreed(version: str | None) -> str:
    """The one of ours that is meant: 1.0 and any patch of it, or any patch of 2.0."""
    if version is None:
        raise Invalid(f"Say which version you speak: {HEADER}: {VERSION} or {VERSION_2}.")
    for ours in SPOKEN:
        line = ours.rpartition(".")[0]
        if version.startswith(f"{line}.") or version == line == "1.0":
            return ours
    raise Invalid(f"We speak xAPI {VERSION} and {VERSION_2}, not {version:.20}.")
