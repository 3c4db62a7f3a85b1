"""Silent sound."""

import av

from transcode.house import SAMPLE_RATE


def silence(samples: int) -> av.AudioFrame:
    """48 kHz stereo, as the house's encoder takes it."""
    frame = av.AudioFrame("fltp", "stereo", samples)
    frame.sample_rate = SAMPLE_RATE
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    return frame
