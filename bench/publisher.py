"""What a lecturer's browser sends: the stream of the forwarding benchmark."""

import asyncio
import struct
import time
from collections.abc import Callable, Mapping

from bench.light_client import SOUND_TYPE, VIDEO_TYPE, in_layer, rtp_packet
from live import rtcp

FRAMES_PER_SECOND, GOP = 30, 60
KEY_PACKETS, PACKET_BYTES = 30, 1072
DELTA_BYTES = 5800
LESSER_BYTES = 900  # of a picture in each of the smaller layers


class Publisher:
    """Sends the stream in real time through `send`, and remembers when."""

    def __init__(
        self,
        send: Callable[[bytes], object],
        ssrcs: dict[str, int],
        *,
        report: Callable[[bytes], object] | None = None,
        layers: Mapping[str, int] | None = None,
        mid: str = "",
    ) -> None:
        """`layers` are the rids of the picture with their SSRCs; the last one is the stream."""
        self._send = send
        self._send_report = report
        self.sent_at: dict[tuple[str, int], float] = {}
        self.packets = 0
        rids = tuple(layers or ("",))
        self._lesser, self._rid = rids[:-1], rids[-1]
        self._mid = mid
        self._ssrcs = ssrcs | dict(layers or {})
        if layers:
            self._ssrcs["video"] = layers[self._rid]
        self._sequence = dict.fromkeys(("video", "sound", *self._lesser), 0)
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
        first, ticks = bytes([0x7C, 0x85 if is_key else 0x81]), self._frame * 3000
        for i in range(count):
            header = first if i == 0 else bytes([0x7C, first[1] & 0x7F])
            self._put("video", VIDEO_TYPE, ticks, header, total // count, i == count - 1)
        for rid in self._lesser:
            packet = self._packet(rid, VIDEO_TYPE, ticks, first, LESSER_BYTES, True)
            self._send(in_layer(packet, rid, mid=self._mid))
        self._frame += 1

    def _send_sound(self) -> None:
        self._put("sound", SOUND_TYPE, self._sound * 960, b"\xfc\x00", 80, False)
        self._sound += 1

    def _report(self, send: Callable[[bytes], object]) -> None:
        ntp = rtcp.ntp_time(time.time())
        for kind in self._sequence:
            ticks = self._sound * 960 if kind == "sound" else self._frame * 3000
            ssrc = self._ssrcs[kind]
            send(rtcp.sender_report(ssrc, ntp, ticks & 0xFFFFFFFF, self.packets, 0))

    def _put(  # noqa: PLR0917
        self, kind: str, type_: int, timestamp: int, header: bytes, size: int, marker: bool
    ) -> None:
        self.sent_at[kind, self._sequence[kind]] = time.time()
        packet = self._packet(kind, type_, timestamp, header, size, marker)
        if kind == "video" and self._rid:
            packet = in_layer(packet, self._rid, mid=self._mid)
        self._send(packet)
        self.packets += 1

    def _packet(  # noqa: PLR0917
        self, kind: str, type_: int, timestamp: int, header: bytes, size: int, marker: bool
    ) -> bytes:
        sequence = self._sequence[kind]
        self._sequence[kind] = (sequence + 1) & 0xFFFF
        payload = header + struct.pack("!H", sequence)
        payload += bytes(size - len(payload))
        return rtp_packet(type_, sequence, timestamp, self._ssrcs[kind], payload, int(marker))
