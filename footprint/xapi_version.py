"""The version that an xAPI request speaks (Communication 3.3)."""

from typing import Final

from aiohttp import web

from footprint.xapi import VERSION
from kernel.errors import DarisError, Invalid
from kernel.web import Handler, problem

HEADER: Final = "X-Experience-API-Version"


def spoken(handler: Handler, *, is_required: bool = True) -> Handler:
    """Check the version that the request speaks, and name ours in the answer, errors too."""

    async def speak(request: web.Request) -> web.StreamResponse:
        try:
            if is_required:
                _check(request.headers.get(HEADER))
            response = await handler(request)
        except DarisError as error:
            response = problem(error)
        response.headers[HEADER] = VERSION
        return response

    return speak


def _check(version: str | None) -> None:
    if version is None:
        raise Invalid(f"Say which version you speak: {HEADER}: {VERSION}.")
    if version != "1.0" and not version.startswith("1.0."):
        raise Invalid(f"We speak xAPI {VERSION}, not {version:.20}.")
