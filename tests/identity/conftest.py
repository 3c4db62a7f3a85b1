"""A served site with a few routes that tell what identity made of a request."""

import pytest
from aiohttp import web
from argon2 import PasswordHasher

from identity.credentials import add_session
from identity.rights import Role
from identity.sessions import viewer_of
from identity.views import routes
from kernel.pages import CSRF_TOKEN


async def whoami(request: web.Request) -> web.Response:
    viewer = viewer_of(request)
    return web.json_response(
        {
            "id": viewer.actor and str(viewer.actor),
            "roles": sorted(viewer.roles),
            "lecture": viewer.lecture and str(viewer.lecture),
            "csrf": request[CSRF_TOKEN],
        }
    )


async def socket(request: web.Request) -> web.WebSocketResponse:
    answer = web.WebSocketResponse()
    await answer.prepare(request)
    await answer.close()
    return answer


@pytest.fixture
async def site(serve):
    """A client of identity's routes, `/whoami` in any method, and a socket."""
    extra = [web.route("*", "/whoami", whoami), web.get("/socket", socket)]
    return await serve([*routes(), *extra])


@pytest.fixture
async def aliya(add_person):
    """A student whose password is `correct horse`."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    return await add_person(
        Role.STUDENT, login="aliya", name="Алия", password_hash=cheap.hash("correct horse")
    )


@pytest.fixture
async def signed_in(site, aliya, database, clock):
    """The site as Aliya's browser sees it; `signed_in.csrf` is the token of her forms."""
    async with database.begin() as connection:
        token = await add_session(connection, aliya.id, at=clock.now())
    site.session.cookie_jar.update_cookies({"daris_session": token}, site.make_url("/"))
    async with site.get("/whoami") as answer:
        site.csrf = (await answer.json())["csrf"]
    return site
