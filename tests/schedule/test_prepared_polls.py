"""Questions prepared for a lecture."""

import pytest

from identity.rights import Role
from schedule import prepared_polls
from schedule.prepared_poll_api import routes

QUIZ = {"text": "Which are prime?", "choices": ["2", "4"], "right": [0]}


@pytest.fixture
async def served(serve, bearer, add_person, add_lecture):
    """A client, the lecture's address, and headers of its lecturer."""
    lecturer = await add_person(Role.LECTURER)
    lecture = await add_lecture(lecturer)
    client = await serve(routes())
    return client, f"/api/v1/lectures/{lecture.id}/prepared-polls", await bearer(lecturer)


async def test_a_question_is_prepared_rewritten_and_discarded(served):
    client, path, headers = served
    made = await client.post(path, json=QUIZ, headers=headers)
    assert made.status == 201
    one = f"/api/v1/prepared-polls/{(await made.json())['id']}"
    await client.put(
        one, json=QUIZ | {"text": "Which  is even?", "is_named": True}, headers=headers
    )
    (listed,) = (await (await client.get(path, headers=headers)).json())["polls"]
    assert (listed["question"]["text"], listed["question"]["is_named"]) == ("Which is even?", True)
    assert (await client.delete(one, headers=headers)).status == 204
    assert (await client.delete(one, headers=headers)).status == 404
    assert (await (await client.get(path, headers=headers)).json())["polls"] == []


async def test_what_is_no_question_or_one_too_many_is_not_kept(served, monkeypatch):
    client, path, headers = served
    bad = await client.post(path, json=QUIZ | {"right": [7]}, headers=headers)
    assert (bad.status, bad.content_type) == (400, "application/problem+json")
    monkeypatch.setattr(prepared_polls, "MOST_PREPARED", 1)
    assert (await client.post(path, json=QUIZ, headers=headers)).status == 201
    assert (await client.post(path, json=QUIZ, headers=headers)).status == 409


async def test_students_do_not_see_what_is_prepared(served, bearer, add_person):
    client, path, _ = served
    student = await bearer(await add_person(Role.STUDENT))
    assert (await client.get(path, headers=student)).status == 403
    assert (await client.post(path, json=QUIZ, headers=student)).status == 403
