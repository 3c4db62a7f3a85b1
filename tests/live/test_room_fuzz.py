"""Whatever people do in whatever order, a room stays a room."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.clock import ManualClock
from kernel.errors import DarisError
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
from live.events import PersonLeft
from live.messages import LectureInfo, Source, encode
from live.room import Room
from live.seats import Channel, Visitor

PEOPLE = [
    Visitor(new_id(), f"P{n}", "student", can_host=n == 0, can_moderate=n < 2) for n in range(5)
]
LINES = [new_id() for _ in range(4)] + [UUID(int=0)]

person = st.sampled_from([one.person for one in PEOPLE] + [new_id()])
message = st.one_of(
    st.builds(Say, st.sampled_from(LINES), st.text(max_size=2500)),
    st.builds(RaiseHand),
    st.builds(LowerHand),
    st.builds(LowerHandOf, person),
    st.builds(GiveFloor, person),
    st.builds(TakeFloor, person),
    st.builds(SetMuted, st.sampled_from(Source), st.booleans(), st.none() | person),
)
step = st.one_of(
    st.tuples(st.just("come"), st.sampled_from(PEOPLE)),
    st.tuples(st.just("go"), st.integers(0, 9)),
    st.tuples(st.just("drop"), st.integers(0, 9)),
    st.tuples(st.just("wait"), st.integers(0, 40)),
    st.tuples(st.just("ask"), st.tuples(st.integers(0, 9), message)),
    st.tuples(st.just("publish"), st.tuples(st.integers(0, 9), st.sampled_from(Source))),
)


class Playing:
    """A room, and steps taken in it."""

    def __init__(self) -> None:
        self.clock = ManualClock(datetime(2026, 9, 7, tzinfo=UTC))
        self.room = Room(LectureInfo(new_id(), "Any", "live"), clock=self.clock)

    def seat(self, number: int):
        seats = tuple(self.room.seats)
        return seats[number % len(seats)] if seats else None

    def take(self, what: str, how) -> None:
        match what:
            case "come":
                seat, _ = self.room.enter(how, "tab", Channel.WEBRTC)
                self.room.admit(seat)
            case "wait":
                self.clock.advance(timedelta(seconds=how))
                for seat in self.room.due():
                    self.apply(self.room.leave(seat, "lost"))
            case _:
                self.act(what, how)

    def act(self, what: str, how) -> None:
        seat = self.seat(how if isinstance(how, int) else how[0])
        if seat is None:
            return
        match what:
            case "go":
                self.apply(self.room.leave(seat, "left"))
            case "drop":
                self.room.disconnect(seat)
            case "ask":
                self.apply(self.room.decide(seat, how[1]).facts)
            case "publish" if self.room.may_publish(seat, how[1]):
                self.apply([self.room.published(seat, new_id(), how[1])])

    def apply(self, facts) -> None:
        for fact in facts:
            for delivery in self.room.apply(fact):
                encode(delivery.message)
            if isinstance(fact, PersonLeft):
                assert fact.last_proof_at <= fact.at


@settings(max_examples=150, deadline=None)
@given(st.lists(step, max_size=60))
def test_a_room_stays_a_room(steps):
    playing = Playing()
    for what, how in steps:
        try:
            playing.take(what, how)
        except DarisError as error:
            assert error.message.endswith(".")  # noqa: PT017  # most steps are fine
    seat, _ = playing.room.enter(
        Visitor(new_id(), "Last", "student", can_host=False, can_moderate=False),
        "tab",
        Channel.WEBRTC,
    )
    playing.room.admit(seat)
    welcome = playing.room.welcome(seat)
    encode(welcome)
    here = {one.id for one in welcome.people}
    assert len(here) == len(welcome.people)
    assert {hand.person for hand in welcome.hands} <= here
    assert {one.person for one in playing.room.seats} == here
    assert len({line.id for line in welcome.chat}) == len(welcome.chat)
