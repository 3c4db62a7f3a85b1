"""The study work of a class in bodies of requests and answers (`schedule.study_work`)."""

from uuid import UUID

import msgspec

from schedule.study_work import ChatMode, Kind, Mode


class NewWork(msgspec.Struct, frozen=True, kw_only=True):
    """Of what is planned; nothing said is a lecture for everybody."""

    course: UUID | None = None
    groups: tuple[UUID, ...] = ()
    kind: Kind = Kind.LECTURE
    mode: Mode = Mode.NETWORK
    chat_mode: ChatMode = ChatMode.OPEN
    waiting_room: bool = False
    attendance_policy: str | None = None
    auditorium: str | None = None
    channel: str | None = None


class WorkPatch(msgspec.Struct, frozen=True, kw_only=True):
    """What shall change."""

    course: UUID | msgspec.UnsetType | None = msgspec.UNSET
    groups: tuple[UUID, ...] | msgspec.UnsetType = msgspec.UNSET
    kind: Kind | msgspec.UnsetType = msgspec.UNSET
    mode: Mode | msgspec.UnsetType = msgspec.UNSET
    chat_mode: ChatMode | msgspec.UnsetType = msgspec.UNSET
    waiting_room: bool | msgspec.UnsetType = msgspec.UNSET
    attendance_policy: str | msgspec.UnsetType | None = msgspec.UNSET
    auditorium: str | msgspec.UnsetType | None = msgspec.UNSET
    channel: str | msgspec.UnsetType | None = msgspec.UNSET


class ShownWork(msgspec.Struct, frozen=True, kw_only=True):
    """Of what is there."""

    course: UUID | None
    groups: tuple[UUID, ...]
    kind: Kind
    mode: Mode
    chat_mode: ChatMode
    waiting_room: bool
    attendance_policy: str | None
    auditorium: str | None
    channel: str | None
