"""The way in to pages that are for people with an account."""

from urllib.parse import quote

from aiohttp import web

from identity.rights import Viewer
from identity.sessions import viewer_of


def to_login(request: web.Request) -> web.HTTPSeeOther:
    """To be raised: the log-in page, and back to this page from there."""
    return web.HTTPSeeOther(f"/login?next={quote(request.path_qs, safe='')}")


def signed_in(request: web.Request) -> Viewer:
    """Who looks at the page; HTTPSeeOther to the log-in for who has not signed in."""
    viewer = viewer_of(request)
    if not viewer.is_signed_in:
        raise to_login(request)
    return viewer
