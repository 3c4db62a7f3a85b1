"""The rules of a room."""

from datetime import timedelta
from uuid import uuid4

import pytest

from kernel.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge, TooMany
from kernel.ids import new_id
from live.client_messages import (
    GiveFloor,
    LowerHand,
    LowerHandOf,
    RaiseHand,
    Say,
    SetMuted,
    TakeFloor,
)
from live.events import ChatSaid, FloorTaken, HandLowered, PersonLeft
from live.messages import (
    AskedToMute,
    ChangedPerson,
    Chat,
    Floor,
    Hand,
    JoinedPeople,
    LeftPerson,
    Presence,
    RecordingInfo,
    Source,
    State,
    Tracks,
)
from live.podium import MOST_ON_STAGE
from live.room import MOST_SEATS_OF_A_PERSON
from live.seats import GRACE, Channel


def test_a_line_is_shown_only_after_it_is_kept(room, sit):
    seat = sit()
    (fact,) = room.decide(seat, Say(new_id(), "Salem")).facts
    assert isinstance(fact, ChatSaid)
    assert room.welcome(seat).chat == ()
    room.apply(fact)
    assert [line.text for line in room.welcome(seat).chat] == ["Salem"]


def test_a_repeated_line_is_answered_to_its_sender_and_not_kept_again(room, sit, do):
    seat, message = sit(), Say(new_id(), "once")
    do(seat, message)
    again = room.decide(seat, message)
    assert again.facts == ()
    assert [reply.text for reply in again.replies if isinstance(reply, Chat)] == ["once"]


def test_a_line_repeated_while_it_is_being_kept_is_kept_once(room, sit):
    seat, message = sit(), Say(new_id(), "once")
    assert len(room.decide(seat, message).facts) == 1
    assert room.decide(seat, message).facts == ()


def test_a_line_that_could_not_be_kept_may_be_said_again(room, sit):
    seat, message = sit(), Say(new_id(), "at last")
    room.could_not_keep(room.decide(seat, message).facts)
    assert len(room.decide(seat, message).facts) == 1


def test_the_id_of_a_line_belongs_to_whom_it_belongs(room, sit, do):
    message = Say(new_id(), "mine")
    do(sit("Aigerim"), message)
    with pytest.raises(Conflict):
        room.decide(sit("Bolat"), message)


@pytest.mark.parametrize("text", ["", "  \n", "\x00\x07"])
def test_an_empty_line_is_refused(room, sit, text):
    with pytest.raises(Invalid):
        room.decide(sit(), Say(new_id(), text))


def test_a_line_too_long_is_refused(room, sit):
    with pytest.raises(TooLarge):
        room.decide(sit(), Say(new_id(), "a" * 2001))


def test_the_id_of_a_line_is_a_uuid_7(room, sit):
    with pytest.raises(Invalid):
        room.decide(sit(), Say(uuid4(), "hello"))


def test_who_writes_too_fast_waits_a_second_for_each_line(room, sit, clock):
    seat = sit()
    for _ in range(5):
        room.decide(seat, Say(new_id(), "spam"))
    with pytest.raises(TooMany) as refused:
        room.decide(seat, Say(new_id(), "spam"))
    assert refused.value.retry_after is not None
    clock.advance(timedelta(seconds=1))
    assert room.decide(seat, Say(new_id(), "better")).facts


def test_a_second_tab_does_not_double_the_rate_of_writing(room, sit):
    first = sit()
    second = sit(who=first.visitor)
    for _ in range(5):
        room.decide(first, Say(new_id(), "spam"))
    with pytest.raises(TooMany):
        room.decide(second, Say(new_id(), "spam"))


def test_a_second_tab_is_a_second_seat_of_one_person(room, sit):
    first = sit()
    second = sit(who=first.visitor)
    assert first.id != second.id
    assert [person.id for person in room.welcome(first).people] == [first.person]


def test_the_others_hear_of_a_person_once(room, sit, visitor):
    sit("Lecturer", is_host=True)
    student, told = visitor("Student"), []
    for _ in range(2):
        seat, _ = room.enter(student, "tab", Channel.WEBRTC)
        told += room.admit(seat)
    (news,) = told
    assert isinstance(news.message, JoinedPeople)
    assert news.to is None


