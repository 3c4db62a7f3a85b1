"""A lecture from the first frame to the recording, with real browsers."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

STUDENTS = ("Dana Omarova", "Timur Li", "Asel Nurlan")


async def test_a_lecture_is_seen_heard_and_kept(
    server, browser, launch, account, enter, player, eventually
):
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    students = [await account(server, "student", name) for name in STUDENTS]
    lecture = await lecturer.plan()
    host = await enter(await lecturer.sign_in(browser), lecture)
    await host.press("start")

    async with launch() as doomed:
        browsers = (browser, browser, doomed)
        rooms = [
            await enter(await student.sign_in(theirs), lecture)
            for student, theirs in zip(students, browsers, strict=True)
        ]
        for room in rooms:
            await room.sees("camera")
            await room.hears()
        await host.say("Қайырлы күн!")
        await rooms[0].say("Сәлеметсіз бе!")
        for room in (host, *rooms):
            await room.reads("Қайырлы күн!")
            await room.reads("Сәлеметсіз бе!")
        killed_at = datetime.now(UTC)

    far = player(await students[1].sign_in(browser))
    await far.page.goto(f"/lectures/{lecture}?watch=1")
    await far.plays()
    await eventually(lambda: is_at_the_edge(far))
    for room in rooms[:2]:
        await room.sees("camera", frames=150)
        stats = await room.stats()
        assert [t["lost"] for t in stats["tracks"].values()] == [0, 0]
        assert max(t["width"] or 0 for t in stats["tracks"].values()) >= 320

    async def is_asel_out():
        row = await attendance_of(lecturer, lecture, "Asel Nurlan")
        ended_at = datetime.fromisoformat(row["intervals"][-1]["ended_at"])
        return abs((ended_at - killed_at).total_seconds()) < 2

    await eventually(is_asel_out)

    await host.press("stop")
    stopped_at = datetime.now(UTC)
    await host.press("stop-confirm")
    await eventually(lambda: is_published(lecturer, lecture), every=0.05)
    assert (datetime.now(UTC) - stopped_at).total_seconds() < 3

    for name, length in (await levels_of(lecturer, lecture, students[0], eventually)).items():
        assert 2 <= length["known"] <= length["connected"], name

    watching = player(rooms[0].page)
    await rooms[0].page.get_by_test_id("player").wait_for()
    await rooms[0].press("play")
    await watching.plays(frames=25)
    length = (await watching.picture())["duration"]
    assert length > 10
    await watching.seek(length - 4)
    await watching.seek(1)
    await rooms[0].reads("Сәлеметсіз бе!")
    assert not host.errors
    assert not [error for room in rooms for error in room.errors]


@pytest.mark.untimed
async def test_nobody_is_counted_twice(server, browser, account, enter, eventually):
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    dana = await account(server, "student", "Dana Omarova")
    lecture = await lecturer.plan()
    await lecturer.post(f"/api/v1/lectures/{lecture}/start")
    first = await dana.sign_in(browser)
    second = await first.context.new_page()
    one, two = await enter(first, lecture), await enter(second, lecture)
    await one.until("daris.room.people.length === 1")
    await two.page.close()
    await one.say("still here")
    await one.reads("still here")
    await lecturer.post(f"/api/v1/lectures/{lecture}/stop")

    async def row():
        sheet = await lecturer.get(f"/api/v1/lectures/{lecture}/attendance")
        return sheet if sheet["rows"] else None

    sheet = await eventually(row)
    (counted,) = sheet["rows"]
    assert counted["percent"] <= 100
    assert counted["minutes"] <= sheet["totals"]["lecture_minutes"] + 0.01
    ends = [
        moment for span in counted["counted"] for moment in (span["began_at"], span["ended_at"])
    ]
    assert all(before <= after for before, after in pairwise(ends))


@pytest.mark.untimed
async def test_a_reload_keeps_the_seat(server, browser, account, enter):
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    dana = await account(server, "student", "Dana Omarova")
    lecture = await lecturer.plan()
    host = await enter(await lecturer.sign_in(browser), lecture)
    await host.press("start")
    student = await enter(await dana.sign_in(browser), lecture)
    await student.sees("camera", frames=5)
    seat = await student.page.evaluate("daris.room.seat")
    await student.page.reload()
    await student.until("daris.room.seat")
    assert await student.page.evaluate("daris.room.seat") == seat
    await student.sees("camera")
    statements = await joins(server, account, lecture)
    assert statements.count(dana.id) == 1


@pytest.mark.untimed
async def test_the_floor_lets_a_student_speak_and_show(server, browser, account, enter):
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    dana = await account(server, "student", "Dana Omarova")
    lecture = await lecturer.plan()
    host = await enter(await lecturer.sign_in(browser), lecture)
    await host.press("start")
    student = await enter(await dana.sign_in(browser), lecture)
    await student.press("hand")
    await host.until("daris.room.hands.length === 1")
    await host.press("people-toggle")
    await host.press("floor-give")
    await student.until("daris.room.me.can_publish")
    await student.press("mic-toggle")
    await host.hears()
    await student.press("camera-toggle")
    await host.sees("camera", frames=10)
    await host.press("floor-take")
    await student.until("!daris.room.me.can_publish")
    await host.until("daris.room.tracks.every((track) => track.person === daris.room.me.person)")


@pytest.mark.untimed
async def test_slides_are_shared_beside_the_camera(server, browser, account, enter, player):
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    dana = await account(server, "student", "Dana Omarova")
    lecture = await lecturer.plan()
    page = await lecturer.sign_in(browser)
    slides = await page.context.new_page()
    await slides.set_content("<title>Slides</title><h1>Толқын</h1>")
    host = await enter(page, lecture)
    await host.press("start")
    student = await enter(await dana.sign_in(browser), lecture)
    await student.sees("camera", frames=10)
    await host.press("screen-toggle")
    await student.sees("screen", frames=5)
    far = player(await dana.sign_in(browser))
    await far.page.goto(f"/lectures/{lecture}?watch=1")
    await far.plays(frames=10)


async def is_at_the_edge(far) -> bool:
    """Within 2.5 seconds of what is live, and still moving."""
    latency = await far.page.evaluate("daris.player.latency")
    return 0 < latency < 2.5


async def attendance_of(lecturer, lecture: str, name: str) -> dict:
    sheet = await lecturer.get(f"/api/v1/lectures/{lecture}/attendance")
    return next(row for row in sheet["rows"] if row["name"] == name)


async def levels_of(lecturer, lecture: str, student, eventually) -> dict[str, dict[str, float]]:
    """How long a student was connected in the room, and what else is known of that time, in seconds."""

    async def ended() -> dict | None:
        why = await lecturer.get(f"/api/v1/lectures/{lecture}/attendance/{student.id}")
        (visit,) = [one for one in why["visits"] if one["channel"] == "webrtc"]
        assert abs(visit["skew_ms"]) < 60_000
        (stay,) = visit["stays"]
        return None if stay["is_open"] else stay

    stay = await eventually(ended)
    began, until = (datetime.fromisoformat(stay[edge]) for edge in ("began_at", "ended_at"))
    connected = (until - began).total_seconds()
    return {
        level: {"known": stay[level], "connected": connected}
        for level in ("received_s", "visible_s")
    }


async def is_published(lecturer, lecture: str) -> bool:
    found = await lecturer.get(f"/api/v1/lectures/{lecture}")
    return found["state"] == "published" and found["recording"] == "ready"


async def joins(server, account, lecture: str) -> list[str]:
    """Who joined, one entry a statement."""
    admin = await account(server, "admin", "Admin")
    query = "verb=http://activitystrea.ms/join"
    answer = await admin.get(f"/xapi/statements?{query}&registration={lecture}&limit=100")
    return [statement["actor"]["account"]["name"] for statement in answer["statements"]]
