"""The page of auditoriums: how many people each seats, and what is still to be taught there."""

from dataclasses import dataclass

from aiohttp import web

from identity.rights import Action, allows
from identity.sessions import require
from kernel.pages import render
from kernel.web import CLOCK, DATABASE
from player.entrance import signed_in
from player.import_views import kinds_for
from schedule.auditoriums import MOST_SEATS, Use, list_auditoriums, uses_of_auditoriums
from schedule.imports import Import


@dataclass(frozen=True, slots=True)
class Listed:
    """An auditorium with its seats and its use."""

    name: str
    seats: int
    use: Use | None


def routes() -> list[web.RouteDef]:
    return [web.get("/auditoriums", show)]


async def show(request: web.Request) -> web.Response:
    viewer = signed_in(request)
    require(request, Action.SEE_SCHEDULE)
    async with request.app[DATABASE].connect() as connection:
        seats = await list_auditoriums(connection)
        uses = await uses_of_auditoriums(connection, request.app[CLOCK].now())
    return render(
        request,
        "auditoriums.html",
        listed=[Listed(name, count, uses.get(name)) for name, count in seats.items()],
        unlisted={name: uses[name] for name in sorted(uses.keys() - seats.keys())},
        most_seats=MOST_SEATS,
        can_manage=allows(viewer, Action.MANAGE_CALENDAR),
        may_import=Import.AUDITORIUMS in kinds_for(viewer),
    )
