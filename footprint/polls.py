"""Polls as the log has them: what was asked, how it was answered, and by whom where names were told."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.kinds import decode
from footprint.log import event
from kernel.facts import Fact
from live.events import PollAnswered, PollClosed, PollOpened, PollShown
from live.polls import PollFact, count
from schedule.questions import Question

_ANSWERED: Final = "poll-answered"
_RUN: Final = ("poll-opened", "poll-closed", "poll-shown")

F = TypeVar("F", bound=Fact)


class Vote(msgspec.Struct, frozen=True, kw_only=True):
    """What one person answered last."""

    person: UUID
    name: str
    choices: tuple[int, ...]
    is_right: bool | None  # None: there was no right answer


class Poll(msgspec.Struct, frozen=True, kw_only=True):
    """A poll of a lecture. The totals stay when somebody who answered is erased; `votes` is empty unless
    the poll told names."""

    id: UUID
    question: Question
    asked_at: datetime
    closed_at: datetime | None
    is_shown: bool
    answered: int  # people
    counts: tuple[int, ...]  # by choice
    right: int | None  # people who were right, of answers that are still there
    votes: tuple[Vote, ...]


async def polls_of(connection: AsyncConnection, lecture: UUID) -> list[Poll]:
    """In the order in which they were asked."""
    facts = await _facts(connection, lecture, (*_RUN, _ANSWERED))
    answers: defaultdict[UUID, dict[UUID, PollAnswered]] = defaultdict(dict)
    for one in _only(facts, PollAnswered):
        if one.person is not None:
            answers[one.poll][one.person] = one  # the newest stands
    closed = {one.poll: one for one in _only(facts, PollClosed)}
    shown = {one.poll: one.is_shown for one in _only(facts, PollShown)}
    opened = sorted(_only(facts, PollOpened), key=lambda one: one.at)
    return [
        _poll(one, closed.get(one.poll), answers[one.poll], is_shown=shown.get(one.poll, False))
        for one in opened
    ]


async def answered_by(connection: AsyncConnection, lecture: UUID) -> Counter[UUID]:
    """How many polls each person answered: a changed answer is one."""
    facts = await _facts(connection, lecture, (_ANSWERED,))
    answered = {(one.person, one.poll) for one in _only(facts, PollAnswered)}
    return Counter(person for person, _ in answered if person is not None)


async def polls_so_far(connection: AsyncConnection, lecture: UUID) -> Sequence[PollFact]:
    """What a room must know that comes back after a restart: its polls, and the answers to the newest."""
    facts = await _facts(connection, lecture, _RUN)
    opened = _only(facts, PollOpened)
    if not opened:
        return ()
    newest = max(opened, key=lambda one: (one.at, one.id))  # UUIDv7: of one moment the later
    answers = await _facts(connection, lecture, (_ANSWERED,), of=newest.poll)
    return tuple(fact for fact in (*facts, *answers) if isinstance(fact, PollFact))


async def closed_in(
    connection: AsyncConnection, lectures: Sequence[UUID]
) -> dict[UUID, list[PollClosed]]:
    """The totals of polls, by lecture."""
    query = sa.select(event.c.payload).where(
        event.c.lecture.in_(lectures),
        event.c.kind == "poll-closed",
        event.c.payload.is_not(None),
    )
    found: defaultdict[UUID, list[PollClosed]] = defaultdict(list)
    for payload in (await connection.execute(query)).scalars():
        fact = decode(payload)
        if isinstance(fact, PollClosed) and fact.lecture is not None:
            found[fact.lecture].append(fact)
    return found


def _poll(
    opened: PollOpened,
    closed: PollClosed | None,
    answers: dict[UUID, PollAnswered],
    *,
    is_shown: bool,
) -> Poll:
    question = opened.question
    answered, counts = count(question, answers.values())
    if closed is not None and closed.answered >= answered:  # less: a room that came back knew less
        answered, counts = closed.answered, closed.counts
    votes = tuple(
        Vote(person=person, name=one.name, choices=one.choices, is_right=_is_right(question, one))
        for person, one in answers.items()
    )
    return Poll(
        id=opened.poll,
        question=question,
        asked_at=opened.at,
        closed_at=closed.at if closed else None,
        is_shown=is_shown,
        answered=answered,
        counts=counts,
        right=sum(vote.is_right is True for vote in votes) if question.right else None,
        votes=votes if question.is_named else (),
    )


def _is_right(question: Question, answer: PollAnswered) -> bool | None:
    return answer.choices == question.right if question.right else None


async def _facts(
    connection: AsyncConnection, lecture: UUID, kinds: Sequence[str], *, of: UUID | None = None
) -> list[Fact]:
    """Those that are not erased, in order; with `of`, of that poll only."""
    query = sa.select(event.c.payload).where(
        event.c.lecture == lecture, event.c.kind.in_(kinds), event.c.payload.is_not(None)
    )
    if of is not None:
        query = query.where(event.c.payload.contains(str(of)))
    rows = await connection.execute(query.order_by(event.c.seq))
    return [decode(payload) for payload in rows.scalars()]


def _only(facts: Iterable[Fact], kind: type[F]) -> list[F]:
    return [fact for fact in facts if isinstance(fact, kind)]
