"""Which policies of attendance there are, as far as the timetable needs to know: a class may be pinned to one.

The rule book lies above the schedule (`footprint.rulebook`), so the assembly hands its answer down.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.errors import Invalid
from kernel.sentence import sentence
from kernel.web import DATABASE
from schedule.study_work import StudyWork

Versions = Callable[[AsyncConnection], Awaitable[Sequence[str]]]

POLICY_VERSIONS = web.AppKey[Versions]("policy_versions")  # in the order of their adoption


async def check_pin(request: web.Request, work: StudyWork) -> None:
    """Invalid when the class is pinned to a version that nobody published."""
    if work.attendance_policy is None:
        return
    async with request.app[DATABASE].connect() as connection:
        known = await request.app[POLICY_VERSIONS](connection)
    check_is_published(work.attendance_policy, known)


def check_is_published(version: str, known: Collection[str]) -> None:
    if version not in known:
        told = sentence(
            "There is no attendance policy {version}; published are {known}.",
            version=version[:40],
            known=", ".join(known),
        )
        raise Invalid(told)
