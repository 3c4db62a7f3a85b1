"""RTP time made time of ours, so that lips match (RFC 3550 §6.4).

Every stream counts from its own random start. Sender reports tie a stream to the sender's wall
clock; all streams of one sender share one `SenderClock`, which ties that to our monotonic clock.
Until its first report a stream is placed by its first arrival.
"""

from typing import Final

_NTP: Final = 1 << 32
_FARTHEST_SECONDS: Final = 10.0  # from the arrival; beyond it the sender's clock is not believed
_STEP_SECONDS: Final = 0.5  # a correction this large is made at once


class SenderClock:
    """How far the wall clock of one sender is from our monotonic clock."""

    def __init__(self) -> None:
        self._ahead: float | None = None
        self._has_master = False

    def ours(self, theirs: float, guess: float, *, is_master: bool) -> float:
        """Our time of the sender's `theirs`.

        The first stream that reports ties the clocks by its own `guess`, and so does not move;
        sound, the master, does so once more, because a correction is heard and not seen.
        """
        if self._ahead is None or (is_master and not self._has_master):
            self._ahead = guess - theirs
            self._has_master = is_master
        return theirs + self._ahead


class RtpClock:
    """The time of one stream. Ticks are of the stream's rate, on our monotonic clock."""

    def __init__(self, rate: int, sender: SenderClock, *, is_sound: bool) -> None:
        self._rate = rate
        self._sender = sender
        self._is_sound = is_sound
        self._last: int | None = None  # unwrapped RTP time
        self._offset = 0  # ticks - unwrapped
        self._target: int | None = None
        self._slower = 1000 if is_sound else 50
        self._newest = 0  # unwrapped
        self._credit = 0  # ticks that passed since the last correction

    @property
    def is_tied(self) -> bool:
        """Whether a sender report has been seen."""
        return self._target is not None

    def ticks(self, rtp: int, arrived: float) -> int:
        """When the packet of RTP time `rtp` was captured, by our clock."""
        unwrapped = self._unwrap(rtp)
        if self._last is None:
            self._place(unwrapped, arrived)
        elif self._target is not None and unwrapped > self._newest:
            self._approach(self._target, unwrapped - self._newest)
        self._last = unwrapped
        self._newest = max(self._newest, unwrapped)
        result = unwrapped + self._offset
        if abs(result - arrived * self._rate) > _FARTHEST_SECONDS * self._rate:
            self._place(unwrapped, arrived)
            return unwrapped + self._offset
        return result

    def reported(self, ntp: int, rtp: int, arrived: float) -> None:
        """A sender report: its NTP time (32.32) and the RTP time of the same moment."""
        unwrapped = self._unwrap(rtp)
        if self._last is None:
            self._place(unwrapped, arrived)
            self._last = unwrapped
        guess = (unwrapped + self._offset) / self._rate
        ours = self._sender.ours(ntp / _NTP, guess, is_master=self._is_sound)
        if abs(ours - arrived) > _FARTHEST_SECONDS:
            return
        self._target = round(ours * self._rate) - unwrapped
        if abs(self._target - self._offset) > _STEP_SECONDS * self._rate:
            self._offset = self._target

    def rtp_at(self, now: float) -> int | None:
        """The RTP time of our moment `now`, by the reports; None before the first."""
        if self._target is None:
            return None
        return (round(now * self._rate) - self._target) & 0xFFFFFFFF

    def _place(self, unwrapped: int, arrived: float) -> None:
        self._offset = round(arrived * self._rate) - unwrapped
        self._target, self._newest, self._credit = None, unwrapped, 0

    def _approach(self, target: int, elapsed: int) -> None:
        """Move towards the target so slowly that nobody notices."""
        most, self._credit = divmod(self._credit + elapsed, self._slower)
        self._offset += max(-most, min(most, target - self._offset))

    def _unwrap(self, rtp: int) -> int:
        if self._last is None:
            return rtp
        ahead = (rtp - self._last) & 0xFFFFFFFF
        return self._last + (ahead - 0x100000000 if ahead >= 0x80000000 else ahead)
