"""Where the media port is to be found: what operators may announce, and what a machine has itself."""

import pytest

from kernel.errors import SettingsError
from live.endpoint import Endpoint, media_host, own_endpoints, read_endpoint, resolve
from live.port import MediaPort


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("203.0.113.7", Endpoint("203.0.113.7")),
        ("203.0.113.7:40000", Endpoint("203.0.113.7", 40000)),
        ("2001:db8::1", Endpoint("2001:db8::1")),
        ("[2001:db8::1]", Endpoint("2001:db8::1")),
        ("[2001:db8::1]:40000", Endpoint("2001:db8::1", 40000)),
        ("live.example.kz", Endpoint("live.example.kz")),
        ("live.example.kz:443", Endpoint("live.example.kz", 443)),
        ("localhost", Endpoint("localhost")),
    ],
)
def test_an_endpoint_is_read(text, endpoint):
    assert read_endpoint(text) == endpoint


@pytest.mark.parametrize(
    "text",
    [
        *("", ":1", "203.0.113.7:", "203.0.113.7:0", "203.0.113.7:65536", "203.0.113.7:port"),
        *("203.0.113", "203.0.113.777", "0.0.0.0", "::", "[2001:db8::1", "2001:db8::g", "[name]:1"),
        *("http://live.example.kz", "two words", "a..b", "[::1]40000", "-", "1:2:3"),
    ],
)
def test_what_is_no_endpoint_stops_the_start_with_a_sentence(text):
    with pytest.raises(SettingsError, match=r"^DARIS_ANNOUNCE: .* is no address"):
        read_endpoint(text)


async def test_a_name_that_nobody_knows_stops_the_start():
    with pytest.raises(SettingsError, match=r"nowhere\.invalid"):
        await resolve(["nowhere.invalid:8081"])


async def test_a_name_is_announced_by_its_addresses_with_its_port():
    assert Endpoint("127.0.0.1", 40000) in await resolve(["localhost:40000", "127.0.0.1:40000"])


async def test_the_ports_that_were_announced_stand_before_the_own_one():
    announce = ("192.0.2.1:40000", "[2001:db8::1]:40001", "192.0.2.2")
    async with MediaPort.open("127.0.0.1", 0, announce) as port:
        ports = [endpoint.port for endpoint in port.endpoints]
        assert ports == [40000, 40001, port.port]


def test_a_machine_announces_what_it_listens_on():
    hosts = [endpoint.host for endpoint in own_endpoints("::")]
    assert hosts[-2:] == ["127.0.0.1", "::1"]
    assert not any(":" in endpoint.host for endpoint in own_endpoints("0.0.0.0"))
    assert own_endpoints("192.0.2.1") == (Endpoint("192.0.2.1"),)


@pytest.mark.parametrize(
    ("bind", "media_bind", "host"),
    [
        ("127.0.0.1", "", "127.0.0.1"),
        ("0.0.0.0", "", "::"),
        ("0.0.0.0", "0.0.0.0", "0.0.0.0"),
        ("127.0.0.1", "::", "::"),
    ],
)
def test_every_address_means_both_families(bind, media_bind, host):
    assert media_host(bind, media_bind) == host
