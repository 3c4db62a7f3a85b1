"""A programme under the names that a push has for it, so that what is read can be pushed again."""

from datetime import datetime
from typing import Any

import msgspec

from schedule.rundown import Programme, Source


class Pushable(msgspec.Struct, frozen=True, kw_only=True):
    """What the API tells of a programme, wherever it does."""

    key: str
    starts_at: datetime
    ends_at: datetime
    source: Source
    title: dict[str, str]
    description: dict[str, str]
    floating: bool
    rights_from: datetime | None
    rights_until: datetime | None


def pushable(programme: Programme) -> dict[str, Any]:
    """The fields of a Pushable."""
    return {
        "key": programme.key,
        "starts_at": programme.starts_at,
        "ends_at": programme.ends_at,
        "source": programme.source,
        "title": dict(programme.titles),
        "description": dict(programme.descriptions),
        "floating": programme.is_floating,
        "rights_from": programme.rights_from,
        "rights_until": programme.rights_until,
    }
