import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcode.house import (
    AAC_FRAME_SAMPLES,
    FRAME_SAMPLES,
    SAMPLE_RATE,
    SLOT_SAMPLES,
    SLOT_VIDEO_TICKS,
    sound_with,
)
from transcode.house_item import (
    Group,
    HouseItem,
    NotAHouseItem,
    is_whole,
    pack,
    parameter_sets,
    shortened,
)

PICTURES = st.lists(st.binary(min_size=1, max_size=50), min_size=24, max_size=24)
SOUNDS = st.lists(st.binary(min_size=1, max_size=20), min_size=45, max_size=45)


@given(PICTURES, SOUNDS)
def test_what_is_packed_comes_back(pictures, sounds):
    group = pack(0, pictures, sounds)
    assert group.pictures() == pictures
    assert group.sounds() == sounds


@given(st.integers(0, 2**32))
def test_a_moved_group_differs_only_in_its_times(slot):
    group = pack(3, [b"picture"] * 24, [b"sound"] * 45)
    moved = group.at(24 * slot)
    assert (slot * SLOT_VIDEO_TICKS).to_bytes(8) in moved
    assert (slot * SLOT_SAMPLES).to_bytes(8) in moved
    assert len(moved) == len(group.fragment)
    assert moved[-24 * 7 - 45 * 5 :] == group.fragment[-24 * 7 - 45 * 5 :]


@given(st.integers(0, 2**36), st.integers(1, 24))
def test_a_shortened_group_has_the_sound_of_its_pictures(picture, count):
    group = pack(3, [bytes(24 - n) for n in range(24)], [bytes(45 - n) for n in range(45)])
    short = Group(shortened(group, picture, count))
    assert is_whole(shortened(group, picture, 24))
    assert shortened(group, picture, 24) == group.at(picture)
    heard = [sound_with(at) * AAC_FRAME_SAMPLES for at in (picture, picture + count)]
    late = [at - n * FRAME_SAMPLES for at, n in zip(heard, (picture, picture + count), strict=True)]
    assert all(-0.007 <= one / SAMPLE_RATE <= 0.015 for one in late)
    frames = (heard[1] - heard[0]) // AAC_FRAME_SAMPLES
    media = sum(24 - n for n in range(count)) + sum(45 - n for n in range(frames))
    assert len(short.fragment) == len(group.fragment) - 4 * (24 - count + 45 - frames) - (
        sum(range(1, 25)) + sum(range(1, 46)) - media
    )


def test_an_item_is_a_film_that_any_player_opens(house_clip):
    entries = "stream=codec_name,nb_read_frames,start_time,duration"
    command = [
        "ffprobe",
        "-v",
        "warning",
        "-count_frames",
        "-show_entries",
        entries,
        "-of",
        "csv=p=0",
    ]
    probed = subprocess.run(
        [*command, house_clip(slots=4)], capture_output=True, check=True, text=True
    )
    assert probed.stderr == ""
    assert probed.stdout.splitlines() == ["h264,0.000000,3.840000,96", "aac,0.000000,3.840000,180"]


def test_items_of_one_profile_share_their_decoder_set_up(house_clip):
    light, dark = (
        HouseItem.open(house_clip(n, shade=s)) for n, s in (("light", 200), ("dark", 30))
    )
    assert light.fingerprint == dark.fingerprint
    assert len(parameter_sets(light.init)) > 20
    light.close()
    dark.close()


@pytest.mark.parametrize("damage", ["cut", "empty", "noise", "count"])
def test_a_damaged_item_is_told_as_one(house_clip, tmp_path, damage):
    whole = house_clip().read_bytes()
    broken = {
        "cut": whole[:-100],
        "empty": b"",
        "noise": bytes(range(256)) * 40,
        "count": whole.replace(
            b"tfra\1\0\0\0\0\0\0\1\0\0\0\0\0\0\0\4", b"tfra\1\0\0\0\0\0\0\1\0\0\0\0\xff\xff\xff\xff"
        ),
    }
    path = tmp_path / "broken.mp4"
    path.write_bytes(broken[damage])
    with pytest.raises(NotAHouseItem):
        HouseItem.open(path)


def test_a_damaged_slot_is_told_as_one(house_clip, tmp_path):
    data = bytearray(house_clip().read_bytes())
    second = data.index(b"moof", data.index(b"moof") + 4)
    data[second : second + 4] = b"free"
    path = tmp_path / "damaged.mp4"
    path.write_bytes(data)
    opened = HouseItem.open(path)
    opened.group(0)
    with pytest.raises(NotAHouseItem, match="slot 1"):
        opened.group(1)
    opened.close()
