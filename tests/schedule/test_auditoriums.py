"""The list of auditoriums in either database, and what is still to be taught in them."""

from datetime import timedelta

import pytest

from identity.rights import Role
from kernel.errors import Invalid, NotFound, PreconditionFailed
from schedule import auditoriums
from schedule.study_work import StudyWork


async def test_one_auditorium_is_compared_and_set(either_database):
    async with either_database.begin() as connection:
        await auditoriums.set_auditoriums(connection, {"Hall 1": 10})
        await auditoriums.add_auditorium(connection, "  Hall   2 ", 20)
        with pytest.raises(PreconditionFailed, match="Hall 2 is in the list already"):
            await auditoriums.add_auditorium(connection, "Hall 2", 30)
        await auditoriums.change_auditorium(connection, "Hall 2", 25, was=20)
        with pytest.raises(PreconditionFailed, match="meanwhile"):
            await auditoriums.change_auditorium(connection, "Hall 2", 30, was=20)
        with pytest.raises(Invalid, match="from 1 to"):
            await auditoriums.change_auditorium(connection, "Hall 2", 0, was=25)
        await auditoriums.merge_auditoriums(connection, {"Hall 2": 26, "Hall 3": 30})
        assert await auditoriums.list_auditoriums(connection) == {
            "Hall 1": 10,
            "Hall 2": 26,
            "Hall 3": 30,
        }
        with pytest.raises(PreconditionFailed):
            await auditoriums.remove_auditorium(connection, "Hall 3", was=29)
        await auditoriums.remove_auditorium(connection, "Hall 3", was=30)
        with pytest.raises(NotFound):
            await auditoriums.seats_of(connection, "Hall 3")


async def test_an_auditorium_is_in_use_by_what_is_live_or_to_come(
    either_database, add_person, add_lecture, clock
):
    into = {"into": either_database}
    teacher = await add_person(Role.LECTURER, **into)
    for hours, hall in ((1, "Hall 1"), (26, "Hall 1"), (3, "Hall 2"), (4, None)):
        work = StudyWork(auditorium=hall)
        await add_lecture(teacher, starts_in=timedelta(hours=hours), work=work, **into)
    first = clock.now() + timedelta(hours=1)
    async with either_database.connect() as connection:
        uses = await auditoriums.uses_of_auditoriums(connection, first)
        assert uses["Hall 1"] == auditoriums.Use(2, first)
        assert uses.keys() == {"Hall 1", "Hall 2"}
        later = await auditoriums.uses_of_auditoriums(connection, first + timedelta(hours=3))
        assert later["Hall 1"] == auditoriums.Use(1, first + timedelta(hours=25))
        assert later.keys() == {"Hall 1"}
