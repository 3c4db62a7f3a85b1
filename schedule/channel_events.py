"""What people did to channels: the facts that are kept."""

from datetime import datetime

from kernel.facts import Fact


class ChannelAdded(Fact, frozen=True, kw_only=True):
    """A channel was set up. `person` did it."""

    channel: str
    name: str


class SchedulePushed(Fact, frozen=True, kw_only=True):
    """A channel's schedule changed. `person` pushed it."""

    channel: str
    revision: int
    added: int
    changed: int
    removed: int


class SourceTaken(Fact, frozen=True, kw_only=True):
    """A source was put on air over the plan. `person` did it."""

    channel: str
    source: str
    ends_at: datetime


class SourceReleased(Fact, frozen=True, kw_only=True):
    """A take was ended before its time. `person` did it."""

    channel: str
