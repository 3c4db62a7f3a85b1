"""What a rendition gets while it is live, fragment by fragment. Event loop only."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

from transcode.segments import Init, Part
from transcode.window import Window

_PATIENCE: Final = timedelta(seconds=10)


async def fragments(window: Window) -> AsyncIterator[tuple[Init, Part]]:
    """From the last whole segment on, until it ends. Who reads too slowly misses what is forgotten."""
    msn, number = window.segments[-1].msn if window.has_listed else window.next_msn, 0
    while True:
        if not await window.reach(msn, number, _PATIENCE):
            continue
        parts, init = window.parts(msn) or (), window.init_of(msn)
        for part in tuple(parts)[number:]:
            assert init is not None
            yield init, part
            number += 1
        if msn < window.next_msn:
            msn, number = msn + 1, 0
        elif window.is_ended:
            return
