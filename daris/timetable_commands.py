"""The commands that bring rosters and class lists in, and take them out."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from daris import importing
from daris.console import as_json_option, on_database, say, with_settings
from identity.people import check_zone
from kernel.clock import SystemClock
from kernel.database import Database
from kernel.pages import HOUSE_ZONE
from kernel.settings import Settings
from schedule.import_api import Imported
from schedule.progress import Progress, Step, no_progress

CLOCK = SystemClock()
_err = Console(stderr=True)  # progress, where it disturbs no pipe
_in = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_to = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
_dry_run = click.option("--dry-run", is_flag=True, help="Only tell what would come of it.")


@click.command("roster")
@_in
@_dry_run
@as_json_option
@with_settings
def import_roster(settings: Settings, file: Path, *, dry_run: bool, as_json: bool) -> None:
    """Enrol people in courses from a CSV sheet; all rows or none (docs/import.md)."""

    async def take(database: Database) -> Imported:
        with _bar(is_hidden=as_json) as progress:
            return await importing.import_roster(
                database, CLOCK, file, is_dry=dry_run, progress=progress
            )

    _tell(on_database(settings, take), as_json, is_dry=dry_run)


@click.command("classes")
@_in
@click.option("--zone", default=HOUSE_ZONE, show_default=True, help="Of times that tell none.")
@click.option("--lecturer", help="Login of who teaches the events that name nobody.")
@_dry_run
@as_json_option
@with_settings
def import_classes(
    settings: Settings,
    file: Path,
    *,
    zone: str,
    lecturer: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Plan classes from a CSV sheet or an .ics calendar; all of them or none (docs/import.md)."""
    own = ZoneInfo(check_zone(zone) or HOUSE_ZONE)

    async def take(database: Database) -> Imported:
        with _bar(is_hidden=as_json) as progress:
            return await importing.import_classes(
                database,
                CLOCK,
                file,
                zone=own,
                lecturer=lecturer,
                is_dry=dry_run,
                progress=progress,
            )

    _tell(on_database(settings, take), as_json, is_dry=dry_run)


@click.command("roster")
@click.argument("course")
@_to
@as_json_option
@with_settings
def export_roster(settings: Settings, course: str, file: Path, *, as_json: bool) -> None:
    """Write the people of the course with the key COURSE as a CSV sheet that can be read again."""

    async def write(database: Database) -> None:
        await importing.export_roster(database, course, file)

    on_database(settings, write)
    say({"file": str(file)}, f"{file} is written.", as_json)


@click.command("classes")
@_to
@as_json_option
@with_settings
def export_classes(settings: Settings, file: Path, *, as_json: bool) -> None:
    """Write all classes as a CSV sheet, or an .ics calendar, that can be read again."""

    async def write(database: Database) -> int:
        return await importing.export_classes(database, file, settings.address)

    count = on_database(settings, write)
    say({"file": str(file), "classes": count}, f"{count} classes are in {file}.", as_json)


IMPORTS = (import_roster, import_classes)
EXPORTS = (export_roster, export_classes)


@contextmanager
def _bar(*, is_hidden: bool) -> Iterator[Progress]:
    """A progress bar of rows, where somebody looks."""
    if is_hidden:
        yield no_progress
        return
    columns = (
        TextColumn("Rows {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=_err, transient=True) as bar:
        task = bar.add_task(Step.CHECKED, total=None)

        async def show(step: Step, done: int, of: int) -> None:
            bar.update(task, description=step, completed=done, total=of)

        yield show


def _tell(imported: Imported, as_json: bool, *, is_dry: bool) -> None:
    counts = {name: getattr(imported.taken, name) for name in imported.taken.__struct_fields__}
    words = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing"
    lines = [f"{'Would be taken' if is_dry else 'Taken'}: {words}."]
    lines += [f"  row {one.row}: {one.message}" for one in imported.findings]
    say(imported, "\n".join(lines), as_json)
