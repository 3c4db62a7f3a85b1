"""The fan-out loop in C: the structs of live/_fanout.c, filled from Python once a packet."""

from typing import Any

from live.adapter import protect_function
from live.datagrams import ffi
from live.leg import BATCH, NO_LAYER, Counts, Fan, Leg, Run, Sent

ffi.cdef("""
struct packet { const uint8_t *payload; uint32_t timestamp; uint16_t sequence, size;
                uint8_t marker, starts_key, layer, level; };
struct run { uint32_t first, timestamp_offset; uint16_t sequence_offset; uint8_t layer; };
struct leg { void *srtp;
             uint32_t ssrc, timestamp_offset, packets, octets, last_timestamp, highest;
             struct run now, before;
             uint8_t payload_type, accepts, target, extension_size, name_size, time_at, level_at;
             uint8_t extension[32], name[28]; };
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
        struct_.timestamp_offset = leg.timestamp_offset
        struct_.target, struct_.accepts = leg.target, NO_LAYER
        struct_.packets, struct_.octets = leg.packets, leg.octets
        struct_.highest, struct_.last_timestamp = leg.highest, leg.last_timestamp
        struct_.now.layer = struct_.before.layer = NO_LAYER
        struct_.extension_size = len(leg.extension)
        struct_.time_at, struct_.level_at = leg.time_at, leg.level_at
        ffi.memmove(struct_.extension, leg.extension, len(leg.extension))
        self.redirect(leg, leg.name)

    def _grow(self) -> None:
        larger = ffi.new("struct leg[]", self._capacity * 2)
        ffi.memmove(larger, self._structs, self._capacity * ffi.sizeof("struct leg"))
        self._structs, self._capacity = larger, self._capacity * 2

    def remove(self, leg: Leg) -> None:
        sent = self.sent(leg)
        leg.packets, leg.octets = sent.packets, sent.octets
        leg.highest, leg.last_timestamp = sent.highest, sent.last_timestamp
        last = self._legs.pop()
        if last is not leg:
            self._structs[leg.index] = self._structs[last.index]
            self._legs[leg.index] = last
            last.index = leg.index
        leg.index = -1

    def aim(self, leg: Leg, layer: int) -> None:
        leg.target = self._structs[leg.index].target = layer
        if layer == NO_LAYER:
            self._structs[leg.index].accepts = NO_LAYER

    def hold(self, layer: int) -> None:
        for leg in self._legs:
            struct_ = self._structs[leg.index]
            if struct_.accepts == layer:
                struct_.accepts = NO_LAYER

    def redirect(self, leg: Leg, name: bytes) -> None:
        leg.name = name
        struct_ = self._structs[leg.index]
        struct_.name_size = len(name)
        ffi.memmove(struct_.name, name, len(name))

    def sent(self, leg: Leg) -> Sent:
        of = self._structs[leg.index]
        return Sent(
            of.packets,
            of.octets,
            of.last_timestamp,
            of.highest,
            of.accepts,
            _run(of.now),
            _run(of.before),
        )

    def push(  # noqa: PLR0917
        self,
        payload: Any,
        size: int,
        sequence: int,
        timestamp: int,
        marker: int,
        key: int,
        layer: int,
        level: int,
        /,
    ) -> None:
        slot = self._slots[self._waiting]
        slot.payload = payload
        slot.size = size
        slot.sequence = sequence
        slot.timestamp = timestamp
        slot.marker = marker
        slot.starts_key = key
        slot.layer = layer
        slot.level = level
        self._waiting += 1

    def forward(self) -> None:
        self._send(self._structs, len(self._legs))

    def forward_to(self, leg: Leg) -> None:
        self._send(self._structs + leg.index, 1)

    def _send(self, legs: Any, count: int) -> None:
        waiting, self._waiting = self._waiting, 0
        if count:
            self._forward(self._state, legs, count, self._packets, waiting)


def _run(struct_: Any) -> Run:
    return Run(struct_.first, struct_.sequence_offset, struct_.timestamp_offset, struct_.layer)
