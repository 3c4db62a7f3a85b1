"""What happens in a room, as facts; footprint makes attendance and statements of them.

`run` is one life of a room in one process: after a crash the lecture goes on in a new run, and the
intervals that the old one left open end at the last `SeatsAlive` that names their seat.
`at` is always the server's clock.
"""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kernel.facts import Fact
from schedule.questions import Question
from schedule.study_work import ChatMode


class RoomFact(Fact, frozen=True, kw_only=True):
    """A fact of one run of a room."""

    run: UUID


class SeatFact(RoomFact, frozen=True, kw_only=True):
    """A fact of one seat: a person's browser tab or encoder, named by its device."""

    seat: UUID
    device: str


class RoomOpened(RoomFact, frozen=True, kw_only=True):
    """A process took the lecture's room up; after a crash this happens again with a new run."""

    state: str


class RoomClosed(RoomFact, frozen=True, kw_only=True):
    """The run is over: the lecture ended or was cancelled, or the process stops in an orderly way."""

    reason: str


class PersonJoined(SeatFact, frozen=True, kw_only=True):
    """A seat was taken. `channel` says how it is connected: webrtc, whip or whep; `skew_ms` how far
    the device's own clock was ahead of ours (`kernel.skew`), None where it did not tell."""

    name: str
    role: str
    channel: str = "webrtc"
    skew_ms: int | None = None


class PersonLeft(SeatFact, frozen=True, kw_only=True):
    """A seat ended. It was proven alive at `last_proof_at`, which is where attendance ends.

    Besides, since it joined: in how many whole seconds media reached it, by its receiver reports,
    and its page was in sight. None is unknown; neither is more than the time until the last proof.
    """

    reason: str
    last_proof_at: datetime
    received_s: int | None = None
    visible_s: int | None = None


class SeatProof(msgspec.Struct, frozen=True, array_like=True):
    """A seat's newest proof of presence; who sits there is told by its PersonJoined. The seconds
    are those that its PersonLeft would tell."""

    seat: UUID
    last_proof_at: datetime
    received_s: int | None = None
    visible_s: int | None = None


class SeatsAlive(RoomFact, frozen=True, kw_only=True):
    """A checkpoint, every second: where open intervals end if this process dies now.

    It names the seats that gave a proof since the last one. Only the newest that names a seat
    matters, and none after that seat's PersonLeft: a log may forget them.
    """

    seats: tuple[SeatProof, ...]


class ChatSaid(SeatFact, frozen=True, kw_only=True):
    """A line of chat. The id is the client's, so that a repeated line is kept once. `to_hosts`: a
    question that only they, and who said it, ever see."""

    name: str
    text: str
    to_hosts: bool = False


class ChatModeSet(RoomFact, frozen=True, kw_only=True):
    """The host `person` said who writes to whom in the chat from now on."""

    mode: ChatMode


class PersonAdmitted(RoomFact, frozen=True, kw_only=True):
    """The moderator `by` let the person in from the waiting room, for all runs of the room."""

    by: UUID


class PersonTurnedAway(RoomFact, frozen=True, kw_only=True):
    """The moderator `by` did not let the person in, who is told the reason if there is one."""

    by: UUID
    name: str
    reason: str = ""


class WaitingRoomSwitchedOff(RoomFact, frozen=True, kw_only=True):
    """The host `person` lets everybody in from now on, who waits and who comes."""


class PollOpened(RoomFact, frozen=True, kw_only=True):
    """The moderator `by` asked a question. `prepared` is the one of the lecture's that it was."""

    poll: UUID
    by: UUID
    question: Question
    prepared: UUID | None = None


class PollAnswered(SeatFact, frozen=True, kw_only=True):
    """The person's answer: their newest stands. It tells the question, too, and so can be read when the
    asking of it is over its time. `key` is the client's, so that a repeated answer is kept once."""

    poll: UUID
    key: UUID
    name: str
    question: Question
    choices: tuple[int, ...]  # places in the question's, from 0


class PollClosed(RoomFact, frozen=True, kw_only=True):
    """The moderator `by`, or the lecture's end, closed the poll. The totals stay when answers are erased."""

    poll: UUID
    by: UUID | None
    answered: int  # people
    counts: tuple[int, ...]  # by choice


class PollShown(RoomFact, frozen=True, kw_only=True):
    """The moderator `by` showed the result to everybody, or took it back."""

    poll: UUID
    by: UUID
    is_shown: bool


class TrackPublished(SeatFact, frozen=True, kw_only=True):
    """Camera, microphone or screen went on the stage."""

    track: UUID
    source: str


class TrackUnpublished(SeatFact, frozen=True, kw_only=True):
    """It went off the stage."""

    track: UUID
    source: str


class HandRaised(SeatFact, frozen=True, kw_only=True):
    """A person asks for the floor."""


class HandLowered(RoomFact, frozen=True, kw_only=True):
    """A hand went down, lowered by its owner or by the moderator `by`."""

    by: UUID


class FloorGiven(RoomFact, frozen=True, kw_only=True):
    """The host `by` lets the person publish microphone and camera."""

    by: UUID


class FloorTaken(RoomFact, frozen=True, kw_only=True):
    """The person may publish no longer; `by` is the moderator, or the person."""

    by: UUID


class MuteAsked(RoomFact, frozen=True, kw_only=True):
    """The moderator `by` asked the person to mute a source."""

    by: UUID
    source: str


class ConnectionsMeasured(RoomFact, frozen=True, kw_only=True):
    """Once a minute: of how many people in the room the connection was good, fair and poor. It is never
    kept whose."""

    good: int
    fair: int  # loses more than 2 in 100, or takes more than 200 ms there and back
    poor: int  # more than 8 in 100, or more than 500 ms


class RecordingStarted(RoomFact, frozen=True, kw_only=True):
    """Recording runs; media time zero is `epoch`. It happens again when it goes on after a crash.
    `person` pressed the button; nobody when the schedule did."""

    epoch: datetime


class RecordingPaused(RoomFact, frozen=True, kw_only=True):
    """`person` paused it: what comes is shown and not kept."""


class RecordingResumed(RoomFact, frozen=True, kw_only=True):
    """`person` let it go on."""


class RecordingStopped(RoomFact, frozen=True, kw_only=True):
    """`person` stopped it while the lecture goes on. It may be started again."""


class RecordingConsented(SeatFact, frozen=True, kw_only=True):
    """The person has read that the lecture is recorded. `text` is the version of the words; those of
    each are in `footprint.consents`."""

    text: str = "recording-1"


class RecordingFaulted(RoomFact, frozen=True, kw_only=True):
    """A part of the recording is missing or wrong; the sentence says what and why."""

    message: str


class RecordingFinished(RoomFact, frozen=True, kw_only=True):
    """The recording is whole and playable."""

    duration: timedelta


LiveFact = (
    RoomOpened
    | RoomClosed
    | PersonJoined
    | PersonLeft
    | SeatsAlive
    | ChatSaid
    | ChatModeSet
    | PersonAdmitted
    | PersonTurnedAway
    | WaitingRoomSwitchedOff
    | PollOpened
    | PollAnswered
    | PollClosed
    | PollShown
    | TrackPublished
    | TrackUnpublished
    | HandRaised
    | HandLowered
    | FloorGiven
    | FloorTaken
    | MuteAsked
    | ConnectionsMeasured
    | RecordingStarted
    | RecordingPaused
    | RecordingResumed
    | RecordingStopped
    | RecordingConsented
    | RecordingFaulted
    | RecordingFinished
)
