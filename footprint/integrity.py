"""Whether the log is still what was written: walks the chain and names the first bad place.

A flipped, deleted, inserted or reordered row is found. That the newest rows were cut off is not:
that takes a copy of the chain's head kept elsewhere, which `expected` compares.
"""

from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.log import GENESIS, Head, commit_to, event, link

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


async def verify(connection: AsyncConnection, *, expected: Head | None = None) -> Verdict:
    """Check every row from the first; with `expected`, also that this earlier head is in it."""
    seq, chain = 0, GENESIS
    while rows := await _rows(connection, seq):
        for row in rows:
            reason = _fault(row, seq + 1, chain) or _departure(row, expected)
            if reason:
                return Verdict(seq, chain, seq + 1, reason)
            seq, chain = row["seq"], row["chain"]
    if expected is not None and expected.seq > seq:
        return Verdict(seq, chain, seq + 1, f"the log once reached {expected.seq}; its end is cut")
    return Verdict(seq, chain)


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


def _departure(row: sa.RowMapping, expected: Head | None) -> str:
    if expected is None or row["seq"] != expected.seq or row["chain"] == expected.chain:
        return ""
    return "the chain differs from its checkpoint: the log was written anew"
