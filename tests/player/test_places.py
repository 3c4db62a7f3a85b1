"""Another device goes on where the person stopped."""

from datetime import timedelta

import pytest

from kernel.database import Database
from kernel.ids import new_id
from player.beacons import Beacon, Views
from player.events import Mode
from player.places import keep, place_of
from player.viewing import View
from transcode.revisions import Played, Revisions


@pytest.fixture
def view(clock):
    def make(position_ms=60_000, *, after=timedelta(0), **more) -> View:
        at = clock.now() + after
        usual = {"mode": Mode.RECORDING, "segments": ((0, 1_000),), "reported_at": at}
        known = usual | {"last_proof_at": at, "position_ms": position_ms} | more
        return View(view=new_id(), lecture=LECTURE, person=PERSON, **known)

    return make


LECTURE, PERSON = new_id(), new_id()


async def stopped(database: Database, person=PERSON):
    async with database.connect() as connection:
        place = await place_of(connection, LECTURE, person)
    return place and place.seconds


async def test_the_newest_place_stands(either_database, view):
    assert await stopped(either_database) is None
    await keep(either_database, [view(90_000, after=timedelta(seconds=9)), view(30_000)])
    assert await stopped(either_database) == 90
    await keep(either_database, [view(10_000)])  # told late
    assert await stopped(either_database) == 90
    await keep(either_database, [view(95_000, after=timedelta(seconds=10))])
    assert await stopped(either_database) == 95
    assert await stopped(either_database, person=new_id()) is None


@pytest.mark.parametrize(("revision", "seconds"), [(0, 60), (1, 90), (None, 60)])
async def test_a_place_stays_at_its_moment_when_the_recording_is_cut(
    either_database, view, clock, revision, seconds
):
    await keep(either_database, [view(90_000, revision=revision)])
    cut_at = clock.now() + timedelta(hours=1)
    revisions = Revisions([cut_at], {1: Played([(30_000, 3_000_000)])})
    async with either_database.connect() as connection:
        place = await place_of(connection, LECTURE, PERSON)
    assert place
    assert place.now(revisions).seconds == seconds


async def test_who_has_seen_the_end_begins_anew(database, view):
    await keep(database, [view(2_990_000, length_ms=3_000_000)])
    assert await stopped(database) == 0


async def test_what_is_live_has_no_place(database, view):
    await keep(database, [view(mode=Mode.LIVE)])
    assert await stopped(database) is None


async def test_who_only_looks_in_keeps_the_place(database, view):
    await keep(database, [view(90_000), view(0, after=timedelta(seconds=9), segments=())])
    assert await stopped(database) == 90


async def test_beacons_leave_the_place(database, kept, clock):
    views = Views(kept, clock, keep=lambda moved: keep(database, moved))
    beacon = Beacon(new_id(), Mode.RECORDING, position=123.4, playing=True)
    await views.take(LECTURE, PERSON, beacon)
    await views.tidy()
    assert await stopped(database) == 123.4


async def test_a_database_that_is_away_stops_no_checkpoint(tmp_path, kept, clock):
    away = Database.open(f"sqlite:///{tmp_path}/empty.db")  # without the table
    views = Views(kept, clock, keep=lambda moved: keep(away, moved))
    await views.take(LECTURE, PERSON, Beacon(new_id(), Mode.RECORDING, position=5, playing=True))
    await views.tidy()
    assert len(kept.facts) > 1
    await away.aclose()
