"""An import whose reader goes away."""

import asyncio

import pytest
from aiohttp import ClientSession, web

from schedule.import_stream import LINES, answered
from schedule.progress import Progress, Step


@pytest.fixture
async def serve_as_daris_does():
    """`address = await serve_as_daris_does(view)`: a view goes on when its reader is gone, unlike in a
    TestServer."""
    runners = []

    async def start(view) -> str:
        app = web.Application()
        app.add_routes([web.post("/", view)])
        runners.append(web.AppRunner(app, access_log=None))
        await runners[-1].setup()
        site = web.TCPSite(runners[-1], "127.0.0.1", 0)
        await site.start()
        host, port = runners[-1].addresses[0]
        return f"http://{host}:{port}/"

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.mark.parametrize("is_preview", [True, False])
async def test_a_preview_ends_with_its_reader_and_what_is_meant_goes_on(
    serve_as_daris_does, is_preview
):
    saved: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def view(request: web.Request) -> web.StreamResponse:
        async def run(progress: Progress) -> str:
            await progress(Step.CHECKED, 1, 2)
            while request.transport is not None:  # noqa: ASYNC110  nothing rings when a reader goes
                await asyncio.sleep(0)
            try:
                await progress(Step.CHECKED, 2, 2)
            except ConnectionError:
                saved.set_result(False)
                raise
            saved.set_result(True)
            return "saved"

        return await answered(request, run, is_preview=is_preview)

    address = await serve_as_daris_does(view)
    async with ClientSession() as client:
        answer = await client.post(address, headers={"Accept": LINES})
        assert b"checked" in await answer.content.readline()
        answer.close()
        async with asyncio.timeout(30):
            assert await saved != is_preview
