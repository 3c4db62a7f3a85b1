"""What follows from the rundowns of channels: their plan files, rooms to be fed, media to be conditioned. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from daris.conditioning import Need
from daris.live_feeds import Feed
from kernel.settings import Settings
from schedule.channels import Channel, HouseItem, best_item
from schedule.places import house_folder, live_folder
from schedule.rundown import Programme
from schedule.settling import settled
from transcode.timeline import Item, Plan

_LIVE_AHEAD = timedelta(seconds=30)  # a room is conditioned so long before its programme


@dataclass(frozen=True, slots=True)
class Rundown:
    """One channel as the database has it."""

    channel: Channel
    programmes: Sequence[Programme]


def plan_of(
    rundown: Rundown,
    items: Mapping[tuple[str, str], HouseItem],
    settings: Settings,
    ends: Mapping[UUID, datetime],
) -> Plan:
    """The plan file of a channel; programmes whose media is not there say why. `ends` are those of
    the rooms."""
    channel = rundown.channel
    now = settled(rundown.programmes, ends)
    return Plan(
        channel=channel.id,
        revision=channel.revision,
        items=tuple(_item(programme, channel, items, settings) for programme in now.run),
        overruns=tuple(_item(programme, channel, items, settings) for programme in now.covering),
    )


def rooms_in(rundowns: Sequence[Rundown]) -> frozenset[UUID]:
    sources = (programme.source for rundown in rundowns for programme in rundown.programmes)
    return frozenset(source.live.lecture for source in sources if source.live)


def feeds_of(
    rundowns: Sequence[Rundown], ends: Mapping[UUID, datetime], now: datetime
) -> Iterator[Feed]:
    """The rooms that are on air, or soon will be."""
    for rundown in rundowns:
        shown = settled(rundown.programmes, ends)
        for programme in (*shown.run, *shown.covering):
            live = programme.source.live
            is_near = programme.starts_at - _LIVE_AHEAD <= now < programme.ends_at
            if live and live.lecture in ends and is_near:
                yield Feed(live.lecture, rundown.channel.look)


def _item(
    programme: Programme,
    channel: Channel,
    items: Mapping[tuple[str, str], HouseItem],
    settings: Settings,
) -> Item:
    key, live = programme.source.key, programme.source.live
    item = None if key is None else best_item(items, key, channel.look)
    reason = None
    if key is not None and (item is None or not item.file):
        reason = item.error if item else "the media is not conditioned yet"
    return Item(
        programme=str(programme.id),
        key=programme.key,
        title=programme.title(next(iter(channel.languages), "")),
        starts_at=programme.starts_at,
        ends_at=programme.ends_at,
        media=str((house_folder(settings) / item.file).absolute()) if item and item.file else None,
        live=str(live_folder(settings, live.lecture, channel.look).absolute()) if live else None,
        reason=reason,
        titles=dict(programme.titles),
        descriptions=dict(programme.descriptions),
        rights_from=programme.rights_from,
        rights_until=programme.rights_until,
    )


def needs_of(rundowns: Sequence[Rundown], since: datetime) -> list[Need]:
    """What has to be conditioned, the soonest first; not what was over by `since`."""
    wanted = sorted(
        (
            (programme.starts_at, Need(programme.source, rundown.channel.look))
            for rundown in rundowns
            for programme in rundown.programmes
            if programme.source.key and programme.ends_at > since
        ),
        key=lambda pair: pair[0],
    )
    return list(dict.fromkeys(need for _, need in wanted))
