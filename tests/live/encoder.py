"""FFmpeg's WHIP muxer as an encoder in a process of its own: ADDRESS TOKEN CERTIFICATE KEY SECONDS.

It writes a line once media flows. FFmpeg's own certificate does not get on with our DTLS.
"""

import math
import struct
import sys
import time
from fractions import Fraction

import av

RATE = 25


def publish(address, token, cert_file, key_file, seconds):
    options = {"authorization": token, "cert_file": cert_file, "key_file": key_file}
    with av.open(address, "w", format="whip", options=options) as out:
        video = out.add_stream("libx264", rate=RATE)
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        video.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "g": "25",
            "profile": "baseline",
        }
        audio = out.add_stream("libopus", rate=48_000, layout="stereo")
        start = time.monotonic()
        for n in range(int(seconds * RATE)):
            out.mux(video.encode(picture(n)))
            out.mux(audio.encode(sound(n)))
            if n == 5:
                sys.stdout.write("on air\n")
                sys.stdout.flush()
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
    publish(*sys.argv[1:5], float(sys.argv[5]))
