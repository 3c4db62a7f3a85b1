"""What other systems tell in their dialects becomes presence and played segments of ours."""

import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from footprint import log, presence
from footprint.events import StatementReceived
from footprint.policy import Channel
from footprint.rebuilding import rebuild
from footprint.viewings import covered, viewings
from identity.rights import Role
from tests.footprint.conftest import HOUSE, NOON

CLASSROOM = "https://w3id.org/xapi/virtual-classroom"
VIDEO = "https://w3id.org/xapi/video"
RALPH = f"{CLASSROOM}/verbs"


@pytest.fixture
def store(database):
    return database


@pytest.fixture
async def student(store, add_person):
    return await add_person(Role.STUDENT, into=store)


@pytest.fixture
def send(client, store, add_person, token_of, clock):
    """`await send(*statements)`, as another system does a day after; all are taken."""

    async def send(*statements) -> None:
        admin = await add_person(Role.ADMIN, into=store)
        clock.advance(timedelta(days=1))
        headers = {
            "Authorization": f"Bearer {await token_of(admin)}",
            "Content-Type": "application/json",
            "X-Experience-API-Version": "1.0.3",
        }
        data = json.dumps(statements)
        answer = await client.post("/xapi/statements", data=data, headers=headers)
        assert answer.status == 200, await answer.text()

    return send


@pytest.fixture
def told(student, room):
    """A statement of the student, so many minutes after noon."""

    def told(verb: str, minutes: float, thing=None, *, person=student.id, **more) -> dict:
        account = {"homePage": HOUSE.address, "name": str(person)}
        return {
            "actor": {"objectType": "Agent", "name": "Aigerim", "account": account},
            "verb": {"id": verb, "display": {"en-US": verb.rpartition("/")[2]}},
            "object": thing or {"id": HOUSE.lecture(room.lecture)},
            "timestamp": (NOON + timedelta(minutes=minutes)).isoformat(),
        } | more

    return told


@pytest.fixture
def stays(store, room):
    """Presence at the lecture in minutes after noon, which a rebuild finds too."""

    async def stays() -> list[tuple[Channel, float, float]]:
        async with store.begin() as connection:
            rows = (await connection.execute(sa.select(presence.presence))).all()
            await rebuild(connection, HOUSE)
            assert (await connection.execute(sa.select(presence.presence))).all() == rows
            found = await presence.presences(connection, room.lecture)
        minute = timedelta(minutes=1)
        return [
            (
                each.channel,
                (each.span.began_at - NOON) / minute,
                (each.span.ended_at - NOON) / minute,
            )
            for each in found
        ]

    return stays


def of_a_room(room, session: UUID) -> dict:
    """A context as BigBlueButton's webhooks write it by the profile."""
    return {
        "registration": str(room.lecture),
        "contextActivities": {
            "category": [
                {
                    "id": CLASSROOM,
                    "definition": {"type": "http://adlnet.gov/expapi/activities/profile"},
                }
            ],
            "parent": [{"id": HOUSE.lecture(room.lecture)}],
        },
        "extensions": {"https://w3id.org/xapi/cmi5/context/extensions/sessionid": str(session)},
    }


async def test_the_profile_tells_who_came_and_went(send, told, stays, room, store):
    camera = {
        "id": "https://bbb.example.org/camera/7",
        "definition": {"type": f"{CLASSROOM}/activity-types/camera"},
    }
    phone, laptop = (of_a_room(room, uuid4()) for _ in range(2))
    await send(
        told("http://activitystrea.ms/join", 1, context=laptop),
        told("http://activitystrea.ms/start", 2, camera, context=laptop),
        told("http://activitystrea.ms/join", 5, context=phone),
        told("http://activitystrea.ms/leave", 40, context=laptop),
        told("http://activitystrea.ms/leave", 50, context=phone),
    )
    assert await stays() == [(Channel.ELSEWHERE, 1, 40), (Channel.ELSEWHERE, 5, 50)]
    async with store.connect() as connection:
        kept = await log.facts_of_lecture(connection, room.lecture, StatementReceived)
        sources = (await connection.execute(sa.select(log.event.c.source).distinct())).scalars()
        assert (len(kept), list(sources)) == (5, [log.Source.ELSEWHERE])


