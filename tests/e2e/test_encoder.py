"""An encoder publishes a file of real speech and drawn slides by WHIP, as OBS does."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.untimed, pytest.mark.timeout(180)]

SPEECH = (
    "Good morning. Today we look at light as a wave. "
    "Two slits, a laser, and a screen are all that we need."
)
SLIDES = ("Light\nis a wave", "Two slits\nand a laser", "Questions?")


async def test_a_file_of_speech_and_slides_is_a_lecture(
    server, browser, account, enter, player, eventually, tmp_path
):
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    dana = await account(server, "student", "Dana Omarova")
    lecture = await lecturer.plan()
    await lecturer.post(f"/api/v1/lectures/{lecture}/start")
    material = draw_lecture(tmp_path)
    address = f"{server.url}/whip/{lecture}"
    encoder = subprocess.Popen(
        [sys.executable, "-m", "bench.encoder", address, "--token", lecturer.token]
        + ["--file", material]
    )
    try:
        student = await enter(await dana.sign_in(browser), lecture)
        await student.until("daris.room.tracks.length === 2")
        await student.hears()
        far = player(await dana.sign_in(browser))
        await far.page.goto(f"/lectures/{lecture}?watch=1")
        await far.plays()
        assert (await far.picture())["width"] == 640
        await asyncio.to_thread(encoder.wait, 60)
    finally:
        encoder.kill()
        encoder.wait()
    await lecturer.post(f"/api/v1/lectures/{lecture}/stop")

    async def is_published():
        return (await lecturer.get(f"/api/v1/lectures/{lecture}"))["recording"] == "ready"

    await eventually(is_published)
    recording = server.folder / "media" / lecture / "index.m3u8"
    loudness = mean_volume(recording)
    assert loudness > -40, "The speech can't be heard in the recording."
    assert abs(loudness - mean_volume(material)) < 6


def draw_lecture(folder: Path) -> Path:
    """Slides with words, and a voice that reads: H.264 baseline and Opus, 14 seconds."""
    voice, film = folder / "speech.wav", folder / "lecture.mkv"
    subprocess.run(["espeak-ng", "-v", "en", "-s", "140", "-w", voice, SPEECH], check=True)
    font = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
    for number, text in enumerate(SLIDES):
        (folder / f"slide{number}.txt").write_text(text)
    drawn = ",".join(
        f"drawtext=fontfile={font}:textfile={folder}/slide{number}.txt:fontsize=48:x=60:y=80"
        f":enable='between(t,{number * 4.5},{number * 4.5 + 4.5})'"
        for number in range(len(SLIDES))
    )
    slides = ["-f", "lavfi", "-i", "color=white:size=640x360:rate=25"]
    picture = ["-c:v", "libx264", "-profile:v", "baseline", "-pix_fmt", "yuv420p", "-bf", "0"]
    picture += ["-g", "50", "-preset", "ultrafast", "-tune", "zerolatency"]
    sound = ["-c:a", "libopus", "-ar", "48000", "-ac", "2", "-af", "apad"]
    subprocess.run(
        ["ffmpeg", "-v", "error", *slides, "-i", voice, "-vf", drawn, *picture, *sound]
        + ["-t", "14", film],
        check=True,
    )
    return film


def mean_volume(path: Path) -> float:
    """Of the whole sound, in dB."""
    done = subprocess.run(
        ["ffmpeg", "-hide_banner", "-allowed_extensions", "ALL", "-i", path]
        if path.suffix == ".m3u8"
        else ["ffmpeg", "-hide_banner", "-i", path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Audio" in done.stderr, done.stderr
    command = [*done.args, "-map", "0:a", "-af", "volumedetect", "-f", "null", "-"]
    heard = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    return float(heard.split("mean_volume:")[1].split()[0])
