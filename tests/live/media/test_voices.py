"""Who is heard when many microphones are open, and who speaks."""

from uuid import UUID

from live.loudness import Loudness
from live.voices import Voices

PEOPLE = [UUID(int=n) for n in range(10)]
LOUD, QUIET = 100.0, 20.0


def levels(**loud):
    return {person: loud.get(f"p{at}", QUIET) for at, person in enumerate(PEOPLE)}


def numbers(tracks):
    return {PEOPLE.index(track) for track in tracks}


def test_as_many_as_there_is_room_for_are_heard_and_the_loudest_are_among_them():
    voices = Voices(3)
    voices.look(levels(p7=LOUD, p8=LOUD - 5), 0)
    assert len(voices.heard) == 3
    assert {7, 8} <= numbers(voices.heard)
    assert numbers(voices.speaking) == {7, 8}
    assert voices.speaking[0] == PEOPLE[7]


def test_everybody_is_heard_while_there_is_room():
    voices = Voices(10)
    voices.look(levels(), 0)
    assert voices.heard == frozenset(PEOPLE)
    assert voices.speaking == ()


def test_who_pauses_for_a_breath_stays_heard_and_speaking():
    voices = Voices(1)
    voices.look(levels(p1=LOUD), 0)
    assert not voices.look(levels(), 0.5)
    voices.look(levels(p2=75.0), 0.6)
    assert numbers(voices.heard) == {1}
    assert numbers(voices.speaking) == {1, 2}
    voices.look(levels(p2=90.0), 3)
    assert numbers(voices.heard) == {2}


def test_two_who_are_alike_do_not_take_turns():
    voices = Voices(1)
    voices.look(levels(p1=90.0), 0)
    for tenth in range(1, 50):
        wobble = 3 if tenth % 2 else -3
        voices.look(levels(p1=90.0 - wobble, p2=90.0 + wobble), tenth / 10)
        assert numbers(voices.heard) == {1}


def test_a_publisher_that_tells_no_level_is_heard_beside_the_others():
    voices = Voices(1)
    voices.look({PEOPLE[0]: None, PEOPLE[1]: LOUD, PEOPLE[2]: QUIET}, 0)
    assert numbers(voices.heard) == {0, 1}


def test_a_track_that_went_is_forgotten():
    voices = Voices(2)
    voices.look(levels(p1=LOUD), 0)
    assert voices.look({PEOPLE[2]: QUIET}, 0.1)
    assert numbers(voices.heard) == {2}
    assert voices.speaking == ()


def test_loudness_rises_within_a_syllable_and_falls_within_a_second():
    loudness = Loudness()
    assert loudness.at(0) is None
    for packet in range(10):
        loudness.note(30, packet * 0.02)
    assert loudness.at(0.2) > 90
    for packet in range(50):
        loudness.note(127, 0.2 + packet * 0.02)
    assert loudness.at(1.2) < 20


def test_who_sends_nothing_grows_silent():
    loudness = Loudness()
    for packet in range(50):
        loudness.note(30, packet * 0.02)
    assert loudness.at(1.0) > 90
    assert loudness.at(3.0) == 0
