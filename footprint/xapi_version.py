"""The version that an xAPI request speaks (1.0.3: Communication 3.3; 2.0: 4.1.6.1)."""

import re
from typing import Final

from aiohttp import web

from footprint.xapi import VERSION, VERSION_2
from kernel.errors import DarisError, Invalid
from kernel.web import Handler, problem

HEADER: Final = "X-Experience-API-Version"
SPOKEN: Final = (VERSION_2, VERSION)  # the newest first
TAKEN: Final = (*SPOKEN, "1.0.2", "1.0.1", "1.0.0")  # the older are answered in 1.0.3
INSTEAD: Final = web.RequestKey("xapi handler instead", object)  # see `alternate_request`
_KEY: Final = web.RequestKey("xapi version", str)
_LINES: Final = {  # whatever the patch, the one of the line that we speak is meant
    VERSION_2: re.compile(r"2\.0(\.\d+)?"),
    VERSION: re.compile(r"1\.0(\.\d+)?"),
}


def spoken(handler: Handler, *, is_required: bool = True) -> Handler:
    """Find the version that the request speaks, and name it in the answer, errors too."""

    async def speak(request: web.Request) -> web.StreamResponse:
        if (instead := request.pop(INSTEAD, None)) is not None:
            answer: web.StreamResponse = await instead(request)
            return answer
        request[_KEY] = _named(request)
        try:
            if is_required:
                request[_KEY] = _agreed(request.headers.get(HEADER))
            response = await handler(request)
        except DarisError as error:
            response = problem(error)
        response.headers[HEADER] = request[_KEY]
        return response

    return speak


async def name_version(request: web.Request, response: web.StreamResponse) -> None:
    """Every answer names a version, also to who is not known or asks for what is not there."""
    if request.path.startswith("/xapi/"):
        response.headers.setdefault(HEADER, _named(request))


def version_of(request: web.Request) -> str:
    """What was agreed on: one of SPOKEN."""
    return request[_KEY]


def taken_by(version: str) -> list[str]:
    """The versions that who speaks this one can be told of."""
    line = _LINES[VERSION]
    return [each for each in TAKEN if version != VERSION or line.fullmatch(each)]


def _named(request: web.Request) -> str:
    """What an answer names when nothing was agreed on: what was asked for, or else the newest."""
    version = request.headers.get(HEADER, "")
    return next((ours for ours, line in _LINES.items() if line.fullmatch(version)), VERSION_2)


def _agreed(version: str | None) -> str:
    if version is None:
        raise Invalid(f"Say which version you speak: {HEADER}: {VERSION} or {VERSION_2}.")
    for ours, line in _LINES.items():
        if line.fullmatch(version):
            return ours
    raise Invalid(f"We speak xAPI {VERSION} and {VERSION_2}, not {version:.20}.")
