from hypothesis import given
from hypothesis import strategies as st

from transcode.index import EndNoted, InitNoted, PartNoted, SegmentNoted, pack, unpack

TICKS = st.integers(0, 2**50)
RECORDS = st.lists(
    st.builds(
        InitNoted,
        st.integers(0, 99),
        st.text(max_size=12),
        *[TICKS] * 2,
        st.just("a.mp4"),
        *[TICKS] * 2,
    )
    | st.builds(SegmentNoted, TICKS, st.integers(0, 99), st.booleans())
    | st.builds(
        PartNoted, TICKS, TICKS, st.integers(0, 99), st.booleans(), st.just("a.mp4"), *[TICKS] * 2
    )
    | st.builds(EndNoted, TICKS),
    max_size=6,
)


@given(RECORDS)
def test_what_is_packed_is_unpacked(records):
    assert [record for _, record in unpack(b"".join(map(pack, records)))] == records


@given(RECORDS, st.data())
def test_a_torn_tail_costs_no_whole_record(records, data):
    packed = [pack(record) for record in records]
    whole = data.draw(st.integers(0, len(packed)))
    tail = (
        packed[whole][: data.draw(st.integers(0, len(packed[whole]) - 1))]
        if packed[whole:]
        else b""
    )
    read = list(unpack(b"".join(packed[:whole]) + tail))
    assert [record for _, record in read] == records[:whole]
    assert (read[-1][0] if read else 0) == sum(map(len, packed[:whole]))


@given(st.binary(max_size=200))
def test_any_bytes_can_be_read(data):
    assert all(0 < ends <= len(data) for ends, _ in unpack(data))
