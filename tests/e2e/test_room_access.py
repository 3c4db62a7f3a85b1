"""The room, when people are in it: axe finds nothing, wide or narrow, and keys do what they say."""

from pathlib import Path

import pytest

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RUN = """axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})
    .then(found => found.violations.flatMap(one => one.nodes.map(node => `${one.id} ${node.html}`)))"""

pytestmark = [pytest.mark.e2e, pytest.mark.untimed]


@pytest.fixture
async def room(server, browser, account, enter):
    """A host and a student with a raised hand and a line of chat, in a live lecture."""
    lecturer = await account(server, "lecturer", "Айгерім Бекова")
    dana = await account(server, "student", "Дана Омарова")
    lecture = await lecturer.plan()
    host = await enter(await lecturer.sign_in(browser), lecture)
    await host.press("start")
    student = await enter(await dana.sign_in(browser), lecture)
    await student.say("Сәлеметсіз бе!")
    await student.press("hand")
    await host.until("daris.room.hands.length === 1 && daris.room.chat.length === 1")
    return host, student


async def faults(page):
    await page.evaluate(AXE.read_text())
    return await page.evaluate(RUN)


async def test_axe_finds_nothing_in_a_full_room(room):
    host, student = room
    await host.press("people-toggle")
    assert await faults(host.page) == []
    await student.page.set_viewport_size({"width": 390, "height": 844})
    await student.page.emulate_media(color_scheme="dark")
    assert await faults(student.page) == []


async def test_keys_drive_the_room(room):
    host, student = room
    await host.page.locator("body").press("m")
    await student.until("daris.room.tracks.some(({kind, muted}) => kind === 'audio' && muted)")
    await host.page.locator("body").press("v")
    await student.until("daris.room.tracks.some(({kind, muted}) => kind === 'video' && muted)")
    await student.page.locator("body").press("h")
    await host.until("daris.room.hands.length === 0")
    await student.page.locator("body").press("c")
    await student.page.keyboard.type("mvh")
    assert await student.page.get_by_test_id("chat-input").input_value() == "mvh"
    await student.page.keyboard.press("Enter")
    await host.reads("mvh")


async def test_a_line_written_without_a_connection_is_said_later(room):
    host, student = room
    await student.page.context.set_offline(True)
    await student.say("Байланыс жоқта жазылды")
    await student.page.context.set_offline(False)
    await host.reads("Байланыс жоқта жазылды")
    lines = await host.page.evaluate("daris.room.chat.map((line) => line.text)")
    assert lines.count("Байланыс жоқта жазылды") == 1
