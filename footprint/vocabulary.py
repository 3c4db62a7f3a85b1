"""The published IRIs that our statements are made of, as data.

Virtual classroom profile: https://w3id.org/xapi/virtual-classroom (gaia-x-dases).
Video profile 1.0.3: https://w3id.org/xapi/video (ADL). Where its JSON-LD disagrees with itself we
follow the statement templates.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_CLASSROOM: Final = "https://w3id.org/xapi/virtual-classroom"
_VIDEO: Final = "https://w3id.org/xapi/video"


class Profile(StrEnum):
    """A profile's IRI is the category that its statements carry."""

    CLASSROOM = _CLASSROOM
    VIDEO = _VIDEO
    LOCAL = ""  # a published verb, but of no profile


class Verb(StrEnum):
    """What was done."""

    INITIALIZED = "http://adlnet.gov/expapi/verbs/initialized"
    TERMINATED = "http://adlnet.gov/expapi/verbs/terminated"
    JOINED = "http://activitystrea.ms/join"
    LEFT = "http://activitystrea.ms/leave"
    STARTED = "http://activitystrea.ms/start"
    STOPPED = f"{_CLASSROOM}/verbs/stopped"
    SHARED = "http://activitystrea.ms/share"
    UNSHARED = "http://activitystrea.ms/unshare"
    REACTED = f"{_CLASSROOM}/verbs/reacted"
    UNREACTED = f"{_CLASSROOM}/verbs/unreacted"
    ANSWERED = "http://adlnet.gov/expapi/verbs/answered"
    POSTED = "https://w3id.org/xapi/acrossx/verbs/posted"
    PLAYED = f"{_VIDEO}/verbs/played"
    PAUSED = f"{_VIDEO}/verbs/paused"
    ATTENDED = "http://adlnet.gov/expapi/verbs/attended"
    VIEWED = "http://id.tincanapi.com/verb/viewed"


class ActivityType(StrEnum):
    """What it was done to."""

    ROOM = f"{_CLASSROOM}/activity-types/virtual-classroom"
    MICRO = f"{_CLASSROOM}/activity-types/micro"
    CAMERA = f"{_CLASSROOM}/activity-types/camera"
    SCREEN = f"{_CLASSROOM}/activity-types/screen"
    MESSAGE = "https://w3id.org/xapi/acrossx/activities/message"
    INTERACTION = "http://adlnet.gov/expapi/activities/cmi.interaction"
    VIDEO = f"{_VIDEO}/activity-type/video"
    PROFILE = "http://adlnet.gov/expapi/activities/profile"


class Extension(StrEnum):
    """What else is told."""

    SESSION = "https://w3id.org/xapi/cmi5/context/extensions/sessionid"
    EMOJI = f"{_CLASSROOM}/extensions/emoji"
    VIDEO_SESSION = f"{_VIDEO}/extensions/session-id"
    TIME = f"{_VIDEO}/extensions/time"
    TIME_FROM = f"{_VIDEO}/extensions/time-from"
    TIME_TO = f"{_VIDEO}/extensions/time-to"
    LENGTH = f"{_VIDEO}/extensions/length"
    PROGRESS = f"{_VIDEO}/extensions/progress"
    PLAYED_SEGMENTS = f"{_VIDEO}/extensions/played-segments"
    CLOCK_SKEW = "urn:daris:extension:clock-skew"  # seconds that the device's clock was ahead
    LATE = (
        "urn:daris:extension:late-arrival"  # told afterwards, by the clock of a learner's computer
    )


RAISED_HAND: Final = "U+1F590"  # the spelling that BigBlueButton's statements brought in


@dataclass(frozen=True, slots=True)
class Template:
    """One kind of statement: who did what to what, under which profile."""

    profile: Profile
    verb: Verb
    object: ActivityType
    version: int = 1  # raise it when the meaning changes: statement ids follow


