"""What the server says over the room socket, and the values in it: a tagged union of JSON messages
(docs/protocol.md). What it hears is `live.client_messages`.

Nothing here knows the web, the media or the database.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from live.poll_messages import PollChanged, PollInfo, PollTaken, PollVotes
from schedule.study_work import ChatMode


class MediaKind(StrEnum):
    """The kind of an SDP media section."""

    AUDIO = "audio"
    VIDEO = "video"


class Source(StrEnum):
    """What a person publishes; each seat has at most one of a kind."""

    CAMERA = "camera"
    MICROPHONE = "microphone"
    SCREEN = "screen"

    @property
    def kind(self) -> MediaKind:
        return MediaKind.AUDIO if self is Source.MICROPHONE else MediaKind.VIDEO


class Way(StrEnum):
    """How media reaches a seat, the best first."""

    UDP = "udp"
    TCP = "tcp"
    RELAY = "relay"
    STREAM = "stream"
    STILLS = "stills"


class Presence(StrEnum):
    """Whether a person is in the room, or may come back within the grace."""

    PRESENT = "present"
    RECONNECTING = "reconnecting"


class Me(msgspec.Struct, frozen=True):
    """Who the reader of the welcome is here, and what that allows now."""

    person: UUID
    name: str
    role: str
    can_publish: bool  # true with the floor, and always for hosts
    can_host: bool  # give the floor, publish without it, share the screen
    can_moderate: bool  # take the floor, lower hands, ask to mute


class LectureInfo(msgspec.Struct, frozen=True):
    """The lecture as a room shows it; `state` is schedule's LectureState."""

    id: UUID
    title: str
    state: str
    chat_mode: ChatMode = ChatMode.OPEN  # in a welcome the one in force
    waiting_room: bool = False  # in a welcome whether there is one now


class PersonInfo(msgspec.Struct, frozen=True):
    """One person of the list, however many seats they sit on."""

    id: UUID
    name: str
    role: str
    can_host: bool
    has_floor: bool
    presence: Presence


class TrackInfo(msgspec.Struct, frozen=True):
    """One track on the stage."""

    id: UUID
    person: UUID
    source: Source
    kind: MediaKind
    muted: bool


class ChatLine(msgspec.Struct, frozen=True):
    """A line of chat as the history of a welcome carries it."""

    id: UUID
    at: datetime
    person: UUID
    name: str
    text: str
    to_hosts: bool = False  # only they and who said it see it


class RaisedHand(msgspec.Struct, frozen=True):
    """Who asks for the floor, and since when."""

    person: UUID
    at: datetime


class RecordingState(StrEnum):
    """Whether what happens is being written down."""

    OFF = "off"
    ON = "on"
    PAUSED = "paused"


class RecordingInfo(msgspec.Struct, frozen=True):
    """Whether what happens is being recorded; what is wrong with it is told to hosts only."""

    is_on: bool = False
    faults: tuple[str, ...] = ()
    state: RecordingState = RecordingState.OFF


class IceServer(msgspec.Struct, frozen=True, omit_defaults=True):
    """An RTCIceServer dictionary (W3C webrtc-pc 4.2.4)."""

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = None


class WaitingPerson(msgspec.Struct, frozen=True):
    """Somebody who waits, or who was turned away, since that moment."""

    id: UUID
    name: str
    role: str
    since: datetime
    is_here: bool  # False: their connection was lost, or they were turned away


class WaitingPeople(msgspec.Struct, frozen=True, tag_field="type", tag="waiting_people"):
    """For moderators, the newest wins: how many wait, the first hundred of them, and who was turned away."""

    is_on: bool
    count: int
    people: tuple[WaitingPerson, ...] = ()
    turned_away: tuple[WaitingPerson, ...] = ()


class Welcome(msgspec.Struct, frozen=True, tag_field="type", tag="welcome"):
    """The whole state of the room at `now`: what joins or resumes starts from this alone."""

    seat: UUID
    resume: str
    me: Me
    lecture: LectureInfo
    people: tuple[PersonInfo, ...]
    tracks: tuple[TrackInfo, ...]
    chat: tuple[ChatLine, ...]
    hands: tuple[RaisedHand, ...]
    recording: RecordingInfo
    ice_servers: tuple[IceServer, ...]
    now: datetime
    polls: tuple[PollInfo, ...] = ()
    answers: dict[UUID, tuple[int, ...]] = {}  # the reader's, by poll
    waiting: WaitingPeople | None = None  # for moderators, where there is a waiting room


class Answer(msgspec.Struct, frozen=True, tag_field="type", tag="answer"):
    """The SDP answer to the newest offer."""

    sdp: str


class JoinedPeople(msgspec.Struct, frozen=True, tag_field="type", tag="people_joined"):
    """People took their first seats."""

    people: tuple[PersonInfo, ...]


class ChangedPerson(msgspec.Struct, frozen=True, tag_field="type", tag="person_changed"):
    """A person of the list is reconnecting, or back."""

    person: PersonInfo


