"""Each hop is looked at with a real broken thing in its place."""

import asyncio
import socket
import subprocess
from contextlib import ExitStack

import pytest
import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestServer
from aioice import stun

from bench.house import free_port
from daris.doctor import ways
from daris.doctor.examination import examine, is_well
from daris.migrations.schema import migrate
from kernel.database import Database
from kernel.journal import open_journal


@pytest.fixture
def look(tmp_path):
    """`(await look(DARIS_PORT="1"))["http"]`: state and sentence by hop; nothing runs by default."""
    usual = {
        "DARIS_DATA_DIR": str(tmp_path),
        "DARIS_PORT": str(free_port()),
        "DARIS_MEDIA_PORT": str(free_port(socket.SOCK_DGRAM)),
    }

    async def examined(**environ):
        findings = await examine(usual | environ, lambda _: None)
        return {finding.hop: (finding.state, finding.sentence) for finding in findings}

    return examined


@pytest.fixture
def taken():
    """A port that somebody else has: `taken(socket.SOCK_DGRAM)`."""
    with ExitStack() as stack:

        def take(kind):
            sock = stack.enter_context(socket.socket(type=kind))
            sock.bind(("127.0.0.1", 0))
            if kind is socket.SOCK_STREAM:
                sock.listen()
            return str(sock.getsockname()[1])

        yield take


