from datetime import timedelta
from uuid import uuid4

import pytest
from aiohttp import encode_basic_auth

from identity import credentials
from identity.credentials import add_token
from identity.rights import Role
from identity.sessions import SESSIONS
from identity.tickets import TICKETS, Ticket

LECTURE = uuid4()


@pytest.fixture
async def token(database, aliya, clock) -> str:
    async with database.begin() as connection:
        return (await add_token(connection, aliya.id, at=clock.now()))[0]


async def who(client, **how) -> dict:
    async with client.get("/whoami", **how) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def refused(client, **how) -> dict:
    async with client.get("/whoami", **how) as answer:
        assert answer.status == 401
        return await answer.json()


async def test_nobody_is_anonymous(site):
    assert await who(site) == {"id": None, "roles": [], "lecture": None, "csrf": ""}


async def test_a_session_cookie_a_bearer_token_and_a_basic_password_are_the_same_person(
    signed_in, serve, aliya, token
):
    by_cookie = await who(signed_in)
    signed_in.session.cookie_jar.clear()
    by_bearer = await who(signed_in, headers={"Authorization": f"bearer {token}"})
    by_basic = await who(signed_in, headers={"Authorization": encode_basic_auth("anything", token)})
    assert {by_cookie["id"], by_bearer["id"], by_basic["id"]} == {str(aliya.id)}


@pytest.mark.parametrize(
    "header",
    ["Bearer nonsense", "Bearer ", "Bearer a.b.c", "Basic %%%", "Basic eDp5", "Digest x", ""],
)
async def test_a_wrong_header_is_refused_with_a_sentence(site, header):
    assert (await refused(site, headers={"Authorization": header}))["title"]


async def test_a_stale_cookie_is_nobody(site):
    assert (await who(site, cookies={"daris_session": "stale"}))["id"] is None


async def test_a_ticket_in_the_link_stays_with_the_browser(site):
    ticket = site.app[TICKETS].issue(Ticket(lecture=LECTURE, name="Guest"), timedelta(hours=1))
    first = await who(site, params={"ticket": ticket})
    again = await who(site)
    assert (first["roles"], first["lecture"]) == (["guest"], str(LECTURE))
    assert again["id"] == first["id"]


async def test_a_stale_cookie_does_not_hide_a_ticket(site):
    ticket = site.app[TICKETS].issue(Ticket(lecture=LECTURE, name="Guest"), timedelta(hours=1))
    it = await who(site, params={"ticket": ticket}, cookies={"daris_session": "stale"})
    assert it["roles"] == ["guest"]


async def test_whoever_is_signed_in_stays_who_they_are_behind_a_guest_link(signed_in, aliya):
    ticket = signed_in.app[TICKETS].issue(Ticket(lecture=LECTURE, name="G"), timedelta(hours=1))
    assert (await who(signed_in, params={"ticket": ticket}))["id"] == str(aliya.id)


async def test_an_expired_ticket_is_refused_with_a_sentence(site, clock):
    ticket = site.app[TICKETS].issue(Ticket(lecture=LECTURE, name="Guest"), timedelta(hours=1))
    clock.advance(timedelta(hours=2))
    assert "over" in (await refused(site, params={"ticket": ticket}))["title"]


async def test_an_api_token_in_an_address_is_refused(site, token):
    await refused(site, params={"ticket": token})


async def test_hot_requests_do_not_ask_the_database(site, token, database):
    headers = {"Authorization": f"Bearer {token}"}
    await who(site, headers=headers)
    await database.aclose()
    database.engine.pool._creator = None  # asking again would fail
    assert (await who(site, headers=headers))["roles"] == ["student"]


async def test_what_another_process_revokes_ends_within_seconds(site, token, database, clock):
    headers = {"Authorization": f"Bearer {token}"}
    await who(site, headers=headers)
    async with database.begin() as connection:
        await credentials.revoke_token(connection, token, at=clock.now())
    clock.advance(timedelta(seconds=16))
    await refused(site, headers=headers)


async def test_a_remembered_ticket_ends_on_time(site, clock):
    ticket = site.app[TICKETS].issue(Ticket(lecture=LECTURE, name="Guest"), timedelta(seconds=5))
    headers = {"Authorization": f"Bearer {ticket}"}
    await who(site, headers=headers)
    clock.advance(timedelta(seconds=6))
    await refused(site, headers=headers)


async def test_memory_of_proofs_is_bounded(site):
    sessions = site.app[SESSIONS]
    sessions._capacity = 3
    for number in range(5):
        ticket = Ticket(lecture=LECTURE, name=f"Guest {number}")
        pass_ = site.app[TICKETS].issue(ticket, timedelta(hours=1))
        await who(site, headers={"Authorization": f"Bearer {pass_}"})
    assert len(sessions._known) == 3


async def test_the_last_use_is_noted_coarsely(site, token, aliya, database, clock):
    headers = {"Authorization": f"Bearer {token}"}
    began = clock.now()
    for _ in range(4):
        await who(site, headers=headers)
        clock.advance(timedelta(minutes=4))
    async with database.connect() as connection:
        (shown,) = await credentials.list_tokens(connection, aliya.id, now=clock.now())
    assert shown.used_at == began + timedelta(minutes=12)
    assert Role.STUDENT in aliya.roles
