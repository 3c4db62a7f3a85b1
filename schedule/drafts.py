"""Programmes as partners write them, in whatever format, turned into programmes or findings."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec

from schedule.local_time import NoSuchTime, TwoSuchTimes, moment_of
from schedule.rundown import LONGEST, SHORTEST, Finding, Programme, Severity, Source, told

MOST_PROGRAMMES = 5_000

_Key = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
_Language = Annotated[str, msgspec.Meta(pattern="^[a-z]{2,3}$")]
_Title = Annotated[str, msgspec.Meta(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f]*$")]
_Text = Annotated[str, msgspec.Meta(max_length=5_000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$")]


class PushedProgramme(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One programme: `duration` in seconds or as `PT45M`, or else `ends_at`."""

    key: _Key
    starts_at: str
    duration: float | str | None = None
    ends_at: str | None = None
    source: Source
    title: dict[_Language, _Title]
    description: dict[_Language, _Text] = {}
    floating: bool = False
    rights_from: str | None = None
    rights_until: str | None = None


class Reading:
    """Gathers what a schedule holds; each programme has its place in it, and in a table its row."""

    def __init__(self, zone: ZoneInfo | None = None) -> None:
        """`zone` is that of times without an offset; without one they are refused."""
        self._zone = zone
        self.programmes: list[Programme] = []
        self.findings: list[Finding] = []
        self._count = 0

    @property
    def is_full(self) -> bool:
        return self._count >= MOST_PROGRAMMES

    def add(self, draft: msgspec.Raw | Mapping[str, Any], *, row: int | None = None) -> None:
        """The next programme, or a finding why it is none."""
        key = draft.get("key") if isinstance(draft, Mapping) else None
        try:
            read = _read(draft)
            key = read.key
            self.programmes.append(
                replace(_programme(read, self._zone), place=self._count, row=row)
            )
        except (msgspec.DecodeError, RecursionError) as error:
            self._note("unreadable", str(error), key, row)
        except _Wrong as wrong:
            self._note(wrong.code, str(wrong), key, row)
        self._count += 1

    def refuse(self, code: str, text: str, *, row: int | None = None) -> None:
        """The next programme can't even be taken apart."""
        self._note(code, text, None, row)
        self._count += 1

    def note(self, finding: Finding) -> None:
        """Something about the schedule as a whole."""
        self.findings.append(finding)

    def _note(self, code: str, text: str, key: object, row: int | None) -> None:
        named = key if isinstance(key, str) else None
        self.findings.append(
            told(Severity.ERROR, code, text, index=self._count, key=named, row=row)
        )


class _Wrong(ValueError):
    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def _read(draft: msgspec.Raw | Mapping[str, Any]) -> PushedProgramme:
    if isinstance(draft, msgspec.Raw):
        return msgspec.json.decode(draft, type=PushedProgramme)
    return msgspec.convert(draft, PushedProgramme)


def _programme(draft: PushedProgramme, zone: ZoneInfo | None) -> Programme:
    if not draft.source.is_sound:
        raise _Wrong("bad_source", "its source is one of recording, file, live and slate")
    if not draft.title:
        raise _Wrong("no_title", "it has no title")
    starts_at = _moment(draft.starts_at, zone)
    if draft.ends_at is None:
        ends_at = starts_at + _duration(draft)
    else:
        ends_at = _moment(draft.ends_at, zone)
    if not SHORTEST <= ends_at - starts_at <= LONGEST:
        raise _Wrong("bad_duration", "it takes less than a second or more than a day")
    rights = _rights(draft, starts_at, ends_at, zone)
    return Programme(
        key=draft.key,
        starts_at=starts_at,
        ends_at=ends_at,
        source=draft.source,
        titles=draft.title,
        descriptions=draft.description,
        is_floating=draft.floating,
        rights_from=rights[0],
        rights_until=rights[1],
    )


def _rights(
    draft: PushedProgramme, starts_at: datetime, ends_at: datetime, zone: ZoneInfo | None
) -> tuple[datetime | None, datetime | None]:
    """The time in which it may be shown, in which the whole programme lies; where none is told, it may."""
    since = _moment(draft.rights_from, zone) if draft.rights_from is not None else None
    until = _moment(draft.rights_until, zone) if draft.rights_until is not None else None
    if since is not None and starts_at < since:
        raise _Wrong("rights", f"it may not be shown before {draft.rights_from}")
    if until is not None and ends_at > until:
        raise _Wrong("rights", f"it may not be shown after {draft.rights_until}")
    return since, until


def _moment(text: str, zone: ZoneInfo | None) -> datetime:
    try:
        moment = msgspec.convert(text, datetime)
    except msgspec.ValidationError as error:
        raise _Wrong(
            "bad_time", f"{text[:40]} is not a time; write 2026-09-07T09:00:00+05:00"
        ) from error
    if moment.tzinfo is None and zone is None:
        raise _Wrong(
            "no_offset", f"{text[:40]} has no offset to UTC, so it may mean several moments"
        )
    try:
        return moment.astimezone(UTC) if moment.tzinfo or zone is None else moment_of(moment, zone)
    except NoSuchTime as error:
        raise _Wrong(
            "impossible_time", f"{text[:40]} does not exist: clocks are set forward over it"
        ) from error
    except TwoSuchTimes as error:
        raise _Wrong(
            "ambiguous_time", f"{text[:40]} comes twice, as clocks are set back; add the offset"
        ) from error
    except OverflowError as error:
        raise _Wrong("bad_time", f"{text[:40]} is not a time that can be planned") from error


def _duration(draft: PushedProgramme) -> timedelta:
    if draft.duration is None:
        raise _Wrong("bad_duration", "it has neither a duration nor an end")
    try:
        return msgspec.convert(draft.duration, timedelta, strict=False)
    except (msgspec.ValidationError, OverflowError) as error:
        raise _Wrong(
            "bad_duration", "its duration is neither seconds nor of the form PT45M"
        ) from error
