"""An operator pushes a schedule; the headend and a browser receive the channel."""

import json
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from tests.e2e.looks import photograph

pytestmark = [pytest.mark.e2e, pytest.mark.untimed, pytest.mark.timeout(180)]

SPOKEN = """[...document.querySelector("[data-testid=watch-video]").textTracks].some((track) =>
    track.mode === "showing" && [...track.activeCues ?? []].some((cue) => cue.text === "Толқын"))"""


async def test_a_pushed_recording_goes_on_air(
    server, browser, account, player, eventually, tmp_path
):
    operator = await account(server, "operator", "Olzhas Nurlan")
    film = server.folder / "library" / "film.mp4"
    draw(film)
    film.with_suffix(".kk.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:20.000\nТолқын\n")
    headend = free_udp_port()
    channel = {
        "id": "one",
        "name": "Дәріс ТВ",
        "profile": "360p25",
        "outputs": [f"udp://127.0.0.1:{headend}"],
    }
    await operator.post("/api/v1/channels", channel, status=201)
    schedule = tmp_path / "schedule.json"
    begins = datetime.now(UTC) + timedelta(seconds=25)
    schedule.write_text(json.dumps(rundown(begins)))
    answer = push(server, operator, schedule)
    assert len(answer["added"]) == 2
    assert push(server, operator, schedule)["added"] == []

    async def has_aired():
        path = (
            f"/api/v1/channels/one/as-run?from={(begins - timedelta(hours=1)):%Y-%m-%dT%H:%M:%SZ}"
        )
        aired = (await operator.get(path))["aired"]
        return [entry for entry in aired if entry["key"] == "film"]

    entry = (await eventually(has_aired, seconds=60, every=0.5))[0]
    started = datetime.fromisoformat(entry["at"])
    assert abs((started - begins).total_seconds()) < 1

    streams = probe(f"udp://127.0.0.1:{headend}")
    coded = {stream["codec_type"]: stream["codec_name"] for stream in streams["streams"]}
    assert (coded["video"], coded["audio"]) == ("h264", "aac")
    assert streams["programs"][0]["tags"]["service_name"] == "Дәріс ТВ"

    watching = player(await operator.sign_in(browser))
    await watching.page.goto("/channels/one")
    await watching.plays()
    await watching.page.goto(f"/channels/one?utc={int(begins.timestamp())}&duration=20")
    await watching.plays()
    await watching.page.click("[data-testid=captions]")
    await eventually(lambda: watching.page.evaluate(SPOKEN), seconds=30)
    await photograph(watching.page, "channel-captions")
    assert command(server, operator, "take", "slate", "--minutes", "1")["operator"]
    assert command(server, operator, "release") == {"channel": "one"}
    async with operator.api() as api, api.get("/tv/epg.xml") as guide:
        told = ET.fromstring(await guide.text())
    titles = [programme.findtext("title") for programme in told.iter("programme")]
    assert titles == ["Фильм", "Сынған"]


def rundown(begins: datetime) -> dict:
    """A film, and then a file that is none: the slate stands in for it."""
    return {
        "programmes": [
            {
                "key": "film",
                "starts_at": begins.isoformat(),
                "duration": 20,
                "source": {"file": "film.mp4"},
                "title": {"kk": "Фильм"},
            },
            {
                "key": "slate",
                "starts_at": (begins + timedelta(seconds=20)).isoformat(),
                "duration": 60,
                "source": {"slate": True},
                "title": {"kk": "Сынған"},
            },
        ]
    }


def push(server, operator, schedule) -> dict:
    return command(server, operator, "push", schedule)


def command(server, operator, *words) -> dict:
    done = subprocess.run(
        [sys.executable, "-m", "daris", "channel", *words, "--channel", "one"]
        + ["--server", server.url, "--token", operator.token, "--json"],
        env=server.environ,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def draw(film) -> None:
    film.parent.mkdir(parents=True, exist_ok=True)
    picture = ["-f", "lavfi", "-i", "testsrc=size=320x180:rate=30:duration=20"]
    sound = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=20"]
    coding = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    subprocess.run(["ffmpeg", "-v", "error", *picture, *sound, *coding, film], check=True)


def probe(url: str) -> dict:
    command = ["ffprobe", "-v", "error", "-show_streams", "-show_programs", "-of", "json", url]
    done = subprocess.run(command, capture_output=True, timeout=40, check=True)
    return json.loads(done.stdout)


def free_udp_port() -> int:
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
