"""An open poll across `kill -9` of the real server while a class answers it, by sockets alone."""

import asyncio
import json
import random
from collections import Counter
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import aiohttp
import pytest

from kernel.ids import new_id

GUESTS = 8
KILLS = 2
ANSWERS = 8  # of each, in each life of the server; a person has 30
ANSWERED = "http://adlnet.gov/expapi/verbs/answered"
QUESTION = {"text": "Which way?", "choices": ["Left", "Right", "On"]}

pytestmark = [pytest.mark.e2e, pytest.mark.untimed, pytest.mark.timeout(180)]


@dataclass
class Seat:
    """A page as the server sees it."""

    socket: aiohttp.ClientWebSocketResponse

    async def send(self, kind: str, **what) -> None:
        await self.socket.send_str(json.dumps({"type": kind, **what}))

    async def hear(self, kind: str, **fits) -> dict:
        """The next message of that kind with these members. ConnectionError when the server is gone."""
        while True:
            said = await self.socket.receive(timeout=30)
            if said.type is not aiohttp.WSMsgType.TEXT:
                raise ConnectionError(str(said))
            message = json.loads(said.data)
            if message["type"] == kind and fits.items() <= message.items():
                return message


@asynccontextmanager
async def seated(server, lecture: str, *, token: str):
    """A seat of who holds the token or ticket, and its welcome."""
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession(server.url, headers=headers) as api,
        api.ws_connect(f"/lectures/{lecture}/socket") as socket,
    ):
        seat = Seat(socket)
        await seat.send("hello", device="page")
        yield seat, await seat.hear("welcome")


@dataclass
class Guest:
    """Changes their mind all the time; sends again what was not acknowledged, as pages do."""

    ticket: str
    place: int
    answers: dict[str, list[int]] = field(default_factory=dict)  # by key, in order
    acknowledged: list[str] = field(default_factory=list)  # keys

    @property
    def last(self) -> list[int]:
        return list(self.answers.values())[-1]

    async def answer(self, seat: Seat, poll: str, *, times: int, heard: asyncio.Semaphore) -> None:
        for key in [key for key in self.answers if key not in self.acknowledged]:
            await self._send(seat, poll, key)
        for _ in range(times):
            key = str(new_id())
            self.answers[key] = [(self.place + len(self.answers)) % len(QUESTION["choices"])]
            await self._send(seat, poll, key)
            heard.release()

    async def _send(self, seat: Seat, poll: str, key: str) -> None:
        await seat.send("answer_poll", poll=poll, key=key, choices=self.answers[key])
        taken = await seat.hear("poll_answered", key=key)
        assert taken["choices"] == self.answers[key]
        self.acknowledged.append(key)


async def test_a_poll_is_open_again_after_a_kill_and_each_answer_counts_once(
    server, account, eventually
):
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    admin = await account(server, "admin", "Record keeper")
    lecture = await lecturer.plan(is_recorded=False)
    await lecturer.post(f"/api/v1/lectures/{lecture}/start")
    guests = [await guest_of(lecturer, lecture, number) for number in range(GUESTS)]
    poll = new_id()
    async with seated(server, lecture, token=lecturer.token) as (seat, _):
        await seat.send("open_poll", id=str(poll), question=QUESTION)
        await seat.hear("poll")
    for _ in range(KILLS):
        await kill_while_they_answer(server, lecture, guests, str(poll))
        await asyncio.to_thread(server.start)

    for guest in guests:
        async with seated(server, lecture, token=guest.ticket) as (seat, welcome):
            [found] = welcome["polls"]
            assert (found["id"], found["is_open"]) == (str(poll), True)
            await guest.answer(seat, str(poll), times=0, heard=asyncio.Semaphore(0))
    async with seated(server, lecture, token=lecturer.token) as (seat, welcome):
        assert sum(welcome["polls"][0]["counts"]) == GUESTS
        await seat.send("close_poll", poll=str(poll))
        closed = (await seat.hear("poll"))["poll"]
    counts = Counter(choice for guest in guests for choice in guest.last)
    assert closed["counts"] == [counts[n] for n in range(len(QUESTION["choices"]))]
    assert (closed["is_open"], closed["answered"]) == (False, GUESTS)

    async def is_told_once() -> bool:
        """By the record store, which reads the journal a little later."""
        page = await admin.get(f"/xapi/statements?verb={ANSWERED}")
        told = Counter(one["actor"]["account"]["name"] for one in page["statements"])
        return sorted(told.values()) == sorted(len(guest.answers) for guest in guests)

    await eventually(is_told_once, seconds=30)


async def kill_while_they_answer(server, lecture: str, guests: list[Guest], poll: str) -> None:
    """All answer at once; the kill comes when some have been heard and others are on their way."""
    heard = asyncio.Semaphore(0)

    async def attend(guest: Guest) -> None:
        with suppress(ConnectionError, aiohttp.ClientError):
            async with seated(server, lecture, token=guest.ticket) as (seat, _):
                await guest.answer(seat, poll, times=ANSWERS, heard=heard)

    async with asyncio.TaskGroup() as tasks:
        for guest in guests:
            tasks.create_task(attend(guest))
        for _ in range(random.randrange(1, GUESTS * ANSWERS // 2)):
            await heard.acquire()
        server.kill()


async def guest_of(lecturer, lecture: str, number: int) -> Guest:
    path, name = f"/api/v1/lectures/{lecture}/tickets", {"name": f"Guest {number}"}
    return Guest((await lecturer.post(path, name, status=201))["ticket"], number)
