"""The addresses of a channel's outputs, as operators write them. Pure."""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import SplitResult, parse_qs, urlsplit

from kernel.errors import Invalid

_HOST: Final = re.compile(r"[0-9A-Za-z.:-]+")
_DATAGRAMS: Final = {"ttl": (0, 255), "dscp": (0, 63), "interface": None}
_OPTIONS: Final[dict[str, dict[str, tuple[int, int] | None]]] = {
    "udp": _DATAGRAMS,
    "rtp": _DATAGRAMS,
    "srt": {"mode": None, "latency": (20, 8000), "passphrase": None, "streamid": None},
}
_INTERFACE: Final = re.compile(r"[0-9A-Za-z.:_-]{1,45}")


def check_outputs(urls: Iterable[str]) -> None:
    """Invalid names the one that is none."""
    for url in urls:
        try:
            parts = urlsplit(url)
            is_sound = parts.scheme in _OPTIONS and bool(parts.port) and not parts.path
        except ValueError:
            is_sound = False
        if not is_sound or not _HOST.fullmatch(parts.hostname or ""):
            raise Invalid(f"{url[:100]} is no output; write udp, rtp or srt://host:port.")
        _check_options(url[:100], parts)


def _check_options(url: str, parts: SplitResult) -> None:
    known = _OPTIONS[parts.scheme]
    given = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    for name, value in given.items():
        if name not in known:
            raise Invalid(f"{url} has {name[:20]}; {parts.scheme} knows {', '.join(known)}.")
        limits = known[name]
        if limits and not (value.isdecimal() and limits[0] <= int(value[:9]) <= limits[1]):
            raise Invalid(f"{url}: {name} is a number from {limits[0]} to {limits[1]}.")
    if given.get("mode", "caller") not in {"caller", "listener"}:
        raise Invalid(f"{url}: mode is caller or listener.")
    if not 10 <= len(given.get("passphrase", "x" * 10)) <= 79:
        raise Invalid(f"{url}: a passphrase has 10 to 79 characters.")
    if not _INTERFACE.fullmatch(given.get("interface", "lo")):
        raise Invalid(f"{url}: interface is a name as eth1, or an address.")