def test_a_person_may_not_fill_the_room_with_tabs(room, sit, visitor):
    who = visitor()
    for _ in range(MOST_SEATS_OF_A_PERSON):
        sit(who=who)
    with pytest.raises(TooMany):
        room.enter(who, "tab", Channel.WEBRTC)


def test_a_seat_without_socket_waits_for_the_grace_after_its_last_proof(room, sit, clock):
    seat = sit()
    clock.advance(timedelta(seconds=5))
    seat.prove(clock.now())
    (news,) = room.disconnect(seat)
    assert isinstance(news.message, ChangedPerson)
    assert news.message.person.presence is Presence.RECONNECTING
    clock.advance(GRACE)
    assert room.due() == ()
    clock.advance(timedelta(milliseconds=1))
    assert room.due() == (seat,)


def test_a_seat_ends_at_its_last_proof(room, sit, clock):
    seat = sit()
    proven = clock.now()
    room.disconnect(seat)
    clock.advance(timedelta(seconds=31))
    (left,) = room.leave(seat, "lost")
    assert isinstance(left, PersonLeft)
    assert (left.last_proof_at, left.at) == (proven, clock.now())
    (news,) = room.apply(left)
    assert news.message == LeftPerson(seat.person)


def test_a_return_with_the_token_finds_the_same_seat(room, sit):
    seat = sit()
    room.disconnect(seat)
    assert room.seats.by_resume(seat.resume, seat.person) is seat
    room.connect(seat)
    assert room.seats.presence(seat.person) is Presence.PRESENT


def test_a_token_is_good_for_its_owner_only(room, sit):
    owner, thief = sit("Owner"), sit("Thief")
    assert room.seats.by_resume(owner.resume, thief.person) is None


def test_a_seat_that_is_ending_cannot_be_resumed(room, sit):
    seat = sit()
    room.leave(seat, "lost")
    assert room.seats.by_resume(seat.resume, seat.person) is None


def test_the_person_stays_while_another_seat_does(room, sit):
    first = sit()
    sit(who=first.visitor)
    (left,) = room.leave(first, "left")
    assert room.apply(left) == ()
    assert len(room.welcome(sit("Other")).people) == 2


def test_the_last_seat_takes_hand_and_floor_with_it(room, sit, do):
    host, student = sit("Host", is_host=True), sit()
    do(host, GiveFloor(student.person))
    do(student, RaiseHand())
    kinds = [type(fact) for fact in room.leave(student, "left")]
    assert kinds == [PersonLeft, HandLowered, FloorTaken]


def test_a_raised_hand_is_seen_and_stays_one(room, sit, do):
    seat = sit()
    (news,) = do(seat, RaiseHand())
    assert isinstance(news, Hand)
    assert news.raised
    assert do(seat, RaiseHand()) == []
    assert [hand.person for hand in room.welcome(seat).hands] == [seat.person]
    assert not do(seat, LowerHand())[0].raised


def test_giving_the_floor_lowers_the_hand(room, sit, do):
    host, student = sit("Host", is_host=True), sit()
    do(student, RaiseHand())
    assert [type(news) for news in do(host, GiveFloor(student.person))] == [Floor, Hand]
    assert room.welcome(student).me.can_publish
    assert room.welcome(student).hands == ()


def test_the_floor_allows_microphone_and_camera_and_not_the_screen(room, sit, do):
    host, student = sit("Host", is_host=True), sit()
    assert not room.may_publish(student, Source.MICROPHONE)
    do(host, GiveFloor(student.person))
    assert room.may_publish(student, Source.MICROPHONE)
    assert room.may_publish(student, Source.CAMERA)
    assert not room.may_publish(student, Source.SCREEN)
    assert room.may_publish(host, Source.SCREEN)


def test_the_stage_holds_twenty_five_people(room, clock, sit, do):
    host = sit("Host", is_host=True)
    students = [sit() for _ in range(MOST_ON_STAGE)]
    for student in students[:-1]:
        clock.advance(timedelta(seconds=1))
        do(host, GiveFloor(student.person))
    with pytest.raises(Conflict, match="25 people"):
        room.decide(host, GiveFloor(students[-1].person))
    do(host, GiveFloor(students[0].person))  # who has it already keeps it
    do(host, TakeFloor(students[0].person))
    do(host, GiveFloor(students[-1].person))
    assert room.may_publish(students[-1], Source.CAMERA)


