"""A WHIP encoder to run as a process of its own: PyAV holds the interpreter while it connects.

encoder.py ADDRESS CERTIFICATE KEY FRAMES
"""

import math
import struct
import sys
import time
from fractions import Fraction

import av

RATE = 25


def main(address, certificate, key, frames):
    """Moving picture and a tone, in real time."""
    options = {"cert_file": certificate, "key_file": key}
    with av.open(address, "w", format="whip", options=options) as out:
        video = out.add_stream("libx264", rate=RATE)
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        video.options = {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline"}
        audio = out.add_stream("libopus", rate=48_000, layout="stereo")
        start = time.monotonic()
        for n in range(int(frames)):
            out.mux(video.encode(picture(n)))
            out.mux(audio.encode(sound(n)))
            time.sleep(max(0, start + n / RATE - time.monotonic()))


def picture(n):
    frame = av.VideoFrame(320, 180, "yuv420p")
    for plane in frame.planes:
        plane.update(bytes([n * 3 % 256]) * plane.buffer_size)
    frame.pts, frame.time_base = n, Fraction(1, RATE)
    return frame


def sound(n):
    frame = av.AudioFrame("s16", "stereo", 1920)
    tone = (int(9000 * math.sin(at * 0.06)) for at in range(1920))
    frame.planes[0].update(b"".join(struct.pack("<hh", value, value) for value in tone))
    frame.sample_rate, frame.pts, frame.time_base = 48_000, n * 1920, Fraction(1, 48_000)
    return frame


if __name__ == "__main__":
    main(*sys.argv[1:])
