"""STUN and TURN servers as they are set, and as they are told."""

from datetime import UTC, datetime

import pytest

from kernel.errors import SettingsError
from kernel.ids import new_id
from live.messages import IceServer
from live.turn import LOG_IN_HOLDS, credential, links, read_ice_servers

NOW = datetime(2026, 9, 1, 9, tzinfo=UTC)
URLS = ("turn:turn.example:3478?transport=tcp", "turns:turn.example:443")


def test_servers_are_read():
    read = read_ice_servers(["stun:a.example:3478", "turn:u:p%40@b.example?transport=tcp"])
    assert read.of(new_id(), NOW) == (
        IceServer(("stun:a.example:3478",)),
        IceServer(("turn:b.example?transport=tcp",), "u", "p@"),
    )


@pytest.mark.parametrize("text", ["http://a", "turn:b.example", "stun:", "nonsense"])
def test_what_is_no_server_stops_the_start(text):
    with pytest.raises(SettingsError, match="DARIS_ICE_SERVERS"):
        read_ice_servers([text])


@pytest.mark.parametrize(
    ("urls", "secret"),
    [
        (URLS, ""),
        ((), "secret"),
        (["stun:a.example"], "secret"),
        (["turn:user:password@a.example"], "secret"),
        (["turn:"], "secret"),
    ],
)
def test_a_relay_without_its_secret_stops_the_start(urls, secret):
    with pytest.raises(SettingsError, match=r"^DARIS_TURN_URLS"):
        read_ice_servers([], urls, secret)


def test_a_log_in_is_the_persons_own_and_ends():
    person = new_id()
    read = read_ice_servers(["stun:a.example"], URLS, "secret")
    stun, relay = read.of(person, NOW)
    assert stun == IceServer(("stun:a.example",))
    assert relay.urls == URLS
    until, _, whose = relay.username.partition(":")
    assert datetime.fromtimestamp(int(until), UTC) == NOW + LOG_IN_HOLDS
    assert whose == str(person)
    assert relay.credential == credential("secret", relay.username)
    assert read.of(new_id(), NOW)[1].credential != relay.credential


def test_a_credential_is_what_coturn_computes():
    """By `openssl dgst -sha1 -hmac north -binary | base64` of the user name."""
    assert credential("north", "1433895918:aigerim") == "UHI2z1av17QjfrmHe1ICpBU8im4="


def test_the_secret_is_not_shown():
    assert "hush" not in repr(read_ice_servers([], URLS, "hush"))


def test_links_carry_the_log_in():
    (link,) = links([IceServer(("turn:b.example",), 'u"', "p")])
    assert link == (
        '<turn:b.example>; rel="ice-server"; username="u\\""; credential="p"; '
        'credential-type="password"'
    )
