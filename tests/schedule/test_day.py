"""A channel's day for the grid, and what can be put into it."""

from datetime import UTC, datetime, timedelta

import pytest

from identity.rights import Role
from kernel.web import SETTINGS
from schedule import channel_api
from schedule.channels import HouseItem, ItemState, keep_house_item
from schedule.places import library_folder

ONE = "/api/v1/channels/one"


@pytest.fixture
async def client(serve):
    return await serve(channel_api.routes())


@pytest.fixture
async def operator(client, add_person, bearer):
    headers = await bearer(await add_person(Role.OPERATOR))
    await client.post("/api/v1/channels", json={"id": "one", "name": "Daris TV"}, headers=headers)
    return headers


@pytest.fixture
def ask(client, operator):
    async def read(path: str, status: int = 200) -> dict:
        answer = await client.get(f"{ONE}/{path}", headers=operator)
        assert answer.status == status, await answer.text()
        return await answer.json()

    return read


async def test_a_day_is_that_of_the_channels_zone(ask):
    day = await ask("day?on=2026-09-08")
    assert (day["zone"], day["since"], day["until"]) == (
        "Asia/Almaty",
        "2026-09-08T00:00:00+05:00",
        "2026-09-09T00:00:00+05:00",
    )
    assert (await ask("day"))["since"] == "2026-09-07T00:00:00+05:00"
    await ask("day?on=yesterday", status=400)


async def test_a_programme_comes_with_its_state_and_what_a_push_has_of_it(
    ask, client, operator, database, clock
):
    item = HouseItem(
        source="file:a.mp4",
        look="720p25",
        version="1",
        state=ItemState.READY,
        file="x.mp4",
        report={"seconds": 90.24},
    )
    async with database.begin() as connection:
        await keep_house_item(connection, item, at=clock.now())
    folder = library_folder(client.app[SETTINGS])
    folder.mkdir()
    (folder / "a.mp4").write_bytes(b"media")
    programme = {
        "key": "a",
        "starts_at": (datetime(2026, 9, 7, 6, tzinfo=UTC)).isoformat(),
        "duration": 60,
        "source": {"file": "a.mp4"},
        "title": {"en": "A"},
        "floating": True,
    }
    body = {"programmes": [programme]}
    assert (await client.put(f"{ONE}/schedule", json=body, headers=operator)).status == 200
    day = await ask("day")
    shown = day["programmes"][0]
    assert (shown["state"], shown["media_seconds"], day["revision"]) == ("ready", 90.24, 1)
    again = {
        name: value
        for name, value in shown.items()
        if name not in {"state", "reason", "media_seconds"} and value is not None
    }
    pushed = await client.put(f"{ONE}/schedule", json={"programmes": [again]}, headers=operator)
    assert (await pushed.json())["changed"] == []


async def test_files_lectures_and_the_slate_are_offered(
    ask, client, add_person, add_lecture, clock
):
    folder = library_folder(client.app[SETTINGS])
    (folder / "films" / ".trash").mkdir(parents=True)
    (folder / "films" / "campus.mp4").write_bytes(b"media")
    (folder / "films" / ".trash" / "old.mp4").write_bytes(b"media")
    lecture = await add_lecture(await add_person(Role.LECTURER))
    offers = (await ask("sources"))["sources"]
    assert [offer["source"] for offer in offers] == [
        {"file": "films/campus.mp4"},
        {"live": {"lecture": str(lecture.id)}},
        {"slate": True},
    ]
    assert offers[1]["seconds"] == (lecture.ends_at - lecture.starts_at) / timedelta(seconds=1)


async def test_the_day_is_for_operators(client, operator, add_person, bearer):
    headers = await bearer(await add_person(Role.LECTURER))
    for path in ("day", "sources"):
        assert (await client.get(f"{ONE}/{path}", headers=headers)).status == 403
