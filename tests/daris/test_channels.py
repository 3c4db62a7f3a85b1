"""Channels on air from a pushed schedule: real processes, a real database, real time."""

import asyncio
import hashlib
import os
import signal
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from xml.etree import ElementTree as ET

import m3u8
import pytest

from bench import clips
from daris import channels, plans
from identity.rights import Role
from kernel.clock import SystemClock
from kernel.settings import Settings
from kernel.web import SETTINGS
from player import television
from player.delivery import LIBRARY
from schedule import channel_api, channel_views, live_ends
from schedule.channels import (
    Channel,
    HouseItem,
    ItemState,
    house_items_for,
    keep_house_item,
)
from schedule.lectures import lectures
from schedule.overrun import Live
from schedule.rundown import Programme, Source
from tests.images import png
from transcode import live_slots
from transcode.house import PROFILES, RECIPE
from transcode.library import Library

SCHEDULE = "/api/v1/channels/one/schedule"


@pytest.fixture
def clock() -> SystemClock:
    """Children have clocks of their own, so this test lives in real time."""
    return SystemClock()


@pytest.fixture
async def client(serve):
    routes = [*channel_api.routes(), *channel_views.routes(), *television.routes()]
    return await serve(routes, with_library, channels.opened)


async def with_library(app):
    app[LIBRARY] = Library(app[SETTINGS].data_dir / "media")
    yield


@pytest.fixture
async def operator(add_person, bearer):
    return await bearer(await add_person(Role.OPERATOR))


@pytest.fixture
def library(tmp_path):
    (tmp_path / "library").mkdir()
    return tmp_path / "library"


@pytest.fixture
async def one(client, operator, library):
    new = {"id": "one", "name": "Daris TV", "profile": "360p25"}
    answer = await client.post("/api/v1/channels", json=new, headers=operator)
    assert answer.status == 201


@pytest.fixture
def push(client, operator, one):
    async def send(*programmes: dict) -> dict:
        answer = await client.put(SCHEDULE, json={"programmes": programmes}, headers=operator)
        body = await answer.json()
        assert answer.status == 200, body
        return body

    return send


@pytest.fixture
def as_run(client, operator):
    async def read() -> list[dict]:
        answer = await client.get("/api/v1/channels/one/as-run", headers=operator)
        return (await answer.json())["aired"]

    return read


def programme(key: str, source: dict, *, starts_in: float, takes: float) -> dict:
    return {
        "key": key,
        "starts_at": (datetime.now(UTC) + timedelta(seconds=starts_in)).isoformat(),
        "duration": takes,
        "source": source,
        "title": {"en": key, "kk": f"{key} дәрісі"},
    }


def house(data_dir):
    return list((data_dir / "house").glob("*.mp4"))


async def until(is_so, *, seconds: float = 40):
    """Other processes at work: nothing but asking tells when they got so far."""
    async with asyncio.timeout(seconds):
        while not (answer := await is_so()):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return answer


def film(path) -> None:
    command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=3"]
    subprocess.run([*command, "-c:v", "libx264", "-preset", "ultrafast", path], check=True)


async def recorded(add_person, add_lecture, database, tmp_path):
    """A lecture whose recording is finished."""
    lecture = await add_lecture(await add_person(Role.LECTURER))
    opened = Library(tmp_path / "media").open_recording(
        lecture.id, lecture.starts_at, post=lambda call: call()
    )
    clips.record(opened, 4)
    async with database.begin() as connection:
        await connection.execute(
            lectures.update().where(lectures.c.id == lecture.id).values(recording="ready")
        )
    return lecture


@pytest.mark.timeout(90)
async def test_a_pushed_schedule_goes_on_air_with_a_recording_and_a_broken_file(
    push, client, as_run, library, add_person, add_lecture, database, tmp_path
):
    lecture = await recorded(add_person, add_lecture, database, tmp_path)
    (library / "broken.mp4").write_bytes(os.urandom(20_000))
    body = await push(
        programme("lecture", {"recording": str(lecture.id)}, starts_in=12, takes=3),
        programme("broken", {"file": "broken.mp4"}, starts_in=15, takes=3),
    )
    assert [finding["code"] for finding in body["findings"]] == ["unconditioned"] * 2

    async def broken_was_due():
        return [line for line in await as_run() if line["key"] == "broken"]

    await until(broken_was_due)
    lines = {line["key"]: line for line in await as_run()}
    assert lines["lecture"]["slate"] is False
    assert lines["lecture"]["reason"] is None
    media = {hashlib.sha256(made.read_bytes()).hexdigest() for made in house(tmp_path)}
    assert lines["lecture"]["media"] in media
    assert lines["broken"]["slate"] is True
    assert "cannot be read as media" in lines["broken"]["reason"]

    page = await client.get("/tv/one/index.m3u8")
    playlist = m3u8.loads(await page.text())
    segment = await client.get(f"/tv/one/{playlist.segments[-1].uri}")
    assert segment.status == 200
    assert segment.headers["Content-Type"] == "video/mp4"
    assert (await segment.read())[4:8] == b"moof"
    guide = ET.fromstring(await (await client.get("/tv/epg.xml")).text())
    assert [title.text for title in guide.findall("programme/title[@lang='en']")] == [
        "lecture",
        "broken",
    ]


