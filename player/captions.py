"""Captions: WebVTT and SubRip as people have them, read into cues. Pure.

What is kept is plain text with times: mark-up, positions and styles of a file are dropped, so nothing
of it can reach a page as anything but text.
"""

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from kernel.errors import Invalid

MOST_CUES: Final = 20_000  # five hours of a fast speaker have half of it
LONGEST_CUE: Final = 1_000  # characters
_LATEST_MS: Final = 7 * 86_400_000
_MOST_FAULTS: Final = 20  # that are told
_TIME: Final = r"(?:(\d{1,4}):)?([0-5]?\d):([0-5]\d)[.,](\d{3})"
_TIMING: Final = re.compile(rf"\s*{_TIME}\s+-->\s+{_TIME}(?:\s.*)?")
_NO_CUES: Final = ("NOTE", "STYLE", "REGION")
_MARKUP: Final = re.compile(r"<[^<>]*>|\{\\[^{}]*\}")

_Block = list[tuple[int, str]]  # lines with their numbers, from 1


class Cue(msgspec.Struct, frozen=True, order=True):
    """A caption, in milliseconds of media time."""

    begin_ms: int
    end_ms: int
    text: str


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a file, and in which line."""

    line: int
    problem: str

    def __str__(self) -> str:
        return f"Line {self.line}: {self.problem}"


class CueFault(msgspec.Struct, frozen=True):
    """What is wrong with one of the cues that were sent, counted from 0."""

    cue: int
    problem: str

    def __str__(self) -> str:
        return f"Caption {self.cue + 1}: {self.problem}"


def parse(data: bytes, *, length_ms: int | None = None) -> list[Cue]:
    """The cues of a file, in order of time. Invalid, with a finding for each fault.

    `length_ms` is the recording's: what would begin after it belongs to another one.
    """
    faults: list[Fault] = []
    cues: list[Cue] = []
    for block in _blocks(_text(data)):
        read = _cue(block, length_ms)
        if isinstance(read, Fault):
            faults.append(read)
        elif read.text:
            cues.append(read)
    if not faults and not cues:
        faults.append(Fault(1, "there is no caption in this file."))
    if len(cues) > MOST_CUES:
        faults.append(Fault(1, "there are more captions in this file than a lecture has."))
    if faults:
        raise Invalid("These captions can't be read.", findings=faults[:_MOST_FAULTS])
    return sorted(cues)


def check(cues: Sequence[Cue], *, length_ms: int) -> list[Cue]:
    """Cues that somebody wrote, cleaned and in order; Invalid, with a finding for each fault."""
    faults = [
        CueFault(number, problem)
        for number, cue in enumerate(cues)
        if (problem := _problem(cue, length_ms))
    ]
    if faults:
        raise Invalid("These captions are not right yet.", findings=faults[:_MOST_FAULTS])
    return sorted(Cue(cue.begin_ms, cue.end_ms, _plain_text(cue.text)) for cue in cues)


def spoken(text: str) -> str:
    """The text of one caption as it is kept; Invalid if nobody could read it."""
    plain = _plain_text(text)
    if not plain:
        raise Invalid("The caption is empty.")
    if len(plain) > LONGEST_CUE:
        raise Invalid("The caption is longer than a screen can show.")
    return plain


def webvtt(cues: Sequence[Cue], *, note: str = "", header: Sequence[str] = ()) -> str:
    """The cues as a file (W3C WebVTT); `note` stands in its first line, `header` below it."""
    return "\n".join([f"WEBVTT {note}".rstrip(), *header, "", *(_written(cue) for cue in cues)])


def clock(milliseconds: int) -> str:
    """As WebVTT writes a time."""
    seconds, rest = divmod(milliseconds, 1_000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:03}"


def transcript(cues: Sequence[Cue]) -> str:
    """The cues as text to read, each with its moment."""
    return "".join(f"{clock(cue.begin_ms)[:-4]}  {_one_line(cue.text)}\n" for cue in cues)


def _problem(cue: Cue, length_ms: int) -> str:
    if not 0 <= cue.begin_ms <= _LATEST_MS or cue.end_ms > _LATEST_MS:
        return "the time is not like 00:01:02.500 --> 00:01:05.000."
    if cue.end_ms <= cue.begin_ms:
        return "the caption ends before it begins."
    if cue.begin_ms >= length_ms:
        return "the caption begins after the end of the recording."
    text = _plain_text(cue.text)
    if not text:
        return "the caption is empty."
    return "the caption is longer than a screen can show." if len(text) > LONGEST_CUE else ""


def _text(data: bytes) -> str:
    encoding = "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        fault = Fault(line, "this is no text in UTF-8; save the file in that encoding.")
        raise Invalid("These captions can't be read.", findings=[fault]) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _blocks(text: str) -> Iterator[_Block]:
    """What stands between blank lines, without WebVTT's header, notes and styles."""
    lines = [*enumerate(text.split("\n"), 1), (0, "")]
    is_webvtt = re.match(r"WEBVTT(?:[ \t\n]|$)", text) is not None
    block: _Block = []
    for number, line in lines:
        if line.strip():
            block.append((number, line))
        elif block:
            is_header = is_webvtt and block[0][0] == 1
            is_note = is_webvtt and block[0][1].split()[0] in _NO_CUES
            if not (is_header or is_note):
                yield block
            block = []


def _cue(block: _Block, length_ms: int | None) -> Cue | Fault:
    """The first line may be a number or a name."""
    at = 1 if "-->" not in block[0][1] and len(block) > 1 else 0
    number, line = block[at]
    timing = _TIMING.fullmatch(line)
    if "-->" not in line:
        return Fault(number, "a time like 00:01:02.500 --> 00:01:05.000 is missing.")
    if timing is None:
        return Fault(number, "the time is not like 00:01:02.500 --> 00:01:05.000.")
    begin_ms, end_ms = _milliseconds(*timing.groups()[:4]), _milliseconds(*timing.groups()[4:])
    if end_ms <= begin_ms:
        return Fault(number, "the caption ends before it begins.")
    if length_ms is not None and begin_ms >= length_ms:
        return Fault(number, "the caption begins after the end of the recording.")
    text = _plain("\n".join(each for _, each in block[at + 1 :]))
    if len(text) > LONGEST_CUE:
        return Fault(number, "the caption is longer than a screen can show.")
    return Cue(begin_ms, end_ms, text)


def _milliseconds(hours: str | None, minutes: str, seconds: str, rest: str) -> int:
    return ((int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)) * 1_000 + int(rest)


def _plain(text: str) -> str:
    return _plain_text(html.unescape(_MARKUP.sub("", text)))


def _plain_text(text: str) -> str:
    """Without what is not shown, and without lines that hold nothing: they would end the cue."""
    shown = "".join(c for c in text if c == "\n" or unicodedata.category(c) not in {"Cc", "Cs"})
    return "\n".join(line.strip() for line in shown.split("\n") if line.strip())


def _written(cue: Cue) -> str:
    text = html.escape(cue.text, quote=False)
    return f"{clock(cue.begin_ms)} --> {clock(cue.end_ms)}\n{text}\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())
