"""The editor of a recording in a real browser."""

import os
from pathlib import Path

import pytest

from bench import clips
from tests.e2e.recorded import add_recorded

pytestmark = [pytest.mark.e2e, pytest.mark.untimed, pytest.mark.timeout(120)]

SECONDS = 10


async def test_a_host_cuts_previews_saves_and_takes_back(
    server, browser, account, player, eventually
):
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    lecture = await add_recorded(
        server, lecturer, lambda opened: clips.record(opened, SECONDS), seconds=SECONDS
    )
    page = await lecturer.sign_in(browser)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(f"/lectures/{lecture}")
    await page.get_by_test_id("edit").click()
    await page.locator("[data-editor=ready]").wait_for()
    watching = player(page)
    await watching.seek(3)
    await page.get_by_test_id("mark-in").click()
    await watching.seek(6)
    await page.get_by_test_id("mark-out").click()
    await page.get_by_test_id("cut").wait_for()
    await page.get_by_test_id("chapter-title").fill("Интерференция")
    await page.get_by_test_id("chapter-add").click()
    if folder := os.environ.get("SCREENSHOTS"):
        await page.screenshot(path=Path(folder) / "editor.png")

    await watching.seek(2)
    await page.get_by_test_id("play").click()
    await eventually(lambda: is_past(watching, 5.5), seconds=30)

    await page.get_by_test_id("save").click()
    edition = f"/api/v1/lectures/{lecture}/recording/edition"

    async def revision():
        return (await lecturer.get(edition))["revision"]

    await eventually(lambda: is_at(revision, 1))

    async def is_cut():
        made = await lecturer.get(edition)
        return made["played_ms"] < made["taken_ms"] - 2_500

    await eventually(is_cut)
    made = await lecturer.get(edition)
    assert [each["title"] for each in made["chapters"]] == ["Интерференция"]

    viewer = player(await lecturer.sign_in(browser))
    await viewer.page.goto(f"/lectures/{lecture}")
    await viewer.page.get_by_test_id("player").wait_for()
    await viewer.page.get_by_test_id("play").click()
    await viewer.plays(frames=25)
    length = (await viewer.picture())["duration"]
    assert length == pytest.approx(made["played_ms"] / 1000, abs=0.5)
    await eventually(lambda: is_past(viewer, length - 1), seconds=40)

    await page.get_by_test_id("undo").click()
    await eventually(lambda: is_at(revision, 2))
    assert (await lecturer.get(edition))["cuts"] == []
    assert not errors


async def is_past(watching, seconds: float) -> bool:
    return (await watching.picture())["at"] >= seconds


async def is_at(revision, wanted: int) -> bool:
    return await revision() == wanted
