"""Feeds of recordings: read by a parser that is not ours, played by who has nothing but the address."""

import asyncio
from datetime import timedelta

import feedparser
import pytest

from identity.rights import Role
from kernel.ids import new_id
from player import extras, podcast_api
from player.podcast import Podcast, rss
from schedule import feed_api
from schedule.channels import Channel, add_channel, apply
from schedule.courses import Course, add_course
from schedule.enrolments import Enrolment, enrol, enrolments
from schedule.rundown import Change, Programme, Source
from schedule.study_work import StudyWork

pytestmark = pytest.mark.timeout(60)
HOUR = timedelta(hours=1)


@pytest.fixture
async def client(serve, library):
    async def nobody(request, lecture) -> None: ...

    routes = [*feed_api.routes(), *podcast_api.routes(), *extras.routes(nobody)]
    return await serve(routes, library, extras.opened, public_url="https://live.example.edu")


@pytest.fixture
async def learner(add_person):
    return await add_person(Role.STUDENT, name="Дана")


@pytest.fixture
async def course(database, clock, learner):
    async with database.begin() as connection:
        wanted = Course(
            id=new_id(), key="phys", title="Оптика & <жарық>", summary="", created_at=clock.now()
        )
        course = await add_course(connection, wanted)
        await enrol(
            connection,
            Enrolment(
                id=new_id(),
                course=course.id,
                person=learner.id,
                since=clock.now().date(),
                changed_at=clock.now(),
            ),
        )
    return course


@pytest.fixture
async def recorded(add_person, add_lecture, publish, course, clock):
    """Two recordings of the course, and one of no course; all of an hour ago."""
    lecturer = await add_person(Role.LECTURER, name="Айгүл")
    work = StudyWork(course=course.id)
    found = []
    for number, title in enumerate(("Линзалар", "Толқын: 1/2 бөлім")):
        planned = await add_lecture(lecturer, title=title, work=work, starts_in=(1 + number) * HOUR)
        found.append(await publish(planned, 3))
    await publish(await add_lecture(lecturer, title="Of no course", starts_in=9 * HOUR), 3)
    clock.advance(timedelta(days=1))
    return found


@pytest.fixture
def address_of(client, bearer):
    async def address_of(person, **topic) -> str:
        asked = {"what": "recordings"} | topic
        headers = await bearer(person)
        async with client.post("/api/v1/me/feeds", json=asked, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            url = (await answer.json())["url"]
        return url.removeprefix("https://live.example.edu")

    return address_of


@pytest.fixture
def read(client):
    async def read(path: str):
        async with client.get(path) as answer:
            assert answer.status == 200, await answer.text()
            found = feedparser.parse(await answer.read())
        assert not found.bozo, found.bozo_exception
        return found

    return read


async def test_a_player_finds_the_recordings_and_plays_them_in_ranges(
    client, recorded, learner, course, address_of, read
):
    path = await address_of(learner, course=str(course.id))
    found = await read(path)
    assert found.feed.title == "Оптика & <жарық>"
    assert [entry.title for entry in found.entries] == ["Толқын: 1/2 бөлім", "Линзалар"]
    assert found.entries[0].id == f"urn:uuid:{recorded[1].id}"
    while not all(entry.enclosures for entry in found.entries):  # it has them made
        await asyncio.sleep(0.1)
        found = await read(path)
    (enclosure,) = found.entries[0].enclosures
    assert enclosure.type == "video/mp4"
    url = enclosure.href.removeprefix("https://live.example.edu")
    async with client.get(url, headers={"Range": "bytes=4-7"}) as answer:
        assert (answer.status, await answer.read()) == (206, b"ftyp")
        assert answer.headers["Content-Range"].endswith(f"/{enclosure.length}")
    async with client.get(path) as answer:
        tag = answer.headers["ETag"]
    async with client.get(path, headers={"If-None-Match": tag}) as answer:
        assert answer.status == 304
    other = url.replace(str(recorded[1].id), str(new_id()))
    async with client.get(other) as answer:
        assert answer.status == 404


async def test_who_may_not_watch_finds_nothing(
    client, recorded, learner, course, address_of, read, add_person, database
):
    stranger = await address_of(await add_person(Role.STUDENT), course=str(course.id))
    assert (await read(stranger)).entries == []
    own = await address_of(learner, course=str(course.id))
    assert len((await read(own)).entries) == 2
    async with database.begin() as connection:
        left = enrolments.update().values(until=recorded[0].starts_at.date() - timedelta(days=1))
        await connection.execute(left)
    assert (await read(own)).entries == []
    for secret in (stranger, own):
        mp4 = secret.replace(".xml", f"/{recorded[0].id}.mp4")
        async with client.get(mp4) as answer:
            assert answer.status == 404


async def test_a_channel_has_the_recordings_that_it_showed(
    recorded, learner, address_of, read, database, clock
):
    shown, coming = (
        Programme(
            key=f"{n}",
            starts_at=clock.now() + n * HOUR,
            ends_at=clock.now() + (n + 1) * HOUR,
            source=Source(recording=recorded[0 if n < 0 else 1].id),
            titles={},
        )
        for n in (-3, 3)
    )
    async with database.begin() as connection:
        channel = Channel(id="one", name="Daris One", profile="720p25")
        await add_channel(connection, channel, at=clock.now())
        await apply(
            connection, channel, Change([shown, coming], [], [], []), by=None, at=clock.now()
        )
    found = await read(await address_of(learner, channel="one"))
    assert [entry.title for entry in found.entries] == ["Линзалар"]


async def test_a_calendars_address_is_none_of_recordings(client, learner, bearer):
    async with client.post("/api/v1/me/feed", headers=await bearer(learner)) as answer:
        secret = (await answer.json())["url"].rpartition("/")[2].removesuffix(".ics")
    async with client.get(f"/recordings/{secret}.xml") as answer:
        assert answer.status == 404


def test_no_text_breaks_the_feed():
    hostile = "a\x00\x1f]]>\ud800<script>"
    podcast = Podcast(title=hostile, summary="", page="https://x", url="https://x/y", items=())
    assert not feedparser.parse(rss(podcast, "https://x")).bozo
