"""VP8 from browsers without H.264, made into H.264 by a child process.

Decoding what strangers sent happens apart, nicely and with limits: a frame that crashes the
decoder ends the child, not the lecture; it is started again with the next key frame.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from resource import RLIMIT_AS, RLIMIT_CORE, setrlimit
from struct import Struct as Layout
from typing import IO, Final

import av
import structlog
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame

from transcode import h264
from transcode.access_unit import VIDEO_TIMESCALE, AccessUnit

_HEAD: Final = Layout(">qBI")  # pts, is a key frame, size of what follows
_MOST_WAITING: Final = 24  # frames in the child; more, and it does not keep up
_LARGEST: Final = 8 << 20  # bytes of a frame
_KEY_EVERY: Final = 2 * VIDEO_TIMESCALE
_MEMORY: Final = 2 << 30  # bytes of address space
_NICENESS: Final = 10
_DRAIN_SECONDS: Final = 3.0

log = structlog.get_logger()


class Vp8Rescue:
    """One track of VP8 to H.264. `push` and `close` belong to one thread, `deliver` is called
    on another. When the child falls behind, frames are dropped up to the next key frame."""

    def __init__(self, deliver: Callable[[AccessUnit], None]) -> None:
        self.dropped = 0
        self.wants_key = True
        self._deliver = deliver
        self._child: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._waiting = threading.Semaphore(_MOST_WAITING)

    def push(self, unit: AccessUnit) -> None:
        """Take one VP8 frame."""
        if self.wants_key and not unit.is_key:
            self.dropped += 1
            return
        if self._child is None or self._child.poll() is not None:
            self._start()
        if not self._waiting.acquire(blocking=False):
            self._drop()
            return
        try:
            self._send(unit)
        except BrokenPipeError:
            log.warning("transcode.vp8_child_died")
            self.close()
            self._drop()

    def close(self) -> None:
        """Give away what is in the child and end it."""
        child, reader, self._child, self._reader = self._child, self._reader, None, None
        if child is None or reader is None or child.stdin is None:
            return
        with suppress(OSError):
            child.stdin.close()
        reader.join(_DRAIN_SECONDS)
        child.kill()
        child.wait()
        reader.join()

    def _start(self) -> None:
        self.close()
        self._waiting = threading.Semaphore(_MOST_WAITING)
        self._child = subprocess.Popen(
            [sys.executable, "-m", "transcode.vp8"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        self._reader = threading.Thread(
            target=self._read, args=(self._child.stdout, self._waiting), name="vp8", daemon=True
        )
        self._reader.start()

    def _send(self, unit: AccessUnit) -> None:
        assert self._child
        assert self._child.stdin
        self._child.stdin.write(_HEAD.pack(unit.pts, unit.is_key, len(unit.data)) + unit.data)
        self._child.stdin.flush()
        self.wants_key = False

    def _drop(self) -> None:
        self.dropped += 1
        self.wants_key = True

    def _read(self, output: IO[bytes], waiting: threading.Semaphore) -> None:
        """An answer for each frame; an empty one says that it could not be decoded."""
        with output:
            for unit in _units(output):
                waiting.release()
                if unit.data:
                    self._deliver(unit)
                else:
                    self.wants_key = True


class _Recoder:
    """The child's work: one decoder, one encoder for each picture size."""

    def __init__(self) -> None:
        self._decoder = av.CodecContext.create("vp8", "r")
        self._encoder: VideoCodecContext | None = None
        self._keyed_at = 0

    def recode(self, unit: AccessUnit) -> AccessUnit:
        """One access unit of H.264; empty if the frame shows nothing."""
        data = b""
        packet = av.Packet(unit.data)
        for frame in self._decoder.decode(packet):
            data += b"".join(self._encode(frame, unit.pts))
        return AccessUnit(data, unit.pts, VIDEO_TIMESCALE, h264.is_key(data))

    def _encode(self, frame: VideoFrame, pts: int) -> Iterator[bytes]:
        size = frame.width & ~1, frame.height & ~1
        if self._encoder is None or (self._encoder.width, self._encoder.height) != size:
            self._encoder = _encoder(*size)
            self._keyed_at = pts - _KEY_EVERY
        even = frame.reformat(width=size[0], height=size[1], format="yuv420p")
        even.pts, even.time_base = pts, Fraction(1, VIDEO_TIMESCALE)
        even.pict_type = PictureType.NONE
        if pts - self._keyed_at >= _KEY_EVERY:
            even.pict_type = PictureType.I
            self._keyed_at = pts
        yield from map(bytes, self._encoder.encode(even))


def _encoder(width: int, height: int) -> VideoCodecContext:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height = width, height
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = Fraction(1, VIDEO_TIMESCALE)
    encoder.framerate = Fraction(30)
    encoder.thread_count = 1
    encoder.options = {
        "preset": "superfast",
        "tune": "zerolatency",
        "profile": "baseline",
        "crf": "24",
        "maxrate": "2M",
        "bufsize": "2M",
        "forced-idr": "1",
        "x264-params": "keyint=infinite:scenecut=0:repeat-headers=1:annexb=1",
    }
    return encoder


def _units(source: IO[bytes]) -> Iterator[AccessUnit]:
    while len(head := source.read(_HEAD.size)) == _HEAD.size:
        pts, is_key, size = _HEAD.unpack(head)
        if size > _LARGEST or len(data := source.read(size)) < size:
            return
        yield AccessUnit(data, pts, VIDEO_TIMESCALE, bool(is_key))


def _main() -> None:
    os.nice(_NICENESS)
    setrlimit(RLIMIT_AS, (_MEMORY, _MEMORY))
    setrlimit(RLIMIT_CORE, (0, 0))
    recoder = _Recoder()
    for unit in _units(sys.stdin.buffer):
        try:
            made = recoder.recode(unit)
        except av.FFmpegError:
            made = AccessUnit(b"", unit.pts, VIDEO_TIMESCALE, is_key=False)
        sys.stdout.buffer.write(_HEAD.pack(made.pts, made.is_key, len(made.data)) + made.data)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    _main()
