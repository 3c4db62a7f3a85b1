"""Facts: what people did, in the past tense. Each package defines its own in `events.py`."""

import re
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec


def _kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


class Fact(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=_kebab):
    """Something that happened, with a client- or producer-minted UUIDv7 and the server's time."""

    id: UUID
    at: datetime
    lecture: UUID | None = None
    person: UUID | None = None


class Recorder(Protocol):
    """Keeps facts. On return they survive the end of the process and of the machine."""

    async def record(self, *facts: Fact) -> None: ...


_encoder = msgspec.json.Encoder()


def encode(fact: Fact) -> bytes:
    """A fact as JSON with its `kind`."""
    return _encoder.encode(fact)
