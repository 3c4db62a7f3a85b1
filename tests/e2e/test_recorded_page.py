"""The page of a recording: captions, what was said, keys, and going on where one stopped."""

import re
import zipfile
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from bench import clips
from footprint import log
from kernel.database import Database
from kernel.ids import new_id
from live.events import PollClosed, PollOpened, PollShown
from player.events import Mode, ViewEnded
from schedule.lectures import lecture_by_id
from schedule.questions import Question
from tests.e2e.looks import flaws, photograph
from tests.e2e.recorded import add_recorded

pytestmark = [pytest.mark.e2e, pytest.mark.untimed, pytest.mark.timeout(120)]

SECONDS = 50
SUBRIP = """1
00:00:01,000 --> 00:00:09,000
Жарық дегеніміз не?

2
00:00:20,000 --> 00:00:29,000
Толқын ұзындығы: <b>λ</b>

3
00:00:40,000 --> 00:00:49,000
Интерференция & дифракция
"""
BROKEN = SUBRIP.replace("00:00:29,000", "00:00:19,000")


@pytest.fixture
async def lecturer(server, account):
    return await account(server, "lecturer", "Aigerim Bekova")


@pytest.fixture
async def lecture(server, lecturer):
    """Over, with a recording."""
    return await add_recorded(
        server, lecturer, lambda opened: clips.record(opened, SECONDS), seconds=SECONDS
    )


async def put_captions(page, tmp_path, text, name="captions.srt"):
    file = tmp_path / name
    file.write_text(text)
    desk = page.get_by_test_id("caption-desk")
    if await desk.get_attribute("open") is None:
        await desk.locator("summary").click()
    await page.get_by_test_id("caption-new-language").select_option("kk")
    await page.get_by_test_id("caption-file").set_input_files(file)
    await page.get_by_test_id("caption-put").click()


async def test_captions_come_with_the_recording_and_are_searched(
    browser, lecture, lecturer, account, server, player, eventually, tmp_path
):
    page = await lecturer.sign_in(browser, viewport={"width": 1280, "height": 900})
    await page.goto(f"/lectures/{lecture}")
    await put_captions(page, tmp_path, BROKEN, name="<img src=x onerror=alert(1)>.srt")
    await page.get_by_text("Line 6: the caption ends before it begins.").wait_for()
    await put_captions(page, tmp_path, SUBRIP)
    lines = page.get_by_test_id("transcript-line")
    await lines.nth(2).wait_for()
    assert await page.get_by_test_id("caption-faults").inner_text() == ""

    student = await account(server, "student", "Dana Omarova")
    page = await student.sign_in(browser, viewport={"width": 1280, "height": 900})
    await page.goto(f"/lectures/{lecture}")
    lines = page.get_by_test_id("transcript-line")
    await lines.nth(1).get_by_role("button").click()  # it leads to its moment

    async def has_come_there():
        return 20 <= (await player(page).picture())["at"] < 29

    await eventually(has_come_there)
    await page.keyboard.press("c")
    await page.get_by_test_id("caption").get_by_text("Толқын ұзындығы: λ").wait_for()
    assert await page.locator("#transcript .current p").inner_text() == "Толқын ұзындығы: λ"
    await page.get_by_test_id("words-search").fill("ДИФРАКЦИЯ")
    await page.get_by_text("1 line found").wait_for()
    assert await lines.locator("visible=true").count() == 1
    assert await page.get_by_test_id("caption-desk").count() == 0
    await page.get_by_test_id("words-search").fill("")
    await page.get_by_test_id("caption-style").click()
    await page.get_by_test_id("caption-size").select_option("large")
    await photograph(page, "recorded-light")
    assert await flaws(page) == []
    await page.reload()
    assert await page.get_by_test_id("caption-size").input_value() == "large"
    await page.get_by_test_id("captions").and_(page.locator("[aria-pressed=true]")).wait_for()


