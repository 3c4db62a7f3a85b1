"""Pages: templates in the reader's language, times in the reader's zone, a strict policy.

`player` owns the templates; any view may render one by name:

    return render(request, "today.html", live=live, coming=coming)

Every template also gets `viewer`, `csrf_token`, `locale`, `theme`, `now`, `zone`, `static(path)`,
`_` and the filters `localtime`, `duration`, `iso`, and `told` for the sentence of an error.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.parse import unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from kernel import times
from kernel.assets import Assets
from kernel.clock import Clock
from kernel.languages import LOCALES, Language, choose

HOUSE_ZONE = "Asia/Almaty"


class Viewer(Protocol):
    """What a page shows of the person who looks at it; identity's Viewer fits."""

    @property
    def name(self) -> str: ...
    @property
    def roles(self) -> frozenset[Any]: ...
    @property
    def locale(self) -> str | None: ...
    @property
    def zone(self) -> str | None: ...
    @property
    def is_signed_in(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Nobody:
    """The viewer of a request that no session belongs to."""

    name: str = ""
    roles: frozenset[Any] = frozenset()
    locale: str | None = None
    zone: str | None = None
    is_signed_in: bool = False


class Pages:
    """The templates, in every language."""

    def __init__(
        self,
        loader: FileSystemLoader,
        assets: Assets,
        languages: Mapping[str, Language],
        clock: Clock,
    ) -> None:
        self.assets = assets
        self.languages = languages
        self.clock = clock
        self._import_maps = {locale: self._import_map(locale) for locale in languages}
        self._environments = {
            locale: self._environment(loader, language) for locale, language in languages.items()
        }

    @classmethod
    def load(cls, *, templates: Path, static: Path, catalogues: Path, clock: Clock) -> Self:
        """Read the catalogues and the versions of the static files; at start-up."""
        languages = {locale: Language.load(catalogues, locale) for locale in LOCALES}
        return cls(FileSystemLoader(templates), Assets(static), languages, clock)

    def text(self, name: str, locale: str, context: Mapping[str, Any]) -> str:
        return self._environments[locale].get_template(name).render(context)

    def words_url(self, locale: str) -> str:
        return f"/words/{self.assets.version}/{locale}.js"

    def policy(self, locale: str) -> str:
        """The Content-Security-Policy: nothing foreign, no inline script but the import map."""
        digest = hashlib.sha256(self._import_maps[locale].encode()).digest()
        return "; ".join(
            (
                "default-src 'self'",
                f"script-src 'self' 'sha256-{base64.b64encode(digest).decode()}'",
                "img-src 'self' data: blob:",
                "media-src 'self' blob:",
                "worker-src 'self' blob:",
                "object-src 'none'",
                "base-uri 'none'",
                "form-action 'self'",
                "frame-ancestors 'self'",
            )
        )

    def _import_map(self, locale: str) -> str:
        url = self.assets.url
        imports = {
            "hls.js": url("vendor/hls.js/hls.mjs"),
            "daris/words": self.words_url(locale),
            "daris/": url(""),
        }
        return json.dumps({"imports": imports}, sort_keys=True)

    def _environment(self, loader: FileSystemLoader, language: Language) -> Environment:
        environment = Environment(
            loader=loader,
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "sort_keys": False}
        environment.install_gettext_translations(  # type: ignore[attr-defined]
            language.translations, newstyle=True
        )
        environment.globals |= {
            "static": self.assets.url,
            "import_map": Markup(self._import_maps[language.locale]),  # noqa: S704  our own JSON
            "locales": LOCALES,
        }
        environment.filters |= times.FILTERS
        environment.filters["told"] = language.told
        return environment


PAGES = web.AppKey("pages", Pages)
VIEWER: web.RequestKey[Viewer] = web.RequestKey("viewer", object)  # type: ignore[arg-type]
CSRF_TOKEN = web.RequestKey("csrf_token", str)


def render(request: web.Request, name: str, *, status: int = 200, **context: Any) -> web.Response:
    """The page `name` for whoever asks."""
    pages = request.app[PAGES]
    viewer: Viewer = request.get(VIEWER) or Nobody()
    locale = locale_of(request)
    ambient = {
        "viewer": viewer,
        "csrf_token": request.get(CSRF_TOKEN, ""),
        "locale": locale,
        "theme": _theme(request),
        "zone": zone_of(request),
        "now": pages.clock.now(),
        "path": request.path_qs,
    }
    body = pages.text(name, locale, ambient | context)
    return web.Response(
        text=body, status=status, content_type="text/html", headers=_headers(pages, locale)
    )


def locale_of(request: web.Request) -> str:
    """The language of the answer to `request`."""
    viewer: Viewer = request.get(VIEWER) or Nobody()
    accepted = request.headers.get("Accept-Language", "")
    return choose(request.cookies.get("locale"), viewer.locale, accepted)


def zone_of(request: web.Request) -> ZoneInfo:
    """The viewer's time zone: the person's, else the browser's, else the university's."""
    viewer: Viewer = request.get(VIEWER) or Nobody()
    said = unquote(request.cookies.get("zone", ""))  # the browser writes / as %2F
    for name in (viewer.zone, said, HOUSE_ZONE):
        try:
            return ZoneInfo(name or "")
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    raise AssertionError("The time zone database lacks the university's zone.")


def now_of(request: web.Request) -> datetime:
    return request.app[PAGES].clock.now()


def _theme(request: web.Request) -> str:
    said = request.cookies.get("theme")
    return said if said in {"light", "dark"} else "auto"


def _headers(pages: Pages, locale: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": pages.policy(locale),
        "Content-Language": locale,
        "Cache-Control": "private, no-cache",
        "Vary": "Cookie, Accept-Language",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self)",
    }
