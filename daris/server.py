"""One serving process: open the port, say where, wait for the signal, close in order."""

import asyncio
import errno
import gc
import signal

import structlog
from aiohttp import web

from daris.admission import may_still_watch
from daris.channels import HANDOVER
from kernel.errors import SettingsError
from kernel.settings import Settings
from player.delivery import LIBRARY
from player.fast_lane import FastLane, FastSite

log = structlog.get_logger()

SHUTDOWN_SECONDS = 10


async def serve(app: web.Application, settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, or SIGUSR1, which leaves channels on air for the next server; SettingsError
    when the port is taken or not ours."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    try:
        await runner.setup()
        gc.collect()
        gc.freeze()  # what start-up made stays; looking through it again would hold up media
        await _listen(runner, settings)
        log.info("daris.serving", address=settings.address, media_port=settings.media_port)
        await _told_to_stop(app[HANDOVER])
        log.info("daris.stopping")
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, settings: Settings) -> None:
    lane = FastLane(runner.app[LIBRARY], may_still_watch)
    site = FastSite(runner, settings.bind, settings.port, lane)
    try:
        await site.start()
    except OSError as error:
        where = f"{settings.bind}:{settings.port}"
        if error.errno == errno.EADDRINUSE:
            raise SettingsError(
                f"Something else listens on {where} already; stop it or set DARIS_PORT."
            ) from error
        raise SettingsError(f"We can't listen on {where}: {error.strerror}.") from error


async def _told_to_stop(handover: asyncio.Event) -> None:
    told = asyncio.Event()

    def hand_over() -> None:
        handover.set()
        told.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    loop.add_signal_handler(signal.SIGUSR1, hand_over)
    await told.wait()
