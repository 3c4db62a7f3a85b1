"""Parts of a period over HTTP: lists that all may read, and that are replaced as a whole by who keeps
the calendar."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.rights import Action
from identity.sessions import require
from kernel.web import DATABASE, decode, path_id, reply
from schedule.academic import Period, period_by_id

Body = TypeVar("Body")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodPart(Generic[Body, Value]):
    """One such list; `meant` and `shown` lead from the body to what is saved, and back."""

    path: str
    body: type[Body]
    meant: Callable[[Body], Value]
    shown: Callable[[Value], Body]
    read: Callable[[AsyncConnection, Period], Awaitable[Value]]
    save: Callable[[AsyncConnection, Period, Value], Awaitable[Value]]

    def routes(self) -> list[web.RouteDef]:
        address = f"/api/v1/periods/{{id}}/{self.path}"
        return [web.get(address, self._show), web.put(address, self._replace)]

    async def _show(self, request: web.Request) -> web.Response:
        require(request, Action.SEE_SCHEDULE)
        async with request.app[DATABASE].connect() as connection:
            period = await period_by_id(connection, path_id(request))
            return reply(self.shown(await self.read(connection, period)))

    async def _replace(self, request: web.Request) -> web.Response:
        wanted = self.meant(await decode(request, self.body))
        require(request, Action.MANAGE_CALENDAR)
        async with request.app[DATABASE].begin() as connection:
            period = await period_by_id(connection, path_id(request))
            return reply(self.shown(await self.save(connection, period, wanted)))
