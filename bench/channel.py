"""What a channel costs on air: `python -m bench.channel [--json] [--channels N]`.

Conditioned 720p25 media is passed through as HLS and as a paced transport stream at constant bitrate; beside
it, in the same seconds, `ffmpeg -re -c copy` does the same. Both streams are received over the loopback,
and the arrival of each program clock reference is compared with its value.
"""

import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.report import arguments, show
from transcode.house import PROFILES
from transcode.slate import ensure_slate

PROFILE = PROFILES["720p25"]
LENGTH = 8 * 0.96  # seconds of the media
SETTLE, MEASURE = 5.0, 12.0  # seconds
MEANINGS = {
    "cpu_percent": "of a core, one channel: passthrough to HLS and paced CBR UDP",
    "ffmpeg_copy_cpu_percent": "of a core: ffmpeg -re -c copy to HLS and CBR UDP, in the same seconds",
    "pcr_spread_ms": "latest minus earliest arrival of a PCR, the start included, worst channel",
    "ffmpeg_pcr_spread_ms": "the same for ffmpeg with bitrate= and burst_bits=",
    "channels": "that ran at once",
}
_TIMESTAMPS = getattr(socket, "SO_TIMESTAMPNS", 35)


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--channels", type=int, default=1)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        figures = _measure(Path(folder), options.channels)
    show("Channel", figures, MEANINGS, as_json=options.json)


def _measure(folder: Path, channels: int) -> dict[str, float | None]:
    media = _media(folder)
    receivers = [_Receiver() for _ in range(channels)]
    beside = _Receiver()
    with _children() as start:
        # The slate is drawn before anything is measured.
        ours = [start(_channel(folder / f"c{n}", media, r.port)) for n, r in enumerate(receivers)]
        theirs = start(_ffmpeg(folder, media, beside.port))
        time.sleep(SETTLE)
        before = [_cpu_seconds(process.pid) for process in (*ours, theirs)]
        time.sleep(MEASURE)
        after = [_cpu_seconds(process.pid) for process in (*ours, theirs)]
    used = [100 * (late - early) / MEASURE for early, late in zip(before, after, strict=True)]
    return {
        "cpu_percent": round(sum(used[:-1]) / channels, 2),
        "ffmpeg_copy_cpu_percent": round(used[-1], 2),
        "pcr_spread_ms": round(max(receiver.spread_ms() for receiver in receivers), 2),
        "ffmpeg_pcr_spread_ms": round(beside.spread_ms(), 2),
        "channels": channels,
    }


def _media(folder: Path) -> Path:
    """Moving colours with noise, at about two megabits a second; and a tone."""
    source, target = folder / "source.mkv", folder / "media.mp4"
    size = f"{PROFILE.width}x{PROFILE.height}"
    pictures = f"testsrc2=s={size}:r=25:d={LENGTH},noise=alls=6:allf=t"
    command: list[str | Path] = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", pictures]
    command += ["-f", "lavfi", "-i", f"sine=440:r=48000:d={LENGTH}"]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", "-c:a", "flac"]
    subprocess.run([*command, source], check=True)
    condition: list[str | Path] = [sys.executable, "-m", "transcode.conditioner", source, target]
    subprocess.run([*condition, "--profile", PROFILE.name], check=True, stdout=subprocess.DEVNULL)
    return target


def _channel(folder: Path, media: Path, port: int) -> list[str]:
    folder.mkdir()
    ensure_slate(folder / "out" / "slate", PROFILE, "Daris")
    start = datetime.now(UTC) - timedelta(seconds=5)
    items = [
        {
            "programme": str(number),
            "key": str(number),
            "title": "Bench",
            "starts_at": (start + timedelta(seconds=number * LENGTH)).isoformat(),
            "ends_at": (start + timedelta(seconds=(number + 1) * LENGTH)).isoformat(),
            "media": str(media),
        }
        for number in range(20)
    ]
    plan = folder / "plan.json"
    plan.write_text(json.dumps({"channel": "bench", "items": items}))
    command = [sys.executable, "-m", "transcode.playout", "--plan", str(plan)]
    command += ["--out", str(folder / "out"), "--profile", PROFILE.name]
    return [*command, "--output", f"udp://127.0.0.1:{port}"]


def _ffmpeg(folder: Path, media: Path, port: int) -> list[str]:
    rate = str(PROFILE.mux_bps)
    url = f"udp://127.0.0.1:{port}?pkt_size=1316&bitrate={rate}&burst_bits=10528"
    command = ["ffmpeg", "-v", "error", "-re", "-stream_loop", "-1", "-i", str(media)]
    command += ["-map", "0", "-c", "copy", "-f", "mpegts", "-muxrate", rate, url]
    command += ["-map", "0", "-c", "copy", "-f", "hls", "-hls_time", "3.84"]
    command += ["-hls_segment_type", "fmp4", "-hls_flags", "delete_segments"]
    return [*command, str(folder / "ffmpeg.m3u8")]


@contextmanager
def _children() -> Iterator["_Start"]:
    start = _Start()
    try:
        yield start
    finally:
        for process in start.started:
            process.kill()
            process.wait()


class _Start:
    def __init__(self) -> None:
        self.started: list[subprocess.Popen[bytes]] = []

    def __call__(self, command: Sequence[str]) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        self.started.append(process)
        return process


class _Receiver:
    """Notes each PCR and when the kernel got it, on a thread of its own."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, _TIMESTAMPS, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._seen: list[tuple[float, float]] = []
        threading.Thread(target=self._run, daemon=True).start()

    def spread_ms(self) -> float:
        """Each PCR's arrival less its value: how far the earliest and the latest are apart."""
        if not self._seen:
            return float("nan")
        late = [arrival - value for arrival, value in self._seen]
        return 1000 * (max(late) - min(late))

    def _run(self) -> None:
        while True:
            datagram, extra, *_ = self._socket.recvmsg(2048, 64)
            seconds, nanoseconds = struct.unpack("qq", extra[0][2])
            arrival = seconds + nanoseconds / 1e9
            self._seen.extend((arrival, value) for value in _clocks(datagram))


def _clocks(datagram: bytes) -> Iterator[float]:
    for at in range(0, len(datagram), 188):
        packet = datagram[at : at + 188]
        if packet[3] & 0x20 and packet[4] and packet[5] & 0x10:
            field = int.from_bytes(packet[6:12])
            yield ((field >> 15) * 300 + (field & 0x1FF)) / 27e6


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
