"""The waiting room, by real clients of a real server, and as rules across a restart."""

import asyncio
from datetime import timedelta

import pytest

from identity.rights import Role
from kernel.errors import NotFound
from kernel.ids import new_id
from live.client_messages import Admit
from live.events import (
    PersonAdmitted,
    PersonJoined,
    PersonTurnedAway,
    SeatsAlive,
    WaitingRoomSwitchedOff,
)
from live.messages import LectureInfo, State
from live.room import Room
from live.seats import GRACE
from live.waiting_room import Held, TurnedAway
from schedule.study_work import StudyWork
from tests.live.conftest import Guest


@pytest.fixture
async def guarded(school):
    """A lecture with a waiting room, its host inside."""
    served = await school(work=StudyWork(waiting_room=True), is_recorded=False)
    return served, await served.enter(served.lecturer)


@pytest.fixture
def knock(guarded, add_person):
    """Somebody says hello: a new student, or `who` once more; what they hear is theirs to read."""
    served, _ = guarded

    async def make(name="Dana", *, who=None) -> tuple[Guest, str]:
        who = who or await add_person(Role.STUDENT, name=name)
        guest = Guest(await served.socket(who))
        await guest.send("hello", device="tab")
        return guest, str(who.id)

    return make


async def waits(host: Guest, *names: str) -> dict:
    """The next news that tells of exactly these people; in brackets those who are not there now."""
    while True:
        told = await host.hear("waiting_people")
        seen = [(one["name"] if one["is_here"] else f"({one['name']})") for one in told["people"]]
        if seen == list(names):
            assert told["count"] == len(names)
            return told


async def test_nothing_of_the_room_reaches_who_waits_and_nothing_is_counted(guarded, knock, line):
    served, host = guarded
    assert (host.welcome["waiting"]["is_on"], host.welcome["waiting"]["people"]) == (True, [])
    assert host.welcome["lecture"]["waiting_room"]
    dana, who = await knock()
    told = await dana.next()
    assert (told["type"], told["lecture"]["title"]) == ("waiting", "Linear algebra")
    (seen,) = (await waits(host, "Dana"))["people"]
    assert (seen["id"], seen["is_here"]) == (who, True)

    await host.send("say", **line("for those inside"))
    await host.hear("chat")
    for kind in ("raise_hand", "admit"):
        await dana.send(kind)
        refused = await dana.next()  # and no line of chat before it
        assert (refused["type"], refused["code"], refused["about"]) == ("refused", "waiting", kind)
    await dana.send("alive", echo=3)
    assert (await dana.next())["echo"] == 3
    await (await served.live()).look_after_seats(is_checkpoint=True)
    assert [str(fact.person) for fact in served.facts(PersonJoined)] == [str(served.lecturer.id)]
    assert all(len(fact.seats) == 1 for fact in served.facts(SeatsAlive))

    await host.send("admit", person=who)
    welcome = await dana.next()
    assert (welcome["type"], welcome["waiting"]) == ("welcome", None)
    assert [said["text"] for said in welcome["chat"]] == ["for those inside"]
    assert [one["name"] for one in welcome["people"]] == ["Prof. Seitova", "Dana"]
    await waits(host)
    (admitted,) = served.facts(PersonAdmitted)
    assert (str(admitted.person), admitted.by) == (who, served.lecturer.id)
    assert [str(fact.person) for fact in served.facts(PersonJoined)][1:] == [who]


async def test_who_comes_back_has_the_same_place_and_who_was_let_in_need_not_wait(
    guarded, knock, clock, add_person
):
    served, host = guarded
    who = await add_person(Role.STUDENT, name="Dana")
    dana, _ = await knock(who=who)
    since = (await dana.next())["since"]
    dana.kill()
    await waits(host, "(Dana)")
    timur, _ = await knock("Timur")
    await waits(host, "(Dana)", "Timur")
    clock.advance(GRACE)
    await (await served.live()).look_after_seats(is_checkpoint=False)
    again, _ = await knock(who=who)
    assert (await again.next())["since"] == since
    await waits(host, "Dana", "Timur")
    timur.kill()
    await waits(host, "Dana", "(Timur)")
    second, _ = await knock(who=who)  # another tab of the same person
    await second.hear("waiting")
    again.kill()
    await host.send("admit", person=str(who.id))
    await second.hear("welcome")
    await _welcomed(knock, who)
    assert [str(fact.person) for fact in served.facts(PersonAdmitted)] == [str(who.id)]
    clock.advance(GRACE + timedelta(seconds=1))
    await (await served.live()).look_after_seats(is_checkpoint=False)
    await waits(host)


async def _welcomed(knock, who):
    guest, _ = await knock(who=who)
    assert (await guest.next())["type"] == "welcome"


