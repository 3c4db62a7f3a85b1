"""Somebody disputes a number; the answer is a mark or a reason, and both stay."""

from datetime import timedelta

import pytest

from footprint.events import FootprintRead
from identity.rights import Role
from kernel.ids import new_id


@pytest.fixture
def store(database):
    """Nothing here is SQL of one kind."""
    return database


@pytest.fixture
async def disputed(store, room, journal, drained, *, add_person, add_lecture, token_of):
    """Aliya was there for ten minutes of fifty; tokens of her and of the lecturer, the path."""
    lecturer = await add_person(Role.LECTURER, name="Dana", into=store)
    aliya = await add_person(Role.STUDENT, name="Aliya", into=store)
    lecture = await add_lecture(lecturer, into=store, starts_in=timedelta(hours=1))
    room.lecture = lecture.id
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
