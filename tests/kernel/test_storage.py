import re
from collections import defaultdict
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from kernel.errors import NotFound, SettingsError, Unavailable
from kernel.storage import Storage


class Bucket:
    """As much of S3 as a store of files uses: objects whole, in parts and by range, lists."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.uploads: defaultdict[str, dict[int, bytes]] = defaultdict(dict)
        self.is_down = False

    async def answer(self, request: web.Request) -> web.Response:
        if self.is_down:
            return web.Response(status=403)
        key = request.match_info["key"]
        if "uploadId" in request.query or "uploads" in request.query:
            return await self._upload(request, key)
        if "list-type" in request.query:
            return self._list(request.query["prefix"])
        if request.method == "PUT":
            self.objects[key] = await request.read()
            return web.Response(headers={"ETag": '"1"'})
        if "delete" in request.query:
            doomed = re.findall("<Key>.*?</Key>", await request.text())
            for name in doomed:
                self.objects.pop(name[5:-6], None)
            deleted = "".join(f"<Deleted>{name}</Deleted>" for name in doomed)
            return web.Response(text=f"<DeleteResult>{deleted}</DeleteResult>")
        return self._get(request, key)

    async def _upload(self, request: web.Request, key: str) -> web.Response:
        if "uploads" in request.query:
            name = "InitiateMultipartUploadResult"
            return web.Response(text=f"<{name}><UploadId>{key}</UploadId></{name}>")
        if request.method == "PUT":
            part = int(request.query["partNumber"])
            self.uploads[key][part] = await request.read()
            return web.Response(headers={"ETag": f'"{part}"'})
        self.objects[key] = b"".join(data for _, data in sorted(self.uploads.pop(key).items()))
        name = "CompleteMultipartUploadResult"
        return web.Response(text=f"<{name}><ETag>1</ETag></{name}>")

    def _list(self, prefix: str) -> web.Response:
        contents = "".join(
            f"<Contents><Key>{key}</Key><LastModified>2026-09-01T12:00:00.000Z</LastModified>"
            f"<Size>{len(data)}</Size></Contents>"
            for key, data in sorted(self.objects.items())
            if key.startswith(prefix)
        )
        return web.Response(text=f"<ListBucketResult>{contents}</ListBucketResult>")

    def _get(self, request: web.Request, key: str) -> web.Response:
        if key not in self.objects:
            return web.Response(status=404)
        data, asked = self.objects[key], request.http_range
        headers = {"ETag": '"1"', "Last-Modified": "Tue, 01 Sep 2026 12:00:00 GMT"}
        if asked.start is None:
            return web.Response(body=data, headers=headers)
        headers["Content-Range"] = f"bytes {asked.start}-{asked.stop - 1}/{len(data)}"
        return web.Response(body=data[asked], status=206, headers=headers)


@pytest.fixture
async def bucket(monkeypatch) -> AsyncIterator[Bucket]:
    bucket = Bucket()
    app = web.Application(client_max_size=32 << 20)
    app.router.add_route("*", "/lectures/{key:.*}", bucket.answer)
    app.router.add_route("*", "/{key:lectures}", bucket.answer)
    async with TestServer(app) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", str(server.make_url("")).rstrip("/"))
        monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "daris")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        yield bucket


@pytest.fixture(params=["local", "s3"])
def storage(request, tmp_path) -> Storage:
    if request.param == "local":
        return Storage.open((tmp_path / "a store").as_uri())
    request.getfixturevalue("bucket")
    return Storage.open("s3://lectures/kaznu")


async def test_a_file_comes_back_as_it_was_put(storage):
    await storage.put("2026/voice.mp4", b"first")
    await storage.put("2026/voice.mp4", b"second")
    assert await storage.get("2026/voice.mp4") == b"second"


async def test_a_large_file_is_stored_from_the_disk(storage, tmp_path):
    recording = tmp_path / "camera.mp4"
    recording.write_bytes(bytes(range(256)) * 32_000)
    await storage.put("camera.mp4", recording)
    assert await storage.get("camera.mp4") == recording.read_bytes()


async def test_a_range_of_a_file_is_read(storage):
    await storage.put("voice.mp4", b"0123456789")
    assert await storage.get_range("voice.mp4", 3, 4) == b"3456"


async def test_a_file_that_is_not_there_is_named(storage):
    with pytest.raises(NotFound, match=r"There is no file lost\.mp4"):
        await storage.get("lost.mp4")
    with pytest.raises(NotFound, match=r"There is no file lost\.mp4"):
        await storage.get_range("lost.mp4", 0, 1)


async def test_keys_are_listed_by_whole_path_parts(storage):
    for key in ("a/1", "a/2/3", "ab/4"):
        await storage.put(key, b"-")
    assert sorted([key async for key in storage.keys("a")]) == ["a/1", "a/2/3"]


async def test_deleting_twice_is_no_error(storage):
    await storage.put("a/1", b"-")
    await storage.delete("a/1", "a/2")
    await storage.delete("a/1")
    assert [key async for key in storage.keys("a")] == []


async def test_a_store_that_refuses_is_unavailable(bucket):
    storage = Storage.open("s3://lectures")
    bucket.is_down = True
    with pytest.raises(Unavailable):
        await storage.put("voice.mp4", b"-")
    with pytest.raises(Unavailable):
        await storage.get("voice.mp4")


async def test_a_local_store_is_made_where_its_address_says(tmp_path):
    folder = tmp_path / "100% дәріс #1" / "store"
    await Storage.open(folder.as_uri()).put("voice.mp4", b"-")
    assert (folder / "voice.mp4").read_bytes() == b"-"


@pytest.mark.parametrize("url", ["/srv/daris", "ftp://host/folder", "s3:/"])
def test_an_address_that_is_no_store_is_refused_in_a_sentence(url):
    with pytest.raises(SettingsError, match=r"^DARIS_STORAGE_URL can't be used: .*") as failure:
        Storage.open(url)
    assert "\n" not in failure.value.message
