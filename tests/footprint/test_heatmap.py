"""What a class watched of a recording: for all as a curve, for hosts as a table."""

from uuid import UUID

import pytest

from bench import clips
from footprint import heat_views, log
from footprint.heatmap import FEWEST, counted, curve, table
from footprint.uncounted import count, is_counted, uncounted_people
from footprint.watching import View
from identity.rights import Role
from kernel.ids import new_id
from player.delivery import LIBRARY
from player.events import Mode, ViewEnded
from transcode.library import Library

PEOPLE = [UUID(int=number) for number in range(1, FEWEST + 1)]
MINUTE = 60_000


def test_a_curve_needs_five_people_and_its_peak_is_100():
    views = [View(person, [(0, MINUTE)]) for person in PEOPLE]
    again = View(PEOPLE[0], [(10_000, 15_000)])
    found = curve(counted([*views, again], ()), MINUTE)
    assert (found.bin_ms, len(found.curve)) == (5_000, 12)
    assert (found.curve[2], found.curve[0]) == (100, 83)
    assert curve(counted(views, {PEOPLE[0]}), MINUTE).curve is None


def test_who_plays_a_moment_very_often_draws_no_peak_alone():
    views = [View(person, [(0, MINUTE)]) for person in PEOPLE]
    often = [View(PEOPLE[0], [(10_000, 15_000)])] * 100
    assert min(curve(counted([*views, *often], ()), MINUTE).curve) > 60


def test_the_table_has_people_and_plays():
    views = [View(PEOPLE[0], [(0, 7_000), (0, 3_000)]), View(PEOPLE[1], [(5_000, 12_000)])]
    found = table(counted(views, ()), 12_000)
    assert found.viewers == 2
    assert [(each.viewers, each.plays, each.end_ms) for each in found.bins] == [
        (1, 2, 5_000),
        (2, 2, 10_000),
        (1, 1, 12_000),
    ]


def test_a_long_recording_has_no_more_than_200_bins():
    found = curve(counted([View(person, [(0, 1)]) for person in PEOPLE], ()), 6 * 60 * MINUTE)
    assert found.bin_ms == 110_000
    assert len(found.curve) == 197


async def test_who_does_not_want_to_be_counted_is_not(either_database, add_person, clock):
    person = await add_person(Role.STUDENT, name="Дана", into=either_database)
    async with either_database.begin() as connection:
        assert await is_counted(connection, person.id)
        for _ in range(2):
            await count(connection, person.id, is_wanted=False, at=clock.now())
        assert await uncounted_people(connection) == {person.id}
        await count(connection, person.id, is_wanted=True, at=clock.now())
        assert await is_counted(connection, person.id)


@pytest.fixture
async def heat(serve, tmp_path, database, clock, add_person, add_lecture, bearer):
    """A lecture of twelve seconds that its lecturer and five students watched."""
    lecturer = await add_person(Role.LECTURER, name="Айгүл")
    students = [await add_person(Role.STUDENT, name=f"Student {n}") for n in range(FEWEST)]
    lecture = await add_lecture(lecturer)

    async def library(app):
        app[LIBRARY] = Library(tmp_path / "media")
        opened = app[LIBRARY].open_recording(lecture.id, clock.now(), post=lambda call: call())
        clips.record(opened, 12)
        yield

    facts = [
        ViewEnded(
            id=new_id(),
            at=clock.now(),
            lecture=lecture.id,
            person=person.id,
            view=new_id(),
            mode=Mode.RECORDING,
            last_proof_at=clock.now(),
            segments=((0, 6_000),),
        )
        for person in [lecturer, *students]
    ]
    async with database.begin() as connection:
        await log.append(connection, facts, now=clock.now())
    client = await serve(heat_views.routes(), library, heat_views.opened)
    return client, lecture, await bearer(lecturer), await bearer(students[0])


async def test_all_see_the_curve_and_hosts_the_table_on_record(heat, kept):
    client, lecture, host, student = heat
    address = f"/api/v1/lectures/{lecture.id}/heatmap"
    shown = await (await client.get(address, headers=student)).json()
    assert shown["curve"] == [100, 100, 0]
    assert (await client.get(f"{address}/table", headers=student)).status == 403
    found = await (await client.get(f"{address}/table", headers=host)).json()
    assert (found["viewers"], found["bins"][0]["plays"]) == (5, 5)  # without the lecturer
    assert [fact.what for fact in kept.facts] == ["viewings"]
    assert (await client.get(address)).status == 401


async def test_the_curve_goes_when_the_fifth_does_not_want_to_be_counted(heat):
    client, lecture, _, student = heat
    address = f"/api/v1/lectures/{lecture.id}/heatmap"
    assert (await (await client.get(address, headers=student)).json())["curve"]
    mine = "/api/v1/me/counting"
    assert await (await client.get(mine, headers=student)).json() == {"is_counted": True}
    chosen = await client.put(mine, json={"is_counted": False}, headers=student)
    assert chosen.status == 200
    assert (await (await client.get(address, headers=student)).json())["curve"] is None
