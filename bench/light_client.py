"""A WebRTC client that is as cheap as can be: for the forwarding benchmark and for tests.

It offers, proves its address by one connectivity check, shakes hands by DTLS as the client, and
then sends and counts packets. No jitter buffer, no feedback unless told.
"""

import asyncio
import contextlib
import secrets
import socket
import struct
from collections.abc import Callable, Sequence
from typing import Any

from live.adapter import Certificate, Dtls, Srtp
from live.datagrams import SLOT, Inbox, ffi, write_name
from live.ice import write_check

VIDEO_TYPE, REPAIR_TYPE, SOUND_TYPE = 102, 103, 111
MID_EXTENSION, RID_EXTENSION = 4, 10

_VIDEO = f"""a=rtpmap:{VIDEO_TYPE} H264/90000
a=fmtp:{VIDEO_TYPE} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
a=rtcp-fb:{VIDEO_TYPE} nack
a=rtcp-fb:{VIDEO_TYPE} nack pli
a=rtcp-fb:{VIDEO_TYPE} goog-remb
a=rtpmap:{REPAIR_TYPE} rtx/90000
a=fmtp:{REPAIR_TYPE} apt={VIDEO_TYPE}"""
_LAYERED = f"""a=extmap:{MID_EXTENSION} urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:{RID_EXTENSION} urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"""
_SOUND = f"a=rtpmap:{SOUND_TYPE} opus/48000/2"


