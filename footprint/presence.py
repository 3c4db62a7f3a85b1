"""Presence: who was provably where, from when until when. A projection of the log.

An interval opens with a join (or a view that plays) and closes with the fact that ends it, at the
last proof in that fact. While it is open its newest proof stands in `checkpoint`, an upsert of one
row per seat or view. Whoever vanishes without a word is ended by a fact that we make of the
checkpoint and keep in the log, so that the intervals can be rebuilt from the log alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.attendance import Presence, Span
from footprint.events import ArrivalScanned, PresenceConfirmed
from footprint.kinds import decode, encode
from footprint.log import facts_after
from footprint.policy import Channel
from kernel.database import Id, UtcDateTime, insert_new, metadata
from kernel.facts import Fact
from live.events import PersonJoined, PersonLeft, RoomClosed, RoomOpened, SeatsAlive
from player.events import (
    Mode,
    ViewBegan,
    ViewEnded,
    ViewFact,
    ViewPaused,
    ViewPlayed,
    ViewProgressed,
)

presence = sa.Table(
    "presence",
    metadata,
    sa.Column("id", Id, primary_key=True),  # of the fact that opened it
    sa.Column("seat", Id, nullable=False, index=True),  # or the view
    sa.Column("run", Id),
    sa.Column("lecture", Id, nullable=False, index=True),
    sa.Column("person", Id, nullable=False, index=True),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("began_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime),
)

checkpoint = sa.Table(
    "checkpoint",
    metadata,
    sa.Column("seat", Id, primary_key=True),
    sa.Column("run", Id),
    sa.Column("lecture", Id, index=True),
    sa.Column("last_proof_at", UtcDateTime, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=False, index=True),  # a paused player is seen too
    sa.Column("newest", sa.Text, nullable=False),  # the fact that tells most about the seat
)

CHECKPOINTS: Final = (SeatsAlive, ViewProgressed)  # kept here, not in the log
LOST: Final = "lost"
_NAMESPACE: Final = UUID("0c1bb1c4-54a3-5d0a-8f0e-0e3d3f5b9c27")
_CHANNELS: Final = {Mode.LIVE: Channel.HLS, Mode.RECORDING: Channel.RECORDING, Mode.TV: Channel.TV}


async def apply(connection: AsyncConnection, facts: Iterable[Fact]) -> list[Fact]:
    """Take facts and checkpoints in order. Returns endings of the seats that they left behind:
    the caller keeps those in the log and applies them too."""
    endings: list[Fact] = []
    proofs: dict[UUID, datetime] = {}
    for fact in _gathered(facts):
        if isinstance(fact, SeatsAlive):
            proofs |= {proof.seat: proof.last_proof_at for proof in fact.seats}
            continue
        if isinstance(fact, list | RoomOpened | RoomClosed | ViewBegan):
            await _prove(connection, proofs)
            proofs = {}
        if isinstance(fact, list):
            endings += await _seat(connection, fact)
            continue
        if isinstance(fact, RoomOpened | RoomClosed | ViewBegan):
            endings += await _left_behind(connection, fact)
        await _track(connection, fact)
        await _fold(connection, fact)
    await _prove(connection, proofs)
    return endings


def _gathered(facts: Iterable[Fact]) -> Iterator[Fact | list[PersonJoined]]:
    """Joins of different seats that follow one another as one: a class comes all at once."""
    joins: dict[UUID, PersonJoined] = {}
    for fact in facts:
        is_another = isinstance(fact, PersonJoined) and fact.seat not in joins
        if joins and not is_another:
            yield list(joins.values())
            joins = {}
        if isinstance(fact, PersonJoined):
            joins[fact.seat] = fact
        else:
            yield fact
    if joins:
        yield list(joins.values())


async def _seat(connection: AsyncConnection, joins: Sequence[PersonJoined]) -> list[Fact]:
    """Endings of what was left on these seats, which are then taken anew."""
    of_theirs = checkpoint.c.seat.in_([join.seat for join in joins])
    left = await _endings(connection, of_theirs)
    await connection.execute(checkpoint.delete().where(of_theirs))
    noted = [_checkpoint(join, join.seat, join.run) for join in joins]
    await connection.execute(checkpoint.insert(), noted)
    begun = [_interval(join, join.seat, Channel.WEBRTC, join.run) for join in joins]
    await insert_new(connection, presence, [row for row in begun if row], key=["id"])
    return left


async def lost(connection: AsyncConnection, silent_since: datetime) -> list[Fact]:
    """Endings of all that gave no sign since then: their process died, or their network."""
    return await _endings(connection, checkpoint.c.seen_at < silent_since)


async def presences(connection: AsyncConnection, lecture: UUID) -> list[Presence]:
    """Every interval of a lecture; an open one reaches to its newest proof."""
    rows = await _intervals(connection, presence.c.lecture == lecture)
    return [_presence(row) for row in rows]


async def presences_of(connection: AsyncConnection, person: UUID) -> dict[UUID, list[Presence]]:
    """Every interval of a person, by lecture."""
    found: dict[UUID, list[Presence]] = {}
    for row in await _intervals(connection, presence.c.person == person):
        found.setdefault(row.lecture, []).append(_presence(row))
    return found


async def _intervals(
    connection: AsyncConnection, condition: sa.ColumnElement[bool]
) -> Sequence[sa.Row[Any]]:
    ended_at = sa.func.coalesce(
        presence.c.ended_at, checkpoint.c.last_proof_at, presence.c.began_at, type_=UtcDateTime
    )
    query = (
        sa.select(presence, ended_at.label("until"))
        .outerjoin(checkpoint, checkpoint.c.seat == presence.c.seat)
        .where(condition)
        .order_by(presence.c.began_at, presence.c.id)
    )
    return (await connection.execute(query)).all()


def _presence(row: sa.Row[Any]) -> Presence:
    return Presence(row.person, Channel(row.channel), Span(row.began_at, row.until))


async def rebuild(connection: AsyncConnection) -> None:
    """Make the intervals anew from the log. Checkpoints are not touched: they are not in it."""
    await connection.execute(presence.delete())
    seq = 0
    while kept := await facts_after(connection, seq, 1_000):
        for item in kept:
            await _fold(connection, item.fact)
        seq = kept[-1].seq


async def _fold(connection: AsyncConnection, fact: Fact) -> None:
    match fact:
        case PersonJoined():
            await _open(connection, fact, fact.seat, Channel.WEBRTC, run=fact.run)
        case ViewPlayed():
            await _open(connection, fact, fact.view, _CHANNELS[fact.mode])
        case ArrivalScanned():
            await _open(connection, fact, fact.seat, Channel.IN_ROOM)
        case PresenceConfirmed():
            await _close(connection, fact, fact.seat, fact.at)
        case PersonLeft():
            await _close(connection, fact, fact.seat, fact.last_proof_at, run=fact.run)
        case ViewPaused() | ViewEnded():
            await _close(connection, fact, fact.view, fact.last_proof_at)
        case _:
            pass


async def _open(
    connection: AsyncConnection,
    fact: Fact,
    seat: UUID,
    channel: Channel,
    *,
    run: UUID | None = None,
) -> None:
    row = _interval(fact, seat, channel, run)
    await insert_new(connection, presence, [row] if row else [], key=["id"])


def _interval(fact: Fact, seat: UUID, channel: Channel, run: UUID | None) -> dict[str, Any]:
    """The row of an interval that begins; empty for one of nobody or nowhere."""
    if fact.person is None or fact.lecture is None:
        return {}
    return {
        "id": fact.id,
        "seat": seat,
        "run": run,
        "lecture": fact.lecture,
        "person": fact.person,
        "channel": channel.value,
        "began_at": fact.at,
    }


async def _close(
    connection: AsyncConnection,
    fact: Fact,
    seat: UUID,
    last_proof_at: datetime,
    *,
    run: UUID | None = None,
) -> None:
    """End the newest interval that had begun when the fact happened; a later proof stands.

    So it does not matter whether an ending that we made comes before or after the true one, or
    after the seat's next beginning.
    """
    older = sa.and_(presence.c.seat == seat, presence.c.began_at <= fact.at)
    newest = (
        sa.select(presence.c.id)
        .where(older if run is None else older & (presence.c.run == run))
        .order_by(presence.c.began_at.desc(), presence.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    so_far = sa.func.coalesce(presence.c.ended_at, presence.c.began_at)
    until = sa.literal(last_proof_at, UtcDateTime)
    ended_at = sa.case((so_far < until, until), else_=so_far)
    await connection.execute(
        presence.update().where(presence.c.id == newest).values(ended_at=ended_at)
    )


async def _track(connection: AsyncConnection, fact: Fact) -> None:
    match fact:
        case ViewBegan():
            await _note(connection, fact, fact.view)
        case ViewPlayed():
            await _prove(connection, {fact.view: fact.at})
        case ViewPaused() | ViewProgressed():
            await _renew(connection, fact, fact.view, fact.last_proof_at)
        case PersonLeft():
            await _forget(connection, fact.seat, fact.at)
        case ViewEnded():
            await _forget(connection, fact.view, fact.at)
        case _:
            pass


async def _note(connection: AsyncConnection, fact: Fact, seat: UUID) -> None:
    await connection.execute(checkpoint.delete().where(checkpoint.c.seat == seat))
    await connection.execute(checkpoint.insert().values(**_checkpoint(fact, seat, None)))


def _checkpoint(fact: Fact, seat: UUID, run: UUID | None) -> dict[str, Any]:
    return {
        "seat": seat,
        "run": run,
        "lecture": fact.lecture,
        "last_proof_at": fact.at,
        "seen_at": fact.at,
        "newest": encode(fact),
    }


async def _renew(connection: AsyncConnection, fact: Fact, seat: UUID, at: datetime) -> None:
    older = (checkpoint.c.seat == seat, checkpoint.c.last_proof_at <= at)
    await connection.execute(
        checkpoint.update()
        .where(*older)
        .values(last_proof_at=at, seen_at=fact.at, newest=encode(fact))
    )


async def _prove(connection: AsyncConnection, proofs: dict[UUID, datetime]) -> None:
    """Only what is open is proven: a checkpoint that comes after the end changes nothing."""
    if not proofs:
        return
    newer = (
        checkpoint.update()
        .where(
            checkpoint.c.seat == sa.bindparam("of_seat"),
            checkpoint.c.last_proof_at < sa.bindparam("proof"),
        )
        .values(last_proof_at=sa.bindparam("proof"), seen_at=sa.bindparam("proof"))
    )
    rows = [{"of_seat": seat, "proof": at} for seat, at in proofs.items()]
    await connection.execute(newer, rows)


async def _forget(connection: AsyncConnection, seat: UUID, at: datetime) -> None:
    gone = (checkpoint.c.seat == seat, checkpoint.c.last_proof_at <= at)
    await connection.execute(checkpoint.delete().where(*gone))


async def _left_behind(
    connection: AsyncConnection, fact: RoomOpened | RoomClosed | ViewBegan
) -> list[Fact]:
    """What can't be there any more, now that this happened."""
    match fact:
        case RoomOpened():
            of_lecture = checkpoint.c.lecture == fact.lecture
            return await _endings(connection, of_lecture & (checkpoint.c.run != fact.run))
        case RoomClosed():
            return await _endings(connection, checkpoint.c.run == fact.run)
        case ViewBegan():
            return await _endings(connection, checkpoint.c.seat == fact.view)


