"""xAPI 1.0.3 and 2.0 (IEEE 9274.1.1) as values: the statement, whosever it is."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec

VERSION: Final = "1.0.3"  # of our own statements
VERSION_2: Final = "2.0.0"
VOIDED: Final = "http://adlnet.gov/expapi/verbs/voided"

_IRI: Final = re.compile(r"^[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>\"{}|\\^`]+\Z")
# RFC 5646, 2.1: language, extended language, script, region, variants, extensions, private use;
# or one of old registration, or wholly of private use. No extension comes twice (2.2.6).
_BEFORE_PRIVATE_USE: Final = r"(?:(?!-[xX]-).)"
_TWICE: Final = (
    rf"(?![xX]-){_BEFORE_PRIVATE_USE}*?-([A-WY-Za-wy-z0-9])-{_BEFORE_PRIVATE_USE}+?-(?i:\1)-"
)
_LANGUAGE: Final = (
    rf"^(?!{_TWICE})"
    r"(([A-Za-z]{2,3}(-[A-Za-z]{3}){0,3}|[A-Za-z]{4,8})(-[A-Za-z]{4})?(-([A-Za-z]{2}|\d{3}))?"
    r"(-([A-Za-z0-9]{5,8}|\d[A-Za-z0-9]{3}))*(-[A-WY-Za-wy-z0-9](-[A-Za-z0-9]{2,8})+)*"
    r"(-[xX](-[A-Za-z0-9]{1,8})+)?|[iI]-[A-Za-z]{2,8}|sgn-(BE-FR|BE-NL|CH-DE)|en-GB-oed"
    r"|[xX](-[A-Za-z0-9]{1,8})+)\Z"
)
_MEDIA_TYPE: Final = r"^[\w!#$&^.+\-]+/[\w!#$&^.+\-]+( *;[^\r\n]*)?\Z"  # it becomes a header
# ISO 8601, 4.4.3.2: the last part alone may have a fraction.
_PART: Final = r"\d+([.,]\d+)?"
_DURATION: Final = (
    rf"^P(?=.)(?!.*[.,]\d+[A-Z].)({_PART}W|({_PART}Y)?({_PART}M)?({_PART}D)?"
    rf"(T(?=\d)({_PART}H)?({_PART}M)?({_PART}S)?)?)\Z"
)
_SHA2: Final = r"^([0-9a-fA-F]{56}|[0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128})\Z"
_SET_BY_STORES: Final = frozenset({"id", "stored", "timestamp", "authority", "version"})

Iri = Annotated[str, msgspec.Meta(pattern=_IRI.pattern)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Language = Annotated[str, msgspec.Meta(pattern=_LANGUAGE)]
Words = Annotated[dict[Language, str], msgspec.Meta(min_length=1)]  # a language map
Extensions = dict[Iri, Any]  # the values are anybody's JSON


Interaction = Literal[
    "true-false",
    "choice",
    "fill-in",
    "long-fill-in",
    "matching",
    "performance",
    "sequencing",
    "likert",
    "numeric",
    "other",
]


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
    mbox: Annotated[str, msgspec.Meta(pattern=r"^mailto:[^@\s]+@[^@\s]+\Z")] | None = None
    mbox_sha1sum: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-fA-F]{40}\Z")] | None = None
    openid: Iri | None = None
    account: Account | None = None
    member: tuple["Actor", ...] | None = None

    @property
    def identities(self) -> list[str]:
        """The inverse functional identifiers, each as one string; a valid agent has one."""
        found = []
        if self.mbox:
            found.append(f"mbox {self.mbox}")
        if self.mbox_sha1sum:
            found.append(f"sha1 {self.mbox_sha1sum.lower()}")
        if self.openid:
            found.append(f"openid {self.openid}")
        if self.account:
            found.append(f"account {self.account.homePage} {self.account.name}")
        return found


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
    interactionType: Interaction | None = None  # noqa: N815
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
    objectType: Literal["Activity"] | None = None  # noqa: N815
    definition: Definition | None = None


class Reference(_Part, frozen=True, kw_only=True):
    """Another statement."""

    objectType: Literal["StatementRef"]  # noqa: N815
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
    duration: Annotated[str, msgspec.Meta(pattern=_DURATION)] | None = None
    extensions: Extensions | None = None


class Around(_Part, frozen=True, kw_only=True):
    """The activities around a statement. One alone may stand without a list."""

    parent: tuple[Activity, ...] | Activity | None = None
    grouping: tuple[Activity, ...] | Activity | None = None
    category: tuple[Activity, ...] | Activity | None = None
    other: tuple[Activity, ...] | Activity | None = None

    @property
    def activities(self) -> Iterator[tuple[str, Activity]]:
        """Each, with the path to it."""
        for name in ("parent", "grouping", "category", "other"):
            part = getattr(self, name)
            if isinstance(part, Activity):
                yield name, part
            else:
                yield from ((f"{name}[{number}]", one) for number, one in enumerate(part or ()))


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
    language: Language | None = None
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
    """A file that belongs to a statement (see `attachments`)."""

    usageType: Iri  # noqa: N815
    display: Words
    contentType: Annotated[str, msgspec.Meta(pattern=_MEDIA_TYPE)]  # noqa: N815
    length: Annotated[int, msgspec.Meta(ge=0)]
    sha2: Annotated[str, msgspec.Meta(pattern=_SHA2)]
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
    version: Annotated[str, msgspec.Meta(pattern=r"^(1\.0(\.\d+)?|2\.0\.\d+)\Z")] | None = None
    attachments: tuple[Attachment, ...] | None = None


class Statement(_Said, frozen=True, kw_only=True):
    """Who did what: a statement of ours, whose object is always an activity."""

    object: Activity

    @property
    def thing(self) -> Activity:
        return self.object

    @property
    def activity(self) -> str:
        return self.object.id

    @property
    def target(self) -> None:
        return None


class Received(_Said, frozen=True, kw_only=True, dict=True):
    """A stranger's statement; what its object is, the object itself says."""

    object: msgspec.Raw

    @cached_property
    def thing(self) -> "Thing":
        """The object, read; msgspec.DecodeError when it is none."""
        return thing_of(self.object)

    @property
    def files(self) -> tuple[Attachment, ...]:
        """The attachments, also those of a statement inside."""
        inner = self.thing.attachments if isinstance(self.thing, SubStatement) else None
        return (*(self.attachments or ()), *(inner or ()))

    @property
    def activity(self) -> str | None:
        """The activity's IRI, when the object is one."""
        return self.thing.id if isinstance(self.thing, Activity) else None

    @property
    def target(self) -> UUID | None:
        """The statement that this one is about, when it is about one."""
        return self.thing.id if isinstance(self.thing, Reference) else None


