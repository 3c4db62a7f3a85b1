"""What a receiver holds against a transport stream: the checks of TR 101 290 that need no decoder. Pure."""

from collections.abc import Iterator
from typing import Final

PACKET: Final = 188
_SIGNAL_SECONDS: Final = 2.0
_PAT_SECONDS = _PMT_SECONDS = 0.5  # 1.3, 1.5
_PCR_SECONDS: Final = 0.1  # 2.3
_MEMORY_SECONDS: Final = 10.0  # an error is told for so long
_PCR_MODULUS: Final = 2**33 * 300
_PCR_HZ: Final = 27_000_000
_NULL_PID: Final = 0x1FFF
_SLACK_SECONDS: Final = 0.5  # datagrams may arrive so unevenly on a busy machine


class TsWatch:
    """Push each datagram with the second of its arrival, and ask what is wrong."""

    def __init__(self, now: float) -> None:
        self.continuity_errors = 0
        self._began = now
        self._counters: dict[int, int] = {}
        self._pmt_pid: int | None = None
        self._pcr_pid: int | None = None
        self._seen: dict[str, float] = {}  # what came when last
        self._wrong: dict[str, float] = {}  # what was wrong when last
        self._pcr: int | None = None

    def push(self, datagram: bytes, now: float) -> None:
        self._seen["signal"] = now
        for at in range(0, len(datagram), PACKET):
            packet = datagram[at : at + PACKET]
            if len(packet) < PACKET or packet[0] != 0x47:
                self._wrong["sync"] = now
            else:
                self._take(packet, now)

    def faults(self, now: float) -> set[str]:
        """`signal`, `sync`, `continuity`, `pat`, `pmt`, `pcr`."""
        last = self._seen.get("signal", self._began)
        if now - last > _SIGNAL_SECONDS:
            return {"signal"}
        found = {name for name, at in self._wrong.items() if now - at < _MEMORY_SECONDS}
        return found | set(self._missing(last))

    def _missing(self, last: float) -> Iterator[str]:
        for name, limit in (("pat", _PAT_SECONDS), ("pmt", _PMT_SECONDS), ("pcr", _PCR_SECONDS)):
            if last - self._seen.get(name, self._began) > limit + _SLACK_SECONDS:
                yield name

    def _take(self, packet: bytes, now: float) -> None:
        pid = int.from_bytes(packet[1:3]) & 0x1FFF
        if pid == _NULL_PID:
            return
        has_field, has_payload = packet[3] & 0x20, packet[3] & 0x10
        flags = packet[5] if has_field and packet[4] else 0
        if has_payload:
            self._count(pid, packet[3] & 15, now, is_marked=bool(flags & 0x80))
        if flags & 0x10:
            self._clock(pid, packet, now, is_marked=bool(flags & 0x80))
        if packet[1] & 0x40:
            self._table(pid, packet, now)

    def _count(self, pid: int, counter: int, now: float, *, is_marked: bool) -> None:
        expected = self._counters.get(pid, counter - 1) + 1 & 15
        if counter != expected and not is_marked:
            self.continuity_errors += 1
            self._wrong["continuity"] = now
        self._counters[pid] = counter

    def _clock(self, pid: int, packet: bytes, now: float, *, is_marked: bool) -> None:
        """Its steps are 0.1 s at most, unless it says that it begins anew."""
        if self._pcr_pid not in (None, pid):
            return
        field = int.from_bytes(packet[6:12])
        pcr = (field >> 15) * 300 + (field & 0x1FF)
        if self._pcr is not None and not is_marked:
            step = (pcr - self._pcr) % _PCR_MODULUS / _PCR_HZ
            if not 0 < step <= _PCR_SECONDS:
                self._wrong["pcr"] = now
        self._pcr, self._pcr_pid, self._seen["pcr"] = pcr, pid, now

    def _table(self, pid: int, packet: bytes, now: float) -> None:
        start = 4 + (1 + packet[4] if packet[3] & 0x20 else 0)
        section = packet[start + 1 + packet[start] :] if start < PACKET else b""
        if pid == 0 and section[:1] == b"\x00":
            self._seen["pat"] = now
            self._pmt_pid = next(_programme_pids(section), None)
        elif pid == self._pmt_pid and section[:1] == b"\x02":
            self._seen["pmt"] = now


def _programme_pids(pat: bytes) -> Iterator[int]:
    end = 3 + (int.from_bytes(pat[1:3]) & 0xFFF) - 4
    for at in range(8, min(end, len(pat) - 3), 4):
        if pat[at : at + 2] != b"\0\0":  # that is the NIT
            yield int.from_bytes(pat[at + 2 : at + 4]) & 0x1FFF
