"""What a stranger sends, checked: a statement of xAPI 1.0.3 or 2.0, or the error that names the path.

Unknown members are refused, as the specification asks (Data 2.2).
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from footprint import signatures
from footprint.attachments import File
from footprint.xapi import (
    VERSION,
    VERSION_2,
    VOIDED,
    Activity,
    Actor,
    Around,
    Attachment,
    Context,
    Definition,
    Received,
    Result,
    SubStatement,
    Thing,
    kind_of,
)
from kernel.errors import Invalid

_KINDS: Final = frozenset({"Activity", "Agent", "Group", "StatementRef", "SubStatement"})
_COMPONENTS: Final = ("choices", "scale", "source", "target", "steps")
_MINUS_ZERO: Final = re.compile(rb'"(timestamp|stored)"\s*:\s*"[^"]*-00(:?00)?"')

_decoder: Final = msgspec.json.Decoder(Received)
_actor: Final = msgspec.json.Decoder(Actor)


def receive(
    data: bytes | msgspec.Raw,
    *,
    spoken: str = VERSION,
    files: Mapping[str, File] = MappingProxyType({}),
) -> Received:
    """A stranger's statement; Invalid names what is wrong with it and where. `spoken` is the version
    of the request: what 2.0 brought is unknown to a request of 1.0. `files` came with it, by hash."""
    try:
        received = _decoder.decode(data)
        fault = next(_faults(received, bytes(data), spoken), None)
        fault = fault or next(_of_files(received, bytes(data), files), None)
    except RecursionError as error:
        raise Invalid("The statement is not valid: it is nested too deeply.") from error
    except msgspec.DecodeError as error:
        raise Invalid(f"The statement is not valid: {error}.") from error
    if fault is not None:
        raise Invalid(f"The statement is not valid: {fault}")
    return received


def identity_in(agent: str) -> str:
    """Who the JSON of an `agent` parameter means; Invalid when it is no one agent."""
    try:
        actor = _actor.decode(agent)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid(f"agent is not valid: {error}.") from error
    for fault in _of_actor(actor, "agent"):
        raise Invalid(f"The parameter is not valid: {fault}")
    if not actor.identities:
        raise Invalid("agent names no one: a group without an identity can't be asked for.")
    return actor.identities[0]


def _faults(received: Received, data: bytes, spoken: str) -> Iterator[str]:
    """One sentence for each thing that is wrong beyond its type, with the path."""
    if b"null" in data:
        yield from _nulls(msgspec.json.decode(data), "$")
    if b"-00" in data and _MINUS_ZERO.search(data):
        yield "a time has the zone -00, which no time has (Data 4.5)."
    yield from _of_ids(received, data)
    kind = kind_of(received.object)
    if kind not in _KINDS:
        yield f"an object can't be a {kind!r:.40} here."
    yield from _of_actor(received.actor, "$.actor")
    yield from _of_thing(received.thing, "$.object", spoken)
    yield from _of_context(received.context, received.thing, "$.context", spoken)
    yield from _of_result(received.result, "$.result")
    if received.authority is not None:
        yield from _of_authority(received.authority)
    if spoken != VERSION_2 and (received.version or "1").startswith("2"):
        yield "$.version is above the one of the request."
    if received.verb.id == VOIDED and received.target is None:
        yield "$.object of a voiding is a StatementRef."


def _of_ids(received: Received, data: bytes) -> Iterator[str]:
    """Only the common form of RFC 4122 is a UUID here; msgspec takes one without its hyphens."""
    inner = received.thing.context if isinstance(received.thing, SubStatement) else None
    found = [received.id, received.target]
    for context in (received.context, inner):
        if context is not None:
            found += [context.registration, context.statement.id if context.statement else None]
    for identifier in found:
        if identifier is not None and str(identifier).encode() not in data.lower():
            yield f"the UUID {identifier} is spelt without its hyphens (RFC 4122, 3)."


def _of_thing(thing: Thing, where: str, spoken: str) -> Iterator[str]:
    match thing:
        case Activity(definition=Definition() as definition):
            yield from _of_definition(definition, f"{where}.definition")
        case Actor():
            yield from _of_actor(thing, where)
        case SubStatement():
            yield from _of_sub_statement(thing, where, spoken)


def _of_sub_statement(inner: SubStatement, where: str, spoken: str) -> Iterator[str]:
    kind = kind_of(inner.object)
    if kind not in _KINDS - {"SubStatement"}:
        yield f"an object can't be a {kind!r:.40} here."
        return
    thing = inner.thing
    yield from _of_actor(inner.actor, f"{where}.actor")
    yield from _of_thing(thing, f"{where}.object", spoken)
    yield from _of_context(inner.context, thing, f"{where}.context", spoken)
    yield from _of_result(inner.result, f"{where}.result")


def _of_definition(definition: Definition, where: str) -> Iterator[str]:
    """Interactions (Data 2.4.4.1)."""
    told = {name: getattr(definition, name) for name in (*_COMPONENTS, "correctResponsesPattern")}
    if definition.interactionType is None and any(part is not None for part in told.values()):
        yield f"{where}.interactionType is missing, but there is what only interactions have."
    for name in _COMPONENTS:
        listed = told[name] or ()
        if len({component.id for component in listed}) < len(listed):
            yield f"{where}.{name} has an id twice."


def _of_context(context: Context | None, thing: Thing, where: str, spoken: str) -> Iterator[str]:
    if context is None:
        return
    if spoken != VERSION_2 and (context.contextAgents, context.contextGroups) != (None, None):
        yield f"{where}.contextAgents and contextGroups came with 2.0; say that you speak it."
    if not isinstance(thing, Activity) and (context.revision, context.platform) != (None, None):
        yield f"{where}.revision and platform stand beside an activity only."
    yield from _of_around(context.contextActivities, f"{where}.contextActivities")
    for path, actor in context.actors:
        yield from _of_actor(actor, f"{where}.{path}")
        if path.endswith((".group", "team")) and actor.objectType != "Group":
            yield f"{where}.{path} is a Group."
        if path.endswith(".agent") and actor.objectType == "Group":
            yield f"{where}.{path} is an Agent."


def _of_around(around: Around | None, where: str) -> Iterator[str]:
    for path, activity in around.activities if around else ():
        if activity.definition is not None:
            yield from _of_definition(activity.definition, f"{where}.{path}.definition")


def _of_actor(actor: Actor, where: str) -> Iterator[str]:
    kind = actor.objectType or "Agent"
    names = len(actor.identities)
    if kind not in {"Agent", "Group"}:
        yield f"{where} is an Agent or a Group."
    if names > 1 or (names == 0 and not (kind == "Group" and actor.member)):
        yield f"{where} needs exactly one of mbox, mbox_sha1sum, openid and account."
    if kind == "Agent" and actor.member is not None:
        yield f"{where} has members, so it is a Group."
    for number, member in enumerate(actor.member or ()):
        if member.objectType == "Group":
            yield f"{where}.member[{number}] is an Agent: groups are not members of groups."
        yield from _of_actor(member, f"{where}.member[{number}]")


def _of_authority(authority: Actor) -> Iterator[str]:
    yield from _of_actor(authority, "$.authority")
    members = authority.member or ()
    if authority.objectType == "Group" and (authority.identities or len(members) != 2):
        yield "$.authority is an Agent, or a Group of just two (Data 2.4.9)."
    if members and not any(member.account for member in members):
        yield "$.authority names no application: one of the two has an account (Data 2.4.9)."


def _of_result(result: Result | None, where: str) -> Iterator[str]:
    score = result and result.score
    if not score:
        return
    least, most = score.min, score.max
    if least is not None and most is not None and least >= most:
        yield f"{where}.score.min is not below max."
    if score.raw is not None and not (
        (least is None or least <= score.raw) and (most is None or score.raw <= most)
    ):
        yield f"{where}.score.raw is not between min and max."


def _of_files(received: Received, data: bytes, files: Mapping[str, File]) -> Iterator[str]:
    """What is wrong between the attachments and the files that came."""
    for number, attachment in enumerate(received.files):
        where = f"$.attachments[{number}]"
        file = files.get(attachment.sha2.lower())
        if attachment.fileUrl is None and file is None:
            yield f"{where} has neither a fileUrl nor a part of the request with its sha2."
        if file is not None and len(file.content) != attachment.length:
            yield f"{where}.length is not the length of its part, {len(file.content)}."
        if attachment.usageType == signatures.USAGE:
            yield from _of_signature(attachment, file, data, where)


def _of_signature(
    attachment: Attachment, file: File | None, data: bytes, where: str
) -> Iterator[str]:
    if attachment.contentType != "application/octet-stream":
        yield f"{where}.contentType of a signature is application/octet-stream."
    if file is not None and (fault := signatures.fault_of(file.content, data)):
        yield f"{where} {fault}."


def _nulls(value: Any, where: str) -> Iterator[str]:
    """No nulls outside extensions (Data 2.2)."""
    if value is None:
        yield f"{where} is null; leave it out."
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _nulls(item, f"{where}[{number}]")
    elif isinstance(value, dict):
        for name, item in value.items():
            if name != "extensions" or item is None:
                yield from _nulls(item, f"{where}.{name}")
