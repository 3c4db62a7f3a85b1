"""A class moves alone, or with all that follow it; lectures keep their addresses."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from identity.rights import Role
from kernel.errors import Conflict, Invalid, NotFound, PreconditionFailed
from schedule import agenda, api, moving_api, series_api
from schedule.academic import period_by_id, set_holidays
from schedule.lifecycle import Policy
from schedule.moving import move_following
from schedule.planning import Changes, Plan
from schedule.repeating import outcome_of
from schedule.series import list_series
from schedule.timetable import Timetable
from tests.schedule.test_repeating import plan

__all__ = ["plan"]  # a fixture
DAY = timedelta(days=1)


@pytest.fixture
async def planned(either_database, plan, kept, bus, clock):
    wanted, author = plan
    timetable = Timetable(either_database, kept, bus, clock)
    return timetable, await timetable.plan_series(wanted, author), author


async def move(timetable, lecture, by, author, **more):
    async with timetable.reviewing(is_preview=False) as connection:
        return await move_following(
            connection,
            lecture.id,
            lecture.starts_at + by,
            author,
            revision=lecture.revision,
            policy=Policy(),
            **more,
        )


async def starts(database, series):
    async with database.connect() as connection:
        classes = (await outcome_of(connection, series)).classes
    return {one.of.week: one.lecture.starts_at for one in classes}, [
        one.lecture.id for one in classes
    ]


async def test_this_and_the_following_become_a_series_of_their_own(planned, either_database):
    timetable, outcome, author = planned
    before, ids = await starts(either_database, outcome.series)
    moved = await move(
        timetable,
        outcome.classes[4].lecture,
        DAY + timedelta(hours=1),
        author,
        auditorium="Hall 2",
    )
    assert moved.outcome.findings == []
    left, left_ids = await starts(either_database, outcome.series)
    right, right_ids = await starts(either_database, moved.outcome.series)
    assert left == {week: at for week, at in before.items() if week < 5}
    assert right == {w: at + DAY + timedelta(hours=1) for w, at in before.items() if w >= 5}
    assert left_ids + right_ids == ids
    assert not any(one.is_exception for one in moved.outcome.classes)
    assert {one.lecture.work.auditorium for one in moved.outcome.classes} == {"Hall 2"}


async def test_from_the_first_class_on_the_series_stays_one(planned, either_database):
    timetable, outcome, author = planned
    moved = await move(timetable, outcome.classes[0].lecture, DAY, author)
    assert moved.outcome.series.id == outcome.series.id
    async with either_database.connect() as connection:
        assert len(await list_series(connection)) == 1


async def test_a_class_that_was_moved_alone_leads_the_others_and_later_exceptions_stay(
    planned, either_database
):
    timetable, outcome, author = planned
    first, later = outcome.classes[2].lecture, outcome.classes[6].lecture
    for one, by in ((first, DAY), (later, 2 * DAY)):
        changes = Changes(starts_at=one.starts_at + by, ends_at=one.ends_at + by)
        await timetable.change(one.id, changes, author, revision=1)
    touched = replace(first, starts_at=first.starts_at + DAY, revision=2)
    moved = await move(timetable, touched, timedelta(hours=2), author)
    by_week = {one.of.week: one for one in moved.outcome.classes}
    assert by_week[3].lecture.starts_at == first.starts_at + DAY + timedelta(hours=2)
    assert not by_week[3].is_exception
    assert by_week[7].lecture.starts_at == later.starts_at + 2 * DAY
    assert by_week[8].lecture.starts_at.weekday() == by_week[3].lecture.starts_at.weekday()


async def test_classes_whose_new_day_is_free_are_counted_and_cancelled(planned, either_database):
    timetable, outcome, author = planned
    async with either_database.begin() as connection:
        period = await period_by_id(connection, outcome.series.period)
        await set_holidays(connection, period, {date(2026, 10, 15): "A free Thursday"})
    moved = await move(timetable, outcome.classes[3].lecture, DAY, author)
    assert moved.on_holidays == 1
    assert 6 not in {one.of.week for one in moved.outcome.classes}


async def test_what_is_in_the_way_of_one_is_told_with_its_week(planned):
    timetable, outcome, author = planned
    there = outcome.classes[7].lecture
    wanted = Plan(
        title="Waves",
        lecturer=there.lecturer,
        starts_at=there.starts_at + DAY,
        ends_at=there.ends_at + DAY,
    )
    await timetable.plan(wanted, author)
    moved = await move(timetable, outcome.classes[5].lecture, DAY, author)
    [finding] = moved.outcome.findings
    assert finding.week == 8
    assert finding.values["title"] == "Waves"


@pytest.mark.parametrize(
    ("by", "revision", "error"),
    [(7 * DAY, 1, Invalid), (DAY, 2, PreconditionFailed)],
    ids=["to another week", "a stale revision"],
)
async def test_what_makes_no_sense_is_refused(planned, by, revision, error):
    timetable, outcome, author = planned
    with pytest.raises(error):
        await move(timetable, replace(outcome.classes[4].lecture, revision=revision), by, author)


async def test_a_lecture_of_no_series_has_none_that_follow(planned):
    timetable, outcome, author = planned
    there = outcome.classes[0].lecture
    wanted = Plan(
        title="Alone",
        lecturer=there.lecturer,
        starts_at=there.starts_at + DAY,
        ends_at=there.ends_at + DAY,
    )
    alone = await timetable.plan(wanted, author)
    with pytest.raises(NotFound):
        await move(timetable, alone, DAY, author)
    await timetable.cancel(outcome.classes[0].lecture.id, author)
    with pytest.raises(Conflict):
        await move(timetable, replace(outcome.classes[0].lecture, revision=2), DAY, author)


async def test_two_classes_do_not_change_places_and_nothing_of_it_is_saved(
    serve, add_person, add_lecture, bearer
):
    site = await serve([*moving_api.routes(), *api.routes(), *series_api.routes()], agenda.opened)
    lecturer = await add_person(Role.LECTURER)
    headers = await bearer(lecturer)
    first = await add_lecture(lecturer, title="Optics")
    second = await add_lecture(lecturer, title="Waves", starts_in=timedelta(hours=3))
    wish = {"starts_at": second.starts_at.isoformat(), "revision": 1}
    address = f"/api/v1/lectures/{first.id}/move"
    async with site.post(f"{address}?dry_run=true", json=wish, headers=headers) as answer:
        [obstacle] = (await answer.json())["obstacles"]
    assert obstacle["is_hard"]
    assert "“Waves”" in obstacle["message"]
    async with site.post(address, json=wish, headers=headers) as answer:
        assert answer.status == 409
    later = wish | {"starts_at": (second.ends_at + timedelta(hours=1)).isoformat()}
    async with site.post(address, json=later, headers=headers) as answer:
        assert (await answer.json())["lectures"] == [str(first.id)]
    async with site.get(f"/api/v1/lectures/{first.id}", headers=headers) as answer:
        assert (await answer.json())["revision"] == 2
    following = wish | {"revision": 2, "reach": "following"}
    async with site.post(address, json=following, headers=headers) as answer:
        assert answer.status == 404
