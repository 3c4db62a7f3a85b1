"""The STUN and TURN servers of the settings, as browsers and WHIP clients want to hear of them."""

from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from kernel.errors import SettingsError
from live.messages import IceServer

_SCHEMES = frozenset({"stun", "stuns", "turn", "turns"})


def ice_servers(settings: Iterable[str]) -> tuple[IceServer, ...]:
    """Read `stun:host:port` and `turn:user:password@host:port?transport=udp` (RFC 7064, 7065)."""
    return tuple(_server(text) for text in settings)


def _server(text: str) -> IceServer:
    scheme, _, rest = text.partition(":")
    login, has_login, address = rest.rpartition("@")
    user, _, password = login.partition(":")
    if scheme not in _SCHEMES or not address:
        raise SettingsError(f"DARIS_ICE_SERVERS: {scheme}:{address} is no STUN or TURN address.")
    if not scheme.startswith("turn"):
        return IceServer((f"{scheme}:{address}",))
    if not has_login or not user:
        raise SettingsError(
            f"DARIS_ICE_SERVERS: {scheme}:{address} needs a log-in, written turn:user:password@host."
        )
    return IceServer((f"{scheme}:{address}",), unquote(user), unquote(password))


def links(servers: Iterable[IceServer]) -> Iterator[str]:
    """Values of Link headers that tell a WHIP or WHEP client of the servers (RFC 9725 §4.6)."""
    for server in servers:
        for url in server.urls:
            parts = [f"<{url}>", 'rel="ice-server"']
            if server.username is not None and server.credential is not None:
                parts.append(f'username="{_quoted(server.username)}"')
                parts.append(f'credential="{_quoted(server.credential)}"')
                parts.append('credential-type="password"')
            yield "; ".join(parts)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
