"""Puts service information in the place of null packets: the clock and the rate of the stream stay as they are."""

from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from transcode.si import (
    EIT_PID,
    NULL_PID,
    PACKET,
    SDT_PID,
    TDT_PID,
    Event,
    event_information,
    packets,
    time_and_date,
    with_guide_announced,
)

_EIT_EVERY = timedelta(
    seconds=0.5
)  # present and following take turns; each within 2 s (TR 101 290)
_TDT_EVERY = timedelta(seconds=5)  # within 30 s
_NULL = b"\x47" + NULL_PID.to_bytes(2)
_SDT = b"\x47\x40" + bytes((SDT_PID,))


class SiInjector:
    """Stands between muxer and pacer. The n-th byte is sent 8 n / mux_bps seconds after `starts_at`."""

    def __init__(self, sink: Callable[[bytes], None], *, mux_bps: int, starts_at: datetime) -> None:
        self._sink = sink
        self._mux_bps = mux_bps
        self._starts_at = starts_at
        self._sent = 0  # bytes
        self._rest = b""
        self._waiting: deque[bytes] = deque()
        self._counters = {EIT_PID: 0, TDT_PID: 0}
        self._events: tuple[Event | None, Event | None] = (None, None)
        self._version = int(starts_at.timestamp()) & 31  # another than before a restart, mostly
        self._eit_due = self._tdt_due = starts_at
        self._is_presents_turn = True

    def announce(self, present: Event | None, following: Event | None) -> None:
        if (present, following) != self._events:
            self._events = present, following
            self._version += 1
            self._eit_due = self._now()

    def feed(self, data: bytes) -> None:
        """Any length; whole packets are passed on."""
        data = self._rest + data
        whole = len(data) - len(data) % PACKET
        self._rest = data[whole:]
        if whole:
            self._sink(self._with_information(bytearray(data[:whole])))

    def _with_information(self, run: bytearray) -> bytes:
        for at in _places(run, _SDT):
            _announce_guide(run, at)
        self._collect()
        for at in _places(run, _NULL):
            if not self._waiting:
                break
            run[at : at + PACKET] = self._waiting.popleft()
        self._sent += len(run)
        return bytes(run)

    def _now(self) -> datetime:
        """When the byte that comes next will be sent."""
        return self._starts_at + timedelta(seconds=self._sent * 8 / self._mux_bps)

    def _collect(self) -> None:
        """Queue what is due. Nothing piles up where there is no room."""
        now = self._now()
        if self._waiting:
            return
        if now >= self._tdt_due:
            self._tdt_due = now + _TDT_EVERY
            self._queue(time_and_date(now), TDT_PID)
        if now >= self._eit_due:
            self._eit_due = now + _EIT_EVERY
            event = self._events[0 if self._is_presents_turn else 1]
            section = event_information(
                event, is_present=self._is_presents_turn, version=self._version
            )
            self._is_presents_turn = not self._is_presents_turn
            self._queue(section, EIT_PID)

    def _queue(self, section: bytes, pid: int) -> None:
        made = list(packets(section, pid, self._counters[pid]))
        self._counters[pid] += len(made)
        self._waiting.extend(made)


def _places(run: bytearray, head: bytes) -> Iterator[int]:
    """Where packets begin with `head`."""
    at = run.find(head)
    while at >= 0:
        if at % PACKET == 0:
            yield at
        at = run.find(head, at + 1)


def _announce_guide(run: bytearray, at: int) -> None:
    """Rewrite the SDT, which fits into one packet since the names are kept short."""
    payload = at + 4 + (1 + run[at + 4] if run[at + 3] & 0x20 else 0)
    start = payload + 1 + run[payload]
    end = start + 3 + (int.from_bytes(run[start + 1 : start + 3]) & 0xFFF)
    if end <= at + PACKET:
        run[start:end] = with_guide_announced(bytes(run[start:end]))
