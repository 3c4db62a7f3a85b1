"""A stage under attack, and two innocent seats on it that must not notice.

lecture   a lecturer with a camera and a student who watches; `await lecture.is_unharmed()`
flood     `await flood(send, datagrams)`: send, no faster than the port reads
drops     how many datagrams were dropped since the test began: `drops("forged")`
"""

import asyncio
import struct
from dataclasses import dataclass

import pytest

from bench.light_client import VIDEO_TYPE, LightClient, rtp_packet
from live import rtcp
from live.ice import Drop
from live.messages import Source
from live.port import DATAGRAMS_IN, DROPPED, MediaPort
from tests.live.media.conftest import browser, join, media_port, room, sit, until_seen

__all__ = ["browser", "join", "media_port", "room", "sit", "until_seen"]  # fixtures

KEY = b"\x67\x42\x00\x1f"
DELTA = b"\x41\x9a"
_AT_ONCE = 32  # datagrams; well within the socket's buffer


@dataclass
class Heard:
    """What came to a client, decrypted."""

    client: LightClient

    def __post_init__(self):
        self.media, self.control = [], []
        self.bytes = 0
        self._came = asyncio.Event()
        self.client.on_media = self._take

    def _take(self, view, pointer, size):
        self.bytes += size
        if 192 <= view[1] < 224:
            size = self.client.srtp.unprotect_rtcp(self.client.dtls.inbound, pointer, size)
            self.control += rtcp.read(bytes(view[: max(size, 0)]))
        else:
            size = self.client.unprotect(pointer, size)
            self.media.append(bytes(view[: max(size, 0)]))
        self._came.set()

    def of_type(self, number):
        return [packet for packet in self.media if packet[1] & 0x7F == number]

    async def until(self, claim):
        async with asyncio.timeout(20):
            while not claim(self):
                self._came.clear()
                await self._came.wait()


class Lecture:
    """The innocents, and the numbers under which the lecturer's packets go out."""

    def __init__(self, lecturer: LightClient, student: LightClient, port: MediaPort) -> None:
        self.lecturer, self.student, self.port = lecturer, student, port
        self.at_lecturer, self.at_student = Heard(lecturer), Heard(student)
        self.camera = lecturer.ssrcs["0"]
        self.sequence = 100

    def say(self, payload=DELTA):
        self.lecturer.send_raw(self.next(payload))

    def next(self, payload=DELTA):
        """The lecturer's next packet, encrypted."""
        self.sequence += 1
        packet = rtp_packet(VIDEO_TYPE, self.sequence, 3000 * self.sequence, self.camera, payload)
        return self.lecturer.protect(packet)

    async def begin(self):
        self.say(KEY)
        await self.at_student.until(lambda heard: heard.media)

    async def is_unharmed(self, packets=40):
        """Everything that the lecturer says reaches the student, in order and once."""
        seen = self.at_student.of_type(VIDEO_TYPE)
        for _ in range(packets):
            self.say()
        count = len(seen) + packets
        await self.at_student.until(lambda heard: len(heard.of_type(VIDEO_TYPE)) >= count)
        came = self.at_student.of_type(VIDEO_TYPE)[-packets - 1 :]
        numbers = [struct.unpack_from("!H", packet, 2)[0] for packet in came]
        return [number - numbers[0] & 0xFFFF for number in numbers] == list(range(packets + 1))


@pytest.fixture
async def lecture(room, join):
    lecturer = await join(send=[("video", Source.CAMERA)])
    student = await join(receive=[room.told.added[0]])
    made = Lecture(lecturer, student, room.port)
    await made.begin()
    return made


@pytest.fixture
def flood():
    async def send_all(send, datagrams):
        waiting = 0
        for datagram in datagrams:
            if waiting == 0:
                before = DATAGRAMS_IN._value.get()
            send(datagram)
            waiting += 1
            if waiting == _AT_ONCE:
                await _until_read(before + waiting)
                waiting = 0
        if waiting:
            await _until_read(before + waiting)

    return send_all


async def _until_read(count):
    async with asyncio.timeout(20):
        while DATAGRAMS_IN._value.get() < count:  # noqa: ASYNC110 - a counter
            await asyncio.sleep(0)


@pytest.fixture
def drops():
    def so_far(reason):
        return DROPPED.labels(reason)._value.get()

    before = {reason: so_far(reason) for reason in (*Drop, "not_taken")}
    return lambda reason: so_far(reason) - before[reason]
