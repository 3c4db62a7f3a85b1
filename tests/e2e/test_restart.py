"""A power cut in the middle of a lecture."""

import asyncio
import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


async def test_a_killed_server_goes_on_in_the_same_lecture(
    server, browser, account, enter, eventually
):
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    dana = await account(server, "student", "Dana Omarova")
    lecture = await lecturer.plan()
    host = await enter(await lecturer.sign_in(browser), lecture)
    await host.press("start")
    student = await enter(await dana.sign_in(browser), lecture)
    await student.sees("camera")
    await student.say("before the cut")
    await host.reads("before the cut")
    await asyncio.sleep(6)

    server.kill()
    killed_at = datetime.now(UTC)
    await asyncio.sleep(1)
    camera = server.folder / "media" / lecture / "camera.mp4"
    kept_before = camera.stat().st_size
    server.start()

    await student.reads("before the cut")
    await student.until("daris.room.tracks.length === 2", seconds=30)
    await student.sees("camera", frames=40, seconds=30)

    async def is_recorded_again():
        return camera.stat().st_size > kept_before + 20_000

    await eventually(is_recorded_again, seconds=60)
    await student.say("after the cut")
    await host.reads("after the cut")
    await asyncio.sleep(4)
    await host.press("stop")
    await host.press("stop-confirm")

    async def is_published():
        return (await lecturer.get(f"/api/v1/lectures/{lecture}"))["recording"] == "ready"

    await eventually(is_published)
    length = seconds_of(server.folder / "media" / lecture / "index.m3u8")
    found = await lecturer.get(f"/api/v1/lectures/{lecture}")
    taught = parsed(found["ended_at"]) - parsed(found["started_at"])
    (missing_from, missing_to), *others = outages(camera.with_name("recording.json"))
    taken_up_after = (missing_to - killed_at).total_seconds()
    assert taught.total_seconds() - taken_up_after - 4 < length < taught.total_seconds() + 1
    a_picture = timedelta(seconds=0.1)  # the last one lasts until after the cut
    assert killed_at - timedelta(seconds=2) < missing_from < killed_at + a_picture
    assert not others
    chat = await lecturer.get(f"/api/v1/lectures/{lecture}/chat")
    assert [line["text"] for line in chat["lines"]] == ["before the cut", "after the cut"]


def outages(manifest: Path) -> list[tuple[datetime, datetime]]:
    """From when to when nothing was recorded."""
    noted = json.loads(manifest.read_text())
    epoch = parsed(noted["epoch"])
    return [
        (epoch + timedelta(microseconds=starts), epoch + timedelta(microseconds=ends))
        for starts, ends in noted["outages"]
    ]


def parsed(moment: str) -> datetime:
    return datetime.fromisoformat(moment)


def seconds_of(playlist) -> float:
    """The length of what really decodes."""
    decoded = subprocess.run(
        ["ffmpeg", "-v", "error", "-xerror", "-allowed_extensions", "ALL", "-i", playlist]
        + ["-map", "0:v", "-f", "null", "-progress", "pipe:1", "-"],
        capture_output=True,
        text=True,
        check=True,
    )
    times = [line for line in decoded.stdout.splitlines() if line.startswith("out_time_us=")]
    return int(times[-1].split("=")[1]) / 1e6
