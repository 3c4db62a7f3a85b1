"""A live lecture at its slot on a channel: a real recording in real time, real processes."""

import asyncio
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta

import m3u8
import pytest

from bench import clips
from daris import channels
from identity.rights import Role
from kernel.clock import SystemClock
from kernel.web import SETTINGS
from player import television
from player.delivery import LIBRARY
from schedule import channel_api
from schedule.channels import apply, channel_by_id
from schedule.lectures import lectures
from schedule.overrun import Live
from schedule.rundown import Change, Programme, Source
from tests.transcode.channel.other_readers import brightness
from transcode.house import SLOT
from transcode.library import Library


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


async def with_library(app):
    app[LIBRARY] = Library(app[SETTINGS].data_dir / "media")
    yield


@pytest.fixture
async def client(serve):
    routes = [*channel_api.routes(), *television.routes()]
    return await serve(routes, with_library, channels.opened)


class Teacher:
    """Sends a bright screen, a dark camera and a tone into a room's recording, in step with the clock."""

    def __init__(self, recording, units) -> None:
        self._recording = recording
        self._units = units
        self._silenced = threading.Event()
        self._thread = threading.Thread(target=self._teach)
        self._thread.start()

    def _teach(self) -> None:
        began = time.monotonic()
        for kind, unit in self._units:
            wait = float(unit.time) - (time.monotonic() - began)
            if self._silenced.wait(max(0.0, wait)):
                break
            self._recording.push(kind, unit)
        self._recording.finish()

    def silence(self) -> None:
        self._silenced.set()
        self._thread.join()


@pytest.mark.timeout(120)
async def test_a_live_lecture_is_on_its_channel_its_camera_in_the_screens_corner_taken_by_another_and_the_slate_at_its_end(
    client, add_person, bearer, add_lecture, database, tmp_path
):
    operator = await bearer(await add_person(Role.OPERATOR))
    lecture = await add_lecture(await add_person(Role.LECTURER), starts_in=timedelta(seconds=1))
    for name in ("one", "two"):
        new = {"id": name, "name": "Daris TV", "profile": "360p25"}
        assert (await client.post("/api/v1/channels", json=new, headers=operator)).status == 201
    await planned(database, lecture)
    teacher = await taught(client, lecture, database)

    async def lines(channel="one", key="live"):
        answer = await client.get(f"/api/v1/channels/{channel}/as-run", headers=operator)
        return [line for line in (await answer.json())["aired"] if line["key"] == key]

    async def is_on_air(*of):
        return [line for line in await lines(*of) if not line["slate"]]

    await until(is_on_air)
    body = {"source": {"live": {"lecture": str(lecture.id)}}}
    taken = await client.post("/api/v1/channels/two/take", json=body, headers=operator)
    starts_at = datetime.fromisoformat((await taken.json())["starts_at"])
    line = (await until(lambda: is_on_air("two", "take")))[0]
    assert datetime.fromisoformat(line["at"]) - starts_at <= SLOT  # it is conditioned already

    async def is_shown():  # without the slate, which a busy machine may show between
        last = (await lines())[-1]
        return [] if last["slate"] else await whole_segments(client, last["at"])

    segment = (await until(is_shown))[0]
    await asyncio.to_thread(teacher.silence)

    async def is_slate():
        run = await lines()
        return run[-1]["slate"] and run

    run = await until(is_slate)
    assert run[-1]["reason"] == "nothing comes from the room"
    await shows_the_picture(client, segment, tmp_path)


async def planned(database, lecture) -> None:
    """The room's programme is on now: a push could plan it in ten seconds at the soonest."""
    now = datetime.now(UTC)
    programme = Programme(
        key="live",
        starts_at=now,
        ends_at=now + timedelta(minutes=2),
        source=Source(live=Live(lecture=lecture.id)),
        titles={"en": "Live"},
    )
    change = Change([programme], [], [], [])
    async with database.begin() as connection:
        channel = await channel_by_id(connection, "one")
        await apply(connection, channel, change, by=None, at=now)


async def taught(client, lecture, database) -> Teacher:
    """The lecture is live, and somebody teaches."""
    units = await asyncio.to_thread(drawn)
    now = datetime.now(UTC)
    async with database.begin() as connection:
        state = {"state": "live", "started_at": now, "taught_at": now}
        await connection.execute(lectures.update().where(lectures.c.id == lecture.id).values(state))
    return Teacher(client.app[LIBRARY].open_recording(lecture.id, datetime.now(UTC)), units)


def drawn():
    return clips.interleaved(
        camera=clips.video(60, gop=25),
        screen=clips.video(60, size=(640, 360), rate=10, gop=10, shade=120),
        voice=clips.voice(60),
    )


async def whole_segments(client, since: str) -> list[m3u8.Segment]:
    """Those of the playlist that lie wholly after `since` and the seconds in which its pictures come."""
    answer = await client.get("/tv/one/index.m3u8")
    playlist = m3u8.loads(await answer.text())
    began = datetime.fromisoformat(since) + 4 * SLOT
    return [one for one in playlist.segments if one.current_program_date_time >= began]


async def shows_the_picture(client, segment: m3u8.Segment, tmp_path) -> None:
    """It is the screen with the camera in its corner and heard, and every decoder takes it."""
    media = b"".join(
        [
            await (await client.get(f"/tv/one/{name}")).read()
            for name in (segment.init_section.uri, segment.uri)
        ]
    )
    (tmp_path / "segment.mp4").write_bytes(media)
    command = ["ffmpeg", "-hide_banner", "-i", tmp_path / "segment.mp4", "-af", "volumedetect"]
    done = subprocess.run([*command, "-f", "null", "-"], capture_output=True, text=True, check=True)
    assert float(done.stderr.rpartition("mean_volume:")[2].split()[0]) > -30
    screen = brightness(tmp_path / "segment.mp4", "crop=120:70:20:270")
    assert len(screen) == 96
    assert min(screen) > 100  # the slate's field is 66, the screen's 129
    assert max(brightness(tmp_path / "segment.mp4", "crop=120:70:500:270")) < 60  # the camera's 47


async def until(is_so, *, seconds: float = 60):
    """Other processes at work: nothing but asking tells when they got so far."""
    async with asyncio.timeout(seconds):
        while not (answer := await is_so()):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return answer
