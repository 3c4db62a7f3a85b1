import socket
import time

import pytest

from live.datagrams import Inbox, send, stamp_arrivals, write_name


@pytest.fixture
def pair():
    ours, theirs = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    for one in (ours, theirs):
        one.bind(("127.0.0.1", 0))
        one.setblocking(False)
    yield ours, theirs
    ours.close()
    theirs.close()


def test_a_batch_is_read_with_its_senders(pair):
    ours, theirs = pair
    inbox = Inbox(ours.fileno(), batch=4)
    for n in range(6):
        assert send(theirs.fileno(), bytes([n]) * (n + 1), write_name(*ours.getsockname()))
    assert inbox.read() == 4
    assert [bytes(inbox.views[i][: inbox.size(i)]) for i in range(4)] == [
        b"\0", b"\1\1", b"\2\2\2", b"\3\3\3\3",
    ]  # fmt: skip
    assert {inbox.sender(i) for i in range(4)} == {write_name(*theirs.getsockname())}
    assert inbox.read() == 2
    assert inbox.read() == 0


def test_the_kernel_says_how_long_a_datagram_has_waited(pair):
    ours, theirs = pair
    stamp_arrivals(ours)
    inbox = Inbox(ours.fileno())
    for _ in range(2):
        theirs.sendto(b"x", ours.getsockname())
        sent = time.time()
        inbox.read()
        inbox.sender(0)
        assert inbox.age(0, sent + 0.25) == pytest.approx(0.25, abs=0.05)


def test_without_stamps_nothing_is_old(pair):
    ours, theirs = pair
    inbox = Inbox(ours.fileno())
    theirs.sendto(b"x", ours.getsockname())
    inbox.read()
    assert inbox.age(0, time.time()) == 0
