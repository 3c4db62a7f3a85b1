"""Rosters and class lists from the command line, straight into the database."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from footprint import rulebook
from kernel.clock import Clock
from kernel.database import Database
from kernel.errors import Refused
from kernel.pages import HOUSE_ZONE
from schedule.class_list import ClassesTaken, take_classes
from schedule.class_row import ClassRow
from schedule.class_sheet import read_classes, write_calendar, write_classes
from schedule.courses import course_by_key
from schedule.enrolments import members_of
from schedule.ical import Pages
from schedule.ical_reading import read_calendar
from schedule.import_api import Imported
from schedule.lectures import Filter, list_lectures
from schedule.lifecycle import Policy
from schedule.planning import Author
from schedule.progress import Progress
from schedule.roster import Importer, Taken, read_roster, take_roster, write_roster
from schedule.sheet import MOST_ROWS, Findings

Take = Callable[[AsyncConnection], Awaitable[Taken | ClassesTaken]]


async def import_roster(
    database: Database, clock: Clock, file: Path, *, is_dry: bool, progress: Progress
) -> Imported:
    """Refused, with findings, when a row does not fit; nothing is saved then."""
    rows, findings = read_roster(file.read_bytes())
    by = Importer(
        at=clock.now(),
        today=clock.now().astimezone(ZoneInfo(HOUSE_ZONE)).date(),
        may_add_people=True,
        may_manage=lambda _coordinators: True,
    )

    async def take(connection: AsyncConnection) -> Taken:
        return await take_roster(connection, rows, findings, by, progress)

    return await _taken(database, take, findings, is_dry=is_dry)


async def import_classes(
    database: Database,
    clock: Clock,
    file: Path,
    *,
    zone: ZoneInfo,
    lecturer: str | None,
    is_dry: bool,
    progress: Progress,
) -> Imported:
    """As `import_roster`; a file that ends in .ics is a calendar, any other a sheet."""
    rows, findings = _read_classes(file, zone, lecturer)

    async def take(connection: AsyncConnection) -> ClassesTaken:
        by = Author(None, clock.now(), zone)
        return await take_classes(
            connection,
            rows,
            findings,
            by,
            policy=Policy(),
            versions=await rulebook.versions(connection),
            progress=progress,
        )

    return await _taken(database, take, findings, is_dry=is_dry)


async def export_roster(database: Database, course: str, file: Path) -> None:
    """NotFound when no course has the key."""
    async with database.connect() as connection:
        found = await course_by_key(connection, course)
        file.write_bytes(write_roster(found, await members_of(connection, found.id)))


async def export_classes(database: Database, file: Path, address: str) -> int:
    """All that there are, up to 50,000, as a calendar where the file is called so; how many."""
    async with database.connect() as connection:
        planned = await list_lectures(connection, Filter(), limit=MOST_ROWS)
        if file.suffix.lower() == ".ics":
            file.write_bytes(await write_calendar(connection, planned, Pages.at(address)))
        else:
            file.write_bytes(await write_classes(connection, planned))
    return len(planned)


def _read_classes(
    file: Path, zone: ZoneInfo, lecturer: str | None
) -> tuple[Sequence[ClassRow], Findings]:
    if file.suffix.lower() == ".ics":
        return read_calendar(file.read_bytes(), zone, lecturer=lecturer)
    return read_classes(file.read_bytes(), zone)


async def _taken(database: Database, take: Take, findings: Findings, *, is_dry: bool) -> Imported:
    async with database.begin() as connection, connection.begin_nested() as trial:
        taken = await take(connection)
        if findings.count and not is_dry:
            told = [f"row {one.row}: {one.message}" for one in findings.found]
            raise Refused("Some rows do not fit; nothing is saved.", findings=told)
        if is_dry:
            await trial.rollback()
    return Imported(taken, findings.found, findings.count)
