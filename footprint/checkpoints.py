"""Checkpoints: the log's end, signed once a day, so that a cut end or a log written anew shows.

A chain alone can't tell that its newest rows are gone, nor that all of it was made again. So the
head is signed (Ed25519, RFC 8032) and appended to a file, one line each, that is to be copied to
where whoever runs the database can't change it. Whoever has a copy and the public key can verify.
"""

import base64
import hashlib
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from footprint.log import Head
from kernel.errors import Invalid

_PURPOSE: Final = b"daris-footprint-checkpoint-1"


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The log reached `seq` at `at`, with this head. Bytes are base64 in the file."""

    seq: int
    chain: bytes
    at: datetime
    key: bytes  # the public one, 32 bytes
    signature: bytes

    @property
    def head(self) -> Head:
        return Head(self.seq, self.chain, None)


class Signer:
    """Signs heads with the key that follows from a secret."""

    def __init__(self, secret: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(_PURPOSE + secret).digest())

    @property
    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes_raw()

    def sign(self, head: Head, *, at: datetime) -> Checkpoint:
        return Checkpoint(
            seq=head.seq,
            chain=head.chain,
            at=at,
            key=self.public_key,
            signature=self._key.sign(_signed(head.seq, head.chain, at)),
        )


def append(file: Path, checkpoint: Checkpoint) -> None:
    """Blocks. The line is on the disk on return; one that a crash tore gives way."""
    file.parent.mkdir(parents=True, exist_ok=True)
    whole = sum(len(line) + 1 for line in _lines(file))
    with file.open("ab") as lines:
        lines.truncate(whole)
        lines.write(msgspec.json.encode(checkpoint) + b"\n")
        lines.flush()
        os.fsync(lines.fileno())


def read(file: Path, *, key: bytes) -> list[Checkpoint]:
    """Blocks. Every checkpoint of the file; Invalid names the first line that `key` has not
    signed. A last line without its end was torn by a crash and is not counted."""
    return list(_checked(file, key))


def newest_at(file: Path) -> datetime | None:
    """Blocks. When the last whole line was signed; None when there is none."""
    lines = _lines(file)
    return msgspec.json.decode(lines[-1], type=Checkpoint).at if lines else None


def public_key(text: str) -> bytes:
    """A public key as it stands in the file; Invalid when it is none."""
    try:
        key = base64.b64decode(text, validate=True)
        Ed25519PublicKey.from_public_bytes(key)
    except ValueError as error:
        raise Invalid("This is no public key: it has 32 bytes, written as base64.") from error
    return key


def _checked(file: Path, key: bytes) -> Iterator[Checkpoint]:
    verifier = Ed25519PublicKey.from_public_bytes(key)
    for number, line in enumerate(_lines(file), 1):
        try:
            found = msgspec.json.decode(line, type=Checkpoint)
            verifier.verify(found.signature, _signed(found.seq, found.chain, found.at))
        except msgspec.DecodeError as error:
            raise Invalid(f"Line {number} of {file} is no checkpoint: {error}.") from error
        except InvalidSignature as error:
            raise Invalid(f"Line {number} of {file} was not signed with this key.") from error
        yield found


def _lines(file: Path) -> list[bytes]:
    try:
        *whole, _torn = file.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    return whole


def _signed(seq: int, chain: bytes, at: datetime) -> bytes:
    """What the signature is over."""
    return b"\n".join((_PURPOSE, str(seq).encode(), chain.hex().encode(), at.isoformat().encode()))