# By the kind of the fact; a published track names its source behind a colon.
TEMPLATES: Final = {
    "room-opened": Template(Profile.CLASSROOM, Verb.INITIALIZED, ActivityType.ROOM),
    "room-closed": Template(Profile.CLASSROOM, Verb.TERMINATED, ActivityType.ROOM),
    "person-joined": Template(Profile.CLASSROOM, Verb.JOINED, ActivityType.ROOM),
    "person-left": Template(Profile.CLASSROOM, Verb.LEFT, ActivityType.ROOM),
    "chat-said": Template(Profile.CLASSROOM, Verb.POSTED, ActivityType.MESSAGE),
    "poll-answered": Template(Profile.LOCAL, Verb.ANSWERED, ActivityType.INTERACTION),
    "hand-raised": Template(Profile.CLASSROOM, Verb.REACTED, ActivityType.ROOM),
    "hand-lowered": Template(Profile.CLASSROOM, Verb.UNREACTED, ActivityType.ROOM),
    "track-published:microphone": Template(Profile.CLASSROOM, Verb.STARTED, ActivityType.MICRO),
    "track-published:camera": Template(Profile.CLASSROOM, Verb.STARTED, ActivityType.CAMERA),
    "track-published:screen": Template(Profile.CLASSROOM, Verb.SHARED, ActivityType.SCREEN),
    "track-unpublished:microphone": Template(Profile.CLASSROOM, Verb.STOPPED, ActivityType.MICRO),
    "track-unpublished:camera": Template(Profile.CLASSROOM, Verb.STOPPED, ActivityType.CAMERA),
    "track-unpublished:screen": Template(Profile.CLASSROOM, Verb.UNSHARED, ActivityType.SCREEN),
    "recording-opened": Template(Profile.LOCAL, Verb.VIEWED, ActivityType.VIDEO),
    "presence-confirmed": Template(Profile.LOCAL, Verb.ATTENDED, ActivityType.ROOM),
    "view-began": Template(Profile.VIDEO, Verb.INITIALIZED, ActivityType.VIDEO),
    "view-played": Template(Profile.VIDEO, Verb.PLAYED, ActivityType.VIDEO),
    "view-paused": Template(Profile.VIDEO, Verb.PAUSED, ActivityType.VIDEO),
    "view-ended": Template(Profile.VIDEO, Verb.TERMINATED, ActivityType.VIDEO),
}

# Facts that make no statement, and why not.
UNTOLD: Final = {
    "seats-alive": "A checkpoint of presence, every second; it is not kept as an event.",
    "view-progressed": "A checkpoint of watching; it is not kept as an event.",
    "poll-opened": "The work of whoever teaches; each answer tells its question.",
    "poll-closed": "The work of whoever teaches; the answers are told.",
    "poll-shown": "The work of whoever teaches; no profile has a verb for it.",
    "chat-mode-set": "The work of whoever teaches; no profile has a verb for it.",
    "person-admitted": "The work of whoever teaches; that they then join is told.",
    "person-turned-away": "The work of whoever teaches; no profile has a verb for it.",
    "waiting-room-switched-off": "The work of whoever teaches; no profile has a verb for it.",
    "floor-given": "Neither profile has a verb for it; what is then published is told.",
    "floor-taken": "Neither profile has a verb for it; what ends by it is told.",
    "mute-asked": "Neither profile has a verb for it; the source's end is told.",
    "connections-measured": "What the machine measured, of nobody in person.",
    "recording-started": "What the machine did, not a person.",
    "recording-paused": "About the machine; the fact names who did it.",
    "recording-resumed": "About the machine; the fact names who did it.",
    "recording-stopped": "About the machine; the fact names who did it.",
    "recording-deleted": "The work of whoever publishes it; no profile has a verb for it.",
    "caption-written": "The work of whoever helps the lecture; no profile has a verb for it.",
    "recording-edited": "The work of whoever publishes it; no profile has a verb for it.",
    "recording-consented": "A notice that was read; no profile has a verb for it.",
    "recording-faulted": "What the machine did, not a person.",
    "recording-finished": "What the machine did, not a person.",
    "lecture-planned": "A plan, not an experience; the timetable has it.",
    "lecture-changed": "A plan, not an experience; the timetable has it.",
    "lecture-cancelled": "A plan, not an experience; the timetable has it.",
    "lecture-opened": "The opening of its room is told.",
    "lecture-started": "The classroom profile knows rooms, joins and what is published, no start.",
    "lecture-ended": "The closing of its room is told.",
    "recording-published": "What the machine did, not a person.",
    "recording-shared": "The work of whoever publishes it; no profile has a verb for it.",
    "recording-kept": "The work of whoever publishes it; no profile has a verb for it.",
    "assignment-made": "The work of whoever teaches; that it was watched is told.",
    "assignment-withdrawn": "The work of whoever teaches; no profile has a verb for it.",
    "channel-added": "The work of the broadcast desk; neither profile knows channels.",
    "schedule-pushed": "The work of the broadcast desk; neither profile knows channels.",
    "source-taken": "The work of the broadcast desk; neither profile knows channels.",
    "source-released": "The work of the broadcast desk; neither profile knows channels.",
    "footprint-read": "The record of who read the record; it belongs to audits, not to analytics.",
    "attendance-marked": "A judgement of the lecturer's; neither profile knows verdicts, and absence is none.",
    "facts-expired": "What the machine did, not a person.",
    "policy-adopted": "A rule, not an experience; results name its version.",
    "purpose-switched": "A rule, not an experience.",
    "correction-asked": "A dispute about the record; it belongs to the record, not to analytics.",
    "correction-answered": "A dispute about the record; it belongs to the record, not to analytics.",
    "category-assigned": "It may tell of a disability or of a sentence: it goes nowhere.",
    "arrival-scanned": "A claim; that it was confirmed is told.",
    "person-erased": "It tells that somebody is not told of any more, and not who.",
    "statement-received": "It holds a statement of another system, which is given out as it came.",
}
