"""Hands and the floor across a kill and an orderly restart of the real server, by sockets alone."""

import json
from contextlib import asynccontextmanager

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.untimed, pytest.mark.timeout(120)]


@asynccontextmanager
async def seated(person, lecture, *, device):
    """A seat: what `hear` brings, and `send`."""
    async with person.api() as api, api.ws_connect(f"/lectures/{lecture}/socket") as socket:

        async def send(kind, **what):
            await socket.send_str(json.dumps({"type": kind, **what}))

        async def hear(kind):
            while True:
                message = json.loads(await socket.receive_str(timeout=30))
                if message["type"] == kind:
                    return message

        await send("hello", device=device)
        yield send, hear, await hear("welcome")


async def test_a_restart_takes_neither_hand_nor_floor(server, account):
    lecturer = await account(server, "lecturer", "Aigerim Bekova")
    dana = await account(server, "student", "Dana Omarova")
    timur = await account(server, "student", "Timur Li")
    lecture = await lecturer.plan(is_recorded=False)
    await lecturer.post(f"/api/v1/lectures/{lecture}/start")
    async with (
        seated(lecturer, lecture, device="host") as (give, heard, _),
        seated(dana, lecture, device="a"),
        seated(timur, lecture, device="b") as (ask, _, _),
    ):
        await give("give_floor", person=dana.id)
        await heard("floor")
        await ask("raise_hand")
        await heard("hand")
        server.kill()

    for end in (server.stop, None):
        server.start()
        async with (
            seated(dana, lecture, device="a") as (_, _, welcome),
            seated(timur, lecture, device="b") as (_, _, other),
        ):
            assert welcome["me"]["can_publish"]
            assert [hand["person"] for hand in other["hands"]] == [timur.id]
            if end:
                end()
