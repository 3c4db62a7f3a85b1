"""Polls of a room: the rules, and over the socket."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest

from kernel.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from kernel.ids import new_id
from live.events import PollAnswered, PollClosed
from live.poll_messages import (
    AnswerPoll,
    ClosePoll,
    OpenPoll,
    PollChanged,
    PollTaken,
    PollVotes,
    ShowPoll,
)
from live.poll_news import PollNews
from live.polls import MOST_CHANGES
from live.room import Room
from schedule.questions import Question

YES_NO = Question("Is it clear?", ("Yes", "No"))
QUIZ = Question("Which are prime?", ("2", "3", "4"), is_multiple=True, right=(0, 1))
NAMED = Question("Who comes?", ("I", "Not I"), is_named=True)


@pytest.fixture
def host(sit):
    return sit("Lecturer", is_host=True)


@pytest.fixture
def ask(do, host):
    """Open a poll; its id."""

    def asked(question=YES_NO):
        message = OpenPoll(new_id(), question)
        do(host, message)
        return message.id

    return asked


def answer(poll, *choices):
    return AnswerPoll(poll, new_id(), choices)


def seen(room, seat):
    """The newest poll as the seat's welcome has it."""
    return room.welcome(seat).polls[-1]


def test_an_answer_counts_only_after_it_is_kept(room, sit, host, ask):
    poll, student = ask(), sit()
    (fact,) = room.decide(student, answer(poll, 1)).facts
    assert seen(room, host).answered == 0
    told = room.apply(fact)
    assert [(one.message, one.to) for one in told] == [
        (PollTaken(poll, fact.key, (1,)), frozenset({student.id}))
    ]
    assert (seen(room, host).answered, seen(room, host).counts) == (1, (0, 1))
    assert room.welcome(student).answers == {poll: (1,)}


def test_two_devices_of_a_person_are_one_answer_and_the_newest_stands(room, sit, do, host, ask):
    poll, first = ask(), sit()
    second = sit(who=first.visitor)
    do(first, answer(poll, 0))
    do(second, answer(poll, 1))
    assert (seen(room, host).answered, seen(room, host).counts) == (1, (0, 1))
    assert room.welcome(first).answers == {poll: (1,)}


def test_a_repeated_answer_is_not_kept_again_and_brings_no_older_one_back(room, sit, do, host, ask):
    poll, student = ask(), sit()
    old = answer(poll, 0)
    do(student, old)
    do(student, answer(poll, 1))
    again = room.decide(student, old)
    assert again.facts == ()
    assert again.replies == (PollTaken(poll, old.key, (1,)),)
    assert seen(room, host).counts == (0, 1)


def test_an_answer_repeated_while_it_is_being_kept_is_kept_once(room, sit, ask):
    poll, student = ask(), sit()
    message = answer(poll, 0)
    (fact,) = room.decide(student, message).facts
    assert room.decide(student, message).facts == ()
    room.could_not_keep((fact,))
    assert room.decide(student, message).facts


def test_the_key_of_an_answer_belongs_to_whom_it_belongs(room, sit, do, ask):
    poll = ask()
    message = answer(poll, 0)
    do(sit("Aigerim"), message)
    with pytest.raises(Conflict):
        room.decide(sit("Bolat"), message)


def test_a_poll_that_closes_counts_what_is_being_kept(room, sit, do, host, ask):
    poll, student, late = ask(), sit("Aigerim"), sit("Bolat")
    (coming,) = room.decide(student, answer(poll, 0)).facts
    (closed,) = room.decide(host, ClosePoll(poll)).facts
    with pytest.raises(Conflict):
        room.decide(late, answer(poll, 0))
    assert room.decide(host, ClosePoll(poll)).facts == ()
    for fact in (coming, closed):
        room.apply(fact)
    assert isinstance(closed, PollClosed)
    assert (closed.answered, closed.counts) == (1, (1, 0))
    assert seen(room, host).is_open is False


def test_one_poll_is_open_at_a_time_and_asking_twice_is_asking_once(room, host):
    message = OpenPoll(new_id(), YES_NO)
    (fact,) = room.decide(host, message).facts
    assert room.decide(host, message).facts == ()
    with pytest.raises(Conflict):
        room.decide(host, OpenPoll(new_id(), YES_NO))
    room.apply(fact)
    assert room.decide(host, message).facts == ()
    with pytest.raises(Conflict):
        room.decide(host, OpenPoll(new_id(), YES_NO))


def test_students_see_no_counts_and_no_right_answer_before_they_are_shown(room, sit, do, host, ask):
    poll, student = ask(QUIZ), sit()
    assert (seen(room, student).counts, seen(room, student).question.right) == (None, ())
    assert seen(room, host).question.right == (0, 1)
    do(host, ShowPoll(poll, shown=True))
    assert (seen(room, student).counts, seen(room, student).question.right) == ((0, 0, 0), ())
    do(host, ClosePoll(poll))
    assert seen(room, student).question.right == (0, 1)
    do(host, ShowPoll(poll, shown=False))
    assert room.welcome(student).polls == ()


