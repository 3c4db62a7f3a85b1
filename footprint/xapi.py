"""xAPI 1.0.3 and 2.0 (IEEE 9274.1.1) as values: the statement, and the checks on one that a stranger sends.

Unknown members are refused, as the specification asks (Data 2.2); the error names the path.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec

from kernel.errors import Invalid

VERSION: Final = "1.0.3"  # of our own statements
VERSION_2: Final = "2.0.0"
VOIDED: Final = "http://adlnet.gov/expapi/verbs/voided"

_IRI: Final = re.compile(r"^[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>\"{}|\\^`]+$")
_SET_BY_STORES: Final = frozenset({"id", "stored", "timestamp", "authority", "version"})

Iri = Annotated[str, msgspec.Meta(pattern=_IRI.pattern)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Words = dict[str, str]  # a language map (RFC 5646 tags)
Extensions = dict[str, Any]  # by IRI; the values are anybody's JSON


class _Part(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Members that are not there are not written."""


class Account(_Part, frozen=True, kw_only=True):
    """Who someone is in a system: the only identity that our own statements use."""

    homePage: Iri  # noqa: N815 - the specification's name
    name: str


class Actor(_Part, frozen=True, kw_only=True):
    """An agent or a group."""

    objectType: str | None = None  # noqa: N815
    name: str | None = None
    mbox: Annotated[str, msgspec.Meta(pattern=r"^mailto:[^@\s]+@[^@\s]+$")] | None = None
    mbox_sha1sum: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-fA-F]{40}$")] | None = None
    openid: Iri | None = None
    account: Account | None = None
    member: tuple["Actor", ...] | None = None

    @property
    def identities(self) -> list[str]:
        """The inverse functional identifiers, each as one string; a valid agent has one."""
        account = self.account
        named = {
            "mbox": self.mbox,
            "sha1": self.mbox_sha1sum and self.mbox_sha1sum.lower(),
            "openid": self.openid,
            "account": account and f"{account.homePage} {account.name}",
        }
        return [f"{kind} {value}" for kind, value in named.items() if value]


class VerbPart(_Part, frozen=True, kw_only=True):
    """The verb with its names."""

    id: Iri
    display: Words | None = None


class Component(_Part, frozen=True, kw_only=True):
    """One choice, scale step, source, target or step of an interaction."""

    id: str
    description: Words | None = None


class Definition(_Part, frozen=True, kw_only=True):
    """What an activity is."""

    name: Words | None = None
    description: Words | None = None
    type: Iri | None = None
    moreInfo: Iri | None = None  # noqa: N815
    interactionType: str | None = None  # noqa: N815
    correctResponsesPattern: tuple[str, ...] | None = None  # noqa: N815
    choices: tuple[Component, ...] | None = None
    scale: tuple[Component, ...] | None = None
    source: tuple[Component, ...] | None = None
    target: tuple[Component, ...] | None = None
    steps: tuple[Component, ...] | None = None
    extensions: Extensions | None = None


class Activity(_Part, frozen=True, kw_only=True):
    """Something that is done."""

    id: Iri
    objectType: str | None = None  # noqa: N815
    definition: Definition | None = None


class Reference(_Part, frozen=True, kw_only=True):
    """Another statement."""

    objectType: str  # noqa: N815
    id: UUID


class Score(_Part, frozen=True, kw_only=True):
    """How well."""

    scaled: Annotated[float, msgspec.Meta(ge=-1, le=1)] | None = None
    raw: float | None = None
    min: float | None = None
    max: float | None = None


class Result(_Part, frozen=True, kw_only=True):
    """What came of it."""

    score: Score | None = None
    success: bool | None = None
    completion: bool | None = None
    response: str | None = None
    duration: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=r"^P(?=.)(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?)$"
            ),
        ]
        | None
    ) = None
    extensions: Extensions | None = None


class Around(_Part, frozen=True, kw_only=True):
    """The activities around a statement. One alone may stand without a list."""

    parent: tuple[Activity, ...] | Activity | None = None
    grouping: tuple[Activity, ...] | Activity | None = None
    category: tuple[Activity, ...] | Activity | None = None
    other: tuple[Activity, ...] | Activity | None = None


class ContextAgent(_Part, frozen=True, kw_only=True):
    """An agent around a statement, and in which parts (2.0, 4.2.4)."""

    objectType: Literal["contextAgent"]  # noqa: N815
    agent: Actor
    relevantTypes: Annotated[tuple[Iri, ...], msgspec.Meta(min_length=1)] | None = None  # noqa: N815


