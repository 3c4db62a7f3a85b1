"""An encoder that publishes by WHIP: FFmpeg's muxer in a process of its own, with its own certificate.

`python -m bench.encoder ADDRESS [--token TOKEN] [--seconds S | --file FILE]`. PyAV holds the
interpreter while it connects, so it can't share a process with the server. It prints a line once
media flows.
"""

import argparse
import datetime as dt
import math
import struct
import sys
import time
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

RATE = 25
ON_AIR_AFTER = 0.2  # seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--token", default="")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--file", help="H.264 without B-frames and Opus, sent as it is")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        whip = own_certificate(Path(folder))
        if options.token:
            whip["authorization"] = options.token
        with av.open(options.address, "w", format="whip", options=whip) as out:
            if options.file:
                _play(options.file, out)
            else:
                _draw(options.seconds, out)


def own_certificate(folder: Path) -> dict[str, str]:
    """FFmpeg's own one does not get on with our DTLS; WebRTC wants prime256v1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "encoder")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    files = {"cert_file": folder / "certificate.pem", "key_file": folder / "key.pem"}
    files["cert_file"].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files["key_file"].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return {name: str(path) for name, path in files.items()}


def _play(path: str, out: Any) -> None:
    """The file's packets, in real time."""
    with av.open(path) as file:
        streams = {s.index: out.add_stream_from_template(s) for s in file.streams}
        out.start_encoding()  # connects: what waited for that would come in one go
        pace = _Pace()
        for packet in file.demux():
            if packet.dts is None:
                continue
            assert packet.time_base is not None
            pace.wait(float(packet.dts * packet.time_base))
            packet.stream = streams[packet.stream.index]
            out.mux(packet)


def _draw(seconds: float, out: Any) -> None:
    """A moving picture and a tone, in real time."""
    video = out.add_stream("libx264", rate=RATE)
    video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
    video.options = {"preset": "ultrafast", "tune": "zerolatency", "g": "25", "profile": "baseline"}
    audio = out.add_stream("libopus", rate=48_000, layout="stereo")
    pace = _Pace()
    for number in range(int(seconds * RATE)):
        pace.wait(number / RATE)
        out.mux(video.encode(_picture(number)))
        out.mux(audio.encode(_sound(number)))


class _Pace:
    """Real time, from the first wait on."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._is_told = False

    def wait(self, at: float) -> None:
        """Until `at` seconds; says once that media flows."""
        time.sleep(max(0, self._began + at - time.monotonic()))
        if at >= ON_AIR_AFTER and not self._is_told:
            self._is_told = True
            sys.stdout.write("on air\n")
            sys.stdout.flush()


def _picture(number: int) -> av.VideoFrame:
    frame = av.VideoFrame(320, 180, "yuv420p")
    for plane in frame.planes:
        plane.update(bytes([number * 3 % 256]) * plane.buffer_size)
    frame.pts, frame.time_base = number, Fraction(1, RATE)
    return frame


def _sound(number: int) -> av.AudioFrame:
    frame = av.AudioFrame("s16", "stereo", 1920)
    tone = (int(9000 * math.sin(at * 0.06)) for at in range(1920))
    frame.planes[0].update(b"".join(struct.pack("<hh", value, value) for value in tone))
    frame.sample_rate, frame.pts, frame.time_base = 48_000, number * 1920, Fraction(1, 48_000)
    return frame


if __name__ == "__main__":
    main()
