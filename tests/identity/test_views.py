from datetime import timedelta

import pytest

from identity.rights import Role
from identity.tickets import TICKETS, Ticket
from identity.views import routes
from kernel.ids import new_id

RIGHT = {"login": " Aliya ", "password": "correct horse"}
WRONG = {"login": "aliya", "password": "wrong horse"}


async def log_in(client, body) -> int:
    async with client.post("/api/v1/session", json=body) as answer:
        return answer.status


async def me(client, **how) -> dict:
    async with client.get("/api/v1/me", **how) as answer:
        return await answer.json()


async def test_logging_in_and_out_by_json(site, aliya):
    assert await log_in(site, RIGHT) == 204
    mine = await me(site)
    assert (mine["id"], mine["roles"]) == (str(aliya.id), ["student"])
    headers = {"X-CSRF-Token": mine["csrf_token"]}
    async with site.delete("/api/v1/session", headers=headers) as answer:
        assert answer.status == 204
    assert (await me(site))["id"] is None


async def test_a_session_is_over_after_the_log_out_even_if_its_cookie_was_copied(site, aliya):
    await log_in(site, RIGHT)
    (cookie,) = (c.value for c in site.session.cookie_jar if c.key == "daris_session")
    headers = {"X-CSRF-Token": (await me(site))["csrf_token"]}
    async with site.delete("/api/v1/session", headers=headers):
        pass
    assert (await me(site, cookies={"daris_session": cookie}))["id"] is None


async def test_the_session_cookie_is_kept_from_scripts_and_other_sites(site, aliya):
    async with site.post("/api/v1/session", json=RIGHT) as answer:
        cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


async def test_under_https_the_cookie_belongs_to_this_host_alone(serve, aliya):
    site = await serve(routes(), public_url="https://daris.example")
    async with site.post("/api/v1/session", json=RIGHT) as answer:
        cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-daris_session=")
    assert "Secure" in cookie
    assert "Path=/" in cookie


async def test_a_wrong_password_and_an_unknown_login_read_the_same(site, aliya):
    texts = []
    for login in ("aliya", "nobody"):
        body = {"login": login, "password": "wrong horse"}
        async with site.post("/api/v1/session", json=body) as answer:
            assert answer.status == 401
            texts.append(await answer.text())
    assert texts[0] == texts[1]


async def test_guessing_is_slowed_down_and_says_until_when(site, aliya, clock):
    statuses = [await log_in(site, WRONG) for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    async with site.post("/api/v1/session", json=RIGHT) as answer:
        assert answer.status == 429
        wait = int(answer.headers["Retry-After"])
    clock.advance(timedelta(seconds=wait))
    assert await log_in(site, RIGHT) == 204


async def test_behind_a_proxy_who_guesses_slows_down_nobody_else(serve, aliya):
    site = await serve(routes(), trusted_proxies=("127.0.0.1",))

    async def from_address(forwarded, body):
        headers = {"X-Forwarded-For": forwarded}
        async with site.post("/api/v1/session", json=body, headers=headers) as answer:
            return answer.status

    made_up = [f"198.51.100.{n}, 203.0.113.7" for n in range(6)]
    assert [await from_address(one, WRONG) for one in made_up] == [401] * 5 + [429]
    assert await from_address("203.0.113.8", RIGHT) == 204


async def test_those_who_know_their_password_are_never_slowed_down(site, aliya):
    statuses = [await log_in(site, RIGHT) for _ in range(20)]
    assert set(statuses) == {204}


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"data": b"{", "headers": {"Content-Type": "application/json"}}, 400),
        ({"json": {"login": "aliya"}}, 400),
        ({"json": {"login": 1, "password": None}}, 400),
        ({"json": {**RIGHT, "surplus": True}}, 400),
        ({"json": []}, 400),
        ({"data": "login=aliya"}, 415),
    ],
)
async def test_a_body_that_is_no_log_in_is_refused_with_a_problem(site, sent, status):
    async with site.post("/api/v1/session", **sent) as answer:
        assert answer.status == status
        assert answer.content_type == "application/problem+json"
        assert (await answer.json())["title"]


