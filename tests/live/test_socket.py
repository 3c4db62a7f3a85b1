"""The room socket, by real clients of a real server."""


async def test_a_welcome_tells_everything(school):
    served = await school()
    guest = await served.enter(served.lecturer)
    me = guest.welcome["me"]
    assert me["can_host"]
    assert me["can_publish"]
    assert me["role"] == "lecturer"
    assert guest.welcome["lecture"]["state"] == "live"
    assert [person["name"] for person in guest.welcome["people"]] == ["Prof. Seitova"]


async def test_a_line_reaches_everybody(school, line):
    served = await school()
    lecturer, student = await served.enter(served.lecturer), await served.enter()
    await student.send("say", **line("Сәлем"))
    assert (await lecturer.hear("chat"))["text"] == "Сәлем"
    assert (await student.hear("chat"))["text"] == "Сәлем"
