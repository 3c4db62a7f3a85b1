"""Who writes to whom in the chat, with real browsers: questions to the hosts only, then a closed chat."""

import pytest

from tests.e2e.looks import flaws, photograph

pytestmark = [pytest.mark.e2e, pytest.mark.untimed, pytest.mark.timeout(180)]

WIDE = {"width": 1280, "height": 800}


async def test_a_question_is_for_the_hosts_and_a_closed_chat_is_shut(
    server, browser, account, enter
):
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    dana = await account(server, "student", "Dana Omarova")
    timur = await account(server, "student", "Timur Li")
    lecture = await lecturer.plan()
    host = await enter(await lecturer.sign_in(browser, viewport=WIDE), lecture)
    await host.press("start")
    asking = await enter(await dana.sign_in(browser, viewport=WIDE), lecture)
    other = await enter(await timur.sign_in(browser, viewport=WIDE), lecture)

    await host.page.get_by_test_id("chat-mode").select_option("questions")
    note = asking.page.get_by_test_id("chat-note")
    await note.get_by_text("Only the hosts see what you write.").wait_for()
    await asking.page.get_by_role("textbox", name="Question to the hosts").fill("What is a node?")
    await asking.page.keyboard.press("Enter")
    await host.page.get_by_test_id("chat-line").get_by_text("What is a node?").wait_for()
    await photograph(host.page, "chat-mode-host")
    await photograph(asking.page, "chat-mode-question")
    assert await flaws(host.page) == []

    await host.page.get_by_role("textbox", name="Message to everybody").fill(
        "A node is where nothing moves."
    )
    await host.page.keyboard.press("Enter")
    await other.page.get_by_test_id("chat-line").get_by_text("A node is").wait_for()
    assert await other.page.get_by_text("What is a node?").count() == 0

    await host.page.get_by_test_id("chat-mode").select_option("closed")
    await other.page.get_by_test_id("chat-note").get_by_text("The chat is closed").wait_for()
    assert await other.page.get_by_test_id("chat-input").is_disabled()
    assert await host.page.get_by_test_id("chat-input").is_enabled()
