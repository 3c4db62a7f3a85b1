"""A process with an agenda, for test_agenda: steps for a while, prints each move it made."""

import asyncio
import sys
from datetime import timedelta

from kernel.bus import InProcessBus
from kernel.clock import SystemClock
from kernel.database import Database
from kernel.facts import Fact
from schedule.agenda import Agenda
from schedule.timetable import Timetable


class Printed:
    """A recorder whose journal is standard output."""

    async def record(self, *facts: Fact) -> None:
        for fact in facts:
            sys.stdout.write(f"fact {fact.id}\n")


async def run(url: str, steps: int) -> None:
    clock, database = SystemClock(), Database.open(url)
    timetable = Timetable(database, Printed(), InProcessBus(), clock)
    agenda = Agenda(timetable, clock, interval=timedelta(0))
    await asyncio.to_thread(sys.stdin.readline)  # until the others are ready too
    for _ in range(steps):
        for moved in await agenda.step():
            sys.stdout.write(f"move {moved.id} {moved.state} {moved.revision}\n")
    await database.aclose()


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], int(sys.argv[2])))
