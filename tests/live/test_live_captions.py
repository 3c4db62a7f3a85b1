"""Captions of a running lecture, as the room hears of them."""

from kernel.ids import new_id
from live.rooms import ROOMS


async def test_everybody_in_the_room_hears_a_caption_once(school):
    served = await school()
    host, student = await served.enter(served.lecturer), await served.enter()
    await served.live()
    library = served.client.app[ROOMS]._house.library
    captions = library.remembered(served.lecture.id).captions
    number = new_id()
    for text in ("Күн жүйесі", "not this"):
        line = captions.place(number, "kk", text, said_ms=500, edge_ms=0)
    captions.tell(line)
    for guest in (host, student):
        assert await guest.hear("caption") == {
            "type": "caption",
            "id": str(number),
            "language": "kk",
            "text": "Күн жүйесі",
            "lasts_ms": 2_500,
        }
