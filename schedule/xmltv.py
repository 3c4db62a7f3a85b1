"""A schedule as XMLTV. The parser knows no entities and no declarations; depth and length are bounded."""

import re
from dataclasses import dataclass, field
from typing import Any, Final
from xml.parsers import expat

from kernel.errors import Invalid
from schedule.drafts import MOST_PROGRAMMES, Reading
from schedule.rundown import Finding, Programme, Severity
from schedule.table import source_of

KEY_SYSTEM: Final = "daris:key"
_DEEPEST = 8
_LONGEST_TEXT = 20_000  # characters of one element
_MOMENT: Final = re.compile(
    r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?\s*(?:([+-]\d\d):?(\d\d)|(UTC|GMT|Z))?"
)
_FIELDS: Final = {"title": "title", "desc": "description"}


def read_xmltv(
    body: bytes, *, charset: str | None, channel: str, language: str
) -> tuple[list[Programme], list[Finding]]:
    """The programmes of `channel`. Invalid when this is no XMLTV or holds what it must not."""
    scribe = _Scribe(channel, language)
    parser = expat.ParserCreate(charset)
    parser.buffer_text = True
    parser.StartElementHandler = scribe.start
    parser.EndElementHandler = scribe.end
    parser.CharacterDataHandler = scribe.text
    parser.StartDoctypeDeclHandler = _check_doctype
    parser.EntityDeclHandler = _refuse_entity
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise Invalid(f"The schedule is no XML that can be read: {error}.") from error
    return scribe.finish()


def _check_doctype(name: str, system: str | None, public: str | None, has_subset: int) -> None:
    if has_subset:
        raise Invalid("An XMLTV schedule must not declare anything in its DOCTYPE.")


def _refuse_entity(*_: object) -> None:
    raise Invalid("An XMLTV schedule must not declare entities.")


@dataclass(slots=True)
class _Scribe:
    """Notes the programmes while the parser goes by."""

    channel: str
    language: str
    reading: Reading = field(default_factory=Reading)
    _path: list[str] = field(default_factory=list)
    _attributes: dict[str, str] = field(default_factory=dict)
    _text: str = ""
    _programme: dict[str, Any] = field(default_factory=dict)
    _others: int = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        if len(self._path) > _DEEPEST:
            raise Invalid("The XMLTV schedule is nested too deeply.")
        if len(self._path) == 1 and name != "tv":
            raise Invalid("This is no XMLTV: its outermost element is not tv.")
        if self._path == ["tv", "programme"]:
            self._programme = {"attributes": attributes, "title": {}}
        self._attributes, self._text = attributes, ""

    def text(self, text: str) -> None:
        self._text += text
        if len(self._text) > _LONGEST_TEXT:
            raise Invalid("A text of the XMLTV schedule is too long.")

    def end(self, name: str) -> None:
        if self._path == ["tv", "programme"]:
            self._close_programme()
        elif self._path[:-1] == ["tv", "programme"]:
            self._note(name, " ".join(self._text.split()))
        self._path.pop()
        self._text = ""

    def finish(self) -> tuple[list[Programme], list[Finding]]:
        if self._others:
            text = f"{self._others} programmes of other channels than {self.channel} are left out."
            self.reading.note(Finding(Severity.WARNING, "other_channel", text))
        return self.reading.programmes, self.reading.findings

    def _note(self, name: str, text: str) -> None:
        if name in _FIELDS and text:
            language = self._attributes.get("lang", self.language).partition("-")[0].lower()
            self._programme.setdefault(_FIELDS[name], {}).setdefault(language, text)
        elif name == "episode-num" and self._attributes.get("system") == KEY_SYSTEM:
            self._programme["key"] = text
        elif name == "url" and (source := source_of(text)):
            self._programme["source"] = source

    def _close_programme(self) -> None:
        draft = self._programme
        attributes = draft.pop("attributes")
        if attributes.get("channel") != self.channel:
            self._others += 1
            return
        if self.reading.is_full:
            raise Invalid(f"A push holds at most {MOST_PROGRAMMES} programmes.")
        starts_at = _moment(attributes.get("start", ""))
        times = {"starts_at": starts_at}
        if "stop" in attributes:
            times["ends_at"] = _moment(attributes["stop"])
        self.reading.add({"key": starts_at, "source": {}} | draft | times)


def _moment(text: str) -> str:
    """`20260907090000 +0500` as RFC 3339; what is not of that form as it is."""
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        return text
    year, month, day, hour, minute, second, hours, minutes, zone = match.groups()
    offset = "Z" if zone else f"{hours}:{minutes}" if hours else ""
    return f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}{offset}"
