"""The lines of a room's chat: what text is a line, and which lines are known."""

import unicodedata
from collections import deque
from itertools import islice
from typing import Final
from uuid import UUID

from kernel.errors import Conflict, Invalid, TooLarge
from live.events import ChatSaid
from live.messages import Chat as ChatMessage
from live.messages import ChatLine
from live.seats import Visitor

LONGEST_LINE: Final = 2000  # characters
HISTORY: Final = 100  # lines in a welcome
_REMEMBERED: Final = 10_000  # lines by whose id a repetition is known
_KEPT_CONTROLS: Final = "\n\t"


def clean(text: str) -> str:
    """The text as it is kept: no control characters or lone surrogates, neither empty nor long."""
    line = "".join(c for c in text if c in _KEPT_CONTROLS or not _is_unwritable(c)).strip()
    if not line:
        raise Invalid("The line is empty.")
    if len(line) > LONGEST_LINE:
        raise TooLarge(f"The line is longer than {LONGEST_LINE} characters.")
    return line


def _is_unwritable(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs"}


class Chat:
    """The newest lines; an id is known from the moment its line goes to be kept."""

    def __init__(self) -> None:
        self._lines: deque[ChatSaid] = deque(maxlen=HISTORY)
        self._known: dict[UUID, UUID | None] = {}  # line -> who said it
        self._kept: dict[UUID, ChatSaid] = {}

    def find(self, line: UUID, person: UUID) -> ChatSaid | None:
        """The line that the person said under this id before; Conflict if somebody else did."""
        if self._known.get(line, person) != person:
            raise Conflict("This id belongs to another line.")
        return self._kept.get(line)

    def is_known(self, line: UUID) -> bool:
        return line in self._known

    def expect(self, line: UUID, person: UUID) -> None:
        """The line is on its way to be kept."""
        self._known[line] = person

    def forget(self, line: UUID) -> None:
        """It could not be kept: it may be said again."""
        if line not in self._kept:
            self._known.pop(line, None)

    def append(self, line: ChatSaid) -> bool:
        """The line is kept; False when it already was."""
        if line.id in self._kept:
            return False
        self._known[line.id] = line.person
        self._kept[line.id] = line
        self._lines.append(line)
        for old in list(islice(self._kept, max(0, len(self._kept) - _REMEMBERED))):
            del self._kept[old], self._known[old]
        return True

    def history(self, visitor: Visitor) -> tuple[ChatLine, ...]:
        """The newest lines that the visitor may see, oldest first."""
        return tuple(
            shown(line)
            for line in self._lines
            if not line.to_hosts or visitor.can_host or line.person == visitor.person
        )


def told(line: ChatSaid) -> ChatMessage:
    """The message that tells of the line."""
    assert line.person is not None
    return ChatMessage(line.id, line.at, line.person, line.name, line.text, line.to_hosts)


def shown(line: ChatSaid) -> ChatLine:
    """The line as people see it."""
    assert line.person is not None
    return ChatLine(line.id, line.at, line.person, line.name, line.text, line.to_hosts)
