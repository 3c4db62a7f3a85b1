"""What benchmarks of channels share: media, processes and their cost, and a receiver that minds the clock."""

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from transcode.house import Profile
from transcode.house_encoder import SOUND_OPTIONS, THREADS, picture_options
from transcode.slate import ensure_slate

LENGTH = 8 * 0.96  # seconds of the media
_ITEMS = 40
_NAMES = {"profile": "profile:v", "level": "level:v"}  # of options that FFmpeg has for sound too
_TIMESTAMPS = getattr(socket, "SO_TIMESTAMPNS", 35)


def media(folder: Path, profile: Profile) -> Path:
    """Moving colours with noise, at some two thirds of the profile's rate; and a tone. Conditioned."""
    source, target = folder / f"{profile.name}.mkv", folder / f"{profile.name}.mp4"
    size = f"{profile.width}x{profile.height}"
    pictures = f"testsrc2=s={size}:r=25:d={LENGTH},noise=alls=6:allf=t"
    command: list[str | Path] = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", pictures]
    command += ["-f", "lavfi", "-i", f"sine=440:r=48000:d={LENGTH}"]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", "-c:a", "flac"]
    subprocess.run([*command, source], check=True)
    condition: list[str | Path] = [sys.executable, "-m", "transcode.conditioner", source, target]
    subprocess.run([*condition, "--profile", profile.name], check=True, stdout=subprocess.DEVNULL)
    return target


def channel(folder: Path, profile: Profile, item: Path, *ports: int) -> list[str]:
    """A channel's process, `item` again and again; its slate is drawn before."""
    folder.mkdir()
    drawn = ensure_slate(item.parent / "slate", profile, "Daris")
    (folder / "out" / "slate").mkdir(parents=True)
    shutil.copy(drawn, folder / "out" / "slate")
    start = datetime.now(UTC) - timedelta(seconds=5)
    items = [
        {
            "programme": str(number),
            "key": str(number),
            "title": "Bench",
            "starts_at": (start + timedelta(seconds=number * LENGTH)).isoformat(),
            "ends_at": (start + timedelta(seconds=(number + 1) * LENGTH)).isoformat(),
            "media": str(item),
        }
        for number in range(_ITEMS)
    ]
    plan = folder / "plan.json"
    plan.write_text(json.dumps({"channel": "bench", "items": items}))
    command = [sys.executable, "-m", "transcode.playout", "--plan", str(plan)]
    command += ["--out", str(folder / "out"), "--profile", profile.name]
    return command + [f"--output=udp://127.0.0.1:{port}" for port in ports]


def ffmpeg(
    folder: Path, profile: Profile, item: Path, port: int, *coding: str, is_paced: bool = True
) -> list[str]:
    """FFmpeg to the same HLS and the same transport stream; `coding` as copied or encoded."""
    folder.mkdir(exist_ok=True)
    rate = str(profile.mux_bps)
    pacing = f"&bitrate={rate}&burst_bits=10528" if is_paced else ""
    url = f"udp://127.0.0.1:{port}?pkt_size=1316{pacing}"
    command = ["ffmpeg", "-v", "error", "-re", "-stream_loop", "-1", "-i", str(item)]
    tee = f"[f=mpegts:muxrate={rate}]{url}|[f=hls:hls_time=3.84:hls_segment_type=fmp4"
    tee += f":hls_flags=delete_segments]{folder / f'{profile.name}.m3u8'}"
    if coding:  # encoded once for both
        return [*command, "-map", "0", *coding, "-flags", "+global_header", "-f", "tee", tee]
    command += ["-map", "0", "-c", "copy", "-f", "mpegts", "-muxrate", rate, url]
    command += ["-map", "0", "-c", "copy", "-f", "hls", "-hls_time", "3.84"]
    command += ["-hls_segment_type", "fmp4", "-hls_flags", "delete_segments"]
    return [*command, str(folder / f"{profile.name}.m3u8")]


def encoding(profile: Profile) -> tuple[str, ...]:
    """As the house encoder does it, which is what a playout that encodes on air would have to do."""
    options = picture_options(profile) | SOUND_OPTIONS | {"b:a": str(profile.audio_bps)}
    told = (
        part for name, value in options.items() for part in (f"-{_NAMES.get(name, name)}", value)
    )
    return ("-c:v", "libx264", "-threads:v", str(THREADS), "-c:a", "aac", *told)


def monitor(folder: Path, port: int) -> list[str]:
    """What watches a channel, receiving on `port`."""
    command = [sys.executable, "-m", "transcode.monitor", "--port", str(port)]
    return [*command, "--folder", str(folder)]


@contextmanager
def children() -> Iterator["Start"]:
    """Processes that end with the block."""
    start = Start()
    try:
        yield start
    finally:
        for process in start.started:
            process.kill()
            process.communicate()


class Start:
    def __init__(self) -> None:
        self.started: list[subprocess.Popen[bytes]] = []

    def __call__(self, command: Sequence[str]) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,  # what ends with its standard input does so with us
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.started.append(process)
        return process


class Receiver:
    """Notes each PCR and when the kernel got it, on a thread of its own."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, _TIMESTAMPS, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._seen: list[tuple[float, float]] = []
        threading.Thread(target=self._run, daemon=True).start()

    def forget(self) -> None:
        """What came so far."""
        self._seen = []

    def spread_ms(self) -> float:
        """Each PCR's arrival less its value: how far the earliest and the latest are apart."""
        if not self._seen:
            return float("nan")
        late = [arrival - value for arrival, value in self._seen]
        return 1000 * (max(late) - min(late))

    def programme_seconds(self) -> float:
        """How much of the programme came, by its own clock: less than passed where a sender is starved."""
        values = [value for _, value in self._seen]
        return max(values) - min(values) if values else float("nan")

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


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
