"""Ten seconds without a network, and another address afterwards: the seat is as it was."""

import asyncio

import pytest
from playwright.async_api import async_playwright

from bench.house import FLAGS
from tests.e2e.network import NotPossible, network

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

FRAMES = """Math.max(0, ...[...document.querySelectorAll("[data-testid=tile] video")]
    .map((video) => video.getVideoPlaybackQuality().totalVideoFrames))"""
IS_BACK = "daris.way === 'connected' && document.querySelector('main').dataset.socket === 'open'"
STATE = """[daris.room.seat, daris.room.me, daris.room.hands, daris.room.people.length]"""
TRACKS = "daris.room.tracks.map((track) => track.id)"
EVERYBODY_IS_PRESENT = "daris.room.people.every((person) => person.presence === 'present')"


@pytest.fixture
def far():
    """A network of its own."""
    try:
        with network() as made:
            yield made
    except NotPossible as error:
        pytest.skip(str(error))


@pytest.fixture
def house(make_server, far):
    """A server that is reached from both sides."""
    server = make_server(
        DARIS_BIND="0.0.0.0",
        DARIS_ANNOUNCE=f"127.0.0.1,{far.here}",
    )
    server.start()
    return server


@pytest.fixture
async def there(house, far, tmp_path):
    """A browser in that network, where a page may use a microphone without TLS."""
    secure = f"--unsafely-treat-insecure-origin-as-secure=http://{far.here}:{house.port}"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=far.launcher(tmp_path), args=[*FLAGS, secure]
        )
        yield browser
        await browser.close()


async def test_after_an_outage_a_seat_is_as_it_was(house, far, there, browser, account, enter):
    lecturer = await account(house, "lecturer", "Aigerim Bekova")
    dana = await account(house, "student", "Dana Omarova")
    timur = await account(house, "student", "Timur Li")
    lecture = await lecturer.plan()
    host = await enter(await lecturer.sign_in(browser), lecture)
    await host.press("start")
    address = f"http://{far.here}:{house.port}"
    asking = await enter(await dana.sign_in(there, base_url=address), lecture)
    await asking.press("hand")
    speaking = await enter(await timur.sign_in(there, base_url=address), lecture)
    await lecturer_gives_floor(host, timur)
    await speaking.until("daris.room.me.can_publish")
    await speaking.press("mic-toggle")
    await host.until("daris.room.tracks.length === 3")
    for room in (asking, speaking):
        await room.sees("camera")
    before = [await room.page.evaluate(STATE) for room in (asking, speaking)]
    tracks = await host.page.evaluate(TRACKS)

    for outage, moves in ((10, False), (4, True)):
        far.plug(is_in=False)
        await asyncio.sleep(outage)  # the outage itself
        if moves:
            far.move(far.there.removesuffix("2") + "3")
        frames = [await room.page.evaluate(FRAMES) for room in (asking, speaking)]
        far.plug(is_in=True)
        for room, seen in zip((asking, speaking), frames, strict=True):
            await room.until(f"{FRAMES} > {seen} && {IS_BACK}", seconds=20)
        await host.until(EVERYBODY_IS_PRESENT)

    assert [await room.page.evaluate(STATE) for room in (asking, speaking)] == before
    assert await host.page.evaluate(TRACKS) == tracks
    assert await host.page.evaluate("daris.room.people.length") == 3
    heard = "daris.stats().then(({ tracks }) => Object.values(tracks)[0]?.packets ?? 0)"
    packets = await host.page.evaluate(heard)
    await host.until(f"{heard[:-1]} > {packets})")
    await asking.say("Байланыс қайтты")
    await host.until("daris.room.chat.some((line) => line.text === 'Байланыс қайтты')")


async def lecturer_gives_floor(host, person):
    await host.press("people-toggle")
    row = host.page.locator(f"[data-testid=person][data-person='{person.id}']")
    await row.get_by_test_id("floor-give").click()
