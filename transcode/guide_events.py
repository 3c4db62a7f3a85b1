"""A plan's items as events of the guide in the transport stream, each with a number of its own."""

from collections.abc import Sequence

from transcode.eit import Event
from transcode.si import crc32
from transcode.timeline import Item, Timeline


class GuideEvents:
    """Numbers are made of the programmes' ids, so that they outlive restarts; two never share one."""

    def __init__(self) -> None:
        self._timeline: Timeline | None = None
        self._ids: dict[str, int] = {}

    def take(self, timeline: Timeline) -> bool:
        """Whether it is another one than before."""
        if timeline is self._timeline:
            return False
        self._timeline = timeline
        self._ids = {}
        taken: set[int] = set()
        for item in timeline.items:
            number = self._ids[item.programme] = _free(_number(item), taken)
            taken.add(number)
        return True

    def all(self) -> Sequence[Event]:
        """Every item of the plan; without takes, which nobody plans."""
        items = self._timeline.items if self._timeline else ()
        return [event for item in items if (event := self.of(item))]

    def of(self, item: Item | None) -> Event | None:
        if item is None:
            return None
        return Event(
            id=self._ids.get(item.programme, _number(item)),
            starts_at=item.starts_at,
            duration=item.ends_at - item.starts_at,
            titles=item.titles or {"": item.title},
            texts=item.descriptions,
        )


def _number(item: Item) -> int:
    return crc32(item.programme.encode()) & 0xFFFF


def _free(number: int, taken: set[int]) -> int:
    while number in taken:
        number = number + 1 & 0xFFFF
    return number
