"""Everything private of aiortc and pylibsrtp that we touch, and a check of it at start-up.

aiortc brings certificates and the settings of DTLS, pylibsrtp brings SRTP. A handshake costs no
task and no queue: OpenSSL is called as datagrams come. The SRTP sessions are used directly, in
place, on the thread of the event loop. Nothing else in the project may import a name with an
underscore from them.
"""

# ruff: noqa: SLF001
import asyncio
import contextlib
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Final

from aioice.ice import get_host_addresses
from aiortc import rtcdtlstransport as dtls
from aiortc.rtcdtlstransport import RTCCertificate
from OpenSSL import SSL
from pylibsrtp import Policy, Session, _binding

from kernel.errors import Unavailable

SRTP_OVERHEAD: Final = 16
"""The longest tag of the profiles that we negotiate, in bytes."""

_PROFILES: Final = [
    dtls.SRTP_AEAD_AES_128_GCM,
    dtls.SRTP_AEAD_AES_256_GCM,
    dtls.SRTP_AES128_CM_SHA1_80,
]
_EARLY_DATAGRAMS: Final = 32
_LARGEST_DATAGRAM: Final = 1500
_REPLAY_WINDOW: Final = 1024  # packets


class Certificate:
    """The process' certificate; its fingerprint stands in every answer."""

    def __init__(self) -> None:
        self._certificate = RTCCertificate.generateCertificate()

    @cached_property
    def fingerprint(self) -> str:
        """As in SDP: `sha-256 AB:CD:...`."""
        for print_ in self._certificate.getFingerprints():
            if print_.algorithm == "sha-256":
                return f"sha-256 {print_.value}"
        raise Unavailable("This build of aiortc makes no sha-256 fingerprint.")

    @cached_property
    def context(self) -> Any:
        """OpenSSL's settings, the same for all connections: to make them takes as long as half a
        handshake. Nothing is resumed, so no session is kept; an idle connection keeps no buffers.
        """
        context = self._certificate._create_ssl_context(_available_profiles())
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.set_mode(SSL.MODE_RELEASE_BUFFERS)
        return context


