"""Seats whose network lets no UDP through: by TCP to the media port, or to a real coturn."""

import asyncio
import time
from pathlib import Path
from uuid import uuid4

import pytest
from aioice import stun, turn

from bench.house import free_port
from live.turn import credential

DEPLOYED = Path(__file__).parents[2] / "deploy" / "turnserver.conf"
SECRET = "a secret of both"
NO_UDP = "--webrtc-ip-handling-policy=disable_non_proxied_udp"
# How the connection that carries media leaves the machine; a page's policy forbids asking later.
WATCH_PATHS = """window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...how) { super(...how); globalThis.peer = this; }
};"""
PATH = """peer.getStats().then((found) => [...found.values()]
    .filter((one) => one.type === "candidate-pair" && one.nominated && one.bytesReceived > 0)
    .map((one) => found.get(one.localCandidateId))
    .map((local) => [local.candidateType, local.relayProtocol ?? local.protocol])[0])"""

pytestmark = pytest.mark.e2e


@pytest.fixture
async def coturn(tmp_path):
    """The port of a relay set up as in deploy/, on loopback."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *("turnserver", "-c", DEPLOYED, "--static-auth-secret", SECRET),
        *("--listening-ip=127.0.0.1", f"--listening-port={port}", "--relay-ip=127.0.0.1"),
        *("--allow-loopback-peers", "--allowed-peer-ip=127.0.0.1", "--no-tls", "--no-dtls"),
        *("--log-file=stdout", f"--pidfile={tmp_path / 'pid'}", f"--userdb={tmp_path / 'users'}"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(20):
            while not await _answers(port):
                assert process.returncode is None, "coturn ended"
                await asyncio.sleep(0.05)
        yield port
    finally:
        process.terminate()
        await process.wait()


async def _answers(port):
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionError:
        return False
    writer.close()
    return True


async def allocate(port, username, password):
    """Ask for a relayed address, and give it back."""
    transport, _ = await turn.create_turn_endpoint(
        asyncio.DatagramProtocol,
        server_addr=("127.0.0.1", port),
        username=username,
        password=password,
        transport="tcp",
    )
    transport.close()


@pytest.mark.untimed
async def test_a_log_in_holds_until_its_time_and_for_nobody_else(coturn):
    good, over = (f"{int(time.time()) + seconds}:{uuid4()}" for seconds in (3600, -60))
    await allocate(coturn, good, credential(SECRET, good))
    for username, password in (
        (over, credential(SECRET, over)),
        (good, credential("another secret", good)),
        (f"1{good}", credential(SECRET, good)),
    ):
        with pytest.raises(stun.TransactionFailed, match="401"):
            await allocate(coturn, username, password)


@pytest.mark.parametrize("way", ["relay", "prflx"])
async def test_a_student_without_udp_sees_the_lecture(
    make_server, launch, account, enter, coturn, way
):
    relay = {
        "DARIS_TURN_URLS": f"turn:127.0.0.1:{coturn}?transport=tcp",
        "DARIS_TURN_SECRET": SECRET,
        "DARIS_MEDIA_TCP": "false",
    }
    server = make_server(**(relay if way == "relay" else {}))
    server.start()
    lecturer = await account(server, "lecturer", "Айгерім Бекова")
    dana = await account(server, "student", "Дана Омарова")
    lecture = await lecturer.plan()
    async with launch() as browser, launch(NO_UDP) as behind_a_wall:
        host = await enter(await lecturer.sign_in(browser), lecture)
        await host.press("start")
        page = await dana.sign_in(behind_a_wall)
        await page.add_init_script(WATCH_PATHS)
        student = await enter(page, lecture)
        await student.sees("camera")
        await student.hears()
        assert await page.evaluate(PATH) == [way, "tcp"]
