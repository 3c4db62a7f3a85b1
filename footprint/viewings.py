"""What was watched of a lecture's recording, read from the log and from the views still open.

A fact keeps what the player said, by the revision that it played; here it becomes what that is now.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint import dialects
from footprint.dialects import Deed
from footprint.events import StatementReceived
from footprint.kinds import decode
from footprint.log import Kept, facts_of_lecture
from footprint.presence import checkpoint
from footprint.watching import View, coverage
from kernel.facts import Fact
from player.events import Mode, RecordingEdited, ViewEnded, ViewPaused, ViewProgressed
from player.played import Segment
from transcode.revisions import UNCUT, Played, Revisions


async def viewings(
    connection: AsyncConnection, lecture: UUID, revisions: Revisions = UNCUT
) -> list[View]:
    """Every view of the recording, in positions of its newest revision; feed it to
    `watching.watched`."""
    ended = [kept.fact for kept in await facts_of_lecture(connection, lecture, ViewEnded)]
    query = sa.select(checkpoint.c.newest).where(checkpoint.c.lecture == lecture)
    elsewhere = await facts_of_lecture(connection, lecture, StatementReceived)
    still_open = [decode(text) for text in (await connection.execute(query)).scalars()]
    views = [view for fact in (*ended, *still_open) if (view := _view(fact, revisions))]
    return views + _views_elsewhere(elsewhere, revisions)


async def covered(
    connection: AsyncConnection, lecture: UUID, deadline: datetime
) -> dict[UUID, float]:
    """How many percent of the recording, as it is now, each person played by then, at least once."""
    kept = [
        *await facts_of_lecture(connection, lecture, ViewPaused),
        *await facts_of_lecture(connection, lecture, ViewEnded),
        *await facts_of_lecture(connection, lecture, RecordingEdited),
        *await facts_of_lecture(connection, lecture, StatementReceived),
    ]
    return covered_in(kept, deadline)


def covered_in(kept: Iterable[Kept], deadline: datetime) -> dict[UUID, float]:
    """The same, of facts of one lecture: of views, and of edits.

    What an offline package or another system tells counts if it was handed in by then: a clock that is
    not ours may say anything.
    """
    facts = list(kept)
    edits = [each.fact for each in facts if isinstance(each.fact, RecordingEdited)]
    revisions = revisions_of(edits)
    played: defaultdict[UUID, list[Segment]] = defaultdict(list)
    length_ms = 0
    for item in facts:
        fact = item.fact
        if not isinstance(fact, ViewPaused | ViewEnded) or fact.mode is not Mode.RECORDING:
            continue
        length_ms = max(length_ms, fact.length_ms or 0)
        moment = item.received_at if fact.is_late else fact.last_proof_at
        if fact.person is not None and moment <= deadline:
            played[fact.person].extend(_newest(fact, revisions))
    in_time = [item for item in facts if item.received_at <= deadline]
    for view in _views_elsewhere(in_time, revisions):
        played[view.person].extend(view.segments)
    length_ms = length_ms or _length_elsewhere(in_time)
    uncut_ms = max((edit.uncut_ms or 0 for edit in edits), default=0)
    if uncut_ms:
        length_ms = revisions.length(revisions.newest, uncut_ms)
    return {person: 100 * coverage(parts, length_ms) for person, parts in played.items()}


def revisions_of(edits: Iterable[RecordingEdited]) -> Revisions:
    """As the facts tell them: they outlive the recording, and so does what is judged by them."""
    known = {edit.revision: edit for edit in edits if edit.uncut_ms is not None}
    made_at: list[datetime] = []
    for revision in range(1, max(known, default=0) + 1):
        before = made_at[-1] if made_at else datetime.min.replace(tzinfo=UTC)
        made_at.append(known[revision].at if revision in known else before)
    cut = {number: Played(edit.played) for number, edit in known.items() if edit.played}
    return Revisions(made_at, cut)


def _views_elsewhere(kept: Iterable[Kept], revisions: Revisions) -> list[View]:
    """What other systems' statements tell: each session is a view."""
    sessions: defaultdict[tuple[UUID, UUID], list[Deed]] = defaultdict(list)
    for item in kept:
        fact = item.fact
        if not isinstance(fact, StatementReceived) or fact.person is None or fact.seat is None:
            continue
        if deed := dialects.deed_of(fact):
            sessions[fact.person, fact.seat].append(deed)
    found = []
    for (person, _), deeds in sessions.items():
        if segments := dialects.played(deeds):
            revision = revisions.at(max(deed.at for deed in deeds))
            found.append(View(person, tuple(revisions.spans(segments, revision))))
    return found


def _length_elsewhere(kept: Iterable[Kept]) -> int:
    told = (item.fact for item in kept)
    lengths = (dialects.length_ms(fact) for fact in told if isinstance(fact, StatementReceived))
    return max(lengths, default=0)


def _newest(fact: ViewPaused | ViewEnded | ViewProgressed, revisions: Revisions) -> list[Segment]:
    """What was played, where the newest revision plays it."""
    played = revisions.at(fact.at) if fact.revision is None else fact.revision
    return revisions.spans(fact.segments, played)


def _view(fact: Fact, revisions: Revisions) -> View | None:
    match fact:
        case ViewEnded() | ViewPaused() | ViewProgressed() if fact.mode is Mode.RECORDING:
            if fact.person is None:
                return None
            return View(fact.person, tuple(_newest(fact, revisions)))
        case _:
            return None
