"""A seat that does not read is closed, and harms nobody."""

import asyncio
import base64
import os
import struct

import pytest

from kernel.ids import new_id
from live import room_socket
from live.decision import Delivery
from live.messages import Chat


@pytest.fixture
def deaf(bearer):
    """A client that says hello and then never reads."""

    async def sit(served, person):
        reader, writer = await asyncio.open_connection(
            served.client.host, served.client.port, limit=4096
        )
        token = (await bearer(person))["Authorization"]
        writer.write(
            f"GET /lectures/{served.lecture.id}/socket HTTP/1.1\r\nHost: {served.client.host}\r\n"
            f"Authorization: {token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n\r\n".encode()
        )
        hello = b'{"type": "hello", "device": "deaf"}'
        writer.write(struct.pack("!BB4x", 0x81, 0x80 | len(hello)) + hello)  # masked by zeros
        await reader.readuntil(b'"type":"welcome"')
        return writer

    return sit


async def test_a_seat_that_does_not_read_is_cut_off(school, deaf, monkeypatch):
    monkeypatch.setattr(room_socket, "WRITE_PATIENCE", 0.5)
    served = await school()
    lecturer = await served.enter(served.lecturer)
    writer = await deaf(served, served.lecturer)
    room = await served.live()
    line = Chat(new_id(), served.lecture.starts_at, served.lecturer.id, "Prof", "x" * 2000)
    heard = 0
    async with asyncio.timeout(30):
        while len(room.deliveries) == 2:
            for _ in range(100):
                room.tell(Delivery(line))
            for _ in range(100):
                heard += (await lecturer.hear("chat"))["text"] == line.text
    assert heard % 100 == 0
    await lecturer.send("raise_hand")
    await lecturer.hear("hand")
    writer.close()
