"""Lectures that are over, with a drawn recording; a channel, its library and its desk."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from bench import clips
from identity.rights import Action, Subject
from identity.sessions import require
from kernel.web import SETTINGS
from player import site
from player.delivery import LIBRARY
from schedule import channel_api, channel_views
from schedule.channels import Channel, HouseItem, add_channel, keep_house_item
from schedule.lectures import Lecture, advance
from schedule.lifecycle import LectureState, RecordingState
from schedule.places import library_folder
from transcode.library import Library


@pytest.fixture
def library(tmp_path: Path) -> Callable[[web.Application], AsyncIterator[None]]:
    """A cleanup context: the recordings of this test."""

    async def context(app: web.Application) -> AsyncIterator[None]:
        app[LIBRARY] = Library(tmp_path / "media")
        yield

    return context


@pytest.fixture
def may_watch() -> Callable[[web.Request, UUID], Awaitable[None]]:
    """Whoever is signed in may watch a lecture."""

    async def check(request: web.Request, lecture: UUID) -> None:
        require(request, Action.WATCH_RECORDING, Subject(lecture=lecture))

    return check


@pytest.fixture
def operate(serve, database, clock) -> Callable[..., Awaitable[TestClient]]:
    """`await operate(channel, *items, files=…)`: a client of the channel's pages and API."""

    async def make(channel: Channel, *items: HouseItem, files: Sequence[str]) -> TestClient:
        async with database.begin() as connection:
            await add_channel(connection, channel, at=clock.now())
            for item in items:
                await keep_house_item(connection, item, at=clock.now())
        client = await serve([*site.ROUTES, *channel_api.routes(), *channel_views.routes()])
        library = library_folder(client.app[SETTINGS])
        library.mkdir()
        for name in files:
            (library / name).write_bytes(b"media")
        return client

    return make


@pytest.fixture
def publish(client, database, clock) -> Callable[..., Awaitable[Lecture]]:
    """`await publish(planned, seconds)`: the lecture, over, with so much of a recording."""

    async def over(planned: Lecture, seconds: float, *, gop: int = 50, **more: Any) -> Lecture:
        opened = client.app[LIBRARY].open_recording(
            planned.id, clock.now(), post=lambda call: call()
        )
        clips.record(opened, seconds, gop=gop)
        async with database.begin() as connection:
            return await advance(
                connection,
                planned,
                None,
                at=clock.now(),
                state=LectureState.PUBLISHED,
                recording=RecordingState.READY,
                **more,
            )

    return over