class LeftPerson(msgspec.Struct, frozen=True, tag_field="type", tag="person_left"):
    """A person's last seat ended."""

    person: UUID


class Chat(msgspec.Struct, frozen=True, tag_field="type", tag="chat"):
    """A line of chat, kept before it is shown."""

    id: UUID
    at: datetime
    person: UUID
    name: str
    text: str
    to_hosts: bool = False


class Waiting(msgspec.Struct, frozen=True, tag_field="type", tag="waiting"):
    """The answer to a hello of somebody whom a host must let in first; a welcome or a bye follows."""

    lecture: LectureInfo
    since: datetime  # they wait, whatever their connection did
    now: datetime


class ChatModeChanged(msgspec.Struct, frozen=True, tag_field="type", tag="chat_mode"):
    """Who writes to whom in the chat from now on."""

    mode: ChatMode


class Caption(msgspec.Struct, frozen=True, tag_field="type", tag="caption"):
    """Somebody wrote down what is being said; to be shown for so long."""

    id: UUID
    language: str
    text: str
    lasts_ms: int


class Hand(msgspec.Struct, frozen=True, tag_field="type", tag="hand"):
    """Somebody's hand went up or down."""

    person: UUID
    raised: bool
    at: datetime


class Floor(msgspec.Struct, frozen=True, tag_field="type", tag="floor"):
    """Somebody was given the floor, or no longer has it."""

    person: UUID
    given: bool


class Tracks(msgspec.Struct, frozen=True, tag_field="type", tag="tracks"):
    """Everything on the stage: a full list, the newest wins."""

    tracks: tuple[TrackInfo, ...]


class Speaking(msgspec.Struct, frozen=True, tag_field="type", tag="speaking"):
    """Whose voice is heard now, the loudest first."""

    people: tuple[UUID, ...]


class Layers(msgspec.Struct, frozen=True, tag_field="type", tag="layers"):
    """Of the reader's own picture only these simulcast layers are watched, by rid."""

    source: Source
    rids: tuple[str, ...]


class PersonQuality(msgspec.Struct, frozen=True):
    """The connection of one person; None is what is not known."""

    person: UUID
    way: Way | None
    loss: int | None  # per cent of the packets on the way to them, before repair
    round_trip_ms: int | None
    jitter_ms: int | None
    up_loss: int | None  # per cent of what they publish
    width: int
    height: int
    freezes: int
    frozen_ms: int
    layer: str | None  # of the largest picture that they are sent


class Quality(msgspec.Struct, frozen=True, tag_field="type", tag="quality"):
    """For moderators: the connections that changed since they were told last."""

    people: tuple[PersonQuality, ...]


class StillAlive(msgspec.Struct, frozen=True, tag_field="type", tag="alive"):
    """The answer to an `alive` that asked for one."""

    echo: int


class AskedToMute(msgspec.Struct, frozen=True, tag_field="type", tag="mute_asked"):
    """The moderator `by` asks the reader to mute a source."""

    source: Source
    by: UUID


class State(msgspec.Struct, frozen=True, tag_field="type", tag="state"):
    """The lecture moved to this state."""

    state: str


class RecordingChanged(msgspec.Struct, frozen=True, tag_field="type", tag="recording"):
    """Recording began or ended, or something is wrong with it."""

    recording: RecordingInfo


class Refused(msgspec.Struct, frozen=True, tag_field="type", tag="refused"):
    """What the reader asked was not done; `about` is the type or the id it concerns."""

    code: str
    message: str
    about: str | None = None


class Bye(msgspec.Struct, frozen=True, tag_field="type", tag="bye"):
    """The last message of a socket: why it closes (see ByeReason)."""

    reason: str
    message: str


class ByeReason(StrEnum):
    """Why the server ends a socket; what a client does about it is in docs/protocol.md."""

    LEFT = "left"
    NOT_OPEN = "not_open"
    ENDED = "ended"
    CANCELLED = "cancelled"
    REPLACED = "replaced"
    SLOW = "slow"
    GARBAGE = "garbage"
    REFUSED = "refused"
    TURNED_AWAY = "turned_away"
    FULL = "full"
    RESTART = "restart"


ServerMessage = (
    Welcome
    | Waiting
    | WaitingPeople
    | Answer
    | JoinedPeople
    | ChangedPerson
    | LeftPerson
    | Chat
    | ChatModeChanged
    | Caption
    | PollChanged
    | PollTaken
    | PollVotes
    | Hand
    | Floor
    | Tracks
    | Speaking
    | Layers
    | Quality
    | StillAlive
    | AskedToMute
    | State
    | RecordingChanged
    | Refused
    | Bye
)

_encoder: Final = msgspec.json.Encoder()


def encode(message: ServerMessage) -> bytes:
    """Write one text frame."""
    return _encoder.encode(message)


def named(union: object) -> Mapping[str, type]:
    """The messages of `ClientMessage` or `ServerMessage` by their tags."""
    return {str(kind.__struct_config__.tag): kind for kind in getattr(union, "__args__", ())}