async def test_the_form_logs_in_and_goes_where_the_person_wanted(site, aliya):
    async with site.get("/login", params={"next": "/lectures/1"}) as answer:
        assert answer.status == 200
        assert 'value="/lectures/1"' in await answer.text()
    form = {**RIGHT, "next": "/lectures/1"}
    async with site.post("/login", data=form, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/lectures/1")
    assert (await me(site))["id"] == str(aliya.id)


async def test_the_form_comes_back_with_the_error_and_the_login(site, aliya):
    async with site.post("/login", data={**WRONG, "next": "/x"}) as answer:
        text = await answer.text()
        assert answer.status == 401
    assert 'role="alert"' in text
    assert 'value="aliya"' in text
    assert "wrong horse" not in text


async def test_the_form_says_429_when_slowed_down(site, aliya):
    for _ in range(5):
        await log_in(site, WRONG)
    async with site.post("/login", data=RIGHT) as answer:
        assert answer.status == 429
        assert answer.headers["Retry-After"]


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "x", ""],
)
async def test_a_log_in_never_leads_to_another_site(site, aliya, target):
    async with site.post("/login", data={**RIGHT, "next": target}, allow_redirects=False) as answer:
        assert answer.headers["Location"] == "/"


async def test_another_site_can_not_log_a_visitor_in(site, aliya):
    for path in ("/login", "/api/v1/session"):
        headers = {"Origin": "https://evil.example"}
        async with site.post(path, data=RIGHT, headers=headers) as answer:
            assert answer.status == 403


async def test_the_log_out_form_needs_the_token(signed_in):
    async with signed_in.post("/logout", data={}) as answer:
        assert answer.status == 403
    form = {"csrf": signed_in.csrf}
    async with signed_in.post("/logout", data=form, allow_redirects=False) as answer:
        assert answer.status == 303
    assert (await me(signed_in))["id"] is None


async def test_language_and_zone_are_kept_with_the_person(signed_in):
    headers = {"X-CSRF-Token": signed_in.csrf}
    wanted = {"locale": "ru", "zone": "Asia/Almaty"}
    async with signed_in.post("/api/v1/me", json=wanted, headers=headers) as answer:
        assert answer.cookies["locale"].value == "ru"
        assert answer.cookies["zone"].value == "Asia/Almaty"
    mine = await me(signed_in)
    assert (mine["locale"], mine["zone"]) == ("ru", "Asia/Almaty")


async def test_nobody_in_particular_may_choose_a_language_too(site):
    async with site.post("/api/v1/me", json={"locale": "kk"}) as answer:
        assert answer.status == 200
        assert answer.cookies["locale"].value == "kk"


async def test_an_unknown_zone_is_refused(signed_in):
    headers = {"X-CSRF-Token": signed_in.csrf}
    async with signed_in.post("/api/v1/me", json={"zone": "Mars/X"}, headers=headers) as answer:
        assert answer.status == 400


async def test_a_person_makes_lists_and_revokes_tokens(signed_in, aliya):
    headers = {"X-CSRF-Token": signed_in.csrf}
    wanted = {"label": "encoder", "days": 30}
    async with signed_in.post("/api/v1/tokens", json=wanted, headers=headers) as answer:
        assert answer.status == 201
        made = await answer.json()
    bearer = {"Authorization": f"Bearer {made['token']}"}
    assert (await me(signed_in, headers=bearer))["id"] == str(aliya.id)
    async with signed_in.get("/api/v1/tokens") as answer:
        (shown,) = (await answer.json())["tokens"]
    assert (shown["label"], shown["token"]) == ("encoder", None)
    async with signed_in.delete(f"/api/v1/tokens/{made['id']}", headers=headers) as answer:
        assert answer.status == 204
    async with signed_in.get("/api/v1/me", headers=bearer) as answer:
        assert answer.status == 401


async def test_a_token_never_has_more_roles_than_the_one_that_made_it(site, add_person, bearer):
    person = await add_person(Role.STUDENT, Role.ADMIN)
    narrow = await bearer(person, roles=[Role.STUDENT])
    wanted = {"label": "wider", "roles": ["admin"]}
    async with site.post("/api/v1/tokens", json=wanted, headers=narrow) as answer:
        assert answer.status == 403
    async with site.post("/api/v1/tokens", json={"label": "same"}, headers=narrow) as answer:
        assert (await answer.json())["roles"] == ["student"]


async def test_a_ticket_makes_no_tokens(site, aliya):
    ticket = Ticket(lecture=new_id(), name="Алия", roles=aliya.roles, person=aliya.id)
    token = site.app[TICKETS].issue(ticket, timedelta(hours=1))
    headers = {"Authorization": f"Bearer {token}"}
    async with site.post("/api/v1/tokens", json={"label": "x"}, headers=headers) as answer:
        assert answer.status == 403


async def test_tokens_are_for_people_who_are_signed_in(site):
    async with site.get("/api/v1/tokens") as answer:
        assert answer.status == 401
