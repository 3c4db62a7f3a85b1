"""Facts as xAPI statements: pure, and the same fact always makes the same statement.

Identities are accounts (our address, the person's id): never a name or an address of a person.
`registration` is the lecture as planned, the session id is one run of its room.

Parts that are alike in many statements are made once: values never change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Any, Final
from uuid import UUID

import uuid_utils.compat

from footprint.vocabulary import (
    RAISED_HAND,
    TEMPLATES,
    ActivityType,
    Extension,
    Profile,
    Template,
    Verb,
)
from footprint.xapi import (
    VERSION,
    Account,
    Activity,
    Actor,
    Around,
    Component,
    Context,
    Definition,
    Result,
    Statement,
    VerbPart,
    duration,
)
from kernel.facts import Fact
from live.events import (
    ChatSaid,
    HandLowered,
    HandRaised,
    PersonJoined,
    PersonLeft,
    PollAnswered,
    RoomClosed,
    RoomFact,
    TrackPublished,
    TrackUnpublished,
)
from player.events import ViewBegan, ViewEnded, ViewFact, ViewPaused, ViewPlayed
from player.played import Segment, played_ms, union

NAMESPACE: Final = UUID("5f0c62d1-2d6c-5be7-9d36-2e7b0c5d4a11")
_NO_LANGUAGE: Final = "und"  # of words whose language nobody says (RFC 5646)
SERVICE: Final = "daris"  # the account of what nobody in person did


@dataclass(frozen=True, slots=True)
class House:
    """Whose statements they are: `address` is the service's public URL, without a slash behind."""

    address: str

    def actor(self, person: UUID | None) -> Actor:
        return _actor(self.address, person)

    def lecture(self, lecture: UUID | None) -> str:
        return f"{self.address}/lectures/{lecture}"


@lru_cache(maxsize=10_000)  # who come to a term's lectures
def _actor(address: str, person: UUID | None) -> Actor:
    name = SERVICE if person is None else str(person)
    return Actor(objectType="Agent", account=Account(homePage=address, name=name))


def statement(fact: Fact, house: House) -> Statement | None:
    """The fact's statement; None for a kind that has none (see `vocabulary.UNTOLD`)."""
    name = template_name(fact)
    template = TEMPLATES.get(name)
    if template is None:
        return None
    return Statement(
        id=statement_id(fact.id, name, template.version),
        actor=house.actor(fact.person),
        verb=_verb(template.verb),
        object=_object(fact, template, house),
        result=_result(fact),
        context=_context(fact, template, house),
        timestamp=_happened_at(fact).astimezone(UTC),
        version=VERSION,
    )


def template_name(fact: Fact) -> str:
    """What the fact is called in `vocabulary.TEMPLATES`."""
    kind = str(type(fact).__struct_config__.tag)
    if isinstance(fact, TrackPublished | TrackUnpublished):
        return f"{kind}:{fact.source}"
    return kind


def statement_id(fact: UUID, template: str, version: int) -> UUID:
    """The same for every replay, so that a statement sent twice is one statement."""
    return uuid_utils.compat.uuid5(NAMESPACE, f"{fact}/{template}/{version}")


@cache
def _verb(verb: Verb) -> VerbPart:
    return VerbPart(id=verb, display={"en": verb.name.lower()})


def _object(fact: Fact, template: Template, house: House) -> Activity:
    address = house.lecture(fact.lecture)
    match fact:
        case ChatSaid():
            address += f"/chat#{fact.id}"
        case PollAnswered():
            address += f"/polls#{fact.poll}"
        case TrackPublished() | TrackUnpublished():
            address += f"/tracks#{fact.person}-{fact.source}"
        case ViewFact():
            address += f"#{fact.mode.value}"
    return Activity(objectType="Activity", id=address, definition=_definition(fact, template))


def _definition(fact: Fact, template: Template) -> Definition:
    """Of a poll as an interaction of SCORM's kind (xAPI 1.0.3, Data, appendix C): its choices are named
    by their places."""
    if not isinstance(fact, PollAnswered):
        return _plain(template.object)
    question = fact.question
    return Definition(
        type=template.object,
        description={_NO_LANGUAGE: question.text},
        interactionType="choice",
        choices=tuple(
            Component(id=str(place), description={_NO_LANGUAGE: text})
            for place, text in enumerate(question.choices)
        ),
        correctResponsesPattern=(_places(question.right),) if question.right else None,
    )


