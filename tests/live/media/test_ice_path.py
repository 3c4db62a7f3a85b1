"""Connections that hold: restarts, roaming, and what they must leave alone."""

import asyncio
import socket
from types import SimpleNamespace

import pytest

from bench.light_client import VIDEO_TYPE, rtp_packet
from kernel.errors import Gone, Refused
from live import rtcp
from live.datagrams import write_name
from live.ice import IceServer, write_check
from live.ice_path import IcePath
from live.messages import Source


class Bound:
    """A port that notes which addresses are routed."""

    def __init__(self):
        self.ice = IceServer()
        self.names = {}

    def bind(self, name, route):
        if self.names.get(name, route) is not route:
            return False
        self.names[name] = route
        return True

    def unbind(self, names, route):
        for name in names:
            del self.names[name]


class Owner:
    def __init__(self):
        self.proofs, self.moves = 0, []

    def proved(self):
        self.proofs += 1

    def moved(self, name):
        self.moves.append(name)


@pytest.fixture
def port():
    return Bound()


@pytest.fixture
def owner():
    return Owner()


@pytest.fixture
def path(port, owner):
    made = IcePath(port, owner)
    made.offered("theirs")
    return made


def address(number):
    return write_name("192.0.2.7", 40_000 + number)


def is_answered(port, credentials):
    question = write_check(f"{credentials.ufrag}:x", credentials.password.encode())
    return isinstance(port.ice.answer(question, address(0), 0.0, is_known=True), bytes)


def test_old_credentials_hold_until_the_first_check_with_the_new_ones(port, path):
    old = path.credentials
    assert is_answered(port, old)
    assert path.offered("anew")
    new = path.credentials
    assert new is not old
    assert is_answered(port, old)
    assert is_answered(port, new)
    assert not is_answered(port, old)


def test_of_many_restarts_in_vain_the_connection_in_use_survives(port, path):
    old = path.credentials
    assert is_answered(port, old)
    for n in range(5):
        assert path.offered(f"try {n}")
    assert is_answered(port, old)
    assert is_answered(port, path.credentials)


def test_the_same_credentials_are_no_restart(path):
    before = path.credentials
    assert not path.offered("theirs")
    assert path.credentials is before


def test_the_address_moves_when_it_is_nominated(port, path, owner):
    path.checked(path.credentials, address(1), nominates=False)
    path.checked(path.credentials, address(2), nominates=False)
    assert path.remote == address(1)
    path.checked(path.credentials, address(2), nominates=True)
    assert path.remote == address(2)
    assert owner.moves == [address(1), address(2)]
    assert owner.proofs == 3


def test_a_restart_moves_the_address_before_anything_is_nominated(path, owner):
    path.checked(path.credentials, address(1), nominates=True)
    old = path.credentials
    path.offered("anew")
    path.checked(old, address(2), nominates=False)
    assert path.remote == address(1)
    path.checked(path.credentials, address(3), nominates=False)
    path.checked(path.credentials, address(4), nominates=False)
    assert path.remote == address(3)
    path.checked(path.credentials, address(4), nominates=True)
    assert owner.moves == [address(1), address(3), address(4)]


def test_many_addresses_are_bounded_and_the_one_in_use_is_kept(port, path):
    path.checked(path.credentials, address(0), nominates=True)
    for n in range(1, 40):
        path.checked(path.credentials, address(n), nominates=False)
    assert len(port.names) == 8
    assert address(0) in port.names
    assert address(39) in port.names


def test_a_closed_path_answers_nobody(port, path):
    path.checked(path.credentials, address(0), nominates=True)
    path.offered("anew")
    path.close()
    assert not is_answered(port, path.credentials)
    assert port.names == {}


# ---------------------------------------------------------------- on a stage


@pytest.fixture
async def pair(room, join):
    """A speaker and a listener, with one picture through; `heard` is what came, decrypted."""
    speaker = await join(send=[("video", Source.CAMERA)])
    listener = await join(receive=[room.told.added[0]])
    heard = asyncio.Queue()

    def take(view, pointer, size):
        if not 192 <= view[1] < 224:
            heard.put_nowait(bytes(view[: listener.unprotect(pointer, size)]))

    listener.on_media = take
    sequence = iter(range(100, 200))

    def say():
        n = next(sequence)
        payload = b"\x67\x42\x00\x1f" if n == 100 else b"\x41\x9a"
        packet = rtp_packet(VIDEO_TYPE, n, n * 3000, speaker.ssrcs["0"], payload)
        speaker.send_raw(speaker.protect(packet))

    async def until_heard():
        async with asyncio.timeout(10):
            return await heard.get()

    say()
    await until_heard()
    return SimpleNamespace(speaker=speaker, listener=listener, say=say, until_heard=until_heard)


async def restarted(room, client, **what):
    """The answer to an offer with new credentials."""
    client.renew()
    direction = "sendonly" if what.get("send") else "recvonly"
    offer = client.offer([("video", direction)])
    return await room.peers[client.seat].answer(offer, **{"send": {}, "receive": {}} | what)


async def test_a_listener_that_restarts_from_another_address_hears_on(room, pair):
    answer = await restarted(room, pair.listener, receive={"0": room.told.added[0].id})
    pair.say()
    await pair.until_heard()  # the old pair holds meanwhile
    await pair.listener.restart(answer)
    await pair.listener.move()
    pair.say()
    await pair.until_heard()
    assert room.told.ready.count(pair.listener.seat) == 1  # no second handshake
    assert room.told.removed == room.told.lost == []


async def test_a_speaker_that_restarts_keeps_its_track(room, pair):
    answer = await restarted(room, pair.speaker, send={"0": Source.CAMERA})
    await pair.speaker.restart(answer)
    pair.say()
    await pair.until_heard()
    assert len(room.told.added) == 1
    assert room.told.removed == []


async def test_who_roams_takes_every_stream_along(room, join, pair):
    """Media, its repair and reports: one address for all of a connection."""
    old = pair.listener.socket.dup()
    await pair.listener.move()
    pair.say()
    packet = await pair.until_heard()
    ssrc, sequence = int.from_bytes(packet[8:12]), int.from_bytes(packet[2:4])
    nack = rtcp.nack(1, ssrc, [sequence])
    pair.listener.send_raw(pair.listener.protect(nack, is_rtcp=True))
    assert (await pair.until_heard())[-2:] == b"\x41\x9a"
    await pair.speaker.move()
    pair.say()
    await pair.until_heard()
    old.setblocking(False)
    with pytest.raises(BlockingIOError):
        old.recv(2000)
    old.close()


@pytest.mark.parametrize("media_port", ["::"], indirect=True)
async def test_a_listener_roams_from_ipv4_to_ipv6_and_back(room, pair, media_port):
    for host, family in (("::1", socket.AF_INET6), ("127.0.0.1", socket.AF_INET)):
        await pair.listener.move(host)
        pair.say()
        await pair.until_heard()
        assert pair.listener.socket.family == family


async def test_a_restart_without_an_offer_gives_new_credentials(room, pair):
    peer = room.peers[pair.listener.seat]
    before = peer.path.credentials.ufrag
    transport = peer.restart_ice("fresh")
    assert transport.ufrag != before
    assert transport.endpoints == room.port.endpoints
    with pytest.raises(Refused):
        peer.restart_ice("fresh")
    await peer.aclose()
    with pytest.raises(Gone):
        peer.restart_ice("fresher")


def test_an_address_that_is_somebody_elses_is_not_taken(port, path, owner):
    port.names[address(1)] = Owner()
    path.checked(path.credentials, address(1), nominates=True)
    assert path.remote is None
    assert owner.moves == []
