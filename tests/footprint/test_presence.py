"""Who was where: two tabs, killed browsers, killed servers, paused players, and a rebuild."""

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from footprint.attendance import Span, attendance
from footprint.drain import SILENCE
from footprint.evidence import witnessed
from footprint.log import facts_of_lecture
from footprint.policy import Channel
from footprint.presence import presence, presences
from footprint.rebuilding import rebuild
from footprint.statements import House
from kernel.ids import new_id
from live.events import PersonLeft
from player.events import (
    Mode,
    ViewBegan,
    ViewEnded,
    ViewPaused,
    ViewPlayed,
    ViewProgressed,
)

ALIYA = UUID(int=1)


@pytest.fixture
def told(journal, drained):
    """Record facts and drain them, in batches of their own."""

    async def told(*facts):
        await journal.record(*facts)
        await drained()

    return told


@pytest.fixture
def spans(store, room):
    """The intervals of the room's lecture in minutes, with their channels."""

    async def read(*, lecture=None):
        async with store.connect() as connection:
            stays = await presences(connection, lecture or room.lecture)
        return [(s.channel, *_minutes(room, s.span)) for s in stays]

    return read


@pytest.fixture
def minutes(store, room):
    """Minutes of attendance of everybody, in a window of an hour."""

    async def read():
        async with store.connect() as connection:
            stays = await presences(connection, room.lecture)
        rows = attendance(stays, Span(room.at(0), room.at(60)))
        return {row.person: row.minutes for row in rows}

    return read


def _minutes(room, span: Span) -> tuple[float, float]:
    return tuple((t - room.at(0)) / timedelta(minutes=1) for t in (span.began_at, span.ended_at))


def viewed(room, kind, minutes, view, *, mode=Mode.LIVE, proof=None, **more):
    if kind in {ViewPaused, ViewEnded, ViewProgressed}:
        more["last_proof_at"] = room.at(minutes if proof is None else proof)
    return kind(
        id=new_id(), at=room.at(minutes), lecture=room.lecture, person=ALIYA, view=view, mode=mode, **more
    )  # fmt: skip


async def test_a_stay_lasts_from_the_join_to_the_last_proof(told, room, spans):
    joined = room.joined(ALIYA, 1)
    await told(room.opened(), joined, room.left(joined, 31, proof=30))
    assert await spans() == [(Channel.WEBRTC, 1, 30)]


async def test_two_tabs_never_count_twice(told, room, minutes):
    laptop, phone = room.joined(ALIYA, 0), room.joined(ALIYA, 10)
    await told(laptop, phone, room.left(laptop, 30), room.left(phone, 40))
    assert await minutes() == {ALIYA: 40}


async def test_a_killed_browser_ends_at_its_last_proof_and_not_when_we_noticed(told, room, minutes):
    joined = room.joined(ALIYA, 0)
    await told(joined, room.alive(20, joined), room.left(joined, 25, proof=20.02))
    assert await minutes() == {ALIYA: pytest.approx(20.02)}


async def test_while_somebody_is_there_the_newest_proof_is_the_end_so_far(told, room, spans):
    joined = room.joined(ALIYA, 0)
    await told(joined, room.alive(1, joined), room.alive(2, joined))
    assert await spans() == [(Channel.WEBRTC, 0, 2)]


async def test_an_older_proof_that_comes_late_takes_nothing_back(told, room, spans):
    joined = room.joined(ALIYA, 0)
    await told(joined, room.alive(2, joined))
    await told(room.alive(1, joined))
    assert await spans() == [(Channel.WEBRTC, 0, 2)]


async def test_a_killed_server_ends_its_seats_at_the_last_checkpoint(
    told, room, drain, clock, *, spans, kinds_of
):
    joined = room.joined(ALIYA, 0)
    await told(room.opened(), joined, room.alive(10, joined))
    clock.advance(timedelta(minutes=10) + 2 * SILENCE)
    await drain.sweep()
    assert await spans() == [(Channel.WEBRTC, 0, 10)]
    assert (await kinds_of())[-1] == "person-left"


