"""Cross-site request forgery: what a browser adds by itself must not act for a person.

Unsafe methods must come from our own origin (the rule of Go's `CrossOriginProtection`: by
`Sec-Fetch-Site`, else by `Origin`; a request with neither is not a browser's). Requests known by a
cookie must also show the token of that session in `X-CSRF-Token` or in the form field `csrf`.
Opening a socket with a cookie is held to the origin rule too. An Authorization header is exempt:
no browser adds that by itself.
"""

import base64
import hmac
from urllib.parse import urlsplit

from aiohttp import web

from identity.credentials import token_hash
from identity.sessions import Carrier, Handler, Proof, proof_of
from kernel.errors import Forbidden
from kernel.pages import CSRF_TOKEN
from kernel.web import SETTINGS

HEADER = "X-CSRF-Token"
FIELD = "csrf"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LOG_INS = frozenset({"/login", "/api/v1/session"})  # they replace the session: origin is enough


class FormTokens:
    """The token that belongs to a session or ticket: an HMAC, so nothing is stored."""

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, b"daris form tokens", "sha256")

    def token(self, proof: Proof) -> str:
        digest = hmac.digest(self._key, token_hash(proof.text), "sha256")
        return base64.urlsafe_b64encode(digest[:24]).decode()

    def fits(self, proof: Proof, shown: str) -> bool:
        return hmac.compare_digest(self.token(proof).encode(), shown.encode())


FORM_TOKENS = web.AppKey("form tokens", FormTokens)


@web.middleware
async def protect(request: web.Request, handler: Handler) -> web.StreamResponse:
    """After `authenticate`: set `request[CSRF_TOKEN]`, and refuse what another site sent."""
    proof = proof_of(request)
    tokens = request.app[FORM_TOKENS]
    request[CSRF_TOKEN] = tokens.token(proof) if proof else ""
    if _may_act(request) and not (proof and proof.carrier is Carrier.HEADER):
        _check_origin(request)
        if proof and proof.carrier is Carrier.COOKIE and _needs_token(request):
            await _check_token(request, tokens, proof)
    return await handler(request)


def _may_act(request: web.Request) -> bool:
    return request.method not in _SAFE or _opens_socket(request)


def _opens_socket(request: web.Request) -> bool:
    return request.headers.get("Upgrade", "").lower() == "websocket"


def _needs_token(request: web.Request) -> bool:
    if _opens_socket(request):
        return False  # a script can't add headers there
    return request.method != "POST" or request.path not in _LOG_INS


def _check_origin(request: web.Request) -> None:
    if not _is_from_here(request):
        raise Forbidden("This was sent by a page of another site; open it here and try again.")


def _is_from_here(request: web.Request) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc.lower() in _our_hosts(request)


def _our_hosts(request: web.Request) -> set[str]:
    return {request.host.lower(), urlsplit(request.app[SETTINGS].address).netloc.lower()}


async def _check_token(request: web.Request, tokens: FormTokens, proof: Proof) -> None:
    if not tokens.fits(proof, await _shown_token(request)):
        raise Forbidden("This page is out of date; reload it and try again.")


async def _shown_token(request: web.Request) -> str:
    header = request.headers.get(HEADER)
    if header is not None:
        return header
    if request.content_type != "application/x-www-form-urlencoded":
        return ""
    return str((await request.post()).get(FIELD, ""))
