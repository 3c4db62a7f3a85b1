"""A series on both databases: saved whole, previewed without a trace."""

from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from identity.rights import Role
from kernel.errors import Conflict
from kernel.ids import new_id
from kernel.pages import HOUSE_ZONE
from schedule.academic import Period, add_period
from schedule.lectures import Filter, list_lectures
from schedule.planning import Author
from schedule.repeating import SeriesPlan
from schedule.series import Pattern
from schedule.timetable import Timetable


@pytest.fixture
async def plan(either_database, add_person, clock):
    lecturer = await add_person(Role.LECTURER, into=either_database)
    period = Period(
        id=new_id(),
        calendar="university",
        name="Autumn term",
        starts_on=date(2026, 9, 7),
        ends_on=date(2026, 12, 20),
    )
    async with either_database.begin() as connection:
        period = await add_period(connection, period)
    pattern = Pattern(
        weekday=3,
        begins=time(9),
        length=timedelta(minutes=50),
        zone=ZoneInfo(HOUSE_ZONE),
        first_week=1,
        last_week=15,
    )
    return SeriesPlan(
        period=period.id, title="Optics", lecturer=lecturer.id, pattern=pattern
    ), Author(lecturer.id, clock.now())


async def test_a_series_is_planned_once_and_previewed_without_a_trace(
    either_database, plan, kept, bus, clock
):
    timetable = Timetable(either_database, kept, bus, clock)
    wanted, author = plan
    preview = await timetable.plan_series(wanted, author, is_preview=True)
    assert len(preview.classes) == 15
    assert kept.facts == []
    planned = await timetable.plan_series(wanted, author)
    assert len(planned.classes) == len(kept.facts) == 15
    with pytest.raises(Conflict) as error:
        await timetable.plan_series(wanted, author)
    assert len(error.value.findings) == 15
    ended = await timetable.end_series(planned.series.id, author)
    assert ended.classes == []
    async with either_database.connect() as connection:
        found = await list_lectures(connection, Filter())
    assert [lecture.state for lecture in found] == ["cancelled"] * 15
