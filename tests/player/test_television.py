"""Catch-up over HTTP, from a channel's folder as its process leaves it."""

from datetime import timedelta

import m3u8
import pytest

from kernel.ids import new_id
from kernel.web import SETTINGS
from player import television
from schedule import channel_views
from schedule.channels import Channel, add_channel, programmes
from schedule.places import channel_folder
from transcode.channel_window import WindowFolder
from transcode.house import SLOTS_PER_SEGMENT, slot_at

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def client(serve, database, clock):
    async with database.begin() as connection:
        channel = Channel(id="one", name="One", profile="720p25", languages=("en",))
        await add_channel(connection, channel, at=clock.now())
    return await serve([*channel_views.routes(), *television.routes()], catchup_hours=2)


@pytest.fixture
def published(client, clock):
    """The last five minutes of the channel, but the third segment of them."""
    folder = WindowFolder(
        channel_folder(client.app[SETTINGS], "one"), b"init", "abcdefabcdef", kept=1000
    )
    current = slot_at(clock.now()) // SLOTS_PER_SEGMENT
    for msn in range(current - 80, current):
        if msn != current - 76:
            folder.publish(msn, b"media")


@pytest.fixture
def planned(database, clock):
    async def add(title: str, *, starts_in: timedelta, takes: timedelta) -> str:
        starts_at = clock.now() + starts_in
        row = {"id": new_id(), "channel": "one", "key": title, "revision": 1}
        row |= {"starts_at": starts_at, "ends_at": starts_at + takes, "titles": {"en": title}}
        row |= {"source": {"slate": True}, "descriptions": {}}
        async with database.begin() as connection:
            await connection.execute(programmes.insert().values(row))
        return f"utc={int(starts_at.timestamp())}&duration={int(takes.total_seconds())}"

    return add


async def caught_up(client, clock, *, back: timedelta, takes: timedelta):
    since = int((clock.now() - back).timestamp())
    return await client.get(f"/tv/one/index.m3u8?utc={since}&duration={takes.seconds}")


async def test_what_was_on_is_a_recording_with_its_gaps(client, clock, published):
    answer = await caught_up(client, clock, back=5 * MINUTE, takes=MINUTE)
    told = m3u8.loads(await answer.text())
    assert answer.status == 200
    assert told.is_endlist
    assert [segment.gap_tag is not None for segment in told.segments].count(True) == 1
    assert (await client.get(f"/tv/one/{told.segments[0].uri}")).status == 200


async def test_what_is_on_begins_at_its_beginning(client, clock, published):
    answer = await caught_up(client, clock, back=MINUTE, takes=60 * MINUTE)
    assert not m3u8.loads(await answer.text()).is_endlist
    assert answer.headers["Cache-Control"] == "max-age=1"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("utc=1&duration=60", 410),
        ("utc=9999999999&duration=60", 404),
        ("utc=x&duration=60", 400),
        ("utc=1", 400),
        ("utc=1&duration=999999", 400),
        ("utc=-1&duration=60", 400),
    ],
)
async def test_what_is_not_kept_is_told(client, published, query, status):
    assert (await client.get(f"/tv/one/index.m3u8?{query}")).status == status


async def test_set_top_players_are_told_how_to_look_back(client):
    text = await (await client.get("/tv/playlist.m3u")).text()
    assert 'catchup="default" catchup-days="1"' in text
    assert '/tv/one/index.m3u8?utc={utc}&duration={duration}"' in text


async def test_the_page_links_what_is_kept_and_replays_it(client, clock, planned):
    english = {"Accept-Language": "en"}
    await planned("Too old", starts_in=-150 * MINUTE, takes=20 * MINUTE)
    over = await planned("Over", starts_in=-60 * MINUTE, takes=30 * MINUTE)
    running = await planned("Running", starts_in=-10 * MINUTE, takes=30 * MINUTE)
    await planned("To come", starts_in=30 * MINUTE, takes=30 * MINUTE)
    page = await (await client.get("/channels/one", headers=english)).text()
    assert page.count('data-testid="catch-up"') == 1
    assert f'href="?{over.replace("&", "&amp;")}"' in page
    assert f'href="?{running.replace("&", "&amp;")}" data-testid="start-over"' in page
    replayed = await (await client.get(f"/channels/one?{over}", headers=english)).text()
    assert "<h1>Over</h1>" in replayed
    assert 'data-testid="back-on-air"' in replayed
    assert '"mode": "recording"' in replayed
