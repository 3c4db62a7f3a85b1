"""Lectures that are over, with a drawn recording."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bench import clips
from player.delivery import LIBRARY
from schedule.lectures import Lecture, advance
from schedule.lifecycle import LectureState, RecordingState


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
