"""What a live programme does to its rundown when it goes on beyond its planned end."""

from enum import StrEnum, auto
from typing import Annotated
from uuid import UUID

import msgspec


class Overrun(StrEnum):
    """What is done when it is not over at its end."""

    CUT = auto()  # it ends as planned
    PUSH = auto()  # what follows and floats begins later
    OVERWRITE = auto()  # what follows is covered


class Live(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A lecture's room as a source; `extension` in seconds is the most that it may overrun."""

    lecture: UUID
    overrun: Overrun = Overrun.CUT
    extension: Annotated[int, msgspec.Meta(ge=0, le=10_800)] = 900
