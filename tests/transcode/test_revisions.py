"""Positions that were noted before the recording was cut, or cut otherwise."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from bench import clips
from transcode.edition import AS_TAKEN, Cut
from transcode.library import Library
from transcode.revisions import Played, Revisions

EPOCH = datetime(2026, 9, 7, 4, 0, tzinfo=UTC)
LECTURE = UUID(int=7)


def at(minutes: float) -> datetime:
    return EPOCH + timedelta(minutes=minutes)


@pytest.fixture
def revisions() -> Revisions:
    """1: the first ten seconds are cut. 2: also those from 30 to 50 of uncut time."""
    changed_at = [at(1), at(2)]
    played = {1: Played([(10_000, 90_000)]), 2: Played([(10_000, 30_000), (50_000, 90_000)])}
    return Revisions(changed_at, played)


@pytest.mark.parametrize(
    ("revision", "before", "after"),
    [
        (0, 5_000, 0),  # is cut now
        (0, 10_000, 0),
        (0, 25_000, 15_000),
        (0, 40_000, 20_000),  # is cut now
        (0, 60_000, 30_000),
        (1, 0, 0),
        (1, 15_000, 15_000),
        (1, 50_000, 30_000),
        (2, 25_000, 25_000),
        (7, 60_000, 30_000),  # was never cut, as far as is known
    ],
)
def test_a_position_stays_at_its_moment(revisions, revision, before, after):
    assert revisions.position(before, revision) == after


def test_what_was_watched_stays_watched(revisions):
    assert revisions.spans([(0, 20_000), (35_000, 45_000), (45_000, 60_000)], 0) == [
        (0, 10_000),
        (20_000, 30_000),
    ]
    assert revisions.spans([(15_000, 45_000)], 1) == [(15_000, 25_000)]


def test_what_was_watched_across_a_cut_is_two_stretches_once_the_cut_is_gone():
    undone = Revisions([at(1), at(2)], {1: Played([(10_000, 30_000), (50_000, 90_000)])})
    assert undone.spans([(15_000, 25_000)], 1) == [(25_000, 30_000), (50_000, 55_000)]
    assert undone.spans([(20_000, 25_000)], 1) == [(50_000, 55_000)]
    assert undone.position(20_000, 1) == 50_000


def test_the_revision_of_a_moment_is_the_newest_then(revisions):
    assert [revisions.at(at(minutes)) for minutes in (0, 1, 1.5, 9)] == [0, 1, 1, 2]


def test_of_a_recording_it_is_what_its_playlists_play(tmp_path):
    library = Library(tmp_path)
    opened = library.open_recording(LECTURE, EPOCH, post=lambda call: call())
    clips.record(opened, 20, gop=25)
    cuts = (Cut(0, 2_000), Cut(7_000, 12_000))
    library.edit(LECTURE, msgspec.structs.replace(AS_TAKEN, at=at(1), cuts=cuts))
    found = library.find(LECTURE)
    assert found
    revisions = Revisions.read(tmp_path / str(LECTURE))
    uncut_ms = found.uncut // timedelta(milliseconds=1)
    played_ms = found.duration // timedelta(milliseconds=1)
    assert revisions.length(1, uncut_ms) == pytest.approx(played_ms, abs=1)
    assert revisions.length(0, uncut_ms) == uncut_ms
    assert revisions.position(5_000, 0) == 3_000
    assert revisions.position(16_000, 0) == played_ms - (uncut_ms - 16_000)