async def _endings(connection: AsyncConnection, condition: sa.ColumnElement[bool]) -> list[Fact]:
    query = sa.select(checkpoint.c.last_proof_at, checkpoint.c.newest).where(condition)
    rows = await connection.execute(query.order_by(checkpoint.c.seat))
    return [_ending(decode(row.newest), row.last_proof_at) for row in rows]


def _ending(newest: Fact, last_proof_at: datetime) -> Fact:
    """The end that nobody told us. Its id follows from what it says, so that two who find the same
    silence make the same fact."""
    identifier = uuid5(_NAMESPACE, f"{newest.id}/{last_proof_at.isoformat()}")
    if isinstance(newest, PersonJoined):
        return PersonLeft(
            id=identifier,
            at=last_proof_at,
            lecture=newest.lecture,
            person=newest.person,
            run=newest.run,
            seat=newest.seat,
            device=newest.device,
            reason=LOST,
            last_proof_at=last_proof_at,
        )
    assert isinstance(newest, ViewFact)  # nothing else is ever noted
    return ViewEnded(
        id=identifier,
        at=last_proof_at,
        lecture=newest.lecture,
        person=newest.person,
        view=newest.view,
        mode=newest.mode,
        position_ms=newest.position_ms,
        length_ms=newest.length_ms,
        segments=newest.segments if isinstance(newest, ViewPaused | ViewProgressed) else (),
        last_proof_at=last_proof_at,
        reason=LOST,
    )
