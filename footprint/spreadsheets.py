"""Sheets as files over HTTP: CSV, or a workbook."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
from aiohttp import web

from footprint.export import Cell, csv_text
from footprint.workbook import CONTENT_TYPE, Table, workbook
from kernel.pages import zone_of
from kernel.web import query

Rows = Sequence[Sequence[Cell]]
Format = Literal["json", "csv", "xlsx"]


class Asked(msgspec.Struct, frozen=True):
    """How a sheet is wanted. `bom`: with the mark of UTF-8, which some programs want in CSV."""

    format: Format | None = None
    bom: bool = False


def format_of(request: web.Request) -> Format:
    """What the address asks for, else what the client accepts."""
    asked = query(request, Asked).format
    if asked is not None:
        return asked
    accepted = request.headers.get("Accept", "")
    if CONTENT_TYPE in accepted:
        return "xlsx"
    return "csv" if "text/csv" in accepted else "json"


async def spreadsheet(
    request: web.Request, name: str, sheets: Mapping[str, Rows], *, heads: int = 1
) -> web.Response:
    """The file `name`: all sheets as a workbook with the times of the reader's zone, or the first as
    CSV."""
    if format_of(request) == "xlsx":
        tables = [
            Table(title, ["" if name is None else str(name) for name in rows[0]], rows[1:], heads)
            for title, rows in sheets.items()
        ]
        body = await asyncio.to_thread(workbook, tables, zone_of(request))
        return web.Response(body=body, content_type=CONTENT_TYPE, headers=_as_file(f"{name}.xlsx"))
    return web.Response(
        text=csv_text(next(iter(sheets.values())), has_bom=query(request, Asked).bom),
        content_type="text/csv",
        charset="utf-8",
        headers=_as_file(f"{name}.csv"),
    )


def _as_file(name: str) -> dict[str, str]:
    return {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-store",
    }
