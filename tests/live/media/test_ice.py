import hmac
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.datagrams import read_name, write_name
from live.ice import Drop, IceServer, read_check, write_check

NAME = write_name("192.0.2.7", 40_000)


class Heard:
    def __init__(self):
        self.checks = []

    def checked(self, credentials, name, *, nominates):
        self.checks.append((name, nominates))


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def server():
    return IceServer()


def check(session, password=None):
    secret = session.password if password is None else password
    return write_check(f"{session.ufrag}:theirs", secret.encode())


def test_a_genuine_check_is_answered_with_the_address_that_we_see(server, heard):
    session = server.open(heard)
    question = check(session)
    answer = server.answer(question, NAME, 0.0, is_known=False)
    assert heard.checks == [(NAME, True)]
    assert struct.unpack_from("!H", answer)[0] == 0x0101
    assert answer[8:20] == question[8:20]
    port = struct.unpack_from("!H", answer, 26)[0] ^ 0x2112
    address = bytes(a ^ b for a, b in zip(answer[28:32], b"\x21\x12\xa4\x42", strict=True))
    assert (port, address) == (40_000, bytes([192, 0, 2, 7]))


def test_the_answer_is_signed_with_our_password(server, heard):
    session = server.open(heard)
    answer = server.answer(check(session), NAME, 0.0, is_known=False)
    at = 32
    signed = answer[:2] + struct.pack("!H", at - 20 + 24) + answer[4:at]
    expected = hmac.digest(session.password.encode(), signed, "sha1")
    assert answer[at + 4 : at + 24] == expected


def test_a_check_with_another_password_is_forged(server, heard):
    session = server.open(heard)
    assert server.answer(check(session, "guess"), NAME, 0.0, is_known=False) is Drop.FORGED
    assert heard.checks == []


def test_a_check_for_nobody_is_unknown(server, heard):
    session = server.open(heard)
    server.close(session)
    assert server.answer(check(session), NAME, 0.0, is_known=False) is Drop.UNKNOWN


def test_a_flood_from_strangers_is_cut_off_before_it_costs_and_the_known_one_is_heard(
    server, heard
):
    session = server.open(heard)
    forged = check(session, "guess")
    drops = {server.answer(forged, NAME, 1.0, is_known=False) for _ in range(100)}
    assert drops == {Drop.FORGED, Drop.TOO_OFTEN}
    assert isinstance(server.answer(check(session), NAME, 1.0, is_known=True), bytes)


def test_after_a_flood_a_stranger_is_heard_again(server, heard):
    session = server.open(heard)
    for _ in range(100):
        server.answer(check(session, "guess"), NAME, 1.0, is_known=False)
    assert isinstance(server.answer(check(session), NAME, 2.0, is_known=False), bytes)


@given(st.binary(max_size=700))
def test_any_bytes_are_a_check_or_nothing(data):
    assert read_check(data) is None or data[:2] == b"\x00\x01"


@given(st.data())
def test_a_damaged_check_is_never_believed(data):
    heard, server = Heard(), IceServer()
    session = server.open(heard)
    whole = bytearray(check(session))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.integers(0, len(whole)))
    for damaged in (bytes(whole), bytes(whole[:cut])):
        assert isinstance(server.answer(damaged, NAME, 0.0, is_known=False), Drop)
    assert heard.checks == []


@pytest.mark.parametrize(("host", "port"), [("192.0.2.1", 1), ("2001:db8::7", 65_535)])
def test_a_raw_address_reads_as_it_was_written(host, port):
    assert read_name(write_name(host, port)) == (host, port)


def test_a_mapped_address_is_shown_as_ipv4():
    assert read_name(write_name("::ffff:192.0.2.1", 5)) == ("192.0.2.1", 5)