async def test_another_device_goes_on_where_the_person_stopped(
    browser, lecture, account, server, player, eventually
):
    student = await account(server, "student", "Dana Omarova")
    first = await student.sign_in(browser)
    await first.goto(f"/lectures/{lecture}")
    await player(first).seek(20)
    await first.keyboard.press("k")
    await player(first).plays(frames=25)
    await first.keyboard.press("k")

    second = await student.sign_in(
        browser, viewport={"width": 390, "height": 844}, color_scheme="dark", locale="ru-RU"
    )

    async def goes_on():
        await second.goto(f"/lectures/{lecture}")
        at = float(await second.locator("#recorded").get_attribute("data-resume") or 0)
        return at if at > 20 else 0  # until the last beacon has come

    stopped = await eventually(goes_on, every=0.5)
    assert 20 < stopped < 34

    async def is_there():
        return abs((await player(second).picture())["at"] - stopped) < 1

    await eventually(is_there)
    await photograph(second, "recorded-dark-phone")
    assert await flaws(second) == []
    await second.keyboard.press("Shift+Slash")
    await second.get_by_test_id("keys-help").wait_for()
    await photograph(second, "recorded-keys")
    await second.keyboard.press("Escape")
    await second.get_by_test_id("keys-help").wait_for(state="hidden")
    for _ in range(9):
        await second.keyboard.press("Shift+Period")
    assert await second.get_by_test_id("speed").input_value() == "3"
    await second.keyboard.press("5")

    async def is_in_the_middle():
        return abs((await player(second).picture())["at"] - SECONDS / 2) < 1

    await eventually(is_in_the_middle)


async def test_chapters_and_small_pictures_lie_on_the_seek_bar(
    browser, lecture, lecturer, player, eventually
):
    edition = f"/api/v1/lectures/{lecture}/recording/edition"
    chapters = [{"at_ms": 0, "title": "Кіріспе"}, {"at_ms": 30_000, "title": "Интерференция"}]
    async with lecturer.api() as api:
        headers = {"If-Match": '"0"'}
        async with api.put(edition, json={"chapters": chapters}, headers=headers) as answer:
            assert answer.status == 200
    page = await lecturer.sign_in(browser, viewport={"width": 1280, "height": 900})

    async def has_pictures():
        found = await page.request.get(f"/hls/{lecture}/storyboard.vtt")
        return found.status == 200

    await eventually(has_pictures, seconds=40)
    await page.goto(f"/lectures/{lecture}")
    await page.get_by_test_id("chapter").nth(1).wait_for()
    box = await page.get_by_test_id("seek").bounding_box()
    await page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] / 2)
    await page.locator(".player-still").wait_for()
    tip = page.locator("[data-tip]")
    assert (await tip.inner_text()).startswith("Интерференция")
    await photograph(page, "recorded-chapters")
    assert await flaws(page) == []
    await page.get_by_test_id("chapter").nth(1).click()

    async def is_there():
        return 30 <= (await player(page).picture())["at"] < 45

    await eventually(is_there)


async def test_who_spares_data_hears_the_sound_alone_and_goes_on_where_it_was(
    browser, lecture, account, server, player, eventually
):
    student = await account(server, "student", "Dana Omarova")
    page = await student.sign_in(browser, viewport={"width": 390, "height": 844})
    await page.goto(f"/lectures/{lecture}")
    await page.get_by_test_id("play").click()
    await player(page).plays(frames=10)
    await player(page).seek(20)
    await page.get_by_test_id("speed").select_option("1.5")
    await page.get_by_test_id("sizes").click()
    await page.get_by_test_id("saver").check()

    async def is_sound_alone(since=20.5):
        found = await player(page).picture()
        return found["width"] == 0 and not found["paused"] and found["at"] > since

    await eventually(is_sound_alone, seconds=30)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await eventually(lambda: is_sound_alone(24), seconds=30)
    assert not [url for url in asked if url.endswith(("camera.mp4", "screen.mp4"))]
    assert await page.evaluate("document.querySelector('video').playbackRate") == 1.5
    assert await flaws(page) == []
    await page.evaluate(
        "document.querySelectorAll('[data-captions], [data-caption-menu], [data-view]')"
        ".forEach((button) => (button.hidden = false))"
    )
    await photograph(page, "recorded-saver")  # with all that there may be in the bar
    last = await page.get_by_test_id("fullscreen").bounding_box()
    around = await page.get_by_test_id("player").bounding_box()
    assert last["x"] + last["width"] <= around["x"] + around["width"]
    await page.reload()  # and it stays so
    await page.get_by_test_id("sizes").click()
    await page.locator("[data-testid=saver]:checked").wait_for()
    await page.get_by_test_id("saver").uncheck()
    await page.get_by_test_id("play").click()
    await player(page).plays(frames=10)