@pytest.fixture
def locked_redis(tmp_path):
    """A Redis with a password, behind a socket file."""
    path = tmp_path / "redis.sock"
    command = ["redis-server", "--port", "0", "--unixsocket", path, "--requirepass", "word"]
    with subprocess.Popen(
        [*command, "--save", "", "--dir", tmp_path], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert any("ready to accept" in line.lower() for line in process.stdout)
            yield path
        finally:
            process.kill()


async def test_a_fresh_machine_is_well(look):
    found = await look()
    assert [hop for hop, (state, _) in found.items() if state == "failing"] == []
    assert found["database"][0] == "warning"
    assert "redis" not in found
    assert "clock" not in found


async def test_it_leaves_nothing_behind(look, tmp_path):
    await look()
    assert list(tmp_path.iterdir()) == []


async def test_a_misspelt_setting_is_named_and_ends_it(look):
    found = await look(DARIS_PROT="1")
    assert list(found) == ["settings"]
    assert found["settings"][0] == "failing"
    assert "DARIS_PORT" in found["settings"][1]


async def test_each_finding_is_told_as_it_is_found(tmp_path):
    told = []
    findings = await examine({"DARIS_DATA_DIR": str(tmp_path)}, told.append)
    assert told == findings


async def test_a_folder_that_cant_be_written_is_named(look):
    state, sentence = (await look(DARIS_DATA_DIR="/proc/daris"))["data folder"]
    assert (state, "DARIS_DATA_DIR" in sentence) == ("failing", True)


async def test_a_journal_in_other_hands_is_told(look, tmp_path):
    async with open_journal(tmp_path / "journal") as journal:
        await journal.append(b"x")
        assert (await look())["journal"][0] == "warning"
    assert (await look())["journal"][0] == "ok"


async def test_an_unmigrated_database_is_told_what_to_do(look, tmp_path):
    database = Database.open(f"sqlite:///{tmp_path}/daris.db")
    await migrate(database, "0002")
    await database.aclose()
    state, sentence = (await look())["database"]
    assert (state, "daris migrate" in sentence) == ("failing", True)


async def test_a_database_of_a_newer_daris_is_told(look, database, tmp_path):
    async with database.begin() as connection:
        await connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    state, sentence = (await look())["database"]
    assert (state, "newer" in sentence) == ("failing", True)


async def test_a_migrated_database_is_well(look, database):
    assert (await look())["database"][0] == "ok"


async def test_a_database_that_is_not_there_is_told_without_the_password(look):
    url = f"postgresql://daris:secret@127.0.0.1:{free_port()}/daris"
    state, sentence = (await look(DARIS_DATABASE_URL=url))["database"]
    assert (state, "secret" in sentence) == ("failing", False)


@pytest.mark.redis
async def test_the_password_of_redis_is_tried(look, locked_redis):
    wrong = await look(DARIS_REDIS_URL=f"unix://:wrong@{locked_redis}")
    right = await look(DARIS_REDIS_URL=f"unix://:word@{locked_redis}")
    assert [found["redis"][0] for found in (wrong, right)] == ["failing", "ok"]


async def test_storage_gives_back_what_it_was_given(look, tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "file").touch()
    well = await look()
    wrong = await look(DARIS_STORAGE_URL=f"file://{tmp_path}/file")
    assert [found["storage"][0] for found in (well, wrong)] == ["ok", "failing"]
    assert list((tmp_path / "store").iterdir()) == []


async def test_ports_that_others_have_are_named(look, taken):
    found = await look(
        DARIS_PORT=taken(socket.SOCK_STREAM), DARIS_MEDIA_PORT=taken(socket.SOCK_DGRAM)
    )
    assert (found["http"][0], found["media by udp"][0]) == ("failing", "failing")


@pytest.mark.parametrize("announce", ["198.51.100.7:0", "name.invalid"])
async def test_an_announced_address_that_is_none_is_named(look, announce):
    state, sentence = (await look(DARIS_ANNOUNCE=announce))["media by udp"]
    assert (state, "DARIS_ANNOUNCE" in sentence) == ("failing", True)


async def test_a_public_address_without_a_server_is_told(look):
    closed = f"http://127.0.0.1:{free_port()}"
    assert (await look(DARIS_PUBLIC_URL=closed))["public address"][0] == "failing"


async def test_a_public_address_of_something_else_is_told(look):
    async with TestServer(web.Application()) as other:
        state, sentence = (await look(DARIS_PUBLIC_URL=str(other.make_url("/"))))["public address"]
    assert (state, "does not lead to a Daris" in sentence) == ("failing", True)


async def test_a_proxy_that_stops_sockets_is_told(look):
    async def ground(_):
        return web.json_response({"fingerprint": "sha-256 AB"})

    app = web.Application()
    app.router.add_get("/check/ground", ground)
    async with TestServer(app) as proxy:
        state, sentence = (await look(DARIS_PUBLIC_URL=str(proxy.make_url("/"))))["public address"]
    assert (state, "WebSocket" in sentence) == ("failing", True)


async def test_a_clock_that_is_off_is_told(look):
    async def late(_):
        return web.Response(headers={"Date": "Mon, 07 Sep 2020 04:00:00 GMT"})

    app = web.Application()
    app.router.add_get("/", late)
    async with TestServer(app) as other:
        state, sentence = (await look(DARIS_PUBLIC_URL=str(other.make_url("/"))))["clock"]
    assert (state, "NTP" in sentence) == ("failing", True)


class Reflector(asyncio.DatagramProtocol):
    """As much of a STUN server as answers a binding request."""

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        request = stun.parse_message(data)
        answer = stun.Message(
            message_method=stun.Method.BINDING,
            message_class=stun.Class.RESPONSE,
            transaction_id=request.transaction_id,
        )
        answer.attributes["XOR-MAPPED-ADDRESS"] = addr
        self.transport.sendto(bytes(answer), addr)


async def test_a_stun_server_says_how_it_sees_us(look):
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        Reflector, local_addr=("127.0.0.1", 0)
    )
    port = transport.get_extra_info("sockname")[1]
    state, sentence = (await look(DARIS_ICE_SERVERS=f"stun:127.0.0.1:{port}"))["relay"]
    transport.close()
    assert (state, "sees us as 127.0.0.1" in sentence) == ("ok", True)


@pytest.mark.parametrize("kind", ["stun:", "turn:daris:word@"])
async def test_a_relay_that_is_down_is_told_without_the_password(look, kind, monkeypatch):
    monkeypatch.setattr(ways, "_STUN_SECONDS", 0.5)
    down = f"{kind}127.0.0.1:{free_port(socket.SOCK_DGRAM)}"
    state, sentence = (await look(DARIS_ICE_SERVERS=down))["relay"]
    assert (state, "word" in sentence) == ("failing", False)


async def test_a_relay_that_is_silent_does_not_keep_us(taken, monkeypatch):
    monkeypatch.setattr(ways, "_STUN_SECONDS", 0.1)
    silent = ways.Relay(f"stun:127.0.0.1:{taken(socket.SOCK_DGRAM)}", None, None)
    assert "too slow" in (await ways.relay(silent)).sentence


async def test_one_failing_hop_is_a_failing_whole(tmp_path):
    environ = {
        "DARIS_DATA_DIR": str(tmp_path),
        "DARIS_PUBLIC_URL": f"http://127.0.0.1:{free_port()}",
    }
    assert not is_well(await examine(environ, lambda _: None))