def test_names_are_told_to_moderators_of_a_named_poll_only(room, sit, do, ask, host):
    student = sit()
    poll = ask()
    do(student, answer(poll, 0))
    assert not any(isinstance(one.message, PollVotes) for one in room.poll_board.news(poll))
    do(host, ClosePoll(poll))
    poll = ask(NAMED)
    do(student, answer(poll, 1))
    told = [one for one in room.poll_board.news(poll) if isinstance(one.message, PollVotes)]
    assert [(one.to, one.message.votes[0].name) for one in told] == [
        (frozenset({host.id}), student.visitor.name)
    ]
    assert all(isinstance(one.message, PollChanged) for one in room.poll_board.news(poll))


def test_a_poll_and_its_answers_outlive_a_restart(room, clock, sit, do, ask):
    poll, student = ask(QUIZ), sit()
    opened = room.polls._polls[poll].opened
    message = answer(poll, 0, 2)
    (kept,) = room.decide(student, message).facts
    anew = Room(room.lecture, clock=clock, before=[kept, opened])
    seat, _ = anew.enter(student.visitor, "tab", student.channel)
    anew.admit(seat)
    assert anew.welcome(seat).answers == {poll: (0, 2)}
    assert anew.decide(seat, message).facts == ()
    assert [fact.counts for fact in anew.polls.end()] == [(1, 0, 1)]


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        (Question("One?", ("only",)), "2 to 8 choices"),
        (Question("Many?", tuple("abcdefghi")), "2 to 8 choices"),
        (Question(" ", ("a", "b")), "A question has 1 to 300"),
        (Question("a" * 301, ("a", "b")), "A question has 1 to 300"),
        (Question("Long?", ("a" * 201, "b")), "A choice has 1 to 200"),
        (Question("Odd?", ("a\x00", "b")), "A choice has 1 to 200"),
        (Question("Same?", ("a", " a ")), "the same"),
        (Question("Right?", ("a", "b"), right=(2,)), "none of the choices"),
        (Question("Right?", ("a", "b"), right=(-1,)), "none of the choices"),
        (Question("Right?", ("a", "b"), right=(0, 1)), "one right answer"),
    ],
)
def test_a_question_that_is_none_is_refused(room, host, question, sentence):
    with pytest.raises(Invalid, match=sentence):
        room.decide(host, OpenPoll(new_id(), question))


@pytest.mark.parametrize(("choices", "error"), [((), Invalid), ((2,), Invalid), ((0, 1), Invalid)])
def test_an_answer_that_is_none_is_refused(room, sit, ask, choices, error):
    with pytest.raises(error):
        room.decide(sit(), answer(ask(), *choices))


def test_who_may_not_is_refused(room, sit, do, host, ask):
    student = sit()
    for message in (
        OpenPoll(new_id(), YES_NO),
        ClosePoll(new_id()),
        ShowPoll(new_id(), shown=True),
    ):
        with pytest.raises(Forbidden):
            room.decide(student, message)
    with pytest.raises(NotFound):
        room.decide(student, answer(new_id(), 0))
    poll = ask()
    with pytest.raises(Forbidden):
        room.decide(host, answer(poll, 0))
    with pytest.raises(Invalid):
        room.decide(student, AnswerPoll(poll, uuid4(), (0,)))
    with pytest.raises(Invalid):
        room.decide(host, OpenPoll(uuid4(), YES_NO))


def test_an_answer_is_changed_so_often_and_no_more(room, sit, clock, ask):
    poll, student = ask(), sit()
    for _ in range(MOST_CHANGES):
        clock.advance(timedelta(seconds=1))
        (fact,) = room.decide(student, answer(poll, 0)).facts
        assert isinstance(fact, PollAnswered)
        room.apply(fact)
    clock.advance(timedelta(seconds=1))
    with pytest.raises(TooMany):
        room.decide(student, answer(poll, 1))


async def test_new_answers_of_a_crowd_are_told_together():
    told, happened = [], asyncio.Event()

    def tell(poll):
        told.append(poll)
        happened.set()

    news, poll = PollNews(tell), new_id()
    for _ in range(600):
        news.take(poll)
    assert told == [poll]
    happened.clear()
    await asyncio.wait_for(happened.wait(), 20)
    assert told == [poll, poll]
    news.close()


async def test_a_poll_over_the_socket_from_question_to_result(school):
    served = await school()
    host, student = await served.enter(served.lecturer), await served.enter()
    poll, key = str(new_id()), str(new_id())
    await host.send("open_poll", id=poll, question=msgspec.to_builtins(NAMED))
    heard = (await student.hear("poll"))["poll"]
    assert (heard["is_open"], heard["counts"]) == (True, None)
    await student.send("answer_poll", poll=poll, key=key, choices=[5])
    assert (await student.hear("refused"))["about"] == key
    await student.send("answer_poll", poll=poll, key=key, choices=[1])
    mine = {"type": "poll_answered", "poll": poll, "key": key, "choices": [1]}
    assert await student.hear("poll_answered") == mine
    assert (await host.hear("poll_votes"))["votes"][0]["choices"] == [1]
    resumed = await served.enter(served.lecturer)
    assert resumed.welcome["polls"][0]["counts"] == [0, 1]
    assert (await resumed.hear("poll_votes"))["votes"][0]["name"] == "Aigerim"
    await host.send("show_poll", poll=poll, shown=True)
    assert (await student.hear("poll"))["poll"]["counts"] == [0, 1]
    await served.stop()
    await student.hear("bye")
    (closed,) = served.facts(PollClosed)
    assert (closed.by, closed.counts) == (None, (0, 1))
