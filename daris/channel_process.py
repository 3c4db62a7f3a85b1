"""A channel's process as its supervisor sees it: one that it started, or one that an earlier server left on air.

By a pidfd (Linux 5.3), so that no other process is ever meant, and none is ended because we forget it.
"""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final, Self

from transcode.claim import holder_of
from transcode.supervision import LOCK, Note, digest, note_of

_GRACE: Final = timedelta(seconds=3)


class ChannelProcess:
    """To be closed, which does not end it. Event loop only."""

    def __init__(self, note: Note, pidfd: int, child: subprocess.Popen[bytes] | None) -> None:
        self.pid = note.pid
        self.monitor_port = note.monitor
        self._told = note.told
        self._pidfd = pidfd
        self._child = child

    @classmethod
    def start(cls, command: Sequence[str]) -> Self:
        """OSError when it cannot be."""
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        try:
            return cls(Note(child.pid), os.pidfd_open(child.pid), child)
        except OSError:
            child.kill()
            child.wait()
            raise

    @classmethod
    def in_folder(cls, folder: Path) -> Self | None:
        """What plays into `folder`, if it can be reached."""
        try:
            pid = holder_of(folder / LOCK)
            if pid is None:
                return None
            pidfd = os.pidfd_open(pid)
        except OSError:  # it has just ended, or lives in another container
            return None
        if holder_of(folder / LOCK) != pid:  # it ended, and the number may be another's by now
            os.close(pidfd)
            return None
        return cls(note_of(folder, pid), pidfd, None)

    def was_told(self, arguments: Sequence[str]) -> bool:
        """Whether it says that it was started with these."""
        return self._told == digest(arguments)

    async def wait(self) -> int | None:
        """Until it has ended; its exit code, which is known to its parent only."""
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._pidfd, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(self._pidfd)
        return self._child.wait() if self._child else None

    async def end(self) -> None:
        """Ask it to end; kill it when it does not."""
        self._send(signal.SIGTERM)
        try:
            async with asyncio.timeout(_GRACE.total_seconds()):
                await self.wait()
        except TimeoutError:
            self._send(signal.SIGKILL)
            await self.wait()

    def _send(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, number)

    def close(self) -> None:
        os.close(self._pidfd)


def on_air_in(folder: Path) -> Iterator[tuple[str, ChannelProcess]]:
    """Those of all channels, whose folders lie in `folder`, with the channels' ids."""
    for lock in folder.glob(f"*/{LOCK}"):
        if process := ChannelProcess.in_folder(lock.parent):
            yield lock.parent.name, process
