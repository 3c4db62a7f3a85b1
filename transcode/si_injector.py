"""Puts service information in the place of null packets: the clock and the rate of the stream stay as they are.

Tables take turns by when they are due (EN 300 468, 5.1.4, and TR 101 211, 4.4): present/following each
second, the schedule of eight days each ten, TDT and TOT each five. Nothing piles up where there is no room.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import cycle
from math import ceil
from zoneinfo import ZoneInfo

from transcode.eit import Event, event_information, schedule
from transcode.si import EIT_PID, NIT_PID, NULL_PID, PACKET, SDT_PID, TDT_PID, Charset, packets
from transcode.si_tables import (
    HD_SERVICE,
    network_information,
    service_description,
    time_and_date,
    time_offset,
)
from transcode.si_versions import Versions

_PRESENT_EVERY = timedelta(seconds=0.5)  # present and following take turns
_CLOCK_EVERY = timedelta(seconds=2.5)  # TDT and TOT take turns; each within 30 s
_SCHEDULE_CYCLE = timedelta(seconds=9.5)  # the first eight days within 10 s
_SHORTEST_STEP = timedelta(seconds=0.026)  # between sections of one table
_PRESENT, _SCHEDULE = "present", "schedule"  # tables with versions
UTC_ZONE = ZoneInfo("UTC")
_NULL = b"\x47" + NULL_PID.to_bytes(2)


@dataclass(frozen=True, slots=True)
class Service:
    """What the stream says of itself."""

    name: str
    provider: str
    kind: int = HD_SERVICE
    charset: Charset = Charset.UTF_8
    zone: ZoneInfo = UTC_ZONE
    country: str = "KAZ"  # ISO 3166, three letters


class SiInjector:
    """Stands between muxer and pacer. The n-th byte is sent 8 n / mux_bps seconds after `starts_at`."""

    def __init__(
        self,
        sink: Callable[[bytes], None],
        *,
        mux_bps: int,
        starts_at: datetime,
        service: Service,
        versions: Versions | None = None,
    ) -> None:
        self._sink = sink
        self._mux_bps = mux_bps
        self._starts_at = starts_at
        self._step = ceil(mux_bps * _SHORTEST_STEP.total_seconds() / 8 / PACKET) * PACKET
        self._sent = 0  # bytes
        self._rest = b""
        self._waiting: deque[bytes] = deque()
        self._counters: dict[int, int] = {}  # by PID, once something was sent on it
        self._service = service
        kind, charset = service.kind, service.charset
        self._static = {  # in the place of the muxer's own
            SDT_PID: service_description(service.name, service.provider, kind, charset),
            NIT_PID: network_information(service.provider, kind, charset),
        }
        self._guide = Guide(service.charset, versions or Versions())
        self._due = dict.fromkeys((self._present, self._clock, self._schedule), starts_at)
        self._clocks = cycle((self._tdt, self._tot))

    def announce(self, present: Event | None, following: Event | None) -> None:
        """What is on air by now, and next."""
        if self._guide.announce(present, following):
            self._due[self._present] = self._now()

    def plan(self, events: Sequence[Event]) -> None:
        """The schedule; call it when it has changed."""
        self._guide.plan(events)

    def feed(self, data: bytes) -> None:
        """Any length; whole packets are passed on."""
        data = self._rest + data
        whole = len(data) - len(data) % PACKET
        self._rest = data[whole:]
        for at in range(0, whole, self._step):
            run = bytearray(data[at : min(whole, at + self._step)])
            self._sink(self._with_information(run))

    def _with_information(self, run: bytearray) -> bytes:
        for pid, section in self._static.items():
            for at in _places(run, b"\x47" + (0x4000 | pid).to_bytes(2)):
                _replace(run, at, section)
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
        """Queue the sections that are due, when those before have left; the guide of now comes first."""
        if self._waiting:
            return
        now = self._now()
        for turn, due in self._due.items():
            if now >= due:
                self._due[turn] = max(due, now - _SCHEDULE_CYCLE) + turn(now)

    def _present(self, now: datetime) -> timedelta:
        self._queue(self._guide.present(), EIT_PID)
        return _PRESENT_EVERY

    def _clock(self, now: datetime) -> timedelta:
        self._queue(next(self._clocks)(now), TDT_PID)
        return _CLOCK_EVERY

    def _tdt(self, now: datetime) -> bytes:
        return time_and_date(now)

    def _tot(self, now: datetime) -> bytes:
        return time_offset(now, self._service.zone, self._service.country)

    def _schedule(self, now: datetime) -> timedelta:
        section, step = self._guide.next_of_schedule(now)
        self._queue(section, EIT_PID)
        return step

    def _queue(self, section: bytes, pid: int) -> None:
        counter = self._counters.get(pid)
        made = list(packets(section, pid, counter or 0, begins_anew=counter is None))
        self._counters[pid] = (counter or 0) + len(made)
        self._waiting.extend(made)


class Guide:
    """The sections of EIT, with their versions."""

    def __init__(self, charset: Charset, versions: Versions) -> None:
        self._charset = charset
        self._versions = versions
        self._version = versions.next(_PRESENT)
        self._schedule_version = 0
        self._events: tuple[Event | None, Event | None] = (None, None)
        self._is_presents_turn = True
        self._planned: Sequence[Event] = ()
        self._made: list[bytes] = []
        self._made_on: date | None = None
        self._at = 0

    def announce(self, present: Event | None, following: Event | None) -> bool:
        """Whether it is news."""
        if (present, following) == self._events:
            return False
        self._events = present, following
        self._version = self._versions.next(_PRESENT)
        return True

    def plan(self, events: Sequence[Event]) -> None:
        self._planned, self._made_on = events, None

    def present(self) -> bytes:
        """Present and following in turn."""
        is_present, self._is_presents_turn = self._is_presents_turn, not self._is_presents_turn
        return event_information(
            self._events[0 if is_present else 1],
            is_present=is_present,
            version=self._version,
            charset=self._charset,
        )

    def next_of_schedule(self, now: datetime) -> tuple[bytes, timedelta]:
        """A section, and after what time the next one is due. Made anew for a new plan or a new day."""
        if self._made_on != now.date():
            self._schedule_version = self._versions.next(_SCHEDULE)
            self._made = schedule(
                self._planned, now, version=self._schedule_version, charset=self._charset
            )
            self._made_on, self._at = now.date(), 0
        section = self._made[self._at % len(self._made)]
        self._at += 1
        return section, max(_SHORTEST_STEP, _SCHEDULE_CYCLE / len(self._made))


def _places(run: bytearray, head: bytes) -> Iterator[int]:
    """Where packets begin with `head`. Their second bytes alone are searched: payloads are full of the rest."""
    seconds = run[1::PACKET]
    number = seconds.find(head[1])
    while number >= 0:
        at = number * PACKET
        if run.startswith(head, at):
            yield at
        number = seconds.find(head[1], number + 1)


def _replace(run: bytearray, at: int, section: bytes) -> None:
    """Our section, which fits into one packet, for the one that begins there. Its counter stays, and that it
    begins anew."""
    has_field = run[at + 3] & 0x20 and run[at + 4]
    field = b"\x01\x80" if has_field and run[at + 5] & 0x80 else b""
    if 4 + len(field) + 1 + len(section) > PACKET:
        field = b""
    head = bytes(run[at : at + 3]) + bytes(((0x30 if field else 0x10) | run[at + 3] & 0x0F,))
    run[at : at + PACKET] = (head + field + b"\0" + section).ljust(PACKET, b"\xff")
