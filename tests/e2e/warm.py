"""Servers that start at once: each is forked from a process that has loaded the code before, once a
session. Loading it takes longer than many a test."""

import multiprocessing
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from bench.house import Server
from daris.cli import main

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["daris.cli"])


class WarmServer(Server):
    """As `Server`, but `daris serve` runs in a fork."""

    def _spawn(self) -> "Fork":
        return Fork(("serve",), self.environ, self.folder / "server.log")


class Fork:
    """A `daris` command in a process of its own, in as much as `Server` knows of a Popen."""

    def __init__(self, words: tuple[str, ...], environ: Mapping[str, str], log: Path) -> None:
        self._process = FORKS.Process(target=run, args=(words, dict(environ), log))
        self._process.start()
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("daris", timeout)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def run(words: tuple[str, ...], environ: dict[str, str], log: Path) -> None:
    """In the fork."""
    os.environ.clear()
    os.environ.update(environ)
    with log.open("ab") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    main(words, prog_name="daris")
