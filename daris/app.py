"""Assembly: one application out of the packages, each resource opened and closed in one place."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import nullcontext
from datetime import timedelta
from fractions import Fraction
from functools import partial
from typing import cast, get_args
from uuid import UUID

from aiohttp import web

from daris import admission, casing, channels, health
from daris.migrations.schema import migrate
from footprint import alternate_request, heat_views, lrs, xapi_version
from footprint import log as event_log
from footprint import views as footprint_views
from footprint.checkpoints import Signer
from footprint.drain import Drain
from footprint.eraser import Eraser
from footprint.erasure_views import ERASER
from footprint.outbox import outbox_folder, outbox_of
from footprint.polls import polls_so_far
from footprint.prewatch import note_assignments
from footprint.retention import rules_in
from footprint.rulebook import versions
from footprint.statements import House
from footprint.upkeep import Upkeep
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
from live import echo_views, room_life, whip
from live import views as live_views
from live.echo import Echoes
from live.endpoint import media_host
from live.events import ChatModeSet, ChatSaid, LiveFact, PersonJoined, RoomOpened
from live.gate import Gate
from live.ice_tcp import open_ice_tcp
from live.podium import PodiumFact
from live.port import MediaPort
from live.rooms import ROOMS, Rooms
from live.stage import Stage
from live.turn import read_ice_servers
from live.waiting_room import WaitingFact
from player import (
    auditorium_views,
    beacons,
    caption_api,
    caption_editing,
    course_package_api,
    course_views,
    deletion,
    delivery,
    editing,
    editor_views,
    extras,
    import_views,
    job_api,
    month,
    notice_views,
    package_api,
    period_views,
    places,
    podcast_api,
    retention,
    sharing,
    site,
    television,
    week,
)
from player import views as player_views
from player.delivery import LIBRARY
from schedule import (
    academic_api,
    agenda,
    auditorium_api,
    calendar_api,
    channel_api,
    channel_views,
    course_api,
    enrolment_api,
    feed_api,
    import_api,
    moving_api,
    prepared_poll_api,
    review_api,
    series_api,
    subjects,
    surge_api,
    wish_api,
)
from schedule import api as schedule_api
from schedule.announcer import Announcer
from schedule.policy_versions import POLICY_VERSIONS
from transcode.library import Library
from transcode.recording import RecordingState

_PATIENCE = timedelta(seconds=3)  # for the log to take in what an earlier process left
JOURNAL = web.AppKey("journal", Journal)


Resource = Callable[[web.Application], AsyncIterator[None]]


def build(settings: Settings, clock: Clock) -> web.Application:
    """Everything in one process. Resources open in the order below and close in reverse."""
    app = web.Application(
        middlewares=[
            live_views.media_first,
            kernel_web.timed,
            kernel_web.problems,
            alternate_request.alternate,
            identity_sessions.authenticate,
            csrf.protect,
        ],
        client_max_size=kernel_web.MAX_BODY,
    )
    app[SETTINGS] = settings
    app[CLOCK] = clock
    app[PAGES] = site.load_pages(clock)
    app[ERROR_PAGE] = site.error_page
    app[POLICY_VERSIONS] = versions
    app.cleanup_ctx.extend(_resources())
    app.on_shutdown.append(live_views.say_goodbye)
    app.on_shutdown.append(extras.say_goodbye)
    app.on_response_prepare.append(whip.for_strangers)
    app.on_response_prepare.append(xapi_version.name_version)
    for routes in _routes():
        app.add_routes(routes)
    delivery.add_routes(app, admission.may_watch)
    return app


def _resources() -> tuple[Resource, ...]:
    return (
        _database,
        _journal,
        _bus,
        _storage,
        subjects.opened,
        _drain,
        _outbox,
        _upkeep,
        identity_views.opened,
        agenda.opened,
        wish_api.opened([note_assignments]),
        _library,
        _views,
        extras.opened,
        heat_views.opened,
        lrs.opened,
        course_package_api.opened,
        deletion.opened,
        _rooms,
        channels.opened,
    )


def _routes() -> tuple[Sequence[web.RouteDef], ...]:
    return (
        health.routes(),
        site.ROUTES,
        identity_views.routes(),
        schedule_api.routes(),
        academic_api.routes(),
        calendar_api.routes(),
        series_api.routes(),
        course_api.routes(),
        enrolment_api.routes(),
        import_api.routes(),
        surge_api.routes(),
        review_api.routes(),
        auditorium_api.routes(),
        moving_api.routes(),
        feed_api.routes(),
        podcast_api.routes(),
        wish_api.routes(),
        prepared_poll_api.routes(),
        notice_views.routes(),
        player_views.routes(),
        week.routes(),
        month.routes(),
        course_views.routes(),
        period_views.routes(),
        import_views.routes(),
        auditorium_views.routes(),
        beacons.routes(admission.may_take_part),
        live_views.routes(),
        echo_views.routes(),
        footprint_views.routes(admission.may_take_part),
        heat_views.routes(),
        channel_api.routes(),
        channel_views.routes(),
        television.routes(),
        extras.routes(admission.may_watch),
        editing.routes(),
        job_api.routes(),
        deletion.routes(),
        sharing.routes(),
        retention.routes(),
        editor_views.routes(),
        caption_api.routes(admission.may_watch),
        caption_editing.routes(),
        package_api.routes(_chat_to_pack, _results_to_pack),
        course_package_api.routes(_chat_to_pack, _results_to_pack),
    )


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
    house = House(app[SETTINGS].address)
    drain = Drain(app[JOURNAL], app[DATABASE], app[CLOCK], house)
    folder = outbox_folder(app[SETTINGS])
    app[ERASER] = Eraser(app[DATABASE], app[CLOCK], house, drain, folder)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(drain.run(), name="footprint-drain")
        yield
        running.cancel()


async def _outbox(app: web.Application) -> AsyncIterator[None]:
    """Our statements, given on to another system's store, if one is set."""
    settings = app[SETTINGS]
    if not settings.xapi_url:
        yield
        return
    outbox = outbox_of(settings, app[DATABASE], app[CLOCK])
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(outbox.run(), name="footprint-outbox")
        yield
        running.cancel()


