"""Sends a transport stream at the rate it was made for, by an absolute schedule.

What carries the program clock leaves at its own moment. Other datagrams may leave with the one before
them, thirteen milliseconds early at most: it is the waking up that costs.
"""

import threading
import time
from collections.abc import Sequence
from queue import SimpleQueue

from transcode.outputs import Burst, Output
from transcode.real_time import PACER, in_real_time

DATAGRAM = 7 * 188
_LOST_SECONDS = 0.5
_EARLY_SECONDS = 0.013
_MOST_TOGETHER = 8


class Pacer:
    """A thread of its own. The n-th datagram is due at `starts_at` + n times its length at `mux_bps`.

    What is fed is bounded by how far the channel runs ahead of the clock, about three seconds.
    """

    def __init__(self, outputs: Sequence[Output], mux_bps: int, *, starts_at: float) -> None:
        self._outputs = outputs
        self._seconds_each = DATAGRAM * 8 / mux_bps
        self._starts_at = starts_at  # of time.monotonic
        self._together = min(_MOST_TOGETHER, 1 + int(_EARLY_SECONDS / self._seconds_each))
        self._queue: SimpleQueue[list[bytes] | None] = SimpleQueue()
        self._rest = b""
        self.is_lost = False  # so late that the receiver's clock has to begin anew
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="pacer", daemon=True)
        self._thread.start()

    def feed(self, data: bytes) -> None:
        """Any length of whole or cut transport packets, in order."""
        data = self._rest + data
        whole = len(data) - len(data) % DATAGRAM
        burst: list[bytes] = []
        for at in range(0, whole, DATAGRAM):
            datagram = data[at : at + DATAGRAM]
            if burst and (len(burst) == self._together or has_clock(datagram)):
                self._queue.put(burst)
                burst = []
            burst.append(datagram)
        if burst:
            self._queue.put(burst)
        self._rest = data[whole:]

    def close(self) -> None:
        """Stop at once; what is queued is not sent."""
        self._stopping = True
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        with in_real_time(PACER):
            self._send()

    def _send(self) -> None:
        number = 0
        while (datagrams := self._queue.get()) is not None and not self._stopping:
            due = self._starts_at + number * self._seconds_each
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            elif wait < -_LOST_SECONDS:
                self.is_lost = True
            burst = Burst(datagrams, due, self._seconds_each)
            for output in self._outputs:
                output.send(burst)
            number += len(datagrams)


def has_clock(datagram: bytes) -> bool:
    """Whether one of its packets carries a PCR (ISO/IEC 13818-1, 2.4.3.4)."""
    return any(
        datagram[at + 3] & 0x20 and datagram[at + 4] and datagram[at + 5] & 0x10
        for at in range(0, len(datagram), 188)
    )
