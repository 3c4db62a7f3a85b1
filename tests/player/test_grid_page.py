"""The grid in a browser: a day is dragged, edited by keys and by hand, checked, and saved."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import async_playwright

from identity.rights import Role
from schedule.channels import (
    Channel,
    HouseItem,
    ItemState,
    programmes_between,
)
from tests.e2e.looks import flaws, photograph

pytestmark = [pytest.mark.e2e, pytest.mark.untimed, pytest.mark.timeout(120)]
DAY = datetime(2026, 9, 8, tzinfo=UTC) - timedelta(hours=5)  # midnight in the channel's zone
SCHEDULE = "/api/v1/channels/one/schedule"


@pytest.fixture
async def client(operate):
    film = {"source": "file:film.mp4", "file": "x.mp4", "report": {"seconds": 1800}}
    item = HouseItem(look="720p25", version="1", state=ItemState.READY, **film)
    channel = Channel(id="one", name="Daris TV", profile="720p25")
    return await operate(channel, item, files=("film.mp4", "campus tour.mp4"))


@pytest.fixture
async def headers(add_person, bearer):
    operator = await add_person(Role.OPERATOR, name="Aliya", locale="en", zone="Europe/Berlin")
    return await bearer(operator) | {"Accept-Language": "en"}


@pytest.fixture
async def push(client, headers):
    async def send(*programmes):
        answer = await client.put(SCHEDULE, json={"programmes": programmes}, headers=headers)
        assert answer.status == 200, await answer.text()

    return send


def at(hours: float, key: str, *, minutes: float = 30, source=None) -> dict:
    return {
        "key": key,
        "starts_at": (DAY + timedelta(hours=hours)).isoformat(),
        "duration": minutes * 60,
        "source": source or {"slate": True},
        "title": {"en": key, "kk": f"{key} (kk)"},
    }


@pytest.fixture
async def open_grid(client, headers):
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )

        async def visit(**more):
            context = await browser.new_context(
                extra_http_headers=headers, base_url=str(client.make_url("")), **more
            )
            page = await context.new_page()
            await page.goto("/channels/one/grid?day=2026-09-08")
            await page.locator("#grid[data-ready]").wait_for()
            return page

        yield visit
        await browser.close()


@pytest.fixture
def planned(database):
    async def read() -> dict[str, tuple[str, float]]:
        async with database.connect() as connection:
            run = await programmes_between(connection, "one", DAY, DAY + timedelta(days=1))
        return {
            p.title("en"): (f"{p.starts_at - DAY}", p.duration.total_seconds() / 60) for p in run
        }

    return read


async def test_a_day_is_dragged_and_edited_and_saved(push, open_grid, planned):
    film = {"file": "film.mp4"}
    await push(at(10, "Film", source=film, minutes=20), at(10.5, "Talk"), at(14, "News"))
    page = await open_grid(viewport={"width": 1280, "height": 900})
    block = page.get_by_test_id("block")
    says, save = page.get_by_test_id("grid-says"), page.get_by_test_id("grid-save")
    talk, first = block.filter(has_text="Talk"), block.filter(has_text="Film")
    assert "10:00–10:20" in await first.inner_text()
    await photograph(page, "grid-light")
    assert await flaws(page) == []

    await drag(page, talk.locator(".hours"), by=-0.25)
    assert "10:20–10:50" in await talk.inner_text()  # at the film's end, which is near
    await drag(page, first.locator("[data-edge=end]"), by=1)
    assert "10:00–10:30" in await first.inner_text()  # no further than the film goes
    await talk.get_by_text("overlaps").wait_for()
    await says.get_by_text("1 error").wait_for()
    assert await save.is_disabled()
    await photograph(page, "grid-error")
    await talk.locator("button").click()
    for _ in range(10):
        await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Alt+ArrowUp")
    assert "10:30–10:59" in await talk.inner_text()
    await page.keyboard.press("Control+z")
    assert "10:30–11:00" in await talk.inner_text()
    await page.keyboard.press("Shift+ArrowDown")
    await page.keyboard.press("Shift+ArrowUp")
    await page.get_by_test_id("panel-title-ru").fill("Беседа")
    await page.get_by_test_id("panel-floating").check()

    await page.get_by_test_id("add-kind").select_option("file")
    await page.get_by_test_id("add-search").fill("tour")
    await page.get_by_test_id("offer").click()
    tour = block.filter(has_text="campus tour")
    assert "11:00–11:10" in await tour.inner_text()
    await page.get_by_test_id("panel-ends").fill("11:25:00")
    await tour.get_by_text("conditioned").wait_for()
    await block.filter(has_text="News").locator("button").click()
    await page.keyboard.press("Delete")
    await says.get_by_text("4 changes").wait_for()
    await page.locator("[data-testid=grid-save]:enabled").click()
    await says.get_by_text("Everything is saved.").wait_for()
    assert await planned() == {
        "Film": ("10:00:00", 30),
        "Talk": ("10:30:00", 30),
        "campus tour": ("11:00:00", 25),
    }


async def test_on_a_phone_the_day_is_a_list_and_a_stale_one_is_told(push, open_grid, planned):
    await push(at(10, "Film"), at(12, "Talk"))
    page = await open_grid(
        viewport={"width": 390, "height": 844}, has_touch=True, color_scheme="dark"
    )
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    talk = page.get_by_test_id("block").filter(has_text="Talk")
    await photograph(page, "grid-phone", is_whole=True)
    await talk.tap()
    await page.get_by_test_id("panel-later").tap()
    await page.get_by_test_id("panel-later").tap()
    assert "12:02–12:32" in await talk.inner_text()
    await photograph(page, "grid-phone-panel")
    assert await flaws(page) == []
    await page.locator("#panel-close").tap()
    await push(at(10, "Film", minutes=25), at(12, "Talk"))
    await page.get_by_test_id("grid-undo").tap()
    await page.get_by_test_id("grid-error").get_by_text("meanwhile").wait_for()
    await page.get_by_test_id("grid-reload").tap()
    await page.get_by_test_id("block").get_by_text("10:00–10:25").wait_for()
    await talk.tap()
    await page.get_by_test_id("panel-earlier").tap()
    await page.locator("#panel-close").tap()
    await page.locator("[data-testid=grid-save]:enabled").tap()
    await page.get_by_test_id("grid-says").get_by_text("Everything is saved.").wait_for()
    assert await planned() == {"Film": ("10:00:00", 25), "Talk": ("11:59:00", 30)}


async def drag(page, handle, *, by: float) -> None:
    """`by` hours along the axis, as a hand does it."""
    await handle.scroll_into_view_if_needed()
    box = await handle.bounding_box()
    hour = await page.evaluate("document.getElementById('grid-axis').offsetHeight / 24")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await page.mouse.move(x, y)
    await page.mouse.down()
    for part in range(1, 6):
        await page.mouse.move(x, y + hour * by * part / 5)
    await page.mouse.up()
