"""What is made of a recording, before its host's eyes: jobs, waveform, slides as chapters, the package's camera."""

import heapq
import zipfile
from datetime import timedelta

import pytest

from bench import clips
from daris.drawn_lecture import drawn_lecture
from tests.e2e.looks import flaws, photograph
from tests.e2e.recorded import add_recorded
from transcode.access_unit import TrackKind

pytestmark = [pytest.mark.e2e, pytest.mark.untimed, pytest.mark.timeout(120)]

SLIDES = ["ТОЛҚЫН\nЖИІЛІК\nПЕРИОД", "ИНТЕРФЕРЕНЦИЯ\nКОГЕРЕНТ", "ДИФРАКЦИЯ\nТОР\nСАҢЫЛАУ"]
SECONDS = 30


@pytest.fixture
async def lecturer(server, account):
    return await account(server, "lecturer", "Aigerim Bekova")


@pytest.fixture
async def lecture(server, lecturer):
    """Over; a camera, and three slides that change every five seconds."""
    return await add_recorded(server, lecturer, record, seconds=SECONDS)


def record(opened) -> None:
    camera = ((TrackKind.CAMERA, unit) for unit in clips.video(SECONDS))
    drawn = drawn_lecture(SLIDES, timedelta(seconds=SECONDS))
    for kind, unit in heapq.merge(camera, drawn, key=lambda item: item[1].time):
        opened.push(kind, unit)
    opened.finish()


async def test_a_host_sees_what_is_made_and_takes_slides_as_chapters(
    browser, lecture, lecturer, eventually, tmp_path
):
    page = await lecturer.sign_in(browser, viewport={"width": 1280, "height": 900})
    await page.goto(f"/lectures/{lecture}")
    await page.get_by_test_id("jobs").locator("summary").click()
    await page.get_by_test_id("jobs").and_(page.locator("[data-state=made]")).wait_for()
    await page.get_by_text("The voice is easy to hear").wait_for()
    await page.get_by_test_id("download-camera").wait_for()
    await photograph(page, "jobs-light", is_whole=True)
    assert await flaws(page) == []

    await page.get_by_test_id("edit").click()
    await page.locator("[data-editor=ready]").wait_for()
    await page.get_by_test_id("waveform").wait_for()
    proposals = page.get_by_test_id("proposal")
    await proposals.nth(4).wait_for()
    await photograph(page, "slides-light", is_whole=True)
    assert await flaws(page) == []
    await proposals.first.get_by_test_id("proposal-take").click()
    await proposals.nth(1).get_by_label("Slide 3 is no chapter").click()
    await page.get_by_test_id("save").click()
    edition = f"/api/v1/lectures/{lecture}/recording/edition"

    async def is_kept():
        made = await lecturer.get(edition)
        titles = [each["title"] for each in made["chapters"]]
        return titles == ["Slide 1"] and len(made["dismissed_ms"]) == 1

    await eventually(is_kept, seconds=30)
    await page.reload()
    await page.locator("[data-editor=ready]").wait_for()
    await proposals.nth(2).wait_for()

    dark = {"color_scheme": "dark", "locale": "ru-RU"}
    phone = await lecturer.sign_in(browser, viewport={"width": 390, "height": 844}, **dark)
    await phone.goto(f"/lectures/{lecture}/recording/edit")
    await phone.locator("[data-editor=ready]").wait_for()
    await phone.get_by_test_id("waveform").wait_for()
    await phone.get_by_test_id("proposal").first.wait_for()
    await photograph(phone, "slides-dark-phone", is_whole=True)
    assert await flaws(phone) == []
    await phone.goto(f"/lectures/{lecture}")
    await phone.get_by_test_id("jobs").locator("summary").click()
    await phone.get_by_test_id("jobs").and_(phone.locator("[data-state=made]")).wait_for()
    await photograph(phone, "jobs-dark-phone", is_whole=True)
    await the_package_plays_the_camera_in_step(browser, page, lecture, eventually, tmp_path)


async def the_package_plays_the_camera_in_step(browser, page, lecture, eventually, tmp_path):
    await page.goto(f"/lectures/{lecture}")
    await page.get_by_test_id("offline").locator("summary").click()
    async with page.expect_download(timeout=60_000) as given:
        await page.get_by_test_id("package").click()
    with zipfile.ZipFile(await (await given.value).path()) as case:
        case.extractall(tmp_path / "stick")
    case = await browser.new_page()
    await case.goto((tmp_path / "stick" / "index.html").as_uri())
    await case.evaluate("video.muted = true; video.currentTime = 10; video.play()")

    async def is_in_step():
        at, beside, paused = await case.evaluate(
            "[video.currentTime, camera.currentTime, camera.paused]"
        )
        return not paused and at > 11 and abs(at - beside) < 0.3

    await eventually(is_in_step, seconds=30)
    await photograph(case, "case-camera", is_whole=True)
