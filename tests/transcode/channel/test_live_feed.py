from io import BytesIO

import pytest

from transcode.house_item import NotAHouseItem, pack
from transcode.live_feed import FeedBroken, Kind, Record, packed, read
from transcode.live_slots import KEPT, LiveSlots
from transcode.live_source import LiveSource

GROUP = pack(0, [b"picture"] * 24, [b"sound"] * 45)


def test_records_come_back_one_by_one():
    records = [Record(Kind.PICTURE_INIT, b""), Record(Kind.SOUND, b"\1" * 1000)]
    pipe = BytesIO(b"".join(packed(record.kind, record.data) for record in records))
    assert [read(pipe), read(pipe), read(pipe)] == [*records, None]


@pytest.mark.parametrize("length", range(8))
def test_a_feed_that_ends_in_the_middle_has_ended(length):
    assert read(BytesIO(packed(Kind.SOUND, b"abc")[:length])) is None


@pytest.mark.parametrize("data", [b"\0\0\0\0\1a", b"\x03\xff\xff\xff\xff", b"GET / HTTP/1.1"])
def test_what_is_no_feed_is_refused(data):
    with pytest.raises(FeedBroken):
        read(BytesIO(data))


def test_media_that_cannot_be_decoded_is_counted_and_left_out():
    source = LiveSource()
    assert list(source.push(Record(Kind.PICTURE, b"before its set-up"))) == []
    assert list(source.push(Record(Kind.PICTURE_INIT, b"noise"))) == []
    assert list(source.push(Record(Kind.PICTURE, b"more noise"))) == []
    assert source.damaged == 1


def test_slots_are_seen_by_their_number_and_set_up(tmp_path):
    slots = LiveSlots(tmp_path / "room", "abc")
    slots.sweep(0)
    slots.write(7, GROUP)
    assert slots.read(7) == GROUP
    for missing in (LiveSlots(tmp_path / "room", "other"), slots):
        with pytest.raises(FileNotFoundError):
            missing.read(8 if missing is slots else 7)


def test_old_slots_leave(tmp_path):
    slots = LiveSlots(tmp_path, "abc")
    (tmp_path / ".torn.part").write_bytes(b"")
    slots.sweep(0)
    slots.write(1, GROUP)
    slots.write(KEPT, GROUP)
    slots.write(KEPT + 1, GROUP)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{KEPT}-abc.m4s",
        f"{KEPT + 1}-abc.m4s",
    ]
    slots.sweep(KEPT + 1)
    assert [path.name for path in tmp_path.iterdir()] == [f"{KEPT + 1}-abc.m4s"]


@pytest.mark.parametrize("damage", [b"", GROUP.fragment[:-1], GROUP.fragment[8:], b"x" * 2000])
def test_a_damaged_slot_is_told(tmp_path, damage):
    slots = LiveSlots(tmp_path, "abc")
    (tmp_path / "3-abc.m4s").write_bytes(damage)
    with pytest.raises(NotAHouseItem):
        slots.read(3)
