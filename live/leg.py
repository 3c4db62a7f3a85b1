"""A leg: one track on its way to one seat; and what every fan-out loop offers."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, NamedTuple, Protocol

LONGEST_PAYLOAD: Final = 1472
BATCH: Final = 128  # packets of a track that wait for the next forward()


class Waits(IntEnum):
    """What a leg waits for before it takes packets; then its sequence goes on without a gap."""

    NOTHING = 0
    ANY = 1
    KEY = 2
    PAUSED = 3


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
    waits: Waits = Waits.KEY
    # ----
    index: int = -1
    packets: int = 0
    packets_before: int = 0
    octets: int = 0
    last_timestamp: int = 0
    sequence_offset: int = 0
    last_sequence: int = 0
    name_cell: Any = None


class Sent(NamedTuple):
    """What a leg has sent so far; `packets_before` of them before it last had to wait."""

    packets: int
    packets_before: int
    octets: int
    last_timestamp: int
    sequence_offset: int
    last_sequence: int


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
    def wait(self, leg: Leg, waits: Waits) -> None: ...
    def wait_all(self, waits: Waits) -> None:
        """Like `wait` for every leg that is not paused."""

    def redirect(self, leg: Leg, name: bytes) -> None: ...
    def sent(self, leg: Leg) -> Sent: ...
    def push(  # noqa: PLR0917 - once a packet: keywords cost
        self, payload: Any, size: int, sequence: int, timestamp: int, marker: int, key: int, /
    ) -> None:
        """Queue a packet for `forward`; its payload stays where it is until then.

        The caller forwards before `BATCH` packets wait.
        """

    def forward(self) -> None:
        """Send what was pushed to every leg."""


class Fanout(Protocol):
    """A way of doing it, over one socket."""

    name: str

    def fan(self) -> Fan: ...
    def counts(self) -> Counts: ...
