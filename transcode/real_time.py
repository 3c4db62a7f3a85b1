"""Threads that must not wait for a busy machine, where we are allowed to."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

ASSEMBLER: Final = 1
PACER: Final = 2  # the greater goes first
_FRESH_CHILDREN: Final = os.SCHED_RESET_ON_FORK  # theirs is not our hurry


@contextmanager
def in_real_time(priority: int) -> Iterator[None]:
    """This thread before all that are not in real time. It has to sleep mostly.

    A thread in a hurry waits for the interpreter's lock as long as whoever holds it waits for a processor: so
    all threads of a process that hold it often have to be in a hurry, and none may be sent to the end of the
    queue when its slice is used up, as SCHED_RR does (sched(7)): it may hold the lock by then.
    """
    thread = threading.get_native_id()
    with suppress(OSError):
        os.sched_setscheduler(
            thread,
            os.SCHED_FIFO | _FRESH_CHILDREN,
            os.sched_param(priority),
        )
    try:
        yield
    finally:
        with suppress(OSError):
            os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))
