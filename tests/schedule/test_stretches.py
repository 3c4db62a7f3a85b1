"""Practices, exam sessions, breaks, moved days: as data of a period, and in a weekly series."""

from contextlib import nullcontext
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.rights import Role
from kernel.errors import Invalid
from kernel.ids import new_id
from schedule.academic import Period, add_period, set_holidays
from schedule.calendar_api import routes
from schedule.series import Pattern, expand
from schedule.stretches import (
    Purpose,
    Stretch,
    check_moved_days,
    set_moved_days,
    set_stretches,
    stretches_of,
    teaching_days,
)

TERM = Period(
    id=new_id(),
    calendar="university",
    name="Autumn term",
    starts_on=date(2026, 8, 31),
    ends_on=date(2026, 12, 27),
)
EXAMS = Stretch(
    kind=Purpose.EXAMS, name="Session", starts_on=date(2026, 12, 14), ends_on=date(2026, 12, 27)
)
MONDAYS = Pattern(
    weekday=1,
    begins=time(9),
    length=timedelta(minutes=50),
    zone=ZoneInfo("Asia/Almaty"),
    first_week=1,
    last_week=17,
)


async def test_a_series_keeps_out_of_the_session_and_follows_a_moved_day(either_database):
    practice = Stretch(
        kind=Purpose.PRACTICE,
        name="Museum",
        starts_on=date(2026, 9, 7),
        ends_on=date(2026, 9, 13),
        has_classes=True,
    )
    async with either_database.begin() as connection:
        term = await add_period(connection, TERM)
        await set_holidays(connection, term, {date(2026, 10, 26): "Republic Day"})
        await set_stretches(connection, term, [EXAMS, practice])
        await set_moved_days(connection, term, {date(2026, 10, 31): date(2026, 10, 26)})
        assert await stretches_of(connection, term) == [practice, EXAMS]
        days = await teaching_days(connection, term)
    classes = [slot.day for slot in expand(MONDAYS, term, days.free, days.moved)]
    assert len(classes) == 15
    assert date(2026, 9, 7) in classes
    assert date(2026, 10, 26) not in classes
    assert date(2026, 10, 31) in classes  # a Saturday
    assert max(classes) == date(2026, 12, 7)


@given(st.dictionaries(st.sampled_from(range(119)), st.sampled_from(range(119)), max_size=6))
def test_no_day_that_passes_is_left_to_two_days_or_to_itself(wanted):
    moved = {
        TERM.starts_on + timedelta(a): TERM.starts_on + timedelta(b) for a, b in wanted.items()
    }
    makes_sense = len(set(moved.values())) == len(moved) and not moved.keys() & set(moved.values())
    with nullcontext() if makes_sense else pytest.raises(Invalid):
        check_moved_days(TERM, moved)


@pytest.fixture
async def site(serve):
    return await serve(routes())


@pytest.fixture
async def term(database):
    async with database.begin() as connection:
        return await add_period(connection, TERM)


async def put(site, path: str, body, headers, status: int = 200):
    async with site.put(path, json=body, headers=headers) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


async def test_a_coordinator_says_what_the_period_holds(site, term, add_person, bearer):
    theirs = await bearer(await add_person(Role.COORDINATOR, locale="ru"))
    path = f"/api/v1/periods/{term.id}"
    session = {
        "kind": "exams",
        "name": "Session",
        "starts_on": "2026-12-14",
        "ends_on": "2026-12-27",
    }
    said = await put(site, f"{path}/stretches", {"stretches": [session]}, theirs)
    assert said == {"stretches": [session | {"has_classes": False}]}
    async with site.get(f"{path}/stretches", headers=theirs) as answer:
        assert await answer.json() == said
    moved = {"moved_days": [{"day": "2026-10-31", "taught_as": "2026-10-26"}]}
    assert await put(site, f"{path}/moved-days", moved, theirs) == moved
    async with site.get(f"{path}/moved-days", headers=theirs) as answer:
        assert await answer.json() == moved
    async with site.get(f"{path}/national-days", headers=theirs) as answer:
        names = {one["name"] for one in (await answer.json())["holidays"]}
    assert {"День Республики", "День Независимости"} <= names


async def test_what_does_not_fit_is_named_and_nothing_changes(site, term, add_person, bearer):
    theirs = await bearer(await add_person(Role.COORDINATOR))
    path = f"/api/v1/periods/{term.id}"
    late = {"kind": "exams", "name": "Session", "starts_on": "2026-12-14", "ends_on": "2027-01-10"}
    refused = await put(site, f"{path}/stretches", {"stretches": [late]}, theirs, 400)
    assert "Session" in refused["findings"][0]["message"]
    days = ["2026-10-31", "2026-10-26"]
    circle = [{"day": a, "taught_as": b} for a, b in (days, days[::-1])]
    refused = await put(site, f"{path}/moved-days", {"moved_days": circle}, theirs, 400)
    assert len(refused["findings"]) == 2
    twice = [{"day": days[0], "taught_as": days[1]}] * 2
    await put(site, f"{path}/moved-days", {"moved_days": twice}, theirs, 400)
    async with site.get(f"{path}/moved-days", headers=theirs) as answer:
        assert await answer.json() == {"moved_days": []}
    student = await bearer(await add_person(Role.STUDENT))
    await put(site, f"{path}/stretches", {"stretches": []}, student, 403)
