"""Deleting recordings: nothing is left but the fact."""

from datetime import timedelta

import pytest

from identity.rights import Role
from kernel.web import RECORDER
from player import deletion, retention
from player.deletion import SHREDDER
from player.delivery import LIBRARY
from player.events import RecordingDeleted
from schedule import agenda
from schedule.channels import HouseItem, ItemState, keep_house_item
from schedule.lectures import advance, lecture_by_id, lectures_past_keeping
from schedule.lifecycle import LectureState, RecordingState

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
async def client(serve, library):
    routes = [*deletion.routes(), *retention.routes()]
    return await serve(routes, library, agenda.opened, deletion.opened)


@pytest.fixture
async def lecturer(add_person):
    return await add_person(Role.LECTURER, name="Айгүл")


@pytest.fixture
async def lecture(lecturer, add_lecture, publish):
    planned = await add_lecture(lecturer)
    return await publish(planned, 2, ended_at=planned.ends_at)


async def recording(database, lecture) -> RecordingState:
    async with database.connect() as connection:
        return (await lecture_by_id(connection, lecture.id)).recording


async def test_what_is_deleted_is_gone_and_the_fact_says_by_whom(
    client, lecture, lecturer, bearer, database, tmp_path
):
    address = f"/api/v1/lectures/{lecture.id}/recording"
    assert (await client.delete(address, headers=await bearer(lecturer))).status == 204
    assert not (tmp_path / "media" / str(lecture.id)).exists()
    assert await recording(database, lecture) is RecordingState.NONE
    assert client.app[LIBRARY].find(lecture.id) is None
    (fact,) = [f for f in client.app[RECORDER].facts if isinstance(f, RecordingDeleted)]
    assert (fact.person, fact.reason) == (lecturer.id, "by hand")
    assert (await client.delete(address, headers=await bearer(lecturer))).status == 404


async def test_a_student_deletes_nothing(client, lecture, add_person, bearer, tmp_path):
    student = await bearer(await add_person(Role.STUDENT, name="Дана"))
    address = f"/api/v1/lectures/{lecture.id}/recording"
    assert (await client.delete(address, headers=student)).status == 403
    assert (tmp_path / "media" / str(lecture.id)).exists()


async def test_the_rule_finds_what_is_old_and_nothing_else(client, lecture, clock):
    shredder = client.app[SHREDDER]
    clock.advance(timedelta(days=29))
    assert await shredder.due(30) == []
    clock.advance(timedelta(days=2))
    assert [each.id for each in await shredder.due(30)] == [lecture.id]
    assert await shredder.due(0) == []


async def test_a_recording_that_is_kept_outlives_the_rule_and_a_day_of_its_own_comes_before_it(
    client, lecture, lecturer, bearer, clock
):
    address = f"/api/v1/lectures/{lecture.id}/recording/retention"
    host, shredder = await bearer(lecturer), client.app[SHREDDER]

    async def wish(**body):
        answer = await client.put(address, json=body, headers=host)
        return answer.status, await answer.json()

    until = lecture.ends_at + timedelta(days=10)
    assert (await wish(keep="until"))[0] == 400
    assert (await wish(keep="house", until=until.isoformat()))[0] == 400
    assert (await wish(keep="until", until="2020-01-01T00:00:00Z"))[0] == 400
    status, said = await wish(keep="until", until=until.isoformat())
    assert (status, said["keep"], said["deleted_at"]) == (200, "until", said["until"])
    assert said["size_bytes"] > 1_000
    clock.advance(timedelta(days=11))
    assert [each.id for each in await shredder.due(0)] == [lecture.id]
    assert (await wish(keep="for_ever"))[1]["deleted_at"] is None
    clock.advance(timedelta(days=100))
    assert await shredder.due(30) == []
    await wish(keep="house")
    assert [each.id for each in await shredder.due(30)] == [lecture.id]
    kinds = [type(fact).__name__ for fact in client.app[RECORDER].facts]
    assert kinds.count("RecordingKept") == 3


async def test_a_look_deletes_what_is_due_and_what_a_crash_left(
    client, lecture, lecturer, add_lecture, publish, clock, database, tmp_path
):
    again = await add_lecture(lecturer, starts_in=timedelta(hours=5))
    crashed = await publish(again, 1, ended_at=again.ends_at)
    client.app[LIBRARY].withdraw(crashed.id)  # and no more
    made = tmp_path / "house" / "made.mp4"
    made.parent.mkdir()
    made.write_bytes(b"for television")
    item = HouseItem(
        source=f"recording:{lecture.id}",
        look="sd",
        version="1",
        state=ItemState.READY,
        file=made.name,
    )
    async with database.begin() as connection:
        await keep_house_item(connection, item, at=clock.now())
    clock.advance(timedelta(days=31))
    await client.app[SHREDDER].look(30)
    assert list((tmp_path / "media").iterdir()) == []
    assert not made.exists()
    assert await recording(database, lecture) is RecordingState.NONE
    assert await recording(database, crashed) is RecordingState.NONE
    (fact,) = [f for f in client.app[RECORDER].facts if isinstance(f, RecordingDeleted)]
    assert (fact.lecture, fact.person, fact.reason) == (lecture.id, None, "older than 30 days")


async def test_the_day_of_a_recording_is_found_on_either_database(
    either_database, add_person, add_lecture, clock
):
    lecturer = await add_person(Role.LECTURER, name="Айгүл", into=either_database)
    planned = await add_lecture(lecturer, into=either_database)
    async with either_database.begin() as connection:
        over = await advance(
            connection,
            planned,
            None,
            at=clock.now(),
            state=LectureState.PUBLISHED,
            recording=RecordingState.READY,
            kept_until=clock.now() + timedelta(days=1),
        )
        for days, expected in ((0, []), (1, [over.id])):
            now = clock.now() + timedelta(days=days)
            found = await lectures_past_keeping(connection, now=now, days=5)
            assert [each.id for each in found] == expected


async def test_the_dry_run_is_for_administrators(client, lecture, add_person, bearer):
    admin = await bearer(await add_person(Role.ADMIN, name="Ержан"))
    answer = await client.get("/api/v1/recordings/due", headers=admin)
    assert await answer.json() == {"days": 0, "due": []}
    student = await bearer(await add_person(Role.STUDENT, name="Дана"))
    assert (await client.get("/api/v1/recordings/due", headers=student)).status == 403


async def test_what_is_recorded_now_is_not_deleted(client, lecture, lecturer, bearer, clock):
    opened = client.app[LIBRARY].open_recording(lecture.id, clock.now(), post=lambda call: call())
    address = f"/api/v1/lectures/{lecture.id}/recording"
    assert (await client.delete(address, headers=await bearer(lecturer))).status == 409
    opened.finish()
