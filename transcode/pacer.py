"""Sends a transport stream at the rate it was made for: each datagram at its own absolute time."""

import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from queue import SimpleQueue

from transcode.outputs import Output

DATAGRAM = 7 * 188
_LOST_SECONDS = 0.5


class Pacer:
    """A thread of its own. The n-th datagram leaves at `starts_at` + n times its length at `mux_bps`.

    What is fed is bounded by how far the channel runs ahead of the clock, about three seconds.
    """

    def __init__(self, outputs: Sequence[Output], mux_bps: int, *, starts_at: float) -> None:
        self._outputs = outputs
        self._seconds_each = DATAGRAM * 8 / mux_bps
        self._starts_at = starts_at  # of time.monotonic
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._rest = b""
        self.is_lost = False  # so late that the receiver's clock has to begin anew
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="pacer", daemon=True)
        self._thread.start()

    def feed(self, data: bytes) -> None:
        """Any length of whole or cut transport packets, in order."""
        data = self._rest + data
        whole = len(data) - len(data) % DATAGRAM
        for at in range(0, whole, DATAGRAM):
            self._queue.put(data[at : at + DATAGRAM])
        self._rest = data[whole:]

    def close(self) -> None:
        """Stop at once; what is queued is not sent."""
        self._stopping = True
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        _prefer_this_thread()
        number = 0
        while (datagram := self._queue.get()) is not None and not self._stopping:
            due = self._starts_at + number * self._seconds_each
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            elif wait < -_LOST_SECONDS:
                self.is_lost = True
            for output in self._outputs:
                output.send(datagram, due)
            number += 1


def _prefer_this_thread() -> None:
    """A datagram that waits for a busy machine is late for good. Real time where we are allowed to:
    the thread only sleeps and sends."""
    with suppress(OSError):
        os.sched_setscheduler(threading.get_native_id(), os.SCHED_RR, os.sched_param(1))
