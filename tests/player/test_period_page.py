"""The page of the academic calendar."""

from datetime import date

from identity.rights import Role
from kernel.ids import new_id
from player import period_views, site
from schedule.academic import Period, add_period, set_holidays


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
    for role, may_change in ((Role.STUDENT, False), (Role.COORDINATOR, True)):
        headers = {"Accept": "text/html"} | await bearer(await add_person(role, locale="en"))
        async with pages.get("/periods", headers=headers) as answer:
            page = await answer.text()
        for shown in ("Autumn term", "15 teaching weeks", "Week 2", "Midterm in week 10", "· mba"):
            assert shown in page
        assert "Republic Day" in page
        assert ("period-save" in page) == may_change
