"""Identifiers: UUIDv7 (RFC 9562 §5.7), so that they sort by the moment they were minted."""

from uuid import UUID

import uuid_utils.compat


def new_id() -> UUID:
    return uuid_utils.compat.uuid7()
