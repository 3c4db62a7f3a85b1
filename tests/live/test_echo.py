"""The connections of the self-test: what they answer, and what they refuse."""

import asyncio
from datetime import datetime

import msgspec
import pytest

from bench.light_client import VIDEO_TYPE, LightClient, rtp_packet
from identity.rights import Role
from kernel.errors import Invalid, TooMany, Unavailable
from kernel.web import CLOCK
from live import echo as echo_module
from live import echo_views
from live.echo import MOST_BYTES, MOST_OF_ADDRESS, Echoes
from live.port import MediaPort

SECTIONS = [("video", "sendonly"), ("video", "recvonly")]


async def echoes_opened(app):
    async with MediaPort.open("127.0.0.1", 0) as port:
        echoes = app[echo_views.ECHOES] = Echoes(port, app[CLOCK])
        async with echoes.open():
            yield


@pytest.fixture
async def client(serve):
    return await serve(
        echo_views.routes(),
        echoes_opened,
        ice_servers=("stun:198.51.100.1:3478", "turn:daris:word@198.51.100.1:3478"),
    )


@pytest.fixture
def echoes(client):
    return client.app[echo_views.ECHOES]


@pytest.fixture
async def light():
    clients = []

    def make():
        clients.append(LightClient())
        return clients[-1]

    yield make
    for one in clients:
        await one.aclose()


async def ask(client, offer, *, status=201):
    answer = await client.post("/check/echoes", json={"sdp": offer})
    assert answer.status == status, await answer.text()
    return await answer.json()


async def all_over():
    """Until no echo is left."""
    running = [task for task in asyncio.all_tasks() if task.get_name() == "echo"]
    if running:
        await asyncio.wait(running, timeout=10)


async def test_what_is_sent_comes_back(client, light):
    one = light()
    begun = await ask(client, one.offer(SECTIONS))
    came = asyncio.Event()
    one.on_media = lambda view, pointer, size: came.set() if view[1] & 127 == VIDEO_TYPE else None
    await one.connect(begun["sdp"])
    key = b"\x65" + bytes(200)
    async with asyncio.timeout(10):
        for sequence in range(1000):
            one.send_raw(one.protect(rtp_packet(VIDEO_TYPE, sequence, 0, one.ssrcs["0"], key, 1)))
            await asyncio.sleep(0.01)
            if came.is_set():
                break
    assert came.is_set()


async def test_an_ended_test_is_gone_and_may_be_ended_again(client, echoes, light):
    begun = await ask(client, light().offer(SECTIONS))
    for _ in range(2):
        ended = await client.delete(f"/check/echoes/{begun['id']}")
        assert ended.status == 204
        await all_over()
    assert len(echoes) == 0


async def test_a_test_ends_by_itself(echoes, light, monkeypatch):
    monkeypatch.setattr(echo_module, "LIFE_SECONDS", 0.05)
    await echoes.begin(light().offer(SECTIONS), address="a")
    await all_over()
    assert len(echoes) == 0


async def test_who_sends_more_than_a_test_needs_is_cut_off(echoes, light):
    echo, _ = await echoes.begin(light().offer(SECTIONS), address="a")
    echo.packet(0, 0, 0, 0, bytes(MOST_BYTES))
    assert not echo.ended.is_set()
    echo.packet(1, 0, 0, 0, b"x")
    assert echo.ended.is_set()


async def test_one_address_has_so_many_at_once(echoes, light):
    offer = light().offer(SECTIONS)
    for _ in range(MOST_OF_ADDRESS):
        await echoes.begin(offer, address="a")
    with pytest.raises(Unavailable) as refused:
        await echoes.begin(offer, address="a")
    assert refused.value.retry_after
    await echoes.begin(offer, address="b")


async def test_one_address_may_not_try_for_ever(echoes):
    for _ in range(120):
        with pytest.raises(Invalid):
            await echoes.begin("garbage", address="a")
        await all_over()
    with pytest.raises(TooMany):
        await echoes.begin("garbage", address="a")


async def test_a_full_house_says_when_to_come_back(client, light, monkeypatch):
    monkeypatch.setattr(echo_module, "MOST", 0)
    answer = await client.post("/check/echoes", json={"sdp": light().offer(SECTIONS)})
    assert (answer.status, answer.headers["Retry-After"]) == (503, "3")


@pytest.mark.parametrize("offer", ["", "v=0", "v=0\r\nm=audio"])
async def test_garbage_is_refused_and_leaves_nothing_open(client, echoes, offer):
    await ask(client, offer, status=400)
    await all_over()
    assert len(echoes) == 0


async def test_an_offer_that_only_sends_is_refused(client, light):
    await ask(client, light().offer([("video", "sendonly")]), status=400)


async def test_relays_are_named_to_people_we_know_only(client, bearer, add_person):
    strangers = await (await client.get("/check/ground")).json()
    headers = await bearer(await add_person(Role.STUDENT))
    ours = await (await client.get("/check/ground", headers=headers)).json()
    assert (strangers["ice_servers"], strangers["has_relay"]) == ([], True)
    assert [server.get("username") for server in ours["ice_servers"]] == [None, "daris"]


async def test_without_a_relay_there_is_none_to_try(serve):
    client = await serve(echo_views.routes(), echoes_opened)
    assert (await (await client.get("/check/ground")).json())["has_relay"] is False


async def test_the_time_here_is_told(client, clock):
    found = await (await client.get("/check/ground")).json()
    assert datetime.fromisoformat(found["now"]) == clock.now()
    assert found["fingerprint"].startswith("sha-256 ")


async def test_the_socket_says_again_what_it_hears(client):
    async with client.ws_connect("/check/socket") as socket:
        await socket.send_str(msgspec.json.encode({"at": 1}).decode())
        assert await socket.receive_json() == {"at": 1}


async def test_the_socket_hears_so_much_and_no_more(client):
    async with client.ws_connect("/check/socket") as socket:
        for _ in range(30):
            await socket.send_str("x")
        heard = [message.data async for message in socket]
    assert heard == ["x"] * 20
