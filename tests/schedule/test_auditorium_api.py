"""The list of auditoriums as a sheet."""

from identity.rights import Role
from schedule import auditorium_api


async def test_a_sheet_of_auditoriums_is_previewed_and_taken_whole_or_not_at_all(
    serve, bearer, add_person
):
    client = await serve(auditorium_api.routes())
    coordinator = await bearer(await add_person(Role.COORDINATOR))

    async def send(sheet: str, *, asking: str = "", headers=coordinator):
        path, headers = (
            "/api/v1/import/auditoriums" + asking,
            {**headers, "Content-Type": "text/csv"},
        )
        async with client.post(path, data=sheet.encode(), headers=headers) as answer:
            return answer.status, await answer.json()

    async def exported() -> str:
        async with client.get("/api/v1/auditoriums.csv", headers=coordinator) as answer:
            return (await answer.read()).decode("utf-8-sig")

    status, body = await send("name,seats\nHall 1,120\nHall 2,30\n")
    assert (status, body["taken"]) == (200, {"added": 2, "changed": 0, "same": 0})
    wanted = "seats;name\n40;Hall 2\n120;Hall 1\n9;=Hall\n"
    _, body = await send(wanted, asking="?dry_run=true")
    assert body["taken"] == {"added": 1, "changed": 1, "same": 1}
    assert await exported() == "name,seats\r\nHall 1,120\r\nHall 2,30\r\n"
    broken = "name,seats\nHall 3,0\nHall 4,5\nHall 4,6\n,7\nHall 5,²\n"
    _, body = await send(broken, asking="?dry_run=true")
    assert [one["row"] for one in body["findings"]] == [2, 4, 5, 6]
    status, _ = await send(broken)
    assert status == 422
    assert "Hall 4" not in await exported()
    await send(wanted)
    assert await exported() == "name,seats\r\n'=Hall,9\r\nHall 1,120\r\nHall 2,40\r\n"
    student = await bearer(await add_person(Role.STUDENT))
    assert (await send(wanted, headers=student))[0] == 403
