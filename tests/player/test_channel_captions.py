"""Captions of a channel: where they come from, and where they lie on its timeline."""

from datetime import timedelta

import m3u8
import msgspec
import pytest

from kernel.web import SETTINGS
from player import caption_shelf, television
from player.captions import Cue
from schedule.channels import Channel, add_channel
from schedule.places import (
    captions_folder,
    channel_folder,
    library_folder,
    recording_index,
)
from transcode.as_run import Aired
from transcode.channel_window import WindowFolder
from transcode.house import FRAME_TICKS, FRAMES_PER_SEGMENT, SLOTS_PER_SEGMENT, slot_at, start_of

LECTURE = "0199aaaa-0000-7000-8000-000000000001"
FILM = "WEBVTT\n\n00:01.000 --> 00:03.000\nfirst\n\n00:03.500 --> 00:06.000\nsecond\n"


@pytest.fixture
async def client(serve, database, clock):
    async with database.begin() as connection:
        channel = Channel(id="one", name="One", profile="720p25")
        await add_channel(connection, channel, at=clock.now())
    return await serve(television.routes(), catchup_hours=2)


@pytest.fixture
def number(client, clock) -> int:
    """Of the segment before the last of a window."""
    last = slot_at(clock.now()) // SLOTS_PER_SEGMENT - 1
    folder = WindowFolder(channel_folder(client.app[SETTINGS], "one"), b"init", "abcdefabcdef")
    for msn in range(last - 5, last + 1):
        folder.publish(msn, b"media")
    return last - 1


@pytest.fixture
def show(client, number):
    """show(source): it is on air from the beginning of segment `number` on, for ten seconds."""
    begins = start_of(number * SLOTS_PER_SEGMENT)

    def note(source: str | None, *, late: timedelta = timedelta()) -> None:
        """`late`: the channel joined it when it ran already."""
        lines = (
            Aired(at=begins + late, slate=False, planned_at=begins, source=source),
            Aired(at=begins + timedelta(seconds=10), slate=True),
        )
        path = channel_folder(client.app[SETTINGS], "one") / "as-run" / f"{begins:%Y-%m-%d}.jsonl"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))

    return note


@pytest.fixture
def film(client):
    path = library_folder(client.app[SETTINGS]) / "film.mp4"
    path.parent.mkdir()
    path.with_suffix(".kk.vtt").write_text(FILM)
    return "file:film.mp4"


async def text_of(client, path: str) -> str:
    answer = await client.get(f"/tv/one/{path}")
    assert answer.status == 200
    return await answer.text()


async def test_captions_beside_a_film_are_seen_in_its_segments(client, film, show, number):
    show(film)
    first = await text_of(client, f"captions/kk/{number}.vtt")
    mpegts = number * FRAMES_PER_SEGMENT * FRAME_TICKS % (1 << 33)
    assert f"X-TIMESTAMP-MAP=LOCAL:01:00:00.000,MPEGTS:{mpegts}" in first
    assert "01:00:01.000 --> 01:00:03.000\nfirst" in first
    assert "01:00:03.500 --> 01:00:06.000\nsecond" in first  # it begins before the segment's end
    following = await text_of(client, f"captions/kk/{number + 1}.vtt")
    assert "first" not in following
    assert "00:59:59.660 --> 01:00:02.160\nsecond" in following  # the same moment
    assert "-->" not in await text_of(client, f"captions/kk/{number - 1}.vtt")
    assert "-->" not in await text_of(client, f"captions/ru/{number}.vtt")


async def test_captions_in_a_film_are_seen_where_there_are_none_beside_it(
    client, film, show, number
):
    show(film)
    kept = captions_folder(client.app[SETTINGS], film)
    kept.mkdir(parents=True)
    for language in ("kk", "ru"):
        (kept / f"{language}.vtt").write_text(FILM.replace("first", "inside"))
    assert "inside" in await text_of(client, f"captions/ru/{number}.vtt")
    assert "inside" not in await text_of(client, f"captions/kk/{number}.vtt")
    told = m3u8.loads(await text_of(client, "master.m3u8"))
    assert [one.language for one in told.media] == ["kk", "ru"]


async def test_a_film_that_is_joined_late_has_no_captions_of_before(client, film, show, number):
    show(film, late=timedelta(seconds=2))
    first = await text_of(client, f"captions/kk/{number}.vtt")
    assert "01:00:02.000 --> 01:00:03.000\nfirst" in first


async def test_captions_of_a_recording_are_those_of_now(client, show, number):
    show(f"recording:{LECTURE}")
    recording = recording_index(client.app[SETTINGS], LECTURE).parent
    recording.mkdir(parents=True)
    assert "-->" not in await text_of(client, f"captions/kk/{number}.vtt")
    caption_shelf.keep(recording, "kk", [Cue(500, 1500, "сәлем")])
    assert "01:00:00.500 --> 01:00:01.500\nсәлем" in await text_of(
        client, f"captions/kk/{number}.vtt"
    )


async def test_the_list_offers_the_languages_that_there_are(client, film, show, number):
    plain = m3u8.loads(await text_of(client, "master.m3u8"))
    assert [stream.uri for stream in plain.playlists] == ["index.m3u8"]
    assert plain.playlists[0].stream_info.codecs == "avc1.64001f,mp4a.40.2"
    assert plain.media == []
    show(film)
    told = m3u8.loads(await text_of(client, "master.m3u8"))
    (captions,) = told.media
    assert (captions.type, captions.language, captions.uri) == (
        "SUBTITLES",
        "kk",
        "captions/kk.m3u8",
    )
    listed = m3u8.loads(await text_of(client, captions.uri))
    shown = m3u8.loads(await text_of(client, "index.m3u8"))
    assert listed.media_sequence == shown.media_sequence
    assert [one.duration for one in listed.segments] == [one.duration for one in shown.segments]
    assert listed.segments[-2].uri == f"kk/{number}.vtt"
    assert not any(one.init_section for one in listed.segments)


async def test_captions_are_caught_up_with(client, film, show, number):
    show(film)
    since = int(start_of(number * SLOTS_PER_SEGMENT).timestamp())
    asked = f"utc={since}&duration=7"
    (captions,) = m3u8.loads(await text_of(client, f"master.m3u8?{asked}")).media
    assert captions.uri == f"captions/kk.m3u8?{asked}"
    listed = m3u8.loads(await text_of(client, captions.uri))
    assert f"kk/{number}.vtt" in [one.uri for one in listed.segments]
    assert listed.is_endlist


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("captions/kk/1.vtt", 404),
        ("captions/kk/x.vtt", 404),
        ("captions/no-language-at-all/1.vtt", 400),
        ("captions/..%2f..%2fkk.m3u8", 400),
        ("master.m3u8?utc=x&duration=1", 400),
    ],
)
async def test_what_makes_no_sense_is_refused(client, number, path, status):
    assert (await client.get(f"/tv/one/{path}")).status == status


async def test_a_file_that_is_no_captions_costs_only_the_captions(client, film, show, number):
    show(film)
    beside = library_folder(client.app[SETTINGS]) / "film.kk.vtt"
    beside.write_bytes(b"\xff\xfe\x00\x01 no captions")
    assert "-->" not in await text_of(client, f"captions/kk/{number}.vtt")
