"""The voice of a recording, decoded to mono. In a child process: browsers sent it."""

from collections.abc import Iterable, Iterator, Sequence

import av

from transcode.access_unit import AUDIO_TIMESCALE
from transcode.vod import Extent, ExtentReader

Sound = tuple[int, av.AudioFrame]  # samples since the epoch, of 48 kHz


def decoded(
    runs: Iterable[Sequence[Extent]], *, sample_format: str = "fltp", rate: int = AUDIO_TIMESCALE
) -> Iterator[Sound]:
    """What is damaged is left out."""
    for run in runs:
        mono = av.AudioResampler(format=sample_format, layout="mono", rate=rate)
        with ExtentReader(run) as file, av.open(file, "r") as container:
            for packet in container.demux(audio=0):
                for frame in _frames(packet):
                    at = frame.pts or 0
                    for resampled in mono.resample(frame):
                        yield at, resampled


def _frames(packet: "av.Packet[av.AudioStream]") -> list[av.AudioFrame]:
    try:
        return packet.decode()
    except av.FFmpegError:
        return []
