"""How a channel is by now, as its monitor sees it, and what is wrong with it."""

from collections.abc import MutableMapping
from datetime import datetime
from typing import Final

import msgspec
from aiohttp import web


class Alarm(msgspec.Struct, frozen=True):
    """Something wrong with a channel since then; `code` for machines, `message` for people."""

    code: str
    message: str
    since: datetime


class Health(msgspec.Struct, frozen=True):
    """Loudness in LUFS: of the last 0.4 s, of 3 s, and of all since the monitor began."""

    at: datetime
    momentary: float
    short_term: float
    integrated: float
    alarms: tuple[Alarm, ...]


HEALTH: Final = web.AppKey("health", MutableMapping[str, Health])  # by channel

MESSAGES: Final = {
    "signal": "Nothing comes out of the channel.",
    "monitor": "The channel is not watched: its monitor does not run.",
    "sync": "The transport stream is damaged.",
    "continuity": "Packets of the transport stream are lost.",
    "pat": "The transport stream lacks its PAT.",
    "pmt": "The transport stream lacks its PMT.",
    "pcr": "The clock of the transport stream jumps or is missing.",
    "black": "The picture is black.",
    "freeze": "The picture stands still and nothing is heard.",
    "silence": "Nothing is heard.",
    "loudness": "The sound is too loud.",
    "playlist": "The HLS playlist stands still.",
    "disk": "The disk is nearly full.",
    "slate": "The slate is shown instead of the programme.",
    "schedule": "The schedule ends within the hour.",
}
