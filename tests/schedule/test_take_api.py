"""Takes over HTTP: what is asked for, what is refused, what is told to those who play."""

import json
from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest

from identity.rights import Role
from kernel.web import BUS, SETTINGS
from schedule import channel_api
from schedule.channel_events import SourceReleased, SourceTaken
from schedule.channels import Channel, HouseItem, ItemState, add_channel, keep_house_item
from schedule.lectures import lectures
from schedule.places import channel_folder, library_folder
from schedule.takes import NOTICE, TOPIC, TakeMoved

TAKE = "/api/v1/channels/one/take"
FILM = {"source": {"file": "film.mp4"}}


@pytest.fixture
async def client(serve, database, clock):
    async with database.begin() as connection:
        channel = Channel(id="one", name="One", profile="720p25")
        await add_channel(connection, channel, at=clock.now())
    return await serve(channel_api.routes())


@pytest.fixture
async def operator(add_person, bearer):
    return await bearer(await add_person(Role.OPERATOR, name="Aliya"))


@pytest.fixture
def condition(database, clock):
    async def keep(state: ItemState = ItemState.READY, **more) -> None:
        known = {"source": "file:film.mp4", "look": "720p25", "version": "1", "state": state}
        async with database.begin() as connection:
            await keep_house_item(connection, HouseItem(**known | more), at=clock.now())

    return keep


@pytest.fixture
def on_air(client, clock):
    """Write the plan file as the channel's keeper would."""

    def write() -> None:
        take = {"title": "x", "starts_at": clock.now(), "operator": "Aliya"}
        take["ends_at"] = clock.now() + timedelta(minutes=1)
        path = channel_folder(client.app[SETTINGS], "one") / "plan.json"
        path.parent.mkdir(parents=True)
        path.write_bytes(msgspec.json.encode({"channel": "one", "takes": [take]}))

    return write


async def test_a_take_is_told_to_those_who_play_and_kept_as_a_fact(
    client, operator, condition, clock, kept
):
    await condition(file="x.mp4", report={"seconds": 9.6})
    async with client.app[BUS].subscribe(TOPIC) as messages:
        answer = await client.post(TAKE, json=FILM, headers=operator)
        news = msgspec.json.decode(await anext(messages), type=TakeMoved)
    body = await answer.json()
    assert answer.status == 202, body
    assert (body["title"], body["operator"]) == ("film", "Aliya")
    assert (news.channel, news.take.file) == ("one", "x.mp4")
    assert news.take.starts_at == news.at == clock.now() + NOTICE
    assert news.take.ends_at - news.take.starts_at == timedelta(seconds=9.6)
    assert isinstance(kept.facts[-1], SourceTaken)


@pytest.mark.parametrize(("asked", "given"), [(5, 5), (60, 9.6)])
async def test_a_take_ends_with_its_media_at_the_latest(
    client, operator, condition, clock, asked, given
):
    await condition(file="x.mp4", report={"seconds": 9.6})
    answer = await client.post(TAKE, json=FILM | {"duration": asked}, headers=operator)
    ends_at = msgspec.convert((await answer.json())["ends_at"], type(clock.now()))
    assert ends_at == clock.now() + NOTICE + timedelta(seconds=given)


async def test_the_slate_is_taken_until_a_moment(client, operator, clock):
    until = (clock.now() + timedelta(minutes=5)).isoformat()
    wanted = {"source": {"slate": True}, "until": until}
    answer = await client.post(TAKE, json=wanted, headers=operator)
    assert answer.status == 202


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"source": {"slate": True}}, 400),
        ({"source": {}}, 400),
        ({"source": {"slate": True}, "duration": 0}, 400),
        ({"source": {"slate": True}, "until": "2001-01-01T00:00:00Z"}, 400),
        ({"source": {"slate": True}, "duration": 5, "until": "2090-01-01T00:00:00Z"}, 400),
        ({"source": {"file": "../secret"}}, 422),
        ({"source": {"file": "absent.mp4"}}, 422),
        ({"source": {"recording": str(uuid4())}}, 422),
    ],
)
async def test_what_cannot_be_taken_is_refused(client, operator, body, status):
    assert (await client.post(TAKE, json=body, headers=operator)).status == status


async def test_media_that_is_not_conditioned_is_refused_with_the_reason(
    client, operator, condition
):
    library = library_folder(client.app[SETTINGS])
    library.mkdir()
    (library / "film.mp4").write_bytes(b"film")
    waiting = await client.post(TAKE, json=FILM, headers=operator)
    assert waiting.status == 422
    assert "not conditioned yet" in json.loads(await waiting.text())["title"]
    await condition(ItemState.FAILED, error="It is noise.")
    failed = await client.post(TAKE, json=FILM, headers=operator)
    assert "It is noise." in json.loads(await failed.text())["title"]


async def test_only_operators_take(client, add_person, bearer):
    headers = await bearer(await add_person(Role.LECTURER))
    assert (await client.post(TAKE, json=FILM, headers=headers)).status == 403
    assert (await client.delete(TAKE, headers=headers)).status == 403


async def test_a_take_is_ended_and_back_is_the_plan(client, operator, clock, kept, on_air):
    assert (await client.delete(TAKE, headers=operator)).status == 409
    on_air()
    async with client.app[BUS].subscribe(TOPIC) as messages:
        assert (await client.delete(TAKE, headers=operator)).status == 204
        news = msgspec.json.decode(await anext(messages), type=TakeMoved)
    assert news == TakeMoved(channel="one", at=clock.now() + NOTICE)
    assert isinstance(kept.facts[-1], SourceReleased)


async def test_a_lecture_is_taken_while_it_is_live_and_no_sooner(
    client, operator, add_person, add_lecture, database
):
    lecture = await add_lecture(await add_person(Role.LECTURER))
    wanted = {"source": {"live": {"lecture": str(lecture.id)}}}
    early = await client.post(TAKE, json=wanted, headers=operator)
    assert (early.status, (await early.json())["title"]) == (
        422,
        "This lecture is not live now.",
    )
    async with database.begin() as connection:
        await connection.execute(lectures.update().values(state="live"))
    async with client.app[BUS].subscribe(TOPIC) as messages:
        taken = await client.post(TAKE, json=wanted, headers=operator)
        news = msgspec.json.decode(await anext(messages), type=TakeMoved)
    assert (taken.status, (await taken.json())["title"]) == (202, lecture.title)
    assert news.take.live == f"{lecture.id}-720p25"
