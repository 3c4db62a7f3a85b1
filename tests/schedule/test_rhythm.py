"""An MBA begins earlier and is free on other days: what its course follows, and what counts whose weeks."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from footprint.course import course_sheet
from footprint.term_report import term_report
from identity.rights import Role, Viewer
from kernel.ids import new_id
from schedule.academic import Period, add_period, set_holidays, week_of
from schedule.courses import Course, add_course
from schedule.free_times import free_times
from schedule.lectures import lectures
from schedule.lifecycle import LectureState, Policy
from schedule.obstacles import obstacles
from schedule.planning import Author, Plan, plan
from schedule.repeating import SeriesPlan, plan_series
from schedule.rhythm import calendar_of, calendars_of, rhythm_of
from schedule.series import Pattern, Weeks
from schedule.study_work import StudyWork

ALMATY = ZoneInfo("Asia/Almaty")
TUESDAY = date(2026, 9, 15)
ADMIN = Viewer(None, "", frozenset({Role.ADMIN}))


def draw_period(calendar: str, starts_on: date) -> Period:
    return Period(
        id=new_id(),
        calendar=calendar,
        name=f"Autumn of {calendar}",
        starts_on=starts_on,
        ends_on=date(2026, 12, 20),
    )


class House:
    """The university, an MBA with a calendar of its own, and the Law faculty, which has one by name."""

    def __init__(self, database, clock):
        self.database, self.clock = database, clock

    async def begin(self):
        async with self.database.begin() as connection:
            self.term = await add_period(connection, draw_period("university", date(2026, 9, 1)))
            self.module = await add_period(connection, draw_period("mba", date(2026, 8, 17)))
            await add_period(connection, draw_period("Law", date(2026, 9, 7)))
            await set_holidays(connection, self.module, {TUESDAY: "A free day of the MBA"})
            self.optics = await self._course(connection, "optics", faculty="Physics")
            self.rights = await self._course(connection, "rights", faculty="Law")
            self.finance = await self._course(connection, "finance", faculty="Law", calendar="mba")
        return self

    async def _course(self, connection, key, **more):
        course = Course(id=new_id(), key=key, title=key, created_at=self.clock.now(), **more)
        return (await add_course(connection, course)).id

    def wish(self, lecturer, course):
        starts_at = datetime.combine(TUESDAY, datetime.min.time(), ALMATY).replace(hour=19)
        return Plan(
            title="Finance",
            lecturer=lecturer.id,
            starts_at=starts_at.astimezone(UTC),
            ends_at=starts_at.astimezone(UTC) + timedelta(hours=1),
            work=StudyWork(course=course),
        )


@pytest.fixture
async def house(either_database, clock):
    return await House(either_database, clock).begin()


async def test_a_course_follows_its_own_calendar_its_facultys_or_the_universitys(house):
    async with house.database.connect() as connection:
        assert await calendars_of(connection) == {
            house.optics: "university",
            house.rights: "Law",
            house.finance: "mba",
        }
        assert await calendar_of(connection, None) == "university"
        alone = await rhythm_of(connection, TUESDAY, TUESDAY, {house.finance})
        assert (alone.calendar, alone.periods, alone.others) == ("mba", [house.module], [])
        both = await rhythm_of(connection, TUESDAY, TUESDAY, {house.finance, house.rights})
        assert (both.calendar, both.periods) == ("university", [house.term])
        assert [one.calendar for one in both.others] == ["mba", "Law"]
        group = await rhythm_of(connection, TUESDAY, TUESDAY, (), faculties={"Law"})
        assert group.calendar == "Law"
        every = await rhythm_of(connection, TUESDAY, TUESDAY, (), of_everybody=True)
        assert (every.calendar, len(every.others)) == ("university", 2)


async def test_an_mba_is_free_on_its_own_days_and_counts_its_own_weeks(house, clock, add_person):
    teacher = await add_person(Role.LECTURER, into=house.database)
    by, policy = Author(teacher.id, clock.now(), ALMATY), Policy()
    pattern = Pattern(
        weekday=2, begins=datetime.min.time().replace(hour=19), length=timedelta(hours=1),
        zone=ALMATY, weeks=Weeks.ODD, first_week=1, last_week=12,
    )  # fmt: skip
    async with house.database.begin() as connection:
        told = {
            course: [
                one.code for one in await obstacles(connection, house.wish(teacher, course), ALMATY)
            ]
            for course in (house.optics, house.finance)
        }
        assert told == {house.optics: [], house.finance: ["holiday"]}
        series = SeriesPlan(
            period=house.module.id, title="Finance", summary="", lecturer=teacher.id,
            is_recorded=True, work=StudyWork(course=house.finance), pattern=pattern,
        )  # fmt: skip
        outcome = await plan_series(connection, series, by, policy)
        days = [one.lecture.starts_at.astimezone(ALMATY).date() for one in outcome.classes]
        assert [week_of(house.module, day) for day in days] == [7, 9, 11], "5 is free, 1 and 3 past"
        single = await plan(connection, house.wish(teacher, house.finance), by)
        free = await free_times(connection, single, clock.now(), at_most=20)
        assert TUESDAY not in {one.starts_at.astimezone(ALMATY).date() for one in free}
        await connection.execute(lectures.update().values(state=LectureState.PUBLISHED))
        sheet = await course_sheet(connection, house.finance, "Finance", now=clock.now())
        assert [one.week for one in sheet.classes] == [5, 7, 9, 11]
        report = await term_report(
            connection, house.module.starts_on, house.module.ends_on, ADMIN, house.module
        )
        assert [one.key for one in report.coverage] == ["finance"], "Others follow other weeks."
