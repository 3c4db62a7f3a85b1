"""What one seat can take: by its own estimate (REMB), by the loss it reports, by what got through.

A receiver's estimate follows what it is sent, so a low one only counts once it has *fallen*: that
is congestion. Until then there is no limit. After it, more is tried out by probing, with growing
patience after each failure. Pure; times are monotonic seconds.
"""

from typing import Final

_FALLEN: Final = 0.97  # of the estimate before: less is congestion
_FAR_BELOW: Final = 0.7  # of what is sent: a first estimate of less is congestion
_MUCH_LOST: Final = 0.1
_LOST_BY_CHANCE: Final = 0.3  # by bad radio, when the seat says that its line could take more
_FIRST_PATIENCE: Final = 2.0
_LONGEST_PATIENCE: Final = 20.0
_PROBE_SECONDS: Final = 1.0
_VERDICT_SECONDS: Final = 0.8  # after a probe, until its effect would have been reported
_SETTLE_SECONDS: Final = 2.0  # what is reported so soon after congestion is about what went before
_FAILED_SECONDS: Final = 8.0  # congestion so soon after a climb means that it was too much
_MARGIN: Final = 1.15  # a probe tries a little more than is needed
_DRAIN: Final = 0.85  # of an estimate is sent after congestion, so that queues run empty


class Bandwidth:
    """One seat's downlink."""

    def __init__(self) -> None:
        self.limit: float | None = None
        """Bits a second; None knows no limit."""
        self._estimate: float | None = None
        self._sent = 0.0
        self._loss = 0.0
        self._patience = _FIRST_PATIENCE
        self._climb_at = self._settled_at = 0.0
        self._climbed_at = float("-inf")
        self._probe_until: float | None = None
        self._probe_bps = 0.0

    def estimated(self, bps: float, now: float) -> bool:
        """An estimate came; True when it says that this is too much."""
        before, self._estimate = self._estimate, bps
        if before is None:
            is_congested = bps < self._sent * _FAR_BELOW
        else:
            is_congested = bps < before * _FALLEN and bps < self._sent / _FALLEN
        if is_congested:
            self._congested(bps * _DRAIN, now)
        elif self.limit is not None and now >= self._climb_at:
            self.limit = max(self.limit, bps)
        return is_congested

    def lost(self, fraction: float, now: float) -> bool:
        """A receiver report came; True when it says that this is too much."""
        self._loss += (fraction - self._loss) * 0.5
        is_by_chance = self._estimate is not None and self._estimate >= self._sent
        most = _LOST_BY_CHANCE if is_by_chance else _MUCH_LOST
        if self._loss <= most or not self._sent or now < self._settled_at:
            return False
        self._congested(self._sent * (1 - self._loss / 2), now)
        return True

    def sent(self, bps: float) -> None:
        """What the seat was sent lately, media and probes."""
        self._sent = bps

    def _congested(self, limit: float, now: float) -> None:
        is_failure = now - self._climbed_at < _FAILED_SECONDS or self._probe_until is not None
        patience = self._patience * 2 if is_failure else _FIRST_PATIENCE
        self._patience = min(patience, _LONGEST_PATIENCE)
        self.limit = limit
        self._probe_until = None
        self._climb_at = now + self._patience
        self._settled_at = now + _SETTLE_SECONDS

    # ------------------------------------------------------------ climbing

    def wish(self, needed: float | None, now: float) -> None:
        """So much would be better: probe when it is time, and climb when that held."""
        if self.limit is None or needed is None or needed <= self.limit:
            self._probe_until = None
            return
        if self._probe_until is None:
            if now >= self._climb_at:
                self._probe_until, self._probe_bps = now + _PROBE_SECONDS, needed * _MARGIN
        elif now >= self._probe_until + _VERDICT_SECONDS:
            self.limit = self._probe_bps
            self._probe_until, self._climbed_at = None, now
            self._climb_at = now + _FIRST_PATIENCE

    def probing(self, now: float) -> float:
        """Bits a second to send beside the media now; 0 when nothing is probed."""
        if self._probe_until is None or now >= self._probe_until:
            return 0.0
        return max(0.0, self._probe_bps - self._sent)
