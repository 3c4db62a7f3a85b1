"""Attendance: how long a person was provably present, as a pure function of intervals.

Presence is the union of a person's intervals over all seats, devices and channels, clipped to the
counted window: two tabs never count twice, and no percentage passes 100.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from footprint.policy import DEFAULT_POLICY, Channel, Policy, Status

_NOTHING: Final = timedelta(0)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open stretch of time, [began_at, ended_at)."""

    began_at: datetime
    ended_at: datetime

    @property
    def length(self) -> timedelta:
        return max(self.ended_at - self.began_at, _NOTHING)


@dataclass(frozen=True, slots=True)
class Presence:
    """One proven stay: from the first to the last proof, on one seat or view."""

    person: UUID
    channel: Channel
    span: Span


@dataclass(frozen=True, slots=True)
class Mark:
    """What somebody who may judge it says about a person's attendance, and why."""

    person: UUID
    status: Status
    reason: str
    by: UUID
    at: datetime
    minutes: float | None = None  # None: as counted


@dataclass(frozen=True, slots=True)
class Attendance:
    """One person at one lecture."""

    person: UUID
    present: timedelta
    percent: float  # of the window, 0 to 100
    status: Status
    first_in: datetime | None
    last_out: datetime | None
    shown: tuple[Span, ...]  # merged over the reconnect grace, for display
    counted: tuple[Span, ...]  # exactly what was counted
    by_channel: Mapping[Channel, timedelta]  # each channel's own union; they may overlap
    covered: float  # percent of the recording, played in time
    has_own_rule: bool  # a category's rule decided, not the one for all
    policy: str
    automatic: Status  # what the policy said, whoever marked what
    automatic_present: timedelta
    mark: Mark | None = None  # the newest; it decides

    @property
    def minutes(self) -> float:
        return self.present.total_seconds() / 60


def counted_window(
    plan: Span,
    *,
    started_at: datetime | None,
    ended_at: datetime | None,
    now: datetime,
    policy: Policy = DEFAULT_POLICY,
) -> Span:
    """What attendance is a share of: the time really taught, or as planned if the policy says so or
    nothing was taught.

    While the lecture is live the window ends now.
    """
    if started_at is None or policy.window == "planned":
        return plan
    return Span(started_at, max(started_at, ended_at or now))


@dataclass(frozen=True, slots=True)
class Besides:
    """What counts besides presence, by person."""

    covered: Mapping[UUID, float] = field(default_factory=dict)  # percent of the recording, in time
    categories: Mapping[UUID, Collection[str]] = field(default_factory=dict)
    expected: Collection[UUID] = ()  # for whom it was: a row is theirs even if they never came


NOTHING_BESIDES: Final = Besides()


def attendance(
    presences: Iterable[Presence],
    window: Span,
    policy: Policy = DEFAULT_POLICY,
    marks: Iterable[Mark] = (),
    besides: Besides = NOTHING_BESIDES,
) -> list[Attendance]:
    """One row per person with any presence, mark or played recording, and per person whom it was for,
    in the order of first arrival.

    `marks` come oldest first: a person's last one decides.
    """
    newest = {mark.person: mark for mark in marks}
    by_person: defaultdict[UUID, list[Presence]] = defaultdict(list)
    by_person.update((person, []) for person in (*newest, *besides.covered, *besides.expected))
    for presence in presences:
        if presence.channel in policy.channels:
            by_person[presence.person].append(presence)
    counted = (_row(person, stays, window, policy, besides) for person, stays in by_person.items())
    rows = [_marked(row, newest.get(row.person), window) for row in counted]
    return sorted(rows, key=lambda row: (row.first_in or window.ended_at, row.person))


def union(spans: Iterable[Span], *, bridging: timedelta = _NOTHING) -> list[Span]:
    """The same time as disjoint spans in order; gaps up to `bridging` are closed."""
    merged: list[Span] = []
    for span in sorted(span for span in spans if span.length > _NOTHING):
        if merged and span.began_at - merged[-1].ended_at <= bridging:
            last = merged[-1]
            merged[-1] = Span(last.began_at, max(last.ended_at, span.ended_at))
        else:
            merged.append(span)
    return merged


def clip(span: Span, window: Span) -> Span:
    """The part of the span inside the window; of no length when there is none."""
    began_at = max(span.began_at, window.began_at)
    return Span(began_at, max(began_at, min(span.ended_at, window.ended_at)))


def total(spans: Iterable[Span]) -> timedelta:
    return sum((span.length for span in spans), _NOTHING)


def _row(
    person: UUID, stays: Sequence[Presence], window: Span, policy: Policy, besides: Besides
) -> Attendance:
    opened = Span(window.began_at - policy.early_opening, window.ended_at)
    counted = union(clip(stay.span, opened) for stay in stays)
    present = total(counted)
    percent = _percent(present, window.length)
    first_in = counted[0].began_at if counted else None
    categories = besides.categories.get(person, ())
    covered = besides.covered.get(person, 0.0)
    own = policy.of(categories)
    status = own.status(present, percent, first_in, window.began_at)
    if status is Status.ABSENT:
        status = _instead(own, covered, is_excused=policy.excuses(categories))
    return Attendance(
        person=person,
        present=present,
        percent=percent,
        status=status,
        first_in=first_in,
        last_out=counted[-1].ended_at if counted else None,
        shown=tuple(union(counted, bridging=policy.reconnect_grace)),
        counted=tuple(counted),
        by_channel=_by_channel(stays, opened),
        covered=covered,
        has_own_rule=own != policy or policy.excuses(categories),
        policy=policy.version,
        automatic=status,
        automatic_present=present,
    )


def _instead(policy: Policy, covered: float, *, is_excused: bool) -> Status:
    """What stands for who was not there long enough."""
    replay = policy.asynchronous
    if replay is not None and covered >= replay.percent:
        return Status.WATCHED
    return Status.EXCUSED if is_excused else Status.ABSENT


def _marked(row: Attendance, mark: Mark | None, window: Span) -> Attendance:
    """The row as the mark has it; nobody is marked present for longer than the lecture."""
    if mark is None:
        return row
    present = row.present
    if mark.minutes is not None:
        present = min(timedelta(minutes=mark.minutes), window.length)
    percent = _percent(present, window.length)
    return replace(row, status=mark.status, present=present, percent=percent, mark=mark)


def _by_channel(stays: Iterable[Presence], window: Span) -> dict[Channel, timedelta]:
    spans: defaultdict[Channel, list[Span]] = defaultdict(list)
    for stay in stays:
        spans[stay.channel].append(clip(stay.span, window))
    return {channel: total(union(spans[channel])) for channel in Channel if channel in spans}


def _percent(present: timedelta, window: timedelta) -> float:
    """Time before the start may make up for time missed; more than all of it is still all."""
    return min(100.0, 100 * (present / window)) if window else 0.0