async def test_the_older_dialect_proves_presence_by_each_verb_of_its_own(send, told, stays):
    """Nobody tells that they left: they were there until the last thing that they did."""
    registration = {"registration": str(uuid4())}
    verbs = ("unmuted", "started-camera", "shared-screen", "raised-hand", "lowered-hand")
    deeds = [
        told(f"{RALPH}/{verb}", minute, context=registration)
        for minute, verb in enumerate(verbs, 3)
    ]
    await send(told("http://activitystrea.ms/join", 1, context=registration), *deeds)
    assert await stays() == [(Channel.ELSEWHERE, 1, 7)]


def of_a_video(room, session: UUID) -> dict:
    return {
        "registration": str(room.lecture),
        "contextActivities": {"category": [{"id": VIDEO}]},
        "extensions": {
            f"{VIDEO}/extensions/session-id": str(session),
            f"{VIDEO}/extensions/length": 400,
        },
    }


def at(**moments) -> dict:
    """A result of the video profile: moments in seconds."""
    names = {name.replace("_", "-"): value for name, value in moments.items()}
    return {"extensions": {f"{VIDEO}/extensions/{name}": names[name] for name in names}}


async def test_the_video_profile_tells_what_was_played(send, told, stays, store, room, student):
    video = {
        "id": f"{HOUSE.lecture(room.lecture)}#recording",
        "definition": {"type": f"{VIDEO}/activity-type/video"},
    }
    by_steps, by_list = (of_a_video(room, uuid4()) for _ in range(2))

    def step(verb: str, minutes: float, context: dict, **moments) -> dict:
        return told(f"{VIDEO}/verbs/{verb}", minutes, video, context=context, result=at(**moments))

    await send(
        step("played", 1, by_steps, time=0),
        step("seeked", 2, by_steps, time_from=60, time_to=300),
        step("paused", 3, by_steps, time=340.5),
        step("seeked", 4, by_steps, time_from=340.5, time_to=0),
        step("paused", 5, by_list, time=20, played_segments="0[.]10"),
        step("paused", 6, by_list, time=100, played_segments="0[.]10[,]60[.]99.5[,]x[.]y"),
    )
    async with store.connect() as connection:
        views = await viewings(connection, room.lecture)
        shares = await covered(connection, room.lecture, NOON + timedelta(days=2))
        in_time = await covered(connection, room.lecture, NOON + timedelta(hours=1))
    assert {view.segments for view in views} == {
        ((0, 60_000), (300_000, 340_500)),
        ((0, 10_000), (60_000, 99_500)),
    }
    assert shares == {student.id: pytest.approx((99.5 + 40.5) / 4)}
    assert in_time == {}  # told a day later, whatever their clock says
    assert await stays() == []


async def test_what_is_not_about_us_means_nothing_here(send, told, stays, room, clock):
    join = "http://activitystrea.ms/join"
    await send(
        told(join, 1, {"id": f"https://elsewhere.example.org/lectures/{room.lecture}"}),
        told(join, 1, {"id": f"{HOUSE.address}/lectures/today"}),
        told(join, 1, person="Aigerim"),
        told("http://adlnet.gov/expapi/verbs/experienced", 1),
        told("http://activitystrea.ms/leave", 2),
    )
    assert await stays() == []


async def test_nobody_was_there_after_it_was_told(send, told, stays):
    join, leave = (f"http://activitystrea.ms/{verb}" for verb in ("join", "leave"))
    await send(told(join, 1), told(leave, 60 * 24 * 365))
    assert await stays() == [(Channel.ELSEWHERE, 1, 60 * 24)]
