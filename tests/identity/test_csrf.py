"""The matrix: how a request is known, where it comes from, which token it shows."""

import pytest

from identity.credentials import add_session, add_token

HERE, THERE = "same-origin", "cross-site"


async def send(client, *, method="POST", **headers) -> int:
    names = {"site": "Sec-Fetch-Site", "origin": "Origin", "token": "X-CSRF-Token"}
    given = {names.get(name, name): value for name, value in headers.items() if value is not None}
    async with client.request(method, "/whoami", headers=given) as answer:
        return answer.status


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("fetch_site", "shows_token", "status"),
    [
        (HERE, True, 200),
        ("none", True, 200),
        (None, True, 200),
        (HERE, False, 403),
        (None, False, 403),
        (THERE, True, 403),
        ("same-site", True, 403),
        (THERE, False, 403),
    ],
)
async def test_a_cookie_acts_from_here_and_with_its_token_only(
    signed_in, method, fetch_site, shows_token, status
):
    token = signed_in.csrf if shows_token else None
    assert await send(signed_in, method=method, site=fetch_site, token=token) == status


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_reading_is_free_from_anywhere(signed_in, method):
    assert await send(signed_in, method=method, site=THERE) == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [("https://evil.example", 403), ("null", 403), ("http://127.0.0.1.evil.example", 403)],
)
async def test_without_fetch_metadata_the_origin_decides(signed_in, origin, status):
    assert await send(signed_in, origin=origin, token=signed_in.csrf) == status


async def test_our_own_origin_is_fine_under_the_address_seen_or_the_public_one(signed_in):
    seen = str(signed_in.make_url("/")).rstrip("/")
    for origin in (seen, "http://127.0.0.1:8080"):
        assert await send(signed_in, origin=origin, token=signed_in.csrf) == 200


async def test_the_token_of_another_session_does_not_fit(signed_in, aliya, database, clock):
    theirs = signed_in.csrf
    async with database.begin() as connection:
        other = await add_session(connection, aliya.id, at=clock.now())
    url = signed_in.make_url("/")
    signed_in.session.cookie_jar.update_cookies({"daris_session": other}, url)
    assert await send(signed_in, site=HERE, token=theirs) == 403
    for garbage in ("", "é", "x" * 5000):
        assert await send(signed_in, site=HERE, token=garbage) == 403


async def test_a_form_carries_the_token_in_a_field(signed_in):
    headers = {"Sec-Fetch-Site": HERE}
    form = {"csrf": signed_in.csrf}
    async with signed_in.post("/whoami", data=form, headers=headers) as answer:
        assert answer.status == 200
    async with signed_in.post("/whoami", data={"csrf": "x"}, headers=headers) as answer:
        assert answer.status == 403


async def test_an_authorization_header_is_exempt(site, aliya, database, clock):
    async with database.begin() as connection:
        token, _ = await add_token(connection, aliya.id, at=clock.now())
    assert await send(site, site=THERE, Authorization=f"Bearer {token}") == 200


async def test_a_header_beside_a_cookie_decides_alone(signed_in):
    assert await send(signed_in, site=THERE, Authorization="Bearer forged") == 401


@pytest.mark.parametrize(("site_header", "status"), [(HERE, 200), (None, 200), (THERE, 403)])
async def test_nobody_acts_from_here_without_a_token(site, site_header, status):
    assert await send(site, site=site_header) == status


@pytest.mark.parametrize(("site_header", "status"), [(HERE, 101), (None, 101), (THERE, 403)])
async def test_a_socket_opens_from_here_without_a_token(signed_in, site_header, status):
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    if site_header:
        headers["Sec-Fetch-Site"] = site_header
    async with signed_in.get("/socket", headers=headers) as answer:
        assert answer.status == status
