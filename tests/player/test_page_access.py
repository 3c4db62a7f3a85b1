"""Every page in both themes and both widths: axe finds nothing, and nothing sticks out sideways."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright

from identity import views as identity_views
from identity.credentials import add_token
from identity.rights import Role
from kernel.ids import new_id
from player import course_views, period_views, site, views
from schedule.courses import Course, add_course
from schedule.enrolments import Enrolment, Part, enrol
from schedule.lectures import advance
from schedule.lifecycle import LectureState, RecordingState

pytestmark = [pytest.mark.e2e, pytest.mark.untimed]

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = "tags => axe.run({runOnly: tags}).then(found => found.violations)"
SCREENS = [("light", 1280), ("dark", 390)]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        flags = [
            "--no-sandbox",
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
        ]
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
        yield browser
        await browser.close()


@pytest.fixture
async def term(serve, database, clock, add_person, add_lecture):
    """A server with a lecture in each state; gives its address, a token and the addresses."""
    client = await serve(
        [
            *site.ROUTES,
            *views.routes(),
            *identity_views.routes(),
            *course_views.routes(),
            *period_views.routes(),
        ]
    )
    lecturer = await add_person(Role.LECTURER, name="Айгүл Нұрланова", locale="kk")
    made = {"planned": await add_lecture(lecturer, title="Философия")}
    states = {
        "open": (LectureState.OPEN, RecordingState.NONE),
        "recorded": (LectureState.PUBLISHED, RecordingState.READY),
        "cancelled": (LectureState.CANCELLED, RecordingState.NONE),
    }
    for hours, (name, (state, recording)) in enumerate(states.items(), 3):
        lecture = await add_lecture(lecturer, title=name, starts_in=timedelta(hours=hours))
        async with database.begin() as connection:
            made[name] = await advance(
                connection, lecture, None, at=clock.now(), state=state, recording=recording
            )
    async with database.begin() as connection:
        token, _ = await add_token(
            connection, lecturer.id, at=clock.now(), roles=None, label="test"
        )
        course = await _course(connection, clock.now(), lecturer)
    pages = {f"/lectures/{lecture.id}": name for name, lecture in made.items()}
    pages |= {f"/lectures/{made['planned'].id}/edit": "edit", "/": "today"}
    pages |= {"/lectures/new": "form", "/me": "me", "/login": "login"}
    pages |= {"/periods": "periods", "/courses": "courses", f"/courses/{course.id}": "course"}
    return str(client.make_url("/")).rstrip("/"), token, pages


async def _course(connection, now, lecturer):
    course = Course(id=new_id(), key="cs101", title="Философия", faculty="Тарих", created_at=now)
    course = await add_course(connection, course)
    for part in (Part.LECTURER, Part.LEARNER):
        values = {"course": course.id, "person": lecturer.id, "part": part}
        one = Enrolment(id=new_id(), since=now.date(), changed_at=now, **values)
        await enrol(connection, one)
    return course


async def faults(page: Page) -> list[str]:
    await page.add_script_tag(path=AXE)
    return [
        f"{found['id']}: {found['help']}: {node['html'][:160]}"
        for found in await page.evaluate(RUN, TAGS)
        for node in found["nodes"]
    ]


@pytest.mark.parametrize(("theme", "width"), SCREENS)
async def test_axe_finds_nothing(browser, term, theme, width):
    address, token, pages = term
    context = await browser.new_context(
        color_scheme=theme,
        viewport={"width": width, "height": 800},
        reduced_motion="reduce",
        bypass_csp=True,  # axe is put into the page
    )
    page = await context.new_page()
    found = []
    for path, name in pages.items():
        proof = {} if name == "login" else {"Authorization": f"Bearer {token}"}
        await page.set_extra_http_headers(proof)
        await page.goto(address + path, wait_until="load")
        found += [f"{name}: {fault}" for fault in await faults(page)]
        sideways = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if sideways > 0:
            found.append(f"{name}: {sideways} pixels stick out")
    assert not found, "\n".join(found)


async def test_the_policy_lets_the_pages_work(browser, term):
    address, token, pages = term
    context = await browser.new_context(extra_http_headers={"Authorization": f"Bearer {token}"})
    page = await context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    for path in pages:
        await page.goto(address + path, wait_until="load")
    broken = re.compile(r"Content.Security.Policy|Uncaught|Error:|SyntaxError|TypeError")
    assert [text for text in said if broken.search(text)] == []


async def test_the_theme_that_one_chooses_stays(browser, term):
    address, _, _ = term
    page = await browser.new_page(color_scheme="light")
    await page.goto(address)
    await page.locator("[data-theme-toggle]").click()
    assert await page.locator("html").get_attribute("data-theme") == "dark"
    await page.reload()
    assert await page.locator("html").get_attribute("data-theme") == "dark"


async def test_the_keyboard_reaches_the_content_first(browser, term):
    address, _, _ = term
    page = await browser.new_page()
    await page.goto(address)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert page.url.endswith("#main")
