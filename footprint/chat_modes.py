"""When it changed in a lecture who writes to whom in its chat: in the room, or by the schedule."""

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from footprint.attendance import Span
from kernel.facts import Fact
from live.events import ChatModeSet
from schedule.events import LectureChanged, LecturePlanned
from schedule.study_work import ChatMode

TOLD = (ChatModeSet, LecturePlanned, LectureChanged)


class ChatChange(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody said who writes to whom from then on."""

    at: datetime
    name: str
    mode: ChatMode


def changes(facts: Iterable[Fact], there: Span) -> Iterator[tuple[Fact, ChatMode]]:
    """The facts that changed it while there was a room, with the new mode. What a host set outweighs
    the schedule from then on (`live.chat_rule`). `facts` are in order."""
    mode, is_set = ChatMode.OPEN, False
    for fact in facts:
        if isinstance(fact, ChatModeSet):
            mode, is_set = fact.mode, True
            yield fact, mode
        elif isinstance(fact, LecturePlanned | LectureChanged) and not is_set:
            before, mode = mode, mode if fact.chat_mode is msgspec.UNSET else fact.chat_mode
            if mode is not before and there.began_at <= fact.at <= there.ended_at:
                yield fact, mode
