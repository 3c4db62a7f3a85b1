from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from transcode.si import (
    Event,
    crc32,
    event_information,
    packets,
    text,
    time_and_date,
    with_guide_announced,
)
from transcode.si_injector import SiInjector

MOMENT = datetime(1993, 10, 13, 12, 45, tzinfo=UTC)  # the example of EN 300 468, annex C
NULL = b"\x47\x1f\xff\x10" + b"\xff" * 184
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


def event(**changes) -> Event:
    return Event(
        **{
            "id": 7,
            "starts_at": MOMENT,
            "duration": timedelta(minutes=45),
            "titles": {"kk": "Дәріс"},
        }
        | changes
    )


def test_the_standards_own_example_of_a_time():
    assert time_and_date(MOMENT).hex() == "707005c079124500"


def test_a_known_checksum():
    assert crc32(b"123456789") == 0x0376E6E7


def test_present_and_following_are_sections_of_one_table():
    present = event_information(event(), is_present=True, version=3)
    following = event_information(None, is_present=False, version=3)
    assert (present[0], present[6], present[7]) == (0x4E, 0, 1)
    assert (following[0], following[6], following[7]) == (0x4E, 1, 1)
    assert crc32(present) == crc32(following) == 0
    assert present[5] >> 1 & 31 == 3
    assert present[14:24].hex() == "0007c079124500004500"
    assert b"kaz" in present


@given(WORDS, WORDS)
def test_no_words_make_a_section_that_lies_about_its_length(title, about):
    languages = ("kk", "ru", "en")
    told = event(titles=dict.fromkeys(languages, title), texts=dict.fromkeys(languages, about))
    section = event_information(told, is_present=True, version=0)
    assert (int.from_bytes(section[1:3]) & 0xFFF) + 3 == len(section) <= 4096
    assert crc32(section) == 0


@given(WORDS, st.integers(2, 60))
def test_words_are_cut_between_letters(words, longest):
    cut = text(words, longest)
    assert len(cut) <= longest
    if cut:
        assert cut[:1] == b"\x15"
        assert words.startswith(cut[1:].decode())


@given(st.binary(min_size=1, max_size=1000), st.integers(0, 15))
def test_a_section_comes_back_from_its_packets(section, counter):
    run = list(packets(section, 0x12, counter))
    assert all(len(packet) == 188 and packet[0] == 0x47 for packet in run)
    assert b"".join(packet[4:] for packet in run)[1 : 1 + len(section)] == section
    assert [packet[3] & 15 for packet in run] == [(counter + n) % 16 for n in range(len(run))]


def test_the_injector_changes_null_packets_only_and_no_length():
    out: list[bytes] = []
    media = bytes((0x47, 1, 0, 0x10)) + bytes(184)
    injector = SiInjector(out.append, mux_bps=1_504_000, starts_at=MOMENT)  # 1000 packets a second
    injector.announce(event(), None)
    stream = (media * 9 + NULL) * 1000
    for at in range(0, len(stream), 7000):
        injector.feed(stream[at : at + 7000])
    sent = b"".join(out)
    run = [sent[at : at + 188] for at in range(0, len(sent), 188)]
    assert len(sent) >= len(stream) - 188
    assert [packet for packet in run if packet[1:3] == b"\1\0"] == [media] * 9000
    times = {pid: _times(run, pid) for pid in (0x12, 0x14)}
    assert len(times[0x12]) == 20
    assert max(after - before for before, after in pairwise(times[0x12])) < 0.6
    assert len(times[0x14]) == 2


def _times(run: list[bytes], pid: int) -> list[float]:
    return [n / 1000 for n, packet in enumerate(run) if int.from_bytes(packet[1:3]) & 0x1FFF == pid]


def test_a_new_event_is_told_at_once_with_another_version():
    out: list[bytes] = []
    injector = SiInjector(out.append, mux_bps=1_504_000, starts_at=MOMENT)
    for number in range(3):
        injector.announce(event(id=number), None)
        injector.feed(NULL * 20)
    eits = [
        packet[5:]
        for data in out
        for packet in [data[:188], data[188:376]]
        if packet[1:3] == b"\x40\x12"
    ]
    assert len({eit[5] for eit in eits}) == 3


def test_a_service_is_said_to_have_a_guide():
    plain = bytes.fromhex("42f0150001c10000ff01ff0001fc8004480201")[:-2] + bytes(6)
    assert with_guide_announced(plain)[13] & 1
    assert crc32(with_guide_announced(plain)) == 0
