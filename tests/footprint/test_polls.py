"""Polls in the log: reports, files, erasure, and a room that comes back."""

from datetime import timedelta

import pytest

from footprint.erasure import Ground, erase
from footprint.judgement import interactions
from footprint.polls import polls_of, polls_so_far
from footprint.statements import House
from identity.rights import Role
from kernel.ids import new_id
from live.events import PollShown
from live.messages import LectureInfo
from live.poll_messages import AnswerPoll, ClosePoll, OpenPoll
from live.room import Room
from live.seats import Channel, Visitor
from schedule.lectures import lectures
from schedule.questions import Question

HOUSE = House("https://live.example.edu")
PRIME = Question(
    "=Which are prime?", ("2", "=4", "5"), is_multiple=True, is_named=True, right=(0, 2)
)


@pytest.fixture
async def asked(store, clock, journal, drained, *, add_person, add_lecture):
    """A poll with names to which Aliya answered twice and Bolat once, and one without, still open."""
    people = {
        name: await add_person(role, name=name, into=store)
        for name, role in (
            ("Dana", Role.LECTURER),
            ("=Aliya", Role.STUDENT),
            ("Bolat", Role.STUDENT),
        )
    }
    lecture = await add_lecture(people["Dana"], into=store, starts_in=timedelta(minutes=-1))
    room = Room(LectureInfo(lecture.id, lecture.title, "live"), clock=clock)
    seats = {}
    for name, person in people.items():
        is_host = name == "Dana"
        role = "lecturer" if is_host else "student"
        visitor = Visitor(person.id, name, role, is_host, is_host)
        seats[name], joined = room.enter(visitor, "tab", Channel.WEBRTC)
        room.admit(seats[name])
        await journal.record(joined)

    async def do(name, message):
        for fact in room.decide(seats[name], message).facts:
            await journal.record(fact)
            room.apply(fact)

    first, second = new_id(), new_id()
    await do("Dana", OpenPoll(first, PRIME))
    await do("=Aliya", AnswerPoll(first, new_id(), (1,)))
    await do("=Aliya", AnswerPoll(first, new_id(), (0, 2)))
    await do("Bolat", AnswerPoll(first, new_id(), (0,)))
    await do("Dana", ClosePoll(first))
    await do("Dana", OpenPoll(second, Question("Is it clear?", ("Yes", "No"))))
    await do("Bolat", AnswerPoll(second, new_id(), (1,)))
    await drained()
    return lecture, people, room


@pytest.fixture
def leave(journal, drained):
    """Everybody leaves the room."""

    async def make(room):
        for seat in room.seats:
            await journal.record(*room.leave(seat, "left"))
        await drained()

    return make


async def test_a_changed_answer_counts_once_everywhere(asked, store):
    lecture, people, _ = asked
    async with store.connect() as connection:
        first, second = await polls_of(connection, lecture.id)
        done = await interactions(connection, lecture.id)
    assert (first.answered, first.counts, first.right) == (2, (2, 0, 1), 1)
    assert [(vote.name, vote.choices) for vote in first.votes] == [
        ("=Aliya", (0, 2)),
        ("Bolat", (0,)),
    ]
    assert (second.answered, second.counts, second.closed_at) == (1, (0, 1), None)
    assert second.votes == ()
    assert (done[people["=Aliya"].id], done[people["Bolat"].id]) == (1, 2)


async def test_a_room_that_comes_back_knows_its_polls_and_their_answers(asked, store, clock):
    lecture, people, room = asked
    async with store.connect() as connection:
        known = await polls_so_far(connection, lecture.id)
    anew = Room(room.lecture, clock=clock, before=known)
    assert anew.polls.shown(can_moderate=True) == room.polls.shown(can_moderate=True)
    bolat = people["Bolat"].id
    (newest,) = anew.polls.answers_of(bolat).items()
    assert newest in room.polls.answers_of(bolat).items()


async def test_the_report_shows_polls_and_no_cell_of_its_files_is_a_formula(asked, get, token_of):
    lecture, people, _ = asked
    token, path = await token_of(people["Dana"]), f"/lectures/{lecture.id}/report"
    page = await (await get(path, token)).text()
    assert "=Which are prime?" in page
    api = f"/api/v1{path}"
    polls = (await (await get(api, token, format="csv", sheet="polls")).text()).splitlines()
    assert [line.split(",")[-3:] for line in polls[1:]] == [
        ["2", "yes", "2"],
        ["'=4", "no", "0"],
        ["5", "yes", "1"],
        ["Yes", "", "0"],
        ["No", "", "1"],
    ]
    answers = (await (await get(api, token, format="csv", sheet="answers")).text()).splitlines()
    assert [line.split(",")[-3:] for line in answers[1:]] == [
        ["'=Aliya", "2; 5", "yes"],
        ["Bolat", "2", "no"],
    ]
    student = await token_of(people["Bolat"])
    assert (await get(api, student)).status == 403


async def test_who_was_there_finds_what_was_shown_beside_the_chat(
    asked, get, token_of, journal, drained
):
    lecture, people, room = asked
    token, path = await token_of(people["Bolat"]), f"/api/v1/lectures/{lecture.id}/chat"
    assert (await (await get(path, token)).json())["polls"] == []
    (first, _) = room.polls.shown(can_moderate=True)
    shown = room.scribe.fact(PollShown, poll=first.id, by=people["Dana"].id, is_shown=True)
    await journal.record(shown)
    await drained()
    (polled,) = (await (await get(path, token)).json())["polls"]
    assert (polled["id"], polled["counts"]) == (str(first.id), [2, 0, 1])


async def test_totals_stay_when_who_answered_or_asked_is_erased(asked, leave, store, clock):
    lecture, people, room = asked
    await leave(room)
    async with store.begin() as connection:
        await connection.execute(lectures.update().values(state="published"))
        for name in ("=Aliya", "Dana"):
            what = {"by": None, "ground": Ground.REQUEST, "house": HOUSE, "now": clock.now()}
            await erase(connection, people[name].id, **what)
        first, _ = await polls_of(connection, lecture.id)
    assert (first.answered, first.counts) == (2, (2, 0, 1))
    assert [vote.name for vote in first.votes] == ["Bolat"]
