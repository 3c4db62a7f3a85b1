"""Hands and floors across a restart; what they are in a running room is told in test_room."""

from datetime import timedelta

import pytest

from kernel.ids import new_id
from live.client_messages import GiveFloor, RaiseHand
from live.events import (
    FloorGiven,
    FloorTaken,
    HandLowered,
    HandRaised,
    PersonJoined,
    PersonLeft,
    RoomOpened,
)
from live.messages import JoinedPeople, LectureInfo
from live.podium import PATIENCE, broken_off
from live.room import Room
from live.seats import Channel

DANA, TIMUR = new_id(), new_id()
SECOND = timedelta(seconds=1)


@pytest.fixture
def fact(room, clock):
    """A fact of a person, a second after the last one."""

    def make(kind, person=DANA, **more):
        clock.advance(SECOND)
        if kind is RoomOpened:
            return room.opened()
        if kind in {HandLowered, FloorGiven, FloorTaken}:
            more["by"] = person
        else:
            more |= {"seat": new_id(), "device": "tab"}
        if kind is PersonJoined:
            more |= {"name": "", "role": "student"}
        return room.scribe.fact(kind, person=person, **more)

    return make


def test_what_was_held_at_the_end_was_broken_off(fact):
    facts = [fact(RoomOpened), fact(PersonJoined), fact(PersonJoined, TIMUR)]
    facts += [fact(HandRaised), fact(HandRaised, TIMUR), fact(HandLowered), fact(FloorGiven)]
    held = broken_off(facts)
    assert list(held.hands.items()) == [(TIMUR, facts[4].at)]
    assert held.floor == {DANA}


def test_what_was_given_back_is_not_held(fact):
    joined = [fact(RoomOpened), fact(PersonJoined)]
    held = broken_off([*joined, fact(FloorGiven), fact(FloorTaken)])
    assert (held.hands, held.floor) == ({}, set())


def test_who_was_not_there_in_the_last_run_holds_nothing(fact):
    facts = [fact(RoomOpened), fact(PersonJoined), fact(PersonJoined, TIMUR)]
    facts += [fact(HandRaised), fact(FloorGiven, TIMUR)]
    facts += [fact(RoomOpened), fact(PersonJoined, TIMUR)]
    held = broken_off(facts)
    assert (held.hands, held.floor) == ({}, {TIMUR})
    held = broken_off([*facts, fact(RoomOpened)])
    assert (held.hands, held.floor) == ({}, set())


@pytest.fixture
def again(clock, visitor, sit, do):
    """A room that broke off while one had the floor and another a hand up, anew; and those two."""

    def make(before):
        speaker, asker = visitor("Dana"), visitor("Timur")
        host = sit(is_host=True)
        facts = [before.opened()]
        for who in (speaker, asker):
            seat, joined = before.enter(who, "tab", Channel.WEBRTC)
            before.admit(seat)
            facts.append(joined)
            message = RaiseHand() if who is asker else GiveFloor(who.person)
            asks = seat if who is asker else host
            decided = before.decide(asks, message).facts
            for one in decided:
                before.apply(one)
            facts += decided
        anew = Room(LectureInfo(new_id(), "Algebra", "live"), clock=clock, before=facts)
        return anew, speaker, asker

    return make


def enter(room, who):
    seat, _ = room.enter(who, "tab", Channel.WEBRTC)
    return seat, [delivery.message for delivery in room.admit(seat)]


def test_whoever_is_back_in_time_has_hand_and_floor(room, again, clock):
    anew, speaker, asker = again(room)
    clock.advance(PATIENCE)
    seat, (joined,) = enter(anew, speaker)
    assert joined.people[0].has_floor
    assert anew.welcome(seat).me.can_publish
    seat, told = enter(anew, asker)
    assert isinstance(told[0], JoinedPeople)
    assert (told[1].person, told[1].raised) == (asker.person, True)
    assert [hand.person for hand in anew.welcome(seat).hands] == [asker.person]


def test_whoever_is_back_too_late_has_not(room, again, clock):
    anew, speaker, asker = again(room)
    clock.advance(PATIENCE + SECOND)
    seat, _ = enter(anew, speaker)
    assert not anew.welcome(seat).me.can_publish
    _, told = enter(anew, asker)
    assert len(told) == 1
    assert anew.welcome(seat).hands == ()


def test_a_second_tab_does_not_bring_back_what_was_given_back(room, again):
    anew, speaker, _ = again(room)
    seat, _ = enter(anew, speaker)
    for taken in anew.leave(seat, "left"):
        anew.apply(taken)
    seat, _ = enter(anew, speaker)
    assert not anew.welcome(seat).me.can_publish


def test_a_restart_lowers_no_hand_and_takes_no_floor(room, again):
    anew, speaker, asker = again(room)
    for who in (speaker, asker):
        seat, _ = enter(anew, who)
        assert [type(one) for one in anew.leave(seat, "restart")] == [PersonLeft]
