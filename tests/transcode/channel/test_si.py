from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcode.eit import Event, event_information, schedule
from transcode.guide_events import GuideEvents
from transcode.si import Charset, crc32, packets, text
from transcode.si_injector import Service, SiInjector
from transcode.si_tables import service_description, time_and_date, time_offset
from transcode.si_versions import Versions
from transcode.timeline import Item, Plan, Timeline

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


def service(**more) -> Service:
    return Service("Әл-Фараби ТВ", "Университет", **more)


def injected(stream: bytes, *, plan=(), **more) -> list[bytes]:
    """A thousand packets a second through the injector, in the lengths that a muxer writes."""
    out: list[bytes] = []
    injector = SiInjector(out.append, mux_bps=1_504_000, starts_at=MOMENT, service=service(**more))
    injector.announce(event(), None)
    injector.plan(plan)
    for at in range(0, len(stream), 7000):
        injector.feed(stream[at : at + 7000])
    sent = b"".join(out)
    assert len(sent) >= len(stream) - 188
    return [sent[at : at + 188] for at in range(0, len(sent), 188)]


MEDIA = bytes((0x47, 1, 0, 0x10)) + bytes(184)


def test_the_injector_changes_null_packets_only_and_keeps_to_its_rates():
    run = injected((MEDIA * 9 + NULL) * 3000)
    assert [packet for packet in run if packet[1:3] == b"\1\0"] == [MEDIA] * 27000
    told = sections(run)
    present = [at for at, section in told if section[0] == 0x4E]
    assert max(after - before for before, after in pairwise(present)) < 0.6
    times = [at for at, section in told if section[0] in {0x70, 0x73}]
    assert max(after - before for before, after in pairwise(times)) < 3
    first = [at for at, section in told if section[0] == 0x50 and section[6] == 0]
    assert max(after - before for before, after in pairwise(first)) < 10
    assert all(crc32(section) == 0 for _, section in told if section[0] != 0x70)
    for table in (0x4E, 0x50, 0x51):
        each = [at for at, section in told if section[0] == table]
        assert min(after - before for before, after in pairwise(each)) > 0.024


def sections(run: list[bytes]) -> list[tuple[float, bytes]]:
    """Those of the guide and the time with the second in which they end."""
    found, parts = [], {0x12: b"", 0x14: b""}
    for number, packet in enumerate(run):
        pid = int.from_bytes(packet[1:3]) & 0x1FFF
        if pid in parts:
            data = payload(packet)
            parts[pid] = data[1:] if packet[1] & 0x40 else parts[pid] + data
            length = 3 + (int.from_bytes(parts[pid][1:3]) & 0xFFF)
            if len(parts[pid]) >= length:
                found.append((number / 1000, parts[pid][:length]))
    return found


def payload(packet: bytes) -> bytes:
    """Behind the adaptation field, where there is one."""
    return packet[5 + packet[4] :] if packet[3] & 0x20 else packet[4:]


def test_a_new_event_is_told_at_once_with_another_version():
    out: list[bytes] = []
    injector = SiInjector(out.append, mux_bps=1_504_000, starts_at=MOMENT, service=service())
    for number in range(3):
        injector.announce(event(id=number), None)
        injector.feed(NULL * 20)
    eits = [
        payload(packet)[1:]
        for data in out
        for packet in [data[:188], data[188:376]]
        if packet[1:3] == b"\x40\x12" and payload(packet)[1] == 0x4E
    ]
    assert len({eit[5] for eit in eits}) == 3


def hours(*starts: float, **changes) -> list[Event]:
    midnight = MOMENT.replace(hour=0, minute=0)
    length = timedelta(minutes=5)
    return [
        event(id=n, starts_at=midnight + timedelta(hours=at), duration=length, **changes)
        for n, at in enumerate(starts)
    ]


def test_the_schedule_has_every_segment_of_eight_days():
    made = schedule(hours(1, 13, 14, 15, 25, 24 * 8 - 1, 24 * 8), MOMENT, version=3)
    told = [(one[0], one[6], one[7], one[12], one[13], (len(one) - 18) > 0) for one in made]
    assert len(made) == 64
    assert {table: last for table, _, last, *_ in told} == {0x50: 248, 0x51: 248}
    assert {last_table for *_, last_table, _ in told} == {0x51}
    assert [(table, number) for table, number, *_, is_full in told if is_full] == [
        (0x50, 32),  # 12:00 to 15:00: 13:00 and 14:00; 1:00 is over
        (0x50, 40),
        (0x50, 64),
        (0x51, 248),
    ]
    assert all(number == segment_last for _, number, _, segment_last, *_ in told)
    assert all(crc32(one) == 0 for one in made)


