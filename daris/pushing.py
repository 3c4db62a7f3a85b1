"""An operator's push from the command line, over HTTP, to a server that may be far away."""

from collections.abc import Iterable

import aiohttp
import msgspec

from kernel.errors import DarisError, Unavailable
from schedule.channel_api import PushBody
from schedule.rundown import Finding

_PATIENCE = aiohttp.ClientTimeout(total=60)


class _Problem(msgspec.Struct, frozen=True):
    title: str
    findings: list[Finding] = []


async def push_schedule(
    body: bytes, *, channel: str, server: str, token: str, is_dry: bool
) -> PushBody:
    """PUT the schedule. DarisError carries the server's sentence and findings."""
    url = f"{server.rstrip('/')}/api/v1/channels/{channel}/schedule"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    query = {"dry_run": str(is_dry).lower()}
    try:
        async with (
            aiohttp.ClientSession(timeout=_PATIENCE, headers=headers) as client,
            client.put(url, params=query, data=body) as answer,
        ):
            text = await answer.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise Unavailable(f"No Daris answers at {server}: {error}") from error
    if answer.status >= 400:
        raise _refusal(text, answer.status)
    return msgspec.json.decode(text, type=PushBody)


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
