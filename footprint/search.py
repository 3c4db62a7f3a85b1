"""Questions to the statement store: all the filters of xAPI, the newest statements first.

Each filter has a list of places that an index keeps in order. The shortest of them leads, and the
others are checked on what it finds. How short they are is counted anew for each question, up to a
limit, since no planner knows that an agent is rare and a verb is not. Where all are long, statements
that fit are near the beginning, and reading in order soon fills a page.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint import mentions
from footprint.statements import House
from footprint.store import document, joined, key, mention, statements, voided

LARGEST_PAGE: Final = 500
_SHORT: Final = 2_000  # places that may be looked at one by one
_DEPTH: Final = 2  # a statement about one that fits, and one about that


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which statements: all that is given must fit."""

    agent: str | None = None
    verb: str | None = None
    activity: str | None = None
    registration: UUID | None = None
    is_agent_related: bool = False  # wherever the agent stands in the statement
    is_activity_related: bool = False
    follows: bool = True  # find also what is about a statement that fits (Communication 2.1.3)
    since: datetime | None = None
    until: datetime | None = None
    ascending: bool = False
    limit: int = 100
    beyond: int | None = None  # the `seq` where the page before ended


@dataclass(frozen=True, slots=True)
class Found:
    """One page of statements as JSON. `last` is where the next page begins, None at the end."""

    statements: list[bytes]
    last: int | None


async def find(connection: AsyncConnection, wanted: Wanted, house: House) -> Found:
    """The newest statements first, or the oldest when `ascending`, in the order of keeping."""
    search = await _Search.begin(connection, wanted)
    rows = await _rows(connection, search.fitting())
    for places in search.within(rows).about():
        rows |= await _rows(connection, places)
    ordered = [rows[seq] for seq in sorted(rows, reverse=not wanted.ascending)]
    page = ordered[: wanted.limit]
    last = page[-1].seq if len(ordered) > wanted.limit else None
    return Found([document(row, house) for row in page], last)


async def _rows(connection: AsyncConnection, places: sa.Select[Any]) -> dict[int, sa.Row[Any]]:
    query = joined().where(statements.c.seq.in_(places))
    return {row.seq: row for row in await connection.execute(query)}


@dataclass(frozen=True, slots=True)
class _Filter:
    """One thing that is asked of a statement's content: a column of its own, or a mention."""

    column: str
    value: Any
    digest: bytes | None = None

    def places(self) -> sa.Select[Any]:
        """Where it fits, as an index has it in order."""
        if self.digest is not None:
            return sa.select(mention.c.seq).where(mention.c.digest == self.digest)
        return sa.select(statements.c.seq).where(statements.c[self.column] == self.value)

    def fits(self, table: sa.FromClause) -> sa.ColumnElement[bool]:
        """Whether it fits a row that is found already; IS TRUE keeps planners from finding it by this."""
        if self.digest is None:
            is_equal: sa.ColumnElement[bool] = table.c[self.column] == self.value
            return is_equal.is_(sa.true())
        named = (mention.c.digest == self.digest) & (mention.c.seq == table.c.seq)
        return sa.exists().where(named)


