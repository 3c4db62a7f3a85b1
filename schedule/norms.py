"""Norms of pedagogical workload (seed 1.7): how long an academic hour is, and what one of a kind counts.

A norm holds for a kind of study work from a day on, until the next one of its kind. Until the
university says otherwise an academic hour takes 50 minutes and counts once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.database import metadata
from kernel.errors import Invalid
from kernel.lines import maybe_line
from kernel.sentence import sentence
from schedule.sheet import Findings, Row, read_sheet, write_sheet
from schedule.study_work import Kind

COLUMNS: Final = ("kind", "since", "minutes", "factor", "basis")
_NEEDED: Final = ("kind", "since", "minutes")
_LONGEST_HOUR, _LARGEST_FACTOR = 120, 20

workload_norms = sa.Table(
    "workload_norms",
    metadata,
    sa.Column("kind", sa.String(12), primary_key=True),
    sa.Column("since", sa.Date, primary_key=True),
    sa.Column("minutes", sa.Integer, nullable=False),  # of one academic hour
    sa.Column("factor", sa.Float, nullable=False),
    sa.Column("basis", sa.String(300)),
)


class Norm(msgspec.Struct, frozen=True, kw_only=True):
    """From the day `since` on an academic hour of the kind takes `minutes` and counts `factor` hours.

    `basis` is the document that says so.
    """

    kind: Kind
    since: date
    minutes: int
    factor: float = 1.0
    basis: str | None = None

    def hours(self, length: timedelta) -> float:
        """The time in academic hours, before they are counted."""
        return length / timedelta(minutes=self.minutes)


class NormsTaken(msgspec.Struct, frozen=True):
    """How many norms are new, replaced and known."""

    added: int
    changed: int
    same: int


@dataclass(frozen=True, slots=True)
class NormTable:
    """All norms."""

    norms: Sequence[Norm]

    def on(self, kind: Kind, day: date) -> Norm:
        """The one that holds on the day; the house's until there is one."""
        held = (norm for norm in self.norms if norm.kind is kind and norm.since <= day)
        usual = Norm(kind=kind, since=date.min, minutes=50)
        return max(held, key=lambda norm: norm.since, default=usual)


async def list_norms(connection: AsyncConnection) -> list[Norm]:
    """By kind, the oldest first."""
    query = sa.select(workload_norms).order_by(workload_norms.c.kind, workload_norms.c.since)
    return [
        Norm(
            kind=Kind(row.kind),
            since=row.since,
            minutes=row.minutes,
            factor=row.factor,
            basis=row.basis,
        )
        for row in await connection.execute(query)
    ]


def read_norms(data: bytes) -> tuple[list[Norm], Findings]:
    """The norms of a sheet, and a finding for each row that is none."""
    findings = Findings()
    norms: dict[tuple[Kind, date], Norm] = {}
    for row in read_sheet(data, columns=COLUMNS, needed=_NEEDED):
        try:
            norm = _norm(row)
        except Invalid as error:
            findings.add(row.number, error)
            continue
        if norms.setdefault((norm.kind, norm.since), norm) is not norm:
            told = sentence(
                "There is a norm of {kind} since {since} above.", kind=norm.kind, since=norm.since
            )
            findings.add(row.number, told)
    return list(norms.values()), findings


async def take_norms(connection: AsyncConnection, norms: Iterable[Norm]) -> NormsTaken:
    """Put each in the place of the one of its kind and day."""
    known = {(one.kind, one.since): one for one in await list_norms(connection)}
    wanted = list(norms)
    changed = [one for one in wanted if known.get((one.kind, one.since)) not in {None, one}]
    added = [one for one in wanted if (one.kind, one.since) not in known]
    for one in changed:
        which = workload_norms.c.kind == one.kind, workload_norms.c.since == one.since
        await connection.execute(workload_norms.delete().where(*which))
    if rows := [msgspec.structs.asdict(one) for one in (*added, *changed)]:
        await connection.execute(workload_norms.insert(), rows)
    return NormsTaken(len(added), len(changed), len(wanted) - len(added) - len(changed))


def write_norms(norms: Iterable[Norm]) -> bytes:
    """A sheet that can be read again."""
    return write_sheet(COLUMNS, ([getattr(one, name) for name in COLUMNS] for one in norms))


def _norm(row: Row) -> Norm:
    """Invalid says what is wrong with the row."""
    cells = row.cells
    return Norm(
        kind=_kind(cells["kind"]),
        since=_day(cells["since"]),
        minutes=round(_number(cells, "minutes", 1, _LONGEST_HOUR)),
        factor=_number({"factor": "1"} | _filled(cells), "factor", 0, _LARGEST_FACTOR),
        basis=maybe_line(cells["basis"], "A basis", 300),
    )


def _kind(text: str) -> Kind:
    try:
        return Kind(text.casefold())
    except ValueError as error:
        raise Invalid(sentence("A kind is one of {known}.", known=", ".join(Kind))) from error


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        told = sentence("“{text}” is not a day like 2026-09-01.", text=text[:40])
        raise Invalid(told) from error


def _filled(cells: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in cells.items() if text}


def _number(cells: Mapping[str, str], name: str, least: float, most: float) -> float:
    text = cells[name]
    try:
        number = float(text.replace(",", "."))
    except ValueError as error:
        told = sentence("The column {name} can't hold “{text}”.", name=name, text=text[:40])
        raise Invalid(told) from error
    if not least <= number <= most:
        raise Invalid(
            sentence(
                "The column {name} holds a number from {least} to {most}.",
                name=name,
                least=least,
                most=most,
            )
        )
    return number
