"""What guides tell while a live lecture goes on beyond its end."""

from datetime import timedelta

import pytest

from identity.rights import Role
from schedule.channels import Channel, add_channel, apply, channel_by_id
from schedule.lectures import lectures
from schedule.overrun import Live, Overrun
from schedule.rundown import Change, Programme, Source
from schedule.shown import shown_between
from tests.conftest import NOW

HOUR = timedelta(hours=1)


@pytest.fixture
def shown(database, add_person, add_lecture):
    """The guide, twenty minutes after the end of a lecture that is still taught."""

    async def tell(overrun: Overrun) -> list[tuple[str, int, int]]:
        lecture = await add_lecture(await add_person(Role.LECTURER))
        live = Source(live=Live(lecture=lecture.id, overrun=overrun, extension=1800))
        run = [
            programme("live", -80, 60, source=live),
            programme("news", -20, 30, is_floating=True),
            programme("film", 10, 60, is_floating=True),
            programme("talk", 90, 30),
        ]
        taught = {"state": "live", "started_at": NOW - 2 * HOUR, "taught_at": NOW}
        async with database.begin() as connection:
            await add_channel(connection, Channel(id="one", name="x", profile="720p25"), at=NOW)
            channel = await channel_by_id(connection, "one")
            await apply(connection, channel, Change(run, [], [], []), by=None, at=NOW)
            await connection.execute(lectures.update().values(taught))
            guide = await shown_between(connection, "one", NOW - 2 * HOUR, NOW + 3 * HOUR, NOW)
        return [(one.key, minutes(one.starts_at), minutes(one.ends_at)) for one in guide]

    return tell


def programme(key: str, at: int, takes: int, *, source=None, **more) -> Programme:
    starts_at = NOW + timedelta(minutes=at)
    ends_at = starts_at + timedelta(minutes=takes)
    known = {"source": source or Source(slate=True), "titles": {"en": key}}
    return Programme(key=key, starts_at=starts_at, ends_at=ends_at, **known | more)


def minutes(moment) -> int:
    return round((moment - NOW) / timedelta(minutes=1))


async def test_the_guide_moves_what_floats_behind_a_lecture_that_goes_on(shown):
    assert await shown(Overrun.PUSH) == [
        ("live", -80, 1),
        ("news", 1, 31),
        ("film", 31, 90),
        ("talk", 90, 120),
    ]


async def test_the_guide_leaves_out_what_a_lecture_covers(shown):
    assert await shown(Overrun.OVERWRITE) == [
        ("live", -80, 1),
        ("news", 1, 10),
        ("film", 10, 70),
        ("talk", 90, 120),
    ]


async def test_a_lecture_that_is_cut_moves_nothing(shown):
    assert [at for _, at, _ in await shown(Overrun.CUT)] == [-80, -20, 10, 90]
