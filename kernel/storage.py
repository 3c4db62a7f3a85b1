"""Storage of finished files: a local folder or an S3 bucket, by obstore, with the same code."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit
from urllib.request import url2pathname

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from kernel.errors import NotFound, SettingsError, Unavailable


class Storage:
    """Objects by key; a key is a relative path with slashes."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @classmethod
    def open(cls, url: str) -> Self:
        """`file:///folder` (made if missing) or `s3://bucket/prefix`; SettingsError otherwise."""
        try:
            if url.startswith("file://"):
                return cls(LocalStore(url2pathname(urlsplit(url).path), mkdir=True))
            return cls(from_url(url))
        except (BaseError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise SettingsError(f"DARIS_STORAGE_URL can't be used: {reason}") from error

    async def put(self, key: str, data: bytes | Path) -> None:
        """Store all of `data`, replacing what was there; Unavailable when the store refuses."""
        try:
            await obstore.put_async(self._store, key, data)
        except BaseError as error:
            raise Unavailable("The store does not take this file now.") from error

    async def get(self, key: str) -> bytes:
        """The whole object; NotFound."""
        with _failures_told(key):
            return bytes(await (await obstore.get_async(self._store, key)).bytes_async())

    async def get_range(self, key: str, start: int, length: int) -> bytes:
        """`length` bytes from `start`, fewer at the end; NotFound."""
        with _failures_told(key):
            return bytes(
                await obstore.get_range_async(self._store, key, start=start, length=length)
            )

    async def keys(self, prefix: str) -> AsyncIterator[str]:
        """The keys under `prefix`, a whole path part."""
        with _failures_told(prefix):
            async for batch in obstore.list(self._store, prefix):
                for entry in batch:
                    yield entry["path"]

    async def delete(self, *keys: str) -> None:
        """Delete; keys that are not there are no error."""
        for key in keys:
            with suppress(NotFound), _failures_told(key):
                await obstore.delete_async(self._store, key)


@contextmanager
def _failures_told(key: str) -> Iterator[None]:
    try:
        yield
    except (NotFoundError, FileNotFoundError) as error:
        raise NotFound(f"There is no file {key}.") from error
    except BaseError as error:
        raise Unavailable("The store does not answer now.") from error
