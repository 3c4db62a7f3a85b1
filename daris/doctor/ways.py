"""The ways to people: HTTP here and from outside, the media port, STUN and TURN servers, clocks."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import aiohttp
import msgspec
from aioice import stun, turn

from daris.doctor.findings import Found, Patient, ill, weak, well
from kernel.errors import Unavailable
from kernel.ids import new_id
from kernel.settings import Settings
from live.echo_views import EchoAnswer, EchoOffer
from live.endpoint import media_host, resolve
from live.probe import Answer, Candidate, Probe
from live.turn import read_ice_servers

_PATIENCE: Final = aiohttp.ClientTimeout(total=5)
_NEAR: Final = aiohttp.ClientTimeout(total=2)  # on this machine
_STUN_SECONDS: Final = 4.0
_CLOCK_SECONDS: Final = 60.0
_ANY: Final = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - what to ask instead of all


async def server_of(settings: Settings) -> str | None:
    """The address on this machine at which a Daris answers, if one does."""
    host = _ANY.get(settings.bind, settings.bind)
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    address = f"http://{host}:{settings.port}"
    try:
        async with _client() as client, client.get(f"{address}/healthz", timeout=_NEAR) as answer:
            return address if (await answer.json()) == {"status": "alive"} else None
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return None


async def http(patient: Patient) -> Found:
    settings = patient.settings
    if patient.server is not None:
        return well(f"The server answers at {patient.server}.")
    failure = _bind_failure(socket.SOCK_STREAM, settings.bind, settings.port)
    if failure is None:
        return well(f"No server runs; port {settings.port} of {settings.bind} is free for it.")
    return ill(f"{settings.bind}:{settings.port} can't be used ({failure}): set DARIS_PORT.")


async def media(patient: Patient) -> Found:
    """A check and a handshake through each announced address; without a server, a free port."""
    settings = patient.settings
    if patient.server is None:
        await resolve(settings.announce)
        host = media_host(settings.bind, settings.media_bind)
        failure = _bind_failure(socket.SOCK_DGRAM, host, settings.media_port)
        if failure is None:
            return well(f"UDP port {settings.media_port} of {host} is free for the server.")
        return ill(f"UDP {host}:{settings.media_port} can't be used ({failure}).")
    return await _media(patient.server, settings, "udp") or ill(
        "The server announces no address for media: set DARIS_ANNOUNCE."
    )


async def media_tcp(patient: Patient) -> Found | None:
    """For networks without UDP; says nothing where it is not offered."""
    settings = patient.settings
    if patient.server is not None:
        return await _media(patient.server, settings, "tcp")
    if not settings.media_tcp or settings.media_port == settings.port:
        return None
    host = media_host(settings.bind, settings.media_bind)
    failure = _bind_failure(socket.SOCK_STREAM, host, settings.media_port)
    if failure is None:
        return well(f"TCP port {settings.media_port} of {host} is free for the server.")
    return ill(f"TCP {host}:{settings.media_port} can't be used ({failure}).")


async def _media(server: str, settings: Settings, protocol: str) -> Found | None:
    probe = Probe()
    async with _echo(server, probe.offer) as answer:
        candidates = [one for one in answer.candidates if one.protocol == protocol]
        if not candidates:
            return None
        heard = await asyncio.gather(*(probe.answers(answer, one) for one in candidates))
        reached = [one for one, is_heard in zip(candidates, heard, strict=True) if is_heard]
        silent = [one for one in candidates if one not in reached]
        if reached and not await probe.agrees(answer, reached[0]):
            return ill(
                f"{reached[0]} answers checks but agrees on no keys: look at the server's log."
            )
    return _heard(protocol.upper(), settings, reached, silent)


def _heard(
    protocol: str, settings: Settings, reached: Sequence[Candidate], silent: Sequence[Candidate]
) -> Found:
    names = ", ".join(map(str, silent))
    if not reached:
        return ill(
            f"No answer by {protocol} from {names}: let {protocol} {settings.media_port} through "
            "the firewall, and look whether DARIS_ANNOUNCE is right."
        )
    if silent:
        return weak(
            f"No answer by {protocol} from {names}; a router may not lead back inside, so try the "
            "page /check from outside."
        )
    return well(f"{', '.join(map(str, reached))} answer by {protocol}, and agree on keys.")


@asynccontextmanager
async def _echo(server: str, offer: str) -> AsyncIterator[Answer]:
    """The server's answer to an offer of a self-test, which is ended afterwards."""
    async with _client() as client:
        body = msgspec.to_builtins(EchoOffer(offer))
        async with client.post(f"{server}/check/echoes", json=body) as reply:
            if reply.status != 201:
                raise Unavailable(f"The server starts no self-test now (status {reply.status}).")
            echo = msgspec.json.decode(await reply.read(), type=EchoAnswer)
        try:
            yield Answer.read(echo.sdp)
        finally:
            async with client.delete(f"{server}/check/echoes/{echo.id}"):
                pass


async def public(patient: Patient) -> Found | None:
    """The public address leads here, and lets sockets through."""
    address = patient.settings.public_url.rstrip("/")
    if not address:
        return None
    try:
        async with _client() as client:
            return await _public(client, address, patient.server)
    except aiohttp.ClientConnectorCertificateError as error:
        return ill(f"The certificate of {address} is not good: {error.certificate_error}")
    except aiohttp.ClientConnectorDNSError:
        return ill(f"The name in {address} is not known: look at the DNS entry.")
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return ill(f"{address} does not answer ({str(error) or 'too slow'}): look at the proxy.")