class Dtls:
    """One DTLS association and the SRTP sessions that come out of it. Event loop only.

    `send` puts a datagram on the wire; what comes from the wire goes to `feed`.
    """

    def __init__(
        self, certificate: Certificate, *, is_server: bool, send: Callable[[bytes], None]
    ) -> None:
        self._certificate = certificate
        self._is_server = is_server
        self._put = send
        self._early: list[bytes] = []
        self._ssl: Any = None
        self._fingerprints: Sequence[tuple[str, str]] = ()
        self._agreed: asyncio.Future[bool] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closed: Callable[[], None] = _nobody
        self._is_over = False
        self._sessions: tuple[Session, ...] = ()  # they own what `inbound` and `outbound` point to
        self.inbound: Any = None
        """libsrtp's session of what comes in, for `unprotect`; None before `is_ready`."""
        self.outbound: Any = None
        self.outbound_address = 0
        """The same as an address, for the compiled loop."""

    @property
    def is_ready(self) -> bool:
        return self.outbound is not None

    def feed(self, datagram: bytes) -> None:
        """A DTLS record from the wire; dropped when it comes early and too many wait."""
        if self._is_over:
            return
        if self._ssl is not None:
            self._ssl.bio_write(datagram)
            self._advance()
        elif len(self._early) < _EARLY_DATAGRAMS:
            self._early.append(datagram)

    async def handshake(self, fingerprints: Sequence[tuple[str, str]]) -> bool:
        """Agree on keys with whoever holds the certificate; False when it fails."""
        self._fingerprints = fingerprints
        self._agreed = asyncio.get_running_loop().create_future()
        self._ssl = SSL.Connection(self._certificate.context)
        (self._ssl.set_accept_state if self._is_server else self._ssl.set_connect_state)()
        early, self._early = self._early, []
        self._advance()
        for datagram in early:
            self.feed(datagram)
        return await self._agreed

    def on_close(self, callback: Callable[[], None]) -> None:
        """Call back when the other side ends the association."""
        self._closed = callback

    async def aclose(self) -> None:
        """Tell the other side; the SRTP sessions stay valid until they are collected."""
        self._closed = _nobody
        if self._ssl is not None and not self._is_over:
            _shut_down(self._ssl)
            self._flush()
        self._end()

    # ------------------------------------------------------------ steps

    def _advance(self) -> None:
        """Let OpenSSL read what came and say what it wants to."""
        try:
            if self.is_ready:
                self._ssl.recv(_LARGEST_DATAGRAM)
            else:
                self._ssl.do_handshake()
                self._agree(self._ssl)
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self._end()
        except SSL.Error:
            if not self.is_ready:  # later it is but a datagram that makes no sense
                self._end()
        self._flush()
        self._set_timer()

    def _agree(self, ssl: Any) -> None:
        """The handshake is done: if it was with the right one, there are keys."""
        profile = _profile_of(ssl)
        if profile is None or not _is_genuine(ssl, self._fingerprints):
            self._end()
            return
        material = ssl.export_keying_material(
            b"EXTRACTOR-dtls_srtp", 2 * (profile.key_length + profile.salt_length)
        )
        ours, theirs = (1, 0) if self._is_server else (0, 1)
        inbound = _session(profile, material, theirs, Policy.SSRC_ANY_INBOUND)
        outbound = _session(profile, material, ours, Policy.SSRC_ANY_OUTBOUND)
        self._sessions = inbound, outbound
        self.inbound, self.outbound = inbound._srtp[0], outbound._srtp[0]
        self.outbound_address = int(_binding.ffi.cast("uintptr_t", self.outbound))
        self._settle(is_done=True)

    def _end(self) -> None:
        self._is_over = True
        self._stop_timer()
        self._settle(is_done=False)
        self._closed()

    def _settle(self, *, is_done: bool) -> None:
        if self._agreed is not None and not self._agreed.done():
            self._agreed.set_result(is_done)

    def _flush(self) -> None:
        """Each flight of ours is one datagram."""
        with contextlib.suppress(SSL.Error):  # nothing more to say
            while True:
                self._put(self._ssl.bio_read(_LARGEST_DATAGRAM))

    # ------------------------------------------------------------ what got lost

    def _set_timer(self) -> None:
        """When OpenSSL wants to send its last flight again (RFC 6347 §4.2.4)."""
        self._stop_timer()
        seconds = None if self._is_over else self._ssl.DTLSv1_get_timeout()
        if seconds is not None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._repeat)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _repeat(self) -> None:
        try:
            self._ssl.DTLSv1_handle_timeout()
        except SSL.Error:
            self._end()
            return
        self._flush()
        self._set_timer()


def _nobody() -> None:
    pass


def _profile_of(ssl: Any) -> Any:
    chosen = ssl.get_selected_srtp_profile()
    return next((p for p in _available_profiles() if p.openssl_profile == chosen), None)


def _is_genuine(ssl: Any, fingerprints: Sequence[tuple[str, str]]) -> bool:
    """All fingerprints of the kinds that we know are of the certificate, and there is one."""
    certificate = ssl.get_peer_certificate()
    known = [(name, value) for name, value in fingerprints if name in dtls.X509_DIGEST_ALGORITHMS]
    return bool(known) and all(
        certificate.digest(name.replace("-", "")).decode() == value.upper() for name, value in known
    )


def _session(profile: Any, material: bytes, half: int, direction: int) -> Session:
    policy = Policy(
        key=profile.get_key_and_salt(material, half),
        ssrc_type=direction,
        srtp_profile=profile.libsrtp_profile,
    )
    policy.allow_repeat_tx = True
    policy.window_size = _REPLAY_WINDOW
    return Session(policy)


def _shut_down(ssl: Any) -> None:
    with contextlib.suppress(SSL.Error):  # there was no handshake yet
        ssl.shutdown()


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


def protect_rtcp_address() -> int:
    """The C address of srtp_protect_rtcp, which is called like srtp_protect."""
    pointer = _binding.ffi.addressof(_binding.lib, "srtp_protect_rtcp")
    return int(_binding.ffi.cast("uintptr_t", pointer))


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
