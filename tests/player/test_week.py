"""The page of the week: where each lecture lies, and what the week is called."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from identity.rights import Role
from kernel.ids import new_id
from player import site, week
from player.week import lay_out, other_weeks, teaching_week
from schedule.academic import Period, add_period, set_holidays
from schedule.cards import Card
from schedule.courses import Course, Group, add_course, add_group
from schedule.enrolments import Enrolment, enrol
from schedule.lifecycle import Lecture, LectureState, RecordingState
from schedule.planning import Author, Plan, plan
from schedule.study_work import Kind, StudyWork

ALMATY = ZoneInfo("Asia/Almaty")
MONDAY = date(2026, 9, 7)
TERM = Period(
    id=uuid4(),
    calendar="university",
    name="Autumn term",
    starts_on=date(2026, 9, 2),
    ends_on=date(2026, 12, 20),
)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """On a day of September, by the clocks of Almaty."""
    return datetime(2026, 9, day, hour, minute, tzinfo=ALMATY).astimezone(UTC)


def draw_card(starts_at: datetime, title: str, hall: str) -> Card:
    one = draw_lecture(starts_at)
    own = {
        name: getattr(one, name) for name in ("id", "revision", "starts_at", "ends_at", "lecturer")
    }
    return Card(
        title=title,
        auditorium=hall,
        course=None,
        groups=(),
        state=one.state,
        kind=Kind.LECTURE,
        lecturer_name="Aigerim",
        **own,
    )


def draw_lecture(starts_at: datetime, minutes: int = 50) -> Lecture:
    return Lecture(
        id=uuid4(),
        title="Linear algebra",
        summary="",
        lecturer=uuid4(),
        lecturer_name="Aigerim",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=minutes),
        state=LectureState.PLANNED,
        is_recorded=True,
        recording=RecordingState.NONE,
        revision=1,
        created_at=starts_at,
        changed_at=starts_at,
    )


def places(*lectures: Lecture) -> list[tuple[int, int, int, int]]:
    """Weekday, first row, rows and lectures of each block."""
    laid = lay_out(lectures, MONDAY, ALMATY)
    return [
        (number, block.first, block.rows, len(block.lectures))
        for number, day in enumerate(laid.days, 1)
        for block in day.blocks
    ]


def test_a_lecture_lies_on_its_day_and_hours():
    assert places(draw_lecture(at(8, 9))) == [(2, 1, 1, 1)]
    assert places(draw_lecture(at(9, 10, 30), 60)) == [(3, 2, 2, 1)]


def test_what_overlaps_shares_a_place_and_what_follows_does_not():
    both = draw_lecture(at(8, 9), 100), draw_lecture(at(8, 10, 30), 60)
    assert places(*both) == [(2, 1, 3, 2)]
    assert places(draw_lecture(at(8, 9)), draw_lecture(at(8, 10))) == [(2, 1, 1, 1), (2, 2, 1, 1)]


def test_the_hours_reach_as_far_as_the_lectures():
    assert lay_out([], MONDAY, ALMATY).hours == range(9, 18)
    early_and_late = [draw_lecture(at(8, 7)), draw_lecture(at(9, 19), 90)]
    assert lay_out(early_and_late, MONDAY, ALMATY).hours == range(7, 21)


def test_what_does_not_fit_on_a_page_of_paper_is_crowded():
    def is_crowded(*days: range, title: str = "Linear algebra", hall: str = "305") -> bool:
        cards = [draw_card(at(8, hour), title, hall) for hours in days for hour in hours]
        return lay_out(cards, MONDAY, ALMATY).is_crowded

    whole = range(9, 17)
    assert not is_crowded(whole)
    assert not is_crowded(range(9, 11), range(9, 11))
    assert is_crowded(whole, whole)
    assert is_crowded(range(6, 21))
    assert is_crowded(whole, title="Linear algebra and analytic geometry")
    assert is_crowded(whole, hall="Main building, 305")


def test_a_lecture_into_the_night_stays_on_the_day_of_its_beginning():
    assert places(draw_lecture(at(8, 23), 120)) == [(2, 15, 1, 1)]
    assert places(draw_lecture(at(6, 23), 120)) == []


def test_the_zone_decides_on_the_day():
    late = draw_lecture(at(8, 1))
    berlin = lay_out([late], MONDAY, ZoneInfo("Europe/Berlin"))
    assert [bool(day.blocks) for day in berlin.days] == [True] + [False] * 6


def test_the_teaching_week_is_counted_from_the_start_of_the_period():
    assert teaching_week([TERM], date(2026, 8, 24)) is None
    assert teaching_week([TERM], date(2026, 8, 31)).number == 1
    second = teaching_week([TERM], MONDAY)
    assert (second.number, second.is_odd, second.is_midterm) == (2, False, False)
    assert teaching_week([TERM], date(2026, 11, 2)).is_midterm


def test_other_calendars_are_told_where_they_count_otherwise():
    mba = replace(TERM, calendar="mba", starts_on=date(2026, 8, 17), name="Module 1")
    same, over = replace(TERM, calendar="law"), replace(mba, calendar="it", ends_on=TERM.starts_on)
    own = teaching_week([TERM], MONDAY)
    assert [
        (one.calendar, one.number, one.is_odd)
        for one in other_weeks([over, same, mba], MONDAY, own)
    ] == [("mba", 4, False)]
    assert other_weeks([same], MONDAY, own) == []


@pytest.fixture
async def pages(serve):
    return await serve([*site.ROUTES, *week.routes()])


@pytest.fixture
def see(pages, bearer):
    async def see(person, path="/week", *, status=200) -> str:
        headers = {"Accept": "text/html"} | await bearer(person)
        async with pages.get(path, headers=headers) as answer:
            assert answer.status == status
            return await answer.text()

    return see


async def test_a_lecturer_sees_their_own_and_may_see_all(see, add_person, add_lecture):
    mine, other = [await add_person(Role.LECTURER, locale="en") for _ in range(2)]
    await add_lecture(mine, title="Optics")
    await add_lecture(other, title="Algebra")
    own, every = await see(mine), await see(mine, "/week?whose=all")
    assert "Optics" in own
    assert "Algebra" not in own
    assert "Optics" in every
    assert "Algebra" in every


async def test_others_see_everything(see, add_person, add_lecture):
    await add_lecture(await add_person(Role.LECTURER), title="Optics")
    student = await add_person(Role.STUDENT, locale="en")
    assert "Optics" in await see(student)
    assert "Optics" not in await see(student, "/week?on=2026-09-14")


async def test_the_page_says_when_there_are_more_lectures(
    see, add_person, add_lecture, monkeypatch
):
    monkeypatch.setattr(week, "_MOST", 1)
    lecturer = await add_person(Role.LECTURER, locale="en")
    await add_lecture(lecturer, title="Optics")
    assert "more lectures" not in await see(lecturer)
    await add_lecture(lecturer, title="Algebra", starts_in=timedelta(hours=3))
    page = await see(lecturer)
    assert "the first 1 are shown" in page
    assert "Algebra" not in page


async def test_times_are_those_of_the_browsers_zone(pages, bearer, add_person, add_lecture):
    await add_lecture(await add_person(Role.LECTURER))
    headers = await bearer(await add_person(Role.STUDENT, locale="en"))
    for zone, shown in (("Europe%2FBerlin", "07:00"), ("Asia/Tokyo", "14:00"), ("Mars", "10:00")):
        async with pages.get("/week", headers=headers | {"Cookie": f"zone={zone}"}) as page:
            assert f">{shown}</time>" in await page.text()


async def test_the_page_names_the_week_and_its_holidays(see, database, add_person):
    async with database.begin() as connection:
        period = await add_period(connection, replace(TERM))
        await set_holidays(connection, period, {date(2026, 9, 9): "A free day"})
    page = await see(await add_person(Role.STUDENT, locale="en"))
    for words in ("Week 2", "even week", "Autumn term", "A free day", "/week?on=2026-09-14"):
        assert words in page


async def test_an_mba_sees_its_own_week_and_the_university_both(
    see, database, clock, add_person, add_lecture
):
    async with database.begin() as connection:
        await add_period(connection, TERM)
        mba = await add_period(
            connection,
            replace(TERM, calendar="mba", name="Module 1", starts_on=date(2026, 7, 6)),
        )
        await set_holidays(connection, mba, {date(2026, 9, 9): "Their free day"})
        course = Course(
            id=new_id(), key="fin", title="Finance", created_at=clock.now(), calendar="mba"
        )
        course = await add_course(connection, course)
    lecturer = await add_person(Role.LECTURER, locale="en")
    await add_lecture(lecturer, title="Finance", work=StudyWork(course=course.id))
    own = await see(lecturer)
    for words in ("Week 10", "even week", "Midterm", "Module 1", "Their free day"):
        assert words in own
    assert 'data-testid="other-week"' not in own
    every = await see(lecturer, "/week?whose=all")
    assert "Autumn term" in every
    assert "mba: Week 10, even week, Midterm" in every
    assert "Their free day" not in every


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "soon"])
async def test_a_day_that_is_none_is_refused(see, add_person, day):
    await see(await add_person(Role.STUDENT), f"/week?on={day}", status=400)


async def test_who_is_not_signed_in_goes_to_the_log_in(pages):
    async with pages.get("/week?on=2026-09-14", allow_redirects=False) as answer:
        assert answer.status == 303
        assert answer.headers["Location"] == "/login?next=/week?on%3D2026-09-14"


@pytest.fixture
async def studied(database, clock, add_person):
    """A student of the group IS-21 in a course, with a class for all, for their group, for another."""
    lecturer = await add_person(Role.LECTURER)
    dana = await add_person(Role.STUDENT, locale="en")
    now, at = clock.now(), clock.now().date()
    async with database.begin() as connection:
        course = Course(id=new_id(), key="cs1", title="Algorithms", created_at=now)
        course = await add_course(connection, course)
        mine, other = [
            await add_group(connection, Group(id=new_id(), key=key, name=key))
            for key in ("IS-21", "IS-22")
        ]
        one = Enrolment(
            id=new_id(),
            course=course.id,
            person=dana.id,
            study_group=mine.id,
            since=at,
            changed_at=now,
        )
        await enrol(connection, one)
        for hours, (title, work) in enumerate(
            {
                "Stream": StudyWork(course=course.id),
                "Ours": StudyWork(course=course.id, groups=(mine.id,), auditorium="Hall 3"),
                "Theirs": StudyWork(course=course.id, groups=(other.id,)),
                "Open": StudyWork(),
            }.items(),
            1,
        ):
            begins = now + timedelta(hours=hours)
            wanted = Plan(
                title=title,
                lecturer=lecturer.id,
                starts_at=begins,
                ends_at=begins + timedelta(minutes=50),
                work=work,
            )
            await plan(connection, wanted, Author(lecturer.id, now))
    return dana, mine


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"Stream", "Ours"}),
        ("?whose=all", {"Stream", "Ours", "Theirs", "Open"}),
        ("?group={group}", {"Ours"}),
        ("?auditorium=Hall%203", {"Ours"}),
    ],
)
async def test_a_week_is_a_persons_a_groups_or_an_auditoriums(see, studied, query, shown):
    dana, group = studied
    page = await see(dana, "/week" + query.format(group=group.id))
    titles = {"Stream", "Ours", "Theirs", "Open"}
    assert {title for title in titles if f"<strong>{title}</strong>" in page} == shown
