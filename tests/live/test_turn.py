"""STUN and TURN servers as they are set, and as they are told."""

import pytest

from kernel.errors import SettingsError
from live.messages import IceServer
from live.turn import ice_servers, links


def test_servers_are_read():
    assert ice_servers(["stun:a.example:3478", "turn:u:p%40@b.example?transport=tcp"]) == (
        IceServer(("stun:a.example:3478",)),
        IceServer(("turn:b.example?transport=tcp",), "u", "p@"),
    )


@pytest.mark.parametrize("text", ["http://a", "turn:b.example", "stun:", "nonsense"])
def test_what_is_no_server_stops_the_start(text):
    with pytest.raises(SettingsError, match="DARIS_ICE_SERVERS"):
        ice_servers([text])


def test_links_carry_the_log_in():
    (link,) = links([IceServer(("turn:b.example",), 'u"', "p")])
    assert link == (
        '<turn:b.example>; rel="ice-server"; username="u\\""; credential="p"; '
        'credential-type="password"'
    )
