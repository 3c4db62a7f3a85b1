"""The rules of RFC 9725, row by row, for WHIP and WHEP over real HTTP."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from bench.light_client import VIDEO_TYPE, LightClient, rtp_packet
from identity.rights import Role
from kernel.clock import SystemClock
from live import room
from live.events import PersonLeft

SDP = {"Content-Type": "application/sdp"}
FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag"}
PAGE = {"Origin": "https://elsewhere.example"}

pytestmark = pytest.mark.parametrize("kind", ["whip", "whep"])


@pytest.fixture
def clock():
    """Media has its own time."""
    return SystemClock()


@dataclass
class Desk:
    """A lecture that is on, and where to publish into it or to receive it."""

    served: Any
    kind: str
    headers: dict[str, str]
    clients: list[LightClient] = field(default_factory=list)
    client: LightClient | None = None

    @property
    def endpoint(self):
        return f"/{self.kind}/{self.served.lecture.id}"

    def offer(self, client):
        return client.offer([("video", "sendonly" if self.kind == "whip" else "recvonly")])

    async def ask(self, method, path, *, body=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.served.client.request(method, path, data=body, headers=headers)

    async def post(self, **headers):
        self.client = LightClient()
        self.clients.append(self.client)
        body = self.offer(self.client)
        return await self.ask("POST", self.endpoint, body=body, **self.headers | SDP | headers)

    async def session(self):
        created = await self.post()
        assert created.status == 201
        return created.headers["Location"], created.headers["ETag"], await created.text()

    async def patch(self, path, tag, client, **headers):
        headers = FRAGMENT | ({} if tag is None else {"If-Match": tag}) | headers
        return await self.ask("PATCH", path, body=fragment(client), **headers)


def fragment(client):
    return (
        "a=group:BUNDLE 0\r\n"
        "m=video 9 UDP/TLS/RTP/SAVPF 102\r\n"
        "a=mid:0\r\n"
        f"a=ice-ufrag:{client._ufrag}\r\n"
        f"a=ice-pwd:{client._password}\r\n"
        "a=candidate:1 1 udp 2130706431 192.0.2.1 40000 typ host\r\n"
    )


@pytest.fixture
async def desk(school, add_person, kind):
    served = await school(settings={"turn_urls": ("turn:turn.example",), "turn_secret": "s"})
    desks = [Desk(served, "whip", await served.bearer(served.lecturer))]
    if kind == "whep":
        guest = await served.enter()
        await desks[0].session()
        while not (await guest.hear("tracks"))["tracks"]:
            pass
        student = await add_person(Role.STUDENT, name="Dana")
        desks.append(Desk(served, "whep", await served.bearer(student)))
    yield desks[-1]
    for one in desks:
        for client in one.clients:
            await client.aclose()


async def test_a_session_is_made_changed_and_ended(desk, kind):
    created = await desk.post()
    assert created.status == 201
    assert created.content_type == "application/sdp"
    assert "a=setup:passive" in await created.text()
    location = created.headers["Location"]
    assert location.startswith(f"/{kind}/{desk.served.lecture.id}/")
    assert (await desk.patch(location, created.headers["ETag"], desk.client)).status == 204
    assert (await desk.ask("DELETE", location)).status == 200
    assert (await desk.ask("DELETE", location)).status == 404
    assert (await desk.patch(location, "*", desk.client)).status == 404


async def test_a_log_in_for_the_relay_is_minted_for_each_session(desk, kind):
    link = (await desk.post()).headers["Link"]
    assert link.startswith('<turn:turn.example>; rel="ice-server"; username="')
    assert 'credential-type="password"' in link


async def test_an_ice_restart_keeps_the_connection(desk, kind):
    location, tag, answer = await desk.session()
    client = desk.client
    await client.connect(answer)
    client.renew()
    restarted = await desk.patch(location, "*", client)
    assert restarted.status == 200
    assert restarted.content_type == "application/trickle-ice-sdpfrag"
    new_tag = restarted.headers["ETag"]
    assert new_tag != tag
    ours = await restarted.text()
    assert "a=ice-lite" in ours
    assert "a=mid:0" in ours
    await client.move()  # the old session holds until the new one is proved
    await client.restart(ours)
    assert (await desk.patch(location, tag, client)).status == 412
    assert (await desk.patch(location, new_tag, client)).status == 204
    assert (await desk.patch(location, f'"other", {new_tag}', client)).status == 204
    assert (await desk.patch(location, "*", client)).status == 422  # no new credentials
    live = await desk.served.live()
    assert len([seat for seat in live.room.seats if seat.channel.value == kind]) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 428),
        ({"If-Match": '"stale"'}, 412),
        ({"If-Match": "*", "Content-Type": "application/sdp"}, 415),
    ],
)
async def test_a_change_that_does_not_fit_is_refused_and_changes_nothing(
    desk, kind, headers, status
):
    location, tag, _ = await desk.session()
    assert (await desk.patch(location, None, desk.client, **headers)).status == status
    assert (await desk.patch(location, tag, desk.client)).status == 204


async def test_a_fragment_that_is_none_is_refused(desk, kind):
    location, tag, _ = await desk.session()
    for body in ("", "v=0", "a=ice-ufrag:abcd", b"\xff\xfe"):
        headers = FRAGMENT | {"If-Match": tag}
        assert (await desk.ask("PATCH", location, body=body, **headers)).status == 400
    long = await desk.ask("PATCH", location, body="a" * 40_000, **FRAGMENT | {"If-Match": tag})
    assert long.status == 413


@pytest.mark.parametrize(
    ("change", "headers", "status"),
    [
        (lambda _: "{}", {"Content-Type": "application/json"}, 415),
        (lambda offer: offer, {"Accept": "text/html"}, 406),
        (lambda _: "", {}, 400),
        (lambda _: "v=0\r\nnonsense", {}, 400),
        (lambda _: b"\xff\xfe", {}, 400),
        (lambda offer: offer.replace("sendonly", "x").replace("recvonly", "sendonly")
            .replace("a=x", "a=recvonly"), {}, 400),
        (lambda offer: offer + "a=x\r\n" * 50_000, {}, 413),
    ],
)  # fmt: skip
async def test_what_is_no_offer_is_refused_and_leaves_nobody_behind(
    desk, kind, change, headers, status
):
    before = len((await desk.served.live()).room.seats)
    client = LightClient()
    body = change(desk.offer(client))
    answer = await desk.ask("POST", desk.endpoint, body=body, **desk.headers | SDP | headers)
    assert answer.status == status
    assert answer.content_type == "application/problem+json"
    assert len((await desk.served.live()).room.seats) == before
    await client.aclose()


@pytest.mark.parametrize("proof", [{}, {"Authorization": "Bearer forged"} | PAGE])
async def test_without_a_good_token_nobody_comes_in(desk, kind, proof):
    desk.headers = proof
    answer = await desk.post()
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
async def test_other_methods_are_not_allowed(desk, kind, method):
    location, _, _ = await desk.session()
    for path, allowed in (
        (desk.endpoint, {"POST", "OPTIONS"}),
        (location, {"PATCH", "DELETE", "OPTIONS"}),
    ):
        answer = await desk.ask(method, path)
        assert answer.status == 405
        assert set(answer.headers["Allow"].split(",")) == allowed
    assert (await desk.ask("POST", location, **SDP)).status == 405
    assert (await desk.ask("PATCH", desk.endpoint, **FRAGMENT)).status == 405


async def test_pages_of_other_origins_may_ask(desk, kind):
    location, _, _ = await desk.session()
    for path in (desk.endpoint, location):
        answer = await desk.ask("OPTIONS", path, **PAGE)
        assert answer.status == 200
        assert answer.headers["Accept-Post"] == "application/sdp"
        assert answer.headers["Accept-Patch"] == "application/trickle-ice-sdpfrag"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "If-Match" in answer.headers["Access-Control-Allow-Headers"]
        assert "Location" in answer.headers["Access-Control-Expose-Headers"]


async def test_a_full_room_says_when_to_come_back(desk, kind, monkeypatch):
    monkeypatch.setattr(room, "MOST_SEATS", 0)
    answer = await desk.post(**PAGE)
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


async def test_an_encoder_with_b_frames_is_ended_and_told_why(desk, kind):
    """Drawn packets: pictures 0 3 1 2 6 4 5 …, as x264 sends them by default."""
    if kind == "whep":
        return  # players send nothing
    host = await desk.served.enter(desk.served.lecturer)
    location, tag, answer = await desk.session()
    client = desk.client
    await client.connect(answer)
    shown = [0] + [3 * n + k for n in range(60) for k in (3, 1, 2)]
    for sequence, picture in enumerate(shown):
        timestamp = 3000 * picture
        packet = rtp_packet(VIDEO_TYPE, sequence, timestamp, client.ssrcs["0"], b"\x41\x9a", 1)
        client.send_raw(client.protect(packet))
    refused = await host.hear("refused")
    assert (refused["code"], refused["about"]) == ("b-frames", "camera")
    assert "set B-frames to 0" in refused["message"]
    async with asyncio.timeout(10):
        while (gone := await desk.patch(location, tag, client)).status != 410:
            pass
    assert (await gone.json())["title"] == refused["message"]
    (fact,) = desk.served.facts(PersonLeft)
    assert fact.reason == "refused"
