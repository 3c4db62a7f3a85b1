"""What somebody who was there live has missed of a lecture. Pure."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

from footprint.attendance import Presence, Span
from footprint.policy import Channel

SHORTEST: Final = timedelta(minutes=1)  # what is shorter is no minute to catch up on
_LIVE: Final = frozenset(Channel) - {Channel.RECORDING}


def missed(presences: Iterable[Presence], window: Span) -> list[Span]:
    """The gaps of one person's live presence within the window, in order; none of who never came."""
    spans = sorted(each.span for each in presences if each.channel in _LIVE)
    there = [
        span
        for span in spans
        if span.began_at < window.ended_at and span.ended_at > window.began_at
    ]
    return [gap for gap in _gaps(there, window) if gap.length >= SHORTEST] if there else []


def _gaps(spans: Iterable[Span], window: Span) -> Iterator[Span]:
    reached = window.began_at
    for span in spans:
        if span.began_at > reached:
            yield Span(reached, span.began_at)
        reached = max(reached, span.ended_at)
    if reached < window.ended_at:
        yield Span(reached, window.ended_at)