async def test_what_else_is_known_of_a_seat_stays_when_the_server_is_killed(
    told, room, drain, clock, store
):
    killed, left = room.joined(ALIYA, 0), room.joined(UUID(int=2), 0)
    await told(room.opened(), killed, left, room.alive(9, killed, left, received=7, visible=6))
    await told(room.alive(10, killed, left, received=8, visible=6))
    await told(room.left(left, 11, received=9))  # of an older release: visible is not told

    async def known():
        async with store.connect() as connection:
            found = await witnessed(connection, room.lecture)
        return {w.presence.person: (w.received_s, w.visible_s) for w in found}

    assert await known() == {ALIYA: (480, 360), UUID(int=2): (540, None)}
    clock.advance(timedelta(minutes=10) + 2 * SILENCE)
    await drain.sweep()
    assert await known() == {ALIYA: (480, 360), UUID(int=2): (540, None)}
    async with store.connect() as connection:
        ended = [k.fact for k in await facts_of_lecture(connection, room.lecture, PersonLeft)]
    assert [(fact.received_s, fact.visible_s) for fact in ended] == [(540, None), (480, 360)]


async def test_each_time_that_a_player_plays_has_its_own_time_in_sight(
    told, room, drain, clock, store
):
    view = new_id()
    await told(
        viewed(room, ViewBegan, 0, view),
        viewed(room, ViewPlayed, 1, view),
        viewed(room, ViewPaused, 5, view, visible_s=200),
        viewed(room, ViewPlayed, 8, view),
        viewed(room, ViewProgressed, 9, view, visible_s=30),
    )
    clock.advance(timedelta(hours=1))
    await drain.sweep()
    async with store.connect() as connection:
        found = await witnessed(connection, room.lecture)
    assert [(w.received_s, w.visible_s) for w in found] == [(240, 200), (60, 30)]


async def test_a_seat_that_was_heard_of_lately_is_not_swept(told, room, drain, clock, kinds_of):
    joined = room.joined(ALIYA, 0)
    await told(joined, room.alive(10, joined))
    clock.advance(timedelta(minutes=10) + SILENCE / 2)
    await drain.sweep()
    assert await kinds_of() == ["person-joined"]


async def test_a_server_killed_before_its_first_checkpoint_ends_its_seats_at_the_join(
    told, room, drain, clock, spans
):
    await told(room.joined(ALIYA, 1))
    clock.advance(timedelta(hours=1))
    await drain.sweep()
    assert await spans() == [(Channel.WEBRTC, 1, 1)]


async def test_a_new_run_ends_what_the_old_one_left_open_at_once(told, room, spans):
    """All of it in one batch, as after a restart: the old checkpoint, then the new room."""
    seat = new_id()
    before = room.joined(ALIYA, 0, seat=seat)
    again = type(room)(lecture=room.lecture)
    after = again.joined(ALIYA, 12, seat=seat)
    await told(
        room.opened(), before, room.alive(10, before), again.opened(12), after, again.alive(20, after)
    )  # fmt: skip
    assert await spans() == [(Channel.WEBRTC, 0, 10), (Channel.WEBRTC, 12, 20)]


async def test_a_room_that_closes_ends_who_did_not_leave(told, room, spans):
    joined = room.joined(ALIYA, 0)
    await told(joined, room.alive(49, joined), room.closed(50), room.alive(51, joined))
    assert await spans() == [(Channel.WEBRTC, 0, 49)]


async def test_the_real_end_of_a_seat_that_was_given_up_corrects_it(
    told, room, drain, clock, spans
):
    """Two servers: one took the other's seats for dead while its facts waited in its journal."""
    joined = room.joined(ALIYA, 0)
    await told(joined, room.alive(10, joined))
    clock.advance(timedelta(hours=1))
    await drain.sweep()
    await told(room.left(joined, 40))
    assert await spans() == [(Channel.WEBRTC, 0, 40)]


async def test_a_seat_that_is_taken_again_without_leaving_makes_two_stays(told, room, spans):
    seat = new_id()
    first, second = (room.joined(ALIYA, n, seat=seat) for n in (0, 20))
    await told(first, room.alive(10, first), second, room.left(second, 30))
    assert await spans() == [(Channel.WEBRTC, 0, 10), (Channel.WEBRTC, 20, 30)]


