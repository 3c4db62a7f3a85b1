"""What leaves a channel's process: RTP, multicast and SRT, read by receivers that are not ours."""

import json
import os
import signal
import socket
import struct
import subprocess
import time
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.transcode.channel.test_playout import continuity_errors, packets
from transcode.outputs import Burst, OutputError, SrtAddress, UdpAddress, read_address
from transcode.srt_output import SrtOutput
from transcode.udp_output import RtpHeaders, UdpOutput

IP_RECVTTL, IP_RECVTOS = 12, 13  # Linux, ip(7)
GROUP = "239.255.77.1"


def free_port() -> int:
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def reading(url: str):
    """ffprobe as a receiver, told to stop after two seconds of the programme."""
    command = [
        "ffprobe",
        "-v",
        "error",
        "-analyzeduration",
        "1000000",
        "-read_intervals",
        "%+1",
        "-show_entries",
        "packet=pts",
    ]
    command += ["-show_streams", "-of", "json", url]
    receiver = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        yield receiver
    finally:
        receiver.kill()
        receiver.wait()
        receiver.stdout.close()
        receiver.stderr.close()


def received(receiver: subprocess.Popen[bytes]) -> set[str]:
    out, complaints = receiver.communicate(timeout=60)
    assert receiver.returncode == 0, complaints
    told = json.loads(out)
    assert len(told["packets"]) > 50
    return {stream["codec_name"] for stream in told["streams"] if "codec_name" in stream}


def test_a_receiver_of_rtp_reads_the_channel(play, receiver):
    play([], receiver.url.replace("udp://", "rtp://"))
    datagrams = receiver.read(2.0)
    heads = [struct.unpack(">BBHII", data[:12]) for _, data in datagrams]
    bare = [(arrival, data[12:]) for arrival, data in datagrams]
    assert {(head[0], head[1] & 127, head[4]) for head in heads} == {(0x80, 33, heads[0][4])}
    assert {after[2] - before[2] & 0xFFFF for before, after in pairwise(heads)} == {1}
    ticks = {after[3] - before[3] & 0xFFFFFFFF for before, after in pairwise(heads)}
    assert ticks <= {728, 729}  # 1316 bytes at 1.3 Mb/s, in 90 kHz
    assert continuity_errors(packets(bare)) == 0


def test_the_marker_of_rtp_says_that_the_time_jumps():
    headers = RtpHeaders()
    markers = [headers.next(at)[1] >> 7 for at in (10.0, 10.002, 10.004, 12.0, 12.002, 9.0)]
    assert markers == [1, 0, 0, 1, 0, 1]


@pytest.mark.parametrize("interface", ["lo", "127.0.0.1"])
def test_multicast_leaves_by_its_interface_with_its_ttl_and_class(interface):
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as member:
        member.bind((GROUP, 0))
        port = member.getsockname()[1]
        joining = socket.inet_aton(GROUP) + socket.inet_aton("127.0.0.1")
        member.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joining)
        member.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
        member.setsockopt(socket.IPPROTO_IP, IP_RECVTOS, 1)
        member.settimeout(0.2)
        url = f"udp://{GROUP}:{port}?ttl=7&dscp=34&interface={interface}"
        with closing(UdpOutput(read_address(url))) as output:
            data, extra = arrived(member, output)
    assert data == b"datagram"
    told = {kind: value for _, kind, value in extra}
    assert int.from_bytes(told[socket.IP_TTL], "little") == 7
    assert told[socket.IP_TOS][0] >> 2 == 34


def arrived(member: socket.socket, output: UdpOutput):
    """The output opens its socket on a thread: send until something comes."""
    for _ in range(100):
        output.send(Burst([b"datagram"], 0.0, 0.0))
        try:
            data, extra, *_ = member.recvmsg(2048, 256)
        except TimeoutError:
            continue
        return data, extra
    pytest.fail("nothing came")


@pytest.mark.timeout(120)
def test_srt_is_received_as_caller_and_listener_and_a_stuck_one_disturbs_nobody(play, receiver):
    waiting, calling, stuck = free_port(), free_port(), free_port()
    secret = "passphrase=a-long-secret"
    with reading(f"srt://127.0.0.1:{calling}?mode=listener&{secret}") as called:
        played = play(
            [],
            f"srt://127.0.0.1:{waiting}?mode=listener&latency=200&{secret}",
            f"srt://127.0.0.1:{calling}?{secret}",
            f"srt://127.0.0.1:{stuck}?mode=listener",
            receiver.url,
        )
        played.until(lambda: len(children(played.process.pid)) == 3)
        os.kill(children(played.process.pid)[stuck], signal.SIGSTOP)
        assert received(called) >= {"h264", "aac"}
    with reading(f"srt://127.0.0.1:{waiting}?mode=caller&{secret}") as caller:
        assert received(caller) >= {"h264", "aac"}
    assert continuity_errors(packets(receiver.read(1.0))) == 0
    before = children(played.process.pid)
    os.kill(before[calling], signal.SIGKILL)
    played.until(
        lambda: children(played.process.pid).get(calling, before[calling]) != before[calling]
    )
    orphans = children(played.process.pid).values()
    played.process.kill()
    played.process.wait()
    until(lambda: not any(is_running(pid) for pid in orphans))


def children(pid: int) -> dict[int, int]:
    """The srt-live-transmit processes that it started, by the port of their output."""
    command = ["pgrep", "-P", str(pid), "-a", "srt-live-transm"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    words = [line.split() for line in found.stdout.splitlines()]
    return {urlsplit(line[-1]).port: int(line[0]) for line in words if "srt://" in line[-1]}


def is_running(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(") ")[2][0] != "Z"


def until(is_so, *, seconds: float = 20) -> None:
    """Another process, another thread: nothing but looking tells when they got so far."""
    last = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < last
        time.sleep(0.02)


def test_srt_without_its_tool_is_told_and_the_channel_goes_on(monkeypatch, capfd, caplog):
    monkeypatch.setenv("PATH", "/nonexistent")
    with closing(SrtOutput(SrtAddress("127.0.0.1", free_port()))) as output:
        until(lambda: "install the package srt-tools" in capfd.readouterr().out + caplog.text)
        output.send(Burst([b"datagram"], 0.0, 0.0))


@pytest.mark.parametrize(
    "url",
    [
        "udp://",
        "udp://host",
        "tcp://host:1",
        "udp://host:99999",
        "udp://h:1?ttl=x",
        "udp://h:1?x=1",
        "udp://h:1/path",
        "rtp://h:1?ttl=256",
        "rtp://h:1?mode=caller",
        "srt://h:1?mode=rendezvous",
        "srt://h:1?latency=1",
        "srt://h:1?passphrase=short",
        "srt://h:1?ttl=4",
    ],
)
def test_an_output_that_is_no_address_is_refused(url):
    with pytest.raises(OutputError, match="no output address"):
        read_address(url)


def test_an_output_says_how_it_is_sent():
    address = read_address("rtp://239.1.2.3:5000?ttl=4&dscp=34&interface=eth1")
    assert address == UdpAddress("239.1.2.3", 5000, 4, 34, "eth1", is_rtp=True)
    srt = read_address("srt://0.0.0.0:9000?mode=listener&latency=400&streamid=one")
    assert srt == SrtAddress("0.0.0.0", 9000, is_listener=True, latency_ms=400, stream_id="one")
