"""The link that confirms an e-mail address: it leads back to one's own page."""

from aiohttp import web

from kernel.web import CLOCK, DATABASE, SETTINGS
from player.entrance import signed_in
from schedule.wishes import confirm


def routes() -> list[web.RouteDef]:
    return [web.get("/me/notices/confirm/{signature:[A-Za-z0-9_-]{32}}", follow)]


async def follow(request: web.Request) -> web.Response:
    """For who is signed in as the person that asked. Following it twice is following it once."""
    viewer = signed_in(request)
    assert viewer.person_id is not None  # they are signed in
    async with request.app[DATABASE].begin() as connection:
        await confirm(
            connection,
            viewer.person_id,
            request.match_info["signature"],
            secret=request.app[SETTINGS].signing_secret,
            at=request.app[CLOCK].now(),
        )
    return web.Response(status=303, headers={"Location": "/me#notices"})
