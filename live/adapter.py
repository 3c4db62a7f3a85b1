"""Everything private of aiortc and pylibsrtp that we touch, and a check of it at start-up.

aiortc brings certificates and DTLS, pylibsrtp brings SRTP. `RTCDtlsTransport` runs over a small
stand-in for an ICE transport; its SRTP sessions are then used directly, in place, on the thread
of the event loop. Nothing else in the project may import a name with an underscore from them.
"""

# ruff: noqa: SLF001
import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

from aioice.ice import get_host_addresses
from aiortc import rtcdtlstransport as dtls
from aiortc.rtcdtlstransport import (
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
)
from pylibsrtp import _binding

from kernel.errors import Unavailable

SRTP_OVERHEAD: Final = 16
"""The longest tag of the profiles that we negotiate, in bytes."""

_PROFILES: Final = [
    dtls.SRTP_AEAD_AES_128_GCM,
    dtls.SRTP_AEAD_AES_256_GCM,
    dtls.SRTP_AES128_CM_SHA1_80,
]
_EARLY_DATAGRAMS: Final = 32


class Certificate:
    """The process' certificate; its fingerprint stands in every answer."""

    def __init__(self) -> None:
        self._certificate = RTCCertificate.generateCertificate()

    @property
    def fingerprint(self) -> str:
        """As in SDP: `sha-256 AB:CD:...`."""
        for print_ in self._certificate.getFingerprints():
            if print_.algorithm == "sha-256":
                return f"sha-256 {print_.value}"
        raise Unavailable("This build of aiortc makes no sha-256 fingerprint.")


class Dtls:
    """One DTLS association and the SRTP sessions that come out of it. Event loop only.

    `send` puts a datagram on the wire; what comes from the wire goes to `feed`.
    """

    def __init__(
        self, certificate: Certificate, *, is_server: bool, send: Callable[[bytes], None]
    ) -> None:
        self._shim = _IceShim(is_server=is_server, send=send)
        self._transport = RTCDtlsTransport(cast(Any, self._shim), [certificate._certificate])
        self._transport._srtp_profiles = _available_profiles()
        self._transport._set_role("server" if is_server else "client")
        self.inbound: Any = None
        """libsrtp's session of what comes in, for `unprotect`; None before `is_ready`."""
        self.outbound: Any = None
        self.outbound_address = 0
        """The same as an address, for the compiled loop."""

    @property
    def is_ready(self) -> bool:
        return self.outbound is not None

    def feed(self, datagram: bytes) -> None:
        """A DTLS record from the wire; dropped when too many wait."""
        self._shim.feed(datagram)

    async def handshake(self, fingerprints: Sequence[tuple[str, str]]) -> bool:
        """Agree on keys with whoever holds the certificate; False when it fails."""
        await self._transport.start(
            RTCDtlsParameters([RTCDtlsFingerprint(name, value) for name, value in fingerprints])
        )
        if self._transport.state != "connected":
            return False
        self.inbound = self._transport._rx_srtp._srtp[0]
        self.outbound = self._transport._tx_srtp._srtp[0]
        self.outbound_address = int(_binding.ffi.cast("uintptr_t", self.outbound))
        return True

    def on_close(self, callback: Callable[[], None]) -> None:
        """Call back when the other side ends the association, or it fails."""

        def changed() -> None:
            if self._transport.state in {"closed", "failed"}:
                callback()

        self._transport.on("statechange", changed)

    async def aclose(self) -> None:
        """Tell the other side and forget the keys' use; the sessions stay valid until collected."""
        self._transport.remove_all_listeners()
        task = self._transport._task
        await self._transport.stop()
        self._shim.close()
        if task is not None:
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await asyncio.wait([task])


class _IceShim:
    """What RTCDtlsTransport needs of an ICE transport. Early records wait here, boundedly."""

    def __init__(self, *, is_server: bool, send: Callable[[bytes], None]) -> None:
        self.role = "controlling" if is_server else "controlled"
        self._put = send
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(_EARLY_DATAGRAMS)

    def feed(self, datagram: bytes) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self._waiting.put_nowait(datagram)

    def close(self) -> None:
        while not self._waiting.empty():
            self._waiting.get_nowait()
        self._waiting.put_nowait(b"")

    async def _recv(self) -> bytes:
        datagram = await self._waiting.get()
        if not datagram:
            raise ConnectionError
        return datagram

    async def _send(self, data: bytes) -> None:
        self._put(data)


class Srtp:
    """libsrtp's calls on buffers of ours. Each returns the new size, or -1 when it refuses."""

    def __init__(self) -> None:
        self._lib = _binding.lib
        self._size = _binding.ffi.new("int *")

    def unprotect(self, session: Any, buffer: Any, size: int) -> int:
        return self._call(self._lib.srtp_unprotect, session, buffer, size)

    def unprotect_rtcp(self, session: Any, buffer: Any, size: int) -> int:
        return self._call(self._lib.srtp_unprotect_rtcp, session, buffer, size)

    def protect(self, session: Any, buffer: Any, size: int) -> int:
        return self._call(self._lib.srtp_protect, session, buffer, size)

    def protect_rtcp(self, session: Any, buffer: Any, size: int) -> int:
        return self._call(self._lib.srtp_protect_rtcp, session, buffer, size)

    def _call(self, function: Any, session: Any, buffer: Any, size: int) -> int:
        cell = self._size
        cell[0] = size
        if function(session, buffer, cell):
            return -1
        result: int = cell[0]
        return result


def protect_function() -> tuple[Any, int]:
    """srtp_protect itself (session, buffer, `int *` size; 0 when done), and its C address."""
    pointer = _binding.ffi.addressof(_binding.lib, "srtp_protect")
    return _binding.lib.srtp_protect, int(_binding.ffi.cast("uintptr_t", pointer))


def host_addresses() -> list[str]:
    """The machine's addresses, without loopback and link-local ones."""
    return [
        address
        for address in get_host_addresses(use_ipv4=True, use_ipv6=True)
        if not address.startswith(("fe80", "169.254."))
    ]


async def check() -> None:
    """Shake hands with ourselves and send a packet through; Unavailable when anything moved."""
    try:
        async with asyncio.timeout(10):
            await _rehearse()
    except (AttributeError, TypeError, TimeoutError, AssertionError) as error:
        raise Unavailable(
            f"The installed aiortc or pylibsrtp is not the one that we know: {error!r}"
        ) from error


async def _rehearse() -> None:
    certificate = Certificate()
    server = Dtls(certificate, is_server=True, send=lambda data: client.feed(data))  # noqa: PLW0108
    client = Dtls(certificate, is_server=False, send=server.feed)
    name, value = certificate.fingerprint.split()
    done = await asyncio.gather(
        server.handshake([(name, value)]), client.handshake([(name, value)])
    )
    assert all(done), "no DTLS handshake"
    srtp, buffer = Srtp(), bytearray(b"\x80\x60" + bytes(60) + bytes(SRTP_OVERHEAD))
    cell = _binding.ffi.from_buffer(buffer)
    size = srtp.protect(server.outbound, cell, 62)
    assert srtp.unprotect(client.inbound, cell, size) == 62, "no SRTP"
    assert protect_function()[1], "no srtp_protect"
    await server.aclose()
    await client.aclose()


def _available_profiles() -> list[Any]:
    return [profile for profile in _PROFILES if profile in dtls.SRTP_PROFILES]
