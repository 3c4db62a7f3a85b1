"""A seat that offers without end is refused, and the room goes on."""

from bench.light_client import LightClient
from identity.rights import Role


async def test_a_bomb_of_offers_is_answered_a_few_times(school):
    served = await school()
    bomber = await served.enter(await served.add_person(Role.STUDENT, name="Dana"))
    neighbour = await served.enter()
    client = LightClient()
    sdp = client.offer([("video", "recvonly")] * 100)
    client.socket.close()
    for _ in range(60):
        await bomber.send("offer", sdp=sdp, receive={}, send={})
    heard = {"answer": [], "refused": []}
    while sum(map(len, heard.values())) < 60:
        message = await bomber.next()
        heard.get(message["type"], []).append(message)
    assert len(heard["answer"]) < 30
    assert {message["code"] for message in heard["refused"]} == {"too-many"}
    await neighbour.send("raise_hand")
    assert (await neighbour.hear("hand"))["raised"]