@pytest.mark.timeout(90)
async def test_a_killed_channel_is_on_air_again_at_once(one, client, tmp_path):
    async def playlist():
        answer = await client.get("/tv/one/index.m3u8")
        return m3u8.loads(await answer.text()) if answer.status == 200 else None

    first = await until(playlist)
    (pid,) = children()
    os.kill(pid, signal.SIGKILL)

    async def is_back():
        now = await playlist()
        return now.media_sequence > first.media_sequence and children() not in ([], [pid])

    await until(is_back)
    text = await (await client.get("/tv/one/index.m3u8")).text()
    assert "#EXT-X-DISCONTINUITY\n" not in text
    assert "#EXT-X-GAP" not in text


@pytest.mark.timeout(90)
async def test_a_file_that_was_still_being_copied_is_conditioned_once_it_is_whole_and_anew_by_a_new_recipe_or_logo(
    push, client, operator, library, database
):
    (library / "film.mp4").write_bytes(b"still being copied")
    wanted = programme("film", {"file": "film.mp4"}, starts_in=600, takes=3)

    async def findings():
        return [finding["code"] for finding in (await push(wanted))["findings"]]

    async def conditioned():
        return await findings() == []

    await push(wanted)
    film(library / "film.mp4")
    await until(conditioned)

    async def made():
        async with database.connect() as connection:
            found = await house_items_for(connection, ["file:film.mp4"])
        return found["file:film.mp4", "360p25"]

    by_hand = await made()
    old = replace(by_hand, report={**by_hand.report, "recipe": RECIPE - 1})
    async with database.begin() as connection:
        await keep_house_item(connection, old, at=datetime.now(UTC))

    async def is_made_anew():
        now = await made()
        assert (now.state, now.file) == (ItemState.READY, by_hand.file)  # on air meanwhile
        return now.report["recipe"] == RECIPE

    await until(is_made_anew)

    image, headers = png(64, 32, (255, 0, 0, 255)), operator | {"Content-Type": "image/png"}
    answer = await client.put("/api/v1/channels/one/logo", data=image, headers=headers)
    look = f"360p25+{(await answer.json())['name']}"

    async def is_marked():
        assert await findings() == []  # without its logo it can be shown meanwhile
        async with database.connect() as connection:
            found = await house_items_for(connection, ["file:film.mp4"])
        return (marked := found.get(("file:film.mp4", look))) and marked.state is ItemState.READY

    await until(is_marked)
    assert (await client.get("/tv/one/logo.png", headers=operator)).content_type == "image/png"


@pytest.mark.timeout(90)
async def test_a_take_is_on_air_within_two_seconds_and_then_the_plan(
    push, client, operator, library, as_run
):
    film(library / "film.mp4")
    await push(programme("film", {"file": "film.mp4"}, starts_in=600, takes=3))

    async def taken():
        wanted = {"source": {"file": "film.mp4"}}
        answer = await client.post("/api/v1/channels/one/take", json=wanted, headers=operator)
        return answer.status == 202 and datetime.now(UTC)

    async def slate_is_on():
        return await as_run()

    async def back_on_plan():
        lines = await as_run()
        is_over = any(line["operator"] for line in lines) and lines[-1]["operator"] is None
        return lines if is_over else None

    await until(slate_is_on)
    asked_at = await until(taken)
    lines = await until(back_on_plan)
    (take,) = [line for line in lines if line["operator"]]
    assert (take["key"], take["title"], take["slate"]) == ("take", "film", False)
    began = datetime.fromisoformat(take["at"])
    assert timedelta(0) < began - asked_at <= timedelta(seconds=2)
    ended = datetime.fromisoformat(take["until"])
    assert (ended - began) / timedelta(seconds=0.96) == 4  # a film of three seconds, then the plan


