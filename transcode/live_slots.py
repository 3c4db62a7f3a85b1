"""The slots of a live lecture on their way to the channels: a file each, named by its slot on air.

The live conditioner writes them ahead of their time, the channels' processes read them. A slot that
is not there is the slate, and who starts again finds the last minutes.
"""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from transcode.house_item import Group, NotAHouseItem, is_whole

DELAY = timedelta(seconds=7)  # from the room to the channel
KEPT = 200  # slots, about three minutes: a channel that starts again makes its window anew


class LiveSlots:
    """A folder of slots with one decoder set-up, named by its fingerprint; others in it are not seen."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._folder = folder
        self._fingerprint = fingerprint

    def read(self, slot: int) -> Group:
        """FileNotFoundError when it was not written, NotAHouseItem when it is damaged."""
        fragment = self._path(slot).read_bytes()
        if not is_whole(fragment):
            raise NotAHouseItem(f"slot {slot} is damaged")
        return Group(fragment)

    def write(self, slot: int, group: Group) -> None:
        """Whole or not at all; the oldest leaves. OSError."""
        path = self._path(slot)
        partial = path.with_suffix(".part")
        try:
            partial.write_bytes(group.fragment)
            partial.replace(path)
        except OSError:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            raise
        self._path(slot - KEPT).unlink(missing_ok=True)

    def sweep(self, before: int) -> None:
        """Make the folder, and remove what an earlier life left in it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for path in self._folder.iterdir():
            number = path.name.partition("-")[0]
            if not number.isdecimal() or int(number) < before:
                path.unlink(missing_ok=True)

    def _path(self, slot: int) -> Path:
        return self._folder / f"{slot}-{self._fingerprint}.m4s"
