"""Charts as plain geometry: what a template draws as SVG, beside a table of the same numbers.

All lengths are in units of the picture, `WIDTH` by `HEIGHT`; the page stretches it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 720
HEIGHT: Final = 240
_LEFT, _BOTTOM, _TOP = 36, 28, 10
_WIDEST_BAR: Final = 48
_MOST_LABELS: Final = 16


@dataclass(frozen=True, slots=True)
class Column:
    """One bar: its label, and its parts from the bottom up as kind and number."""

    label: str
    parts: Sequence[tuple[str, int]]

    @property
    def total(self) -> int:
        return sum(number for _, number in self.parts)


@dataclass(frozen=True, slots=True)
class Rect:
    """A part of a bar. `kind` is its class in the style sheet."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    number: int
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A word beside an axis."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn: bars or an area, lines across, words below and beside."""

    rects: tuple[Rect, ...] = ()
    area: str = ""  # the `d` of a path
    line: str = ""
    across: tuple[Mark, ...] = ()
    below: tuple[Mark, ...] = ()
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    floor: int = HEIGHT - _BOTTOM


def bars(columns: Sequence[Column], *, top: int | None = None) -> Chart:
    """Stacked bars side by side, in the given order; `top` is where the scale ends, four times a whole
    number."""
    top = top or ceiling(column.total for column in columns)
    pitch = (WIDTH - _LEFT) / max(len(columns), 1)
    width = min(pitch * 0.7, _WIDEST_BAR)
    rects = []
    for number, column in enumerate(columns):
        x, below = _LEFT + pitch * (number + 0.5) - width / 2, 0
        for kind, count in column.parts:
            y = _y(below + count, top)
            if count:
                height = _y(below, top) - y
                rects.append(Rect(_r(x), y, _r(width), _r(height), kind, count, column.label))
            below += count
    every = _every(len(columns))
    labels = tuple(
        Mark(_r(_LEFT + pitch * (number + 0.5)), column.label)
        for number, column in enumerate(columns)
        if number % every == 0
    )
    return Chart(rects=tuple(rects), across=_across(top), below=labels)


def curve(values: Sequence[int], labels: Sequence[str]) -> Chart:
    """How a number went over equal steps: a line that stays until it changes, and what is below it."""
    top = ceiling(values)
    pitch = (WIDTH - _LEFT) / max(len(values), 1)
    steps = "".join(
        f"{'L' if number else 'M'}{_r(_LEFT + pitch * number)} {_y(value, top)}"
        f"H{_r(_LEFT + pitch * (number + 1))}"
        for number, value in enumerate(values)
    )
    every = _every(len(labels))
    words = tuple(
        Mark(_r(_LEFT + pitch * (number + 0.5)), label)
        for number, label in enumerate(labels)
        if number % every == 0
    )
    area = f"{steps}V{HEIGHT - _BOTTOM}H{_LEFT}Z" if steps else ""
    return Chart(area=area, line=steps, across=_across(top), below=words)


def ceiling(values: Iterable[int]) -> int:
    """A round number that is not below any of them, whose quarters are whole."""
    most, power = max(values, default=0), 1
    while True:
        for tenths in (10, 15, 20, 30, 50):
            quarter, rest = divmod(tenths * power, 10)
            if not rest and most <= 4 * quarter:
                return 4 * quarter
        power *= 10


def _every(count: int) -> int:
    """How many steps are between two labels, so that they have room: 1, 2, 5, 10, ..."""
    return next(n for n in (1, 2, 5, 10, 20, 50, count) if count <= n * _MOST_LABELS or n == count)


def _across(top: int) -> tuple[Mark, ...]:
    return tuple(Mark(_y(value, top), str(value)) for value in range(0, top + 1, top // 4))


def _y(value: float, top: int) -> float:
    return _r(HEIGHT - _BOTTOM - (HEIGHT - _BOTTOM - _TOP) * value / top)


def _r(length: float) -> float:
    return round(length, 1)
