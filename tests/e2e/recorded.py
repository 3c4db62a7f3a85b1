"""A lecture that is over, with a recording, as if it had been taught."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from bench.house import Account, Server
from kernel.database import Database
from schedule.lectures import advance, lecture_by_id
from schedule.lifecycle import LectureState, RecordingState
from transcode.library import Library
from transcode.recording import Recording


async def add_recorded(
    server: Server, lecturer: Account, record: Callable[[Recording], None], *, seconds: float
) -> UUID:
    """The lecture's id; it began an hour ago. `record` writes all of a recording of so many seconds."""
    lecture = UUID(await lecturer.plan())
    began = datetime.now(UTC) - timedelta(hours=1)
    library = Library(server.folder / "media")
    record(library.open_recording(lecture, began, post=lambda call: call()))
    database = Database.open(server.database_url)
    async with database.begin() as connection:
        await advance(
            connection,
            await lecture_by_id(connection, lecture),
            None,
            at=datetime.now(UTC),
            state=LectureState.PUBLISHED,
            recording=RecordingState.READY,
            started_at=began,
            ended_at=began + timedelta(seconds=seconds),
        )
    await database.aclose()
    return lecture