async def _upkeep(app: web.Application) -> AsyncIterator[None]:
    """The log's checkpoints and retention."""
    settings = app[SETTINGS]
    signer = Signer(settings.checkpoint_secret)
    drain = app[ERASER].drain
    rules = rules_in(settings.footprint_days)
    upkeep = Upkeep(app[DATABASE], app[CLOCK], signer, settings.checkpoints, drain, rules)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(upkeep.run(), name="footprint-upkeep")
        yield
        running.cancel()


async def _views(app: web.Application) -> AsyncIterator[None]:
    """Who watches by HLS."""
    views = beacons.Views(
        app[RECORDER],
        app[CLOCK],
        length_of=partial(_length, app[LIBRARY]),
        keep=partial(places.keep, app[DATABASE]),
    )
    app[beacons.VIEWS] = views
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(views.run(), name="views")
        yield
        running.cancel()


async def _library(app: web.Application) -> AsyncIterator[None]:
    settings = app[SETTINGS]
    part_target = Fraction(settings.part_seconds).limit_denominator(1000)
    app[LIBRARY] = Library(settings.data_dir / "media", part_target=part_target)
    yield


async def _rooms(app: web.Application) -> AsyncIterator[None]:
    settings, clock = app[SETTINGS], app[CLOCK]
    host = media_host(settings.bind, settings.media_bind)
    takes_tcp = settings.media_tcp and settings.media_port != settings.port
    async with (
        MediaPort.open(host, settings.media_port, settings.announce, clock=clock) as port,
        open_ice_tcp(port) if takes_tcp else nullcontext(),
    ):
        app[live_views.MEDIA_PORT] = port
        house = room_life.House(
            database=app[DATABASE],
            recorder=app[RECORDER],
            announcer=Announcer(app[DATABASE], app[RECORDER], app[BUS], clock),
            clock=clock,
            library=app[LIBRARY],
            stage=lambda listener: Stage(port, listener, clock=clock),
            gate=Gate(clock, per_second=settings.joins_per_second),
            ice_servers=read_ice_servers(
                settings.ice_servers, settings.turn_urls, settings.turn_secret
            ),
            recall=partial(_chat_so_far, app[DATABASE]),
            recall_facts=partial(_facts_so_far, app[DATABASE], app[ERASER].drain),
        )
        rooms = app[ROOMS] = Rooms(house, app[BUS])
        echoes = app[echo_views.ECHOES] = Echoes(port, clock)
        async with rooms.open(), echoes.open():
            yield


async def _chat_to_pack(request: web.Request, lecture: UUID) -> Sequence[package_api.Said]:
    async with request.app[DATABASE].connect() as connection:
        return await casing.chat_of(connection, lecture)


async def _results_to_pack(request: web.Request, lecture: UUID) -> Sequence[package_api.Result]:
    async with request.app[DATABASE].connect() as connection:
        return await casing.results_of(connection, lecture)


async def _chat_so_far(database: Database, lecture: UUID, at_most: int) -> list[ChatSaid]:
    """The newest lines, for a room that comes back after a restart."""
    async with database.connect() as connection:
        kept = await event_log.facts_of_lecture(connection, lecture, ChatSaid)
    return [line.fact for line in kept if isinstance(line.fact, ChatSaid)][-at_most:]


async def _facts_so_far(database: Database, drain: Drain, lecture: UUID) -> list[LiveFact]:
    """What was asked and answered, who held a hand up or the floor and who was let in, when all that a killed
    process left in the journal is in the log."""
    await drain.catch_up(_PATIENCE)
    kinds = (RoomOpened, PersonJoined, ChatModeSet, *get_args(PodiumFact), *get_args(WaitingFact))
    async with database.connect() as connection:
        polls = await polls_so_far(connection, lecture)
        held = await event_log.facts_of_lecture(connection, lecture, *kinds)
    return [*polls, *(cast(LiveFact, one.fact) for one in held)]


def _length(library: Library, lecture: UUID) -> timedelta | None:
    """Of a finished recording that is being watched, and so is in memory."""
    found = library.remembered(lecture)
    is_whole = found is not None and found.state is RecordingState.FINISHED
    return found.duration if found is not None and is_whole else None