async def _public(client: aiohttp.ClientSession, address: str, server: str | None) -> Found:
    there = await _ground(client, address)
    if there is None:
        return ill(f"{address} does not lead to a Daris: look at the proxy and DARIS_PUBLIC_URL.")
    try:
        async with client.ws_connect(address.replace("http", "ws", 1) + "/check/socket") as socket_:
            await socket_.send_str("here")
            await socket_.receive_str(timeout=_STUN_SECONDS)
    except (aiohttp.ClientError, TimeoutError, TypeError):
        return ill(f"{address} lets no WebSocket through: the proxy must pass Upgrade on.")
    here = await _ground(client, server) if server is not None else None
    if here is not None and here != there:
        return weak(f"{address} leads to another process of Daris than the one on this machine.")
    return well(f"{address} leads here, and lets WebSockets through.")


async def _ground(client: aiohttp.ClientSession, address: str) -> str | None:
    """The fingerprint of the process that answers; None where no Daris does."""
    async with client.get(f"{address}/check/ground") as answer:
        if answer.status != 200 or answer.content_type != "application/json":
            return None
        found: dict[str, Any] = await answer.json()
        return str(found.get("fingerprint"))


async def clock(patient: Patient) -> Found | None:
    """Against the Date of whoever stands in front of us, or takes our statements."""
    for address in (patient.settings.public_url, patient.settings.xapi_url):
        if not address:
            continue
        try:
            async with _client() as client, client.get(address) as answer:
                date = parsedate_to_datetime(answer.headers["Date"])
        except (aiohttp.ClientError, TimeoutError, OSError, KeyError, ValueError):
            continue
        off = abs((datetime.now(UTC) - date).total_seconds())
        if off > _CLOCK_SECONDS:
            return ill(f"This clock and that of {address} differ by {off:.0f} s: set up NTP.")
        return well(f"It agrees with that of {address}.")
    return None


@dataclass(frozen=True, slots=True)
class Relay:
    """One address of a STUN or TURN server, and the log-in there."""

    url: str
    username: str | None
    password: str | None = field(repr=False)


def relays_of(settings: Settings) -> list[Relay]:
    """Those of the settings; the log-ins with a time are made for a person that is nobody."""
    servers = read_ice_servers(settings.ice_servers, settings.turn_urls, settings.turn_secret)
    return [
        Relay(url, server.username, server.credential)
        for server in servers.of(new_id(), datetime.now(UTC))
        for url in server.urls
    ]


async def relay(relay: Relay) -> Found:
    """A STUN server answers; a TURN server gives us an address."""
    url = relay.url
    scheme, _, rest = url.partition(":")
    place, _, query = rest.partition("?")
    host, port = _place(place, 5349 if scheme.endswith("s") else 3478)
    try:
        async with asyncio.timeout(_STUN_SECONDS):
            if scheme.startswith("turn"):
                return await _allocate(relay, (host, port), query, is_secure=scheme == "turns")
            return await _bind(host, port)
    except stun.TransactionFailed as error:
        code = error.response.attributes.get("ERROR-CODE", (0, "refused"))
        return ill(f"{url} refuses us ({code[0]} {code[1]}): compare user, password and secret.")
    except (stun.TransactionError, TimeoutError, OSError) as error:
        return ill(
            f"{url} does not answer ({str(error) or 'too slow'}): is it running and let through?"
        )


async def _allocate(relay: Relay, place: tuple[str, int], query: str, *, is_secure: bool) -> Found:
    is_tcp = is_secure or "transport=tcp" in query
    transport, _ = await turn.create_turn_endpoint(
        asyncio.DatagramProtocol,
        server_addr=place,
        username=relay.username,
        password=relay.password,
        ssl=is_secure,
        transport="tcp" if is_tcp else "udp",
    )
    host, port = transport.get_extra_info("sockname")[:2]
    transport.close()
    return well(f"{relay.url} lends us {host}:{port}.")


async def _bind(host: str, port: int) -> Found:
    """One binding request (RFC 8489 §6)."""
    loop = asyncio.get_running_loop()
    came: asyncio.Future[bytes] = loop.create_future()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _First(came), remote_addr=(host, port)
    )
    request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    try:
        transport.sendto(bytes(request))
        answer = stun.parse_message(await came)
    finally:
        transport.close()
    mapped = answer.attributes.get("XOR-MAPPED-ADDRESS", ("nowhere", 0))
    return well(f"{host}:{port} answers, and sees us as {mapped[0]}.")


class _First(asyncio.DatagramProtocol):
    """The first datagram that comes."""

    def __init__(self, came: asyncio.Future[bytes]) -> None:
        self._came = came

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if not self._came.done():
            self._came.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self._came.done():
            self._came.set_exception(exc)


def _place(text: str, usual: int) -> tuple[str, int]:
    """Host and port of `host`, `host:port`, `[v6]:port`."""
    host, _, port = text.rpartition(":")
    if not host or (text.startswith("[") and text.endswith("]")):
        return text.strip("[]"), usual
    return host.strip("[]"), int(port) if port.isdigit() else usual


def _bind_failure(kind: socket.SocketKind, host: str, port: int) -> str | None:
    """Why the port can't be bound; None when it can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        if kind is socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.strerror or str(error)
    return None


def _client() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(timeout=_PATIENCE)