class _Head(msgspec.Struct):
    """How the object says what it is."""

    objectType: str = "Activity"  # noqa: N815
    id: str | None = None


class SubStatement(_Part, frozen=True, kw_only=True, dict=True):
    """A statement inside a statement: without an id of its own, and not nested again."""

    objectType: str  # noqa: N815
    actor: Actor
    verb: VerbPart
    object: msgspec.Raw
    result: Result | None = None
    context: Context | None = None
    timestamp: Moment | None = None
    attachments: tuple[Attachment, ...] | None = None

    @cached_property
    def thing(self) -> "Thing":
        """The object, read; msgspec.DecodeError when it is none."""
        return thing_of(self.object)


Thing = Activity | Actor | Reference | SubStatement


def kind_of(data: msgspec.Raw) -> str:
    """What the object of a statement says it is; msgspec.DecodeError when it is no JSON object."""
    return _head.decode(data).objectType


def thing_of(data: msgspec.Raw) -> Thing:
    """The object of a statement that was found valid."""
    thing: Thing = _things.get(kind_of(data), _activity).decode(data)
    return thing


_head: Final = msgspec.json.Decoder(_Head)
_activity: Final = msgspec.json.Decoder(Activity)
_things: Final[Mapping[str, msgspec.json.Decoder[Any]]] = {
    "Activity": _activity,
    "Agent": msgspec.json.Decoder(Actor),
    "Group": msgspec.json.Decoder(Actor),
    "StatementRef": msgspec.json.Decoder(Reference),
    "SubStatement": msgspec.json.Decoder(SubStatement),
}


def duration(length: timedelta) -> str:
    """ISO 8601, in seconds to the hundredth (Data 4.6)."""
    hundredths = max(0, round(length / timedelta(milliseconds=10)))
    seconds = f"{hundredths / 100:.2f}".rstrip("0").rstrip(".")
    return f"PT{seconds}S"


def matter(statement: bytes | str) -> Any:
    """What two statements of one id are compared by (Data 2.4.1): all that no store may set."""
    parts = msgspec.json.decode(statement)
    return {name: value for name, value in parts.items() if name not in _SET_BY_STORES}
