"""Planning: put a lecture into the timetable, change it, cancel it."""

from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.people import Person, people, people_by_ids
from identity.rights import Role
from kernel.errors import Conflict, Invalid, PreconditionFailed
from kernel.ids import new_id
from kernel.sentence import sentence
from schedule.channels import channel_by_id
from schedule.conflicts import check_is_free
from schedule.courses import check_groups, course_by_id
from schedule.events import LectureCancelled, LectureChanged, LecturePlanned
from schedule.lectures import add_lecture, advance, bare_lecture
from schedule.lifecycle import AHEAD, OVER, Lecture, LectureState, Policy, RecordingState
from schedule.study_work import PLAIN, StudyWork, check_work

LONGEST_LECTURE = timedelta(hours=12)
FARTHEST = timedelta(days=5 * 366)  # from now; beyond is a slip of the hand
LONGEST_TITLE, LONGEST_SUMMARY = 300, 20_000  # characters
_TEACHING = frozenset({Role.LECTURER, Role.ADMIN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a lecture shall be."""

    title: str
    lecturer: UUID
    starts_at: datetime
    ends_at: datetime
    summary: str = ""
    is_recorded: bool = True
    work: StudyWork = PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What shall become different; None stays."""

    title: str | None = None
    summary: str | None = None
    lecturer: UUID | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    is_recorded: bool | None = None
    work: StudyWork | None = None

    def given(self) -> dict[str, Any]:
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Author:
    """Who plans, when, and in which zone sentences tell them the time."""

    person: UUID | None
    at: datetime
    zone: tzinfo = UTC


async def plan(connection: AsyncConnection, wanted: Plan, by: Author) -> Lecture:
    """Add a lecture. Invalid when it makes no sense; Conflict proposes the next free time."""
    wanted = check_plan(wanted, now=by.at)
    _check_is_ahead(wanted, by.at)
    lecturer = await check_lecturer(connection, wanted.lecturer)
    await check_course_of(connection, wanted.work)
    await check_is_free(connection, wanted, by.zone)
    lecture, fact = drawn_up(wanted, lecturer.name, by)
    await add_lecture(connection, lecture, fact)
    return lecture


def drawn_up(wanted: Plan, lecturer_name: str, by: Author) -> tuple[Lecture, LecturePlanned]:
    """The lecture that a checked plan makes, and the fact that it was planned."""
    lecture = Lecture(
        id=new_id(),
        title=wanted.title,
        summary=wanted.summary,
        lecturer=wanted.lecturer,
        lecturer_name=lecturer_name,
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        state=LectureState.PLANNED,
        is_recorded=wanted.is_recorded,
        recording=RecordingState.NONE,
        revision=1,
        created_at=by.at,
        changed_at=by.at,
        work=wanted.work,
    )
    return lecture, LecturePlanned(**_fact(lecture, by))


async def change(
    connection: AsyncConnection,
    lecture_id: UUID,
    changes: Changes,
    by: Author,
    *,
    revision: int,
    policy: Policy,
    is_free: bool = False,
) -> Lecture:
    """Change what is given, if the lecture still is at `revision`, else PreconditionFailed.
    `is_free`: the caller has seen to it that nothing is in the way."""
    lecture = await bare_lecture(connection, lecture_id, is_locked=True)
    if lecture.revision != revision:
        raise PreconditionFailed("Somebody changed this lecture meanwhile; reload it.")
    given = _really_new(lecture, changes)
    if not given:
        return lecture
    _check_may_change(lecture, given)
    wanted = check_plan(planned(lecture, given), now=by.at)
    lecturer = await check_lecturer(connection, wanted.lecturer)
    if given.keys() & {"starts_at", "ends_at"}:
        _check_is_ahead(wanted, by.at)
    if "work" in given:
        await check_course_of(connection, wanted.work)
    if not is_free and given.keys() & {"lecturer", "starts_at", "ends_at", "work"}:
        await check_is_free(connection, wanted, by.zone, apart_from=lecture.id)
    given |= {name: getattr(wanted, name) for name in given}
    if _doors_close_again(lecture, wanted, by.at, policy):
        given |= {"state": LectureState.PLANNED, "opened_at": None}
    fact = LectureChanged(**_fact(lecture, by, wanted))
    return await _advance(connection, lecture, fact, by, lecturer=lecturer, given=given)


async def cancel(
    connection: AsyncConnection, lecture_id: UUID, by: Author, *, reason: str = ""
) -> Lecture:
    """Cancel what has not begun; Conflict otherwise. Cancelling twice is cancelling once."""
    lecture = await bare_lecture(connection, lecture_id, is_locked=True)
    if lecture.state is LectureState.CANCELLED:
        return lecture
    if lecture.state not in AHEAD:
        raise Conflict("This lecture has begun; it can't be cancelled any more, only stopped.")
    fact = LectureCancelled(
        id=new_id(), at=by.at, lecture=lecture.id, person=by.person, reason=reason
    )
    cancelled = await advance(connection, lecture, fact, at=by.at, state=LectureState.CANCELLED)
    assert cancelled is not None  # the row is locked
    return cancelled


def check_plan(wanted: Plan, *, now: datetime) -> Plan:
    """The plan with its texts trimmed and its times in UTC; Invalid says what is wrong with it."""
    checked = Plan(
        title=check_title(wanted.title),
        summary=check_summary(wanted.summary),
        lecturer=wanted.lecturer,
        starts_at=in_utc(wanted.starts_at),
        ends_at=in_utc(wanted.ends_at),
        is_recorded=wanted.is_recorded,
        work=check_work(wanted.work),
    )
    if checked.ends_at <= checked.starts_at:
        raise Invalid("A lecture ends after it starts.")
    if checked.ends_at - checked.starts_at > LONGEST_LECTURE:
        raise Invalid("A lecture takes 12 hours at most.")
    if checked.starts_at > now + FARTHEST:
        raise Invalid("A lecture is planned five years ahead at most.")
    return checked


def in_utc(moment: datetime) -> datetime:
    """The moment in UTC; Invalid at the very ends of the calendar, where there is none."""
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise Invalid("This time lies outside of the calendar.") from error


def _check_is_ahead(wanted: Plan, now: datetime) -> None:
    if wanted.ends_at <= now:
        raise Invalid("This time is past; a lecture ends in the future.")


async def check_lecturer(connection: AsyncConnection, lecturer: UUID) -> Person:
    """The person who teaches. Their row is locked: two plans for one lecturer take turns."""
    lock = sa.select(people.c.id).where(people.c.id == lecturer).with_for_update()
    await connection.execute(lock)
    person = (await people_by_ids(connection, [lecturer])).get(lecturer)
    if person is None or person.disabled_at is not None:
        raise Invalid("The lecturer is not known here.")
    if not person.roles & _TEACHING:
        raise Invalid(sentence("{name} is not a lecturer.", name=person.name))
    return person


async def check_course_of(connection: AsyncConnection, work: StudyWork) -> None:
    """NotFound or Invalid when the course, one of the groups or the channel is not there."""
    if work.channel is not None:
        await channel_by_id(connection, work.channel)
    if work.course is not None:
        await course_by_id(connection, work.course)
    await check_groups(connection, work.groups)


def _really_new(lecture: Lecture, changes: Changes) -> dict[str, Any]:
    given = changes.given()
    return {name: value for name, value in given.items() if value != getattr(lecture, name)}


def _check_may_change(lecture: Lecture, given: dict[str, Any]) -> None:
    words = {"title", "summary"}
    if lecture.state is LectureState.CANCELLED:
        raise Conflict("This lecture is cancelled; plan a new one.")
    if lecture.state in OVER and given.keys() - words - {"work"}:
        raise Conflict("This lecture is over; only its title and summary can change.")
    if lecture.state is LectureState.LIVE and given.keys() - words - {"ends_at", "work"}:
        raise Conflict("This lecture is live; only its title, summary and end can change.")


def planned(lecture: Lecture, given: dict[str, Any]) -> Plan:
    """The plan of the lecture, with what is given in place of what was."""
    plan = Plan(
        title=lecture.title,
        summary=lecture.summary,
        lecturer=lecture.lecturer,
        starts_at=lecture.starts_at,
        ends_at=lecture.ends_at,
        is_recorded=lecture.is_recorded,
        work=lecture.work,
    )
    return replace(plan, **given)


def _doors_close_again(lecture: Lecture, wanted: Plan, now: datetime, policy: Policy) -> bool:
    """The doors were open, but the lecture was put off."""
    return lecture.state is LectureState.OPEN and now < wanted.starts_at - policy.opens_before


async def _advance(
    connection: AsyncConnection,
    lecture: Lecture,
    fact: LectureChanged,
    by: Author,
    *,
    lecturer: Person,
    given: dict[str, Any],
) -> Lecture:
    changed = await advance(connection, lecture, fact, at=by.at, **given)
    assert changed is not None  # the row is locked
    return replace(changed, lecturer_name=lecturer.name)


def _fact(lecture: Lecture, by: Author, wanted: Plan | None = None) -> dict[str, Any]:
    source = wanted or lecture
    return {
        "id": new_id(),
        "at": by.at,
        "lecture": lecture.id,
        "person": by.person,
        "lecturer": source.lecturer,
        "title": source.title,
        "starts_at": source.starts_at,
        "ends_at": source.ends_at,
        "auditorium": source.work.auditorium,
        "attendance_policy": source.work.attendance_policy,
        "chat_mode": source.work.chat_mode,
    }


def check_title(text: str) -> str:
    text = " ".join(text.split())
    if not 0 < len(text) <= LONGEST_TITLE or not text.isprintable():
        raise Invalid(sentence("A title has 1 to {most} printable characters.", most=LONGEST_TITLE))
    return text


def check_summary(text: str) -> str:
    text = text.strip()
    if len(text) > LONGEST_SUMMARY or "\0" in text:
        raise Invalid(sentence("A summary has at most {most} characters.", most=LONGEST_SUMMARY))
    return text
