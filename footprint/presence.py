"""Presence: who was provably where, from when until when. A projection of the log.

An interval opens with a join (or a view that plays) and closes with the fact that ends it, at the
last proof in that fact. While it is open its newest proof stands in `checkpoint`, an upsert of one
row per seat or view. Whoever vanishes without a word is ended by a fact that we make of the
checkpoint and keep in the log, so that the intervals can be rebuilt from the log alone.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.attendance import Presence, Span
from footprint.edges import Beginning, Ending, change_of
from footprint.kinds import decode, encode
from footprint.policy import Channel
from kernel.database import Id, UtcDateTime, insert_new, metadata
from kernel.facts import Fact
from live.events import PersonJoined, PersonLeft, RoomClosed, RoomOpened, SeatProof, SeatsAlive
from player.events import (
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
    sa.Column("received_s", sa.Integer),  # evidence of other kinds, as in `PersonLeft`
    sa.Column("visible_s", sa.Integer),
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
    sa.Column("received_s", sa.Integer),
    sa.Column("visible_s", sa.Integer),
)

CHECKPOINTS: Final = (SeatsAlive, ViewProgressed)  # kept here, not in the log
LOST: Final = "lost"
_NAMESPACE: Final = UUID("0c1bb1c4-54a3-5d0a-8f0e-0e3d3f5b9c27")


async def apply(connection: AsyncConnection, facts: Iterable[Fact]) -> list[Fact]:
    """Take facts and checkpoints in order. Returns endings of the seats that they left behind:
    the caller keeps those in the log and applies them too."""
    endings: list[Fact] = []
    proofs: dict[UUID, SeatProof] = {}
    for fact in _gathered(facts):
        if isinstance(fact, SeatsAlive):
            proofs |= {proof.seat: proof for proof in fact.seats}
            continue
        if isinstance(fact, list | RoomOpened | RoomClosed | ViewBegan):
            await _prove(connection, proofs.values())
            proofs = {}
        if isinstance(fact, list):
            endings += await _seat(connection, fact)
            continue
        if isinstance(fact, RoomOpened | RoomClosed | ViewBegan):
            endings += await _left_behind(connection, fact)
        await _track(connection, fact)
        await _fold(connection, fact)
    await _prove(connection, proofs.values())
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
    begun = [it.row() for join in joins if isinstance(it := change_of(join), Beginning)]
    await insert_new(connection, presence, begun, key=["id"])
    return left


async def lost(connection: AsyncConnection, silent_since: datetime) -> list[Fact]:
    """Endings of all that gave no sign since then: their process died, or their network."""
    return await _endings(connection, checkpoint.c.seen_at < silent_since)


async def presences(connection: AsyncConnection, lecture: UUID) -> list[Presence]:
    """Every interval of a lecture; an open one reaches to its newest proof."""
    rows = await intervals(connection, presence.c.lecture == lecture)
    return [_presence(row) for row in rows]


async def presences_of(connection: AsyncConnection, person: UUID) -> dict[UUID, list[Presence]]:
    """Every interval of a person, by lecture."""
    found: dict[UUID, list[Presence]] = {}
    for row in await intervals(connection, presence.c.person == person):
        found.setdefault(row.lecture, []).append(_presence(row))
    return found


async def intervals(
    connection: AsyncConnection, condition: sa.ColumnElement[bool]
) -> Sequence[sa.Row[Any]]:
    """Rows of `presence` with what is known so far: `until`, `received` and `visible`."""
    ended_at = sa.func.coalesce(
        presence.c.ended_at, checkpoint.c.last_proof_at, presence.c.began_at, type_=UtcDateTime
    )
    query = (
        sa.select(
            presence,
            ended_at.label("until"),
            _so_far("received_s").label("received"),
            _so_far("visible_s").label("visible"),
        )
        .outerjoin(checkpoint, checkpoint.c.seat == presence.c.seat)
        .where(condition)
        .order_by(presence.c.began_at, presence.c.id)
    )
    return (await connection.execute(query)).all()


def _so_far(name: str) -> sa.ColumnElement[int | None]:
    is_open = presence.c.ended_at.is_(None)
    return sa.case((is_open, checkpoint.c[name]), else_=presence.c[name])


def _presence(row: sa.Row[Any]) -> Presence:
    return Presence(row.person, Channel(row.channel), Span(row.began_at, row.until))


async def _fold(connection: AsyncConnection, fact: Fact) -> None:
    match change_of(fact):
        case Beginning() as beginning:
            await insert_new(connection, presence, [beginning.row()], key=["id"])
        case Ending() as ending:
            await _close(connection, ending)
        case None:
            pass


async def _close(connection: AsyncConnection, ending: Ending) -> None:
    older = sa.and_(presence.c.seat == ending.seat, presence.c.began_at <= ending.at)
    newest = (
        sa.select(presence.c.id)
        .where(older if ending.run is None else older & (presence.c.run == ending.run))
        .order_by(presence.c.began_at.desc(), presence.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    so_far = sa.func.coalesce(presence.c.ended_at, presence.c.began_at)
    until = sa.literal(ending.last_proof_at, UtcDateTime)
    ended_at = sa.case((so_far < until, until), else_=so_far)
    changed = {
        "ended_at": ended_at,
        "received_s": _most(presence.c.received_s, ending.received_s),
        "visible_s": _most(presence.c.visible_s, ending.visible_s),
    }
    await connection.execute(presence.update().where(presence.c.id == newest).values(changed))


def _most(so_far: sa.Column[int | None], told: int | None) -> sa.ColumnElement[int | None]:
    if told is None:
        return so_far
    return sa.case((sa.func.coalesce(so_far, -1) < told, told), else_=so_far)


async def _track(connection: AsyncConnection, fact: Fact) -> None:
    match fact:
        case ViewBegan():
            await _note(connection, fact, fact.view)
        case ViewPlayed():
            await _prove(connection, [SeatProof(fact.view, fact.at)])
        case ViewPaused() | ViewProgressed():
            await _renew(connection, fact)
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


async def _renew(connection: AsyncConnection, fact: ViewPaused | ViewProgressed) -> None:
    older = (checkpoint.c.seat == fact.view, checkpoint.c.last_proof_at <= fact.last_proof_at)
    told = {
        "last_proof_at": fact.last_proof_at,
        "seen_at": fact.at,
        "newest": encode(fact),
        "visible_s": fact.visible_s,
    }
    await connection.execute(checkpoint.update().where(*older).values(told))


async def _prove(connection: AsyncConnection, proofs: Collection[SeatProof]) -> None:
    """Only what is open is proven: a checkpoint that comes after the end changes nothing."""
    if not proofs:
        return
    names = SeatProof.__struct_fields__
    told: dict[str, Any] = {name: sa.bindparam(f"told_{name}") for name in names}
    older = checkpoint.c.last_proof_at < told["last_proof_at"]
    newer = (
        checkpoint.update()
        .where(checkpoint.c.seat == told.pop("seat"), older)
        .values(seen_at=told["last_proof_at"], **told)
    )
    rows = [
        {f"told_{name}": value for name, value in msgspec.structs.asdict(each).items()}
        for each in proofs
    ]
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
    rows = await connection.execute(
        sa.select(checkpoint).where(condition).order_by(checkpoint.c.seat)
    )
    return [_ending(row) for row in rows]


def _ending(row: sa.Row[Any]) -> Fact:
    """The end that nobody told us, of a checkpoint. Its id follows from what it says, so that two who
    find the same silence make the same fact."""
    newest, last_proof_at = decode(row.newest), row.last_proof_at
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
            received_s=row.received_s,
            visible_s=row.visible_s,
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
        visible_s=row.visible_s,
    )
