"""Polls over the room socket: what is asked and answered, and what of it who may see."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from schedule.questions import Question

Choices = Annotated[tuple[int, ...], msgspec.Meta(max_length=8)]


class OpenPoll(msgspec.Struct, frozen=True, tag_field="type", tag="open_poll"):
    """Moderators: ask; the client mints the id (UUIDv7), so that asking twice opens one poll."""

    id: UUID
    question: Question
    prepared: UUID | None = None  # the prepared question that this is


class AnswerPoll(msgspec.Struct, frozen=True, tag_field="type", tag="answer_poll"):
    """Choose; the client mints the key (UUIDv7), so that a repetition counts once and changes nothing."""

    poll: UUID
    key: UUID
    choices: Choices


class ClosePoll(msgspec.Struct, frozen=True, tag_field="type", tag="close_poll"):
    """Moderators: no more answers."""

    poll: UUID


class ShowPoll(msgspec.Struct, frozen=True, tag_field="type", tag="show_poll"):
    """Moderators: show everybody the result, or no longer."""

    poll: UUID
    shown: bool


PollMessage = OpenPoll | AnswerPoll | ClosePoll | ShowPoll


class PollInfo(msgspec.Struct, frozen=True):
    """A poll as its reader may see it: `answered`, `counts` by choice and the right answers are for
    moderators; for everybody while the result is shown, the right answers when the poll is closed."""

    id: UUID
    at: datetime
    question: Question
    is_open: bool
    is_shown: bool
    answered: int | None = None  # people
    counts: tuple[int, ...] | None = None


class PollChanged(msgspec.Struct, frozen=True, tag_field="type", tag="poll"):
    """A poll was opened, closed or shown, or has new answers: the newest wins."""

    poll: PollInfo


class PollTaken(msgspec.Struct, frozen=True, tag_field="type", tag="poll_answered"):
    """To all seats of a person: this is their answer now, and it is kept."""

    poll: UUID
    key: UUID
    choices: tuple[int, ...]


class PollVote(msgspec.Struct, frozen=True):
    """Who chose what."""

    person: UUID
    name: str
    choices: tuple[int, ...]


class PollVotes(msgspec.Struct, frozen=True, tag_field="type", tag="poll_votes"):
    """To moderators, of a poll with names: the answers that are new, one a person."""

    poll: UUID
    votes: tuple[PollVote, ...]
