"""The picture of the room in the README: `SCREENSHOTS=docs make test ARGS=tests/e2e/test_screenshot.py`."""

import os
import subprocess
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.untimed, pytest.mark.timeout(120)]

SLIDE = """
navigator.mediaDevices.getDisplayMedia = async () => {
    const canvas = document.createElement("canvas");
    canvas.width = 1280; canvas.height = 720;
    const draw = canvas.getContext("2d");
    const paint = () => {
        draw.fillStyle = "#fbfaf6"; draw.fillRect(0, 0, 1280, 720);
        draw.fillStyle = "#0b5563"; draw.font = "bold 68px sans-serif";
        draw.fillText("Интерференция", 80, 130);
        draw.fillStyle = "#17262b"; draw.font = "38px sans-serif";
        draw.fillText("Екі саңылау, бір толқын:  d sin θ = m λ", 80, 205);
        draw.lineWidth = 12; draw.strokeStyle = "#17262b";
        for (const [from, to] of [[260, 420], [460, 500], [540, 700]]) {
            draw.beginPath(); draw.moveTo(330, from); draw.lineTo(330, to); draw.stroke();
        }
        draw.lineWidth = 3;
        for (let r = 24; r < 440; r += 32) for (const y of [440, 520]) {
            draw.strokeStyle = `rgba(11, 85, 99, ${1 - r / 480})`;
            draw.beginPath(); draw.arc(330, y, r, -0.75, 0.75); draw.stroke();
        }
        for (let y = 260; y < 700; y += 4) {
            draw.fillStyle = `rgba(200, 137, 43, ${Math.cos((y - 480) / 28) ** 2})`;
            draw.fillRect(1090, y, 50, 4);
        }
    };
    paint(); setInterval(paint, 200);
    return canvas.captureStream(5);
};"""


async def test_the_room_as_people_see_it(server, launch, account, enter, tmp_path):
    lecturer = await account(server, "lecturer", "Айгерім Бекова")
    dana = await account(server, "student", "Дана Омарова")
    timur = await account(server, "student", "Тимур Ли")
    lecture = await lecturer.plan(title="Жарық физикасы: интерференция")
    camera = f"--use-file-for-fake-video-capture={draw_person(tmp_path)}"
    async with launch(camera) as teaching, launch() as watching:
        size = {"width": 1440, "height": 860}
        page = await lecturer.sign_in(teaching, viewport=size)
        await page.add_init_script(SLIDE)
        host = await enter(page, lecture)
        await host.press("start")
        await host.press("screen-toggle")
        student = await enter(await dana.sign_in(watching, viewport=size), lecture)
        other = await enter(await timur.sign_in(watching), lecture)
        await student.say("Қайырлы күн! Дыбыс жақсы естіледі.")
        await other.say("А слайды будут в записи?")
        await host.say("Иә, жазба дәрістен кейін бірден ашылады.")
        await other.press("hand")
        await student.reads("бірден ашылады")
        await student.sees("screen", frames=5)
        await student.sees("camera", frames=150, seconds=40)
        folder = Path(os.environ.get("SCREENSHOTS", tmp_path))
        picture = await student.page.screenshot(path=folder / "room.png")
    assert len(picture) > 30_000


def draw_person(folder: Path) -> Path:
    """A drawn figure before a wall, since the browser's own test picture looks like nobody."""
    inside = "lt(hypot((X-640)/{w},(Y-{y})/{h}),1)"
    head, body = inside.format(w=105, y=300, h=135), inside.format(w=270, y=760, h=300)
    wall = "150+40*Y/H"
    luma = f"if({head},185,if({body},70,{wall}))"
    blue = f"if({head},112,if({body},140,126))"
    red = f"if({head},152,if({body},112,132))"
    film = folder / "person.mjpeg"
    picture = (
        f"color=black:size=1280x720:rate=5:duration=1,format=yuv444p,geq='{luma}':'{blue}':'{red}'"
    )
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", picture, "-pix_fmt", "yuvj420p"]
    subprocess.run([*command, "-q:v", "2", film], check=True)
    return film
