"""What a person wants to be told: said on one's own page, at an address that is really theirs."""

import pytest
import sqlalchemy as sa

from identity.rights import Role
from kernel.errors import Invalid
from kernel.web import DATABASE
from player import notice_views, site
from schedule import wish_api
from schedule.notices import notices
from schedule.wish_api import notifier_of
from schedule.wishes import check_email
from tests.schedule.mail_server import postbox

WISHES = "/api/v1/me/notices"
NONE = {
    "email": "",
    "is_confirmed": False,
    "ahead": 0,
    "tells_changes": True,
    "by_mail": True,
    "by_webhook": False,
    "ways": ["mail"],
}


@pytest.fixture
async def box():
    async with postbox() as box:
        yield box


@pytest.fixture
async def pages(serve, box):
    routes = [*wish_api.routes(), *notice_views.routes(), *site.ROUTES]
    return await serve(
        routes,
        smtp_host="127.0.0.1",
        smtp_port=box.port,
        smtp_security="none",
        public_url="https://live.example.kz",
    )


@pytest.fixture
async def headers(add_person, bearer):
    return await bearer(await add_person(Role.STUDENT, name="Dana", locale="en"))


def wanted(**more):
    return {"email": "dana@example.kz", "ahead": 60} | more


async def test_an_address_counts_once_its_link_is_followed(pages, headers, box, clock):
    async with pages.get(WISHES, headers=headers) as answer:
        assert await answer.json() == NONE
    async with pages.put(WISHES, json=wanted(), headers=headers) as answer:
        assert await answer.json() == NONE | {"email": "dana@example.kz", "ahead": 60}
    assert await notifier_of(pages.app).step() == 1
    (message,) = box.taken
    assert message["Subject"] == "Confirm your address"
    assert message["From"] == "Daris <daris@live.example.kz>"
    text = message.get_body(("plain",)).get_content()
    path = text[text.index("/me/notices/confirm/") :].split()[0]
    async with pages.get(path, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"][:7]) == (303, "/login?")
    for _ in range(2):
        async with pages.get(path, headers=headers, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/me#notices")
    async with pages.get(WISHES, headers=headers) as answer:
        assert (await answer.json())["is_confirmed"]
    async with pages.put(WISHES, json=wanted(ahead=15), headers=headers) as answer:
        assert (await answer.json())["is_confirmed"]
    async with pages.put(WISHES, json=wanted(email="d@example.kz"), headers=headers) as answer:
        assert not (await answer.json())["is_confirmed"]
    async with pages.get(path, headers=headers, allow_redirects=False) as answer:
        assert answer.status == 410


async def test_somebody_elses_link_confirms_nothing(pages, headers, box, add_person, bearer):
    async with pages.put(WISHES, json=wanted(), headers=headers) as answer:
        assert answer.status == 200
    await notifier_of(pages.app).step()
    text = box.taken[0].get_body(("plain",)).get_content()
    path = text[text.index("/me/notices/confirm/") :].split()[0]
    other = await bearer(await add_person(Role.STUDENT))
    async with pages.put(WISHES, json=wanted(), headers=other) as answer:
        assert answer.status == 200
    async with pages.get(path, headers=other, allow_redirects=False) as answer:
        assert answer.status == 410


async def test_nobody_can_be_flooded_with_letters(pages, headers):
    for number in range(5):
        body = wanted(email=f"n{number}@example.kz")
        async with pages.put(WISHES, json=body, headers=headers) as answer:
            assert answer.status == 200
    async with pages.put(WISHES, json=wanted(), headers=headers) as answer:
        assert answer.status == 429
    async with pages.post(WISHES, headers=headers) as answer:
        assert answer.status == 429
    async with pages.app[DATABASE].connect() as connection:
        assert await connection.scalar(sa.select(sa.func.count()).select_from(notices)) == 5


@pytest.mark.parametrize("wrong", [{"email": "nobody"}, {"ahead": 17}, {"ahead": -1}, {"sms": 1}])
async def test_what_makes_no_sense_is_refused(pages, headers, wrong):
    async with pages.put(WISHES, json=wanted(**wrong), headers=headers) as answer:
        assert answer.status == 400
    async with pages.get(WISHES, headers=headers) as answer:
        assert await answer.json() == NONE
    async with pages.get(WISHES) as answer:
        assert answer.status == 401


@pytest.mark.parametrize(
    "text",
    ["a@b", "a b@example.kz", "a@example.kz\r\nBcc: x@y.kz", "@example.kz", "Дана@example.kz"],
)
def test_this_is_no_address(text):
    with pytest.raises(Invalid):
        check_email(text)


def test_an_address_is_taken_as_it_is_typed():
    assert check_email(" dana.o+daris@mail.kaznu.edu.kz ") == "dana.o+daris@mail.kaznu.edu.kz"
    assert check_email("  ") is None
