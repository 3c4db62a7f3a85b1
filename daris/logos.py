"""Logos of channels on this node: the database has the images, conditioners read files."""

import asyncio
from collections.abc import Collection
from pathlib import Path

from kernel.database import Database
from kernel.settings import Settings
from schedule.logos import logo_named
from schedule.places import logo_file


async def logo_options(database: Database, settings: Settings, name: str | None) -> list[str]:
    """The logo for a conditioner's command line, its image beside us as a file. NotFound, OSError."""
    if name is None:
        return []
    async with database.connect() as connection:
        logo = await logo_named(connection, name)
    path = logo_file(settings, name)
    await asyncio.to_thread(_ensure, path, logo.image)
    return [
        *("--logo", str(path), "--logo-corner", logo.corner),
        *("--logo-height", str(logo.height), "--logo-opacity", str(logo.opacity)),
    ]


def forget_logos(settings: Settings, kept: Collection[str]) -> None:
    """Remove the files of all others. OSError."""
    folder = logo_file(settings, "any").parent
    for path in folder.glob("*.png"):
        if path.stem not in kept:
            path.unlink(missing_ok=True)


def _ensure(path: Path, image: bytes) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    partial.write_bytes(image)
    partial.replace(path)
