"""Storage of finished files: a local folder or an S3 bucket, by obstore, with the same code."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import ObjectStore, from_url

from kernel.errors import NotFound, SettingsError, Unavailable


class Storage:
    """Objects by key; a key is a relative path with slashes."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @classmethod
    def open(cls, url: str) -> Self:
        """`file:///folder` (made if missing) or `s3://bucket/prefix`; SettingsError otherwise."""
        if url.startswith("file://"):
            Path(url.removeprefix("file://")).mkdir(parents=True, exist_ok=True)
        try:
            return cls(from_url(url))
        except (BaseError, ValueError) as error:
            raise SettingsError(f"DARIS_STORAGE_URL can't be used: {error}") from error

    async def put(self, key: str, data: bytes | Path) -> None:
        """Store all of `data`, replacing what was there; Unavailable when the store refuses."""
        try:
            await obstore.put_async(self._store, key, data)
        except BaseError as error:
            raise Unavailable("The store does not take this file now.") from error

    async def get(self, key: str) -> bytes:
        """The whole object; NotFound."""
        try:
            return bytes(await (await obstore.get_async(self._store, key)).bytes_async())
        except (NotFoundError, FileNotFoundError) as error:
            raise NotFound(f"There is no file {key}.") from error
        except BaseError as error:
            raise Unavailable("The store does not answer now.") from error

    async def get_range(self, key: str, start: int, length: int) -> bytes:
        """`length` bytes from `start`, fewer at the end; NotFound."""
        try:
            return bytes(
                await obstore.get_range_async(self._store, key, start=start, length=length)
            )
        except (NotFoundError, FileNotFoundError) as error:
            raise NotFound(f"There is no file {key}.") from error
        except BaseError as error:
            raise Unavailable("The store does not answer now.") from error

    async def keys(self, prefix: str) -> AsyncIterator[str]:
        """The keys under `prefix`, a whole path part."""
        async for batch in obstore.list(self._store, prefix):
            for entry in batch:
                yield entry["path"]

    async def delete(self, *keys: str) -> None:
        """Delete; keys that are not there are no error."""
        if keys:
            await obstore.delete_async(self._store, list(keys))
