from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from transcode.house import (
    AAC_FRAME_SAMPLES,
    AAC_FRAMES_PER_SLOT,
    FRAME_RATE,
    FRAMES_PER_SLOT,
    SAMPLE_RATE,
    SLOT,
    SLOT_SECONDS,
    slot_at,
    slot_from,
    slots_in,
    start_of,
)

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def test_a_slot_is_whole_in_pictures_and_in_sound():
    assert Fraction(FRAMES_PER_SLOT, FRAME_RATE) == SLOT_SECONDS
    assert Fraction(AAC_FRAMES_PER_SLOT * AAC_FRAME_SAMPLES, SAMPLE_RATE) == SLOT_SECONDS


@given(MOMENTS)
def test_every_moment_lies_in_its_slot(moment):
    slot = slot_at(moment)
    assert start_of(slot) <= moment < start_of(slot + 1)


@given(MOMENTS)
def test_a_programme_begins_less_than_a_slot_late_and_never_early(moment):
    assert timedelta() <= start_of(slot_from(moment)) - moment < SLOT


def test_a_day_is_a_whole_number_of_slots():
    assert (
        slot_at(datetime(2026, 9, 8, tzinfo=UTC)) - slot_at(datetime(2026, 9, 7, tzinfo=UTC))
        == 90_000
    )


@given(st.fractions(min_value=0, max_value=100_000))
def test_media_is_padded_by_less_than_a_slot(seconds):
    slots = slots_in(seconds)
    assert 0 <= slots * SLOT_SECONDS - seconds < SLOT_SECONDS or slots == 1