async def test_a_course_plays_from_a_stick(browser, lecture, lecturer, server, tmp_path):
    page = await lecturer.sign_in(browser, viewport={"width": 1280, "height": 900})
    await page.goto(f"/lectures/{lecture}")
    await page.get_by_test_id("offline").locator("summary").click()
    await page.get_by_test_id("packages-link").click()
    await page.get_by_test_id("package-title").fill("Физика: бірінші курс")
    await page.get_by_text(re.compile("1 lecture, about [0-9.]+ MB")).wait_for()
    await photograph(page, "packages")
    assert await flaws(page) == []
    async with page.expect_download(timeout=60_000) as downloading:
        await page.get_by_test_id("package-take").click()
    stick = tmp_path / "stick"
    with zipfile.ZipFile(await (await downloading.value).path()) as case:
        case.extractall(stick)
    for theme, width in (("light", 1280), ("dark", 390)):
        away = await browser.new_context(
            offline=True, viewport={"width": width, "height": 844}, color_scheme=theme
        )
        alone = await away.new_page()
        faults: list[str] = []
        alone.on("pageerror", lambda error, told=faults: told.append(str(error)))
        await alone.goto((stick / "index.html").as_uri())
        await alone.get_by_role("heading", name="Физика: бірінші курс").wait_for()
        await photograph(alone, f"course-{theme}-{width}")
        assert await flaws(alone) == []
        await alone.get_by_role("link").click()
        await alone.wait_for_url("**/lectures/01/index.html")
        await alone.get_by_role("heading", name="Жарық физикасы").wait_for()
        assert faults == []


