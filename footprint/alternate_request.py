"""The alternate request syntax (xAPI 1.0.3, Communication 1.3; gone in 2.0): any request as a form.

A page that can send nothing but forms posts to `?method=PUT`; its headers, parameters and body are the
fields of the form. Here it becomes the request that it stands for, before anybody asks who sends it.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web
from multidict import CIMultiDict

from footprint.xapi_version import HEADER, INSTEAD
from kernel.errors import Invalid
from kernel.web import Handler

_METHODS: Final = frozenset({"GET", "PUT", "POST", "DELETE"})
_WITH_BODY: Final = frozenset({"PUT", "POST"})
_FORM: Final = "application/x-www-form-urlencoded"
_OF_THE_BODY: Final = ("Content-Type", "Content-Length")  # in a form, the ones of its content
_HEADERS: Final = (*_OF_THE_BODY, "Authorization", HEADER, "If-Match", "If-None-Match")
_CONTENT: Final = "content"
_BODY: Final = web.RequestKey("xapi body", bytes)


@web.middleware
async def alternate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Pass on the request that a form stands for; Invalid when it stands for none."""
    is_form = request.method == "POST" and "method" in request.query
    if not (is_form and request.path.startswith("/xapi/")):
        return await handler(request)
    return await handler(await _meant(request))


async def body_of(request: web.Request) -> bytes:
    """The body of a request of either syntax."""
    content = request.get(_BODY)
    return await request.read() if content is None else content


async def _meant(request: web.Request) -> web.Request:
    if len(request.query) > 1 or request.query["method"] not in _METHODS:
        raise Invalid("Beside a method, all parameters of an alternate request are in its form.")
    fields = await _fields(request)
    headers = _headers(request, fields)
    if headers.get(HEADER, "").startswith("2"):
        raise Invalid("xAPI 2.0 has no alternate request syntax.")
    method = request.query["method"]
    content = fields.pop(_CONTENT, None)
    if (content is None) == (method in _WITH_BODY):
        raise Invalid(f"The form of a {method} has {'no' if content else 'a field named'} content.")
    meant = request.clone(
        method=method, rel_url=request.rel_url.with_query(fields), headers=headers
    )
    if meant.content_type.startswith("multipart/"):
        raise Invalid("An alternate request brings no files.")
    if content is not None:
        meant[_BODY] = content.encode()
    target = await request.app.router.resolve(meant)
    if target.http_exception is not None:
        raise target.http_exception
    meant[INSTEAD] = target.handler
    return meant


async def _fields(request: web.Request) -> dict[str, str]:
    """The fields of the form, each once."""
    if request.content_type != _FORM:
        raise Invalid(f"Send an alternate request as {_FORM}.")
    data = await request.clone().read()  # from a copy: a request that was read can't be cloned
    try:
        pairs = parse_qsl(
            data.decode(), keep_blank_values=True, strict_parsing=bool(data), errors="strict"
        )
    except ValueError as error:
        raise Invalid(f"The form can't be read: {error}.") from error
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise Invalid("A field of the form stands there twice.")
    return fields


def _headers(request: web.Request, fields: dict[str, str]) -> CIMultiDict[str]:
    """The headers that are meant, taken out of the fields. Where both name one, the real one counts,
    but for those of the body."""
    told: Mapping[str, str] = {
        name: fields.pop(name) for name in _HEADERS if fields.get(name) is not None
    }
    headers = CIMultiDict(request.headers)
    for name in _OF_THE_BODY:
        headers.popall(name, None)
    headers["Content-Type"] = told.get("Content-Type", "application/json")
    for name in set(told) - set(_OF_THE_BODY):
        headers.setdefault(name, told[name])
    return headers
