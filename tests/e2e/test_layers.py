"""Simulcast as people meet it: each window gets the picture that fits, and nothing is sent in vain."""

import pytest

pytestmark = pytest.mark.e2e

WIDE = {"width": 1280, "height": 800}
SMALL = {"width": 560, "height": 420}


def width_of(source):
    return f"""daris.stats().then(({{ tracks }}) =>
        Object.values(tracks).find((track) => track.source === "{source}")?.width ?? 0)"""


BYTES = """daris.stats().then(({ tracks }) => Object.values(tracks)
    .filter((track) => track.kind === "video").reduce((sum, track) => sum + track.bytes, 0))"""
SENT = "daris.stats().then(({ sent }) => sent.camera.layers.join())"


async def test_a_window_gets_the_layer_that_fits_and_a_hidden_one_gets_none(
    server, account, browser, enter, eventually
):
    lecturer = await account(server, "lecturer", "Aigul Sarsenova")
    student = await account(server, "student", "Dana Omarova")
    lecture = await lecturer.plan()
    host = await enter(await lecturer.sign_in(browser, viewport=WIDE), lecture)
    await host.until("daris.room.tracks.length === 2")
    watcher = await enter(await student.sign_in(browser, viewport=WIDE), lecture)
    await watcher.sees("camera")
    await watcher.until(f"{width_of('camera')}.then((width) => width === 1280)")
    await watcher.until("daris.room.speaking.length === 1")
    await host.until(f"{SENT}.then((layers) => layers === 'f')")

    await watcher.page.set_viewport_size(SMALL)
    await watcher.until(f"{width_of('camera')}.then((width) => width > 0 && width < 1280)")
    await host.until(f"{SENT}.then((layers) => !layers.includes('f'))")

    await watcher.page.evaluate("""() => {
        for (const video of document.querySelectorAll('[data-testid=tile] video'))
            video.style.display = 'none';
    }""")

    async def is_still():
        before = await watcher.page.evaluate(BYTES)
        await watcher.page.wait_for_timeout(400)  # that nothing comes is seen by waiting
        return await watcher.page.evaluate(BYTES) == before

    await eventually(is_still)
    await watcher.page.evaluate("""() => {
        for (const video of document.querySelectorAll('[data-testid=tile] video'))
            video.style.display = '';
    }""")
    await watcher.page.set_viewport_size(WIDE)
    await watcher.until(f"{width_of('camera')}.then((width) => width === 1280)")
    assert not watcher.errors
    assert not host.errors
