"""Receives a channel as a headend does and tells what is wrong: `python -m transcode.monitor --port PORT …`.

A JSON object a second on standard output: levels of loudness and the faults of now. A process of its own, so
that it sees what left the channel's, and costs it nothing.
"""

import argparse
import os
import socket
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from queue import Full, Queue
from typing import Final

import av
import msgspec

from transcode.programme_watch import ProgrammeWatch
from transcode.sight import Sight
from transcode.ts_watch import TsWatch

_EVERY_SECONDS: Final = 1.0
_RECEIVE_BUFFER_BYTES: Final = 4 << 20
_WAITING: Final = 4000  # datagrams
_NICENESS: Final = 5
_PAUSE_SECONDS: Final = 0.5
_STANDS_SECONDS: Final = 12.0  # a playlist is renewed each 3.84 s
_LEAST_FREE: Final = 2 << 30  # bytes
_PROBE: Final = {"analyzeduration": "1500000", "probesize": "1000000"}


class Feed:
    """The stream as a file that the decoder reads; too slow a decoder loses some."""

    def __init__(self) -> None:
        self._queue: Queue[bytes] = Queue(_WAITING)
        self._rest = b""

    def write(self, datagram: bytes) -> None:
        with suppress(Full):
            self._queue.put_nowait(datagram)

    def read(self, size: int) -> bytes:
        if not self._rest:
            self._rest = self._queue.get()
        data, self._rest = self._rest[:size], self._rest[size:]
        return data


class Monitor:
    """Three threads: one receives, one decodes, this one tells."""

    def __init__(self, receiver: socket.socket, folder: Path) -> None:
        self._receiver = receiver
        self._folder = folder
        self._feed = Feed()
        self._stream = TsWatch(time.monotonic())
        self._programme = ProgrammeWatch()
        self._began = time.time()

    def run(self) -> None:
        """Until standard input ends."""
        for target in (self._receive, self._decode):
            threading.Thread(target=target, name=target.__name__, daemon=True).start()
        ended = threading.Event()
        threading.Thread(target=_follow_parent, args=(ended,), daemon=True).start()
        while not ended.wait(_EVERY_SECONDS):
            sys.stdout.buffer.write(msgspec.json.encode(self.sight()) + b"\n")
            sys.stdout.flush()

    def sight(self) -> Sight:
        now = time.monotonic()
        stream = self._stream.faults(now)
        programme = set() if "signal" in stream else self._programme.faults(now)
        levels = self._programme.levels
        return Sight(
            levels.momentary,
            levels.short_term,
            levels.integrated,
            tuple(sorted(stream | programme | self._on_disk())),
            self._stream.continuity_errors,
        )

    def _receive(self) -> None:
        while True:
            datagram = self._receiver.recv(2048)
            self._stream.push(datagram, time.monotonic())
            self._feed.write(datagram)

    def _decode(self) -> None:
        """One life of a decoder after the other."""
        while True:
            try:
                self._decode_stream()
            except (av.FFmpegError, ValueError, IndexError):
                time.sleep(_PAUSE_SECONDS)

    def _decode_stream(self) -> None:
        with av.open(self._feed, "r", format="mpegts", options=_PROBE) as container:
            pictures, sounds = container.streams.video[0], container.streams.audio[0]
            for packet in container.demux(pictures, sounds):
                if packet.stream is pictures and not packet.is_keyframe:
                    continue
                for frame in packet.decode():
                    now = time.monotonic()
                    if isinstance(frame, av.VideoFrame):
                        self._programme.picture(frame, now)
                    elif isinstance(frame, av.AudioFrame):
                        self._programme.sound(frame, now)

    def _on_disk(self) -> set[str]:
        """`playlist` stands still, `disk` is nearly full."""
        found = set()
        try:
            changed_at = (self._folder / "index.m3u8").stat().st_mtime
        except OSError:
            changed_at = 0.0
        if time.time() - max(changed_at, self._began) > _STANDS_SECONDS:
            found.add("playlist")
        with suppress(OSError):
            disk = os.statvfs(self._folder)
            if disk.f_bavail * disk.f_frsize < _LEAST_FREE:
                found.add("disk")
        return found


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m transcode.monitor", description=__doc__)
    parser.add_argument(
        "--port", type=int, required=True, help="of the loopback, where it receives"
    )
    parser.add_argument("--folder", type=Path, required=True, help="of the channel")
    options = parser.parse_args(arguments)
    os.nice(_NICENESS)
    av.logging.set_level(av.logging.PANIC)
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
    try:
        receiver.bind(("127.0.0.1", options.port))
    except OSError as error:
        sys.exit(f"The monitor can't receive on port {options.port}: {error.strerror}.")
    Monitor(receiver, options.folder).run()


def _follow_parent(ended: threading.Event) -> None:
    while os.read(0, 1024):
        pass
    ended.set()


if __name__ == "__main__":
    main()
