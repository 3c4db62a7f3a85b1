"""The HLS origin: playlists, parts and segments of lectures, live and recorded.

Live, everything near the edge is answered from memory, with bytes that are made once for all
who wait (RFC 8216bis 6.2.5, blocking reload). Addresses of segments never change and never
change meaning, so caches may keep them for ever. A finished recording is byte ranges of its
files; who watched it live sees it end under the addresses known to that player.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Self
from uuid import UUID

from aiohttp import hdrs, web

from kernel.errors import Invalid, NotFound, Unavailable
from player import caption_shelf
from transcode.library import Library
from transcode.recording import Recording, RecordingState
from transcode.segments import Part, Stretch
from transcode.shelf import RENDITIONS
from transcode.window import Rendered, Window

LIBRARY: Final = web.AppKey("library", Library)
Guard = Callable[[web.Request, UUID], Awaitable[None]]

PATIENCE: Final = timedelta(seconds=6)  # hls.js gives up on a playlist after 10
FARTHEST: Final = 2  # segments ahead of the edge that may be asked for
_LARGEST_RANGE: Final = 8 << 20  # bytes that are read in one go
_PLAYLIST_TYPE: Final = "application/vnd.apple.mpegurl"
_UUID: Final = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
LECTURE_PATH: Final = f"/hls/{{lecture:{_UUID}}}"
_NAME: Final = f"{{name:{'|'.join(RENDITIONS)}}}"
_NUMBER: Final = r"\d{1,12}"


def add_routes(app: web.Application, guard: Guard, *, is_shared: bool = False) -> None:
    """Serve the recordings of `app[LIBRARY]` below /hls/.

    `guard` raises if the viewer may not see the lecture. `is_shared` lets caches between
    us and the viewer keep media: only where they ask for the right themselves.
    """
    origin = _Origin(guard, "public" if is_shared else "private")
    app.router.add_get(f"{LECTURE_PATH}/index.m3u8", origin.multivariant)
    app.router.add_get(f"{LECTURE_PATH}/{_NAME}.m3u8", origin.playlist)
    app.router.add_get(f"{LECTURE_PATH}/{_NAME}.mp4", origin.file)
    app.router.add_get(f"{LECTURE_PATH}/{_NAME}/init-{{number:{_NUMBER}}}.mp4", origin.init)
    app.router.add_get(f"{LECTURE_PATH}/{_NAME}/{{msn:{_NUMBER}}}.m4s", origin.segment)
    app.router.add_get(
        f"{LECTURE_PATH}/{_NAME}/{{msn:{_NUMBER}}}.{{part:{_NUMBER}}}.m4s", origin.part
    )


@dataclass(frozen=True, slots=True)
class Reload:
    """Delivery directives of a playlist request (RFC 8216bis 6.2.5)."""

    msn: int | None
    part: int | None
    can_skip: bool

    @classmethod
    def of(cls, request: web.Request) -> Self:
        msn, part = (_number(request, name) for name in ("_HLS_msn", "_HLS_part"))
        if part is not None and msn is None:
            raise Invalid("_HLS_part needs _HLS_msn.")
        return cls(msn, part, request.query.get("_HLS_skip") in {"YES", "v2"})


class _Origin:
    """One handler an address; each asks the guard first."""

    def __init__(self, guard: Guard, scope: str) -> None:
        self._guard = guard
        self._scope = scope

    async def multivariant(self, request: web.Request) -> web.Response:
        found = await self._recording(request)
        if found.state is RecordingState.LIVE and not await found.begin(PATIENCE):
            raise Unavailable("The lecture has not begun.", retry_after=timedelta(seconds=2))
        rendered = found.multivariant(await _captions(found))
        if rendered is None:
            raise NotFound("Nothing of this lecture was recorded.")
        return playlist_answer(request, rendered)

    async def playlist(self, request: web.Request) -> web.Response:
        reload = Reload.of(request)
        found = await self._recording(request)
        window = found.window(request.match_info["name"])
        if found.state is RecordingState.FINISHED:
            if window.is_empty:
                raise NotFound("This lecture has no such track.")
            if reload.msn is None and found.folder:
                return playlist_answer(request, window.recorded())
        await wait_for(window, reload)  # a player that watched live is told of the end
        return playlist_answer(request, window.live(can_skip=reload.can_skip))

    async def init(self, request: web.Request) -> web.Response:
        window = await self._window(request)
        init = window.inits.get(int(request.match_info["number"]))
        if init is None:
            raise NotFound("There is no such initialization segment.")
        return self._media(request, window, init.data, f"init-{init.number}")

    async def part(self, request: web.Request) -> web.Response:
        """A part; the one that is hinted at comes when it is there."""
        window = await self._window(request)
        msn, number = int(request.match_info["msn"]), int(request.match_info["part"])
        if msn <= window.next_msn:
            await window.reach(msn, number, PATIENCE)
        parts = window.parts(msn) or ()
        if number >= len(parts):
            raise NotFound("There is no such part.")
        return self._media(request, window, parts[number].data, f"{msn}.{number}")

    async def segment(self, request: web.Request) -> web.Response:
        found = await self._recording(request)
        window = found.window(request.match_info["name"])
        msn = int(request.match_info["msn"])
        if msn == window.next_msn:
            await window.reach(msn, None, PATIENCE)
        parts = window.parts(msn)
        if parts and msn < window.next_msn:
            return self._media(request, window, _joined(parts), f"{msn}")
        segment = window.segment(msn)
        if segment is None or not segment.stretch.is_kept:
            raise NotFound("There is no such segment.")
        return self._media(request, window, await _read(found, segment.stretch), f"{msn}")

    async def file(self, request: web.Request) -> web.StreamResponse:
        """The growing file: whole as a download, or the byte ranges of the recording."""
        found = await self._recording(request)
        name = f"{request.match_info['name']}.mp4"
        path = found.folder / name if found.folder else None
        if path is None or not await asyncio.to_thread(path.exists):
            raise NotFound("This lecture has no such track.")
        wanted = _range(request)
        if wanted is None or wanted[1] - wanted[0] >= _LARGEST_RANGE:
            return web.FileResponse(path, headers={hdrs.CACHE_CONTROL: "no-cache"})
        first, last = wanted
        data = await _read(found, Stretch(name, first, last - first + 1))
        address = f"{first}-{last}"
        headers = media_headers(request.match_info["name"], address, scope=self._scope)
        headers[hdrs.CONTENT_RANGE] = f"bytes {address}/*"
        return web.Response(status=206, body=data, headers=headers)

    async def _recording(self, request: web.Request) -> Recording:
        lecture = UUID(request.match_info["lecture"])
        await self._guard(request, lecture)
        found = await request.app[LIBRARY].fetch(lecture)
        if found is None:
            raise NotFound("There is no recording of this lecture.")
        return found

    async def _window(self, request: web.Request) -> Window:
        found = await self._recording(request)
        return found.window(request.match_info["name"])

    def _media(
        self, request: web.Request, window: Window, data: bytes, address: str
    ) -> web.Response:
        headers = media_headers(window.name, address, scope=self._scope)
        return _unless_known(request, headers, data)


def media_headers(name: str, address: str, *, scope: str = "private") -> dict[str, str]:
    """Of an initialization segment, a segment or a part: its bytes never change."""
    return {
        hdrs.CONTENT_TYPE: "audio/mp4" if name == "voice" else "video/mp4",
        hdrs.CACHE_CONTROL: f"{scope}, max-age=31536000, immutable",
        hdrs.ETAG: f'"{name}-{address}"',
    }


def playlist_headers(rendered: Rendered, *, is_zipped: bool) -> dict[str, str]:
    headers: dict[str, str] = {
        hdrs.CONTENT_TYPE: _PLAYLIST_TYPE,
        hdrs.CACHE_CONTROL: "no-cache",
        hdrs.VARY: hdrs.ACCEPT_ENCODING,
        hdrs.ETAG: f'"{rendered.tag}{"-gzip" if is_zipped else ""}"',
    }
    if is_zipped:
        headers[hdrs.CONTENT_ENCODING] = "gzip"
    return headers


async def _captions(found: Recording) -> list[str]:
    """The languages that there are; of a live lecture those that somebody writes in."""
    if found.state is RecordingState.LIVE:
        return found.captions.languages
    if found.state is not RecordingState.FINISHED or found.folder is None:
        return []
    listed = await asyncio.to_thread(caption_shelf.listed, found.folder)
    return [each.language for each in listed]


async def wait_for(window: Window, reload: Reload) -> None:
    """Until the window has what is asked for. Who waits in vain gets what there is."""
    if reload.msn is None:
        if not await window.begin(PATIENCE):
            raise NotFound("This track has not begun.")
    elif reload.msn > window.next_msn + FARTHEST:
        raise Invalid("The media sequence number is too far ahead.")
    else:
        await window.reach_listed(reload.msn, reload.part, PATIENCE)


async def _read(found: Recording, stretch: Stretch) -> bytes:
    try:
        return await asyncio.to_thread(found.read, stretch)
    except OSError:
        raise NotFound("The recording does not hold these bytes.") from None


def _joined(parts: Sequence[Part]) -> bytes:
    return b"".join(part.data for part in parts)


def playlist_answer(request: web.Request, rendered: Rendered) -> web.Response:
    """A playlist that may change."""
    is_zipped = "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, "")
    headers = playlist_headers(rendered, is_zipped=is_zipped)
    return _unless_known(request, headers, rendered.gzipped if is_zipped else rendered.plain)


def _unless_known(request: web.Request, headers: dict[str, str], data: bytes) -> web.Response:
    """The bytes, or 304 to who has them (RFC 9110 13.1.2)."""
    known = {tag.value for tag in request.if_none_match or ()}
    if known & {"*", headers[hdrs.ETAG].strip('"')}:
        headers.pop(hdrs.CONTENT_ENCODING, None)
        return web.Response(status=304, headers=headers)
    return web.Response(body=data, headers=headers)


def _number(request: web.Request, name: str) -> int | None:
    text = request.query.get(name)
    if text is not None and not re.fullmatch(_NUMBER, text):
        raise Invalid(f"{name} is a whole number.")
    return None if text is None else int(text)


def _range(request: web.Request) -> tuple[int, int] | None:
    """First and last byte, if the request names both."""
    wanted = re.fullmatch(r"bytes=(\d{1,15})-(\d{1,15})", request.headers.get(hdrs.RANGE, ""))
    if not wanted:
        return None
    first, last = int(wanted[1]), int(wanted[2])
    return (first, last) if first <= last else None
