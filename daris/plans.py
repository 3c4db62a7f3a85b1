"""What follows from the rundowns of channels: their plan files, rooms to be fed, media to be conditioned. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from daris.conditioning import Need
from kernel.settings import Settings
from schedule.channels import Channel, HouseItem, best_items
from schedule.looks import Look
from schedule.places import house_folder, live_folder
from schedule.rundown import Programme
from schedule.settling import settled
from transcode.timeline import Item, Plan

Looks = Mapping[tuple[str, UUID], Look]
"""Of rooms, by channel and lecture."""

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
    looks: Looks,
) -> Plan:
    """The plan file of a channel; programmes whose media is not there say why. `ends` are those of
    the rooms, `looks` of those on air."""
    channel = rundown.channel
    now = settled(rundown.programmes, ends)

    best = best_items(items, channel.look)

    def item(programme: Programme) -> Item:
        return _item(programme, channel, best, settings, looks)

    return Plan(
        channel=channel.id,
        revision=channel.revision,
        items=tuple(map(item, now.run)),
        overruns=tuple(map(item, now.covering)),
    )


def rooms_in(rundowns: Sequence[Rundown]) -> frozenset[UUID]:
    sources = (programme.source for rundown in rundowns for programme in rundown.programmes)
    return frozenset(source.live.lecture for source in sources if source.live)


def looks_on_air(
    rundowns: Sequence[Rundown], ends: Mapping[UUID, datetime], now: datetime, before: Looks
) -> Looks:
    """Of the rooms that are on air, or soon will be. One that is keeps the look that it had `before`: its
    conditioner would be gone for seconds while another begins."""
    looks = {}
    for rundown in rundowns:
        shown, look = settled(rundown.programmes, ends), rundown.channel.look
        for programme in (*shown.run, *shown.covering):
            live = programme.source.live
            is_near = programme.starts_at - _LIVE_AHEAD <= now < programme.ends_at
            if live and live.lecture in ends and is_near:
                room = rundown.channel.id, live.lecture
                earlier = before.get(room, look)
                looks[room] = earlier if earlier.profile == look.profile else look
    return looks


def _item(
    programme: Programme,
    channel: Channel,
    items: Mapping[str, HouseItem],
    settings: Settings,
    looks: Looks,
) -> Item:
    key, live = programme.source.key, programme.source.live
    item = items.get(key or "")
    look = looks.get((channel.id, live.lecture), channel.look) if live else channel.look
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
        live=str(live_folder(settings, live.lecture, look).absolute()) if live else None,
        source=key,
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
