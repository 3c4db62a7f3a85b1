"""The list of auditoriums as a sheet."""

from urllib.parse import quote

from yarl import URL

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


async def test_one_auditorium_changes_only_for_who_has_read_it(serve, bearer, add_person):
    client = await serve(auditorium_api.routes())
    coordinator = await bearer(await add_person(Role.COORDINATOR))
    address = f"/api/v1/auditoriums/{quote('Корпус 2/305', safe='')}"

    async def ask(method: str, seats: int | None = None, *, headers=coordinator, **conditions):
        said = {name.replace("_", "-"): value for name, value in conditions.items()}
        body = None if seats is None else {"seats": seats}
        async with client.request(
            method, URL(address, encoded=True), json=body, headers=headers | said
        ) as answer:
            return answer.status, answer.headers.get("ETag")

    assert await ask("GET") == (404, None)
    assert (await ask("PUT", 40))[0] == 428
    assert (await ask("PUT", 40, If_Match='"40"'))[0] == 412
    assert (await ask("PUT", 0, If_None_Match="*"))[0] == 400
    assert await ask("PUT", 40, If_None_Match="*") == (201, '"40"')
    assert (await ask("PUT", 50, If_None_Match="*"))[0] == 412
    assert await ask("GET") == (200, '"40"')
    assert await ask("PUT", 50, If_Match='"40"') == (200, '"50"')
    assert (await ask("PUT", 60, If_Match='"40"'))[0] == 412
    assert (await ask("DELETE"))[0] == 428
    for stale in ('"40"', '"fifty"', "*", '"²"'):
        assert (await ask("DELETE", If_Match=stale.encode().decode("latin-1")))[0] == 412
    student = await bearer(await add_person(Role.STUDENT))
    assert (await ask("DELETE", headers=student, If_Match='"50"'))[0] == 403
    assert (await ask("PUT", 9, headers=student, If_Match='"50"'))[0] == 403
    assert (await ask("DELETE", If_Match='"50"'))[0] == 204
    assert await ask("GET") == (404, None)
