"""The secret address of a person's calendar."""

from datetime import timedelta

import icalendar
import pytest

from identity.people import disable
from identity.rights import Role
from kernel.ids import new_id
from schedule import agenda, api, feed_api
from schedule.channels import Channel, add_channel, apply, channel_by_id, programmes_between
from schedule.courses import Course, Group, add_course, add_group
from schedule.enrolments import Enrolment, enrol
from schedule.rundown import Change, Programme, Source
from schedule.study_work import StudyWork

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
async def site(serve):
    return await serve([*feed_api.routes(), *api.routes()], agenda.opened)


@pytest.fixture
async def lecturer(add_person):
    return await add_person(Role.LECTURER, name="Aigerim, professor")


@pytest.fixture
def make(site, bearer):
    """Make a person's address; its path."""

    async def make(person) -> str:
        async with site.post("/api/v1/me/feed", headers=await bearer(person)) as answer:
            assert answer.status == 201
            url = (await answer.json())["url"]
            return url[url.index("/calendar/") :]

    return make


async def events(site, path: str) -> list[dict[str, str]]:
    """The properties of each event, read as a calendar program does: unfolded, by name."""
    async with site.get(path) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/calendar"
        text = await answer.text()
    assert text.endswith("END:VCALENDAR\r\n")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    lines = text.replace("\r\n ", "").split("\r\n")
    found: list[dict[str, str]] = []
    for name, _, value in (line.partition(":") for line in lines):
        if (name, value) == ("BEGIN", "VEVENT"):
            found.append({})
        elif found:
            found[-1].setdefault(name, value)
    return found


async def test_a_change_and_a_cancellation_reach_the_calendar(
    site, lecturer, make, add_lecture, bearer
):
    title = "Сызықтық алгебра және аналитикалық геометрия"
    lecture = await add_lecture(lecturer, title=title)
    path, headers = await make(lecturer), await bearer(lecturer)
    (planned,) = await events(site, path)
    assert (planned["SUMMARY"], planned["SEQUENCE"]) == (title, "0")
    assert planned["STATUS"] == "CONFIRMED"
    address = f"/api/v1/lectures/{lecture.id}"
    elsewhere = {"revision": 1, "auditorium": "Hall 2"}
    async with site.patch(address, json=elsewhere, headers=headers) as answer:
        assert answer.status == 200
    (moved,) = await events(site, path)
    assert (moved["SEQUENCE"], moved["LOCATION"]) == ("1", "Hall 2")
    async with site.delete(address, headers=headers) as answer:
        assert answer.status == 200
    (cancelled,) = await events(site, path)
    assert cancelled["UID"] == planned["UID"]
    assert (cancelled["SEQUENCE"], cancelled["STATUS"]) == ("2", "CANCELLED")


async def test_a_lecturer_gets_their_own_and_a_student_all(
    site, lecturer, make, add_person, add_lecture
):
    await add_lecture(lecturer, title="Mine")
    await add_lecture(await add_person(Role.LECTURER), title="Theirs")
    own = await events(site, await make(lecturer))
    every = await events(site, await make(await add_person(Role.STUDENT)))
    assert [event["SUMMARY"] for event in own] == ["Mine"]
    assert {event["SUMMARY"] for event in every} == {"Mine", "Theirs"}


async def test_what_a_program_has_already_is_not_sent_again(site, lecturer, make, add_lecture):
    await add_lecture(lecturer)
    path = await make(lecturer)
    async with site.get(path) as answer:
        tag = answer.headers["ETag"]
    async with site.get(path, headers={"If-None-Match": tag}) as answer:
        assert answer.status == 304
    await add_lecture(lecturer, starts_in=3 * HOUR)
    async with site.get(path, headers={"If-None-Match": tag}) as answer:
        assert answer.status == 200


async def test_an_address_ends_when_it_is_revoked_or_made_anew(site, lecturer, make, bearer):
    first, second = await make(lecturer), await make(lecturer)
    headers = await bearer(lecturer)
    async with site.get(first) as answer:
        assert answer.status == 404
    async with site.get("/api/v1/me/feed", headers=headers) as answer:
        assert await answer.json() == {"created_at": "2026-09-07T04:00:00Z", "url": None}
    for _ in range(2):
        async with site.delete("/api/v1/me/feed", headers=headers) as answer:
            assert answer.status == 204
    async with site.get(second) as answer:
        assert answer.status == 404
    async with site.get("/api/v1/me/feed", headers=headers) as answer:
        assert (await answer.json())["created_at"] is None


async def test_a_disabled_persons_address_ends(site, lecturer, make, database, clock):
    path = await make(lecturer)
    async with database.begin() as connection:
        await disable(connection, lecturer.id, at=clock.now())
    async with site.get(path) as answer:
        assert answer.status == 404


@pytest.mark.parametrize("secret", ["", "short", "A" * 43, "../" * 15, "%00" * 43])
async def test_a_guessed_address_is_not_found(site, secret):
    async with site.get(f"/calendar/{secret}.ics") as answer:
        assert answer.status == 404


async def test_only_people_have_one(site):
    for method in ("GET", "POST", "DELETE"):
        async with site.request(method, "/api/v1/me/feed") as answer:
            assert answer.status == 401


