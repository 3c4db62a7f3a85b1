"""What leaves together, and when, by the compiled loop and the one in Python."""

import os
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from transcode.build_pacing import PACING
from transcode.compiled_pacing import CompiledPacing, Target, load
from transcode.outputs import Burst, read_address
from transcode.pacer import DATAGRAM, Pacer, PythonPacing, has_clock
from transcode.udp_output import UdpOutput

SECONDS_EACH = 0.003
RATE = round(DATAGRAM * 8 / SECONDS_EACH)


class Kept:
    """An output that keeps what it is given."""

    target = None

    def __init__(self) -> None:
        self.bursts: list[Burst] = []

    def send(self, burst: Burst) -> None:
        self.bursts.append(burst)

    def tell_failures(self) -> None:
        pass

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


NOWHERE = Path("/nonexistent")
NO_CHECK = 11  # SO_NO_CHECK, with which Linux refuses to cut


@pytest.fixture(scope="module")
def compiled():
    said = PACING.build()
    return load() or pytest.skip(said)


@pytest.fixture
def member():
    with closing(socket.socket(type=socket.SOCK_DGRAM)) as own:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        own.bind(("127.0.0.1", 0))
        own.settimeout(30)
        yield own


def opened(url: str, library: Path = PACING.path) -> UdpOutput:
    output = UdpOutput(read_address(url), library=library)
    output.wait_until_open()
    return output


def paced_by(output: UdpOutput, starts_at: float, stream: bytes) -> None:
    how = {"starts_at": starts_at, "seconds_each": 0.000_3, "together": 5}
    if output.target is None:
        PythonPacing([output], **how).run(stream)
    else:
        CompiledPacing([output.target], **how).run(stream)


@pytest.mark.parametrize("scheme", ["udp", "rtp"])
def test_both_loops_send_the_same_bytes(compiled, member, scheme):
    stream = b"".join(datagram(number, clock=number % 8 == 5) for number in range(50))
    starts_at, url = time.monotonic(), f"{scheme}://127.0.0.1:{member.getsockname()[1]}"
    arrived = []
    for library in (PACING.path, NOWHERE):
        with closing(opened(url, library)) as output:
            assert (output.target is None) == (library == NOWHERE)
            paced_by(output, starts_at, stream)
            arrived.append([member.recv(2048) for _ in range(50)])
            assert output.dropped == 0
    if scheme == "udp":
        assert (
            arrived == [[stream[at : at + DATAGRAM] for at in range(0, len(stream), DATAGRAM)]] * 2
        )
    else:
        assert from_zero(arrived[0]) == from_zero(arrived[1])


def from_zero(datagrams: list[bytes]) -> list[tuple[int, bytes]]:
    """RTP without what each source draws by lot: its name, and the number it begins with."""
    first = int.from_bytes(datagrams[0][2:4])
    return [
        (int.from_bytes(one[2:4]) - first & 0xFFFF, one[:2] + one[4:8] + one[12:])
        for one in datagrams
    ]


@pytest.mark.parametrize("library", [PACING.path, NOWHERE])
def test_an_output_that_fails_is_told_and_disturbs_no_other(
    compiled, member, library, capfd, caplog
):
    stream = b"".join(map(datagram, range(40)))
    forbidden = opened("udp://255.255.255.255:9", library)  # a broadcast is not allowed
    good = opened(f"udp://127.0.0.1:{member.getsockname()[1]}", library)
    with (
        closing(forbidden),
        closing(good),
        closing(Pacer([forbidden, good], 80_000_000, starts_at=time.monotonic())) as pacer,
    ):
        pacer.feed(stream)
        assert b"".join(member.recv(2048) for _ in range(40)) == stream
        deadline = time.monotonic() + 30
        while "playout.output_failing" not in capfd.readouterr().out + caplog.text:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    assert (forbidden.dropped, good.dropped) == (40, 0)


def test_where_the_kernel_does_not_cut_each_is_sent_by_itself(compiled, member):
    stream = b"".join(map(datagram, range(20)))
    with closing(socket.socket(type=socket.SOCK_DGRAM)) as sender:
        sender.setsockopt(socket.SOL_SOCKET, NO_CHECK, 1)
        target = Target(compiled, is_rtp=False)
        target.open(sender, member.getsockname())
        pacing = CompiledPacing([target], starts_at=0.0, seconds_each=1e-6, together=8)
        pacing.run(stream)
        assert b"".join(member.recv(2048) for _ in range(20)) == stream
        assert (target.dropped, target.take_error()) == (0, 0)
        assert pacing.latest > 1  # since the machine started
        target.close()
        pacing.run(stream)
    assert target.dropped == 20


def test_ipv6_is_sent_too(compiled):
    with (
        closing(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)) as own,
        closing(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)) as sender,
    ):
        own.bind(("::1", 0))
        own.settimeout(30)
        target = Target(compiled, is_rtp=False)
        target.open(sender, own.getsockname())
        CompiledPacing([target], starts_at=0.0, seconds_each=0.1, together=1).run(datagram(1))
        assert own.recv(2048) == datagram(1)


@pytest.mark.parametrize("library", [PACING.path, NOWHERE])
def test_closing_does_not_wait_for_what_is_queued(compiled, member, library):
    minute = datagram(0) * 600
    rate = DATAGRAM * 8 * 10
    with closing(opened(f"udp://127.0.0.1:{member.getsockname()[1]}", library)) as output:
        pacer = Pacer([output], rate, starts_at=time.monotonic())
        pacer.feed(minute)
        member.recv(2048)
        pacer.close()
    member.setblocking(False)
    with pytest.raises(BlockingIOError):
        all(member.recv(2048) for _ in range(600))


def test_what_is_no_library_of_ours_is_left_alone(tmp_path):
    strange = tmp_path / "pacing.so"
    strange.write_bytes(b"not a library")
    assert load(strange) is None


def test_without_a_compiler_set_up_is_content():
    command = [sys.executable, "-m", "transcode.build_pacing"]
    without = {**os.environ, "PATH": "/nonexistent", "CC": ""}
    result = subprocess.run(command, env=without, capture_output=True, text=True, check=True)
    assert "no C compiler found" in result.stdout
