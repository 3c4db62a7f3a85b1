"""Where the other side finds the media port: hosts and ports of our candidates, of both families."""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from kernel.errors import SettingsError
from live import adapter

EVERY_HOST: Final = "::"
"""Every address of the machine, of both families, where it has both."""

_WRITTEN: Final = re.compile(
    r"(?P<bare>[0-9a-f.]*:[0-9a-f.]*:[0-9a-f:.]*)"
    r"|(\[(?P<v6>[0-9a-f.]*:[0-9a-f:.]+)\]|(?P<host>[^:\[\]]+))(:(?P<port>[1-9][0-9]{0,4}))?",
    re.IGNORECASE,
)
_NAME: Final = re.compile(r"(?=.{1,253}$)(?![0-9.]+$)\w([\w-]*\w)?(\.\w([\w-]*\w)?)*\.?")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address, or a name of one, and the port there; 0 is the media port's own number."""

    host: str
    port: int = 0
    is_tcp: bool = False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.port else self.host


def media_host(bind: str, media_bind: str) -> str:
    """Where the media port listens: as said, or where HTTP does.

    Who serves HTTP on every address of the machine means those of IPv6 too; only a DARIS_MEDIA_BIND
    of 0.0.0.0 means IPv4 alone.
    """
    return media_bind or (EVERY_HOST if bind in {"", "0.0.0.0"} else bind)  # noqa: S104


def read_endpoint(text: str) -> Endpoint:
    """`address`, `name`, `address:port`, `name:port` or `[v6]:port`; SettingsError for the rest."""
    written = _WRITTEN.fullmatch(text)
    if written is not None:
        host = written["bare"] or written["v6"] or written["host"]
        port = int(written["port"] or 0)
        if port <= 65535 and (_is_address(host) or _NAME.fullmatch(host)):
            return Endpoint(host, port)
    raise SettingsError(
        f"DARIS_ANNOUNCE: {text} is no address that browsers could reach; write an address or a "
        "name, with a port where it differs: 203.0.113.7:40000, [2001:db8::1]:40000."
    )


async def resolve(announce: Iterable[str]) -> tuple[Endpoint, ...]:
    """The endpoints of DARIS_ANNOUNCE, each name by all its addresses."""
    found: list[Endpoint] = []
    for endpoint in map(read_endpoint, announce):
        found += [Endpoint(host, endpoint.port) for host in await _addresses(endpoint.host)]
    return tuple(dict.fromkeys(found))


def own_endpoints(host: str) -> tuple[Endpoint, ...]:
    """The bound address, or all of the machine when that is what is bound.

    Loopback comes last: encoders that try one candidate only take the first.
    """
    bound = ipaddress.ip_address(host)
    if not bound.is_unspecified:
        return (Endpoint(host),)
    found = [*adapter.host_addresses(), "127.0.0.1", "::1"]
    return tuple(Endpoint(one) for one in found if bound.version == 6 or ":" not in one)


async def _addresses(host: str) -> Iterator[str]:
    try:
        infos = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"DARIS_ANNOUNCE: the name {host} is not known here.") from error
    return (str(info[4][0]) for info in infos)


def _is_address(text: str) -> bool:
    try:
        return not ipaddress.ip_address(text).is_unspecified
    except ValueError:
        return False
