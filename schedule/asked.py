"""The lecture that a request is about."""

from aiohttp import web

from identity.sessions import viewer_of
from kernel.web import DATABASE, path_id
from schedule.lectures import lecture_by_id
from schedule.lifecycle import Lecture


async def lecture_of(request: web.Request) -> Lecture:
    """The one whose id stands in the address, as far as who asks is concerned; NotFound."""
    async with request.app[DATABASE].connect() as connection:
        return await lecture_by_id(connection, path_id(request), viewer=viewer_of(request))
