"""Slides that change, drawn with all that moves on a screen without being a new slide."""

import random
from functools import cache

import av
import pytest

from bench import clips
from transcode import finisher, jobs, slides
from transcode.slides import HEIGHT, WIDTH, Shot, changes, grey

SIZE = (640, 360)
EVERY_MS = 2_000

Drawing = list[bytearray]


def blank(shade: int = 245) -> Drawing:
    return [bytearray([shade]) * SIZE[0] for _ in range(SIZE[1])]


def box(drawing: Drawing, left: int, top: int, width: int, height: int, shade: int) -> None:
    for row in drawing[top : top + height]:
        row[left : left + width] = bytes([shade]) * width


def slide(number: int, *, lines: int = 6, paper: int = 245, ink: int = 30) -> Drawing:
    """A bar that all slides have, a heading, and lines of words."""
    drawing, chance = blank(paper), random.Random(number)
    box(drawing, 0, 0, SIZE[0], 14, 90)
    for line in range(lines + 1):
        left, top = 40, 36 + 44 * line
        while left < chance.randint(250, 560):
            width = chance.randint(8, 60)
            box(drawing, left, top, width, 14 if line else 24, ink)
            left += width + chance.randint(8, 16)
    return drawing


def faded(before: Drawing, after: Drawing, share: float) -> Drawing:
    return [
        bytearray(round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
        for one, other in zip(before, after, strict=True)
    ]


def with_cursor(drawing: Drawing, number: int) -> Drawing:
    copied = [bytearray(row) for row in drawing]
    box(copied, (97 * number) % 600, (61 * number) % 330, 14, 20, 0)
    return copied


def with_video(drawing: Drawing, number: int) -> Drawing:
    """Somebody who moves, in a quarter of the picture."""
    copied, chance = [bytearray(row) for row in drawing], random.Random(1_000 + number)
    for row in range(12):
        for column in range(16):
            box(copied, 430 + 13 * column, 200 + 13 * row, 13, 13, chance.randint(0, 255))
    return copied


def shots(drawings: list[Drawing]) -> list[Shot]:
    """With the noise of a coder."""
    found = []
    for number, drawing in enumerate(drawings):
        picture = av.VideoFrame(*SIZE, "gray")
        picture.planes[0].update(b"".join(noisy(bytes(row)) for row in drawing))
        found.append(Shot(number * EVERY_MS, grey(picture)))
    return found


@cache
def noisy(row: bytes) -> bytes:
    chance = random.Random(len(row))
    return bytes(min(255, shade + chance.choice((0, 0, 1, 2, 3))) for shade in row)


def held(*drawings: Drawing, pictures: int = 8) -> list[Drawing]:
    return [drawing for drawing in drawings for _ in range(pictures)]


THREE = [0, 8 * EVERY_MS, 16 * EVERY_MS]


@pytest.mark.parametrize(
    "adorned",
    [lambda drawing, _: drawing, with_cursor, with_video],
    ids=["plain", "cursor", "video"],
)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_each_slide_is_found_where_it_begins(adorned, dark):
    colours = {"paper": 25, "ink": 225} if dark else {}
    drawings = held(*(slide(number, **colours) for number in (1, 2, 3)))
    assert changes(shots([adorned(one, n) for n, one in enumerate(drawings)])) == THREE


def test_a_fade_is_one_change_and_begins_where_it_begins():
    one, two = slide(1), slide(2)
    drawings = [*held(one), faded(one, two, 0.3), faded(one, two, 0.8), *held(two)]
    [first, second] = changes(shots(drawings))
    assert first == 0
    assert 8 * EVERY_MS <= second <= 10 * EVERY_MS


def test_bullets_that_come_one_by_one_are_one_slide():
    built = [slide(1, lines=lines) for lines in (2, 3, 4, 5, 6)]
    assert changes(shots(held(*built))) == [0]


def test_what_is_shown_for_a_moment_is_no_slide():
    assert changes(shots([*held(slide(1)), slide(2), *held(slide(1))])) == [0]


def test_a_slide_that_comes_back_is_one_again():
    assert changes(shots(held(slide(1), slide(2), slide(1)))) == THREE


def test_a_video_all_over_the_screen_is_no_row_of_slides():
    def noise(number: int) -> Drawing:
        chance, drawing = random.Random(number), blank()
        for row in range(18):
            for column in range(32):
                box(drawing, 20 * column, 20 * row, 20, 20, chance.randint(0, 255))
        return drawing

    found = changes(shots([*held(slide(1)), *map(noise, range(30)), *held(slide(2))]))
    assert len(found) <= 3
    assert found[-1] >= 37 * EVERY_MS


def test_no_picture_has_no_slide():
    assert changes([]) == []
    assert changes([Shot(7, bytes(WIDTH * HEIGHT))]) == [7]


def test_of_a_recording_the_screen_is_looked_at(tmp_path, record):
    """Two pictures, each of six seconds; the camera was there before."""
    first, second = (clips.video(6, starts=at, shade=shade) for at, shade in ((2, 0), (8, 150)))
    recorded = record(camera=clips.video(14), screen=[*first, *second], voice=clips.voice(14))
    assert finisher.finish(recorded) == []
    assert jobs.waiting(recorded) == []
    found = slides.read(recorded).at_ms
    assert found == (2_000, 8_000)