def test_a_full_segment_takes_eight_sections_at_most_and_loses_texts_first():
    starts = [13 + n / 100 for n in range(190)]
    languages = ("kk", "ru", "en")
    long = {
        "titles": dict.fromkeys(languages, "Т" * 50),
        "texts": dict.fromkeys(languages, "М" * 99),
    }
    made = schedule(hours(*starts, **long), MOMENT, version=0)
    segment = [one for one in made if one[0] == 0x50 and 32 <= one[6] < 40]
    assert [one[6] for one in segment] == list(range(32, 40))
    assert {one[12] for one in segment} == {39}
    assert all(len(one) <= 4096 for one in made)
    few = schedule(hours(*starts[:60], **long), MOMENT, version=0)
    assert sum("Т".encode() * 50 in one for one in few) == 5
    assert not any("М".encode() in one for one in few)


def test_texts_are_utf_8_or_iso_8859_5():
    assert text("Дәріс", 99) == b"\x15" + "Дәріс".encode()
    assert text("Дәріс", 99, Charset.CYRILLIC) == b"\x01" + "Даріс".encode("iso-8859-5")
    assert text("Қазақша 日", 99, Charset.CYRILLIC)[1:].decode("iso-8859-5") == "Казакша ?"
    described = service_description("ТВ", "КазНУ", 0x19, Charset.CYRILLIC)
    assert b"\x01" + "ТВ".encode("iso-8859-5") in described
    assert crc32(described) == 0


def test_the_muxers_tables_give_way_to_ours():
    sdt = b"\x47\x40\x11\x17\0" + b"\x42\xf0\x19" + bytes(180)
    nit = b"\x47\x40\x10\x13\0" + b"\x40\xf0\x19" + bytes(180)
    run = injected((sdt + nit + MEDIA) * 100, charset=Charset.CYRILLIC)
    assert {packet[3] for packet in run if packet[1:3] == b"\x40\x11"} == {0x17}
    described = next(packet[5:] for packet in run if packet[1:3] == b"\x40\x11")
    assert described[13] & 3 == 3  # schedule, present/following
    network = next(packet[5:] for packet in run if packet[1:3] == b"\x40\x10")
    for section in (described, network):
        assert crc32(section[: 3 + (int.from_bytes(section[1:3]) & 0xFFF)]) == 0


@pytest.mark.parametrize(
    ("moment", "zone", "polarity", "now", "change", "then"),
    [
        ("2026-11-25T12:00", "Asia/Almaty", 0, "0500", "2027-11-26T12:00", "0500"),
        ("2026-03-01T12:00", "Europe/Berlin", 0, "0100", "2026-03-29T01:00", "0200"),
        ("2026-10-25T00:59", "Europe/Berlin", 0, "0200", "2026-10-25T01:00", "0100"),
        ("2026-10-25T01:00", "Europe/Berlin", 0, "0100", "2027-03-28T01:00", "0200"),
        ("2026-01-01T00:00", "America/St_Johns", 1, "0330", "2026-03-08T05:30", "0230"),
    ],
)
def test_the_offset_of_local_time_and_its_next_change_are_told(
    moment, zone, polarity, now, change, then
):
    at, changes_at = (datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (moment, change))
    section = time_offset(at, ZoneInfo(zone), "KAZ")
    assert crc32(section) == 0
    assert section[10:16] == b"\x58\x0dKAZ" + bytes((0x02 | polarity,))
    assert section[16:18].hex() == now
    assert section[18:23] == time_and_date(changes_at)[3:]
    assert section[23:25].hex() == then


def test_two_programmes_never_share_a_number():
    start = MOMENT
    items = [
        Item(
            programme=f"p{number}",
            key="k",
            title="t",
            starts_at=start + timedelta(minutes=number),
            ends_at=start + timedelta(minutes=number + 1),
        )
        for number in range(3000)
    ]
    events = GuideEvents()
    assert events.take(Timeline(Plan(channel="one", items=tuple(items))))
    assert len({event.id for event in events.all()}) == 3000


def test_who_begins_anew_says_so_on_each_pid_and_then_counts_on():
    run = injected((NULL + MEDIA) * 8000)
    for pid in (0x12, 0x14):
        own = [one for one in run if int.from_bytes(one[1:3]) & 0x1FFF == pid]
        assert own[0][3:6] == b"\x30\x01\x80"
        assert [one[3] & 15 for one in own] == [number % 16 for number in range(len(own))]
        assert not any(one[3] & 0x20 for one in own[1:])


def test_the_muxers_own_discontinuity_stays():
    sdt = b"\x47\x40\x11\x37\x01\x80\0" + b"\x42\xf0\x19" + bytes(178)
    run = injected(sdt + MEDIA)
    assert run[0][3:7] == b"\x37\x01\x80\0"
    assert crc32(run[0][7 : 10 + (int.from_bytes(run[0][8:10]) & 0xFFF)]) == 0


def test_versions_of_the_guide_go_on_where_the_process_before_left_them(tmp_path):
    path = tmp_path / "versions.json"
    before = [Versions(path).next("present") for _ in range(3)]
    assert before == [0, 1, 2]
    assert Versions(path).next("schedule") == 0
    path.write_bytes(b"torn")
    assert Versions(path).next("present") == 0
    assert Versions(tmp_path / "absent" / "x.json").next("present") == 0
