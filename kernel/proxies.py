"""Which address a request comes from, when proxies of the house stand between."""

from collections.abc import Iterable, Sequence
from functools import cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from kernel.errors import SettingsError

Address = IPv4Address | IPv6Address


class Proxies:
    """The networks in which trusted proxies are. What others write into X-Forwarded-For is their word
    alone: a guesser would be somebody else in every request."""

    def __init__(self, networks: Iterable[IPv4Network | IPv6Network]) -> None:
        self._networks = tuple(networks)

    @classmethod
    @cache
    def read(cls, networks: tuple[str, ...]) -> "Proxies":
        """From addresses and networks in CIDR; SettingsError names the one that is none."""
        return cls(map(_network, networks))

    def origin(self, peer: str, forwarded: Sequence[str]) -> str:
        """Who asks, if `peer` is the other end of the connection and `forwarded` the lines of
        X-Forwarded-For: each proxy adds on the right whom it heard, so the rightmost that is no proxy
        of ours is the last that one of ours has seen itself."""
        found = _address(peer)
        if found is None:
            return peer
        for hop in reversed(",".join(forwarded).split(",")):
            before = _address(hop)
            if before is None or not self._are(found):
                break
            found = before
        return str(found)

    def _are(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError:
        raise SettingsError(
            f"DARIS_TRUSTED_PROXIES is not right: {text} is neither an address nor a network;"
            " write them as in 10.1.2.3 or 10.1.2.0/24."
        ) from None


def _address(text: str) -> Address | None:
    """The address of a hop, which may bear a port; IPv4 as such where a socket of both kinds heard it."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
