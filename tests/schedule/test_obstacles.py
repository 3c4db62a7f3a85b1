"""What speaks against a class is told before it is saved, each in a sentence with a proposal."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.rights import Role
from kernel.errors import Conflict, Invalid
from kernel.ids import new_id
from schedule import agenda, review_api
from schedule.academic import Period, add_period, set_holidays
from schedule.auditoriums import set_auditoriums
from schedule.channels import Channel, add_channel, programmes
from schedule.conflicts import next_free
from schedule.courses import Course, Group, add_course, add_group, course_by_key
from schedule.enrolments import Enrolment, enrol
from schedule.hours import Hours
from schedule.lectures import advance
from schedule.lifecycle import Policy
from schedule.obstacles import obstacles
from schedule.planning import Author, Plan, plan
from schedule.repeating import SeriesPlan, plan_series
from schedule.seats import Load, next_with_seats, peak
from schedule.series import Pattern
from schedule.series_review import review_series
from schedule.study_work import Mode, StudyWork

ALMATY = ZoneInfo("Asia/Almaty")
HOUR = timedelta(hours=1)
START = datetime(2026, 9, 8, 4, tzinfo=UTC)  # 9:00 on a Tuesday
TERM = Period(
    id=UUID(int=0), calendar="university", name="Term", starts_on=date(2026, 9, 1),
    ends_on=date(2026, 12, 20),
)  # fmt: skip


@pytest.fixture
async def world(either_database, clock, add_person):
    return await World(either_database, clock, add_person).begin()


class World:
    """A teacher, two courses with learners, and classes."""

    def __init__(self, database, clock, add_person):
        self.database, self.clock, self._add = database, clock, add_person

    async def begin(self):
        self.teacher = await self._add(Role.LECTURER, into=self.database, name="Aigerim")
        self.other = await self._add(Role.LECTURER, into=self.database)
        return self

    async def course(self, key, *people, **more):
        course = Course(id=new_id(), key=key, title=key, created_at=self.clock.now())
        async with self.database.begin() as connection:
            await add_course(connection, course)
            saved = await course_by_key(connection, key)
            for person in people:
                one = Enrolment(
                    id=new_id(), course=saved.id, person=person.id, since=date(2026, 9, 1),
                    changed_at=self.clock.now(), **more,
                )  # fmt: skip
                await enrol(connection, one)
        return saved

    async def learners(self, count):
        return [await self._add(Role.STUDENT, into=self.database) for _ in range(count)]

    def wish(self, *, at=START, lecturer=None, **work):
        return Plan(
            title="Optics",
            lecturer=(lecturer or self.teacher).id,
            starts_at=at,
            ends_at=at + HOUR,
            work=StudyWork(**work),
        )

    async def save(self, wanted):
        async with self.database.begin() as connection:
            return await plan(connection, wanted, Author(None, self.clock.now(), ALMATY))

    async def told(self, wanted, **more):
        async with self.database.connect() as connection:
            return await obstacles(connection, wanted, ALMATY, **more)


async def test_a_taken_auditorium_comes_with_another_that_is_free(world):
    await world.save(world.wish(auditorium="Hall 1"))
    await world.save(world.wish(at=START + 3 * HOUR, auditorium="Hall 2"))
    [one] = await world.told(world.wish(lecturer=world.other, auditorium="Hall 1"))
    assert (one.code, one.is_hard, one.auditorium) == ("auditorium", True, "Hall 2")
    assert one.starts_at == START + HOUR
    assert one.message == one.template.format_map(one.values)


async def test_an_auditorium_that_is_too_small_comes_with_the_smallest_that_fits(world):
    course = await world.course("a", *await world.learners(3))
    async with world.database.begin() as connection:
        await set_auditoriums(connection, {"Hall 1": 2, "Hall 2": 100, "Hall 3": 3, "Hall 4": 1})
    await world.save(world.wish(at=START + 3 * HOUR, auditorium="Nobody knows its size"))
    [one] = await world.told(world.wish(course=course.id, auditorium="Hall 1"))
    assert (one.code, one.is_hard) == ("too_small", False)
    assert one.auditoriums == ("Hall 3", "Hall 2", "Nobody knows its size")
    assert one.message == "Hall 1 has 2 seats, and 3 learners would come."
    assert await world.told(world.wish(course=course.id, auditorium="Hall 3")) == []
    with pytest.raises(Invalid):
        async with world.database.begin() as connection:
            await set_auditoriums(connection, {"Hall 1": 0})


@given(st.integers(0, 24 * 14), st.integers(1, 12).map(lambda n: n * HOUR))
def test_a_time_that_is_proposed_lies_in_teaching_hours(later, length):
    """Of an MBA: in the evening, and not on its free day; else as usual."""
    mba = replace(TERM, opens=time(18), closes=time(22), ends_on=date(2026, 9, 15))
    hours = Hours([mba], {date(2026, 9, 9)})
    asked = START + later * HOUR
    found = next_free([(START, START + 12 * HOUR)], asked, length, hours)
    local, until = found.astimezone(ALMATY), (found + length).astimezone(ALMATY)
    assert found >= asked
    assert local.date() != date(2026, 9, 9)
    assert local.weekday() < 6
    opens, closes = (18, 22) if local.date() <= mba.ends_on else (8, 20)
    assert local.replace(hour=opens, minute=0) <= local
    assert until <= local.replace(hour=closes, minute=0)


async def test_a_class_is_not_in_its_own_way(world):
    saved = await world.save(world.wish(auditorium="Hall 1"))
    assert await world.told(world.wish(auditorium="Hall 1"), apart_from=saved.id) == []


async def test_a_channel_has_one_class_at_a_time_and_none_beside_its_plan(world):
    async with world.database.begin() as connection:
        await add_channel(connection, Channel(id="one", name="One", profile="720p25"), at=START)
    await world.save(world.wish(channel="one"))
    beside = world.wish(lecturer=world.other, channel="one")
    [one] = await world.told(beside)
    assert (one.code, one.is_hard, one.starts_at) == ("channel", True, START + HOUR)
    async with world.database.begin() as connection:
        await connection.execute(programmes.insert().values(_film(START + HOUR)))
    [one] = await world.told(beside)
    assert one.starts_at == START + 2 * HOUR
    with pytest.raises(Conflict, match="The channel one has “A film”"):
        await world.save(replace(beside, starts_at=START + HOUR, ends_at=START + 2 * HOUR))


async def test_a_holiday_is_told_and_can_be_taught_on(world):
    async with world.database.begin() as connection:
        period = await add_period(connection, TERM)
        await set_holidays(connection, period, {date(2026, 9, 8): "A free day"})
    [one] = await world.told(world.wish())
    assert (one.code, one.is_hard) == ("holiday", False)
    assert one.message == "2026-09-08 is a holiday: A free day."
    await world.save(world.wish())


async def test_a_holiday_of_the_learners_home_university_is_told(world):
    async with world.database.begin() as connection:
        period = await add_period(connection, replace(TERM, calendar="Partner"))
        await set_holidays(connection, period, {date(2026, 9, 8): "Their day"})
    course = await world.course("a", *await world.learners(2), organisation="Partner")
    [one] = await world.told(world.wish(course=course.id))
    assert one.code == "organisation"
    assert "Partner, from where 2 learners come: Their day" in one.message


async def test_learners_who_have_another_class_are_counted_by_their_group(world):
    dana, aslan = await world.learners(2)
    async with world.database.begin() as connection:
        mine, theirs = [
            await add_group(connection, Group(id=new_id(), key=key, name=key)) for key in "ab"
        ]
    first = await world.course("a", dana, aslan)
    second = await world.course("b", dana, aslan, study_group=mine.id)
    wish = world.wish(lecturer=world.other, course=first.id)
    saved = await world.save(world.wish(course=second.id, groups=(mine.id,)))
    [one] = await world.told(wish)
    assert (one.code, one.is_hard) == ("learners", False)
    assert one.message == "2 of the learners have “Optics” from 09:00 to 10:00."
    async with world.database.begin() as connection:
        work = replace(saved.work, groups=(theirs.id,))
        await advance(connection, saved, None, at=world.clock.now(), work=work)
    assert await world.told(wish) == []


async def test_more_people_than_the_machine_bears_are_told_with_a_time_that_has_room(world):
    first = await world.course("a", *await world.learners(3))
    second = await world.course("b", *await world.learners(2))
    await world.save(world.wish(course=first.id))
    wish = world.wish(lecturer=world.other, course=second.id)
    assert await world.told(wish, most_seats=7) == []
    [one] = await world.told(wish, most_seats=6)
    assert (one.code, one.starts_at) == ("capacity", START + HOUR)
    assert one.message.startswith("7 people would be in rooms at once, 6 is")
    [alone] = await world.told(wish, most_seats=2)
    assert alone.starts_at is None
    on_air = replace(wish, work=replace(wish.work, mode=Mode.TELEVISION))
    assert await world.told(on_air, most_seats=6) == []


LOADS = st.lists(
    st.builds(
        lambda at, length, seats: Load(
            START + at * HOUR / 4, START + (at + length) * HOUR / 4, seats
        ),
        st.integers(-8, 40),
        st.integers(1, 8),
        st.integers(1, 50),
    ),
    max_size=8,
)


@given(LOADS, st.integers(0, 120))
def test_the_time_with_room_is_the_first_at_which_nobody_is_too_many(loads, left):
    found = next_with_seats(loads, START, START + HOUR, left)
    quarters = [START + n * HOUR / 4 for n in range(49)]
    fits = [at for at in quarters if peak(loads, at, at + HOUR) <= left]
    assert found == (fits[0] if fits else None)


@given(LOADS)
def test_the_peak_is_the_fullest_minute(loads):
    minutes = [START + n * HOUR / 60 for n in range(60)]
    fullest = max(
        sum(one.seats for one in loads if one.starts_at <= at < one.ends_at) for at in minutes
    )
    assert peak(loads, START, START + HOUR) == fullest


async def test_a_review_saves_nothing_and_is_for_who_may_change_the_class(
    serve, add_person, add_lecture, bearer
):
    site = await serve([*review_api.routes()], agenda.opened)
    lecturer, student = await add_person(Role.LECTURER), await add_person(Role.STUDENT)
    moved = await add_lecture(lecturer, title="Optics")
    taken = await add_lecture(lecturer, title="Waves", starts_in=3 * HOUR)
    wish = {
        "lecture": str(moved.id),
        "starts_at": taken.starts_at.isoformat(),
        "ends_at": taken.ends_at.isoformat(),
    }
    address = "/api/v1/lectures/review"
    async with site.post(address, json=wish, headers=await bearer(lecturer)) as answer:
        [one] = (await answer.json())["obstacles"]
    assert (one["code"], one["is_hard"]) == ("lecturer", True)
    assert one["values"]["title"] == "Waves"
    async with site.post(address, json=wish, headers=await bearer(student)) as answer:
        assert answer.status == 403
    backwards = wish | {"ends_at": moved.starts_at.isoformat()}
    async with site.post(address, json=backwards, headers=await bearer(lecturer)) as answer:
        assert answer.status == 400


def _film(at):
    return {
        "id": new_id(),
        "channel": "one",
        "key": "film",
        "revision": 1,
        "starts_at": at,
        "ends_at": at + HOUR,
        "source": {"file": "film.mp4"},
        "titles": {"en": "A film"},
        "descriptions": {},
    }


async def test_a_series_is_told_all_that_speaks_against_each_of_its_classes(world):
    """Hard and soft, and the auditoriums that are free in all weeks."""
    course = await world.course("a", *await world.learners(3))
    async with world.database.begin() as connection:
        period = await add_period(connection, TERM)
        await set_auditoriums(connection, {"Hall 1": 2, "Hall 2": 3, "Hall 3": 9})
    week = timedelta(days=7)
    await world.save(world.wish(lecturer=world.other, auditorium="Hall 1"))
    await world.save(world.wish(at=START + week, lecturer=world.other, auditorium="Hall 2"))
    wanted = SeriesPlan(
        period=period.id,
        title="Optics",
        lecturer=world.teacher.id,
        pattern=Pattern(
            weekday=2, begins=time(9), length=HOUR, zone=ALMATY, first_week=2, last_week=3
        ),
        work=StudyWork(course=course.id, auditorium="Hall 1"),
    )
    async with world.database.connect() as connection:
        by = Author(world.teacher.id, world.clock.now(), ALMATY)
        outcome = await plan_series(connection, wanted, by, Policy())
        review = await review_series(
            connection, outcome, ALMATY, now=world.clock.now(), most_seats=3
        )
    assert [(one.week, one.obstacle.code, one.obstacle.is_hard) for one in review.obstacles] == [
        (2, "auditorium", True),
        (2, "too_small", False),
        (2, "capacity", False),
        (3, "too_small", False),
        (3, "capacity", False),
    ]
    assert review.obstacles[0].obstacle.auditoriums == ("Hall 2", "Hall 3")
    assert review.auditoriums == ("Hall 3",)