async def address_of(site, headers, **topic) -> str:
    async with site.post("/api/v1/me/feeds", json=topic, headers=headers) as answer:
        assert answer.status == 201, await answer.text()
        url = (await answer.json())["url"]
    return url[url.index("/", 8) :]


@pytest.fixture
async def course(database, clock):
    async with database.begin() as connection:
        wanted = Course(id=new_id(), key="phys", title="Optics", created_at=clock.now())
        return await add_course(connection, wanted)


async def test_a_learners_calendar_has_the_classes_of_their_courses_and_group(
    site, lecturer, make, add_person, add_lecture, course, database, clock
):
    learner = await add_person(Role.STUDENT)
    async with database.begin() as connection:
        groups = [await add_group(connection, Group(id=new_id(), key=k, name=k)) for k in "ab"]
        enrolment = Enrolment(
            id=new_id(),
            course=course.id,
            person=learner.id,
            study_group=groups[0].id,
            since=clock.now().date(),
            until=clock.now().date() + timedelta(days=7),
            changed_at=clock.now(),
        )
        await enrol(connection, enrolment)
    works = [StudyWork(course=course.id, groups=(group.id,)) for group in groups]
    titles = [("Own", works[0], 1), ("Other group", works[1], 3), ("Too late", works[0], 24 * 9)]
    for title, work, hours in titles:
        await add_lecture(lecturer, title=title, work=work, starts_in=hours * HOUR)
    await add_lecture(lecturer, title="Of no course", starts_in=6 * HOUR)
    assert [event["SUMMARY"] for event in await events(site, await make(learner))] == ["Own"]


async def test_a_course_has_a_calendar_of_its_own(site, lecturer, add_lecture, bearer, course):
    work = StudyWork(course=course.id, auditorium="Hall 1, north")
    await add_lecture(lecturer, title="Lenses", work=work)
    await add_lecture(lecturer, title="Of no course", starts_in=3 * HOUR)
    headers = await bearer(lecturer)
    path = await address_of(site, headers, course=str(course.id))
    async with site.get(path) as answer:
        calendar = icalendar.Calendar.from_ical(await answer.read())
    (event,) = calendar.walk("VEVENT")
    assert (event["SUMMARY"], event["LOCATION"]) == ("Lenses", "Hall 1, north")
    assert calendar["X-WR-CALNAME"] == "Daris: Optics"
    async with site.get("/api/v1/me/feeds", headers=headers) as answer:
        (shown,) = (await answer.json())["feeds"]
    assert (shown["what"], shown["of"]) == ("calendar", "Optics")
    async with site.delete(f"/api/v1/me/feeds/{shown['id']}", headers=headers) as answer:
        assert answer.status == 204
    async with site.delete(f"/api/v1/me/feeds/{shown['id']}", headers=headers) as answer:
        assert answer.status == 404
    async with site.get(path) as answer:
        assert answer.status == 404


async def test_a_channel_has_a_calendar_of_what_it_shows(site, lecturer, bearer, database, clock):
    programme = Programme(
        key="evening/1",
        starts_at=clock.now() + HOUR,
        ends_at=clock.now() + 2 * HOUR,
        source=Source(slate=True),
        titles={"kk": "Кеш", "en": "Evening"},
    )
    async with database.begin() as connection:
        channel = Channel(id="one", name="Daris One", profile="720p25")
        await add_channel(connection, channel, at=clock.now())
        await apply(connection, channel, Change([programme], [], [], []), by=None, at=clock.now())
    path = await address_of(site, await bearer(lecturer), channel="one")
    (event,) = await events(site, path)
    assert event["SUMMARY"] == "Кеш"
    assert event["UID"].startswith("one.")
    async with database.begin() as connection:
        channel = await channel_by_id(connection, "one")
        shown = await programmes_between(connection, "one", clock.now(), clock.now() + DAY)
        await apply(connection, channel, Change([], [], shown, []), by=None, at=clock.now())
    (gone,) = await events(site, path)
    assert (gone["UID"], gone["STATUS"]) == (event["UID"], "CANCELLED")
    assert gone["SUMMARY"] == "Кеш"
    assert int(gone["SEQUENCE"]) > int(event["SEQUENCE"])
    async with database.begin() as connection:
        channel = await channel_by_id(connection, "one")
        await apply(connection, channel, Change([programme], [], [], []), by=None, at=clock.now())
    (back,) = await events(site, path)
    assert (back["UID"], back["STATUS"]) == (event["UID"], "CONFIRMED")
    assert int(back["SEQUENCE"]) > int(gone["SEQUENCE"])


@pytest.mark.parametrize(
    ("topic", "status"),
    [
        ({"what": "recordings"}, 400),
        ({"course": str(new_id())}, 404),
        ({"channel": "none"}, 404),
        ({"course": str(new_id()), "channel": "one"}, 400),
        ({"what": "everything"}, 400),
    ],
)
async def test_a_feed_of_nothing_is_not_made(site, lecturer, bearer, topic, status):
    headers = await bearer(lecturer)
    async with site.post("/api/v1/me/feeds", json=topic, headers=headers) as answer:
        assert answer.status == status
    async with site.get("/api/v1/me/feeds", headers=headers) as answer:
        assert await answer.json() == {"feeds": []}