async def test_a_player_is_present_while_it_plays(told, room, spans):
    view = new_id()
    await told(
        viewed(room, ViewBegan, 0, view),
        viewed(room, ViewPlayed, 1, view),
        viewed(room, ViewPaused, 5, view),
        viewed(room, ViewPlayed, 8, view),
        viewed(room, ViewProgressed, 9, view),
    )
    assert await spans() == [(Channel.HLS, 1, 5), (Channel.HLS, 8, 9)]
    await told(viewed(room, ViewEnded, 20, view, proof=11))
    assert await spans() == [(Channel.HLS, 1, 5), (Channel.HLS, 8, 11)]


async def test_what_a_lost_player_had_played_is_kept(told, room, drain, clock, *, spans, store):
    view = new_id()
    await told(
        viewed(room, ViewBegan, 0, view, mode=Mode.RECORDING),
        viewed(room, ViewPlayed, 0, view, mode=Mode.RECORDING),
        viewed(room, ViewProgressed, 5, view, mode=Mode.RECORDING, segments=((0, 300_000),)),
    )
    clock.advance(timedelta(hours=1))
    await drain.sweep()
    async with store.connect() as connection:
        ended = [k.fact for k in await facts_of_lecture(connection, room.lecture, ViewEnded)]
    assert ended[0].segments == ((0, 300_000),)
    assert await spans() == [(Channel.RECORDING, 0, 5)]


async def test_a_paused_player_that_still_reports_is_not_swept(told, room, drain, clock, kinds_of):
    view = new_id()
    await told(
        viewed(room, ViewBegan, 0, view),
        viewed(room, ViewPlayed, 0, view),
        viewed(room, ViewPaused, 1, view),
        viewed(room, ViewProgressed, 10, view, proof=1),
    )
    clock.advance(timedelta(minutes=10) + SILENCE / 2)
    await drain.sweep()
    assert (await kinds_of())[-1] == "view-paused"


async def test_whoever_has_no_identity_has_no_presence(told, room, spans):
    await told(room.joined(None, 0))
    assert await spans() == []


async def test_a_rebuild_from_the_log_makes_the_same_rows(told, room, store, drain, clock):
    seats = [room.joined(UUID(int=n), n) for n in range(1, 6)]
    again = type(room)(lecture=room.lecture)
    view = new_id()
    await told(room.opened(), *seats, room.alive(9, *seats), room.left(seats[0], 10))
    await told(again.opened(12), again.joined(ALIYA, 13), viewed(room, ViewBegan, 14, view))
    await told(viewed(room, ViewPlayed, 14, view), viewed(room, ViewPaused, 15, view))
    await told(viewed(room, ViewPlayed, 16, view), viewed(room, ViewProgressed, 17, view))
    clock.advance(timedelta(hours=1))
    await drain.sweep()
    await told(room.opened(70), room.joined(ALIYA, 71))
    before = await _rows(store)
    async with store.begin() as connection:
        await rebuild(connection, House("https://live.example.edu"))
    assert await _rows(store) == before
    assert len(before) == 9


async def _rows(store):
    async with store.connect() as connection:
        return (await connection.execute(sa.select(presence).order_by(presence.c.id))).all()


async def test_a_class_that_comes_at_once_is_taken_together(told, room, store, minutes):
    people = [UUID(int=n) for n in range(1, 40)]
    seats = [new_id() for _ in people]
    joins = [room.joined(p, 1, seat=s) for p, s in zip(people, seats, strict=True)]
    again = room.joined(people[0], 11, seat=seats[0])  # of the same seat, in the same batch
    await told(*joins, room.alive(10, *joins), again, room.alive(31, *joins))
    async with store.connect() as connection:
        stays = await presences(connection, room.lecture)
    assert len(stays) == len(people) + 1
    counted = await minutes()
    assert {counted[person] for person in people[1:]} == {30}
    assert counted[people[0]] == 9 + 20
