"""An operator's push from the command line, over HTTP, to a server that may be far away."""

from collections.abc import Iterable
from pathlib import PurePath

import aiohttp
import msgspec
from yarl import URL

from kernel.errors import DarisError, Invalid, Unavailable
from schedule.channel_api import PushBody
from schedule.exchange import MEDIA_TYPES
from schedule.rundown import Finding

_PATIENCE = aiohttp.ClientTimeout(total=60)


class _Problem(msgspec.Struct, frozen=True):
    title: str
    findings: list[Finding] = []


async def push_schedule(
    body: bytes, media_type: str, *, channel: str, server: str, token: str, is_dry: bool
) -> PushBody:
    """PUT the schedule. DarisError carries the server's sentence and findings."""
    url = f"{server.rstrip('/')}/api/v1/channels/{channel}/schedule"
    answer = await ask("PUT", f"{url}?dry_run={str(is_dry).lower()}", token, body, media_type)
    return msgspec.json.decode(answer, type=PushBody)


async def ask(
    method: str, url: str, token: str, body: bytes | None = None, media_type: str | None = None
) -> bytes:
    """What the server answers. DarisError carries its sentence and findings."""
    headers = {"Authorization": f"Bearer {token}"}
    if media_type:
        headers["Content-Type"] = media_type
    try:
        async with (
            aiohttp.ClientSession(timeout=_PATIENCE, headers=headers) as client,
            client.request(method, url, data=body) as answer,
        ):
            text = await answer.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise Unavailable(f"No Daris answers at {URL(url).origin()}: {error}") from error
    if answer.status >= 400:
        raise _refusal(text, answer.status)
    return text


def media_type_of(name: str, charset: str | None = None) -> str:
    """The Content-Type of a schedule's file; Invalid when its ending tells none."""
    suffix = PurePath(name).suffix.lower()
    if suffix not in MEDIA_TYPES:
        endings = ", ".join(MEDIA_TYPES)
        raise Invalid(f"{name} is no schedule that can be pushed; its name ends in {endings}.")
    return MEDIA_TYPES[suffix] + (f"; charset={charset}" if charset else "")


def told(pushed: PushBody) -> str:
    """The answer for a person, a line for each finding."""
    counts = [
        f"{len(keys)} {what}"
        for what, keys in (
            ("added", pushed.added),
            ("changed", pushed.changed),
            ("removed", pushed.removed),
        )
    ]
    begin = "It would become" if pushed.dry_run else "The schedule is at"
    first = f"{begin} revision {pushed.revision}: {', '.join(counts)}."
    return "\n".join([first, *_notes(pushed.findings)])


def _refusal(text: bytes, status: int) -> DarisError:
    try:
        problem = msgspec.json.decode(text, type=_Problem)
    except msgspec.DecodeError:
        return DarisError(f"The server answered {status}.")
    return DarisError(problem.title, findings=list(_notes(problem.findings)))


def _notes(findings: Iterable[Finding]) -> Iterable[str]:
    return (f"{finding.severity}: {finding.message}" for finding in findings)
