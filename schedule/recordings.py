"""What hosts decide about the recording of a lecture: who may watch it, and how long it is kept."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.errors import Invalid
from kernel.ids import new_id
from schedule.events import RecordingKept, RecordingShared
from schedule.lectures import advance, bare_lecture
from schedule.lifecycle import Lecture, Visibility


async def share(
    connection: AsyncConnection,
    lecture_id: UUID,
    visibility: Visibility,
    *,
    at: datetime,
    by: UUID | None,
    renews_link: bool = False,
) -> Lecture:
    """Let those watch. Under LINK there is a public link, which `renews_link` replaces; under
    anything else there is none, and one that was given out before does not come back."""
    lecture = await bare_lecture(connection, lecture_id, is_locked=True)
    link = None
    if visibility is Visibility.LINK:
        link = new_id() if renews_link or lecture.link is None else lecture.link
    if (visibility, link) == (lecture.visibility, lecture.link):
        return lecture
    fact = RecordingShared(
        id=new_id(),
        at=at,
        lecture=lecture.id,
        person=by,
        visibility=visibility,
        has_new_link=link is not None,
    )
    shared = await advance(connection, lecture, fact, at=at, visibility=visibility, link=link)
    assert shared is not None  # the row is locked
    return shared


def deleted_at(lecture: Lecture, house_days: int) -> datetime | None:
    """When the recording is deleted by itself; None: never. `house_days` 0: the house keeps all."""
    if lecture.is_kept:
        return None
    if lecture.kept_until is not None:
        return lecture.kept_until
    return (
        (lecture.ended_at or lecture.ends_at) + timedelta(days=house_days) if house_days else None
    )


async def keep(
    connection: AsyncConnection,
    lecture_id: UUID,
    *,
    until: datetime | None,
    is_for_ever: bool,
    at: datetime,
    by: UUID | None,
) -> Lecture:
    """Keep the recording `until` then, for ever, or, if neither is said, as the house's rule has it.
    Invalid when that day is past: to delete is another button."""
    if until is not None and until <= at:
        raise Invalid("This day is past; to delete the recording now there is a button.")
    lecture = await bare_lecture(connection, lecture_id, is_locked=True)
    if (until, is_for_ever) == (lecture.kept_until, lecture.is_kept):
        return lecture
    fact = RecordingKept(
        id=new_id(), at=at, lecture=lecture.id, person=by, until=until, is_for_ever=is_for_ever
    )
    kept = await advance(connection, lecture, fact, at=at, kept_until=until, is_kept=is_for_ever)
    assert kept is not None  # the row is locked
    return kept
