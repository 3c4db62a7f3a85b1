import re
from ipaddress import ip_address, ip_network
from pathlib import Path

import msgspec
import pytest
import yaml

from kernel.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
SETTINGS = {PREFIX + field.name.upper() for field in msgspec.structs.fields(Settings)}


def text_of(name: str) -> str:
    return (ROOT / name).read_text()


def test_the_image_and_the_services_set_only_settings_that_exist():
    in_image = set(re.findall(rf"({PREFIX}\w+)=", text_of("Dockerfile")))
    assert in_image | SERVICES["app"]["environment"].keys() <= SETTINGS


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_leans_on_is_there(name):
    service = SERVICES[name]
    assert set(service.get("depends_on", ())) <= SERVICES.keys()
    for volume in service.get("volumes", ()):
        source, _, _ = volume.partition(":")
        assert not source.startswith(".") or (ROOT / source).is_file()


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"app"}))
def test_an_image_of_others_has_a_version(name):
    assert re.search(r":v?\d", SERVICES[name]["image"])


def test_ports_are_the_defaults_of_the_settings():
    port, media_port = Settings().port, Settings().media_port
    assert f"EXPOSE {port} {media_port}/udp {media_port}/tcp" in text_of("Dockerfile")
    assert SERVICES["app"]["ports"] == [
        f"{media_port}:{media_port}/udp",
        f"{media_port}:{media_port}/tcp",
    ]
    for peer in ("deploy/nginx.conf", "deploy/prometheus.yml"):
        assert f"app:{port}" in text_of(peer)


def test_nginx_alone_is_believed_who_asks_and_nobody_else_can_get_its_address():
    (pool,) = COMPOSE["networks"]["default"]["ipam"]["config"]
    nginx = SERVICES["nginx"]["networks"]["default"]["ipv4_address"]
    assert SERVICES["app"]["environment"]["DARIS_TRUSTED_PROXIES"] == nginx
    assert ip_address(nginx) in ip_network(pool["subnet"])
    assert ip_address(nginx) not in ip_network(pool["ip_range"])
    assert ip_network(pool["ip_range"]).subnet_of(ip_network(pool["subnet"]))
