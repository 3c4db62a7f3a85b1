"""The page of the academic calendar."""

from datetime import date

from identity.rights import Role
from kernel.ids import new_id
from player import period_views, site
from schedule.academic import Period, add_period, set_holidays
from schedule.stretches import Purpose, Stretch, set_stretches


async def test_everybody_reads_the_calendar_and_coordinators_change_it(
    serve, bearer, add_person, database
):
    pages = await serve([*site.ROUTES, *period_views.routes()])
    term = Period(
        id=new_id(),
        calendar="mba",
        name="Autumn term",
        starts_on=date(2026, 8, 31),
        ends_on=date(2026, 12, 13),
    )
    async with database.begin() as connection:
        term = await add_period(connection, term)
        await set_holidays(connection, term, {date(2026, 10, 26): "Republic Day"})
        session = Stretch(
            kind=Purpose.EXAMS,
            name="Winter session",
            starts_on=date(2026, 11, 30),
            ends_on=date(2026, 12, 13),
        )
        await set_stretches(connection, term, [session])
    for role, may_change in ((Role.STUDENT, False), (Role.COORDINATOR, True)):
        headers = {"Accept": "text/html"} | await bearer(await add_person(role, locale="en"))
        async with pages.get("/periods", headers=headers) as answer:
            page = await answer.text()
        for shown in (
            "Autumn term",
            "13 teaching weeks",
            "Winter session",
            "Week 2",
            "Midterm in week 10",
            "· mba",
        ):
            assert shown in page
        assert "Republic Day" in page
        assert ("period-save" in page) == may_change
    kazakh = {"Accept": "text/html"} | await bearer(await add_person(Role.STUDENT, locale="kk"))
    async with pages.get("/periods?calendar=mba", headers=kazakh) as answer:
        assert "Республика күні" in await answer.text()
    async with pages.get("/periods?calendar=partner", headers=kazakh) as answer:
        assert "Autumn term" not in await answer.text()
