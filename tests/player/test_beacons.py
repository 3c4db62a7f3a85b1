"""Beacons over HTTP: who may send them, what is refused, and what becomes durable when."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from identity.credentials import add_token_for_role
from identity.rights import Role
from identity.sessions import SESSIONS, Sessions, authenticate
from identity.tickets import TICKETS, Tickets
from kernel.errors import Unavailable
from kernel.ids import new_id
from kernel.settings import Settings
from kernel.web import CLOCK, DATABASE, SETTINGS, problems
from player.beacons import MOST_VIEWS_OF_ONE, SILENCE, VIEWS, Views, routes
from player.events import ViewBegan, ViewEnded, ViewPaused, ViewPlayed, ViewProgressed

TEN = timedelta(seconds=10)


async def anybody(_request: web.Request, _lecture: UUID) -> None:
    """A guard of rooms without a waiting room."""


class Disk:
    """A recorder that keeps facts in a list, until the disk is full."""

    def __init__(self) -> None:
        self.facts = []
        self.is_full = False

    async def record(self, *facts) -> None:
        await asyncio.sleep(0)
        if self.is_full and facts:
            raise Unavailable("The disk is full.")
        self.facts.extend(facts)

    @property
    def kinds(self) -> list[type]:
        return [type(fact) for fact in self.facts]


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def views(disk, clock) -> Views:
    return Views(disk, clock, length_of=lambda _lecture: timedelta(minutes=50))


@pytest.fixture
async def lecture(add_person, add_lecture):
    return await add_lecture(await add_person(Role.LECTURER))


@pytest.fixture
async def client(views, database, clock) -> AsyncIterator[TestClient]:
    app = web.Application(middlewares=[problems, authenticate])
    app[DATABASE], app[CLOCK], app[VIEWS] = database, clock, views
    app[SETTINGS] = Settings()
    app[TICKETS] = Tickets(b"a secret of this test, long enough", clock)
    app[SESSIONS] = Sessions(database, app[TICKETS], clock)
    app.add_routes(routes(anybody))
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.fixture
async def aliya(database, clock) -> tuple[str, UUID]:
    """A student: token and person."""
    async with database.begin() as connection:
        return await add_token_for_role(connection, Role.STUDENT, at=clock.now())


@pytest.fixture
def send(client, lecture, aliya):
    """Send a beacon; the answer's status."""

    async def send(view_id, *segments, token=aliya[0], of=None, **more) -> int:
        body = {
            "view": str(view_id),
            "mode": "live",
            "position": segments[-1][1] if segments else 0,
            "segments": segments,
            "playing": True,
            "sent_at": "2026-09-07T04:00:00Z",
        }
        answer = await client.post(
            f"/api/v1/lectures/{of or lecture.id}/beacon",
            json=body | more,
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )
        return answer.status

    return send


async def test_a_view_begins_and_plays(send, disk, aliya, lecture):
    assert await send(new_id()) == 204
    assert disk.kinds == [ViewBegan, ViewPlayed]
    assert {(f.person, f.lecture) for f in disk.facts} == {(aliya[1], lecture.id)}


async def test_a_view_begins_with_how_far_the_clock_of_the_device_is_off(send, disk, clock):
    fast = (clock.now() + timedelta(seconds=4)).isoformat()
    for sent_at in (fast, "2026-09-07T04:00:00", None):  # the second tells no zone
        assert await send(new_id(), sent_at=sent_at) == 204
    began = [fact for fact in disk.facts if isinstance(fact, ViewBegan)]
    assert [fact.skew_ms for fact in began] == [4_000, None, None]


async def test_the_length_of_a_recording_is_the_servers_word(send, disk):
    await send(new_id(), mode="recording")
    assert disk.facts[0].length_ms == 50 * 60_000


async def test_a_pause_is_told_at_once(send, disk, clock):
    view = new_id()
    await send(view)
    clock.advance(TEN)
    assert await send(view, [0, 9.5], playing=False) == 204
    assert disk.kinds[-1] is ViewPaused
    assert disk.facts[-1].segments == ((0, 9_500),)


