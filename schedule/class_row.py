"""A class as another system plans it: the seam to such a system, as `roster.RosterRow` is for rosters."""

from datetime import datetime
from typing import Any, Final

import msgspec

from schedule.study_work import ChatMode, Kind, Mode

_RULES: Final = ("chat_mode", "waiting_room", "attendance_policy")


class ClassRow(msgspec.Struct, frozen=True, kw_only=True):
    """One class. `lecturer` is a login, `course` and `groups` are keys; what is UNSET stays as it was."""

    number: int
    key: str
    title: str
    lecturer: str
    starts_at: datetime  # aware
    ends_at: datetime
    course: str | None = None
    groups: tuple[str, ...] = ()
    kind: Kind = Kind.LECTURE
    mode: Mode = Mode.NETWORK
    chat_mode: ChatMode | msgspec.UnsetType = msgspec.UNSET
    waiting_room: bool | msgspec.UnsetType = msgspec.UNSET
    attendance_policy: str | msgspec.UnsetType | None = msgspec.UNSET  # None: that of its day
    auditorium: str | None = None
    channel: str | None = None
    summary: str = ""
    is_recorded: bool = True
    is_cancelled: bool = False

    @property
    def rules(self) -> dict[str, Any]:
        """What it tells of how the class is held, by the names of its study work."""
        told = {name: getattr(self, name) for name in _RULES}
        return {name: value for name, value in told.items() if value is not msgspec.UNSET}
