from hypothesis import given
from hypothesis import strategies as st

from bench import clips
from transcode.h264 import (
    MalformedH264,
    ParameterSets,
    annex_b,
    is_key,
    length_prefixed,
    nal_type,
    parameter_sets,
    parse_sps,
    split,
)
from transcode.still import still

NAL = st.binary(min_size=1, max_size=40).filter(
    lambda nal: b"\0\0" not in nal and nal[-1] and nal[0]
)


def test_an_encoder_s_pictures_are_understood():
    first, second = clips.video(0.08, size=(322, 182))
    sets = parameter_sets(split(first.data))
    sps = parse_sps(sets.sps[0])
    assert (sps.width, sps.height) == (322, 182)
    assert sps.codec.startswith("avc1.42C0")
    assert is_key(first.data)
    assert not is_key(second.data)


def test_a_still_tells_its_size():
    sets = parameter_sets(split(still(1280, 720)))
    sps = parse_sps(sets.sps[0])
    assert (sps.width, sps.height, sps.codec) == (1280, 720, "avc1.42C01F")


def test_high_profile_with_cropping_is_read():
    sps = bytes.fromhex("6764001facd9405005bb016a02020280000003008000001e478c18cb")
    assert (parse_sps(sps).width, parse_sps(sps).height) == (1280, 720)


def test_parameter_sets_need_both_kinds():
    assert parameter_sets([b"\x67abc"]) is None
    assert parameter_sets([b"\x68a", b"\x67b"]) == ParameterSets((b"\x67b",), (b"\x68a",))


def test_delimiters_and_filler_are_not_stored():
    assert length_prefixed([b"\x09\xf0", b"\x65a", b"\x0c\xff"]) == b"\x00\x00\x00\x02\x65a"


@given(st.lists(NAL))
def test_split_undoes_join(nals):
    assert list(split(annex_b(nals))) == nals


@given(st.binary(max_size=200))
def test_any_bytes_can_be_split(data):
    for nal in split(data):
        assert nal
        assert 0 <= nal_type(nal) < 32


@given(st.binary(max_size=80))
def test_a_broken_sps_says_so(payload):
    try:
        sps = parse_sps(b"\x67" + payload)
    except MalformedH264:
        return
    assert 0 < sps.width <= 16384
    assert 0 < sps.height <= 16384