async def test_the_plan_says_what_to_show_and_why_not(tmp_path):
    channel = Channel(id="one", name="x", profile="720p25", revision=4, languages=("kk",))
    start = datetime(2026, 9, 7, 4, tzinfo=UTC)
    run = [
        Programme(
            key=key,
            starts_at=start + timedelta(hours=hour),
            ends_at=start + timedelta(hours=hour + 1),
            source=source,
            titles={"en": "Lecture", "kk": "Дәріс"},
        )
        for hour, (key, source) in enumerate(
            {
                "ready": Source(file="a.mp4"),
                "failed": Source(file="b.mp4"),
                "waiting": Source(file="c.mp4"),
                "slate": Source(slate=True),
            }.items()
        )
    ]
    known = {"look": "720p25", "version": "1"}
    items = {
        ("file:a.mp4", "720p25"): HouseItem(
            source="file:a.mp4", state=ItemState.READY, file="x.mp4", **known
        ),
        ("file:b.mp4", "720p25"): HouseItem(
            source="file:b.mp4", state=ItemState.FAILED, error="It is noise.", **known
        ),
    }
    settings = Settings(data_dir=tmp_path)
    plan = plans.plan_of(plans.Rundown(channel, run), items, settings, {}, {})
    assert [(item.media and item.media[-5:], item.reason) for item in plan.items] == [
        ("x.mp4", None),
        (None, "It is noise."),
        (None, "the media is not conditioned yet"),
        (None, None),
    ]
    assert plan.items[0].title == "Дәріс"
    assert plan.revision == 4


async def test_what_is_not_on_air_is_not_found(client, one):
    for path in ("/tv/none/index.m3u8", "/tv/one/1.m4s", "/tv/one/plan.json", "/tv/one/..%2Fx"):
        assert (await client.get(path)).status == 404, path


async def test_the_pages_show_what_is_on(push, client):
    await push(programme("Morning lecture", {"slate": True}, starts_in=60, takes=600))
    for path in ("/channels", "/channels/one"):
        answer = await client.get(path, headers={"Accept-Language": "en"})
        assert answer.status == 200
        assert "Morning lecture" in await answer.text()
    playlist = await (await client.get("/tv/playlist.m3u")).text()
    assert "/tv/one/index.m3u8" in playlist


def test_what_the_schedule_knows_of_the_engine_is_right():
    assert live_ends.DELAY == live_slots.DELAY


def test_the_profiles_of_the_api_are_those_of_the_engine():
    assert set(channel_api.Profile.__args__) == set(PROFILES)


def children() -> list[int]:
    """The processes of channels that this process started."""
    found = subprocess.run(
        ["pgrep", "-P", str(os.getpid()), "-f", "transcode.playout"],
        capture_output=True,
        text=True,
        check=False,
    )
    return [int(pid) for pid in found.stdout.split()]


def test_a_room_on_air_keeps_its_look_when_the_channel_gets_another_logo(tmp_path):
    start, lecture = datetime(2026, 9, 7, 4, tzinfo=UTC), uuid4()
    live = Programme(
        key="live",
        starts_at=start,
        ends_at=start + timedelta(hours=1),
        source=Source(live=Live(lecture=lecture)),
        titles={"en": "Lecture"},
    )
    plain = Channel(id="one", name="x", profile="720p25")
    marked, ends = replace(plain, logo="0123456789ab"), {lecture: live.ends_at}

    def looks(channel, at, before):
        return plans.looks_on_air([plans.Rundown(channel, [live])], ends, start + at, before)

    assert looks(plain, -timedelta(minutes=5), {}) == {}
    on_air = looks(plain, timedelta(), {})
    assert looks(marked, timedelta(minutes=1), on_air) == on_air == {("one", lecture): plain.look}
    assert looks(marked, timedelta(minutes=1), {}) == {("one", lecture): marked.look}
    larger = replace(marked, profile="1080p25")  # its process begins anew with it
    assert looks(larger, timedelta(minutes=1), on_air) == {("one", lecture): larger.look}
    assert looks(marked, timedelta(hours=1), on_air) == {}
    plan = plans.plan_of(
        plans.Rundown(marked, [live]), {}, Settings(data_dir=tmp_path), ends, on_air
    )
    assert plan.items[0].live == str(tmp_path / "live" / f"{lecture}-720p25")
