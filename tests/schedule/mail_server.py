"""A mail server on loopback that keeps what it takes: as much of RFC 5321 as a client needs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Postbox:
    """`refuses` answers a recipient with a line of its own; `is_busy` answers all of them with 451."""

    port: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)
    is_busy: bool = False
    hangs_up: bool = False  # after the data, before it says whether it has them

    @property
    def subjects(self) -> list[str]:
        return [message["Subject"] for message in self.taken]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 postbox ready\r\n")
        while line := (await reader.readline()).decode().strip():
            verb = line.partition(" ")[0].upper()
            if verb == "DATA":
                writer.write(b"354 go on\r\n")
                data = (await reader.readuntil(b"\r\n.\r\n"))[:-3].replace(b"\r\n..", b"\r\n.")
                self.taken.append(message_from_bytes(data, policy=policy.default))
                if self.hangs_up:
                    return
            writer.write(self._answer(verb, line).encode() + b"\r\n")
            if verb == "QUIT":
                return

    def _answer(self, verb: str, line: str) -> str:
        if verb == "RCPT":
            address = line.partition("<")[2].partition(">")[0]
            return "451 come again" if self.is_busy else self.refuses.get(address, "250 ok")
        return {"EHLO": "250 postbox", "QUIT": "221 bye"}.get(verb, "250 ok")


@asynccontextmanager
async def postbox() -> AsyncIterator[Postbox]:
    box = Postbox()
    server = await asyncio.start_server(box.serve, "127.0.0.1", 0, limit=1 << 22)
    box.port = server.sockets[0].getsockname()[1]
    async with server:
        yield box