class ContextGroup(_Part, frozen=True, kw_only=True):
    """A group around a statement, and in which parts (2.0, 4.2.4)."""

    objectType: Literal["contextGroup"]  # noqa: N815
    group: Actor
    relevantTypes: Annotated[tuple[Iri, ...], msgspec.Meta(min_length=1)] | None = None  # noqa: N815


class Context(_Part, frozen=True, kw_only=True):
    """Where, with whom, and as part of what."""

    registration: UUID | None = None
    instructor: Actor | None = None
    team: Actor | None = None
    contextActivities: Around | None = None  # noqa: N815
    contextAgents: tuple[ContextAgent, ...] | None = None  # noqa: N815 - since 2.0
    contextGroups: tuple[ContextGroup, ...] | None = None  # noqa: N815 - since 2.0
    revision: str | None = None
    platform: str | None = None
    language: str | None = None
    statement: Reference | None = None
    extensions: Extensions | None = None

    @property
    def actors(self) -> Iterator[tuple[str, Actor]]:
        """Who stands around the statement, with the path in it."""
        named = {"instructor": self.instructor, "team": self.team}
        yield from ((name, actor) for name, actor in named.items() if actor is not None)
        for number, one in enumerate(self.contextAgents or ()):
            yield f"contextAgents[{number}].agent", one.agent
        for number, many in enumerate(self.contextGroups or ()):
            yield f"contextGroups[{number}].group", many.group


class Attachment(_Part, frozen=True, kw_only=True):
    """A file that belongs to a statement; we keep its description only."""

    usageType: Iri  # noqa: N815
    display: Words
    contentType: str  # noqa: N815
    length: Annotated[int, msgspec.Meta(ge=0)]
    sha2: str
    description: Words | None = None
    fileUrl: Iri | None = None  # noqa: N815


class _Said(_Part, frozen=True, kw_only=True):
    """Every member of a statement but its object."""

    actor: Actor
    verb: VerbPart
    id: UUID | None = None
    result: Result | None = None
    context: Context | None = None
    timestamp: Moment | None = None
    stored: Moment | None = None
    authority: Actor | None = None
    version: Annotated[str, msgspec.Meta(pattern=r"^(1\.0(\.\d+)?|2\.0\.\d+)$")] | None = None
    attachments: tuple[Attachment, ...] | None = None


class Statement(_Said, frozen=True, kw_only=True):
    """Who did what: a statement of ours, whose object is always an activity."""

    object: Activity

    @property
    def activity(self) -> str:
        return self.object.id

    @property
    def target(self) -> None:
        return None


class Received(_Said, frozen=True, kw_only=True):
    """A stranger's statement; what its object is, the object itself says."""

    object: msgspec.Raw

    @property
    def activity(self) -> str | None:
        """The activity's IRI, when the object is one."""
        thing = thing_of(self.object)
        return thing.id if isinstance(thing, Activity) else None

    @property
    def target(self) -> UUID | None:
        """The statement that this one is about, when it is about one."""
        thing = thing_of(self.object)
        return thing.id if isinstance(thing, Reference) else None


class _Head(msgspec.Struct):
    """How the object says what it is."""

    objectType: str = "Activity"  # noqa: N815
    id: str | None = None


class SubStatement(_Part, frozen=True, kw_only=True):
    """A statement inside a statement: without an id of its own, and not nested again."""

    objectType: str  # noqa: N815
    actor: Actor
    verb: VerbPart
    object: msgspec.Raw
    result: Result | None = None
    context: Context | None = None
    timestamp: Moment | None = None
    attachments: tuple[Attachment, ...] | None = None


Thing = Activity | Actor | Reference | SubStatement

_OBJECTS: Final[Mapping[str, type[_Part]]] = {
    "Activity": Activity,
    "Agent": Actor,
    "Group": Actor,
    "StatementRef": Reference,
}


def thing_of(data: msgspec.Raw) -> Thing:
    """The object of a statement that was found valid."""
    kind = msgspec.json.decode(data, type=_Head).objectType
    kinds: dict[str, type[Thing]] = {
        "Agent": Actor,
        "Group": Actor,
        "StatementRef": Reference,
        "SubStatement": SubStatement,
    }
    return msgspec.json.decode(data, type=kinds.get(kind, Activity))


