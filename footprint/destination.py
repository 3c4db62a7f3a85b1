"""Another system's record store, as a client of it sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp
import msgspec

from footprint.store import Outgoing
from footprint.xapi import VERSION, matter
from kernel.errors import Unavailable

_PATIENCE: Final = aiohttp.ClientTimeout(total=30)
_SAID: Final = 500  # characters of the destination's words that are kept


@dataclass(frozen=True, slots=True)
class Destination:
    """Another system's record store, as `https://lrs.example.kz/xapi`."""

    url: str
    user: str
    password: str

    def client(self) -> aiohttp.ClientSession:
        key = aiohttp.encode_basic_auth(self.user, self.password)
        headers = {"X-Experience-API-Version": VERSION, "Authorization": key}
        return aiohttp.ClientSession(headers=headers, timeout=_PATIENCE)

    async def take(
        self, client: aiohttp.ClientSession, batch: Sequence[Outgoing]
    ) -> tuple[int, str]:
        """Send it the statements: its status and its words. Unavailable when it does not answer."""
        body = b"[" + b",".join(one.statement for one in batch) + b"]"
        headers = {"Content-Type": "application/json"}
        try:
            async with client.post(self._statements, data=body, headers=headers) as answer:
                return answer.status, (await answer.text())[:_SAID]
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"The record store does not answer: {error!r}") from error

    async def has(self, client: aiohttp.ClientSession, one: Outgoing) -> bool:
        """Whether it has this very statement: the answer to an earlier try was lost."""
        asked = {"statementId": str(one.id)}
        try:
            async with client.get(self._statements, params=asked) as answer:
                text = await answer.read()
                if answer.status == 200:
                    return bool(matter(text) == matter(one.statement))
                if answer.status == 404:
                    return False
                raise Unavailable(f"The record store answered {answer.status} to a question.")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"The record store does not answer: {error!r}") from error
        except msgspec.DecodeError:
            return False

    @property
    def _statements(self) -> str:
        return f"{self.url.rstrip('/')}/statements"
