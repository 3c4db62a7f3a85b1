"""The fan-out loop in C: the structs of live/_fanout.c, filled from Python once a packet."""

from typing import Any

from live.adapter import protect_function
from live.datagrams import ffi
from live.leg import BATCH, Counts, Fan, Leg, Sent, Waits

ffi.cdef("""
struct packet { const uint8_t *payload; uint32_t timestamp; uint16_t sequence, size;
                uint8_t marker, starts_key; };
struct leg { void *srtp; uint32_t ssrc, timestamp_offset, packets, packets_before,
             octets, last_timestamp; uint16_t sequence_offset, last_sequence;
             uint8_t payload_type, waits, extension_size, name_size;
             uint8_t extension[24], name[28]; };
int fanout_layout(void);
size_t fanout_size(void);
void fanout_open(void *fanout, int fd, void *protect, int gso);
void fanout_counts(const void *fanout, uint64_t counts[4]);
void fanout_forward(void *fanout, struct leg *legs, int leg_count,
                    const struct packet *packets, int packet_count);
""")


class CompiledFanout:
    """The loop of live/_fanout.c."""

    name = "compiled"

    def __init__(self, library: Any, fd: int, *, gso: bool) -> None:
        self._library = library
        self._state = ffi.new("char[]", library.fanout_size() + 64)
        address = int(ffi.cast("uintptr_t", self._state))
        self._aligned = self._state + (-address) % 64
        protect = ffi.cast("void *", protect_function()[1])
        library.fanout_open(self._aligned, fd, protect, int(gso))

    def fan(self) -> Fan:
        return CompiledFan(self._library, self._aligned)

    def counts(self) -> Counts:
        counts = ffi.new("uint64_t[4]")
        self._library.fanout_counts(self._aligned, counts)
        return Counts(counts[0], counts[1], counts[2], bool(counts[3]))


class CompiledFan:
    """Legs in one array of C structs; a removed one is replaced by the last."""

    def __init__(self, library: Any, state: Any) -> None:
        self._forward = library.fanout_forward
        self._state = state
        self._packets = ffi.new("struct packet[]", BATCH)
        self._slots: list[Any] = [self._packets[i] for i in range(BATCH)]
        self._waiting = 0
        self._capacity = 8
        self._structs = ffi.new("struct leg[]", self._capacity)
        self._legs: list[Leg] = []

    def add(self, leg: Leg) -> None:
        if len(self._legs) == self._capacity:
            self._grow()
        leg.index = len(self._legs)
        self._legs.append(leg)
        struct_ = self._structs[leg.index]
        struct_.srtp = ffi.cast("void *", leg.outbound_address)
        struct_.ssrc, struct_.payload_type = leg.ssrc, leg.payload_type
        struct_.timestamp_offset, struct_.waits = leg.timestamp_offset, leg.waits
        struct_.packets, struct_.octets = leg.packets, leg.octets
        struct_.last_sequence = leg.last_sequence
        struct_.extension_size = len(leg.extension)
        ffi.memmove(struct_.extension, leg.extension, len(leg.extension))
        self.redirect(leg, leg.name)

    def _grow(self) -> None:
        larger = ffi.new("struct leg[]", self._capacity * 2)
        ffi.memmove(larger, self._structs, self._capacity * ffi.sizeof("struct leg"))
        self._structs, self._capacity = larger, self._capacity * 2

    def remove(self, leg: Leg) -> None:
        sent = self.sent(leg)
        leg.packets, leg.octets, leg.last_sequence = sent.packets, sent.octets, sent.last_sequence
        last = self._legs.pop()
        if last is not leg:
            self._structs[leg.index] = self._structs[last.index]
            self._legs[leg.index] = last
            last.index = leg.index
        leg.index = -1

    def wait(self, leg: Leg, waits: Waits) -> None:
        leg.waits = waits
        self._structs[leg.index].waits = waits

    def wait_all(self, waits: Waits) -> None:
        for leg in self._legs:
            if self._structs[leg.index].waits != Waits.PAUSED:
                self.wait(leg, waits)

    def redirect(self, leg: Leg, name: bytes) -> None:
        leg.name = name
        struct_ = self._structs[leg.index]
        struct_.name_size = len(name)
        ffi.memmove(struct_.name, name, len(name))

    def sent(self, leg: Leg) -> Sent:
        of = self._structs[leg.index]
        return Sent(
            of.packets,
            of.packets_before,
            of.octets,
            of.last_timestamp,
            of.sequence_offset,
            of.last_sequence,
        )

    def push(  # noqa: PLR0917
        self, payload: Any, size: int, sequence: int, timestamp: int, marker: int, key: int, /
    ) -> None:
        slot = self._slots[self._waiting]
        slot.payload = payload
        slot.size = size
        slot.sequence = sequence
        slot.timestamp = timestamp
        slot.marker = marker
        slot.starts_key = key
        self._waiting += 1

    def forward(self) -> None:
        waiting, self._waiting = self._waiting, 0
        if self._legs:
            self._forward(self._state, self._structs, len(self._legs), self._packets, waiting)