def receive(data: bytes | msgspec.Raw, *, spoken: str = VERSION) -> Received:
    """A stranger's statement; Invalid names what is wrong with it and where. `spoken` is the version
    of the request: what 2.0 brought is unknown to a request of 1.0."""
    try:
        received = msgspec.json.decode(data, type=Received)
        _check_object(received.object, _OBJECTS)
        _check_values(msgspec.json.decode(data), "$")
    except RecursionError as error:
        raise Invalid("The statement is not valid: it is nested too deeply.") from error
    except msgspec.DecodeError as error:
        raise Invalid(f"The statement is not valid: {error}.") from error
    _check_actor(received.actor, "$.actor")
    if received.context is not None:
        _check_context(received.context, spoken)
    if spoken != VERSION_2 and (received.version or "1").startswith("2"):
        raise Invalid("The statement is not valid: $.version is above the one of the request.")
    if received.verb.id == VOIDED and received.target is None:
        raise Invalid("The statement is not valid: $.object of a voiding is a StatementRef.")
    if any(attachment.fileUrl is None for attachment in received.attachments or ()):
        raise Invalid(
            "The statement is not valid: $.attachments need a fileUrl, as we keep no files."
        )
    return received


def identity_in(agent: str) -> str:
    """Who the JSON of an `agent` parameter means; Invalid when it is no one agent."""
    try:
        actor = msgspec.json.decode(agent, type=Actor)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid(f"agent is not valid: {error}.") from error
    _check_actor(actor, "agent")
    if not actor.identities:
        raise Invalid("agent names no one: a group without an identity can't be asked for.")
    return actor.identities[0]


def _check_object(data: msgspec.Raw, kinds: Mapping[str, type[_Part]]) -> None:
    kind = msgspec.json.decode(data, type=_Head).objectType
    if kind == "SubStatement" and kinds is _OBJECTS:
        inner = msgspec.json.decode(data, type=SubStatement)
        _check_actor(inner.actor, "$.object.actor")
        _check_object(inner.object, dict(_OBJECTS))
    elif kind in kinds:
        thing = msgspec.json.decode(data, type=kinds[kind])
        if isinstance(thing, Actor):
            _check_actor(thing, "$.object")
    else:
        raise Invalid(f"The statement is not valid: an object can't be a {kind!r:.40} here.")


def _check_context(context: Context, spoken: str) -> None:
    new = context.contextAgents is not None or context.contextGroups is not None
    if new and spoken != VERSION_2:
        raise Invalid(
            "The statement is not valid: $.context.contextAgents and contextGroups came with 2.0; "
            "say that you speak it."
        )
    for path, actor in context.actors:
        _check_actor(actor, f"$.context.{path}")
        if path.endswith((".group", "team")) and actor.objectType != "Group":
            raise Invalid(f"The statement is not valid: $.context.{path} is a Group.")
        if path.endswith(".agent") and actor.objectType == "Group":
            raise Invalid(f"The statement is not valid: $.context.{path} is an Agent.")


def _check_actor(actor: Actor, where: str) -> None:
    kind = actor.objectType or "Agent"
    names = len(actor.identities)
    if kind not in {"Agent", "Group"}:
        raise Invalid(f"The statement is not valid: {where} is an Agent or a Group.")
    if names > 1 or (names == 0 and not (kind == "Group" and actor.member)):
        raise Invalid(
            f"The statement is not valid: {where} needs exactly one of mbox, mbox_sha1sum, openid and account."
        )
    if kind == "Agent" and actor.member is not None:
        raise Invalid(f"The statement is not valid: {where} has members, so it is a Group.")
    for number, member in enumerate(actor.member or ()):
        _check_actor(member, f"{where}.member[{number}]")


def _check_values(value: Any, where: str) -> None:
    """No nulls outside extensions (Data 2.2), and extensions are keyed by IRIs (4.1.11)."""
    if value is None:
        raise Invalid(f"The statement is not valid: {where} is null; leave it out.")
    if isinstance(value, list):
        for number, item in enumerate(value):
            _check_values(item, f"{where}[{number}]")
    elif isinstance(value, dict):
        for name, item in value.items():
            if name == "extensions":
                _check_keys(item, f"{where}.extensions")
            else:
                _check_values(item, f"{where}.{name}")


def _check_keys(extensions: Mapping[str, Any], where: str) -> None:
    for key in extensions or {}:
        if not _IRI.match(key):
            raise Invalid(
                f"The statement is not valid: {where} has the key {key!r:.80}, which is no IRI."
            )


def duration(length: timedelta) -> str:
    """ISO 8601, in seconds to the hundredth (Data 4.6)."""
    hundredths = max(0, round(length / timedelta(milliseconds=10)))
    seconds = f"{hundredths / 100:.2f}".rstrip("0").rstrip(".")
    return f"PT{seconds}S"


def matter(statement: bytes | str) -> Any:
    """What two statements of one id are compared by (Data 2.4.1): all that no store may set."""
    parts = msgspec.json.decode(statement)
    return {name: value for name, value in parts.items() if name not in _SET_BY_STORES}
