"""A network namespace of its own, with a browser in it, joined to this machine by one cable."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from bench.house import CHROMIUM


class NotPossible(Exception):
    """Namespaces can't be made here."""


@dataclass
class Network:
    """The far end of a cable. `here` is our address on it, `there` the one in the namespace."""

    name: str
    cable: str
    here: str
    there: str

    def plug(self, *, is_in: bool) -> None:
        """Nothing passes while the cable is out, and the browser's side sees no carrier."""
        _ip("link", "set", self.cable, "up" if is_in else "down")

    def move(self, address: str) -> None:
        """Another address of the same subnet in the namespace, instead of the one it has."""
        _ip("-n", self.name, "address", "del", f"{self.there}/24", "dev", "cable")
        _ip("-n", self.name, "address", "add", f"{address}/24", "dev", "cable")
        _ip("-n", self.name, "route", "replace", "default", "via", self.here)
        self.there = address

    def launcher(self, folder: Path) -> Path:
        """A program that is Chromium within the namespace."""
        path = folder / "chromium-there"
        path.write_text(f'#!/bin/sh\nexec ip netns exec {self.name} {CHROMIUM} "$@"\n')
        path.chmod(0o755)
        return path


@contextmanager
def network() -> Iterator[Network]:
    """Up while this lasts; NotPossible where this user or kernel may not."""
    if os.geteuid() != 0:
        raise NotPossible("Only root may make network namespaces.")
    mark = token_hex(3)
    number = int(mark[:2], 16)
    net = Network(f"daris-{mark}", f"cable{mark}", f"10.213.{number}.1", f"10.213.{number}.2")
    try:
        _lay(net)
    except (OSError, subprocess.CalledProcessError) as error:
        _clear(net)
        raise NotPossible(f"No network namespace can be made here: {error}") from error
    try:
        yield net
    finally:
        _clear(net)


def _lay(net: Network) -> None:
    _ip("netns", "add", net.name)
    there = ("peer", "name", "cable", "netns", net.name)
    _ip("link", "add", net.cable, "type", "veth", *there)
    _ip("address", "add", f"{net.here}/24", "dev", net.cable)
    _ip("link", "set", net.cable, "up")
    _ip("-n", net.name, "address", "add", f"{net.there}/24", "dev", "cable")
    _ip("-n", net.name, "link", "set", "lo", "up")
    _ip("-n", net.name, "link", "set", "cable", "up")
    _ip("-n", net.name, "route", "add", "default", "via", net.here)


def _clear(net: Network) -> None:
    for words in (("link", "del", net.cable), ("netns", "del", net.name)):
        with suppress(OSError, subprocess.CalledProcessError):
            _ip(*words)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=10)
