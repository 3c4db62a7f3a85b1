"""One picture of a recording, for shelves: what the programme showed a tenth into it."""

import io
from fractions import Fraction
from pathlib import Path
from typing import Final

import av

from transcode import manifest, shelf
from transcode.contents import Contents
from transcode.extras import POSTER
from transcode.rungs import PROGRAMME
from transcode.segments import Segment
from transcode.store import media_file, read_stretch

_SHARE: Final = Fraction(1, 10)
_WIDTH: Final = 640
_QUALITY: Final = "4"  # quantizer; 2 is the finest


def make(folder: Path) -> None:
    """Write poster.jpg."""
    programme = shelf.kept(shelf.load(folder)[PROGRAMME])
    segment = _chosen(programme)
    inits = {init.number: init for init in programme.inits}
    media = inits[segment.init].data + read_stretch(folder, segment.stretch)
    with av.open(io.BytesIO(media), "r") as container:
        picture = next(container.decode(video=0))
    width = min(_WIDTH, picture.width)
    height = picture.height * width // picture.width
    scaled = picture.reformat(width, height, "yuvj420p", interpolation="BICUBIC")
    manifest.replace(folder / POSTER, jpeg(scaled))


def _chosen(programme: Contents) -> Segment:
    """The first one there that is a picture of somebody, not a still of ours, if there is one."""
    segments = [segment for segment in programme.segments if segment.is_independent]
    begins = segments[0].starts
    at = begins + (programme.ends - begins) * _SHARE
    later = [segment for segment in segments if segment.ends > at] or segments
    sent = [segment for segment in later if segment.stretch.file != media_file(PROGRAMME)]
    return (sent or later)[0]


def jpeg(picture: av.VideoFrame) -> bytes:
    """Of a picture in yuvj420p."""
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height = picture.width, picture.height
    encoder.pix_fmt = "yuvj420p"
    encoder.time_base = Fraction(1, 25)
    encoder.options = {"qmin": _QUALITY, "qmax": _QUALITY}
    picture.pts = 0
    return b"".join(bytes(packet) for packet in [*encoder.encode(picture), *encoder.encode(None)])
