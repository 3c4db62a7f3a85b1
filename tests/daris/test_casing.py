"""Offline packages from the command line, on both databases."""

import hmac
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
import sqlalchemy as sa

from bench import clips
from daris import casing
from footprint import log
from footprint.presence import presence
from footprint.viewings import viewings
from identity.rights import Role
from kernel.errors import NotFound, Unavailable
from kernel.ids import new_id
from kernel.settings import Settings
from live.events import ChatSaid
from transcode.library import Library

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(data_dir=tmp_path, secret="a secret of the house")


@pytest.fixture
async def lecture(settings, either_database, add_person, add_lecture, clock):
    """With a recording of three seconds, a line of chat and a question to the hosts only."""
    lecturer = await add_person(Role.LECTURER, into=either_database)
    planned = await add_lecture(lecturer, into=either_database)
    opened = Library(settings.data_dir / "media").open_recording(
        planned.id, clock.now(), post=lambda call: call()
    )
    clips.record(opened, 3)
    said = ChatSaid(
        id=new_id(),
        at=clock.now(),
        lecture=planned.id,
        person=lecturer.id,
        run=new_id(),
        seat=new_id(),
        device="tab",
        name="Айгүл",
        text="Бастаймыз",
    )
    asked = msgspec.structs.replace(said, id=new_id(), text="Between us", to_hosts=True)
    async with either_database.begin() as connection:
        await log.append(connection, [said, asked], now=clock.now())
    return planned.id


def watched(data: dict, clock) -> bytes:
    """The record that the package's page would save after two seconds."""
    now = clock.now()
    view = {
        "view": str(uuid4()),
        "began_at": now.isoformat(),
        "ended_at": (now + timedelta(seconds=2)).isoformat(),
        "position_ms": 2000,
        "segments": [[0, 2000]],
    }
    record = json.dumps({"package": data["package"], "lecture": data["lecture"], "views": [view]})
    signature = hmac.digest(bytes.fromhex(data["key"]), record.encode(), "sha256").hex()
    text = {"format": "daris-watch-1", "record": record, "signature": signature}
    return json.dumps(text).encode()


async def test_what_is_watched_of_an_export_is_counted_as_watched(
    settings, either_database, lecture, add_person, clock, tmp_path
):
    file = tmp_path / "lecture.zip"
    await casing.export_lecture(settings, either_database, clock, lecture, file, with_chat=True)
    with zipfile.ZipFile(file) as case:
        assert [line["text"] for line in json.loads(case.read("chat.json"))] == ["Бастаймыз"]
        script = case.read("data.js").decode()
    data = json.loads(script.removeprefix("window.DARIS_CASE = ").removesuffix(";\n"))
    clock.advance(_until_minted(data["package"], clock))
    student = await add_person(Role.STUDENT, into=either_database, login="dana")
    record = watched(data, clock)
    clock.advance(timedelta(days=30))
    for expected in ((1, 0), (0, 1)):
        taken = await casing.import_watch(settings, either_database, clock, record, "dana")
        assert (taken.taken, taken.known) == expected
    async with either_database.connect() as connection:
        [view] = await viewings(connection, lecture)
        assert (view.person, view.segments) == (student.id, ((0, 2000),))
        assert await connection.scalar(sa.select(sa.func.count()).select_from(presence)) == 0
        kept = await connection.execute(sa.select(log.event.c.kind, log.event.c.payload))
        assert {row.kind for row in kept if '"is_late":true' in row.payload} == {
            "view-began",
            "view-ended",
        }


async def test_a_course_is_exported_and_tells_how_far_it_is(
    settings, either_database, lecture, clock, tmp_path
):
    file, heard = tmp_path / "course.zip", []
    await casing.export_course(
        settings,
        either_database,
        clock,
        [lecture],
        file,
        title="Толқындар",
        with_chat=False,
        told=heard.append,
    )
    with zipfile.ZipFile(file) as case:
        assert json.loads(case.read("manifest.json"))["title"] == "Толқындар"
        assert not json.loads(case.read("lectures/01/manifest.json"))["has_chat"]
    assert heard == [1]


async def test_without_a_recording_there_is_no_package(settings, either_database, clock, tmp_path):
    with pytest.raises(NotFound):
        await casing.export_lecture(
            settings, either_database, clock, new_id(), tmp_path / "x.zip", with_chat=False
        )


async def test_a_package_that_can_not_be_written_leaves_nothing(
    settings, either_database, lecture, clock, tmp_path
):
    folder = tmp_path / "away"
    with pytest.raises(Unavailable):
        await casing.export_lecture(
            settings, either_database, clock, lecture, folder / "x.zip", with_chat=False
        )
    assert not Path(folder).exists()


def _until_minted(package: str, clock) -> timedelta:
    """Ids are minted by the machine's clock, which the test's clock shall not be behind."""
    minted = int(package.replace("-", "")[:12], 16) / 1000
    return timedelta(seconds=max(0.0, minted - clock.now().timestamp()))
