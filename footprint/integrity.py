"""Whether the log is still what was written: walks the chain and names the first bad place.

A flipped, deleted, inserted or reordered row is found by the chain. That the newest rows were cut
off, or all of it written anew, is found by earlier heads (`footprint.checkpoints`), which `expected`
compares, and mostly by statements that lost their fact.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.log import GENESIS, Head, commit_to, event, link
from footprint.store import statements

_BATCH: Final = 2_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far the log is sound. `bad_seq` is the first place that is not, `reason` says why."""

    count: int
    head: bytes
    bad_seq: int | None = None
    reason: str = ""

    @property
    def is_sound(self) -> bool:
        return self.bad_seq is None


async def verify(connection: AsyncConnection, *, expected: Iterable[Head] = ()) -> Verdict:
    """Check every row from the first, and that the `expected` earlier heads are in it."""
    heads = {head.seq: head.chain for head in expected}
    seq, chain = 0, GENESIS
    while rows := await _rows(connection, seq):
        for row in rows:
            reason = _fault(row, seq + 1, chain) or _departure(row, heads)
            if reason:
                return Verdict(seq, chain, seq + 1, reason)
            seq, chain = row["seq"], row["chain"]
    if (once := max(heads, default=0)) > seq:
        return Verdict(seq, chain, seq + 1, f"the log once reached {once}; its end is cut")
    if (told := await _newest_told(connection)) > seq:
        return Verdict(seq, chain, seq + 1, f"there is a statement of fact {told}; the end is cut")
    return Verdict(seq, chain)


async def _newest_told(connection: AsyncConnection) -> int:
    """The newest fact that has a statement."""
    return await connection.scalar(sa.select(sa.func.max(statements.c.seq))) or 0


async def _rows(connection: AsyncConnection, after: int) -> list[sa.RowMapping]:
    query = sa.select(event).where(event.c.seq > after).order_by(event.c.seq).limit(_BATCH)
    return list((await connection.execute(query)).mappings())


def _fault(row: sa.RowMapping, seq: int, chain: bytes) -> str:
    if row["seq"] != seq:
        return "this place is missing"
    if row["chain"] != link(chain, seq, row["id"], row["commitment"]):
        return "the chain does not fit: the row was changed, moved or put in later"
    if row["salt"] is None or row["payload"] is None:
        return "" if _is_erased(row) else "the payload is gone, and no erasure says why"
    if row["commitment"] != commit_to(row["salt"], row):
        return "the row is not what was written"
    return ""


def _is_erased(row: Any) -> bool:
    return row["erased_by"] is not None and row["payload"] is None and row["salt"] is None


def _departure(row: sa.RowMapping, heads: Mapping[int, bytes]) -> str:
    if heads.get(row["seq"], row["chain"]) == row["chain"]:
        return ""
    return "the chain differs from its checkpoint: the log was written anew"
