"""Free times for a make-up class."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from identity.rights import Role
from schedule import agenda, api
from schedule.free_times import Span, find_free
from schedule.hours import Hours

ALMATY = ZoneInfo("Asia/Almaty")
DAYS = [date(2026, 9, 12) + timedelta(days=n) for n in range(4)]  # from a Saturday on
HOUR = timedelta(hours=1)
MOMENTS = st.integers(0, 4 * 24 * 4).map(
    lambda quarter: datetime(2026, 9, 12, tzinfo=UTC) + quarter * timedelta(minutes=15)
)
SPANS = st.builds(lambda at, n: Span(at, at + n * HOUR), MOMENTS, st.integers(1, 12))


def test_no_time_is_on_a_sunday_or_a_holiday():
    found = find_free([], DAYS, HOUR, Hours(free={date(2026, 9, 14)}))
    days = [span.starts_at.astimezone(ALMATY).date().day for span in found]
    assert days == [12, 12, 15, 15]


@given(st.lists(SPANS, max_size=8), st.integers(1, 12))
def test_nothing_is_in_the_way_of_what_is_proposed(busy, hours):
    for span in find_free(busy, DAYS, hours * HOUR, Hours()):
        assert span.ends_at - span.starts_at == hours * HOUR
        assert all(one.ends_at <= span.starts_at or span.ends_at <= one.starts_at for one in busy)
        local = span.starts_at.astimezone(ALMATY), span.ends_at.astimezone(ALMATY)
        assert local[0].hour >= 8
        assert local[1] <= local[0].replace(hour=20, minute=0)


async def test_who_may_move_a_lecture_is_told_its_free_times(
    serve, add_person, add_lecture, bearer
):
    site = await serve(api.routes(), agenda.opened)
    lecturer = await add_person(Role.LECTURER)
    lecture = await add_lecture(lecturer, starts_in=timedelta(hours=23), takes=HOUR)
    await add_lecture(lecturer, starts_in=timedelta(hours=24), takes=HOUR)
    address = f"/api/v1/lectures/{lecture.id}/free-times"
    async with site.get(address, headers=await bearer(lecturer)) as answer:
        times = (await answer.json())["times"]
    assert [one["starts_at"] for one in times[:2]] == [
        "2026-09-08T03:00:00Z",
        "2026-09-08T05:00:00Z",
    ]
    async with site.get(address, headers=await bearer(await add_person(Role.STUDENT))) as answer:
        assert answer.status == 403
