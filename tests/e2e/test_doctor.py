"""`daris doctor` beside a server that runs."""

import json
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.untimed]


def doctor(server, *words, **environ):
    command = [sys.executable, "-m", "daris", "doctor", *words]
    return subprocess.run(
        command,
        env=server.environ | environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )


def findings(done):
    return {one["hop"]: (one["state"], one["sentence"]) for one in json.loads(done.stdout)}


async def test_a_server_that_is_well(server):
    done = doctor(server, "--json", DARIS_PUBLIC_URL=server.url)
    found = findings(done)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {state for state, _ in found.values()} <= {"ok", "warning"}
    for hop in ("journal", "database", "http", "public address", "media by udp", "clock"):
        assert found[hop][0] == "ok", found[hop]
    assert f"127.0.0.1:{server.media_port}" in found["media by udp"][1]


async def test_a_media_port_that_nobody_reaches_is_named(make_server):
    server = make_server(DARIS_ANNOUNCE="127.0.0.2")  # nothing listens there
    server.start()
    done = doctor(server)
    assert done.returncode == 1
    line = next(line for line in done.stdout.splitlines() if line.startswith("failing"))
    assert "media by udp" in line
    assert f"127.0.0.2:{server.media_port}" in line


async def test_an_address_that_only_outsiders_reach_is_a_warning(make_server):
    server = make_server(DARIS_ANNOUNCE="127.0.0.2,127.0.0.1")
    server.start()
    state, sentence = findings(doctor(server, "--json"))["media by udp"]
    assert (state, "/check" in sentence) == ("warning", True)
