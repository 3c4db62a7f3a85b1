"""What a lecturer's browser sends: the stream of the forwarding benchmark."""

import asyncio
import struct
import time
from collections.abc import Callable

from bench.light_client import SOUND_TYPE, VIDEO_TYPE, rtp_packet
from live import rtcp

FRAMES_PER_SECOND, GOP = 30, 60
KEY_PACKETS, PACKET_BYTES = 30, 1072
DELTA_BYTES = 5800


class Publisher:
    """Sends the stream in real time through `send`, and remembers when."""

    def __init__(
        self,
        send: Callable[[bytes], object],
        ssrcs: dict[str, int],
        *,
        report: Callable[[bytes], object] | None = None,
    ) -> None:
        self._send = send
        self._send_report = report
        self._ssrcs = ssrcs
        self.sent_at: dict[tuple[str, int], float] = {}
        self.packets = 0
        self._sequence = {"video": 0, "sound": 0}
        self._frame = self._sound = 0

    def begin_anew(self) -> None:
        """The next picture is a keyframe."""
        self._frame += -self._frame % GOP

    async def run(self, seconds: float) -> None:
        start, frames, sounds, reports = time.monotonic(), 0, 0, 0
        while (passed := time.monotonic() - start) < seconds:
            if frames <= passed * FRAMES_PER_SECOND:
                self._send_frame()
                frames += 1
            if sounds <= passed * 50:
                self._send_sound()
                sounds += 1
            if reports <= passed and self._send_report is not None:
                self._report(self._send_report)
                reports += 1
            following = min(frames / FRAMES_PER_SECOND, sounds / 50)
            await asyncio.sleep(max(0, start + following - time.monotonic()))

    def _send_frame(self) -> None:
        is_key = self._frame % GOP == 0
        total = KEY_PACKETS * PACKET_BYTES if is_key else DELTA_BYTES
        count = -(-total // PACKET_BYTES)
        for i in range(count):
            header = bytes([0x7C, (0x80 if i == 0 else 0) | (5 if is_key else 1)])
            self._put(
                "video", VIDEO_TYPE, self._frame * 3000, header, total // count, i == count - 1
            )
        self._frame += 1

    def _send_sound(self) -> None:
        self._put("sound", SOUND_TYPE, self._sound * 960, b"\xfc\x00", 80, False)
        self._sound += 1

    def _report(self, send: Callable[[bytes], object]) -> None:
        ntp = rtcp.ntp_time(time.time())
        times = {"video": self._frame * 3000, "sound": self._sound * 960}
        for kind, ssrc in self._ssrcs.items():
            send(rtcp.sender_report(ssrc, ntp, times[kind] & 0xFFFFFFFF, self.packets, 0))

    def _put(  # noqa: PLR0917
        self, kind: str, type_: int, timestamp: int, header: bytes, size: int, marker: bool
    ) -> None:
        sequence = self._sequence[kind]
        self._sequence[kind] = (sequence + 1) & 0xFFFF
        payload = header + struct.pack("!H", sequence)
        payload += bytes(size - len(payload))
        self.sent_at[kind, sequence] = time.time()
        packet = rtp_packet(type_, sequence, timestamp, self._ssrcs[kind], payload, int(marker))
        self._send(packet)
        self.packets += 1