@dataclass(frozen=True, slots=True)
class _Search:
    """A question with what leads to its answer."""

    wanted: Wanted
    filters: Sequence[_Filter]  # the one with the fewest places first
    is_short: bool  # whether that one has so few that each may be looked at
    follows: bool  # whether there is anything about others at all
    bounds: Sequence[tuple[str, int]]  # of `seq`, as operators with their operand

    @classmethod
    async def begin(cls, connection: AsyncConnection, wanted: Wanted) -> Self:
        bounds = await _bounds(connection, wanted)
        counts, any_about = await _counts(connection, list(_filters(wanted)), bounds)
        filters = sorted(counts, key=lambda each: counts[each])
        is_short = bool(filters) and counts[filters[0]] < _SHORT
        return cls(wanted, filters, is_short, wanted.follows and any_about, bounds)

    def fitting(self) -> sa.Select[Any]:
        """The places of one page of what fits, and one beyond."""
        if not self.filters:
            return self._page(sa.select(statements.c.seq), statements, statements.c.seq)
        found, seq = self._fitting(statements)
        return self._page(found, statements, seq)

    def within(self, rows: Collection[int]) -> Self:
        """The same question, but for nothing that stands behind a page that is full already."""
        if len(rows) <= self.wanted.limit:
            return self
        last = ("<=", max(rows)) if self.wanted.ascending else (">=", min(rows))
        return replace(self, bounds=[*self.bounds, last])

    def about(self) -> Iterator[sa.Select[Any]]:
        """The places of one page of statements about those that fit, and one beyond."""
        if not (self.filters and self.follows):
            return
        if self.is_short:
            yield from (self._about_few(depth) for depth in range(1, _DEPTH + 1))
        else:
            yield self._about_many()

    def _fitting(self, table: sa.FromClause) -> tuple[sa.Select[Any], sa.ColumnElement[int]]:
        """What fits all filters, led by the first; and the column that is in order."""
        first, *others = self.filters
        lead = first.places()
        is_looked_through = self.is_short and others  # else the index gives a page in order
        places = (
            lead.cte("lead").prefix_with("MATERIALIZED") if is_looked_through else lead.subquery()
        )
        found = sa.select(places.c.seq).join_from(places, table, table.c.seq == places.c.seq)
        return found.where(*(each.fits(table) for each in others)), places.c.seq

    def _about_few(self, depth: int) -> sa.Select[Any]:
        """From each statement that fits to those about it."""
        target: sa.FromClause = statements.alias("first")
        found, _ = self._fitting(target)
        for number in range(depth):
            about = statements.alias(f"about_{number}")
            found = found.join(about, about.c.target == target.c.id)
            target = about
        return self._page(found.with_only_columns(target.c.seq), target, target.c.seq)

    def _about_many(self) -> sa.Select[Any]:
        """From each statement about another to that, which often fits."""
        about = statements.alias("about")
        fits = sa.or_(*(self._leads_to_fitting(about, depth) for depth in range(1, _DEPTH + 1)))
        found = sa.select(about.c.seq).where(about.c.target.is_not(None), fits)
        return self._page(found, about, about.c.seq)

    def _leads_to_fitting(self, about: sa.FromClause, depth: int) -> sa.ColumnElement[bool]:
        target, conditions = about, []
        for number in range(depth):
            before, target = target, statements.alias(f"target_{depth}_{number}")
            conditions.append(target.c.id == before.c.target)
        return sa.exists().where(*conditions, *(each.fits(target) for each in self.filters))

    def _page(
        self, found: sa.Select[Any], table: sa.FromClause, seq: sa.ColumnElement[int]
    ) -> sa.Select[Any]:
        return (
            found.where(~voided(table), *_within(seq, self.bounds))
            .order_by(seq.asc() if self.wanted.ascending else seq.desc())
            .limit(self.wanted.limit + 1)
        )


def _filters(wanted: Wanted) -> Iterator[_Filter]:
    if wanted.registration is not None:
        yield _Filter("registration", wanted.registration)
    if wanted.verb is not None:
        yield _Filter("verb", key(wanted.verb))
    for column, value, is_related in (
        ("agent", wanted.agent, wanted.is_agent_related),
        ("activity", wanted.activity, wanted.is_activity_related),
    ):
        if value is not None:
            digest = mentions.digest(column, value) if is_related else None
            yield _Filter(column, key(value), digest)


async def _counts(
    connection: AsyncConnection, filters: Sequence[_Filter], bounds: Sequence[tuple[str, int]]
) -> tuple[Mapping[_Filter, int], bool]:
    """How many places each has, as far as it matters; and whether a statement about another stands
    within the bounds, which in most stores few do."""
    if not filters:
        return {}, False
    some = (each.places().limit(_SHORT).subquery() for each in filters)
    counts = (sa.select(sa.func.count()).select_from(each).scalar_subquery() for each in some)
    about = sa.exists().where(statements.c.target.is_not(None), *_within(statements.c.seq, bounds))
    *found, any_about = (await connection.execute(sa.select(*counts, about))).one()
    return dict(zip(filters, found, strict=True)), bool(any_about)


def _within(
    seq: sa.ColumnElement[int], bounds: Sequence[tuple[str, int]]
) -> Iterator[sa.ColumnElement[bool]]:
    return (seq.op(sign)(at) for sign, at in bounds)


async def _bounds(connection: AsyncConnection, wanted: Wanted) -> list[tuple[str, int]]:
    """Since `stored` grows with `seq`, times become places."""
    bounds = []
    if wanted.beyond is not None:
        bounds.append((">" if wanted.ascending else "<", wanted.beyond))
    for sign, at in ((">", wanted.since), ("<=", wanted.until)):
        if at is not None:
            newest = (
                sa.select(statements.c.seq)
                .where(statements.c.stored <= at)
                .order_by(statements.c.stored.desc(), statements.c.seq.desc())
                .limit(1)
            )
            bounds.append((sign, await connection.scalar(newest) or 0))
    return bounds
