"""A channel's process as its supervisor sees it: one that it started, or one that a dead server left on air."""

import asyncio
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol, Self

from transcode.claim import holder_of
from transcode.supervision import LOCK, Note, digest, note_of

_GRACE: Final = timedelta(seconds=3)


class ChannelProcess(Protocol):
    """Event loop only."""

    @property
    def pid(self) -> int: ...

    async def wait(self) -> int | None:
        """Until it has ended; its exit code, where that can be known."""

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


class Orphan:
    """On air without a supervisor. By a pidfd (Linux 5.3), so that no other process is ever meant."""

    def __init__(self, note: Note, pidfd: int) -> None:
        self.pid = note.pid
        self.monitor_port = note.monitor
        self._told = note.told
        self._pidfd = pidfd

    @classmethod
    def in_folder(cls, folder: Path) -> Self | None:
        """The one that plays into `folder`, if it can be reached; to be closed."""
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
        return cls(note_of(folder, pid), pidfd)

    def was_told(self, arguments: Sequence[str]) -> bool:
        """Whether it was started with these."""
        return self._told == digest(arguments)

    async def wait(self) -> int | None:
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        loop.add_reader(self._pidfd, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(self._pidfd)
        return None  # known to its parent only

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, number)

    def close(self) -> None:
        os.close(self._pidfd)


def orphans_in(folder: Path) -> Iterator[tuple[str, Orphan]]:
    """Those of all channels, whose folders lie in `folder`, with the channels' ids."""
    for lock in folder.glob(f"*/{LOCK}"):
        if orphan := Orphan.in_folder(lock.parent):
            yield lock.parent.name, orphan


async def end(process: ChannelProcess) -> None:
    """Ask it to end; kill it when it does not."""
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(_GRACE.total_seconds()):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
