"""Mail: a message with two bodies, and the way to a mail server (RFC 5321, 5322, 2046).

`smtplib` blocks, so each of its calls runs in a thread, one after the other.
"""

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final, Literal

from kernel.errors import Invalid, Unavailable

_PATIENCE_SECONDS: Final = 30
_FOR_GOOD: Final = 500  # from here on it always will


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail goes out, and in whose name: `sender` is like `Daris <daris@example.kz>`."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    user: str
    password: str
    sender: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What one person gets. `id` is the same at every try, so that a mailbox can tell."""

    to: str
    name: str
    subject: str
    text: str
    html: str
    locale: str
    id: str
    at: datetime
    preferences: str  # address of the page where one says that one wants no more


class Refused(Invalid):
    """This person's server will never take it."""


def composed(letter: Letter, sender: str) -> EmailMessage:
    """The message; no text can begin a header of its own."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = Address(display_name=_one_line(letter.name), addr_spec=letter.to)
    message["Subject"] = _one_line(letter.subject)
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = f"<{letter.id}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no machine answers
    message["List-Unsubscribe"] = f"<{letter.preferences}>"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    message["Content-Language"] = letter.locale  # last: the bodies take such headers along
    return message


@asynccontextmanager
async def connected(server: MailServer) -> AsyncIterator[smtplib.SMTP]:
    """A session with the server; Unavailable when it can't be had."""
    try:
        session = await asyncio.to_thread(_session, server)
    except (OSError, smtplib.SMTPException) as error:
        raise Unavailable(f"The mail server does not take mail: {error}") from error
    try:
        yield session
    finally:
        await asyncio.to_thread(_leave, session)


async def send(session: smtplib.SMTP, letter: Letter, sender: str) -> None:
    """On return the server has it. Refused when it never will, Unavailable when not now."""
    message = composed(letter, sender)
    try:
        await asyncio.to_thread(session.send_message, message)
    except smtplib.SMTPRecipientsRefused as error:
        _, (code, said) = error.recipients.popitem()
        raise _refusal(code, said) from error
    except smtplib.SMTPResponseException as error:
        raise _refusal(error.smtp_code, error.smtp_error) from error
    except (OSError, smtplib.SMTPException) as error:
        raise Unavailable(f"The mail server does not take mail: {error}") from error


def _session(server: MailServer) -> smtplib.SMTP:
    trusted = ssl.create_default_context()
    if server.security == "tls":
        session: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, timeout=_PATIENCE_SECONDS, context=trusted
        )
    else:
        session = smtplib.SMTP(server.host, server.port, timeout=_PATIENCE_SECONDS)
    try:
        if server.security == "starttls":
            session.starttls(context=trusted)
        if server.user:
            session.login(server.user, server.password)
    except BaseException:
        session.close()
        raise
    return session


def _leave(session: smtplib.SMTP) -> None:
    """Politely, if it still listens."""
    try:
        session.quit()
    except (OSError, smtplib.SMTPException):
        session.close()


def _refusal(code: int, said: bytes | str) -> Refused | Unavailable:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    if code >= _FOR_GOOD:
        return Refused(f"The mail server refused it: {code} {text}")
    return Unavailable(f"The mail server does not take it now: {code} {text}")


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
