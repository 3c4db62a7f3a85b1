"""Media finds its way: WebRTC, the stream when UDP is blocked, voice and stills, and up again."""

import time

import pytest

from bench.lossy_relay import LossyRelay

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

DIRECT = """(() => {
    const set = RTCPeerConnection.prototype.setRemoteDescription;
    RTCPeerConnection.prototype.setRemoteDescription = function ({type, sdp}) {
        return set.call(this, {type, sdp: sdp.replaceAll(" FROM ", " TO ")});
    };
})()"""

LINE = """document.querySelector("[data-person='ID'] [data-testid=line]")"""


@pytest.fixture
async def house(make_server):
    """A server whose media comes through a relay, and that relay."""
    server = make_server()
    async with LossyRelay.open(("127.0.0.1", server.media_port), seed=7) as relay:
        server.extra["DARIS_ANNOUNCE"] = f"127.0.0.1:{relay.port}"
        server.start()
        yield server, relay


@pytest.fixture
async def lecture(house, browser, account, enter):
    """A live lecture; the lecturer's media does not go by the relay. Its id, and who may enter."""
    server, relay = house
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    student = await account(server, "student", "Dana Omarova")
    planned = await lecturer.plan()
    page = await lecturer.sign_in(browser)
    ports = {"FROM": str(relay.port), "TO": str(server.media_port)}
    await page.add_init_script(DIRECT.replace("FROM", ports["FROM"]).replace("TO", ports["TO"]))
    host = await enter(page, planned)
    await host.press("start")
    await host.until("daris.way === 'connected' && daris.room.tracks.length === 2")
    return planned, host, student


def cut(relay, *, is_cut):
    relay.up.is_cut = relay.down.is_cut = is_cut
    return time.monotonic()


async def test_blocked_udp_leads_to_the_stream_and_back(house, lecture, browser, enter, player):
    _, relay = house
    planned, host, dana = lecture
    cut(relay, is_cut=True)
    page = await dana.sign_in(browser)
    student = await enter(page, planned)
    entered_at = time.monotonic()
    await student.until("daris.way === 'stream'")
    assert time.monotonic() - entered_at < 8  # four and a half seconds on a quiet machine
    assert await page.evaluate("daris.reason") == "blocked"
    await player(page).plays(frames=10)
    await student.say("Дыбыс бар ма?")
    await host.reads("Дыбыс бар ма?")

    cut(relay, is_cut=False)
    await student.until("daris.way === 'connected'")
    await student.sees("camera", frames=10)
    assert await page.get_by_test_id("player").is_hidden()

    cut_at = cut(relay, is_cut=True)
    await student.until("daris.way === 'stream'")
    assert time.monotonic() - cut_at < 8
    await player(page).plays(frames=10)
    cut(relay, is_cut=False)
    await student.until("daris.way === 'connected'")
    await student.sees("camera", frames=10)
    assert not student.errors


async def test_a_person_may_choose_voice_and_stills_and_the_lecturer_sees_it(
    lecture, browser, enter, player
):
    planned, host, dana = lecture
    page = await dana.sign_in(browser)
    student = await enter(page, planned)
    await student.sees("camera", frames=5)
    await host.press("people-toggle")
    line = host.page.locator(f"[data-person='{dana.id}'] [data-testid=line]")
    await line.wait_for(timeout=30_000)
    await student.press("quality")
    await student.press("way-stills")
    await student.until("daris.way === 'stills'")
    await student.until("document.getElementById('still').width >= 160")
    await student.hears()
    await host.until(f"{LINE.replace('ID', dana.id)}.dataset.bars === '1'")
    assert "voice and stills" in await line.get_attribute("aria-label")
    await page.reload()
    await student.until("daris.way === 'stills'")
    await student.press("quality")
    await student.press("way-auto")
    await student.until("daris.way === 'connected'")
    await student.sees("camera", frames=5)
    assert not student.errors
