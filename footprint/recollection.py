"""Statements as they were kept: what was once taken stays readable, whatever the rules of today are.

A statement that today's types refuse is read without their patterns and bounds, and a member that
can't be read even so is left out of what we understand. What is given out stays as it came.
"""

import types
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import cache, cached_property
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from footprint.xapi import (
    Activity,
    Actor,
    Moment,
    Received,
    Reference,
    SubStatement,
    Thing,
    VerbPart,
)

_Part = TypeVar("_Part", bound=msgspec.Struct)

_received: Final = msgspec.json.Decoder(Received)
_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_things: Final[Mapping[str, type[Activity | Actor | Reference | SubStatement]]] = {
    "Agent": Actor,
    "Group": Actor,
    "StatementRef": Reference,
}
_NOTHING: Final = Actor()  # an object of which nothing could be understood
_UNREADABLE: Final = (msgspec.DecodeError, RecursionError, TypeError)


def recalled(data: bytes | msgspec.Raw) -> Received:
    """A statement that is kept. Never an error, as long as it is a JSON object."""
    try:
        told = _received.decode(data)
        if isinstance(told.thing, SubStatement):
            _ = told.thing.thing
    except _UNREADABLE:
        unsaid: dict[str, Any] = {
            "actor": Actor(),
            "verb": VerbPart(id=""),
            "object": msgspec.Raw(b"{}"),
        }
        return _Recalled(**(unsaid | dict(_parts(_Recalled, data))))
    return told


class _Recalled(Received, frozen=True, kw_only=True, dict=True):
    """A statement that today would be refused."""

    @cached_property
    def thing(self) -> Thing:
        return _thing(self.object)


class _RecalledInside(SubStatement, frozen=True, kw_only=True, dict=True):
    """The same inside another one."""

    @cached_property
    def thing(self) -> Thing:
        return _thing(self.object)


def _thing(data: msgspec.Raw) -> Thing:
    try:
        kind = msgspec.json.decode(_members.decode(data).get("objectType", b'"Activity"'))
        if kind == "SubStatement":
            return _read(_RecalledInside, data)
        thing: Thing = _read(_things.get(kind, Activity), data)
    except _UNREADABLE:
        return _NOTHING
    return thing


def _read(kind: type[_Part], data: bytes | msgspec.Raw) -> _Part:
    """TypeError when a member that it can't be without is not there."""
    return kind(**dict(_parts(kind, data)))


def _parts(kind: type[msgspec.Struct], data: bytes | msgspec.Raw) -> Iterator[tuple[str, Any]]:
    members = _members.decode(data)
    for name, hint in _bare(kind).items():
        if name in members:
            with suppress(*_UNREADABLE):
                yield name, _value(hint, members[name])


@cache
def _bare(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The types of the members, without patterns and bounds."""
    return {
        name: hint for name, hint in get_type_hints(kind).items() if name in kind.__struct_fields__
    }


def _value(hint: Any, data: msgspec.Raw) -> Any:
    is_union = get_origin(hint) in {Union, types.UnionType}
    for option in get_args(hint) if is_union else (hint,):
        [inner, *_] = get_args(option) or (None,)
        if _is_part(option) and bytes(data).startswith(b"{"):
            return _read(option, data)
        if _is_part(inner) and bytes(data).startswith(b"["):
            return tuple(_all(inner, data))
        if option is datetime:  # without a zone it is no moment
            return msgspec.json.decode(data, type=Moment)
    return msgspec.json.decode(data, type=hint)


def _all(kind: type[_Part], data: msgspec.Raw) -> Iterator[_Part]:
    """Those of a list that can be read."""
    for each in msgspec.json.decode(data, type=list[msgspec.Raw]):
        with suppress(*_UNREADABLE):
            yield _read(kind, each)


def _is_part(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)
