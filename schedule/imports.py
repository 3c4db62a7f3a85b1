"""What comes in by files, and the right that each needs."""

from collections.abc import Mapping
from enum import StrEnum, auto
from types import MappingProxyType
from typing import Final

from identity.rights import Action


class Import(StrEnum):
    """A kind of file, as its address names it: /api/v1/import/roster."""

    ROSTER = auto()
    CLASSES = auto()
    NORMS = auto()
    AUDITORIUMS = auto()


RIGHTS: Final[Mapping[Import, Action]] = MappingProxyType(
    {
        Import.ROSTER: Action.MANAGE_COURSE,
        Import.CLASSES: Action.PLAN_LECTURE,
        Import.NORMS: Action.MANAGE_COURSE,
        Import.AUDITORIUMS: Action.MANAGE_CALENDAR,
    }
)
