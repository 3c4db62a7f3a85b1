"""A channel's logo, in a corner of its pictures before they are encoded: the air itself copies packets."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Final

import av
from av.filter import Graph
from av.filter.context import FilterContext

from transcode.house import FRAME_RATE, Profile
from transcode.source import SourceError

_MARGIN: Final = Fraction(5, 100)  # of width and height: the graphics safe area of EBU R 95
_WIDEST: Final = Fraction(30, 100)  # of the picture's width
_TIME_BASE: Final = Fraction(1, FRAME_RATE)


class Corner(StrEnum):
    """Of the picture, as a viewer sees it."""

    TOP_LEFT = "top-left"
    TOP_RIGHT = "top-right"
    BOTTOM_LEFT = "bottom-left"
    BOTTOM_RIGHT = "bottom-right"


@dataclass(frozen=True, slots=True)
class Logo:
    """An image with the place that it takes: `height` in percent of the picture's, `opacity` in percent."""

    path: Path
    corner: Corner = Corner.TOP_RIGHT
    height: int = 8
    opacity: int = 80


class Branding:
    """Lays a logo over pictures of one profile. SourceError when the image can't be read. One thread."""

    def __init__(self, logo: Logo, profile: Profile) -> None:
        image = _read(logo.path)
        width, height = _size(image, logo, profile)
        left, top = _place(logo.corner, width, height, profile)
        self._count = 0
        self._graph = Graph()
        steps = (
            ("format", "rgba"),
            ("colorchannelmixer", f"aa={logo.opacity / 100}"),
            ("scale", f"{width}:{height}:flags=area:out_color_matrix=bt709:out_range=tv"),
            ("format", "yuva420p"),
            ("setparams", "colorspace=unknown:range=unknown"),  # or overlay would convert it again
        )
        mark = self._chain(image.width, image.height, image.format.name, steps)
        picture = self._chain(profile.width, profile.height, "yuv420p", ())
        over = self._graph.add("overlay", f"{left}:{top}:format=yuv420:eof_action=repeat")
        picture[-1].link_to(over, 0, 0)
        mark[-1].link_to(over, 0, 1)
        end = self._graph.add("buffersink")
        over.link_to(end)
        self._graph.configure()
        self._picture, self._end = picture[0], end
        image.pts, image.time_base = 0, _TIME_BASE
        mark[0].push(image)
        mark[0].push(None)

    def on(self, picture: av.VideoFrame) -> av.VideoFrame:
        """A new picture; what is given stays as it is."""
        picture.pts, picture.time_base = self._count, _TIME_BASE
        self._count += 1
        self._picture.push(picture)
        branded = self._end.pull()
        assert isinstance(branded, av.VideoFrame)
        return branded

    def _chain(
        self, width: int, height: int, pixels: str, steps: tuple[tuple[str, str], ...]
    ) -> list[FilterContext]:
        chain = [
            self._graph.add_buffer(
                width=width, height=height, format=av.VideoFormat(pixels), time_base=_TIME_BASE
            ),
            *(self._graph.add(name, options) for name, options in steps),
        ]
        for one, following in pairwise(chain):
            one.link_to(following)
        return chain


def branding(logo: Logo | None, profile: Profile) -> Callable[[av.VideoFrame], av.VideoFrame]:
    """What becomes of each picture; without a logo it stays as it is. SourceError."""
    return _as_it_is if logo is None else Branding(logo, profile).on


def add_options(parser: argparse.ArgumentParser) -> None:
    """The logo, as the command lines of conditioners take it."""
    parser.add_argument("--logo", type=Path, help="a PNG that is laid over every picture")
    parser.add_argument(
        "--logo-corner", type=Corner, choices=list(Corner), default=Corner.TOP_RIGHT
    )
    parser.add_argument("--logo-height", type=int, default=8, help="percent of the picture's")
    parser.add_argument("--logo-opacity", type=int, default=80, help="percent")


def logo_in(options: argparse.Namespace) -> Logo | None:
    """As `add_options` reads it."""
    if options.logo is None:
        return None
    return Logo(options.logo, options.logo_corner, options.logo_height, options.logo_opacity)


def _as_it_is(picture: av.VideoFrame) -> av.VideoFrame:
    return picture


def _read(path: Path) -> av.VideoFrame:
    try:
        with av.open(str(path), format="png_pipe") as container:
            return next(container.decode(video=0))
    except (av.FFmpegError, StopIteration, IndexError) as error:
        raise SourceError("The channel's logo is no image that can be read.") from error


def _size(image: av.VideoFrame, logo: Logo, profile: Profile) -> tuple[int, int]:
    """In whole chroma samples, in the image's own proportion."""
    height = profile.height * Fraction(logo.height, 100)
    width = min(height * image.width / image.height, profile.width * _WIDEST)
    return _even(width), _even(width * image.height / image.width)


def _place(corner: Corner, width: int, height: int, profile: Profile) -> tuple[int, int]:
    across, down = _even(profile.width * _MARGIN), _even(profile.height * _MARGIN)
    is_left = corner in {Corner.TOP_LEFT, Corner.BOTTOM_LEFT}
    is_top = corner in {Corner.TOP_LEFT, Corner.TOP_RIGHT}
    return (
        across if is_left else profile.width - width - across,
        down if is_top else profile.height - height - down,
    )


def _even(size: Fraction) -> int:
    return max(2, round(size / 2) * 2)
