"""The page of the month: whole weeks, each class on its day, beside the numbers of teaching weeks."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.rights import Role
from player import month
from player.month import lay_out
from schedule.academic import Period
from schedule.channels import Channel, add_channel
from schedule.lifecycle import LectureState
from schedule.marks import Mark
from schedule.rhythm import Rhythm
from schedule.study_work import StudyWork

ALMATY = ZoneInfo("Asia/Almaty")
SEPTEMBER = date(2026, 9, 1)
TERM = Period(
    id=uuid4(), calendar="university", name="Autumn term", starts_on=date(2026, 9, 2),
    ends_on=date(2026, 12, 20),
)  # fmt: skip


def draw_mark(starts_at: datetime) -> Mark:
    ends_at = starts_at + timedelta(minutes=50)
    return Mark(uuid4(), "Optics", starts_at, ends_at, LectureState.PLANNED, uuid4(), None, ())


@given(st.dates(date(1901, 2, 1), date(2199, 11, 1)))
def test_a_month_is_whole_weeks_that_hold_all_its_days(day):
    weeks = lay_out([], day.replace(day=1), ALMATY)
    days = [one.day for week in weeks for one in week.days]
    assert days == [days[0] + timedelta(days=n) for n in range(len(days))]
    assert days[0].weekday() == 0
    assert len(days) % 7 == 0
    inside = [one.day for week in weeks for one in week.days if one.is_inside]
    assert inside[0].day == 1
    assert (inside[-1] + timedelta(days=1)).day == 1
    assert weeks[0].days[6].is_inside
    assert weeks[-1].days[0].is_inside


def test_a_class_is_on_its_day_in_the_viewers_zone():
    late = draw_mark(datetime(2026, 9, 7, 20, tzinfo=UTC))
    of_day = {
        zone.key: [
            one.day for week in lay_out([late], SEPTEMBER, zone) for one in week.days if one.marks
        ]
        for zone in (ALMATY, ZoneInfo("Europe/Berlin"))
    }
    assert of_day == {"Asia/Almaty": [date(2026, 9, 8)], "Europe/Berlin": [date(2026, 9, 7)]}


def test_weeks_have_their_teaching_numbers():
    rhythm = Rhythm("university", [TERM], [replace(TERM, calendar="mba", ends_on=date(2026, 9, 9))])
    weeks = lay_out([], SEPTEMBER, ALMATY, rhythm=rhythm)
    assert [week.teaching and week.teaching.number for week in weeks] == [1, 2, 3, 4, 5]
    assert not any(week.others for week in weeks), "It counts the same."
    august = lay_out([], date(2026, 8, 1), ALMATY, rhythm=rhythm)
    assert [week.teaching and week.teaching.number for week in august] == [None] * 5 + [1]


@pytest.fixture
async def see(serve, bearer):
    site = await serve(month.routes())

    async def see(person, address="/month", **headers):
        async with site.get(address, headers=await bearer(person) | headers) as page:
            assert page.status == 200
            return await page.text()

    return see


async def test_a_month_is_a_persons_an_auditoriums_or_a_channels(
    see, database, clock, add_person, add_lecture
):
    async with database.begin() as connection:
        await add_channel(
            connection, Channel(id="one", name="One", profile="720p25"), at=clock.now()
        )
    aigerim, other = [
        await add_person(Role.LECTURER, name=name, locale="en") for name in ("Aigerim", "Berik")
    ]
    works = {
        "Hall": StudyWork(auditorium="Hall 3"),
        "Broadcast": StudyWork(channel="one"),
        "Theirs": StudyWork(),
    }
    for hours, (title, work) in enumerate(works.items(), 1):
        lecturer = other if title == "Theirs" else aigerim
        await add_lecture(lecturer, title=title, work=work, starts_in=timedelta(hours=hours))
    for query, shown in {
        "": {"Hall", "Broadcast"},
        "?whose=all": set(works),
        f"?person={other.id}": {"Theirs"},
        "?auditorium=Hall%203": {"Hall"},
        "?channel=one": {"Broadcast"},
    }.items():
        page = await see(aigerim, "/month" + query)
        assert {title for title in works if f'class="what">{title}<' in page} == shown


async def test_a_full_day_says_how_many_more_there_are(see, add_person, add_lecture):
    lecturer = await add_person(Role.LECTURER, locale="en")
    for n in range(6):
        await add_lecture(lecturer, title=f"Class {n}", starts_in=timedelta(hours=n + 1))
    page = await see(lecturer)
    assert ">2 more</a>" in page
    assert "Class 4" not in page


async def test_who_is_elsewhere_sees_the_universitys_time_too(see, add_person, add_lecture):
    lecturer = await add_person(Role.LECTURER, locale="en", zone="Europe/Berlin")
    await add_lecture(lecturer)
    page = await see(lecturer)
    assert "with the time of Almaty" in page
    assert '<span class="house">10:00</span>' in page
    assert 'class="house"' not in await see(await add_person(Role.STUDENT, locale="en"))
