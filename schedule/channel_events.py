"""What people did to channels: the facts that are kept."""

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
