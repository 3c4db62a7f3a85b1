"""What leaves together, and when."""

import time
from contextlib import closing

import pytest

from transcode.outputs import Burst, read_address
from transcode.pacer import DATAGRAM, Pacer, has_clock
from transcode.udp_output import UdpOutput

SECONDS_EACH = 0.003
RATE = round(DATAGRAM * 8 / SECONDS_EACH)


class Kept:
    """An output that keeps what it is given."""

    def __init__(self) -> None:
        self.bursts: list[Burst] = []

    def send(self, burst: Burst) -> None:
        self.bursts.append(burst)

    def close(self) -> None:
        pass


def datagram(number: int, *, clock: bool = False) -> bytes:
    filling = bytes((number,))
    plain = b"\x47\x01\x00\x10" + filling * 184
    packets = [plain] * 7
    if clock:
        packets[number % 7] = b"\x47\x01\x00\x30\x07\x10" + filling * 182
    return b"".join(packets)


@pytest.fixture
def paced():
    def run(stream: bytes, datagrams: int) -> list[Burst]:
        kept = Kept()
        with closing(Pacer([kept], RATE, starts_at=time.monotonic())) as pacer:
            for at in range(0, len(stream), 11_111):
                pacer.feed(stream[at : at + 11_111])
            deadline = time.monotonic() + 30
            while sum(len(burst.datagrams) for burst in kept.bursts) < datagrams:
                assert time.monotonic() < deadline
                time.sleep(0.01)
        return kept.bursts

    return run


def test_what_carries_the_clock_leaves_at_its_own_moment_and_nothing_is_far_too_early(paced):
    datagrams = [datagram(number, clock=number % 8 == 5) for number in range(80)]
    bursts = paced(b"".join(datagrams), 80)
    assert [one for burst in bursts for one in burst.datagrams] == datagrams
    assert any(len(burst.datagrams) == 5 for burst in bursts)
    number = 0
    for burst in bursts:
        assert burst.at - bursts[0].at == pytest.approx(number * burst.apart)
        assert not any(has_clock(one) for one in burst.datagrams[1:])
        assert (len(burst.datagrams) - 1) * burst.apart <= 0.013
        number += len(burst.datagrams)


@pytest.mark.parametrize(("scheme", "head"), [("udp", 0), ("rtp", 12)])
def test_a_burst_arrives_as_the_datagrams_that_it_is_made_of(receiver, scheme, head):
    datagrams = [datagram(number) for number in range(3)]
    with closing(UdpOutput(read_address(f"{scheme}://127.0.0.1:{receiver.port}"))) as output:
        deadline = time.monotonic() + 30
        while not was_sent(output, Burst(datagrams, 0.0, SECONDS_EACH)):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        arrived = [data for _, data in (receiver.read(0)[0] for _ in datagrams)]
    assert [data[head:] for data in arrived] == datagrams


def was_sent(output: UdpOutput, burst: Burst) -> bool:
    """The output opens its socket on a thread of its own."""
    dropped = output.dropped
    output.send(burst)
    return output.dropped == dropped
