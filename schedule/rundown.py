"""The rundown of a channel: its programmes, and what is right and wrong with a pushed one. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum, auto
from typing import Annotated
from uuid import UUID

import msgspec

from schedule.overrun import Live

FROZEN = timedelta(seconds=10)  # what begins sooner than this from now stays as it is
SHORTEST = timedelta(seconds=1)
LONGEST = timedelta(hours=24)
SMALLEST_GAP = timedelta(seconds=1)  # smaller ones are rounding


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a programme's media comes from: exactly one of the four."""

    recording: UUID | None = None  # a lecture's
    file: Annotated[str, msgspec.Meta(min_length=1, max_length=300)] | None = None  # in the library
    slate: bool = False
    live: Live | None = None  # a lecture's room

    @property
    def key(self) -> str | None:
        """Same key, same media; None for what has none to condition: the slate, a live room."""
        if self.recording is not None:
            return f"recording:{self.recording}"
        return None if self.file is None else f"file:{self.file}"

    @property
    def is_sound(self) -> bool:
        given = (
            self.recording is not None,
            self.file is not None,
            self.slate,
            self.live is not None,
        )
        return given.count(True) == 1

    @property
    def name(self) -> str:
        """As the desk and the log of facts have it."""
        if self.live is not None:
            return f"live:{self.live.lecture}"
        return self.key or "slate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """One entry of a rundown. `key` is the operator's own name for it, unique in the channel."""

    key: str
    starts_at: datetime
    ends_at: datetime
    source: Source
    titles: Mapping[str, str] = field(default_factory=dict)  # by language
    descriptions: Mapping[str, str] = field(default_factory=dict)
    is_floating: bool = False  # begins later when the live programme before it goes on
    rights_from: datetime | None = None  # it may be shown from then on
    rights_until: datetime | None = None  # and not after that
    id: UUID | None = None  # once it is kept
    revision: int = 0  # of the channel's schedule in which it last changed
    place: int | None = field(default=None, compare=False)  # in the push that it came with
    row: int | None = field(default=None, compare=False)  # where that was a table

    def title(self, language: str) -> str:
        return _in(self.titles, language)

    def description(self, language: str) -> str:
        return _in(self.descriptions, language)

    @property
    def duration(self) -> timedelta:
        return self.ends_at - self.starts_at

    def is_same(self, other: "Programme") -> bool:
        """Whether it says the same; who kept it when does not matter."""
        return self == replace(other, id=self.id, revision=self.revision)


