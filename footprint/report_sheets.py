"""The report of a lecture as sheets."""

from collections.abc import Sequence

from footprint.export import Cell
from footprint.missed_list import MissedBy
from footprint.report import Report

Rows = list[list[Cell]]


def report_sheets(report: Report, missing: Sequence[MissedBy]) -> dict[str, Rows]:
    """By the minute, the stage, and who missed what."""
    return {
        "timeline": _timeline(report),
        "stage": _stage(report),
        "missed": _missed(missing),
    }


def _timeline(report: Report) -> Rows:
    head: list[Cell] = [
        "minute", "people", "came", "left", "lines_of_chat", "raised_hands", "slides",
        "good_connections", "fair_connections", "poor_connections",
    ]  # fmt: skip
    lines: Rows = [head]
    for number, people in enumerate(report.present):
        measured = report.connections[number]
        lines.append(
            [
                number * report.step_seconds // 60,
                people,
                report.came[number],
                report.left[number],
                report.lines[number],
                report.hands[number],
                report.slides[number],
                *((measured.good, measured.fair, measured.poor) if measured else (None,) * 3),
            ]
        )
    return lines


def _stage(report: Report) -> Rows:
    head: list[Cell] = ["person", "name", "source", "began_at", "ended_at"]
    lines: Rows = [
        [str(one.person or ""), one.name, one.source, one.began_at, one.ended_at]
        for one in report.stage
    ]
    return [head, *lines]


def _missed(missing: Sequence[MissedBy]) -> Rows:
    """One line per gap."""
    head: list[Cell] = [
        "person", "name", "status", "missed_minutes", "from", "until", "recording_percent",
    ]  # fmt: skip
    lines: Rows = [
        [
            str(one.person),
            one.name,
            one.status,
            one.minutes,
            gap.began_at,
            gap.ended_at,
            one.covered_percent,
        ]
        for one in missing
        for gap in one.gaps
    ]
    return [head, *lines]
