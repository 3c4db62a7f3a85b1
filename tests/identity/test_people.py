import pytest

from identity import people
from identity.rights import Role
from kernel.errors import Conflict, Invalid, NotFound


async def test_a_login_is_taken_in_any_case(add_person, either_database):
    await add_person(Role.STUDENT, login="Әлия", into=either_database)
    with pytest.raises(Conflict, match="taken"):
        await add_person(Role.STUDENT, login="әЛИЯ ", into=either_database)


async def test_a_taken_login_leaves_the_transaction_usable(add_person, either_database, clock):
    await add_person(Role.STUDENT, login="aliya", into=either_database)
    async with either_database.begin() as connection:
        with pytest.raises(Conflict):
            await people.add_person(
                connection, login="ALIYA", name="A", roles=[Role.STUDENT], at=clock.now()
            )
        found = await people.person_by_login(connection, "Aliya")
    assert found.login == "aliya"


async def test_everything_about_a_person_is_kept(add_person, either_database):
    added = await add_person(
        Role.TUTOR,
        Role.LECTURER,
        name="Дәулет",
        home_organisation="Satbayev University",
        locale="kk",
        zone="Asia/Almaty",
        into=either_database,
    )
    async with either_database.connect() as connection:
        assert await people.person_by_id(connection, added.id) == added


async def test_an_unknown_person_is_not_found(database):
    async with database.connect() as connection:
        with pytest.raises(NotFound):
            await people.person_by_login(connection, "nobody")


@pytest.mark.parametrize(
    "wrong",
    [{"login": " "}, {"login": "a\nb"}, {"name": "x" * 201}, {"locale": "fr"}, {"zone": "Mars/X"}],
)
async def test_a_person_that_makes_no_sense_is_refused(add_person, wrong):
    with pytest.raises(Invalid):
        await add_person(Role.STUDENT, **wrong)


async def test_people_are_listed_in_pages(add_person, database):
    for login in ("c", "a", "b"):
        await add_person(Role.STUDENT, login=login)
    async with database.connect() as connection:
        first = await people.list_people(connection, limit=2)
        rest = await people.list_people(connection, limit=2, after=first[-1].login)
    assert [person.login for person in first + rest] == ["a", "b", "c"]


async def test_who_can_teach_is_listed_without_the_disabled(add_person, database, clock):
    kept, gone = await add_person(Role.LECTURER), await add_person(Role.LECTURER)
    await add_person(Role.STUDENT)
    async with database.begin() as connection:
        await people.disable(connection, gone.id, at=clock.now())
        found = await people.people_of_role(connection, Role.LECTURER)
    assert found == [kept]
