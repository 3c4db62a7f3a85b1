import pytest

from kernel.errors import SettingsError
from kernel.proxies import Proxies

OURS = Proxies.read(("10.0.0.0/8", "2001:db8::/32"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "origin"),
    [
        ("203.0.113.7", [], "203.0.113.7"),
        ("10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["203.0.113.7, 10.0.0.2"], "203.0.113.7"),
        ("10.0.0.1", ["203.0.113.7", "10.0.0.2"], "203.0.113.7"),
        ("::ffff:10.0.0.1", ["::ffff:203.0.113.7"], "203.0.113.7"),
        ("2001:db8::1", ["[2001:4860::8]:4711"], "2001:4860::8"),
        ("10.0.0.1", ["203.0.113.7:4711"], "203.0.113.7"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
    ],
)
def test_the_rightmost_that_is_no_proxy_of_ours_asks(peer, forwarded, origin):
    assert OURS.origin(peer, forwarded) == origin


@pytest.mark.parametrize(
    ("peer", "forwarded", "origin"),
    [
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
        ("203.0.113.7", ["10.0.0.1"], "203.0.113.7"),
        ("10.0.0.1", ["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["10.0.0.9, 203.0.113.7, 10.0.0.2"], "203.0.113.7"),
        ("10.0.0.1", ["198.51.100.1, unknown, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["198.51.100.1, <script>"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1,"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
    ],
)
def test_nobody_else_chooses_their_address(peer, forwarded, origin):
    assert OURS.origin(peer, forwarded) == origin


def test_without_proxies_the_header_says_nothing():
    assert Proxies.read(()).origin("10.0.0.1", ["203.0.113.7"]) == "10.0.0.1"


def test_a_peer_without_an_address_is_itself():
    assert OURS.origin("", ["203.0.113.7"]) == ""


@pytest.mark.parametrize("text", ["nginx", "10.0.0.0/33", "10.0.0.1/8", "*"])
def test_what_is_no_network_is_named(text):
    with pytest.raises(SettingsError, match="DARIS_TRUSTED_PROXIES is not right: "):
        Proxies.read((text,))
