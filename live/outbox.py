"""What waits to be written to one socket: bounded, and of the newest state only."""

import asyncio
from typing import Final

from live.messages import Bye, ByeReason, ServerMessage, State, Tracks, WaitingPeople, encode
from live.poll_messages import PollChanged

CAPACITY: Final = 2000  # messages; more than a full room that joins at once, and a minute of chat
_FOLDED: Final = (
    Tracks,
    State,
    WaitingPeople,
)  # full states: a newer one replaces an older one that waits


class Outbox:
    """Frames in order. Event loop only.

    Full means that the reader is slow: everything that waits is dropped for a `bye`, and the
    client comes back with its resume token to a fresh welcome.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._waiting: dict[object, bytes] = {}
        self._next = 0
        self._something = asyncio.Event()
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """No more is taken in; what waits is still written."""
        return self._is_closed

    def put(self, message: ServerMessage, frame: bytes | None = None) -> None:
        """Let a message wait; `frame` is its encoding where many seats get the same."""
        if self._is_closed:
            return
        if len(self._waiting) >= self._capacity:
            self._waiting.clear()
            self.close(Bye(ByeReason.SLOW, "Your connection is too slow to follow the room."))
            return
        key = _folding_key(message)
        if key is None:
            self._next += 1
            key = self._next
        else:
            self._waiting.pop(key, None)
        self._waiting[key] = encode(message) if frame is None else frame
        self._something.set()

    def close(self, bye: Bye) -> None:
        """Say goodbye after what waits."""
        if not self._is_closed:
            self._is_closed = True
            self._waiting[Bye] = encode(bye)
            self._something.set()

    async def take(self) -> list[bytes]:
        """Everything that waits, as soon as something does; empty when closed and all is taken."""
        if not self._is_closed:
            await self._something.wait()
        self._something.clear()
        frames = list(self._waiting.values())
        self._waiting.clear()
        return frames


def _folding_key(message: ServerMessage) -> object | None:
    """What a newer message replaces an older one by; None: all are written."""
    if isinstance(message, PollChanged):
        return message.poll.id
    return type(message) if isinstance(message, _FOLDED) else None
