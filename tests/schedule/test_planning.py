import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity import people
from identity.rights import Role
from kernel.errors import Conflict, Invalid, PreconditionFailed
from kernel.ids import new_id
from schedule import events
from schedule.conflicts import next_free
from schedule.lectures import lecture_by_id, unannounced
from schedule.lifecycle import LectureState, Move, Policy
from schedule.planning import Author, Changes, Plan, cancel, change, plan
from schedule.teaching import make, start, stop

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
POLICY = Policy()


@pytest.fixture
async def lecturer(add_person, either_database):
    return await add_person(Role.LECTURER, name="Aigerim Sadykova", into=either_database)


@pytest.fixture
def planning(either_database, lecturer, clock):
    """`await planning.plan(starts_in=…)` and so on, each in a transaction of its own."""

    class Planning:
        by = Author(lecturer.id, clock.now(), ZoneInfo("Asia/Almaty"))

        async def plan(self, *, starts_in=HOUR, takes=HOUR, **more):
            starts_at = clock.now() + starts_in
            values = {
                "title": "Linear algebra",
                "lecturer": lecturer.id,
                "starts_at": starts_at,
                "ends_at": starts_at + takes,
            }
            async with either_database.begin() as connection:
                return await plan(connection, Plan(**(values | more)), self.by)

        async def change(self, lecture, *, revision=None, **changes):
            async with either_database.begin() as connection:
                return await change(
                    connection,
                    lecture.id,
                    Changes(**changes),
                    self.by,
                    revision=revision or lecture.revision,
                    policy=POLICY,
                )

        async def cancel(self, lecture):
            async with either_database.begin() as connection:
                return await cancel(connection, lecture.id, self.by)

        async def start(self, lecture):
            async with either_database.begin() as connection:
                return await start(
                    connection, lecture.id, at=clock.now(), by=lecturer.id, policy=POLICY
                )

        async def stop(self, lecture):
            async with either_database.begin() as connection:
                return await stop(connection, lecture.id, at=clock.now(), by=lecturer.id)

        async def facts(self):
            async with either_database.connect() as connection:
                return [entry.fact for entry in await unannounced(connection)]

    return Planning()


async def test_what_is_planned_is_kept(planning, either_database, lecturer):
    planned = await planning.plan(
        title="  Linear   algebra ", summary=" Vectors\n", is_recorded=False
    )
    assert (planned.title, planned.summary) == ("Linear algebra", "Vectors")
    assert (planned.state, planned.revision) == (LectureState.PLANNED, 1)
    async with either_database.connect() as connection:
        assert await lecture_by_id(connection, planned.id) == planned
    (fact,) = await planning.facts()
    assert isinstance(fact, events.LecturePlanned)
    assert (fact.lecture, fact.person, fact.title) == (planned.id, lecturer.id, "Linear algebra")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"title": " \n"}, "title"),
        ({"title": "x" * 301}, "title"),
        ({"title": "nul\0"}, "title"),
        ({"summary": "x" * 20_001}, "summary"),
        ({"takes": timedelta(0)}, "ends after it starts"),
        ({"takes": -HOUR}, "ends after it starts"),
        ({"takes": timedelta(hours=12, seconds=1)}, "12 hours"),
        ({"starts_in": timedelta(days=3000)}, "five years"),
        ({"starts_in": -HOUR, "takes": 30 * MINUTE}, "past"),
        ({"lecturer": new_id()}, "not known"),
    ],
)
async def test_a_plan_that_makes_no_sense_is_refused_with_a_sentence(planning, wrong, sentence):
    with pytest.raises(Invalid, match=sentence):
        await planning.plan(**wrong)
    assert await planning.facts() == []


async def test_a_student_or_someone_disabled_can_not_teach(
    planning, add_person, either_database, clock
):
    student = await add_person(Role.STUDENT, name="Aliya", into=either_database)
    with pytest.raises(Invalid, match="Aliya is not a lecturer"):
        await planning.plan(lecturer=student.id)
    gone = await add_person(Role.LECTURER, into=either_database)
    async with either_database.begin() as connection:
        await people.disable(connection, gone.id, at=clock.now())
    with pytest.raises(Invalid, match="not known"):
        await planning.plan(lecturer=gone.id)


async def test_a_clash_is_explained_with_the_next_free_time(planning):
    await planning.plan(title="Geometry", starts_in=HOUR)  # 10:00 to 11:00 in Almaty
    await planning.plan(starts_in=2 * HOUR + 15 * MINUTE)  # 11:15 to 12:15
    with pytest.raises(Conflict) as clash:
        await planning.plan(starts_in=HOUR + 30 * MINUTE, takes=30 * MINUTE)
    assert clash.value.message == (
        "Aigerim Sadykova teaches “Geometry” from 2026-09-07 10:00 to 11:00 (Asia/Almaty); "
        "the next free time is 2026-09-07 12:15."
    )


