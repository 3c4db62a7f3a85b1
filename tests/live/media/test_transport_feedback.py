import struct

from hypothesis import given
from hypothesis import strategies as st

from live.transport_feedback import ArrivalLog


def read(feedback):
    """Sequence numbers and times of a feedback packet, decoded as a sender does."""
    base, count, reference = struct.unpack_from("!HHI", feedback, 12)
    at, symbols = 20, []
    while len(symbols) < count:
        chunk = struct.unpack_from("!H", feedback, at)[0]
        at += 2
        assert chunk >> 14 == 3
        symbols += [chunk >> shift & 3 for shift in range(12, -1, -2)]
    ticks, found = (reference >> 8) * 256, {}
    for offset, symbol in enumerate(symbols[:count]):
        if symbol == 1:
            ticks, at = ticks + feedback[at], at + 1
        elif symbol == 2:
            ticks, at = ticks + struct.unpack_from("!h", feedback, at)[0], at + 2
        if symbol:
            found[base + offset & 0xFFFF] = ticks * 0.00025
    return found


def test_arrivals_are_reported_once_with_their_times():
    log = ArrivalLog()
    for sequence, at in [(65_534, 5.0), (65_535, 5.01), (1, 5.2), (0, 5.3)]:
        log.note(sequence, at)
    [feedback] = log.reports(1, 2)
    assert {s: round(t, 3) for s, t in read(feedback).items()} == {
        65_534: 5.0, 65_535: 5.01, 0: 5.3, 1: 5.2,
    }  # fmt: skip
    assert log.reports(1, 2) == []


def test_a_packet_that_never_came_is_reported_as_lost():
    log = ArrivalLog()
    log.note(10, 1.0)
    log.reports(1, 2)
    log.note(13, 1.1)
    [feedback] = log.reports(1, 2)
    base, count = struct.unpack_from("!HH", feedback, 12)
    assert (base, count) == (11, 3)
    assert set(read(feedback)) == {13}


def test_feedback_is_a_whole_rtcp_packet():
    log = ArrivalLog()
    log.note(1, 9.0)
    [feedback] = log.reports(1, 2)
    assert len(feedback) == 4 + 4 * struct.unpack_from("!H", feedback, 2)[0]
    assert feedback[:2] == bytes([0x8F, 205])


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.floats(0, 3)), max_size=60))
def test_any_numbers_of_a_publisher_are_reported_in_datagrams(arrivals):
    log, now = ArrivalLog(), 100.0
    for sequence, pause in arrivals:
        now += pause
        log.note(sequence, now)
        for feedback in log.reports(1, 2):
            assert len(feedback) < 1400
            read(feedback)


def test_transport_numbers_that_jump_are_reported_in_a_few_packets():
    log = ArrivalLog()
    for n in range(2000):
        log.note(n * 1500 & 0xFFFF, n / 1000)
        log.note(n * 9000 & 0xFFFF, n / 1000)
    assert len(log.reports(1, 2)) <= 4
    assert log.reports(1, 2) == []
