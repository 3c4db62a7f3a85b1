"""The one UDP port through which all media comes and goes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class MediaPort:
    """One a process. `async with MediaPort.open(...) as port`."""

    port: int

    @classmethod
    @asynccontextmanager
    async def open(
        cls, host: str, port: int, announce: tuple[str, ...] = ()
    ) -> AsyncIterator["MediaPort"]:
        """Bind the port (0: any free one); Unavailable when it is taken.

        Without `announce` the addresses of the machine are announced, or `host` when it names one.
        """
        raise NotImplementedError
        yield
