"""Statements with their files, as multipart/mixed (xAPI 1.0.3, Communication 1.5.2; RFC 2046).

The first part is the JSON that would else be all; each further part is a file under its hash.
"""

import secrets
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import BodyPartReader, web

from footprint.attachments import File
from kernel.errors import Invalid, TooLarge
from kernel.web import MAX_BODY

HASH: Final = "X-Experience-API-Hash"
LARGEST: Final = 16 << 20  # bytes of all files of a request
_MOST: Final = 100  # parts
_CHUNK: Final = 1 << 16  # bytes


@dataclass(frozen=True, slots=True)
class Parts:
    """What a request brought."""

    statements: bytes
    files: Mapping[str, File]  # by hash


async def read(request: web.Request) -> Parts:
    """Take the body apart. Invalid or TooLarge tell which part is wrong, and why."""
    try:
        parts = [part async for part in _parts(request)]
    except (
        ValueError,
        AssertionError,
        RuntimeError,
    ) as error:  # what aiohttp makes of broken bodies
        raise Invalid(f"The body is no multipart/mixed: {error}.") from error
    if not parts:
        raise Invalid("The body has no part; the first is the statements.")
    (headers, statements), *others = parts
    if headers.get("Content-Type", "").partition(";")[0].strip() != "application/json":
        raise Invalid("Part 1 of the body is the statements, as application/json.")
    files = [_file(number, *part) for number, part in enumerate(others, 2)]
    return Parts(statements, {file.sha2: file for file in files})


def written(json: bytes, files: Iterable[File], types: Mapping[str, str]) -> tuple[bytes, str]:
    """A body and its media type; `types` are the files' own, by hash."""
    boundary = secrets.token_hex(16)
    body = b"".join(_lines(boundary, json, files, types))
    return body, f"multipart/mixed; boundary={boundary}"


async def _parts(request: web.Request) -> AsyncIterator[tuple[Mapping[str, str], bytes]]:
    left, number = LARGEST, 0
    async for part in await request.multipart():
        number += 1
        if number > _MOST:
            raise TooLarge(f"A request has {_MOST} parts at most.")
        if not isinstance(part, BodyPartReader):
            raise Invalid(f"Part {number} of the body is a multipart itself.")
        if number == 1:
            content = await _content(part, MAX_BODY, "The statements are larger than 1 MiB.")
        else:
            said = f"The files of a request are larger than {LARGEST >> 20} MiB together."
            content = await _content(part, left, said)
            left -= len(content)
        yield part.headers, content


async def _content(part: BodyPartReader, most: int, too_large: str) -> bytes:
    content = bytearray()
    while chunk := await part.read_chunk(_CHUNK):
        content += chunk
        if len(content) > most:
            raise TooLarge(too_large)
    return bytes(content)


def _file(number: int, headers: Mapping[str, str], content: bytes) -> File:
    sha2 = headers.get(HASH, "").strip().lower()
    if not sha2:
        raise Invalid(f"Part {number} of the body has no {HASH}.")
    if headers.get("Content-Transfer-Encoding", "").strip().lower() != "binary":
        raise Invalid(f"Part {number} of the body needs Content-Transfer-Encoding: binary.")
    file = File(sha2, content)
    if not file.is_sound:
        raise Invalid(f"Part {number} of the body has another SHA-2 hash than {HASH} says.")
    return file


def _lines(
    boundary: str, json: bytes, files: Iterable[File], types: Mapping[str, str]
) -> Iterator[bytes]:
    yield f"--{boundary}\r\nContent-Type: application/json\r\n\r\n".encode()
    yield json
    for file in files:
        kind = " ".join(types.get(file.sha2, "application/octet-stream").split())  # one line
        yield (
            f"\r\n--{boundary}\r\nContent-Type: {kind}\r\n"
            f"Content-Transfer-Encoding: binary\r\n{HASH}: {file.sha2}\r\n\r\n"
        ).encode()
        yield file.content
    yield f"\r\n--{boundary}--\r\n".encode()
