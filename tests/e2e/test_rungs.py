"""A real browser's simulcast becomes the rungs of the stream and of the recording, and people choose one."""

import io
from fractions import Fraction
from itertools import pairwise

import av
import m3u8
import pytest

from tests.e2e.looks import flaws, photograph

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

WIDE = {"width": 1280, "height": 800}
NAMES = ("programme", "programme-mid", "programme-low")
WATCH = """(() => {
    const video = document.querySelector("[data-testid=watch-video]");
    globalThis.stops = 0;
    video.addEventListener("waiting", () => (globalThis.stops += 1));
})()"""


@pytest.fixture
async def lecture(server, browser, account, enter):
    """A lecture that is live and not recorded yet, its lecturer, and the lecturer's page."""
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    planned = await lecturer.plan(is_recorded=False)
    host = await enter(await lecturer.sign_in(browser, viewport=WIDE), planned)
    await host.press("start")
    return planned, lecturer, host


async def test_the_layers_of_a_lecturer_are_sizes_to_choose_from(
    server, browser, account, lecture, player, eventually
):
    lecture, lecturer, host = lecture
    dana = await account(server, "student", "Dana Omarova")
    far = player(await dana.sign_in(browser, viewport=WIDE))
    page = far.page
    await page.goto(f"/lectures/{lecture}?watch=1")
    await far.plays(frames=10)
    await host.press("record")
    await host.page.locator("#record[data-state=on]").wait_for()
    get = Fetch(page, lecture)

    await eventually(lambda: are_in_step(get), seconds=60, every=1)
    assert await get.sizes() == [(1280, 720), (640, 360), (320, 180)]

    await page.get_by_test_id("sizes").press("Enter")
    await page.get_by_test_id("size-180").wait_for()
    await photograph(page, "quality-live")
    await choose(page, far, eventually, "size-180", 320)
    await page.evaluate(WATCH)
    await choose(page, far, eventually, "size-720", 1280)
    await choose(page, far, eventually, "size-auto", 1280)
    assert await page.evaluate("stops") == 0
    assert (await page.locator("[data-rate=auto]").inner_text()) == "now 720p"
    await page.get_by_test_id("saver").check()
    await page.get_by_test_id("saver").press("Escape")
    assert not await page.get_by_test_id("size-auto").is_visible()

    await host.press("stop")
    await host.press("stop-confirm")

    async def is_published():
        return (await lecturer.get(f"/api/v1/lectures/{lecture}"))["recording"] == "ready"

    await eventually(is_published, seconds=30)
    await page.goto(f"/lectures/{lecture}")
    await page.get_by_test_id("play").click()
    await eventually(lambda: is_wide(far, 320), seconds=30)  # the data saver is remembered
    await page.get_by_test_id("sizes").click()
    for scheme, width in (("light", 1280), ("dark", 390)):
        await page.emulate_media(color_scheme=scheme)
        await page.set_viewport_size({"width": width, "height": 844})
        await photograph(page, f"quality-recorded-{scheme}-{width}")
        assert await flaws(page) == []
    await choose(page, far, eventually, "size-360", 640)
    assert not await page.get_by_test_id("saver").is_checked()
    assert not host.errors


class Fetch:
    """Playlists and media, with the page's right to see them."""

    def __init__(self, page, lecture):
        self._page, self._base = page, f"/hls/{lecture}/"

    async def bytes(self, name):
        answer = await self._page.request.get(self._base + name)
        assert answer.ok, name
        return await answer.body()

    async def playlist(self, name):
        return m3u8.loads((await self.bytes(f"{name}.m3u8")).decode())

    async def sizes(self):
        listed = (await self.playlist("index")).playlists
        return [each.stream_info.resolution for each in listed if each.stream_info.resolution]

    async def pictures(self, name, msn):
        """{time: picture, 64 wide} of a segment, and their real width."""
        listed = await self.playlist(name)
        segment = next(each for each in listed.segments if each.uri and number(each) == msn)
        data = await self.bytes(segment.init_section.uri) + await self.bytes(segment.uri)
        with av.open(io.BytesIO(data)) as file:
            decoded = list(file.decode(video=0))
        assert decoded[0].key_frame
        return {
            frame.pts * frame.time_base: bytes(frame.reformat(64, 36, "gray").planes[0])
            for frame in decoded
        }, decoded[0].width


def number(segment) -> int:
    return int(segment.uri.split("/")[-1].split(".")[0])


async def are_in_step(get) -> bool:
    """Rungs list the same segments, and what a rung shows is what the programme shows then."""
    times = [
        {number(each): each.program_date_time for each in listed.segments if each.uri}
        for listed in [await get.playlist(name) for name in NAMES]
    ]
    common = set.intersection(*map(set, times))
    assert all(len({each[msn] for each in times}) == 1 for msn in common)
    msn = max(common)
    shown = [await get.pictures(name, msn) for name in NAMES]
    if [width for _, width in shown] != [1280, 640, 320]:
        return False  # a layer has not come yet
    best, *rungs = [pictures for pictures, _ in shown]
    frame = max(after - before for before, after in pairwise(best))
    for rung in rungs:
        apart = [abs(at - nearest(picture, best)) for at, picture in list(rung.items())[::3]]
        assert sorted(apart)[len(apart) // 2] <= frame + Fraction(1, 1000)
    return True


def nearest(picture, shown) -> Fraction:
    """The time at which most nearly that picture is shown."""

    def distance(at):
        return sum(abs(one - other) for one, other in zip(shown[at], picture, strict=True))

    return min(shown, key=distance)


async def is_wide(far, width) -> bool:
    return (await far.picture())["width"] == width


async def choose(page, far, eventually, test_id, width) -> None:
    """And see it play on in that size."""
    await page.get_by_test_id(test_id).check()
    await eventually(lambda: is_wide(far, width), seconds=40)
    before = (await far.picture())["at"]

    async def plays_on():
        return (await far.picture())["at"] > before + 0.5

    await eventually(plays_on, seconds=30)