async def test_lectures_may_follow_one_another_at_once(planning):
    await planning.plan(starts_in=HOUR)
    await planning.plan(starts_in=2 * HOUR)


async def test_the_cancelled_and_the_lectures_of_others_are_no_clash(
    planning, add_person, either_database
):
    await planning.cancel(await planning.plan())
    other = await add_person(Role.LECTURER, into=either_database)
    await planning.plan(lecturer=other.id)
    await planning.plan()


async def test_two_plans_at_once_for_one_lecturer_take_turns(planning):
    made = await asyncio.gather(*(planning.plan() for _ in range(4)), return_exceptions=True)
    assert sorted(type(result).__name__ for result in made) == ["Conflict"] * 3 + ["Lecture"]


async def test_a_change_raises_the_revision_and_says_what_is_new(planning, clock):
    planned = await planning.plan()
    later = planned.starts_at + HOUR
    changed = await planning.change(planned, title="Tensors", starts_at=later, ends_at=later + HOUR)
    assert (changed.revision, changed.title, changed.starts_at) == (2, "Tensors", later)
    _, fact = await planning.facts()
    assert isinstance(fact, events.LectureChanged)
    assert (fact.title, fact.starts_at) == ("Tensors", later)


async def test_a_change_that_changes_nothing_is_none(planning):
    planned = await planning.plan()
    assert await planning.change(planned, title=planned.title) == planned
    assert len(await planning.facts()) == 1


async def test_of_two_changes_to_one_revision_the_second_is_refused(planning):
    planned = await planning.plan()
    await planning.change(planned, title="First")
    with pytest.raises(PreconditionFailed, match="reload"):
        await planning.change(planned, title="Second")


async def test_a_lecture_is_no_clash_to_itself(planning):
    planned = await planning.plan()
    await planning.change(planned, ends_at=planned.ends_at + 5 * MINUTE)


async def test_moving_into_a_clash_is_refused(planning):
    first, second = await planning.plan(), await planning.plan(starts_in=3 * HOUR)
    with pytest.raises(Conflict, match="next free time"):
        await planning.change(second, starts_at=first.starts_at, ends_at=first.ends_at)


async def test_the_change_of_lecturer_shows_the_new_name(planning, add_person, either_database):
    other = await add_person(Role.LECTURER, name="Daulet", into=either_database)
    changed = await planning.change(await planning.plan(), lecturer=other.id)
    async with either_database.connect() as connection:
        assert changed.lecturer_name == "Daulet"
        assert await lecture_by_id(connection, changed.id) == changed


async def test_the_doors_close_again_when_a_lecture_is_put_off(planning, either_database, clock):
    planned = await planning.plan(starts_in=5 * MINUTE)
    async with either_database.begin() as connection:
        opened = await make(connection, planned, Move(LectureState.OPEN), at=clock.now(), by=None)
    later = planned.starts_at + 3 * HOUR
    put_off = await planning.change(opened, starts_at=later, ends_at=later + HOUR)
    assert (put_off.state, put_off.opened_at) == (LectureState.PLANNED, None)


async def test_a_live_lecture_can_be_extended_but_not_moved(planning):
    live = await planning.start(await planning.plan())
    extended = await planning.change(live, ends_at=live.ends_at + HOUR)
    assert extended.state is LectureState.LIVE
    with pytest.raises(Conflict, match="live"):
        await planning.change(extended, starts_at=live.starts_at - MINUTE)


async def test_of_a_past_lecture_only_the_words_change(planning):
    ended = await planning.stop(await planning.start(await planning.plan()))
    assert (await planning.change(ended, title="Better title")).title == "Better title"
    with pytest.raises(Conflict, match="over"):
        await planning.change(ended, revision=ended.revision + 1, is_recorded=False)


async def test_cancelling_twice_is_cancelling_once(planning):
    planned = await planning.plan()
    cancelled = await planning.cancel(planned)
    assert cancelled.state is LectureState.CANCELLED
    assert await planning.cancel(planned) == cancelled
    with pytest.raises(Conflict, match="cancelled"):
        await planning.change(cancelled, title="Back again")


async def test_what_has_begun_can_not_be_cancelled(planning):
    live = await planning.start(await planning.plan())
    with pytest.raises(Conflict, match="begun"):
        await planning.cancel(live)


hours = st.integers(0, 48).map(lambda hour: datetime(2026, 9, 7, tzinfo=UTC) + hour * HOUR)
spans = st.tuples(hours, st.integers(1, 6)).map(lambda span: (span[0], span[0] + span[1] * HOUR))


@given(st.lists(spans), hours, st.integers(1, 6).map(lambda count: count * HOUR))
def test_the_proposed_time_is_free_and_the_earliest(busy, start, length):
    def is_free(moment: datetime) -> bool:
        return all(moment + length <= begins or ends <= moment for begins, ends in busy)

    found = next_free(busy, start, length)
    assert is_free(found)
    earlier = (start + n * HOUR for n in range(int((found - start) / HOUR)))
    assert not any(is_free(moment) for moment in earlier)