async def test_captions_are_edited_beside_the_picture(
    browser, lecture, lecturer, tmp_path, eventually
):
    page = await lecturer.sign_in(browser, viewport={"width": 1280, "height": 900})
    await page.goto(f"/lectures/{lecture}")
    await put_captions(page, tmp_path, SUBRIP)
    await page.get_by_test_id("caption-edit").click()
    await page.locator("[data-editor=ready]").wait_for()
    texts = page.get_by_test_id("cue-text")
    await texts.nth(1).click()
    await page.keyboard.press("Alt+ArrowDown")
    await page.keyboard.press("Home")
    for _ in range("Интерференция &".count("") - 1):
        await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Control+Enter")
    assert await texts.nth(2).input_value() == "Интерференция &"
    await texts.nth(3).fill("")
    await page.get_by_text("the caption is empty.").wait_for()
    assert await page.get_by_test_id("save").is_disabled()
    await photograph(page, "captions-fault")
    assert await flaws(page) == []
    await texts.nth(3).fill("дифракция")
    await page.get_by_test_id("shift-seconds").fill("-0.5")
    await page.get_by_test_id("shift").click()
    await page.keyboard.press("Control+s")
    await page.get_by_text("Saved. Viewers see it from now on.").wait_for()

    async def cues():
        found = await lecturer.get(f"/api/v1/lectures/{lecture}/captions/kk")
        return [(cue["begin_ms"], cue["text"]) for cue in found["cues"]]

    edited = await cues()
    assert [text for _, text in edited][2:] == ["Интерференция &", "дифракция"]
    assert [begin for begin, _ in edited][:3] == [500, 19_500, 39_500]
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.emulate_media(color_scheme="dark")
    await photograph(page, "captions-dark-phone")
    assert await flaws(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    await page.get_by_test_id("take-back").click()
    await page.get_by_text("The captions are as they were before.").wait_for()
    assert len(await cues()) == 3


async def test_a_stranger_watches_by_the_public_link_until_it_ends(
    browser, lecture, lecturer, server, player
):
    page = await lecturer.sign_in(browser, viewport={"width": 1280, "height": 900})
    await page.goto(f"/lectures/{lecture}")
    await page.get_by_test_id("access").locator("summary").click()
    await page.get_by_label("Everybody who has the link").check()
    await page.get_by_test_id("toast").wait_for()
    link = await page.get_by_test_id("public-link").input_value()
    await photograph(page, "recorded-access")
    assert await flaws(page) == []

    away = await browser.new_context(
        viewport={"width": 390, "height": 844}, color_scheme="dark", locale="en-GB"
    )
    stranger = await away.new_page()
    await stranger.goto(link)
    await stranger.get_by_test_id("play").click()
    await player(stranger).plays(frames=10)
    assert await stranger.get_by_test_id("words").is_hidden()
    assert await stranger.get_by_test_id("offline").count() == 0
    await photograph(stranger, "recorded-stranger")
    assert await flaws(stranger) == []

    await page.get_by_label("The whole university").check()
    await page.get_by_test_id("public-link").wait_for(state="hidden")
    await stranger.reload()
    await stranger.get_by_test_id("login-name").wait_for()
    await stranger.goto(link)
    await stranger.get_by_text("This link holds no longer; ask for a new one.").wait_for()


async def test_what_the_class_watched_lies_over_the_seek_bar(
    browser, lecture, lecturer, server, account
):
    students = [await account(server, "student", f"Student{n} Omarov") for n in range(6)]
    database = Database.open(server.database_url)
    now = datetime.now(UTC)
    async with database.begin() as connection:
        facts = [
            ViewEnded(
                id=new_id(),
                at=now,
                lecture=lecture,
                person=UUID(student.id),
                view=new_id(),
                mode=Mode.RECORDING,
                last_proof_at=now,
                segments=((0, 12_000), (20_000, 24_000 + 4_000 * number)),
            )
            for number, student in enumerate(students)
        ]
        await log.append(connection, facts, now=now)
    await database.aclose()
    page = await lecturer.sign_in(browser, viewport={"width": 1280, "height": 900})
    await page.goto(f"/lectures/{lecture}")
    await page.locator("[data-heat] path").wait_for(state="attached")
    await page.locator("[data-heat]:not([hidden])").wait_for(state="attached")
    await page.get_by_test_id("heat").locator("summary").click()
    await page.get_by_text("6 people have watched it.").wait_for()
    await photograph(page, "recorded-heat")
    assert await flaws(page) == []

    page = await students[0].sign_in(browser, viewport={"width": 390, "height": 844})
    await page.goto("/me")
    await page.locator("[data-testid=me-counted]:enabled").wait_for()
    await page.get_by_test_id("me-counted").uncheck()
    await page.get_by_test_id("toast").wait_for()
    await page.reload()
    await page.locator("[data-testid=me-counted]:enabled").wait_for()
    assert not await page.get_by_test_id("me-counted").is_checked()
    await photograph(page, "me-counted")


async def test_a_host_keeps_a_recording_and_deletes_it(
    browser, lecture, lecturer, server, eventually
):
    page = await lecturer.sign_in(
        browser, viewport={"width": 390, "height": 844}, color_scheme="dark"
    )
    await page.goto(f"/lectures/{lecture}")
    await page.get_by_test_id("retention").locator("summary").click()
    await page.get_by_text("Nothing deletes it by itself.").wait_for()
    await page.get_by_label("Up to a day").check()
    day = (datetime.now(UTC) + timedelta(days=40)).date()
    await page.get_by_test_id("retention-until").fill(day.isoformat())
    await page.get_by_test_id("retention-save").click()
    await page.get_by_text(re.compile(r"It is deleted on .*4[01] days are left")).wait_for()
    await photograph(page, "recorded-retention")
    assert await flaws(page) == []

    await page.get_by_test_id("delete-recording").click()
    await photograph(page, "recorded-delete")
    assert await flaws(page) == []
    assert await page.get_by_test_id("delete-confirm").is_disabled()
    await page.get_by_test_id("delete-sure").check()
    await page.get_by_test_id("delete-confirm").click()
    await page.get_by_test_id("not-recorded").wait_for()
    assert not (server.folder / "media" / str(lecture)).exists()


async def was_asked(server, lecturer, lecture) -> None:
    """A poll whose result all were shown, which ended 30 seconds into the recording."""
    database = Database.open(server.database_url)
    question = Question(
        "Жарықтың толқын ұзындығы қайда үлкен?", ("Қызылда", "Күлгінде"), right=(0,)
    )
    async with database.begin() as connection:
        began = (await lecture_by_id(connection, lecture)).started_at
        room = {"lecture": lecture, "run": new_id(), "poll": new_id(), "by": UUID(lecturer.id)}
        at = began + timedelta(seconds=30)
        facts = [
            PollOpened(id=new_id(), at=began, **room, question=question),
            PollClosed(id=new_id(), at=at, **room, answered=8, counts=(6, 2)),
            PollShown(id=new_id(), at=at, **room, is_shown=True),
        ]
        await log.append(connection, facts, now=at)
    await database.aclose()


async def test_a_package_plays_without_a_network_and_what_was_watched_is_handed_in(
    browser, lecture, lecturer, account, server, eventually, tmp_path
):
    await was_asked(server, lecturer, lecture)
    page = await lecturer.sign_in(browser, viewport={"width": 1280, "height": 900})
    await page.goto(f"/lectures/{lecture}")
    await put_captions(page, tmp_path, SUBRIP)
    await page.get_by_test_id("offline").locator("summary").click()
    async with page.expect_download(timeout=60_000) as downloading:
        await page.get_by_test_id("package").click()
    stick = tmp_path / "stick"
    with zipfile.ZipFile(await (await downloading.value).path()) as case:
        case.extractall(stick)

    away = await browser.new_context(
        offline=True, viewport={"width": 390, "height": 844}, color_scheme="dark"
    )
    alone = await away.new_page()
    faults: list[str] = []
    alone.on("pageerror", lambda error: faults.append(str(error)))
    alone.on("console", lambda line: line.type == "error" and faults.append(line.text))
    await alone.goto((stick / "index.html").as_uri())
    await alone.get_by_role("button", name="Русский").click()
    await alone.locator("#transcript li").nth(1).get_by_role("button").click()

    async def has_played():
        return await alone.evaluate("document.querySelector('video').currentTime") > 23

    await eventually(has_played)
    assert await alone.locator("#transcript .current").inner_text() == "0:20\nТолқын ұзындығы: λ"
    [first, _] = await alone.locator("#polls .bar").all()
    assert (await first.inner_text()).split("\n") == ["Қызылда", "Верный ответ", "75 %"]
    await photograph(alone, "package-dark-phone", is_whole=True)
    assert await flaws(alone) == []
    async with alone.expect_download() as saving:
        await alone.get_by_role("button", name="Сохранить, что я посмотрел").click()
    record = tmp_path / (await saving.value).suggested_filename
    await (await saving.value).save_as(record)
    await photograph(alone, "package-saved")
    assert faults == []

    student = await account(server, "student", "Dana Omarova")
    page = await student.sign_in(browser, viewport={"width": 1280, "height": 900})
    await page.goto(f"/lectures/{lecture}")
    await page.get_by_test_id("offline").locator("summary").click()
    await page.get_by_test_id("watch-file").set_input_files(record)
    await page.get_by_test_id("watch-hand-in").click()
    await page.get_by_text("1 sitting was taken.").wait_for()
    await photograph(page, "recorded-offline")
    again = server.run("import", "watch", str(record), "--login", student.login)
    assert again == {"taken": 0, "known": 1}
