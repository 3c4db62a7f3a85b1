"""A schedule as partners send it: JSON now; whatever else comes ends in the same drafts and findings."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from kernel.errors import Invalid
from schedule.rundown import LONGEST, SHORTEST, Finding, Programme, Severity, Source

MOST_PROGRAMMES = 5_000

_Key = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
_Language = Annotated[str, msgspec.Meta(pattern="^[a-z]{2,3}$")]
_Title = Annotated[str, msgspec.Meta(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f]*$")]
_Text = Annotated[str, msgspec.Meta(max_length=5_000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$")]


class PushedSchedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a push. Each programme is read by itself, so that each can have its finding."""

    programmes: list[msgspec.Raw]


class PushedProgramme(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One programme: `duration` in seconds or as `PT45M`, or else `ends_at`."""

    key: _Key
    starts_at: str
    duration: float | str | None = None
    ends_at: str | None = None
    source: Source
    title: dict[_Language, _Title]
    description: dict[_Language, _Text] = {}


class _Wrong(ValueError):
    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def read_json(body: bytes) -> tuple[list[Programme], list[Finding]]:
    """The programmes that can be understood, and a finding for each that cannot.

    Invalid when the body as a whole is no schedule.
    """
    try:
        pushed = msgspec.json.decode(body, type=PushedSchedule)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(f"The schedule can't be read: {error}.") from error
    if len(pushed.programmes) > MOST_PROGRAMMES:
        raise Invalid(f"A push holds at most {MOST_PROGRAMMES} programmes.")
    return _read_each(pushed.programmes)


def _read_each(raws: Sequence[msgspec.Raw]) -> tuple[list[Programme], list[Finding]]:
    programmes, findings = [], []
    for index, raw in enumerate(raws):
        key = None
        try:
            draft = msgspec.json.decode(raw, type=PushedProgramme)
            key = draft.key
            programmes.append(_programme(draft))
        except (msgspec.DecodeError, RecursionError) as error:
            findings.append(_finding("unreadable", str(error), index, key))
        except _Wrong as wrong:
            findings.append(_finding(wrong.code, str(wrong), index, key))
    return programmes, findings


def _programme(draft: PushedProgramme) -> Programme:
    if not draft.source.is_sound:
        raise _Wrong("bad_source", "its source is one of recording, file and slate")
    if not draft.title:
        raise _Wrong("no_title", "it has no title")
    starts_at = _moment(draft.starts_at)
    ends_at = starts_at + _duration(draft) if draft.ends_at is None else _moment(draft.ends_at)
    if not SHORTEST <= ends_at - starts_at <= LONGEST:
        raise _Wrong("bad_duration", "it takes less than a second or more than a day")
    return Programme(
        key=draft.key,
        starts_at=starts_at,
        ends_at=ends_at,
        source=draft.source,
        titles=draft.title,
        descriptions=draft.description,
    )


def _moment(text: str) -> datetime:
    try:
        moment = msgspec.convert(text, datetime)
    except msgspec.ValidationError as error:
        raise _Wrong(
            "bad_time", f"{text[:40]} is not a time; write 2026-09-07T09:00:00+05:00"
        ) from error
    if moment.tzinfo is None:
        raise _Wrong(
            "no_offset", f"{text[:40]} has no offset to UTC, so it may mean several moments"
        )
    try:
        return moment.astimezone(UTC)
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


def _finding(code: str, text: str, index: int, key: str | None) -> Finding:
    return Finding(Severity.ERROR, code, f"Programme {index + 1}: {text}.", index, key)
