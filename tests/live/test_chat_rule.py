"""Who may write to whom in a room's chat."""

from collections.abc import Callable

import pytest

from kernel.clock import ManualClock
from kernel.errors import Forbidden
from kernel.ids import new_id
from live.client_messages import Say, SetChatMode
from live.events import ChatModeSet, ChatSaid
from live.messages import ChatModeChanged, LectureInfo
from live.room import Room
from live.seats import Seat
from schedule.study_work import ChatMode

Sit = Callable[..., Seat]


def line(text: str = "Why?") -> Say:
    return Say(new_id(), text)


def test_a_question_goes_to_hosts_and_its_author_and_to_nobody_else(room: Room, sit: Sit) -> None:
    host, asks, other = sit("Host", is_host=True), sit("Dana"), sit("Timur")
    for fact in room.decide(host, SetChatMode(ChatMode.QUESTIONS)).facts:
        assert [told.message for told in room.apply(fact)] == [ChatModeChanged(ChatMode.QUESTIONS)]
    (fact,) = room.decide(asks, line()).facts
    assert isinstance(fact, ChatSaid)
    assert fact.to_hosts
    (told,) = room.apply(fact)
    assert told.to == {host.id, asks.id}
    assert [len(room.welcome(seat).chat) for seat in (host, asks, other)] == [1, 1, 0]
    (answer,) = room.decide(host, line("Because.")).facts
    assert [told.to for told in room.apply(answer)] == [None]


def test_a_closed_chat_refuses_all_but_hosts_and_keeps_nothing(room: Room, sit: Sit) -> None:
    host, student = sit("Host", is_host=True), sit("Dana")
    for fact in room.decide(host, SetChatMode(ChatMode.CLOSED)).facts:
        room.apply(fact)
    refused = line()
    with pytest.raises(Forbidden, match="closed"):
        room.decide(student, refused)
    assert room.decide(host, line()).facts
    for fact in room.decide(host, SetChatMode(ChatMode.OPEN)).facts:
        room.apply(fact)
    assert room.decide(student, refused).facts  # the same line may be said now


def test_only_a_host_sets_the_mode(room: Room, sit: Sit) -> None:
    with pytest.raises(Forbidden):
        room.decide(sit(can_moderate=True), SetChatMode(ChatMode.CLOSED))


def test_what_a_host_set_survives_a_restart_and_outweighs_the_schedule(
    room: Room, sit: Sit, clock: ManualClock
) -> None:
    host = sit("Host", is_host=True)
    facts = room.decide(host, SetChatMode(ChatMode.CLOSED)).facts
    assert [type(fact) for fact in facts] == [ChatModeSet]
    planned = LectureInfo(room.lecture.id, "Algebra", "live", ChatMode.QUESTIONS)
    assert room.move(planned)[0].message == ChatModeChanged(ChatMode.QUESTIONS)
    anew = Room(planned, clock=clock, before=facts)
    seat, _ = anew.enter(host.visitor, "tab", host.channel)
    anew.admit(seat)
    assert anew.welcome(seat).lecture.chat_mode is ChatMode.CLOSED
    assert anew.move(planned) == ()
