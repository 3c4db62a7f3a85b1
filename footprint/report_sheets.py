"""The report of a lecture as sheets."""

from collections.abc import Sequence

from footprint.export import Cell
from footprint.missed_list import MissedBy
from footprint.polls import Poll
from footprint.report import Report

Rows = list[list[Cell]]


def report_sheets(report: Report, missing: Sequence[MissedBy]) -> dict[str, Rows]:
    """By the minute, the stage, who missed what, polls and the answers to those with names."""
    return {
        "timeline": _timeline(report),
        "stage": _stage(report),
        "missed": _missed(missing),
        "polls": poll_rows(report.polls),
        "answers": answer_rows(report.polls),
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


def poll_rows(polls: Sequence[Poll]) -> Rows:
    """One line per choice of each poll."""
    head: list[Cell] = [
        "poll", "question", "asked_at", "closed_at", "answered", "choice", "is_right", "chosen_by",
    ]  # fmt: skip
    lines: Rows = [
        [
            str(poll.id),
            poll.question.text,
            poll.asked_at,
            poll.closed_at,
            poll.answered,
            choice,
            ("yes" if place in poll.question.right else "no") if poll.question.right else None,
            poll.counts[place],
        ]
        for poll in polls
        for place, choice in enumerate(poll.question.choices)
    ]
    return [head, *lines]


def answer_rows(polls: Sequence[Poll]) -> Rows:
    """One line per person and poll, of polls with names."""
    head: list[Cell] = ["poll", "question", "person", "name", "answer", "is_right"]
    lines: Rows = [
        [
            str(poll.id),
            poll.question.text,
            str(vote.person),
            vote.name,
            "; ".join(poll.question.choices[place] for place in vote.choices),
            None if vote.is_right is None else ("yes" if vote.is_right else "no"),
        ]
        for poll in polls
        for vote in poll.votes
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
