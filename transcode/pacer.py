"""Sends a transport stream at the rate it was made for, by an absolute schedule.

What carries the program clock leaves at its own moment. Other datagrams may leave with the one before
them, thirteen milliseconds early at most: it is the waking up that costs.

The loop exists twice: compiled (transcode/_pacing.c), without the interpreter's lock, where set-up found a C
compiler, and in Python.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from queue import SimpleQueue
from typing import Protocol

from transcode.compiled_pacing import CompiledPacing
from transcode.outputs import Burst, Output
from transcode.real_time import PACER, in_real_time

DATAGRAM = 7 * 188
_LOST_SECONDS = 0.5
_EARLY_SECONDS = 0.013
_MOST_TOGETHER = 8


class Pacing(Protocol):
    """Sends runs of whole datagrams. `latest`: the seconds that a burst was late so far, at most."""

    @property
    def latest(self) -> float: ...

    def run(self, data: bytes) -> None: ...

    def stop(self) -> None: ...


class Pacer:
    """A thread of its own. The n-th datagram is due at `starts_at` + n times its length at `mux_bps`.

    What is fed is bounded by how far the channel runs ahead of the clock, about three seconds.
    """

    def __init__(self, outputs: Sequence[Output], mux_bps: int, *, starts_at: float) -> None:
        """`starts_at` is of time.monotonic."""
        self._outputs = outputs
        self._pacing = _pacing(outputs, starts_at, DATAGRAM * 8 / mux_bps)
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._rest = b""
        self._thread = threading.Thread(target=self._run, name="pacer", daemon=True)
        self._thread.start()

    @property
    def is_lost(self) -> bool:
        """So late that the receiver's clock has to begin anew."""
        return self._pacing.latest > _LOST_SECONDS

    def feed(self, data: bytes) -> None:
        """Any length of whole or cut transport packets, in order."""
        data = self._rest + data
        whole = len(data) - len(data) % DATAGRAM
        if whole:
            self._queue.put(data[:whole])
        self._rest = data[whole:]

    def close(self) -> None:
        """Stop at once; what is queued is not sent."""
        self._pacing.stop()
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        with in_real_time(PACER):
            while (waiting := self._waiting()) is not None:
                self._pacing.run(waiting)
                for output in self._outputs:
                    output.tell_failures()

    def _waiting(self) -> bytes | None:
        """All that was fed by now; something at least. None: it is over."""
        fed = [self._queue.get()]
        while not self._queue.empty():
            fed.append(self._queue.get())
        data = [each for each in fed if each is not None]
        return b"".join(data) if len(data) == len(fed) else None


def _pacing(outputs: Sequence[Output], starts_at: float, seconds_each: float) -> Pacing:
    together = min(_MOST_TOGETHER, 1 + int(_EARLY_SECONDS / seconds_each))
    targets = [output.target for output in outputs if output.target is not None]
    if targets and len(targets) == len(outputs):
        return CompiledPacing(
            targets, starts_at=starts_at, seconds_each=seconds_each, together=together
        )
    return PythonPacing(outputs, starts_at=starts_at, seconds_each=seconds_each, together=together)


class PythonPacing:
    """The loop of transcode/_pacing.c in Python, for outputs of any kind."""

    def __init__(
        self, outputs: Sequence[Output], *, starts_at: float, seconds_each: float, together: int
    ) -> None:
        self._outputs = outputs
        self._starts_at, self._seconds_each = starts_at, seconds_each
        self._together = together
        self._number = 0
        self._stopping = False
        self.latest = 0.0

    def run(self, data: bytes) -> None:
        for datagrams in self._bursts(data):
            if self._stopping:
                return
            due = self._starts_at + self._number * self._seconds_each
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            self.latest = max(self.latest, -wait)
            burst = Burst(datagrams, due, self._seconds_each)
            for output in self._outputs:
                output.send(burst)
            self._number += len(datagrams)

    def stop(self) -> None:
        self._stopping = True

    def _bursts(self, data: bytes) -> Iterator[list[bytes]]:
        burst: list[bytes] = []
        for at in range(0, len(data), DATAGRAM):
            datagram = data[at : at + DATAGRAM]
            if burst and (len(burst) == self._together or has_clock(datagram)):
                yield burst
                burst = []
            burst.append(datagram)
        if burst:
            yield burst


def has_clock(datagram: bytes) -> bool:
    """Whether one of its packets carries a PCR (ISO/IEC 13818-1, 2.4.3.4)."""
    return any(
        datagram[at + 3] & 0x20 and datagram[at + 4] and datagram[at + 5] & 0x10
        for at in range(0, len(datagram), 188)
    )
