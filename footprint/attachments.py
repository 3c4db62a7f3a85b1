"""Files that belong to statements (xAPI Data 2.4.11), each kept once, by its SHA-2 hash.

They lie in the database: so they are kept with their statements or not at all, every process has
them, and who is erased or whose time is over leaves none behind.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from footprint import log
from footprint.log import Sequence64
from kernel.database import insert_new, metadata

attachment = sa.Table(
    "attachment",
    metadata,
    sa.Column("sha2", sa.String(128), primary_key=True),  # lower-case hexadecimal
    sa.Column("content", sa.LargeBinary, nullable=False),
)

statement_attachment = sa.Table(
    "statement_attachment",
    metadata,
    sa.Column("seq", Sequence64, primary_key=True, autoincrement=False),
    sa.Column("sha2", sa.String(128), primary_key=True, index=True),
)

_ALGORITHMS: Final = {56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}  # by digits


@dataclass(frozen=True, slots=True)
class File:
    """The content of an attachment, under the hash that its statement gives."""

    sha2: str
    content: bytes

    @property
    def is_sound(self) -> bool:
        """Whether the content has this hash."""
        name = _ALGORITHMS.get(len(self.sha2))
        return name is not None and hashlib.new(name, self.content).hexdigest() == self.sha2


async def keep(connection: AsyncConnection, files: Mapping[int, Iterable[File]]) -> None:
    """Keep the files of statements, by the place of each, in the transaction that keeps those."""
    links = [{"seq": seq, "sha2": file.sha2} for seq, its in files.items() for file in its]
    contents = {file.sha2: file.content for its in files.values() for file in its}
    for sha2, content in contents.items():
        row = {"sha2": sha2, "content": content}
        await insert_new(connection, attachment, [row], key=["sha2"])
    await insert_new(connection, statement_attachment, links, key=["seq", "sha2"])


async def files_of(connection: AsyncConnection, hashes: Iterable[str]) -> list[File]:
    """Those of the files that we have, each once."""
    wanted, found = sorted(set(hashes)), []
    for some in log.batched(wanted):
        query = sa.select(attachment).where(attachment.c.sha2.in_(some)).order_by(attachment.c.sha2)
        found += [File(row.sha2, row.content) for row in await connection.execute(query)]
    return found


async def forget(connection: AsyncConnection, seqs: Sequence[int]) -> None:
    """Take away the files of these places that no other statement has."""
    links = statement_attachment.c
    for some in log.batched(seqs):
        theirs = sa.select(links.sha2).where(links.seq.in_(some)).distinct()
        hashes = list((await connection.execute(theirs)).scalars())
        await connection.execute(statement_attachment.delete().where(links.seq.in_(some)))
        for few in log.batched(hashes):
            is_used = sa.exists().where(links.sha2 == attachment.c.sha2)
            gone = attachment.delete().where(attachment.c.sha2.in_(few), ~is_used)
            await connection.execute(gone)
