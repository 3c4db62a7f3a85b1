"""Consent receipts: what somebody agreed to, when, and in which words.

The form follows the Consent Receipt Specification 1.1 of the Kantara Initiative, as far as there is
something to say.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint.kinds import decode
from footprint.log import event
from footprint.statements import House
from live.events import RecordingConsented
from schedule.lectures import lectures

# Every version of words that people were ever asked to agree to; never changed, only added to. A page
# shows the newest, and a fact names the version that was shown.
TEXTS: Final[Mapping[str, str]] = {
    "recording-1": (
        "This lecture is being recorded. What you say and show will be part of the recording."
    ),
}
_KIND: Final = str(RecordingConsented.__struct_config__.tag)


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """One agreement. `text` is the version, `words` are in English, the language of the catalogue."""

    id: UUID
    person: UUID
    at: datetime
    lecture: UUID | None
    title: str
    text: str
    words: str


async def consents_of(connection: AsyncConnection, person: UUID) -> list[Consent]:
    """Newest first."""
    query = (
        sa.select(event.c.payload, lectures.c.title)
        .outerjoin(lectures, event.c.lecture == lectures.c.id)
        .where(event.c.person == person, event.c.kind == _KIND, event.c.payload.is_not(None))
        .order_by(event.c.seq.desc())
    )
    rows = [(decode(row.payload), row.title) for row in await connection.execute(query)]
    return [
        Consent(
            id=fact.id,
            person=person,
            at=fact.at,
            lecture=fact.lecture,
            title=title or "",
            text=fact.text,
            words=TEXTS.get(fact.text, ""),
        )
        for fact, title in rows
        if isinstance(fact, RecordingConsented)
    ]


def receipt(consent: Consent, house: House) -> dict[str, Any]:
    """The consent as a receipt; `consentTimestamp` is in seconds since 1970."""
    purpose = {
        "purpose": "Recording of a lecture",
        "purposeCategory": ["Core Function"],
        "consentType": "EXPLICIT",
        "piiCategory": ["Voice", "Image", "Screen"],
        "primaryPurpose": True,
        "termination": "As long as the recording is kept",
        "thirdPartyDisclosure": False,
    }
    return {
        "version": "KI-CR-v1.1.0",
        "jurisdiction": "KZ",
        "consentTimestamp": int(consent.at.timestamp()),
        "collectionMethod": "A button on the page of the room",
        "consentReceiptID": str(consent.id),
        "language": "en",
        "piiPrincipalId": str(consent.person),
        "piiControllers": [{"piiController": house.address, "onBehalf": False}],
        "policyUrl": f"{house.address}/privacy",
        "services": [{"service": house.lecture(consent.lecture), "purposes": [purpose]}],
        "sensitive": False,
        "spiCat": [],
        "noticeVersion": consent.text,
        "notice": consent.words,
    }
