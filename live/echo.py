"""Connections of nobody's lecture, which get back what they send: for the self-test and the doctor.

An echo has a stage of its own and is in no room: no facts, no recording. It ends by itself. It may
be had without a log-in, so everything about it is bounded: how many, how long, how many bytes.
What comes back goes only to the address that proved itself by ICE, and is no more than what came.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final
from uuid import UUID

from prometheus_client import Counter, Gauge

from kernel.clock import Clock
from kernel.errors import Unavailable
from kernel.ids import new_id
from kernel.throttle import Throttle
from live.messages import MediaKind
from live.port import MediaPort
from live.sections import received_by, sent_by
from live.stage import Stage
from live.tracks import PublishedTrack

ECHOES = Gauge("daris_live_echoes", "Self-test connections that are open")
ECHOES_ENDED = Counter("daris_live_echoes_ended", "Self-test connections", ["outcome"])

LIFE_SECONDS: Final = 30.0
MOST: Final = 24  # at once in this process
MOST_OF_ADDRESS: Final = 12  # at once; a campus, or the proxy in front, is one address
MOST_BYTES: Final = 12_000_000  # of one echo: 2.5 Mbit/s for its whole life, and a margin

_COME_BACK: Final = timedelta(seconds=3)


class Echo:
    """One connection and its stage, whose listener and tap it is. Event loop only."""

    def __init__(self, port: MediaPort, clock: Clock, *, address: str) -> None:
        self.id: Final = new_id()
        self.address: Final = address
        self.is_connected = False
        self.ended: Final = asyncio.Event()
        self._left = MOST_BYTES
        self._stage = Stage(port, self, clock=clock)

    async def answer(self, sdp: str) -> str:
        """The SDP answer: each section that receives gets what a section of its kind sends.

        Tracks exist only after they were answered once, so the same offer is answered twice.
        """
        send, wanted = sent_by(sdp), received_by(sdp)
        peer = self._stage.connect(self.id)
        await peer.answer(sdp, send=send, receive={})
        tracks: dict[MediaKind, UUID] = {
            track.kind: id_ for id_, track in self._stage.tracks.items()
        }
        receive = {mid: tracks[kind] for mid, kind in wanted.items() if kind in tracks}
        return await peer.answer(sdp, send=send, receive=receive)

    async def aclose(self) -> None:
        await self._stage.aclose()

    def track_added(self, track: PublishedTrack) -> None:
        forwarder = self._stage.forwarder(track.id)
        if forwarder is not None:
            forwarder.taps = (*forwarder.taps, self)

    def track_removed(self, track: PublishedTrack) -> None:
        pass

    def connection_ready(self, seat: UUID) -> None:
        self.is_connected = True

    def connection_lost(self, seat: UUID) -> None:
        self.ended.set()

    def layers_needed(self, track: PublishedTrack, rids: tuple[str, ...]) -> None:
        pass

    def voices_changed(self, heard: frozenset[UUID], speaking: tuple[UUID, ...]) -> None:
        pass

    def packet(
        self, sequence: int, timestamp: int, marker: int, ticks: int, payload: bytes, /
    ) -> None:
        """Count it; who sends more than a test needs is cut off."""
        self._left -= len(payload)
        if self._left < 0:
            self.ended.set()


class Echoes:
    """All of a process. `async with echoes.open()`."""

    def __init__(self, port: MediaPort, clock: Clock) -> None:
        self._port = port
        self._clock = clock
        self._tasks: asyncio.TaskGroup | None = None
        self._open: dict[UUID, Echo] = {}
        self._throttle = Throttle(clock, burst=120, every=timedelta(seconds=0.25))

    @property
    def fingerprint(self) -> str:
        """Of this process' certificate: whoever asks twice learns whether it was the same one."""
        return self._port.certificate.fingerprint

    def __len__(self) -> int:
        return len(self._open)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            try:
                yield
            finally:
                self._tasks = None
                for echo in self._open.values():
                    echo.ended.set()

    async def begin(self, sdp: str, *, address: str) -> tuple[Echo, str]:
        """A new echo and its answer; TooMany, Unavailable, or what is wrong with the offer."""
        self._throttle.check(address, "That was too often; wait a moment.")
        tasks = self._tasks
        of_address = sum(echo.address == address for echo in self._open.values())
        if tasks is None or len(self._open) >= MOST or of_address >= MOST_OF_ADDRESS:
            ECHOES_ENDED.labels("refused").inc()
            raise Unavailable(
                "Many people are testing their connection; try again in a moment.",
                retry_after=_COME_BACK,
            )
        echo = Echo(self._port, self._clock, address=address)
        self._open[echo.id] = echo
        ECHOES.inc()
        tasks.create_task(self._live(echo), name="echo")
        try:
            return echo, await echo.answer(sdp)
        except BaseException:
            echo.ended.set()
            raise

    def end(self, id_: UUID) -> None:
        """The test is over; harmless when it has ended by itself."""
        if id_ in self._open:
            self._open[id_].ended.set()

    async def _live(self, echo: Echo) -> None:
        try:
            async with asyncio.timeout(LIFE_SECONDS):
                await echo.ended.wait()
        except TimeoutError:
            pass
        finally:
            del self._open[echo.id]
            ECHOES.dec()
            ECHOES_ENDED.labels("connected" if echo.is_connected else "not_connected").inc()
            await echo.aclose()
