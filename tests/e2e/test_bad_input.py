"""What goes wrong concerns whom it concerns, and nobody else."""

import os
import resource
import socket
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.untimed, pytest.mark.timeout(120)]


def said(server, *words: str, **extra: str) -> str:
    """What a `daris` command that can't work says on standard error: one sentence."""
    done = subprocess.run(
        [sys.executable, "-m", "daris", *words],
        env=server.environ | extra,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    sentences = [line for line in done.stderr.splitlines() if line.startswith("daris: ")]
    assert len(sentences) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return sentences[0]


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_port_in_use_is_named(make_server, kind):
    server = make_server()
    port = server.port if kind == socket.SOCK_STREAM else server.media_port
    with socket.socket(type=kind) as taken:
        taken.bind(("127.0.0.1", port))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        assert str(port) in said(server, "serve")


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("DARIS_DATABASE_URL", "postgresql://nobody:pw@127.0.0.1:1/none", "does not answer"),
        ("DARIS_DATABASE_URL", "mysql://x/y", "sqlite and postgresql"),
        ("DARIS_DATABASE_URL", "not an address", "not a database address"),
        ("DARIS_REDIS_URL", "redis://127.0.0.1:1", "does not answer"),
        ("DARIS_STORAGE_URL", "carrier-pigeon://coop", "DARIS_STORAGE_URL"),
        ("DARIS_PORT", "eighty", "DARIS_PORT"),
        ("DARIS_PROT", "8080", "Did you mean DARIS_PORT"),
    ],
)
def test_a_wrong_setting_is_one_sentence(make_server, name, value, hint):
    sentence = said(make_server(), "serve", **{name: value})
    assert hint in sentence
    assert "pw" not in sentence.split()


async def test_garbage_at_the_media_port_disturbs_nobody(server, browser, account, enter):
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    dana = await account(server, "student", "Dana Omarova")
    lecture = await lecturer.plan()
    host = await enter(await lecturer.sign_in(browser), lecture)
    await host.press("start")
    student = await enter(await dana.sign_in(browser), lecture)
    await student.sees("camera", frames=5)
    with socket.socket(type=socket.SOCK_DGRAM) as stranger:
        for size in range(1, 1400):
            kind = (0x00, 0x01, 0x16, 0x80, 0x90, 0xC8)[size % 6]
            stranger.sendto(bytes((kind,)) + os.urandom(size), ("127.0.0.1", server.media_port))
    await student.sees("camera", frames=60)
    stats = await student.stats()
    assert all(track["lost"] == 0 for track in stats["tracks"].values())
    async with lecturer.api() as api, api.get("/metrics") as answer:
        assert "daris_live_datagrams_dropped_total{" in await answer.text()


async def test_a_full_disk_is_said_and_the_room_goes_on(server, browser, account, enter):
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    dana = await account(server, "student", "Dana Omarova")
    lecture = await lecturer.plan()
    host = await enter(await lecturer.sign_in(browser), lecture)
    await host.press("start")
    student = await enter(await dana.sign_in(browser), lecture)
    await student.sees("camera", frames=5)

    no_room = 1  # byte a file
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (no_room, resource.RLIM_INFINITY))
    await student.say("is anybody there?")
    await student.page.get_by_test_id("toast").first.wait_for()
    told = host.page.get_by_test_id("recording-fault").filter(has_text="The recording stopped")
    await told.wait_for()
    assert await student.page.get_by_test_id("recording-fault").is_hidden()
    await student.sees("camera", frames=80)
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, unlimited)
    await student.say("now it works")
    await host.reads("now it works")


@pytest.mark.parametrize("ticket", ["x.y.z", "not a ticket"])
async def test_a_forged_ticket_opens_nothing(server, account, ticket):
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    lecture = await lecturer.plan()
    async with lecturer.api() as api:
        headers = {"Authorization": f"Bearer {ticket}"}
        for path in (f"/hls/{lecture}/index.m3u8", f"/lectures/{lecture}/socket", "/api/v1/me"):
            async with api.get(path, headers=headers) as answer:
                assert answer.status == 401
                assert answer.content_type == "application/problem+json"
                assert (await answer.json())["title"]


@pytest.mark.parametrize("offer", ["", "v=0", "garbage" * 500, "v=0\r\nm=video 9 X 0\r\n"])
async def test_a_malformed_offer_is_refused_in_a_sentence(server, account, offer):
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    lecture = await lecturer.plan()
    await lecturer.post(f"/api/v1/lectures/{lecture}/start")
    headers = {"Content-Type": "application/sdp"}
    async with (
        lecturer.api() as api,
        api.post(f"/whip/{lecture}", data=offer, headers=headers) as answer,
    ):
        assert answer.status in {400, 422}, await answer.text()
        assert (await answer.json())["title"].endswith(".")
