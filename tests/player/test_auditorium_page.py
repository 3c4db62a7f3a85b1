"""The page of auditoriums, and the way from it to the import."""

from datetime import timedelta

import pytest

from identity.rights import Role, Viewer
from kernel.ids import new_id
from player import auditorium_views, course_views, import_views, site
from schedule.auditoriums import set_auditoriums
from schedule.imports import Import
from schedule.study_work import StudyWork


@pytest.fixture
async def see(serve, bearer, add_person):
    parts = [
        site.ROUTES,
        *(part.routes() for part in (auditorium_views, import_views, course_views)),
    ]
    pages = await serve([route for part in parts for route in part])

    async def see(role: Role, path: str, *, status: int = 200) -> str:
        headers = {"Accept": "text/html"} | await bearer(await add_person(role, locale="en"))
        async with pages.get(path, headers=headers) as answer:
            assert answer.status == status
            return await answer.text()

    return see


async def test_everybody_reads_the_auditoriums_and_coordinators_change_them(
    see, database, add_person, add_lecture
):
    teacher = await add_person(Role.LECTURER)
    for hours, hall in enumerate(("Hall 1", "Hall 1", "<305>")):
        starts_in = timedelta(hours=hours)
        await add_lecture(teacher, starts_in=starts_in, work=StudyWork(auditorium=hall))
    async with database.begin() as connection:
        await set_auditoriums(connection, {"Hall 1": 120, "Hall 2": 30})
    for role, may_change in ((Role.STUDENT, False), (Role.COORDINATOR, True)):
        page = await see(role, "/auditoriums")
        assert "2 classes</a>" in page
        assert "auditorium=Hall%201" in page
        assert "No class" in page
        assert "&lt;305&gt;</strong>" in page
        assert ("hall-remove" in page) == may_change
        assert ("/import?what=auditoriums" in page) == may_change


async def test_nobody_is_shown_an_import_that_they_may_not_do(see):
    page = await see(Role.COORDINATOR, "/import?what=auditoriums")
    assert 'value="auditoriums" data-testid="import-auditoriums" checked' in page
    assert 'value="roster" data-testid="import-roster" checked' in await see(Role.ADMIN, "/import")
    for role in (Role.STUDENT, Role.LECTURER, Role.TUTOR, Role.OPERATOR):
        await see(role, "/import", status=403)
        assert 'href="/import"' not in await see(role, "/courses")
    everybody = Viewer(person_id=new_id(), name="", roles=frozenset({Role.COORDINATOR}))
    assert import_views.kinds_for(everybody) == list(Import)
