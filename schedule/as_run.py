"""What really went on air, read back from the lines that a channel's process writes."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import msgspec

from schedule.sheet import write_sheet


class Aired(msgspec.Struct, frozen=True, kw_only=True):
    """From `at` to `until` this was shown; `until` is null for what is on air now."""

    at: datetime
    slate: bool
    until: datetime | None = None
    programme: str | None = None
    key: str | None = None
    title: str | None = None
    planned_at: datetime | None = None
    reason: str | None = None
    operator: str | None = None  # who took it; null follows the plan
    media: str | None = None  # SHA-256 of the conditioned media; null of the slate and of rooms
    source: str | None = None  # of which that was made: `recording:ID` or `file:NAME`
    resumed: bool = False  # the channel's process began here


def read_as_run(folder: Path, since: datetime, until: datetime) -> list[Aired]:
    """Everything on air in `[since, until)`. Damaged lines are left out. Reads files."""
    days = (until - since) // timedelta(days=1) + 3
    dates = (since.date() + timedelta(days=number - 1) for number in range(days))
    lines = [aired for date in dates for aired in _lines(folder / f"{date:%Y-%m-%d}.jsonl")]
    closed = [msgspec.structs.replace(before, until=after.at) for before, after in pairwise(lines)]
    run = [*closed, *lines[-1:]]
    return [a for a in run if a.at < until and (a.until is None or a.until > since)]


def as_sheet(aired: Iterable[Aired]) -> bytes:
    """CSV, a row for each."""
    columns = Aired.__struct_fields__
    rows = [[_cell(getattr(one, column)) for column in columns] for one in aired]
    return write_sheet(columns, rows)


def _cell(value: datetime | str | bool | None) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.isoformat()
        case _:
            return value


def _lines(path: Path) -> Iterator[Aired]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return
    for line in data.splitlines():
        try:
            yield msgspec.json.decode(line, type=Aired)
        except msgspec.DecodeError:
            continue
