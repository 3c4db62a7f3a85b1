"""The storyboard: small pictures on one sheet, and when each is."""

from datetime import UTC, datetime
from uuid import UUID

import av
import msgspec
import pytest

from bench import clips
from transcode import storyboard
from transcode.edition import AS_TAKEN, Cut
from transcode.library import Library

EPOCH = datetime(2026, 9, 7, 4, 0, tzinfo=UTC)
LECTURE = UUID(int=7)


@pytest.fixture
def library(tmp_path) -> Library:
    library = Library(tmp_path)
    opened = library.open_recording(LECTURE, EPOCH, post=lambda call: call())
    clips.record(opened, 30, gop=25)
    return library


def made(library) -> list[tuple[float, float, str]]:
    folder = library.find(LECTURE).folder
    storyboard.make(folder)
    with av.open(folder / "storyboard.vtt") as cues:
        return [
            (
                float(cue.pts * cue.time_base),
                float(cue.duration * cue.time_base),
                bytes(cue).decode(),
            )
            for cue in cues.demux(subtitles=0)
            if cue.pts is not None
        ]


def test_each_picture_has_its_time_and_its_place(library):
    cues = made(library)
    assert [starts for starts, _, _ in cues] == [0, 6, 12, 18, 24]
    assert [length for _, length, _ in cues] == pytest.approx([6, 6, 6, 6, 6], abs=0.1)
    assert [text for _, _, text in cues][1] == "storyboard.jpg#xywh=160,0,160,90"
    with av.open(library.find(LECTURE).folder / "storyboard.jpg") as sheet:
        picture = next(sheet.decode(video=0))
    assert (picture.width, picture.height) == (5 * 160, 90)
    luma = memoryview(picture.planes[0])
    assert len({bytes(luma[x : x + 160]) for x in range(0, 800, 160)}) > 1


def test_it_follows_the_cuts(library):
    library.edit(LECTURE, msgspec.structs.replace(AS_TAKEN, cuts=(Cut(4_000, 22_000),)))
    assert [starts for starts, _, _ in made(library)] == [0, 6]
