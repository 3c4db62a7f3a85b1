"""Turns a cue into media: a group of the planned item, or of the slate with the reason."""

from dataclasses import dataclass
from pathlib import Path

from transcode.house import FRAMES_PER_SLOT, moment_of
from transcode.house_item import Group, HouseItem, NotAHouseItem, shortened
from transcode.live_slots import LiveSlots
from transcode.timeline import Cue, Item


@dataclass(frozen=True, slots=True)
class Shown:
    """What really goes on air for a cue. `reason` tells why a planned item is not shown; no item: plain slate."""

    cue: Cue
    group: Group
    reason: str | None

    @property
    def item(self) -> Item | None:
        return self.cue.item

    def fragment(self) -> bytes:
        """For HLS, on the channel's timeline."""
        if self.cue.count == FRAMES_PER_SLOT:
            return self.group.at(self.cue.begins)
        return shortened(self.group, self.cue.begins, self.cue.count)

    @property
    def is_slate(self) -> bool:
        item = self.item
        return item is None or (item.media or item.live) is None or self.reason is not None


class SourceLost(Exception):
    """The media of an item cannot be shown. The sentence goes into the as-run log."""


class Assembler:
    """Keeps the item on air open. Never fails: whatever is wrong with an item, there is the slate."""

    def __init__(self, slate: HouseItem, folder: Path) -> None:
        self._slate = slate
        self._folder = folder
        self._open: tuple[Path, HouseItem] | None = None

    def show(self, cue: Cue) -> Shown:
        if cue.item is None or (cue.item.media or cue.item.live or cue.item.reason) is None:
            return Shown(cue, self._slate_group(cue), None)
        try:
            return Shown(cue, self._group(cue, cue.item), None)
        except SourceLost as lost:
            return Shown(cue, self._slate_group(cue), str(lost))

    def close(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def _slate_group(self, cue: Cue) -> Group:
        return self._slate.group(cue.begins // FRAMES_PER_SLOT % self._slate.slots)

    def _group(self, cue: Cue, item: Item) -> Group:
        _check_rights(cue, item)
        if item.live is not None:
            return self._live_group(cue.begins // FRAMES_PER_SLOT, self._folder / item.live)
        if item.media is None:
            raise SourceLost(item.reason or "the item has no media")
        try:
            house_item = self._opened(self._folder / item.media)
            if cue.index >= house_item.slots:
                raise SourceLost("the media is shorter than the programme")
            return house_item.group(cue.index)
        except FileNotFoundError as error:
            raise SourceLost("the conditioned media is gone") from error
        except (OSError, NotAHouseItem) as error:
            raise SourceLost(f"the conditioned media cannot be read: {error}") from error

    def _live_group(self, slot: int, folder: Path) -> Group:
        try:
            return LiveSlots(folder, self._slate.fingerprint).read(slot)
        except FileNotFoundError as error:
            raise SourceLost("nothing comes from the room") from error
        except (OSError, NotAHouseItem) as error:
            raise SourceLost(f"the live media cannot be read: {error}") from error

    def _opened(self, path: Path) -> HouseItem:
        if self._open is not None and self._open[0] == path and path.exists():
            return self._open[1]  # what was deleted while it is on air is still open, but gone
        self.close()
        house_item = HouseItem.open(path)
        if house_item.init != self._slate.init:
            house_item.close()
            raise SourceLost("the media was conditioned for another profile or encoder")
        self._open = (path, house_item)
        return house_item


def _check_rights(cue: Cue, item: Item) -> None:
    """A programme may have moved, or gone on, since it was planned."""
    if item.rights_from is not None and moment_of(cue.begins) < item.rights_from:
        raise SourceLost(f"it may not be shown before {item.rights_from.isoformat()}")
    if item.rights_until is not None and moment_of(cue.ends) > item.rights_until:
        raise SourceLost(f"it may not be shown after {item.rights_until.isoformat()}")
