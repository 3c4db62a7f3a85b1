"""Which of the offered formats a section uses: H.264 before VP8, and Opus. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from kernel.errors import Refused
from live.messages import MediaKind, Source
from live.sdp import (
    LEVEL_EXTENSION,
    MID_EXTENSION,
    REPAIRED_RID_EXTENSION,
    RID_EXTENSION,
    SEND_TIME_EXTENSION,
    TRANSPORT_CC_EXTENSION,
    Format,
    Section,
)
from transcode.access_unit import Codec

_ASKED_OF_PUBLISHERS: Final = frozenset(
    {"nack", "nack pli", "ccm fir", "transport-cc", "goog-remb"}
)
_GIVEN_TO_RECEIVERS: Final = frozenset({"nack", "nack pli", "ccm fir", "goog-remb"})
_EXTENSIONS_IN: Final = (MID_EXTENSION, TRANSPORT_CC_EXTENSION, LEVEL_EXTENSION)
_EXTENSIONS_OF_LAYERS: Final = (RID_EXTENSION, REPAIRED_RID_EXTENSION)
_EXTENSIONS_OUT: Final = (
    MID_EXTENSION,
    SEND_TIME_EXTENSION,
    LEVEL_EXTENSION,
    # Never sent: but what an answer leaves out, Chromium does not offer in a later section of the
    # kind, and who gets the floor publishes in one, in layers.
    TRANSPORT_CC_EXTENSION,
    *_EXTENSIONS_OF_LAYERS,
)

_PROFILES: Final = ("42e0", "42c0", "42", "4d", "64")  # in the order in which we like them
_DEFAULT_PROFILE: Final = "42e01f"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The format of a section and the one that repairs it."""

    codec: Codec
    format: Format
    repair: Format | None
    extensions: Mapping[str, int]
    rids: tuple[str, ...] = ()

    @property
    def formats(self) -> tuple[Format, ...]:
        return (self.format,) if self.repair is None else (self.format, self.repair)

    @property
    def profile(self) -> str:
        """H.264 profile-level-id in lower case; empty for other codecs."""
        return _profile(self.format) if self.codec is Codec.H264 else ""


def choose_to_publish(section: Section, source: Source) -> Chosen:
    """How a source is to be sent to us; Refused says what the publisher can do."""
    if section.kind != source.kind:
        raise Refused(f"The {source} cannot be sent in a section of kind {section.kind}.")
    if section.kind == MediaKind.AUDIO:
        return _publish(section, Codec.OPUS, _first(section, Codec.OPUS))
    best = min(_h264(section), key=_liking, default=None)
    if best is not None:
        return _publish(section, Codec.H264, best)
    return _publish(section, Codec.VP8, _first(section, Codec.VP8))


def left_open(section: Section) -> tuple[Mapping[str, int], tuple[str, ...]]:
    """The extensions and layers that an inactive section keeps, to be used in a later offer.

    Chromium never offers again what an answer has left out, and layers without rid not at all.
    """
    rids = section.rids if RID_EXTENSION in section.extensions else ()
    return _offered(section, dict.fromkeys((*_EXTENSIONS_IN, *_EXTENSIONS_OUT))), rids


def _publish(section: Section, codec: Codec, format_: Format | None) -> Chosen:
    if format_ is None:
        raise Refused(_what_to_change(section))
    asked = tuple(f for f in format_.feedback if f in _ASKED_OF_PUBLISHERS)
    if "transport-cc" in asked:
        asked = tuple(f for f in asked if f != "goog-remb")
    rids = section.rids if RID_EXTENSION in section.extensions else ()
    extensions = _offered(section, (*_EXTENSIONS_IN, *(_EXTENSIONS_OF_LAYERS if rids else ())))
    format_ = replace(format_, feedback=asked)
    return Chosen(codec, format_, _repair(section, format_), extensions, rids)


def _offered(section: Section, uris: Iterable[str]) -> dict[str, int]:
    return {uri: section.extensions[uri] for uri in uris if uri in section.extensions}


def _what_to_change(section: Section) -> str:
    names = ", ".join(dict.fromkeys(f.name.upper() for f in section.formats if f.name != "rtx"))
    wanted = (
        "Opus"
        if section.kind == MediaKind.AUDIO
        else "H.264 with packetization-mode=1 (baseline profile, no B-frames) or VP8"
    )
    return f"Send {section.kind} as {wanted}; the offer only has {names or 'no codec'}."


def choose_to_receive(section: Section, codec: Codec, profile: str) -> Chosen | None:
    """How a track can be sent to the other side; None when it cannot take the codec."""
    if codec is Codec.H264:
        format_ = min(_h264(section), key=lambda f: _distance(f, profile), default=None)
    else:
        format_ = _first(section, codec)
    if format_ is None:
        return None
    given = tuple(f for f in format_.feedback if f in _GIVEN_TO_RECEIVERS)
    extensions = _offered(section, _EXTENSIONS_OUT)
    if len(section.mid) > 16:
        extensions.pop(MID_EXTENSION, None)
    return Chosen(codec, replace(format_, feedback=given), _repair(section, format_), extensions)


def _h264(section: Section) -> Iterator[Format]:
    for format_ in section.formats:
        if (
            format_.name == "h264"
            and format_.rate == 90_000
            and format_.parameters.get("packetization-mode") == "1"
            and _profile(format_).startswith(_PROFILES)
        ):
            yield format_


def _first(section: Section, codec: Codec) -> Format | None:
    rate = 48_000 if codec is Codec.OPUS else 90_000
    return next((f for f in section.formats if f.name == codec and f.rate == rate), None)


def _profile(format_: Format) -> str:
    return format_.parameters.get("profile-level-id", _DEFAULT_PROFILE).lower()


def _liking(format_: Format) -> int:
    """Position of the profile in the order of our liking."""
    profile = _profile(format_)
    return next(at for at, prefix in enumerate(_PROFILES) if profile.startswith(prefix))


def _distance(format_: Format, profile: str) -> tuple[bool, bool, int]:
    """The same profile first, then the same family; the level does not matter."""
    own = _profile(format_)
    return own[:4] != profile[:4], own[:2] != profile[:2], _liking(format_)


def _repair(section: Section, format_: Format) -> Format | None:
    return next((f for f in section.formats if f.repairs == format_.payload_type), None)
