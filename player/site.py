"""The site's own routes: static files, words of the scripts, the choice of language, errors."""

from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from aiohttp import web

from kernel.clock import Clock
from kernel.errors import DarisError, NotFound
from kernel.languages import LOCALES
from kernel.pages import PAGES, Pages, render

HERE = Path(__file__).resolve().parent

_FOR_EVER = "public, max-age=31536000, immutable"  # the address changes with the content
_ASK_AGAIN = "no-cache"
_YEAR_SECONDS = 365 * 24 * 3600


def load_pages(clock: Clock) -> Pages:
    """The templates, static files and catalogues of this package."""
    return Pages.load(
        templates=HERE / "templates",
        static=HERE / "static",
        catalogues=HERE / "locale",
        clock=clock,
    )


async def static_file(request: web.Request) -> web.FileResponse:
    """`/static/<version>/<path>`; any version gets today's file, only today's may be kept."""
    assets = request.app[PAGES].assets
    file = assets.find(request.match_info["path"])
    fresh = request.match_info["version"] == assets.version
    headers = {
        "Cache-Control": _FOR_EVER if fresh else _ASK_AGAIN,
        "X-Content-Type-Options": "nosniff",
    }
    if file.suffix in {".js", ".mjs"}:  # machines disagree about their type
        headers["Content-Type"] = "text/javascript"
    return web.FileResponse(file, headers=headers)


async def words(request: web.Request) -> web.Response:
    """The translations that scripts need, as a module."""
    pages = request.app[PAGES]
    language = pages.languages.get(request.match_info["locale"])
    if language is None:
        raise NotFound("There is no such language.")
    fresh = request.match_info["version"] == pages.assets.version
    return web.Response(
        text=language.module(),
        content_type="text/javascript",
        headers={"Cache-Control": _FOR_EVER if fresh else _ASK_AGAIN},
    )


async def choose_language(request: web.Request) -> NoReturn:
    """Keep the language in a cookie and go back to where the reader was."""
    locale = request.match_info["locale"]
    if locale not in LOCALES:
        raise NotFound("There is no such language.")
    back = web.HTTPSeeOther(own_address(request.query.get("next", "/")))
    back.set_cookie("locale", locale, max_age=_YEAR_SECONDS, samesite="Lax")
    raise back


def own_address(address: str) -> str:
    """`address` when it stays on this site, else the start page."""
    parts = urlsplit(address.replace("\\", "/"))
    is_ours = not parts.scheme and not parts.netloc and address.startswith("/")
    return address if is_ours and not address.startswith(("//", "/\\")) else "/"


def error_page(request: web.Request, error: DarisError) -> web.Response:
    """What a person sees in place of problem+json; for kernel.web's ERROR_PAGE."""
    return render(request, "error.html", status=error.status, http_status=error.status, error=error)


ROUTES = (
    web.get("/static/{version}/{path:.+}", static_file),
    web.get("/words/{version}/{locale}.js", words),
    web.get("/language/{locale}", choose_language),
)
