"""The record button with real browsers: what was paused is in no recording, and the rest plays through."""

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.untimed, pytest.mark.timeout(180)]


async def test_a_pause_is_seen_by_all_and_the_recording_plays_across_it(
    server, browser, account, enter, player, eventually
):
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    dana = await account(server, "student", "Dana Omarova")
    lecture = await lecturer.plan(is_recorded=False)
    host = await enter(await lecturer.sign_in(browser), lecture)
    await host.press("start")
    room = await enter(await dana.sign_in(browser), lecture)
    await room.sees("camera", frames=50)
    badge = room.page.get_by_test_id("recording")
    assert await badge.is_hidden()

    for frames, state in ((120, "on"), (200, "paused"), (280, "on")):
        await host.press("record")
        await room.page.locator(f"#recording[data-state={state}]").wait_for()
        await host.page.locator(f"#record[data-state={state}]").wait_for()
        await room.sees("camera", frames=frames)

    far = player(await dana.sign_in(browser))
    await far.page.goto(f"/lectures/{lecture}?watch=1")
    await far.plays()
    await host.press("stop")
    await host.press("stop-confirm")

    async def is_published():
        return (await lecturer.get(f"/api/v1/lectures/{lecture}"))["recording"] == "ready"

    await eventually(is_published)
    watching = player(room.page)
    await room.page.get_by_test_id("player").wait_for()
    await room.press("play")
    await watching.plays(frames=25)
    length = (await watching.picture())["duration"]

    async def has_played_through():
        return (await watching.picture())["at"] > length - 1

    await eventually(has_played_through, seconds=60)
    assert not host.errors
    assert not room.errors
