"""SDP fragments (RFC 8840 §9): what a WHIP or WHEP client says of its ICE session by PATCH."""

import re
from dataclasses import dataclass
from typing import Final

from kernel.errors import Invalid
from live.sdp_answer import Transport, candidates

MOST_FRAGMENT_BYTES: Final = 32_768

_UFRAG: Final = re.compile(r"[A-Za-z0-9+/=_-]{4,256}")
_PASSWORD: Final = re.compile(r"[A-Za-z0-9+/=_-]{22,256}")
_GROUP: Final = re.compile(r"BUNDLE( [!#-'*+\-.0-9A-Z^-~]{1,32}){1,100}")
_MEDIA: Final = re.compile(r"(audio|video) [0-9]{1,5} [A-Z/]{1,32}( [0-9]{1,3}){1,128}")
_MID: Final = re.compile(r"[!#-'*+\-.0-9A-Z^-~]{1,32}")


@dataclass(frozen=True, slots=True)
class Fragment:
    """The credentials of an ICE session, and the section that stands for its bundle.

    Candidates are not kept: a lite agent waits to be checked.
    """

    ufrag: str
    password: str
    media: str  # the m-line without m=
    mid: str
    group: str = ""  # the value of a=group


def read_fragment(text: str) -> Fragment:
    """Invalid says what is wrong with it. Credentials may stand before or in the section."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.removeprefix("a=").partition("=" if line.startswith("m=") else ":")
        values.setdefault(name, value.strip())
    return Fragment(
        ufrag=_value(values, "ice-ufrag", _UFRAG),
        password=_value(values, "ice-pwd", _PASSWORD),
        media=_value(values, "m", _MEDIA),
        mid=_value(values, "mid", _MID),
        group=_value(values, "group", _GROUP) if "group" in values else "",
    )


def _value(values: dict[str, str], name: str, pattern: re.Pattern[str]) -> str:
    value = values.get(name, "")
    if not pattern.fullmatch(value):
        raise Invalid(f"The SDP fragment has no usable {name}.")
    return value


def write_fragment(asked: Fragment, ours: Transport) -> str:
    """Our half of the ICE session that the client's fragment asked for."""
    lines = [
        "a=ice-lite",
        *([f"a=group:{asked.group}"] if asked.group else []),
        f"m={asked.media}",
        f"a=mid:{asked.mid}",
        f"a=ice-ufrag:{ours.ufrag}",
        f"a=ice-pwd:{ours.password}",
        *candidates(ours),
    ]
    return "\r\n".join(lines) + "\r\n"
