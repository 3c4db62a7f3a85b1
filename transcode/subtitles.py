"""Text subtitles in a file, kept as WebVTT beside what was conditioned of it: a file for each language."""

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer
from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import AssSubtitle

_OF_TEXT: Final = frozenset({"ass", "mov_text", "srt", "ssa", "subrip", "text", "webvtt"})
_SHORT: Final = {"eng": "en", "kaz": "kk", "rus": "ru"}  # ISO 639-2 to 639-1, as pages have it
_MOST_STREAMS, _MOST_CUES = 8, 20_000


def keep_subtitles(source: Path, folder: Path) -> None:
    """Write what there is in `source` into `folder`, in place of what was there. Of two streams in a
    language the first counts. Whatever can't be read is left out. OSError when it can't be written."""
    found: dict[str, str] = {}
    with suppress(av.FFmpegError), av.open(str(source)) as container:
        for stream in _streams(container):
            found.setdefault(_language(stream), "".join(_cues(container, stream)))
    if found:
        folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.vtt"):
        if old.stem not in found:
            old.unlink()
    for language, cues in found.items():
        partial = folder / f".{language}.part"
        partial.write_text(f"WEBVTT\n\n{cues}", "utf-8")
        partial.replace(folder / f"{language}.vtt")


def _streams(container: InputContainer) -> list[SubtitleStream]:
    of_text = (s for s in container.streams.subtitles if s.codec_context.name in _OF_TEXT)
    return list(of_text)[:_MOST_STREAMS]


def _language(stream: SubtitleStream) -> str:
    told = (stream.language or "").lower()
    is_tag = told.isascii() and told.isalpha() and len(told) in {2, 3}
    return _SHORT.get(told, told if is_tag else "und")


def _cues(container: InputContainer, stream: SubtitleStream) -> Iterator[str]:
    """Times count from the first picture or sound, as in what is conditioned."""
    container.seek(0)
    start = Fraction(container.start_time or 0, av.time_base)
    count = 0
    for packet in container.demux(stream):
        if packet.pts is None or not packet.duration or count >= _MOST_CUES:
            continue
        begins = packet.pts * packet.time_base - start
        lines = [line for line in _text(packet).splitlines() if line.strip()]
        if begins >= 0 and lines:
            count += 1
            ends = begins + packet.duration * packet.time_base
            yield "\n".join((f"{_clock(begins)} --> {_clock(ends)}", *lines, "", ""))


def _text(packet: "av.Packet[SubtitleStream]") -> str:
    """Of styled lines the words; who reads the file drops the marks that are left."""
    said = (part.dialogue for part in packet.decode() if isinstance(part, AssSubtitle))
    text = b"\n".join(said).decode(errors="replace")
    return text.replace("-->", "→").replace("&", "&amp;").replace("<", "&lt;")


def _clock(seconds: Fraction) -> str:
    whole = round(seconds * 1000)
    minutes, milliseconds = divmod(whole, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds / 1000:06.3f}"
