"""The broadcast desk in a browser: a file is checked and pushed, a source taken and given back."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from identity.rights import Role
from kernel.web import BUS, SETTINGS
from schedule.channels import (
    Channel,
    HouseItem,
    ItemState,
    channel_by_id,
    programmes_between,
)
from schedule.logos import logo_named
from schedule.places import channel_folder
from schedule.takes import TOPIC
from tests.e2e.looks import photograph
from tests.images import png

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RUN = "axe.run().then(found => found.violations.map(one => `${one.id} ${one.nodes[0].html}`))"
pytestmark = [pytest.mark.e2e, pytest.mark.untimed]


@pytest.fixture
async def client(operate):
    known = {"look": "720p25", "version": "1"}
    film = {"source": "file:film.mp4", "file": "x.mp4", "report": {"seconds": 600}}
    ready = HouseItem(state=ItemState.READY, **film, **known)
    noise = {"source": "file:noise.mp4", "error": "It is noise."}
    failed = HouseItem(state=ItemState.FAILED, **noise, **known)
    channel = Channel(id="one", name="Daris TV", profile="720p25", languages=("kk", "en"))
    return await operate(channel, ready, failed, files=("film.mp4", "noise.mp4", "new.mp4"))


@pytest.fixture
async def headers(add_person, bearer):
    operator = await add_person(Role.OPERATOR, name="Aliya", locale="en", zone="Asia/Almaty")
    return await bearer(operator) | {"Accept-Language": "en"}


@pytest.fixture
def table(tmp_path, clock):
    """table(*names): a schedule's file, a programme of ten minutes for each file."""

    def write(*names: str) -> Path:
        begins = [clock.now() + timedelta(minutes=5 + 10 * at) for at, _ in enumerate(names)]
        rows = ["key;starts_at;duration;source;title_en;title_kk"]
        rows += [
            f"{name};{at.isoformat()};600;file:{name}.mp4;The {name};{name}"
            for name, at in zip(names, begins, strict=True)
        ]
        path = tmp_path / "day.csv"
        path.write_text("\n".join(rows), encoding="utf-8-sig")
        return path

    return write


@pytest.fixture
async def page(client, headers):
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        context = await browser.new_context(
            extra_http_headers=headers,
            bypass_csp=True,
            viewport={"width": 1280, "height": 900},
        )
        page = await context.new_page()
        await page.goto(str(client.make_url("/channels/one/schedule")))
        yield page
        await browser.close()


async def keys(database, clock) -> list[str]:
    async with database.connect() as connection:
        channel = await channel_by_id(connection, "one")
        until = clock.now() + timedelta(days=1)
        return [p.key for p in await programmes_between(connection, channel.id, clock.now(), until)]


async def test_a_file_is_checked_and_then_taken_over(page, table, database, clock, headers):
    await page.set_input_files("[data-testid=push-file]", table("film", "noise", "new"))
    await page.click("[data-testid=push-check]")
    preview = page.locator("#push-preview")
    await preview.get_by_text("New: film, noise, new").wait_for()
    await preview.get_by_text("could not be conditioned").wait_for()
    assert await keys(database, clock) == []
    await page.click("[data-testid=push-now]")
    await page.wait_for_selector("[data-testid=desk-entry]")
    states = await page.locator("[data-testid=desk-entry]").evaluate_all(
        "rows => rows.map(row => row.dataset.state)"
    )
    # a push tries again what failed
    assert states == ["ready", "waiting", "waiting"]
    await page.set_extra_http_headers(headers | {"Accept-Language": "kk", "Cookie": "locale=kk"})
    for theme, width in (("light", 1280), ("dark", 390)):
        await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        await page.set_viewport_size({"width": width, "height": 900})
        await page.reload()
        await page.add_script_tag(path=AXE)
        assert await page.evaluate(RUN) == []
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


async def test_a_file_with_errors_cannot_be_taken_over(page, table):
    path = table("film", "new")
    path.write_text(path.read_text(encoding="utf-8-sig").replace("600", "soon"))
    await page.set_input_files("[data-testid=push-file]", path)
    await page.click("[data-testid=push-check]")
    await page.locator("#push-preview .error").get_by_text("Row 2").wait_for()
    assert await page.locator("[data-testid=push-now]").is_disabled()


async def test_a_logo_is_seen_in_its_place_before_it_is_saved(page, database, tmp_path):
    (tmp_path / "logo.png").write_bytes(png(60, 30, (255, 255, 255, 255)))
    await page.set_input_files("[data-testid=logo-file]", tmp_path / "logo.png")
    await page.select_option("[data-testid=logo-corner]", "bottom-left")
    box = await page.locator("#logo-image").bounding_box()
    sketch = await page.locator("#logo-sketch").bounding_box()
    assert box["x"] - sketch["x"] == pytest.approx(sketch["width"] / 20, abs=1)
    assert box["height"] == pytest.approx(sketch["height"] * 0.08, abs=1)
    await page.click("[data-testid=logo-save]")
    await page.wait_for_selector("[data-testid=logo-remove]")
    async with database.connect() as connection:
        channel = await channel_by_id(connection, "one")
        assert (await logo_named(connection, channel.logo)).corner == "bottom-left"
    await photograph(page, "desk-logo")
    await page.click("[data-testid=logo-remove]")
    await page.wait_for_selector("[data-testid=logo-remove]", state="detached")


async def test_a_source_is_taken_by_the_keyboard(page, client):
    async with client.app[BUS].subscribe(TOPIC) as messages:
        await page.focus("[data-testid=take-minutes]")
        await page.keyboard.type("5")
        await page.keyboard.press("Enter")
        assert b'"operator":"Aliya"' in await anext(messages)


async def test_a_refusal_is_told(page):
    await page.click("[data-testid=take]")  # the slate, for no time
    await page.locator("#desk-error").get_by_text("The slate has no end").wait_for()


async def test_the_desk_is_for_operators(client, add_person, bearer, headers):
    student = await bearer(await add_person(Role.STUDENT))
    for proof, status in ((student, 403), (headers, 200)):
        answer = await client.get("/channels/one/schedule", headers=proof)
        assert answer.status == status
    assert (await client.get("/channels/one/schedule", allow_redirects=False)).status != 200


async def test_what_went_on_air_names_the_operator(client, headers, clock):
    folder = channel_folder(client.app[SETTINGS], "one") / "as-run"
    folder.mkdir(parents=True)
    at = clock.now() - timedelta(minutes=5)
    line = f'{{"at":"{at.isoformat()}","slate":false,"title":"Film","operator":"Aliya"}}\n'
    (folder / f"{at:%Y-%m-%d}.jsonl").write_text(line)
    page = await client.get("/channels/one/schedule?day=nonsense", headers=headers)
    assert "Taken by Aliya" in await page.text()
