"""Somebody disputes a number; the answer is a mark or a reason, and both stay."""

from datetime import timedelta

import pytest

from footprint.events import FootprintRead
from identity.people import people_by_ids
from identity.rights import Role
from kernel.ids import new_id
from player.site import load_pages
from schedule.lectures import lecture_by_id
from schedule.notices import claim
from schedule.wishes import Wish, save_wish, wishes
from schedule.wording import Wording, items_of
from tests.footprint.conftest import HOUSE


@pytest.fixture
def store(database):
    """Nothing here is SQL of one kind."""
    return database


@pytest.fixture
async def disputed(store, room, journal, drained, *, add_person, add_lecture, token_of):
    """Aliya was there for ten minutes of fifty; tokens of her and of the lecturer, the path. Both want
    letters."""
    lecturer = await add_person(Role.LECTURER, name="Dana", into=store)
    aliya = await add_person(Role.STUDENT, name="Aliya", into=store)
    lecture = await add_lecture(lecturer, into=store, starts_in=timedelta(hours=1))
    room.lecture = lecture.id
    async with store.begin() as connection:
        for person in (lecturer, aliya):
            await save_wish(connection, Wish(person=person.id, email=f"{person.name}@example.kz"))
        await connection.execute(wishes.update().values(confirmed_at=room.at(0)))
    joined = room.joined(aliya.id, 60)
    await journal.record(joined, room.left(joined, 70))
    await drained()
    path = f"/api/v1/lectures/{lecture.id}/attendance"
    return await token_of(aliya), await token_of(lecturer), path


@pytest.fixture
def post(client):
    async def post(path: str, token: str, **body):
        return await client.post(path, json=body, headers={"Authorization": f"Bearer {token}"})

    return post


@pytest.fixture
def ask(disputed, post):
    async def ask(words: str = "I was in the auditorium"):
        return await post(f"{disputed[2]}/corrections", disputed[0], words=words)

    return ask


async def test_a_granted_request_is_a_mark_and_an_answer(disputed, ask, post, get, kinds_of):
    student, teacher, path = disputed
    asked = await (await ask()).json()
    assert (asked["name"], asked["state"]) == ("Aliya", "open")
    found = await (await get("/api/v1/attendance/corrections", teacher)).json()
    assert [one["words"] for one in found["corrections"]] == ["I was in the auditorium"]
    page = await (await get(path.removeprefix("/api/v1"), teacher)).text()
    assert 'data-testid="waiting"' in page
    to = f"{path}/corrections/{asked['id']}/answer"
    answered = await post(to, teacher, status="present", minutes=50, reason="I saw her")
    assert ((await answered.json())["state"], answered.status) == ("granted", 200)
    row = (await (await get(path, student)).json())["rows"][0]
    assert (row["status"], row["minutes"], row["automatic_status"]) == ("present", 50.0, "absent")
    assert (await kinds_of())[-3:] == [
        "correction-asked",
        "attendance-marked",
        "correction-answered",
    ]
    mine = await (await get("/attendance/corrections", student)).text()
    assert "I saw her" in mine
    assert (await post(to, teacher, reason="once more")).status == 409


@pytest.fixture
def letters(store, clock):
    """Subject, text and HTML of each letter that waits, by whom it is for."""
    wording = Wording(load_pages(clock), HOUSE.address, b"a secret")

    async def letters() -> dict[str, str]:
        async with store.begin() as connection:
            claimed = await claim(connection, now=clock.now())
            people = await people_by_ids(connection, {one.person for one in claimed})
            lectures = {
                one.lecture: await lecture_by_id(connection, one.lecture) for one in claimed
            }
        found = {}
        for item in items_of(claimed, lectures).values():
            person = people[item.notice.person]
            letter = wording.letter(person, "a@example.kz", [item], at=clock.now())
            url = wording.told(person, item, at=clock.now()).url
            assert url in letter.text
            assert url in letter.html
            found[person.name] = f"{letter.subject} {letter.text} {letter.html}"
        return found

    return letters


async def test_who_must_answer_and_who_asked_are_told_by_letter(disputed, ask, post, letters):
    _, teacher, path = disputed
    asked = await (await ask("a certificate of illness")).json()
    [(name, text)] = (await letters()).items()
    assert name == "Dana"
    assert f"{HOUSE.address}/attendance/corrections" in text
    assert "illness" not in text  # the words stay with us
    to = f"{path}/corrections/{asked['id']}/answer"
    await post(to, teacher, status="present", reason="I saw her")
    [(name, text)] = (await letters()).items()
    assert name == "Aliya"
    assert "қанағаттандырылды" in text
    assert await letters() == {}  # each once


async def test_a_declined_request_changes_nothing_and_may_be_made_again(
    disputed, ask, post, get, kinds_of
):
    student, teacher, path = disputed
    asked = await (await ask()).json()
    assert (await ask()).status == 409
    to = f"{path}/corrections/{asked['id']}/answer"
    assert (await (await post(to, teacher, reason="You left")).json())["state"] == "declined"
    row = (await (await get(path, student)).json())["rows"][0]
    assert (row["status"], row["mark"]) == ("absent", None)
    assert (await kinds_of())[-1] == "correction-answered"
    assert (await ask("I have a witness")).status == 201


async def test_only_who_it_concerns_asks_and_only_who_judges_answers(
    disputed, ask, post, get, kept, *, add_person, store, token_of
):
    student, teacher, path = disputed
    stranger = await token_of(await add_person(Role.STUDENT, into=store))
    assert (await post(f"{path}/corrections", stranger, words="me too")).status == 404
    asked = await (await ask()).json()
    to = f"{path}/corrections/{asked['id']}/answer"
    assert (await post(to, student, status="present", reason="me")).status == 403
    for token in (student, stranger):
        kept.facts.clear()
        found = await (await get(f"{path}/corrections", token)).json()
        assert len(found["corrections"]) == (token == student)
        assert kept.facts == []
    await get(f"{path}/corrections", teacher)
    assert [(type(fact), fact.what) for fact in kept.facts] == [(FootprintRead, "corrections")]
    assert (await post(f"{path}/corrections/{new_id()}/answer", teacher, reason="x")).status == 404


@pytest.mark.parametrize("words", ["", "  ", "x" * 1001])
async def test_a_request_without_words_is_none(ask, words):
    assert (await ask(words)).status == 400
