"""Each kind of statement against the rules of its profile (notes of the two profiles, as data)."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from footprint.kinds import KINDS
from footprint.reception import receive
from footprint.statements import House, statement, statement_id, template_name
from footprint.vocabulary import TEMPLATES
from kernel.ids import new_id
from live.events import PersonLeft, RoomClosed

HOUSE = House("https://live.example.edu")
LECTURE, RUN, PERSON, SEAT, VIEW, POLL = (UUID(int=n) for n in range(1, 7))
NOON = datetime(2026, 9, 7, 4, tzinfo=UTC)

CLASSROOM = "https://w3id.org/xapi/virtual-classroom"
VIDEO = "https://w3id.org/xapi/video"
ROOM = f"{CLASSROOM}/activity-types/virtual-classroom"
SESSION = "https://w3id.org/xapi/cmi5/context/extensions/sessionid"

# verb, type of the object, of every kind of statement that we make
CLASSROOM_RULES = {
    "room-opened": ("http://adlnet.gov/expapi/verbs/initialized", ROOM),
    "room-closed": ("http://adlnet.gov/expapi/verbs/terminated", ROOM),
    "person-joined": ("http://activitystrea.ms/join", ROOM),
    "person-left": ("http://activitystrea.ms/leave", ROOM),
    "track-published:microphone": (
        "http://activitystrea.ms/start",
        f"{CLASSROOM}/activity-types/micro",
    ),
    "track-published:camera": (
        "http://activitystrea.ms/start",
        f"{CLASSROOM}/activity-types/camera",
    ),
    "track-published:screen": (
        "http://activitystrea.ms/share",
        f"{CLASSROOM}/activity-types/screen",
    ),
    "track-unpublished:microphone": (
        f"{CLASSROOM}/verbs/stopped",
        f"{CLASSROOM}/activity-types/micro",
    ),
    "track-unpublished:camera": (
        f"{CLASSROOM}/verbs/stopped",
        f"{CLASSROOM}/activity-types/camera",
    ),
    "track-unpublished:screen": (
        "http://activitystrea.ms/unshare",
        f"{CLASSROOM}/activity-types/screen",
    ),
    "hand-raised": (f"{CLASSROOM}/verbs/reacted", ROOM),
    "hand-lowered": (f"{CLASSROOM}/verbs/unreacted", ROOM),
    "chat-said": (
        "https://w3id.org/xapi/acrossx/verbs/posted",
        "https://w3id.org/xapi/acrossx/activities/message",
    ),
}
VIDEO_RULES = {
    "view-began": ("http://adlnet.gov/expapi/verbs/initialized", (), ("length",)),
    "view-played": (f"{VIDEO}/verbs/played", ("time",), ()),
    "view-paused": (f"{VIDEO}/verbs/paused", ("time",), ("length",)),
    "view-ended": (
        "http://adlnet.gov/expapi/verbs/terminated",
        ("time", "progress", "played-segments"),
        ("length",),
    ),
}
WITH_PARENT = re.compile("track-|chat-")

VALUES = {
    "id": new_id,
    "at": lambda: NOON,
    "lecture": lambda: LECTURE,
    "person": lambda: PERSON,
    "run": lambda: RUN,
    "seat": lambda: SEAT,
    "view": lambda: VIEW,
    "device": lambda: "laptop",
    "last_proof_at": lambda: NOON - timedelta(seconds=2),
    "name": lambda: "Айгерім Серікқызы",
    "text": lambda: "A private thought",
    "mode": lambda: "recording",
    "position_ms": lambda: 90_000,
    "length_ms": lambda: 120_000,
    "poll": lambda: POLL,
    "choices": lambda: [0, 2],
    "question": lambda: {
        "text": "Which are prime?",
        "choices": ["2", "4", "5"],
        "is_multiple": True,
        "is_named": True,
        "right": [0, 2],
    },
    "segments": lambda: [[0, 60_000], [70_000, 90_000]],
}


def fact_of(name: str):
    """A fact of the kind, its members filled in; a track names its source behind the colon."""
    kind, _, source = name.partition(":")
    fields = msgspec.structs.fields(KINDS[kind])
    values = {f.name: VALUES[f.name]() for f in fields if f.name in VALUES}
    for f in fields:
        if f.name not in values and f.required:
            values[f.name] = source if f.name == "source" else _any(f.type)
    return msgspec.convert(values, KINDS[kind])


def _any(kind: type):
    return new_id() if kind is UUID else "some words"


def told(name: str) -> dict:
    """The statement as JSON would give it out."""
    return msgspec.json.decode(msgspec.json.encode(statement(fact_of(name), HOUSE)))


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_a_statement_passes_the_checks_that_strangers_statements_pass(name):
    received = receive(msgspec.json.encode(statement(fact_of(name), HOUSE)))
    assert received.id is not None
    assert received.timestamp is not None
    assert received.version == "1.0.3"


@pytest.mark.parametrize("name", sorted(CLASSROOM_RULES))
def test_the_virtual_classroom_profile_is_kept(name):
    verb, kind = CLASSROOM_RULES[name]
    found = told(name)
    context = found["context"]
    assert found["verb"]["id"] == verb
    assert found["object"]["definition"]["type"] == kind
    assert context["registration"] == str(LECTURE)
    assert context["extensions"][SESSION] == str(RUN)
    assert context["contextActivities"]["category"] == [
        {"id": CLASSROOM, "definition": {"type": "http://adlnet.gov/expapi/activities/profile"}}
    ]


def test_an_answer_to_a_poll_is_an_interaction_with_its_question():
    found = told("poll-answered")
    assert found["verb"]["id"] == "http://adlnet.gov/expapi/verbs/answered"
    assert found["object"]["id"] == f"{HOUSE.address}/lectures/{LECTURE}/polls#{POLL}"
    assert found["object"]["definition"] == {
        "type": "http://adlnet.gov/expapi/activities/cmi.interaction",
        "description": {"und": "Which are prime?"},
        "interactionType": "choice",
        "choices": [
            {"id": "0", "description": {"und": "2"}},
            {"id": "1", "description": {"und": "4"}},
            {"id": "2", "description": {"und": "5"}},
        ],
        "correctResponsesPattern": ["0[,]2"],
    }
    assert found["result"] == {"response": "0[,]2", "success": True}


def test_an_answer_without_a_name_tells_nobody_what_was_chosen():
    named = fact_of("poll-answered")
    question = msgspec.structs.replace(named.question, is_named=False)
    assert statement(msgspec.structs.replace(named, question=question), HOUSE).result is None


@pytest.mark.parametrize("name", [n for n in sorted(CLASSROOM_RULES) if WITH_PARENT.match(n)])
def test_what_is_in_a_room_names_the_room_as_its_parent(name):
    found = told(name)
    parent = found["context"]["contextActivities"]["parent"][0]
    assert (parent["id"], parent["definition"]["type"]) == (
        f"{HOUSE.address}/lectures/{LECTURE}",
        ROOM,
    )
    assert found["object"]["id"] != parent["id"]


@pytest.mark.parametrize("name", sorted(VIDEO_RULES))
def test_the_video_profile_is_kept(name):
    verb, in_result, in_context = VIDEO_RULES[name]
    found = told(name)
    assert found["verb"]["id"] == verb
    assert found["object"]["definition"]["type"] == f"{VIDEO}/activity-type/video"
    assert found["context"]["contextActivities"]["category"][0]["id"] == VIDEO
    assert found["context"]["extensions"][f"{VIDEO}/extensions/session-id"] == str(VIEW)
    for extension in in_context:
        assert f"{VIDEO}/extensions/{extension}" in found["context"]["extensions"]
    for extension in in_result:
        assert f"{VIDEO}/extensions/{extension}" in found["result"]["extensions"]


def test_who_was_confirmed_in_the_auditorium_attended_the_room():
    found = told("presence-confirmed")
    assert found["verb"]["id"] == "http://adlnet.gov/expapi/verbs/attended"
    assert found["object"]["definition"]["type"] == ROOM
    assert found["actor"]["account"]["name"] == str(PERSON)


def test_every_template_has_a_rule():
    of_no_profile = {"recording-opened", "presence-confirmed", "poll-answered"}
    assert set(CLASSROOM_RULES) | set(VIDEO_RULES) | of_no_profile == set(TEMPLATES)


def test_played_segments_are_spelt_as_the_profile_says():
    extensions = told("view-ended")["result"]["extensions"]
    assert extensions[f"{VIDEO}/extensions/played-segments"] == "0.0[.]60.0[,]70.0[.]90.0"
    assert extensions[f"{VIDEO}/extensions/progress"] == 0.667
    assert extensions[f"{VIDEO}/extensions/time"] == 90.0


def test_a_raised_hand_is_a_reaction_with_its_sign():
    assert told("hand-raised")["result"]["extensions"] == {
        f"{CLASSROOM}/extensions/emoji": "U+1F590"
    }


def test_a_closed_room_tells_how_long_it_was_open():
    fact = fact_of("room-closed")
    run = UUID(int=int(NOON.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62)
    at = NOON + timedelta(minutes=50, milliseconds=250)
    closed = RoomClosed(id=fact.id, at=at, lecture=LECTURE, run=run, reason="ended")
    assert statement(closed, HOUSE).result.duration == "PT3000.25S"


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_no_name_and_no_word_of_a_person_is_in_a_statement(name):
    text = msgspec.json.encode(statement(fact_of(name), HOUSE)).decode()
    assert "Айгерім" not in text
    assert "private thought" not in text


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_the_actor_is_an_account_of_this_service(name):
    assert told(name)["actor"] == {
        "objectType": "Agent",
        "account": {"homePage": HOUSE.address, "name": str(PERSON)},
    }


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_a_replay_makes_the_same_statement(name):
    fact = fact_of(name)
    assert statement(fact, HOUSE) == statement(fact, HOUSE)
    assert statement(fact, HOUSE).id == statement_id(fact.id, template_name(fact), 1)


def test_another_version_of_a_template_is_another_statement():
    fact = new_id()
    assert statement_id(fact, "chat-said", 1) != statement_id(fact, "chat-said", 2)


def test_who_vanished_left_at_the_last_proof():
    fact = fact_of("person-left")
    assert isinstance(fact, PersonLeft)
    assert statement(fact, HOUSE).timestamp == fact.last_proof_at


def test_what_neither_profile_has_a_verb_for_makes_no_statement():
    assert statement(fact_of("floor-given"), HOUSE) is None


@pytest.mark.parametrize("kind", ["person-joined", "view-began"])
def test_who_comes_tells_how_far_the_clock_of_the_device_is_off(kind):
    skew = "urn:daris:extension:clock-skew"
    off = msgspec.structs.replace(fact_of(kind), skew_ms=-2_500)
    assert statement(off, HOUSE).context.extensions[skew] == -2.5
    assert skew not in told(kind)["context"]["extensions"]


def test_what_an_offline_package_told_is_marked_as_late():
    mark = "urn:daris:extension:late-arrival"
    for kind in ("view-began", "view-ended"):
        late = msgspec.structs.replace(fact_of(kind), is_late=True)
        assert statement(late, HOUSE).context.extensions[mark] is True
        assert mark not in told(kind)["context"]["extensions"]
