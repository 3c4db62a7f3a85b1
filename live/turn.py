"""The STUN and TURN servers of the settings, as browsers and WHIP clients want to hear of them.

Log-ins for TURN are made for each seat and are over after some hours: the scheme that coturn calls
`use-auth-secret`. Whoever copies one can relay for so long, and only as that person.
"""

import base64
import hmac
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import unquote
from uuid import UUID

from kernel.errors import SettingsError
from live.messages import IceServer

LOG_IN_HOLDS: Final = timedelta(hours=12)

_SCHEMES: Final = frozenset({"stun", "stuns", "turn", "turns"})


@dataclass(frozen=True, slots=True)
class IceServers:
    """What `read_ice_servers` found in the settings."""

    fixed: tuple[IceServer, ...] = ()
    relays: tuple[str, ...] = ()  # addresses of TURN servers that know the secret
    secret: str = field(default="", repr=False)

    @property
    def has_relay(self) -> bool:
        return bool(self.relays) or any(server.username is not None for server in self.fixed)

    def of(self, person: UUID, now: datetime) -> tuple[IceServer, ...]:
        """The servers for one person's connection that begins now."""
        if not self.relays:
            return self.fixed
        username = f"{int((now + LOG_IN_HOLDS).timestamp())}:{person}"
        return (*self.fixed, IceServer(self.relays, username, credential(self.secret, username)))


def credential(secret: str, username: str) -> str:
    """The password that goes with a time-limited user name."""
    return base64.b64encode(hmac.digest(secret.encode(), username.encode(), "sha1")).decode()


def read_ice_servers(
    fixed: Iterable[str], turn_urls: Sequence[str] = (), turn_secret: str = ""
) -> IceServers:
    """Read DARIS_ICE_SERVERS, DARIS_TURN_URLS and DARIS_TURN_SECRET (RFC 7064, 7065)."""
    if bool(turn_urls) != bool(turn_secret):
        raise SettingsError("DARIS_TURN_URLS and DARIS_TURN_SECRET are set together or not at all.")
    return IceServers(
        tuple(_server(text) for text in fixed),
        tuple(_relay(text) for text in turn_urls),
        turn_secret,
    )


def _relay(text: str) -> str:
    scheme, _, address = text.partition(":")
    if scheme not in {"turn", "turns"} or not address or "@" in address:
        raise SettingsError(
            f"DARIS_TURN_URLS: {text} is no TURN address without a log-in, "
            "such as turn:turn.example.kz:3478?transport=tcp."
        )
    return text


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
            f"DARIS_ICE_SERVERS: {scheme}:{address} needs a log-in, written "
            "turn:user:password@host; or list it in DARIS_TURN_URLS."
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
