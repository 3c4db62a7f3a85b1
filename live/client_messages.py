"""What a page or an encoder says over the room socket: a tagged union of JSON messages
(docs/protocol.md). Bytes become values at this edge."""

from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

import msgspec

from kernel.errors import Invalid
from live.messages import Source, Way
from live.poll_messages import AnswerPoll, ClosePoll, OpenPoll, ShowPoll
from schedule.study_work import ChatMode

LONGEST_MESSAGE_BYTES: Final = 256 * 1024  # an offer with dozens of media sections fits

Sdp = Annotated[str, msgspec.Meta(min_length=1, max_length=200_000)]
Device = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
ResumeToken = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Pixels = Annotated[int, msgspec.Meta(ge=0, le=16_384)]
Reason = Annotated[str, msgspec.Meta(max_length=200)]
Mid = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
Count = Annotated[int, msgspec.Meta(ge=0, le=0x7FFFFFFF)]

_number: Final = msgspec.json.Decoder(float)


class Hello(msgspec.Struct, frozen=True, tag_field="type", tag="hello"):
    """The first message of a socket; `resume` is the token of an earlier welcome, `clock` the
    milliseconds since 1970 by the device: anything may stand there."""

    device: Device
    resume: ResumeToken | None = None
    clock: msgspec.Raw = msgspec.Raw(b"null")

    def clock_ms(self) -> float | None:
        """What the clock says; None for what is no number."""
        try:
            return _number.decode(self.clock)
        except (msgspec.MsgspecError, RecursionError):
            return None


class Offer(msgspec.Struct, frozen=True, tag_field="type", tag="offer"):
    """An SDP offer: which track each recvonly section wants, what each sendonly one carries."""

    sdp: Sdp
    receive: dict[Mid, UUID] = {}
    send: dict[Mid, Source] = {}


class Say(msgspec.Struct, frozen=True, tag_field="type", tag="say"):
    """A line of chat; the client mints the id (UUIDv7), so that saying it twice keeps one."""

    id: UUID
    text: str


class SetChatMode(msgspec.Struct, frozen=True, tag_field="type", tag="set_chat_mode"):
    """Hosts: say who writes to whom in the chat from now on."""

    mode: ChatMode


class Admit(msgspec.Struct, frozen=True, tag_field="type", tag="admit"):
    """Moderators: let a person in who waits or was turned away; without one, everybody who waits."""

    person: UUID | None = None


class TurnAway(msgspec.Struct, frozen=True, tag_field="type", tag="turn_away"):
    """Moderators: do not let in a person who waits, and tell them why."""

    person: UUID
    reason: Reason = ""


class SwitchWaitingRoomOff(msgspec.Struct, frozen=True, tag_field="type", tag="waiting_room_off"):
    """Hosts: let everybody in from now on."""


class RaiseHand(msgspec.Struct, frozen=True, tag_field="type", tag="raise_hand"):
    """Ask for the floor."""


class LowerHand(msgspec.Struct, frozen=True, tag_field="type", tag="lower_hand"):
    """Ask no longer."""


class GiveFloor(msgspec.Struct, frozen=True, tag_field="type", tag="give_floor"):
    """Hosts: let a person publish microphone and camera."""

    person: UUID


class TakeFloor(msgspec.Struct, frozen=True, tag_field="type", tag="take_floor"):
    """Moderators, and everybody for themselves: end that; their tracks go off the stage."""

    person: UUID


class LowerHandOf(msgspec.Struct, frozen=True, tag_field="type", tag="lower_hand_of"):
    """Moderators: lower somebody's hand."""

    person: UUID


class SetMuted(msgspec.Struct, frozen=True, tag_field="type", tag="set_muted"):
    """Say that one's own source is muted; with `person`, a moderator asks them to mute it."""

    source: Source
    muted: bool
    person: UUID | None = None


class RecordAction(StrEnum):
    """What a host does with the recording; starting again after a stop goes on in the same item."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"


class Record(msgspec.Struct, frozen=True, tag_field="type", tag="record"):
    """Moderators: start, pause, resume or stop the recording."""

    action: RecordAction


class Consent(msgspec.Struct, frozen=True, tag_field="type", tag="consent"):
    """Whoever publishes: I have read that this lecture is being recorded."""


class View(msgspec.Struct, frozen=True, tag_field="type", tag="view"):
    """How high, in device pixels, each track's picture is shown; one that is missing is not."""

    heights: Annotated[dict[UUID, Pixels], msgspec.Meta(max_length=200)]


class Report(msgspec.Struct, frozen=True, tag_field="type", tag="report"):
    """How media reaches this page; `freezes` and `frozen_ms` count from its beginning."""

    way: Way | None = None
    width: Pixels = 0  # of the largest picture that comes
    height: Pixels = 0
    freezes: Count = 0
    frozen_ms: Count = 0


class Visibility(msgspec.Struct, frozen=True, tag_field="type", tag="visibility"):
    """The page came in sight or went out of it (Page Visibility, `visibilityState`)."""

    visible: bool


class Alive(msgspec.Struct, frozen=True, tag_field="type", tag="alive"):
    """Sent every second: the proof of presence that attendance rests on. An `echo` is answered."""

    echo: Count | None = None


class Leave(msgspec.Struct, frozen=True, tag_field="type", tag="leave"):
    """Leave for good: the seat ends now, without grace."""


ClientMessage = (
    Hello
    | Offer
    | Say
    | SetChatMode
    | Admit
    | TurnAway
    | SwitchWaitingRoomOff
    | RaiseHand
    | LowerHand
    | GiveFloor
    | TakeFloor
    | LowerHandOf
    | SetMuted
    | OpenPoll
    | AnswerPoll
    | ClosePoll
    | ShowPoll
    | Record
    | Consent
    | View
    | Report
    | Visibility
    | Alive
    | Leave
)

_decoder: Final[msgspec.json.Decoder[ClientMessage]] = msgspec.json.Decoder(ClientMessage)


def decode(frame: str | bytes) -> ClientMessage:
    """Read one text frame; Invalid tells in a sentence what is wrong with it."""
    try:
        return _decoder.decode(frame)
    except msgspec.ValidationError as error:
        raise Invalid(f"The message does not follow the protocol: {error}.") from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Invalid("The message is not JSON.") from error
