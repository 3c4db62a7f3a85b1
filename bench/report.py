"""How the media benchmarks say what they measured: a table for people, one line for machines."""

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

Figures = Mapping[str, float | None]


def arguments(text: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=text)
    parser.add_argument("--json", action="store_true", help="print one line of JSON only")
    return parser


def show(title: str, figures: Figures, meanings: Mapping[str, str], *, as_json: bool) -> None:
    """Every figure by name, with what it means."""
    rounded = {name: None if v is None else round(v, 3) for name, v in figures.items()}
    if as_json:
        print(json.dumps(rounded))
        return
    table = Table("figure", "value", "meaning", title=title)
    for name, value in rounded.items():
        table.add_row(name, "not measured" if value is None else f"{value:g}", meanings[name])
    Console().print(table)


def show_values(title: str, figures: Any, *, as_json: bool) -> None:
    """The fields of a slotted dataclass, as they are: for figures that tell for themselves."""
    values = {name: getattr(figures, name) for name in figures.__slots__}
    if as_json:
        print(json.dumps(values))
        return
    table = Table("figure", "value", title=title)
    for name, value in values.items():
        table.add_row(name, str(value))
    Console().print(table)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
