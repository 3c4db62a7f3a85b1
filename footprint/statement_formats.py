"""The forms in which statements are given out (Communication 2.1.3): exact, ids, canonical; and the one
thing about the exact form that is not as it came.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

_IDENTIFIERS: Final[tuple[str, ...]] = ("objectType", "mbox", "mbox_sha1sum", "openid", "account")
_LANGUAGE_MAPS: Final = frozenset({"display", "name", "description"})


def ids(statement: bytes) -> bytes:
    """Only what identifies agents, activities, verbs and groups."""
    return msgspec.json.encode(_bare_statement(msgspec.json.decode(statement)))


def canonical(statement: bytes, languages: Sequence[str]) -> bytes:
    """Each map of languages with one language in it: the first of `languages` that it has."""
    return msgspec.json.encode(_in_one_language(msgspec.json.decode(statement), languages))


def listed(members: dict[str, msgspec.Raw]) -> dict[str, msgspec.Raw]:
    """The statement's members with each context activity that stood alone in a list (Data 2.4.6.2), also
    those of a statement inside. Values elsewhere stay as they were written."""
    told = dict(members)
    if "context" in told:
        told["context"] = _listed_context(told["context"])
    thing = told.get("object")
    if thing is not None and b'"contextActivities"' in bytes(thing):
        inner = msgspec.json.decode(thing, type=dict[str, msgspec.Raw])
        told["object"] = _raw(listed(inner))
    return told


def accepted(header: str) -> list[str]:
    """The languages of an Accept-Language header, the dearest first."""
    weighed = []
    for part in header.split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            weighed.append((-float(weight or 1), tag.lower()))
        except ValueError:
            continue
    return [tag for _, tag in sorted(weighed, key=lambda each: each[0]) if tag]


def _listed_context(context: msgspec.Raw) -> msgspec.Raw:
    if b'"contextActivities"' not in bytes(context):
        return context
    members = msgspec.json.decode(context, type=dict[str, msgspec.Raw])
    if "contextActivities" not in members:  # the words stand in an extension
        return context
    around = msgspec.json.decode(members["contextActivities"], type=dict[str, msgspec.Raw])
    alone = {name: part for name, part in around.items() if bytes(part).startswith(b"{")}
    lists = {name: _raw([part]) for name, part in alone.items()}
    return _raw(members | {"contextActivities": _raw(around | lists)}) if alone else context


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def _bare_statement(statement: dict[str, Any]) -> dict[str, Any]:
    bare = dict(statement)
    bare["actor"] = _bare(statement["actor"])
    bare["verb"] = {"id": statement["verb"]["id"]}
    bare["object"] = _bare(statement["object"])
    if "authority" in bare:
        bare["authority"] = _bare(statement["authority"])
    if "context" in bare:
        bare["context"] = _bare_context(statement["context"])
    return bare


def _bare_context(context: dict[str, Any]) -> dict[str, Any]:
    bare = dict(context)
    for name in {"instructor", "team"} & bare.keys():
        bare[name] = _bare(context[name])
    for name, part in (("contextAgents", "agent"), ("contextGroups", "group")):
        if name in bare:
            bare[name] = [each | {part: _bare(each[part])} for each in context[name]]
    if "contextActivities" in bare:
        bare["contextActivities"] = {
            name: [_bare(each) for each in (part if isinstance(part, list) else [part])]
            for name, part in context["contextActivities"].items()
        }
    return bare


def _bare(thing: dict[str, Any]) -> dict[str, Any]:
    """An agent, group, activity, reference or statement inside a statement."""
    if thing.get("objectType") == "SubStatement":
        return _bare_statement(thing)
    if "id" in thing:
        is_activity = thing.get("objectType", "Activity") == "Activity"  # which goes without saying
        return {name: thing[name] for name in ("id", *([] if is_activity else ["objectType"]))}
    bare = {name: thing[name] for name in _IDENTIFIERS if name in thing}
    if len(bare) < 2 and "member" in thing:  # a group that only its members identify
        bare["member"] = [_bare(member) for member in thing["member"]]
    return bare


def _in_one_language(value: Any, languages: Sequence[str]) -> Any:
    if isinstance(value, list):
        return [_in_one_language(item, languages) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _one_of(item, languages)
        if name in _LANGUAGE_MAPS and isinstance(item, dict)
        else item
        if name == "extensions"
        else _in_one_language(item, languages)
        for name, item in value.items()
    }


def _one_of(words: dict[str, Any], languages: Sequence[str]) -> dict[str, Any]:
    for language in languages:
        for tag, word in words.items():
            if tag.lower() == language or tag.lower().startswith(f"{language}-"):
                return {tag: word}
    return dict(list(words.items())[:1])
