"""The page on which files come in, for who may bring in at least one kind of them."""

from typing import Final

import msgspec
from aiohttp import web

from identity.rights import Viewer, allows
from kernel.errors import Forbidden
from kernel.pages import render
from kernel.web import query
from player.entrance import signed_in
from schedule import auditorium_sheet, class_sheet, norms, roster
from schedule.imports import RIGHTS, Import

_COLUMNS: Final = {
    Import.ROSTER: roster.COLUMNS,
    Import.CLASSES: class_sheet.COLUMNS,
    Import.NORMS: norms.COLUMNS,
    Import.AUDITORIUMS: auditorium_sheet.COLUMNS,
}


class ImportPageQuery(msgspec.Struct, frozen=True):
    """The query string: which kind is chosen at first."""

    what: Import | None = None


def routes() -> list[web.RouteDef]:
    return [web.get("/import", show)]


def kinds_for(viewer: Viewer) -> list[Import]:
    """What this viewer may import."""
    return [kind for kind, action in RIGHTS.items() if allows(viewer, action)]


async def show(request: web.Request) -> web.Response:
    viewer, asked = signed_in(request), query(request, ImportPageQuery)
    kinds = kinds_for(viewer)
    if not kinds:
        raise Forbidden("Your role does not allow this here.")
    return render(
        request,
        "import.html",
        kinds=kinds,
        chosen=asked.what if asked.what in kinds else kinds[0],
        columns=_COLUMNS,
    )
