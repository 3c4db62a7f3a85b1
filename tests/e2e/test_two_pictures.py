"""The recorded page shows screen and camera in step. The pictures themselves are asked: each has a
bar that walks four pixels a frame."""

from statistics import median

import pytest

from bench import clips
from tests.e2e.recorded import add_recorded
from transcode.access_unit import TrackKind

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

RATE = 25
SCREEN_STARTS = 3.0
CAMERA_AGAIN = 12.0
SEE = """(() => {
    const frame = (video) => {
        const canvas = Object.assign(document.createElement("canvas"), {width: video.videoWidth, height: 8});
        const context = canvas.getContext("2d");
        context.drawImage(video, 0, 0, video.videoWidth, 8, 0, 0, video.videoWidth, 8);
        const {data} = context.getImageData(0, 0, video.videoWidth, 1);
        for (let x = 0; x < video.videoWidth; x += 1) if (data[4 * x] > 150) return Math.round(x / 4);
        return null;
    };
    const [main, side] = document.querySelectorAll("[data-player] video");
    return {at: main.currentTime, screen: frame(main), camera: frame(side),
        pair: document.querySelector("[data-player]").dataset.pair ?? null,
        settled: !main.seeking && !side.seeking && side.readyState >= 2,
        drift: daris.companion.drift};
})()"""


@pytest.fixture
async def page(server, browser, account):
    """Camera 0-9 s and 12-16 s, screen 3-15 s, voice all the time."""
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    lecture = await add_recorded(server, lecturer, record, seconds=16)
    opened = await lecturer.sign_in(browser)
    await opened.goto(f"/lectures/{lecture}")
    return opened


def record(recording) -> None:
    units = clips.interleaved(
        camera=clips.video(9) + clips.video(4, starts=CAMERA_AGAIN),
        screen=clips.video(12, starts=SCREEN_STARTS, size=(640, 368)),
        voice=clips.voice(16),
    )
    stops = [(9.02, TrackKind.CAMERA), (15.0, TrackKind.SCREEN)]
    for kind, unit in units:
        while stops and unit.time >= stops[0][0]:
            recording.stop_track(stops.pop(0)[1])
        recording.push(kind, unit)
    recording.finish()


def apart(seen) -> float:
    """Seconds by which the camera's picture is ahead of the screen's."""
    screen = SCREEN_STARTS + seen["screen"] / RATE
    screen += round((seen["at"] - screen) / (156 / RATE)) * 156 / RATE
    camera = (CAMERA_AGAIN if seen["at"] > CAMERA_AGAIN else 0) + seen["camera"] / RATE
    period = 76 / RATE
    return (camera - screen + period / 2) % period - period / 2


async def test_the_camera_keeps_step_with_the_screen(page, player, eventually):
    watching = player(page)
    await watching.seek(0.5)

    async def is_ready():
        return await page.evaluate(
            "daris.companion && !document.querySelector('[data-view]').hidden"
            " && [...document.querySelectorAll('[data-player] video')].every((one) => one.videoWidth)"
        )

    async def see():
        return await page.evaluate(SEE)

    async def is_in_step():
        seen = await see()
        in_step = seen["settled"] and seen["pair"] == "both" and abs(seen["drift"]) < 0.02
        return in_step and abs(apart(seen)) < 0.2

    await eventually(is_ready)
    assert (await see())["pair"] is None, "The programme is the camera itself here."
    for position in (4.4, 8.1, 12.7):
        await watching.seek(position)
        await eventually(is_in_step)
    await watching.seek(4.0)
    await page.evaluate("daris.player.video.playbackRate = 1.5")
    await page.evaluate("daris.player.play()")

    seen = []

    async def has_played():
        seen.append(await see())
        return seen[-1]["at"] > 8.0

    await eventually(has_played, every=0.05)
    while_playing = [abs(apart(each)) for each in seen if 5.5 < each["at"] < 8.0]
    assert median(while_playing) < 0.2

    async def is_alone():
        seen = await see()
        return seen["at"] > 9.3 and seen["pair"] is None

    await eventually(is_alone)


@pytest.mark.untimed
async def test_a_key_and_a_button_choose_the_view(page, player, eventually):
    await player(page).seek(5.0)

    async def shown():
        return await page.evaluate("document.querySelector('[data-player]').dataset.pair ?? null")

    async def is_shown(view):
        await eventually(lambda: _is(shown, view))

    await is_shown("both")
    await page.get_by_test_id("view").click()
    await is_shown(None)
    await page.keyboard.press("v")
    await is_shown("camera")
    await page.reload()
    await player(page).seek(5.0)
    await is_shown("camera")


@pytest.mark.untimed
async def test_the_download_is_made_and_given(page, tmp_path):
    async with page.expect_download() as waiting:
        await page.get_by_test_id("download").click()
    download = await waiting.value
    assert download.suggested_filename.startswith("Жарық физикасы ")
    file = tmp_path / "lecture.mp4"
    await download.save_as(file)
    assert file.read_bytes()[4:8] == b"ftyp"


async def _is(ask, wanted) -> bool:
    return await ask() == wanted
