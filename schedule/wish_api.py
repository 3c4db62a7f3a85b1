"""What a person wants to be told, over HTTP; and the notifier, opened and closed."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.sessions import require_person
from kernel.errors import TooMany
from kernel.pages import PAGES
from kernel.settings import Settings
from kernel.web import CLOCK, DATABASE, SETTINGS, decode, reply
from schedule.mail import MailServer
from schedule.notices import Kind, Notice, Way, add_notices, count_since
from schedule.notifier import Hook, Look, Notifier
from schedule.wishes import Ahead, Wish, check_email, save_wish, wish_of
from schedule.wording import Wording

_A_DAY: Final = timedelta(days=1)
_MOST_CONFIRMATIONS: Final = 5  # in a day
_ADDRESS: Final = "/api/v1/me/notices"


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What shall hold; `ahead` is how many minutes before a class, 0 for never."""

    email: Annotated[str, msgspec.Meta(max_length=254)] = ""
    ahead: Ahead = Ahead.NEVER
    tells_changes: bool = True
    by_mail: bool = True
    by_webhook: bool = False


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What holds; `ways` are those that this house has."""

    email: str
    is_confirmed: bool
    ahead: Ahead
    tells_changes: bool
    by_mail: bool
    by_webhook: bool
    ways: list[Way]


def routes() -> list[web.RouteDef]:
    return [web.get(_ADDRESS, show), web.put(_ADDRESS, change), web.post(_ADDRESS, send_again)]


async def show(request: web.Request) -> web.Response:
    async with request.app[DATABASE].connect() as connection:
        return _answer(request, await wish_of(connection, _person(request)))


async def change(request: web.Request) -> web.Response:
    """A new address gets a letter with a link; until that is followed it gets nothing else."""
    wanted, person = await decode(request, Wanted), _person(request)
    email = check_email(wanted.email)
    async with request.app[DATABASE].begin() as connection:
        before = await wish_of(connection, person)
        given = msgspec.structs.asdict(wanted) | {"email": email}
        saved = await save_wish(connection, Wish(person=person, **given))
        if email is not None and email != before.email:
            await _ask_to_confirm(request, connection, saved)
    return _answer(request, saved)


async def send_again(request: web.Request) -> web.Response:
    """The letter with the link, once more."""
    async with request.app[DATABASE].begin() as connection:
        wish = await wish_of(connection, _person(request))
        if wish.email is not None and wish.confirmed_at is None:
            await _ask_to_confirm(request, connection, wish)
    return _answer(request, wish)


def opened(
    looks: Sequence[Look] = (),
) -> Callable[[web.Application], AsyncIterator[None]]:
    """A cleanup context behind DATABASE and PAGES. Without mail server and webhook it only looks at
    what changed, so that nothing old is told once there is one."""

    async def running(app: web.Application) -> AsyncIterator[None]:
        notifier = notifier_of(app, looks)
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(notifier.supervise(), name="notifier")
            yield
            task.cancel()

    return running


def notifier_of(app: web.Application, looks: Sequence[Look] = ()) -> Notifier:
    settings = app[SETTINGS]
    return Notifier(
        app[DATABASE],
        app[CLOCK],
        Wording(app[PAGES], settings.address, settings.signing_secret),
        mail_server=_mail_server(settings),
        hook=Hook(settings.notice_webhook, settings.notice_webhook_secret)
        if settings.notice_webhook
        else None,
        looks=looks,
    )


def ways_of_house(settings: Settings) -> frozenset[Way]:
    """By which ways the service can tell people something."""
    has = {Way.MAIL: settings.smtp_host, Way.WEBHOOK: settings.notice_webhook}
    return frozenset(way for way, where in has.items() if where)


def _mail_server(settings: Settings) -> MailServer | None:
    if not settings.smtp_host:
        return None
    host = urlsplit(settings.address).hostname or "localhost"
    return MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.smtp_security,
        user=settings.smtp_user,
        password=settings.smtp_password,
        sender=settings.smtp_from or f"Daris <daris@{host}>",
    )


async def _ask_to_confirm(request: web.Request, connection: AsyncConnection, wish: Wish) -> None:
    now = request.app[CLOCK].now()
    if not request.app[SETTINGS].smtp_host:
        return
    made = await count_since(connection, wish.person, Kind.CONFIRM, now - _A_DAY)
    if made >= _MOST_CONFIRMATIONS:
        raise TooMany("Too many letters were asked for; try again tomorrow.", retry_after=_A_DAY)
    letter = Notice(
        person=wish.person,
        way=Way.MAIL,
        kind=Kind.CONFIRM,
        key=f"{now.isoformat()} {made}",
        lecture=None,
        not_after=now + _A_DAY,
    )
    await add_notices(connection, [letter], now=now)


def _answer(request: web.Request, wish: Wish) -> web.Response:
    shown = Shown(
        email=wish.email or "",
        is_confirmed=wish.confirmed_at is not None,
        ahead=wish.ahead,
        tells_changes=wish.tells_changes,
        by_mail=wish.by_mail,
        by_webhook=wish.by_webhook,
        ways=sorted(ways_of_house(request.app[SETTINGS])),
    )
    return reply(shown, headers={"Cache-Control": "no-store"})


def _person(request: web.Request) -> UUID:
    person = require_person(request).person_id
    assert person is not None  # it was required
    return person