class LightClient:
    """One connection. `on_media` gets the view of each datagram that is not DTLS or STUN."""

    certificate: Certificate | None = None  # one for all clients of the process

    def __init__(self, *, with_repair: bool = True, host: str = "127.0.0.1") -> None:
        LightClient.certificate = LightClient.certificate or Certificate()
        self.certificate_ = LightClient.certificate
        self.on_media: Callable[[memoryview, Any, int], None] = lambda *_: None
        self.ssrcs: dict[str, int] = {}
        self.answer = ""
        self.srtp = Srtp()
        self.dtls: Dtls | None = None
        self._with_repair = with_repair
        self._ufrag, self._password = secrets.token_hex(4), secrets.token_hex(12)
        self._open(host)
        self._buffer = ffi.new("char[]", SLOT)
        self._checked = asyncio.Event()
        self.check = b""
        self.server: tuple[str, int] = ("", 0)

    def _open(self, host: str) -> None:
        self.socket = _socket(host)
        self._inbox = Inbox(self.socket.fileno(), batch=32)

    def offer(self, sections: Sequence[tuple[str, str]], *, rids: Sequence[str] = ()) -> str:
        """An offer of (kind, direction) sections; mids are their positions.

        A picture that is sent comes in the layers `rids`, if any; its packets name them.
        """
        lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0"]
        lines.append(f"a=group:BUNDLE {' '.join(str(at) for at in range(len(sections)))}")
        for at, (kind, direction) in enumerate(sections):
            lines += self._section(str(at), kind, direction, rids if kind == "video" else ())
        return "\r\n".join(lines) + "\r\n"

    def _section(self, mid: str, kind: str, direction: str, rids: Sequence[str]) -> list[str]:
        numbers = f"{VIDEO_TYPE} {REPAIR_TYPE}" if kind == "video" else str(SOUND_TYPE)
        formats = (_VIDEO if kind == "video" else _SOUND).splitlines()
        if not self._with_repair:
            numbers = numbers.removesuffix(f" {REPAIR_TYPE}")
            formats = [line for line in formats if f":{REPAIR_TYPE} " not in line]
        lines = [
            f"m={kind} 9 UDP/TLS/RTP/SAVPF {numbers}",
            "c=IN IP4 0.0.0.0",
            f"a=ice-ufrag:{self._ufrag}",
            f"a=ice-pwd:{self._password}",
            f"a=fingerprint:{self.certificate_.fingerprint}",
            "a=setup:actpass",
            f"a=mid:{mid}",
            f"a={direction}",
            "a=rtcp-mux",
            *formats,
        ]
        if direction in {"sendonly", "sendrecv"} and rids:
            lines += _LAYERED.splitlines()
            lines += [f"a=rid:{rid} send" for rid in rids]
            lines.append(f"a=simulcast:send {';'.join(rids)}")
        elif direction in {"sendonly", "sendrecv"}:
            ssrc = self.ssrcs.setdefault(mid, secrets.randbits(31) + 1)
            lines.append(f"a=ssrc:{ssrc} cname:light")
        return lines

    async def connect(self, answer: str) -> None:
        """Connect to the first candidate of our family in the answer."""
        values = self._aim(answer)
        await self._prove()
        name, value = values["fingerprint"].split()
        await self._shake_hands((name, value))

    def renew(self) -> None:
        """New ICE credentials, for an offer that restarts ICE."""
        self._ufrag, self._password = secrets.token_hex(4), secrets.token_hex(12)

    async def restart(self, answer: str) -> None:
        """Go on with the credentials of the answer to such an offer."""
        self._aim(answer)
        await self._prove()

    async def move(self, host: str = "127.0.0.1") -> None:
        """Go on from another address, as a telephone between two networks."""
        self._close()
        self._open(host)
        self.server = _candidate(self.answer, self.socket.family)
        await self._prove()

    def _aim(self, answer: str) -> dict[str, str]:
        self.answer = answer
        values = dict(
            line[2:].split(":", 1)
            for line in answer.splitlines()
            if line.startswith("a=") and ":" in line
        )
        self.server = _candidate(answer, self.socket.family)
        self.check = write_check(f"{values['ice-ufrag']}:{self._ufrag}", values["ice-pwd"].encode())
        return values

    async def _prove(self) -> None:
        """Until a check of ours is answered."""
        self._checked.clear()
        asyncio.get_running_loop().add_reader(self.socket, self.read)
        async with asyncio.timeout(30):
            while not self._checked.is_set():
                self.send_raw(self.check)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._checked.wait(), 0.5)

    async def _shake_hands(self, fingerprint: tuple[str, str]) -> None:
        dtls = self.dtls = Dtls(self.certificate_, is_server=False, send=self.send_raw)
        async with asyncio.timeout(30):
            assert await dtls.handshake([fingerprint]), "no handshake"

    def send_raw(self, datagram: bytes) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            self.socket.sendto(datagram, self.server)

    def protect(self, packet: bytes, *, is_rtcp: bool = False) -> bytes:
        assert self.dtls is not None
        ffi.memmove(self._buffer, packet, len(packet))
        function = self.srtp.protect_rtcp if is_rtcp else self.srtp.protect
        size = function(self.dtls.outbound, self._buffer, len(packet))
        assert size > 0
        return bytes(ffi.buffer(self._buffer, size))

    def unprotect(self, buffer: Any, size: int) -> int:
        """Decrypt in place; the new size, or -1."""
        assert self.dtls is not None
        return self.srtp.unprotect(self.dtls.inbound, buffer, size)

    def read(self) -> None:
        inbox = self._inbox
        for i in range(inbox.read()):
            view = inbox.views[i]
            if 128 <= view[0] < 192:
                self.on_media(view, inbox.pointers[i], inbox.size(i))
            elif view[0] == 1:
                self._checked.set()
            elif view[0] == 0:
                self._answer_check(bytes(view[: inbox.size(i)]), inbox.sender(i))
            elif 20 <= view[0] < 64 and self.dtls is not None:
                self.dtls.feed(bytes(view[: inbox.size(i)]))

    def _answer_check(self, datagram: bytes, name: bytes) -> None:
        """A server that is ICE-lite makes none."""

    @property
    def name(self) -> bytes:
        """The raw address, as the server sees it."""
        return write_name(*self.socket.getsockname()[:2])

    async def aclose(self) -> None:
        if self.dtls is not None:
            await self.dtls.aclose()
        self._close()

    def _close(self) -> None:
        with contextlib.suppress(RuntimeError):
            asyncio.get_running_loop().remove_reader(self.socket)
        self.socket.close()


def _socket(host: str) -> socket.socket:
    opened = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    opened.setblocking(False)
    opened.bind((host, 0))
    return opened


def _candidate(answer: str, family: int) -> tuple[str, int]:
    for line in answer.splitlines():
        words = line.split()
        if line.startswith("a=candidate:") and (":" in words[4]) == (family == socket.AF_INET6):
            return words[4], int(words[5])
    raise AssertionError("no candidate of our family")


def rtp_packet(  # noqa: PLR0917
    payload_type: int, sequence: int, timestamp: int, ssrc: int, payload: bytes, marker: int = 0
) -> bytes:
    head = struct.pack(
        "!BBHII",
        0x80,
        marker << 7 | payload_type,
        sequence & 0xFFFF,
        timestamp & 0xFFFFFFFF,
        ssrc,
    )
    return head + payload


def in_layer(packet: bytes, rid: str, *, mid: str = "") -> bytes:
    """The packet with the header extension that names its layer, and its section where given."""
    pairs = ((MID_EXTENSION, mid), (RID_EXTENSION, rid))
    elements = b"".join(
        bytes([number << 4 | len(value) - 1]) + value.encode() for number, value in pairs if value
    )
    elements += bytes(-len(elements) % 4)
    extension = struct.pack("!HH", 0xBEDE, len(elements) // 4) + elements
    return b"\x90" + packet[1:12] + extension + packet[12:]
