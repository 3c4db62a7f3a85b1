"""The self-test page against a real server: what it finds when all is well, and what when not."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = "tags => axe.run({runOnly: tags}).then(found => found.violations)"
HOPS = ("server", "socket", "browser", "udp", "tcp", "relay", "quality", "stream")


@pytest.fixture
async def visit(browser):
    """A page of somebody who is not signed in: `await visit(server, width=390)`."""

    async def open_page(server, *, width=1280, theme="light", locale="en-GB"):
        context = await browser.new_context(
            base_url=server.url,
            viewport={"width": width, "height": 900},
            color_scheme=theme,
            locale=locale,
            reduced_motion="reduce",
            bypass_csp=True,  # axe is put into the page
        )
        page = await context.new_page()
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.goto("/")
        await page.get_by_test_id("check-link").click()
        return page, errors

    return open_page


async def outcome(page):
    """Press the button, wait for the verdict: the way, who is to blame, and each hop's state."""
    await page.get_by_test_id("check-start").click()
    verdict = page.get_by_test_id("verdict")
    await verdict.wait_for(timeout=60_000)
    states = {
        hop: await page.get_by_test_id(f"hop-{hop}").get_attribute("data-state") for hop in HOPS
    }
    way, blamed = (
        await verdict.get_attribute("data-rung"),
        await verdict.get_attribute("data-failing"),
    )
    return way, blamed, states


async def faults(page):
    await page.add_script_tag(path=AXE)
    found = await page.evaluate(RUN, TAGS)
    sideways = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [f"{one['id']}: {one['help']}" for one in found] + ["sticks out"] * (sideways > 0)


async def test_a_device_from_which_the_lecture_works(server, visit):
    page, errors = await visit(server)
    way, _, states = await outcome(page)
    assert way == "direct"
    for hop in ("server", "socket", "browser", "udp", "stream"):
        assert states[hop] == "ok", await page.get_by_test_id("report").text_content()
    assert states["quality"] in {"ok", "warning"}  # a busy machine draws and encodes less
    report = await page.get_by_test_id("report").text_content()
    assert f"127.0.0.1:{server.media_port}" in report
    assert errors == []
    assert await faults(page) == []


async def test_a_media_port_that_is_not_reached_is_named(make_server, visit):
    server = make_server(DARIS_ANNOUNCE="127.0.0.2")  # nothing listens there
    server.start()
    page, errors = await visit(server, width=390, theme="dark", locale="kk")
    way, blamed, states = await outcome(page)
    assert (way, blamed, states["udp"]) == ("stream", "udp", "failing")
    assert states["quality"] == "skipped"
    told = await page.get_by_test_id("verdict").text_content()
    assert f"127.0.0.2:{server.media_port}" in told
    assert errors == []
    assert await faults(page) == []


async def test_a_network_without_udp_is_named_and_tcp_taken(server, launch):
    async with launch("--webrtc-ip-handling-policy=disable_non_proxied_udp") as behind_a_wall:
        page = await behind_a_wall.new_page(base_url=server.url)
        await page.goto("/check")
        way, blamed, states = await outcome(page)
    assert (way, blamed) == ("tcp", "udp")
    assert (states["udp"], states["tcp"]) == ("failing", "ok")
    assert states["quality"] in {"ok", "warning"}


@pytest.mark.untimed
async def test_devices_are_tried_only_when_one_asks(server, visit):
    page, errors = await visit(server)
    assert not await page.get_by_test_id("own-picture").is_visible()
    await page.get_by_test_id("try-camera").click()
    await page.get_by_test_id("own-picture").wait_for()
    await page.get_by_test_id("try-camera").click()
    await page.get_by_test_id("own-picture").wait_for(state="hidden")
    await page.get_by_test_id("try-microphone").click()
    await page.get_by_test_id("own-level").wait_for()
    await page.get_by_test_id("try-speaker").click()
    assert await page.get_by_test_id("own-note").text_content()
    assert errors == []
