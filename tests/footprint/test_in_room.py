"""Attendance in the auditorium: a scan claims, the lecturer proves."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from footprint.in_room import STEP, check_code, code_at
from footprint.presence import presence
from footprint.rebuilding import rebuild
from footprint.statements import House
from identity.rights import Role
from kernel.errors import Forbidden
from kernel.ids import new_id
from schedule.lectures import lectures

SECRET = b"a secret of this test"


def test_a_code_is_taken_for_a_minute_in_its_own_lecture_only(clock):
    lecture = new_id()
    code = code_at(SECRET, lecture, clock.now())
    check_code(SECRET, lecture, code, clock.now())
    check_code(SECRET, lecture, code, clock.now() + 3 * STEP)
    wrong = [
        (SECRET, lecture, code, clock.now() + 4 * STEP),
        (SECRET, lecture, code, clock.now() - STEP),
        (SECRET, new_id(), code, clock.now()),
        (b"another", lecture, code, clock.now()),
        (SECRET, lecture, "", clock.now()),
        (SECRET, lecture, "ұлы дала", clock.now()),
    ]
    for asked in wrong:
        with pytest.raises(Forbidden, match="scan the one"):
            check_code(*asked)


@pytest.fixture
def store(database):
    """Nothing here is SQL of one kind."""
    return database


@pytest.fixture
async def hall(store, clock, client, get, token_of, *, add_person, add_lecture):
    """A lecture that is live in an hour, its lecturer, a student, and how they speak to us."""
    lecturer = await add_person(Role.LECTURER, name="Dana", into=store)
    aliya = await add_person(Role.STUDENT, name="Aliya", into=store)
    lecture = await add_lecture(lecturer, into=store, starts_in=timedelta(hours=1))
    clock.advance(timedelta(hours=1))
    async with store.begin() as connection:
        on = {"state": "live", "started_at": clock.now()}
        await connection.execute(lectures.update().values(on))
    tokens = {"dana": await token_of(lecturer), "aliya": await token_of(aliya)}
    path = f"/api/v1/lectures/{lecture.id}"

    class Hall:
        student = aliya

        async def post(self, what: str, body: dict, by: str):
            headers = {"Authorization": f"Bearer {tokens[by]}"}
            return await client.post(f"{path}/in-room/{what}", json=body, headers=headers)

        async def get(self, what: str, by: str = "dana"):
            return await get(f"{path}/{what}", tokens[by])

        async def code(self) -> str:
            wall = await (await self.get("in-room")).json()
            return parse_qs(urlsplit(wall["url"]).query)["code"][0]

        async def row(self) -> dict:
            return (await (await self.get("attendance")).json())["rows"][0]

    return Hall()


async def test_who_is_confirmed_was_there_until_the_last_confirmation(hall, clock):
    assert (await hall.post("arrivals", {"code": await hall.code()}, "aliya")).status == 201
    clock.advance(timedelta(minutes=5))
    assert (await hall.row())["minutes"] == 0
    seen = {"people": [str(hall.student.id)]}
    for minutes, total in ((0, 5), (20, 25), (40, 50)):
        clock.advance(timedelta(minutes=minutes))
        assert (await hall.post("confirmations", seen, "dana")).status == 200
        row = await hall.row()
        assert row["minutes_by_channel"] == {"in-room": float(row["minutes"])}
        assert row["minutes"] >= total


async def test_scanning_twice_is_scanning_once(hall, clock):
    assert (await hall.post("arrivals", {"code": await hall.code()}, "aliya")).status == 201
    clock.advance(timedelta(minutes=2))
    assert (await hall.post("arrivals", {"code": await hall.code()}, "aliya")).status == 200
    wall = await (await hall.get("in-room")).json()
    assert [one["name"] for one in wall["arrivals"]] == ["Aliya"]


async def test_stays_in_the_auditorium_are_the_same_when_made_anew(hall, clock, store):
    await hall.post("arrivals", {"code": await hall.code()}, "aliya")
    clock.advance(timedelta(minutes=9))
    await hall.post("confirmations", {"people": [str(hall.student.id)]}, "dana")
    async with store.begin() as connection:
        before = (await connection.execute(sa.select(presence))).all()
        await rebuild(connection, House("https://live.example.edu"))
        assert (await connection.execute(sa.select(presence))).all() == before


async def test_the_confirmation_is_told_as_attended(hall, get, token_of, add_person, store):
    await hall.post("arrivals", {"code": await hall.code()}, "aliya")
    await hall.post("confirmations", {"people": [str(hall.student.id)]}, "dana")
    admin = await token_of(await add_person(Role.ADMIN, into=store))
    verb = "http://adlnet.gov/expapi/verbs/attended"
    found = await (await get("/xapi/statements", admin, verb=verb)).json()
    assert [one["actor"]["account"]["name"] for one in found["statements"]] == [
        str(hall.student.id)
    ]


async def test_nobody_else_sees_the_code_or_confirms(hall):
    for what in ("in-room", "in-room/code.svg"):
        assert (await hall.get(what, "aliya")).status == 403
    await hall.post("arrivals", {"code": await hall.code()}, "aliya")
    seen = {"people": [str(hall.student.id)]}
    assert (await hall.post("confirmations", seen, "aliya")).status == 403


async def test_what_is_wrong_is_said(hall, store):
    assert (await hall.post("arrivals", {"code": "AAAAAAAAAA"}, "aliya")).status == 403
    assert (await hall.post("confirmations", {"people": [str(new_id())]}, "dana")).status == 400
    code = await hall.code()
    async with store.begin() as connection:
        await connection.execute(lectures.update().values(state="ended"))
    assert (await hall.post("arrivals", {"code": code}, "aliya")).status == 409


async def test_the_code_is_a_picture_that_no_cache_keeps(hall):
    answer = await hall.get("in-room/code.svg")
    assert answer.content_type == "image/svg+xml"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "<path" in await answer.text()
