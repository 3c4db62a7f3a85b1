"""Study work as columns of the tables of lectures and of series, and as fields of their bodies."""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from kernel.database import Id
from schedule.study_work import LONGEST_AUDITORIUM, PLAIN, ChatMode, Kind, Mode, StudyWork
from schedule.work_fields import NewWork, WorkPatch

NAMES = (
    "course", "groups", "kind", "mode", "chat_mode", "waiting_room", "attendance_policy",
    "auditorium", "channel",
)  # fmt: skip


class IdSet(TypeDecorator[tuple[UUID, ...]]):
    """Ids as text with spaces between, so that one of them is found by LIKE in both databases."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Iterable[UUID] | None, dialect: Dialect) -> str | None:
        return " ".join(str(one) for one in value or ()) or None

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[UUID, ...]:
        return _ids(value or "")


@lru_cache(maxsize=4096)
def _ids(text: str) -> tuple[UUID, ...]:
    """The groups of a class are those of a hundred others."""
    return tuple(UUID(one) for one in text.split())


def columns() -> list[sa.Column[Any]]:
    """Those of a table whose rows are classes, or make some."""
    return [
        sa.Column("course", Id, sa.ForeignKey("courses.id"), index=True),
        sa.Column("groups", IdSet),
        sa.Column("kind", sa.String(12), nullable=False, server_default="lecture"),
        sa.Column("mode", sa.String(12), nullable=False, server_default="network"),
        sa.Column("chat_mode", sa.String(12), nullable=False, server_default="open"),
        sa.Column("waiting_room", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("attendance_policy", sa.String(40)),
        sa.Column("auditorium", sa.String(LONGEST_AUDITORIUM)),
        sa.Column("channel", sa.String(40), sa.ForeignKey("channels.id"), index=True),
    ]


def has_group(column: sa.ColumnElement[Any], group: UUID) -> sa.ColumnElement[bool]:
    """Whether the row's `groups` name the group."""
    return sa.type_coerce(column, sa.Text).like(f"%{group}%")


def taken_from(row: dict[str, Any]) -> StudyWork:
    """The work in a row's values; it is taken out of them."""
    values = {name: row.pop(name) for name in NAMES}
    named = {
        "kind": Kind(values["kind"]),
        "mode": Mode(values["mode"]),
        "chat_mode": ChatMode(values["chat_mode"]),
    }
    return StudyWork(**{**values, **named})


def work_of(body: NewWork | WorkPatch, before: StudyWork = PLAIN) -> StudyWork:
    """The work that a request's body describes; what it leaves out is as before."""
    given = {name: getattr(body, name) for name in NAMES}
    return replace(before, **{k: v for k, v in given.items() if v is not msgspec.UNSET})


def as_row(work: StudyWork) -> dict[str, Any]:
    return {name: getattr(work, name) for name in NAMES}
