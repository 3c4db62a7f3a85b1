"""The database dies, then the server that looks after a channel, by SIGKILL; another one comes, and is told to stop."""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Self

import m3u8
import psycopg
import pytest
from sqlalchemy import make_url

from bench.house import free_port
from tests.transcode.channel.conftest import Receiver
from tests.transcode.channel.test_outputs import children, is_running
from tests.transcode.channel.test_playout import continuity_errors, packets
from transcode.claim import holder_of

pytestmark = [pytest.mark.e2e, pytest.mark.untimed, pytest.mark.postgres, pytest.mark.timeout(180)]


@pytest.fixture
def server(make_server, migrated_postgres_url):
    """Its channels outlive it, but not the test."""
    made = make_server(DARIS_DATABASE_URL=migrated_postgres_url, DARIS_CHANNEL_ALONE_MINUTES="10")
    made.start()
    yield made
    made.stop()
    if left := player_of(made):
        os.kill(left, signal.SIGKILL)
    assert left is None


async def test_a_channel_goes_on_without_database_and_server_until_the_next_server_takes_it_over(
    server, account, postgres_folder, migrated_postgres_url, eventually
):
    operator = await account(server, "operator", "Olzhas Nurlan")
    with Headend() as headend:
        outputs = [
            f"udp://127.0.0.1:{headend.port}",
            f"srt://127.0.0.1:{free_port(socket.SOCK_DGRAM)}?mode=listener",
        ]
        new = {"id": "one", "name": "Daris TV", "profile": "360p25", "outputs": outputs}
        await operator.post("/api/v1/channels", new, status=201)

        async def is_after(msn: int) -> bool:
            return newest_segment(server) > msn

        await eventually(partial(is_after, 0), seconds=60)
        player = player_of(server)

        with dead(postgres_folder, migrated_postgres_url):
            assert await status(operator, "/readyz") == 503
            assert await status(operator, "/healthz") == 200
            server.kill()
            killed_at, last = time.monotonic(), newest_segment(server)
            assert server._spawn().wait(60) != 0  # it says that there is no database
            await eventually(partial(is_after, last), seconds=30)

        async def is_adopted(times: int) -> bool:
            return server.log().count("channels.process_adopted") == times

        server.start()
        await eventually(partial(is_adopted, 1), seconds=30)
        server.process.send_signal(signal.SIGUSR1)  # a restart that leaves channels on air
        assert server.process.wait(30) == 0
        server.start()
        await eventually(partial(is_adopted, 2), seconds=30)
        assert player_of(server) == player
        senders = set(children(player).items())
        assert len(senders) == 1
        received = list(headend.received)
    assert received[-1][0] > killed_at
    assert continuity_errors(packets(received)) == 0

    async with operator.api() as api:
        await api.patch("/api/v1/channels/one", json={"name": "Another"})

    async def is_another() -> bool:
        return player_of(server) not in {None, player}

    await eventually(is_another, seconds=30)
    assert is_whole(server)
    senders |= children(player_of(server)).items()
    server.stop()
    assert processes_of(server) == []
    assert not any(is_running(pid) for _, pid in senders)


@contextmanager
def dead(folder: Path, url: str) -> Iterator[None]:
    """The database lets nobody in and throws everybody out."""
    name = make_url(url).database
    with psycopg.connect(f"host={folder} user=postgres dbname=postgres", autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        yield
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


async def status(operator, path: str) -> int:
    async with operator.api() as api, api.get(path) as answer:
        return answer.status


def out(server) -> Path:
    return server.folder / "channels" / "one"


def newest_segment(server) -> int:
    """The number of the last one that the playlist names; 0 while there is no playlist."""
    try:
        listed = m3u8.load(str(out(server) / "index.m3u8"))
    except FileNotFoundError:
        return 0
    return int(Path(listed.segments[-1].uri).stem)


def is_whole(server) -> bool:
    """No segment of the playlist is missing, and nothing in it tells of a break."""
    text = (out(server) / "index.m3u8").read_text()
    names = [one.uri for one in m3u8.loads(text).segments]
    first = int(Path(names[0]).stem)
    is_run = names == [f"{first + n}.m4s" for n in range(len(names))]
    is_there = all((out(server) / name).exists() for name in names)
    return is_run and is_there and "#EXT-X-GAP" not in text and "#EXT-X-DISCONTINUITY\n" not in text


def player_of(server) -> int | None:
    return holder_of(out(server) / ".lock")


def processes_of(server) -> list[str]:
    """What runs with the server's folder in its command: channels and their children."""
    found = subprocess.run(
        ["pgrep", "-af", str(server.folder)], capture_output=True, text=True, check=False
    )
    return found.stdout.splitlines()


class Headend:
    """Receives all the time, on a thread of its own."""

    def __init__(self) -> None:
        self._receiver = Receiver()
        self.port = self._receiver.port
        self.received: list[tuple[float, bytes]] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._receive)

    def _receive(self) -> None:
        while not self._ended.is_set():
            with suppress(TimeoutError):  # nothing is on air yet
                self.received += self._receiver.read(0.1)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._receiver.close()
