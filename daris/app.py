"""Assembly: one application out of the packages, each resource opened and closed in one place."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from daris import health
from daris.migrations.schema import migrate
from footprint.drain import Drain
from footprint.statements import House
from identity import csrf
from identity import sessions as identity_sessions
from identity import views as identity_views
from kernel import web as kernel_web
from kernel.bus import open_bus
from kernel.clock import Clock
from kernel.database import Database
from kernel.journal import Journal, open_journal
from kernel.pages import PAGES
from kernel.settings import Settings
from kernel.storage import Storage
from kernel.web import BUS, CLOCK, DATABASE, ERROR_PAGE, RECORDER, SETTINGS, STORAGE
from player import site
from schedule import agenda
from schedule import api as schedule_api

JOURNAL = web.AppKey("journal", Journal)


def build(settings: Settings, clock: Clock) -> web.Application:
    """Everything in one process. Resources open in the order below and close in reverse."""
    app = web.Application(
        middlewares=[
            kernel_web.timed,
            kernel_web.problems,
            identity_sessions.authenticate,
            csrf.protect,
        ],
        client_max_size=kernel_web.MAX_BODY,
    )
    app[SETTINGS] = settings
    app[CLOCK] = clock
    app[PAGES] = site.load_pages(clock)
    app[ERROR_PAGE] = site.error_page
    app.cleanup_ctx.extend(
        (
            _database,
            _journal,
            _bus,
            _storage,
            _drain,
            identity_views.opened,
            agenda.opened,
        )
    )
    app.add_routes(health.routes())
    app.add_routes(site.ROUTES)
    app.add_routes(identity_views.routes())
    app.add_routes(schedule_api.routes())
    return app


async def _database(app: web.Application) -> AsyncIterator[None]:
    database = Database.open(app[SETTINGS].database)
    try:
        await database.check()
        await migrate(database)
        app[DATABASE] = database
        yield
    finally:
        await database.aclose()


async def _journal(app: web.Application) -> AsyncIterator[None]:
    async with open_journal(app[SETTINGS].data_dir / "journal") as journal:
        app[JOURNAL] = app[RECORDER] = journal
        yield


async def _bus(app: web.Application) -> AsyncIterator[None]:
    async with open_bus(app[SETTINGS].redis_url) as bus:
        app[BUS] = bus
        yield


async def _storage(app: web.Application) -> AsyncIterator[None]:
    app[STORAGE] = Storage.open(app[SETTINGS].storage)
    yield


async def _drain(app: web.Application) -> AsyncIterator[None]:
    """Opened early and closed late, so that what the others record at their end is drained."""
    drain = Drain(app[JOURNAL], app[DATABASE], app[CLOCK], House(app[SETTINGS].address))
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(drain.run(), name="footprint-drain")
        yield
        running.cancel()