def test_the_floor_is_given_back_or_taken(room, sit, do):
    host, student = sit("Host", is_host=True), sit()
    do(host, GiveFloor(student.person))
    assert do(student, TakeFloor(student.person)) == [Floor(student.person, given=False)]
    do(host, GiveFloor(student.person))
    do(host, TakeFloor(student.person))
    assert not room.may_publish(student, Source.CAMERA)


@pytest.mark.parametrize("act", [GiveFloor, LowerHandOf])
def test_a_student_has_no_power_over_others(room, sit, do, act):
    student, other = sit(), sit("Other")
    do(other, RaiseHand())
    with pytest.raises(Forbidden):
        room.decide(student, act(other.person))


def test_a_tutor_moderates_and_does_not_give_the_floor(room, sit, do):
    host, tutor, student = sit("Host", is_host=True), sit("Tutor", can_moderate=True), sit()
    do(host, GiveFloor(student.person))
    assert do(tutor, TakeFloor(student.person))
    with pytest.raises(Forbidden):
        room.decide(tutor, GiveFloor(student.person))


def test_the_floor_goes_to_people_in_the_room(room, sit):
    with pytest.raises(NotFound):
        room.decide(sit("Host", is_host=True), GiveFloor(new_id()))


def test_a_host_asks_to_mute_and_cannot_unmute(room, sit, do):
    host, student = sit("Host", is_host=True), sit()
    asked = do(host, SetMuted(Source.MICROPHONE, True, student.person))
    assert asked == [AskedToMute(Source.MICROPHONE, host.person)]
    with pytest.raises(Forbidden):
        room.decide(host, SetMuted(Source.MICROPHONE, False, student.person))


def test_a_mute_shows_on_the_track(room, sit, do):
    host = sit("Host", is_host=True)
    room.apply(room.published(host, new_id(), Source.MICROPHONE))
    (news,) = do(host, SetMuted(Source.MICROPHONE, True))
    assert isinstance(news, Tracks)
    assert [track.muted for track in news.tracks] == [True]


def test_tracks_come_and_go_as_a_whole_list(room, sit):
    host, track = sit("Host", is_host=True), new_id()
    (news,) = room.apply(room.published(host, track, Source.SCREEN))
    assert [one.id for one in news.message.tracks] == [track]
    (news,) = room.apply(room.unpublished(host, track, Source.SCREEN))
    assert news.message == Tracks(())


def test_a_checkpoint_names_the_seats_proven_since_the_last(room, sit, clock):
    alive, silent = sit("Alive"), sit("Silent")
    clock.advance(timedelta(seconds=2))
    for seat in (alive, silent):
        seat.prove(clock.now())
    assert {proof.seat for proof in room.checkpoint().seats} == {alive.id, silent.id}
    clock.advance(timedelta(seconds=2))
    alive.prove(clock.now())
    assert [proof.seat for proof in room.checkpoint().seats] == [alive.id]
    clock.advance(timedelta(seconds=2))
    assert room.checkpoint() is None


def test_a_move_of_the_schedule_is_told_once(room):
    ended = type(room.lecture)(room.lecture.id, "Algebra", "ended")
    assert [news.message for news in room.move(ended)] == [State("ended")]
    assert room.move(ended) == ()


def test_asking_too_often_is_refused(room, sit):
    seat = sit()
    for _ in range(20):
        room.decide(seat, RaiseHand())
    with pytest.raises(TooMany):
        room.decide(seat, LowerHand())


def test_what_is_wrong_with_the_recording_is_told_to_hosts_alone(room, sit):
    host, student = sit(is_host=True), sit()
    told = room.record(RecordingInfo(is_on=True, faults=("The disk is full.",)))
    heard = {seat: delivery.message.recording for delivery in told for seat in delivery.to}
    assert heard[host.id].faults == ("The disk is full.",)
    assert heard[student.id] == room.welcome(student).recording == RecordingInfo(is_on=True)
    assert room.welcome(host).recording == heard[host.id]
