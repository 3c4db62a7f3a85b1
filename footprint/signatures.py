"""Signed statements (xAPI Data 2.6): whether a signature is one of this very statement.

It is a JSON web signature (RFC 7515, compact) whose payload is the statement without it. Whose key it
was, a reader may check with the certificates in its header; we keep it as it came.
"""

import base64
import binascii
from typing import Any, Final

import msgspec

from footprint.xapi import matter

USAGE: Final = "http://adlnet.gov/expapi/attachments/signature"
_ALGORITHMS: Final = frozenset({"RS256", "RS384", "RS512"})


def fault_of(signature: bytes, statement: bytes) -> str:
    """What is wrong with the signature, as the end of a sentence; empty if nothing is."""
    parts = signature.split(b".")
    if len(parts) != 3:
        return "is no JSON web signature"
    try:
        header, payload = (_read(part) for part in parts[:2])
        _unpacked(parts[2])
    except (binascii.Error, msgspec.DecodeError, ValueError):
        return "is no JSON web signature"
    if header.get("alg") not in _ALGORITHMS:
        return "is made by none of RS256, RS384 and RS512"
    signed, told = (
        _unsigned(matter(msgspec.json.encode(each)))
        for each in (payload, msgspec.json.decode(statement))
    )
    return "" if signed == told else "signs a different statement"


def _unsigned(members: dict[str, Any]) -> dict[str, Any]:
    others = [each for each in members.get("attachments", ()) if each.get("usageType") != USAGE]
    rest = {name: value for name, value in members.items() if name != "attachments"}
    return rest | ({"attachments": others} if others else {})


def _read(part: bytes) -> dict[str, Any]:
    return msgspec.json.decode(_unpacked(part), type=dict[str, Any])


def _unpacked(part: bytes) -> bytes:
    return base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