async def test_who_is_turned_away_reads_why_again_and_again_until_they_are_let_in(
    guarded, knock, add_person
):
    _, host = guarded
    who = await add_person(Role.STUDENT, name="Dana")
    dana, person = await knock(who=who)
    await waits(host, "Dana")
    await host.send("turn_away", person=person, reason=" Your group has\t its class at 12.\n")
    for guest in (dana, (await knock(who=who))[0]):
        bye = await guest.hear("bye")
        assert (bye["reason"], bye["message"]) == ("turned_away", "Your group has its class at 12.")
    told = await waits(host)
    assert [one["name"] for one in told["turned_away"]] == ["Dana"]
    await host.send("admit", person=person)
    assert (await waits(host))["turned_away"] == []
    await _welcomed(knock, who)
    for kind in ("turn_away", "admit"):  # who is inside does not wait
        await host.send(kind, person=person)
        assert (await host.hear("refused"))["code"] == "not-found"


async def test_a_tutor_comes_in_and_admits_all_and_the_host_alone_switches_it_off(
    guarded, knock, add_person
):
    served, host = guarded
    tutor = await served.enter(await add_person(Role.TUTOR, name="Tutor"))
    dana, timur = (await knock("Dana"))[0], (await knock("Timur"))[0]
    await waits(tutor, "Dana", "Timur")
    await tutor.send("waiting_room_off")
    assert (await tutor.hear("refused"))["code"] == "forbidden"
    await tutor.send("admit")
    welcomes = [await guest.hear("welcome") for guest in (dana, timur)]
    assert all(welcome["waiting"] is None for welcome in welcomes)
    await dana.send("admit")
    assert (await dana.hear("refused"))["code"] == "forbidden"
    late, leaving = (await knock("Late"))[0], (await knock("Leaving"))[0]
    await waits(host, "Late", "Leaving")
    await leaving.send("leave")
    assert (await leaving.hear("bye"))["reason"] == "left"
    await waits(host, "Late")
    await host.send("waiting_room_off")
    await late.hear("welcome")
    assert not (await waits(host))["is_on"]
    assert not (await served.enter()).welcome["lecture"]["waiting_room"]
    assert len(served.facts(WaitingRoomSwitchedOff)) == 1


async def test_the_end_of_the_lecture_ends_the_waiting(guarded, knock):
    served, _ = guarded
    dana, _ = await knock()
    await dana.hear("waiting")
    await served.stop()
    assert (await dana.hear("bye"))["reason"] == "ended"


async def test_what_was_decided_holds_after_a_restart(clock, visitor, room):
    planned = LectureInfo(new_id(), "Algebra", "live", waiting_room=True)
    admitted, away, unknown, joined = (visitor(name) for name in "ABCD")
    scribe, by = room.scribe, new_id()
    facts = [
        scribe.fact(
            PersonJoined, person=joined.person, seat=new_id(), device="", name="", role="student"
        ),
        scribe.fact(PersonTurnedAway, person=away.person, by=by, name="B", reason="Later."),
        scribe.fact(PersonAdmitted, person=admitted.person, by=by),
    ]
    rules = Room(planned, clock=clock, before=facts).waiting_room
    for who in (admitted, joined, visitor(is_host=True), visitor(can_moderate=True)):
        rules.enter(who)
    with pytest.raises(Held):
        rules.enter(unknown)
    with pytest.raises(TurnedAway, match="Later"):
        rules.enter(away)
    assert [rules.lets_in(who.person) for who in (admitted, unknown, away)] == [True, False, False]
    assert not rules.lets_in(None)

    facts.append(scribe.fact(WaitingRoomSwitchedOff, person=by))
    rules = Room(planned, clock=clock, before=facts).waiting_room
    rules.enter(unknown)
    assert (rules.lets_in(None), rules.lets_in(away.person)) == (True, False)


async def test_the_schedule_lets_in_who_waits_and_keeps_in_who_is_there(clock, visitor, sit):
    open_to_all = LectureInfo(new_id(), "Algebra", "live")
    room = Room(open_to_all, clock=clock)
    early, late = visitor("Early"), visitor("Late")
    room.waiting_room.enter(early)
    room.move(LectureInfo(open_to_all.id, "Algebra", "live", waiting_room=True))
    room.waiting_room.enter(early)
    with pytest.raises(Held):
        room.waiting_room.enter(late)
    answer, told = asyncio.get_running_loop().create_future(), []
    room.waiting_room.wait(late, answer, told.append)
    room.move(LectureInfo(open_to_all.id, "Algebra", "ended", waiting_room=True))
    assert told == [State("ended")]
    room.move(open_to_all)
    assert await answer is None
    with pytest.raises(NotFound):
        room.decide(sit(is_host=True), Admit(late.person))
