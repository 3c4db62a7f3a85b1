"""A leg: one track on its way to one seat; and what every fan-out loop offers.

A track may come in several layers (simulcast), each numbered for itself. A leg takes one of them at
a time and changes over at a keyframe, so that its own numbers go on without a gap.
"""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

LONGEST_PAYLOAD: Final = 1472
BATCH: Final = 128  # packets of a track that wait for the next forward()
NO_LAYER: Final = 255
SILENCE: Final = 127  # audio level in -dBov (RFC 6464 §3)


class Run(NamedTuple):
    """The packets of a leg since it last changed over: how their numbers were made."""

    first: int  # extended sequence number of the first one
    sequence_offset: int
    timestamp_offset: int
    layer: int


NO_RUN: Final = Run(0, 0, 0, NO_LAYER)


@dataclass(slots=True, eq=False)
class Leg:
    """One track on its way to one seat. The loop owns what is below the line."""

    outbound: Any  # libsrtp session, as cdata
    outbound_address: int
    name: bytes  # raw socket address
    ssrc: int
    payload_type: int
    timestamp_offset: int
    extension: bytes = b""  # whole RTP header extension, a multiple of four bytes
    time_at: int = 0  # where in it abs-send-time's three bytes stand; 0: nowhere
    level_at: int = 0  # where in it the audio level stands; 0: nowhere
    target: int = 0  # the layer to change over to at its next keyframe; NO_LAYER: paused
    # ----
    index: int = -1
    accepts: int = NO_LAYER  # the layer that flows
    packets: int = 0
    octets: int = 0
    last_timestamp: int = 0
    highest: int = 0  # extended sequence number
    now: Run = NO_RUN
    before: Run = NO_RUN
    name_cell: Any = None


class Sent(NamedTuple):
    """What a leg has sent so far."""

    packets: int
    octets: int
    last_timestamp: int
    highest: int
    accepts: int
    now: Run
    before: Run

    def origin(self, sequence: int) -> tuple[Run, int] | None:
        """Of which run the sent sequence number was, and its number there; None when too old."""
        extended = self.highest - ((self.highest - sequence) & 0xFFFF)
        for run in (self.now, self.before):
            if extended >= run.first and run.layer != NO_LAYER:
                return run, (sequence - run.sequence_offset) & 0xFFFF
        return None


class Counts(NamedTuple):
    """Datagrams since the start, and whether GSO is still in use."""

    sent: int
    dropped: int
    unprotected: int
    gso: bool


class Fan(Protocol):
    """The legs of one track."""

    def add(self, leg: Leg) -> None: ...
    def remove(self, leg: Leg) -> None: ...
    def aim(self, leg: Leg, layer: int) -> None:
        """Change over to the layer at its next keyframe; NO_LAYER stops the leg at once."""

    def hold(self, layer: int) -> None:
        """Hold back the legs that take this layer until its next keyframe."""

    def redirect(self, leg: Leg, name: bytes) -> None: ...
    def sent(self, leg: Leg) -> Sent: ...
    def push(  # noqa: PLR0917 - once a packet: keywords cost
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
        """Queue a packet for `forward`; its payload stays where it is until then.

        The caller forwards before `BATCH` packets wait.
        """

    def forward(self) -> None:
        """Send what was pushed to every leg that takes it."""

    def forward_to(self, leg: Leg) -> None:
        """Send what was pushed to this leg only."""


class Fanout(Protocol):
    """A way of doing it, over one socket."""

    name: str

    def fan(self) -> Fan: ...
    def counts(self) -> Counts: ...


def send_time(seconds: float) -> int:
    """Abs-send-time: 24 bits, 6.18 fixed point seconds of any steady clock."""
    return int(seconds * (1 << 18)) & 0xFFFFFF