def _places(choices: Sequence[int]) -> str:
    return "[,]".join(map(str, choices))


def _answered(fact: PollAnswered) -> Result | None:
    """Of a poll without names nobody is told who chose what."""
    question = fact.question
    if not question.is_named:
        return None
    return Result(
        response=_places(fact.choices),
        success=fact.choices == question.right if question.right else None,
    )


@cache
def _plain(kind: ActivityType) -> Definition:
    return Definition(type=kind)


def _result(fact: Fact) -> Result | None:
    match fact:
        case RoomClosed():
            return Result(duration=duration(fact.at - (_minted_at(fact.run) or fact.at)))
        case HandRaised() | HandLowered():
            return Result(extensions={Extension.EMOJI: RAISED_HAND})
        case PollAnswered():
            return _answered(fact)
        case ViewPlayed():
            return Result(extensions={Extension.TIME: _seconds(fact.position_ms)})
        case ViewPaused() | ViewEnded():
            return Result(extensions=_watched(fact))
        case _:
            return None


def _context(fact: Fact, template: Template, house: House) -> Context:
    return Context(
        registration=fact.lecture,
        contextActivities=_around(template, house, fact.lecture),
        extensions=_context_extensions(fact) or None,
    )


@lru_cache(maxsize=1_000)  # some kinds in each of the lectures that are taught at a time
def _around(template: Template, house: House, lecture: UUID | None) -> Around | None:
    is_part = template.object not in {ActivityType.ROOM, ActivityType.VIDEO}
    room = Activity(id=house.lecture(lecture), definition=_plain(ActivityType.ROOM))
    around = Around(
        category=(_category(template.profile),) if template.profile else None,
        parent=(room,) if is_part else None,
    )
    return around if around != Around() else None


def _context_extensions(fact: Fact) -> dict[str, Any]:
    match fact:
        case RoomFact():
            return {Extension.SESSION: str(fact.run), **_skew(fact)}
        case ViewBegan() | ViewPaused() | ViewEnded():
            return {
                **_skew(fact),
                Extension.VIDEO_SESSION: str(fact.view),
                Extension.LENGTH: _seconds(_length_ms(fact)),
                **({Extension.LATE: True} if fact.is_late else {}),
            }
        case ViewFact():
            return {Extension.VIDEO_SESSION: str(fact.view)}
        case _:
            return {}


def _skew(fact: Fact) -> dict[str, Any]:
    if not isinstance(fact, PersonJoined | ViewBegan) or fact.skew_ms is None:
        return {}
    return {Extension.CLOCK_SKEW: _seconds(fact.skew_ms)}


def _category(profile: Profile) -> Activity:
    return Activity(id=profile, definition=_plain(ActivityType.PROFILE))


def _watched(fact: ViewPaused | ViewEnded) -> dict[str, Any]:
    length_ms = _length_ms(fact)
    covered = min(played_ms(union(fact.segments)), length_ms)
    return {
        Extension.TIME: _seconds(fact.position_ms),
        Extension.PROGRESS: round(covered / length_ms, 3) if length_ms else 0.0,
        Extension.PLAYED_SEGMENTS: _spelt(fact.segments),
    }


def _spelt(segments: Sequence[Segment]) -> str:
    """`a[.]b[,]c[.]d`, in seconds (video profile, played-segments)."""
    return "[,]".join(f"{_seconds(begin)}[.]{_seconds(end)}" for begin, end in segments)


def _length_ms(fact: ViewFact) -> int:
    """The recording's length; while nobody knows it, the furthest moment that the view has seen."""
    if fact.length_ms is not None:
        return fact.length_ms
    segments = fact.segments if isinstance(fact, ViewPaused | ViewEnded) else ()
    return max((end for _, end in segments), default=fact.position_ms)


def _seconds(milliseconds: int) -> float:
    return milliseconds / 1000


def _happened_at(fact: Fact) -> datetime:
    """Somebody who vanished left when they were last proven there, not when we noticed."""
    match fact:
        case PersonLeft() | ViewPaused() | ViewEnded():
            return fact.last_proof_at
        case _:
            return fact.at


def _minted_at(identifier: UUID) -> datetime | None:
    """The moment inside a UUIDv7 (RFC 9562, 5.7)."""
    if identifier.version != 7:
        return None
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=identifier.int >> 80)
