"""Request lines of the HLS origin that are answered from memory, and the bytes that answer them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Final
from uuid import UUID

from player.delivery import FARTHEST, media_headers, playlist_headers
from transcode.shelf import RENDITIONS
from transcode.window import Rendered, Window

_TARGET: Final = re.compile(
    rb"/hls/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/(" + "|".join(RENDITIONS).encode() + rb")"
    rb"(?:(\.m3u8)(?:\?_HLS_msn=(\d{1,12})(?:&_HLS_part=(\d{1,9}))?(&_HLS_skip=(?:YES|v2))?)?"
    rb"|/(\d{1,12})(?:\.(\d{1,9}))?\.m4s)"
)


@dataclass(frozen=True, slots=True)
class Ask:
    """A request line, read."""

    lecture: UUID
    name: str
    is_playlist: bool
    msn: int | None
    part: int | None
    can_skip: bool
    opening: bytes  # of the answer, up to the length; of media only

    def is_met_by(self, window: Window) -> bool:
        """True if there is nothing to wait for."""
        if window.is_ended or self.msn is None:
            return window.is_ended or window.has_listed
        return (window.lists if self.is_playlist else window.has)(self.msn, self.part)

    def may_wait_for(self, window: Window) -> bool:
        """True if it asks for what comes soon."""
        return (self.msn or 0) <= window.next_msn + (FARTHEST if self.is_playlist else 0)


def read(target: bytes) -> Ask | None:
    """None if this is nothing for us."""
    found = _TARGET.fullmatch(target)
    if found is None:
        return None
    lecture, name, is_playlist, msn, part, skips, media_msn, media_part = found.groups()
    return Ask(
        lecture=UUID(lecture.decode()),
        name=name.decode(),
        is_playlist=is_playlist is not None,
        msn=_number(msn or media_msn),
        part=_number(part or media_part),
        can_skip=skips is not None,
        opening=b"" if is_playlist else _media_opening(target),
    )


def playlist(rendered: Rendered, *, is_zipped: bool) -> bytes:
    """Made once for all."""
    answer = rendered.answers.get(is_zipped)
    if answer is None:
        body = rendered.gzipped if is_zipped else rendered.plain
        opening = _opening(playlist_headers(rendered, is_zipped=is_zipped))
        date = formatdate(usegmt=True).encode()
        answer = b"%b%d\r\nDate: %b\r\n\r\n%b" % (opening, len(body), date, body)
        rendered.answers[is_zipped] = answer
    return answer


def media(window: Window, ask: Ask) -> list[bytes]:
    """A part, or the parts of a whole segment; nothing if memory does not hold it."""
    assert ask.msn is not None
    parts = window.parts(ask.msn) or ()
    if ask.part is not None:
        return [parts[ask.part].data] if ask.part < len(parts) else []
    return [part.data for part in parts] if ask.msn < window.next_msn else []


def _media_opening(target: bytes) -> bytes:
    name, file = target.decode().split("/")[-2:]
    return _opening(media_headers(name, file.removesuffix(".m4s")))


def _opening(headers: Mapping[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 200 OK\r\n{lines}Content-Length: ".encode()


def _number(digits: bytes | None) -> int | None:
    return None if digits is None else int(digits)
