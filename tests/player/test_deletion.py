"""Deleting recordings: nothing is left but the fact."""

from datetime import timedelta

import pytest

from identity.rights import Role
from kernel.web import RECORDER
from player import deletion
from player.deletion import SHREDDER
from player.delivery import LIBRARY
from player.events import RecordingDeleted
from schedule.lectures import lecture_by_id
from schedule.lifecycle import RecordingState
from transcode.library import Library

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
async def client(serve, tmp_path):
    async def library(app):
        app[LIBRARY] = Library(tmp_path / "media")
        yield

    return await serve(deletion.routes(), library, deletion.opened)


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
