import av
import pytest

from transcode.still import still


def decoded(data: bytes) -> av.VideoFrame:
    decoder = av.CodecContext.create("h264", "r")
    frames = decoder.decode(av.Packet(data)) + decoder.decode(None)
    assert len(frames) == 1
    return frames[0]


@pytest.mark.parametrize("size", [(32, 32), (640, 368), (1920, 1088)])
def test_a_still_is_one_flat_picture(size):
    frame = decoded(still(*size, colour=(28, 100, 150)))
    assert (frame.width, frame.height) == size
    planes = [set(bytes(plane)[: plane.width]) for plane in frame.planes]
    assert planes == [{28}, {100}, {150}]


def test_a_still_takes_about_a_byte_a_macroblock():
    assert len(still(640, 368)) < 640 * 368 // 256 + 500


@pytest.mark.parametrize("size", [(16, 32), (33, 32), (4096, 2304)])
def test_impossible_sizes_are_refused(size):
    with pytest.raises(ValueError, match="a still"):
        still(*size)