class Severity(StrEnum):
    """Errors refuse the push, the others are told."""

    ERROR = auto()
    WARNING = auto()
    INFO = auto()


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing to say about a pushed rundown; `index` counts its programmes from 0, and `row` is
    the line of a table."""

    severity: Severity
    code: str
    message: str
    index: int | None = None
    key: str | None = None
    row: int | None = None


class Readiness(StrEnum):
    """How far the media of a source is on its way to the air."""

    READY = auto()
    WAITING = auto()  # there, to be conditioned
    ABSENT = auto()  # expected, not there yet
    UNKNOWN = auto()  # there is no such thing
    FAILED = auto()  # cannot be conditioned


@dataclass(frozen=True, slots=True)
class Change:
    """What a push does to the window `[since, until)` of the kept rundown."""

    added: Sequence[Programme]
    changed: Sequence[Programme]
    removed: Sequence[Programme]
    findings: Sequence[Finding]

    @property
    def is_refused(self) -> bool:
        return any(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.changed or self.removed)


@dataclass(frozen=True, slots=True)
class Window:
    since: datetime
    until: datetime

    def holds(self, programme: Programme) -> bool:
        return self.since <= programme.starts_at < self.until


def compare(
    kept: Sequence[Programme],
    pushed: Sequence[Programme],
    window: Window,
    now: datetime,
    readiness: Callable[[Source], Readiness],
) -> Change:
    """What changes if `pushed` takes the place of what is `kept` in the window.

    `kept` holds everything that touches the window. What has begun, or begins within ten seconds,
    cannot be changed any more: it stays, and it counts when programmes overlap.
    """
    frozen_until = now + FROZEN
    by_key = {programme.key: programme for programme in kept}
    fixed = [p for p in kept if p.starts_at < frozen_until or not window.holds(p)]
    fixed_keys = {programme.key for programme in fixed}
    fresh = [p for p in pushed if p.key not in fixed_keys]
    pushed_keys = {programme.key for programme in pushed}
    findings = [
        *_misplaced(pushed, fixed, by_key, window, frozen_until),
        *_media(pushed, readiness),
        *_collisions(fixed, fresh, pushed),
        *(_stays(programme) for programme in fixed if _is_left_out(programme, window, pushed_keys)),
    ]
    loose = [programme for programme in kept if programme.key not in fixed_keys]
    return Change(
        added=[programme for programme in fresh if programme.key not in by_key],
        changed=[
            replace(p, id=by_key[p.key].id)
            for p in fresh
            if p.key in by_key and not p.is_same(by_key[p.key])
        ],
        removed=[programme for programme in loose if programme.key not in pushed_keys],
        findings=findings,
    )


def told(
    severity: Severity, code: str, text: str, *, index: int, key: str | None, row: int | None
) -> Finding:
    """A finding about one programme, named by its row or else by its place."""
    who = f"Programme {index + 1}" if row is None else f"Row {row}"
    return Finding(severity, code, f"{who}: {text}.", index, key, row)


def on_air(programmes: Sequence[Programme], now: datetime) -> Programme | None:
    return next((p for p in programmes if p.starts_at <= now < p.ends_at), None)


def following(programmes: Sequence[Programme], now: datetime) -> Programme | None:
    return min(
        (p for p in programmes if p.starts_at > now), key=lambda p: p.starts_at, default=None
    )


def _misplaced(
    pushed: Sequence[Programme],
    fixed: Sequence[Programme],
    by_key: Mapping[str, Programme],
    window: Window,
    frozen_until: datetime,
) -> Iterator[Finding]:
    """Programmes that are twice, outside of the window, or too late to be changed."""
    fixed_keys = {programme.key for programme in fixed}
    seen: set[str] = set()
    for index, programme in enumerate(pushed):
        problem = None
        if programme.key in seen:
            problem = "duplicate_key", "the key stands twice in this push"
        elif programme.key in fixed_keys and not programme.is_same(by_key[programme.key]):
            problem = "frozen", "it has begun, begins within ten seconds or lies outside the window"
        elif not window.holds(programme):
            problem = "outside_window", "it starts outside of the window that is replaced"
        elif programme.key not in by_key and programme.starts_at < frozen_until:
            problem = "past", "it starts in the past or within ten seconds"
        seen.add(programme.key)
        if problem:
            yield _finding(Severity.ERROR, problem[0], problem[1], index, programme)


def _media(
    pushed: Sequence[Programme], readiness: Callable[[Source], Readiness]
) -> Iterator[Finding]:
    for index, programme in enumerate(pushed):
        kind = _kind(programme.source)
        match readiness(programme.source):
            case Readiness.UNKNOWN:
                text = f"there is no such {kind}"
                yield _finding(Severity.ERROR, f"unknown_{kind}", text, index, programme)
            case Readiness.ABSENT:
                text = f"the {kind} is not there yet; the slate is shown until it is"
                yield _finding(Severity.WARNING, f"absent_{kind}", text, index, programme)
            case Readiness.WAITING:
                text = f"the {kind} has still to be conditioned"
                yield _finding(Severity.INFO, "unconditioned", text, index, programme)
            case Readiness.FAILED:
                text = f"the {kind} could not be conditioned; it is tried again"
                yield _finding(Severity.WARNING, "failed_before", text, index, programme)
            case Readiness.READY:
                pass


def _kind(source: Source) -> str:
    if source.live is not None:
        return "lecture"
    return "recording" if source.recording else "file"


def _collisions(
    fixed: Sequence[Programme], fresh: Sequence[Programme], pushed: Sequence[Programme]
) -> Iterator[Finding]:
    places = {id(programme): index for index, programme in enumerate(pushed)}
    run = sorted([*fixed, *fresh], key=lambda programme: (programme.starts_at, programme.ends_at))
    latest: Programme | None = None  # whoever ends last so far; a long one may cover several
    for programme in run:
        if latest is not None:
            culprit = programme if id(programme) in places else latest
            index = places.get(id(culprit))
            if index is not None:
                yield from _seam(latest, programme, culprit, index)
        if latest is None or programme.ends_at > latest.ends_at:
            latest = programme


def _seam(
    before: Programme, programme: Programme, culprit: Programme, index: int
) -> Iterator[Finding]:
    distance = programme.starts_at - before.ends_at
    if distance < timedelta():
        text = f"{before.key} and {programme.key} overlap by {-distance.total_seconds():g} s"
        yield _finding(Severity.ERROR, "overlap", text, index, culprit)
    elif distance >= SMALLEST_GAP:
        text = f"nothing is planned for {distance.total_seconds():g} s before {programme.key}"
        yield _finding(Severity.WARNING, "gap", text, index, culprit)


def _is_left_out(programme: Programme, window: Window, pushed_keys: Iterable[str]) -> bool:
    return window.holds(programme) and programme.key not in pushed_keys


def _stays(programme: Programme) -> Finding:
    text = f"{programme.key} has begun or begins within ten seconds; it stays"
    return Finding(Severity.WARNING, "stays", text, key=programme.key)


def _finding(severity: Severity, code: str, text: str, index: int, programme: Programme) -> Finding:
    place = index if programme.place is None else programme.place
    return told(severity, code, text, index=place, key=programme.key, row=programme.row)


def _in(texts: Mapping[str, str], language: str) -> str:
    """The text in `language`, else in any."""
    return texts.get(language) or next(iter(texts.values()), "")
