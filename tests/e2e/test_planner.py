"""Planning in the browser: a class is dragged, or moved by its button; what is in the way is shown before."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.looks import flaws, photograph

pytestmark = [pytest.mark.e2e, pytest.mark.untimed, pytest.mark.timeout(120)]
DAY = timedelta(days=1)


@pytest.fixture
def monday():
    today = datetime.now(UTC).date()
    return today + timedelta(days=7 - today.weekday())


@pytest.fixture
async def optics(server, account, monday):
    """A lecturer with a series on Wednesdays at 9, and a class of another title on Friday at 12."""
    admin = await account(server, "admin", "Daris Admin")
    days = {"starts_on": f"{monday}", "ends_on": f"{monday + 27 * DAY}"}
    period = await admin.post("/api/v1/periods", {"name": "A short term", **days}, status=201)
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    series = {
        "period": period["id"], "title": "Optics", "weekday": 3, "begins": "09:00", "minutes": 50,
        "first_week": 1, "last_week": 4, "auditorium": "Hall 3",
    }  # fmt: skip
    await lecturer.post("/api/v1/series", series, status=201)
    friday = monday + 4 * DAY
    times = {"starts_at": f"{friday}T12:00:00+05:00", "ends_at": f"{friday}T12:50:00+05:00"}
    await lecturer.post("/api/v1/lectures", {"title": "Waves", **times}, status=201)
    return lecturer


async def test_classes_move_by_hand_and_by_keyboard_and_nothing_in_the_way_is_overlooked(
    server, browser, optics, account, monday
):
    wide = {"width": 1280, "height": 900}
    page = await optics.sign_in(browser, viewport=wide, timezone_id="Asia/Almaty")
    await page.goto(f"/week?on={monday}")
    card = page.locator("[data-movable][data-title=Optics]")
    thursday = page.locator(f"[data-day='{monday + 3 * DAY}'] .blocks")
    await card.drag_to(thursday, source_position={"x": 60, "y": 10})
    await page.get_by_test_id("move-following").check()
    await page.get_by_text("4 classes move.").wait_for()
    assert await page.get_by_test_id("move-day").input_value() == f"{monday + 3 * DAY}"
    await page.get_by_test_id("move-begins").fill("10:00")
    await page.get_by_test_id("move-free").wait_for()
    await photograph(page, "move-free")
    await page.locator("#move-save:enabled").click()
    moved = page.locator(f"[data-day='{monday + 3 * DAY}'] [data-title=Optics]")
    await moved.wait_for()
    assert "10:00–10:50" in await moved.inner_text()

    await moved.get_by_test_id("move").press("Enter")
    await page.get_by_test_id("move-day").fill(f"{monday + 4 * DAY}")
    await page.get_by_test_id("move-begins").fill("12:10")
    obstacle = page.get_by_test_id("obstacle")
    await obstacle.wait_for()
    assert "teaches “Waves”" in await obstacle.inner_text()
    assert await page.get_by_test_id("move-save").is_disabled()
    assert await flaws(page) == []
    await photograph(page, "move-obstacle")
    await page.get_by_test_id("proposal").press("Enter")
    await page.get_by_test_id("move-free").wait_for()
    assert await page.get_by_test_id("move-begins").input_value() == "12:50"
    await page.locator("#move-save:enabled").press("Enter")
    await page.locator(f"[data-day='{monday + 4 * DAY}'] [data-title=Optics]").wait_for()
    assert await flaws(page) == []
    await photograph(page, "week", is_whole=True)

    other = await account(server, "lecturer", "Berik Omarov")
    times = {"starts_at": f"{monday}T14:00:00+05:00", "ends_at": f"{monday}T14:50:00+05:00"}
    hall = {"title": "Prisms", "auditorium": "Hall 3"}
    await other.post("/api/v1/lectures", hall | times, status=201)
    await other.post(
        "/api/v1/lectures",
        hall
        | {key: time.replace("T14", "T16") for key, time in times.items()}
        | {"auditorium": "Hall 5"},
        status=201,
    )
    optics_card = page.locator("[data-movable][data-title=Optics]")
    await optics_card.get_by_test_id("move").press("Enter")
    await page.get_by_test_id("move-day").fill(f"{monday}")
    await page.get_by_test_id("move-begins").fill("14:00")
    await page.get_by_text("Take Hall 5").click()
    await page.get_by_text("It takes place in Hall 5.").wait_for()
    await page.get_by_test_id("move-free").wait_for()
    await photograph(page, "move-hall")
    await page.locator("#move-save:enabled").click()
    await page.locator(f"[data-day='{monday}'] [data-title=Optics]").wait_for()
    assert "Hall 5" in await optics_card.inner_text()

    await page.emulate_media(media="print")
    upright = {"width": 718, "height": 1047}  # what a browser asks queries of while it prints on A4
    await page.set_viewport_size(upright)
    await page.get_by_test_id("whose").wait_for()
    assert await page.locator(".week .hours").is_visible()
    assert await page.get_by_test_id("view-week").is_hidden()
    assert await page.get_by_test_id("move").first.is_hidden()
    await photograph(page, "week-on-paper", is_whole=True)
    await page.evaluate("document.querySelector('.week').classList.add('is-crowded')")
    assert await page.locator(".week .hours").is_hidden()
    assert await page.locator(".week .day h2 .short").first.is_hidden()
    await page.set_viewport_size(wide)
    await page.emulate_media(media="screen")

    await page.emulate_media(color_scheme="dark")
    await page.get_by_test_id("move").first.press("Enter")
    await page.locator("#move-dialog[open]").wait_for()
    assert await flaws(page) == []
    await photograph(page, "move-dark")
    await page.locator("#move-close").click()
    await page.get_by_test_id("view-month").click()
    await page.wait_for_url("**/month?*")
    await page.get_by_test_id("chooser").select_option(label="Hall 3")
    await page.wait_for_url("**auditorium=Hall*")
    assert "Waves" not in await page.locator(".month").inner_text()
    assert await flaws(page) == []
    await photograph(page, "month", is_whole=True)

    student = await account(server, "student", "Dana Omarova")
    phone = {"width": 390, "height": 844}
    small = await student.sign_in(browser, viewport=phone, timezone_id="Europe/Berlin")
    for view in ("week", "month"):
        await small.goto(f"/{view}?on={monday + 4 * DAY}")
        assert await small.evaluate("document.documentElement.scrollWidth") == 390
        assert await flaws(small) == []
        await photograph(small, f"phone-{view}", is_whole=True)
    await small.goto(f"/week?on={monday}")
    waves = small.get_by_test_id("lecture-card").filter(has_text="Waves")
    assert "12:00–12:50 Almaty" in await waves.inner_text()
    assert await small.get_by_test_id("move").count() == 0


async def test_a_course_its_people_and_a_surge_are_made_on_the_pages(
    server, browser, account, monday
):
    admin = await account(server, "admin", "Daris Admin")
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    student = await account(server, "student", "Dana Omarova")
    page = await admin.sign_in(browser, viewport={"width": 1280, "height": 900})
    await page.goto("/courses")
    await page.get_by_test_id("new-course").click()
    dialog = page.locator("#course-dialog[open]")
    await dialog.locator("[name=key]").fill("PHYS1")
    await dialog.locator("[name=title]").fill("Optics")
    await dialog.locator("[name=faculty]").fill("Physics")
    assert await flaws(page) == []
    await photograph(page, "course-dialog")
    await page.get_by_test_id("course-save").click()
    await page.get_by_test_id("course").wait_for()
    await page.wait_for_load_state()
    course = page.url.rsplit("/", 1)[1]
    for login, part, more in (
        ("nobody", "learner", {}),
        (student.login, "learner", {"category": "5"}),
        (lecturer.login, "lecturer", {}),
    ):
        await page.get_by_test_id("enrol").click()
        opened = page.locator("#enrol-dialog[open]")
        await opened.locator("[name=login]").fill(login)
        await opened.locator("[name=part]").select_option(part)
        for name, value in more.items():
            await opened.locator(f"[name={name}]").select_option(value)
        await page.get_by_test_id("enrol-save").click()
        if login == lecturer.login:
            break
        await opened.locator("[data-error]:not([hidden])").wait_for()
        if more:  # a category has a legal basis
            await photograph(page, "enrol-dialog")
            assert await flaws(page) == []
            await opened.locator("[name=legal_basis]").fill("Order 7")
            await page.get_by_test_id("enrol-save").click()
            await page.get_by_test_id("people-table").get_by_text("Dana Omarova").wait_for()
            await page.wait_for_load_state()
        else:
            await opened.locator("[data-close]").click()
    await page.get_by_test_id("people-table").get_by_text("Aigerim Bekova").wait_for()

    times = {"starts_at": f"{monday}T12:00:00+05:00", "ends_at": f"{monday}T12:50:00+05:00"}
    work = {"title": "Waves", "course": course, "mode": "hybrid"}
    planned = await lecturer.post("/api/v1/lectures", work | times, status=201)
    await page.goto("/surges")
    await page.locator("[name=reason]").fill("Order 14")
    await page.locator("[name=faculty]").select_option("Physics")
    await page.locator("[name=until]").fill(f"{monday + DAY}")
    await page.get_by_text("1 class changes (1 course).").wait_for()
    assert await flaws(page) == []
    await photograph(page, "surge")
    await page.locator("#surge-save:enabled").click()
    back = page.get_by_test_id("surge").get_by_role("button")
    await back.wait_for()
    lecture = f"/api/v1/lectures/{planned['id']}"
    assert (await lecturer.get(lecture))["mode"] == "network"
    await back.click()
    await page.get_by_text("Press again: 1 go back").click()
    await page.get_by_text("Taken back").wait_for()
    assert (await lecturer.get(lecture))["mode"] == "hybrid"
    await photograph(page, "surge-back")
