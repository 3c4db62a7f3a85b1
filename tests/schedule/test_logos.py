"""Logos of channels: over HTTP, in the guide, and what they mean for conditioned media."""

import pytest

from identity.rights import Role
from kernel.errors import NotFound
from schedule import channel_api
from schedule.channels import (
    Channel,
    HouseItem,
    ItemState,
    add_channel,
    best_items,
    house_items_for,
    keep_house_item,
)
from schedule.guide import m3u, xmltv
from schedule.logos import Logo, drop_unused_logos, logo_named, set_logo
from tests.images import png

CHANNELS = "/api/v1/channels"
_WHOLE = png(64, 32, (200, 30, 30, 255))
PNG = {"Content-Type": "image/png"}


@pytest.fixture
async def client(serve):
    return await serve(channel_api.routes())


@pytest.fixture
async def operator(add_person, bearer):
    return await bearer(await add_person(Role.OPERATOR))


@pytest.fixture
async def one(client, operator):
    """A channel named one."""
    new = {"id": "one", "name": "Daris TV"}
    assert (await client.post(CHANNELS, json=new, headers=operator)).status == 201


async def test_a_channel_gets_a_logo_and_loses_it_again(client, operator, one, add_person, bearer):
    image, where = _WHOLE, f"{CHANNELS}/one/logo"
    answer = await client.put(
        where, data=image, params={"corner": "top-left", "opacity": 60}, headers=operator | PNG
    )
    assert answer.status == 200
    told = await answer.json()
    assert (told["corner"], told["height"], told["opacity"]) == ("top-left", 8, 60)
    elsewhere = await (await client.put(where, data=image, headers=operator | PNG)).json()
    assert elsewhere["name"] != told["name"]  # media made with the one does not do for the other
    channel = await (await client.get(f"{CHANNELS}/one", headers=operator)).json()
    assert channel["logo"] == elsewhere["name"]
    student = await bearer(await add_person(Role.STUDENT))
    assert (await client.put(where, data=image, headers=student | PNG)).status == 403
    assert (await client.get(where, headers=student)).status == 200
    assert (await client.delete(where, headers=operator)).status == 204
    assert (await client.get(where, headers=operator)).status == 404


@pytest.mark.parametrize(
    ("image", "kind", "status", "title"),
    [
        (_WHOLE, "image/jpeg", 415, "Send the logo as image/png."),
        (b"GIF89a", "image/png", 400, "A logo is a PNG image."),
        (_WHOLE[:-20], "image/png", 400, "The PNG image breaks off."),
        (_WHOLE[:60] + b"x" + _WHOLE[61:], "image/png", 400, "The PNG image is damaged."),
        (png(64, 32, (0,) * 4, colours=5), "image/png", 400, "The PNG image is damaged."),
        (png(64, 32, (0,) * 4, depth=3), "image/png", 400, "The PNG image is damaged."),
        (png(64, 32, (0,) * 4, colours=3), "image/png", 400, "The PNG image is damaged."),
        (png(8, 8, (0, 0, 0, 0)), "image/png", 400, "A logo is 16 to 2048 pixels wide and high."),
        (_WHOLE + bytes(512 * 1024), "image/png", 413, "A logo has at most 512 KiB."),
    ],
    ids=["kind", "gif", "broken off", "damaged", "colours", "depth", "palette", "small", "large"],
)
async def test_what_is_no_logo_is_refused_in_a_sentence(
    client, operator, one, image, kind, status, title
):
    answer = await client.put(
        f"{CHANNELS}/one/logo", data=image, headers=operator | {"Content-Type": kind}
    )
    assert (answer.status, (await answer.json())["title"]) == (status, title)


async def test_media_of_another_look_is_shown_until_that_of_the_new_is_made(either_database, clock):
    made = {"source": "file:a.mp4", "version": "1", "state": ItemState.READY}
    logo = Logo(image=_WHOLE)
    async with either_database.begin() as connection:
        await add_channel(connection, Channel(id="one", name="x", profile="720p25"), at=clock.now())
        channel = await set_logo(connection, "one", logo)
        for look, file in (("720p25", "plain.mp4"), ("360p25", "small.mp4")):
            item = HouseItem(look=look, file=file, **made)
            await keep_house_item(connection, item, at=clock.now())
        items = await house_items_for(connection, ["file:a.mp4"])
        assert best_items(items, channel.look)["file:a.mp4"].file == "plain.mp4"
        new = HouseItem(look=str(channel.look), file="new.mp4", **made)
        await keep_house_item(connection, new, at=clock.now())
        items = await house_items_for(connection, ["file:a.mp4"])
        assert best_items(items, channel.look)["file:a.mp4"].file == "new.mp4"
        assert await drop_unused_logos(connection) == {logo.name}
        await set_logo(connection, "one", None)
        assert await drop_unused_logos(connection) == set()
        kept = await house_items_for(connection, ["file:a.mp4"])
        assert {look for _, look in kept} == {"720p25", "360p25"}
        with pytest.raises(NotFound):
            await logo_named(connection, logo.name)


def test_the_guide_names_the_image_by_an_address_of_its_own():
    marked = Channel(id="one", name="x", profile="720p25", logo="0123456789ab")
    where = "https://tv.example.kz/tv/one/logo.png?v=0123456789ab"
    assert f'tvg-logo="{where}"' in m3u([marked], address="https://tv.example.kz")
    assert f'<icon src="{where}" />'.encode() in xmltv([marked], {}, source="https://tv.example.kz")