async def test_forged_segments_are_refused_and_change_nothing(send, disk, clock, views):
    view = new_id()
    await send(view)
    clock.advance(TEN)
    assert await send(view, [0, 3000]) == 422
    clock.advance(TEN)
    assert await send(view, [0, 20]) == 204
    await views.checkpoint()
    assert disk.facts[-1].segments == ((0, 20_000),)


@pytest.mark.parametrize(
    "broken",
    [
        {"view": "no uuid"},
        {"mode": "radio"},
        {"position": -1},
        {"position": 1e300},
        {"segments": [[0]]},
        {"segments": [[0, 1]] * 201},
        {"segments": [["a", 1]]},
        {"playing": "yes"},
    ],
    ids=str,
)
async def test_a_beacon_that_is_none_is_refused(send, disk, broken):
    assert await send(new_id(), **broken) == 400
    assert disk.facts == []


async def test_a_segment_that_ends_before_it_begins_counts_nothing(send, views, disk, clock):
    view = new_id()
    await send(view)
    clock.advance(TEN)
    assert await send(view, [8, 2]) == 204
    await views.checkpoint()
    assert disk.facts[-1].segments == ()


async def test_who_may_not_join_sends_nothing(send, disk):
    assert await send(new_id(), token=None) == 401
    assert disk.facts == []


async def test_watching_television_needs_no_name_and_leaves_none(send, disk):
    assert await send(new_id(), token=None, mode="tv") == 204
    assert disk.facts == []


async def test_there_are_no_views_of_a_lecture_that_is_not_there(send):
    assert await send(new_id(), of=new_id()) == 404


async def test_nobody_goes_on_with_somebody_elses_view(send, database, clock, disk):
    view = new_id()
    await send(view)
    async with database.begin() as connection:
        other, _ = await add_token_for_role(connection, Role.STUDENT, at=clock.now())
    assert await send(view, token=other) == 403
    assert disk.kinds == [ViewBegan, ViewPlayed]


async def test_one_person_opens_no_endless_number_of_players(send):
    assert [await send(new_id()) for _ in range(MOST_VIEWS_OF_ONE)] == [204] * MOST_VIEWS_OF_ONE
    assert await send(new_id()) == 429


async def test_beacons_go_on_while_the_database_is_away(send, database, clock):
    view = new_id()
    await send(view)
    async with database.begin() as connection:
        await connection.execute(sa.text("ALTER TABLE lectures RENAME TO lectures_away"))
    clock.advance(TEN)
    assert await send(view, [0, 10]) == 204


async def test_only_views_that_moved_leave_a_checkpoint(send, views, disk, clock):
    first, second = new_id(), new_id()
    await send(first)
    await send(second)
    await views.checkpoint()
    clock.advance(TEN)
    await send(second, [0, 10])
    disk.facts.clear()
    await views.checkpoint()
    assert [(type(f), f.view) for f in disk.facts] == [(ViewProgressed, second)]


async def test_a_player_that_falls_silent_ended_at_its_last_beacon(send, views, disk, clock):
    view, last = new_id(), clock.now() + TEN
    await send(view)
    clock.advance(TEN)
    await send(view, [0, 10])
    clock.advance(SILENCE + TEN)
    await views.tidy()
    end = disk.facts[-1]
    assert (type(end), end.view, end.last_proof_at) == (ViewEnded, view, last)
    assert view not in views


async def test_a_full_disk_is_told_and_nothing_is_claimed(send, views, disk, clock):
    view = new_id()
    disk.is_full = True
    assert await send(view) == 503
    assert view not in views
    disk.is_full = False
    assert await send(view) == 204


async def test_a_view_that_could_not_be_ended_is_ended_later(send, views, disk, clock):
    view = new_id()
    await send(view)
    clock.advance(SILENCE + TEN)
    disk.is_full = True
    with pytest.raises(Unavailable):
        await views.tidy()
    disk.is_full = False
    await views.tidy()
    assert disk.kinds[-1] is ViewEnded


async def test_two_first_beacons_at_once_begin_one_view(send, disk):
    view = new_id()
    assert await asyncio.gather(send(view), send(view)) == [204, 204]
    assert disk.kinds == [ViewBegan, ViewPlayed]


async def test_the_last_checkpoint_is_left_when_the_server_stops(send, views, disk):
    await send(new_id())
    task = asyncio.create_task(views.run())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert disk.kinds[-1] is ViewProgressed
