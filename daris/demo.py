"""The demo term: a lecture live now, some to come, one recorded, and a channel that shows it.

Run again, it makes anew what is over by now.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from daris.drawn_lecture import drawn_lecture
from daris.migrations.schema import migrate
from identity.passwords import open_passwords
from identity.people import Person, add_person, person_by_login, set_password_hash
from identity.rights import Role
from kernel.clock import Clock
from kernel.database import Database
from kernel.errors import Conflict, NotFound
from kernel.facts import Fact
from kernel.ids import new_id
from kernel.journal import open_journal
from kernel.pages import HOUSE_ZONE
from kernel.settings import Settings
from live.events import ChatSaid, PersonJoined, PersonLeft, RoomClosed, RoomOpened
from schedule.academic import UNIVERSITY, Period, add_period, monday, period_on
from schedule.channels import Channel, add_channel
from schedule.courses import Course, add_course
from schedule.enrolments import Enrolment, Part, enrol
from schedule.lectures import Filter, list_lectures
from schedule.lifecycle import Lecture, LectureState, Policy, RecordingState
from schedule.planning import Author, Plan, plan
from schedule.push import Push, carry_out
from schedule.repeating import SeriesPlan, plan_series
from schedule.rundown import Programme, Source, Window
from schedule.series import Pattern
from schedule.study_work import Kind, Mode, StudyWork
from schedule.teaching import mark_recording, start, stop
from transcode.library import Library

log = structlog.get_logger()

_PEOPLE: Final = (
    ("lecturer", "aigerim", "Айгерім Бекова", Role.LECTURER),
    ("student", "dana", "Дана Омарова", Role.STUDENT),
    ("student", "timur", "Тимур Ли", Role.STUDENT),
    ("coordinator", "saule", "Сәуле Ахметова", Role.COORDINATOR),
    ("operator", "olzhas", "Олжас Нұрлан", Role.OPERATOR),
    ("admin", "admin", "Daris", Role.ADMIN),
)
_RECORDED_LENGTH: Final = timedelta(seconds=90)
_BREAK: Final = timedelta(seconds=30)
_CHANNEL: Final = Channel(
    id="daris", name="Дәріс", profile="360p25", outputs=("udp://127.0.0.1:8082",)
)
_SLIDES: Final = (
    "Жарық физикасы\n1. Толқын\n2. Сәуле\n3. Квант",
    "Толқын\nұзындық, жиілік\nc = λν",
    "Сәуле\nшағылу, сыну",
    "Квант\nE = hν",
    "Сұрақтар?",
)
_CHAT: Final = (
    ("dana", "Қайырлы күн! Дыбыс жақсы естіледі."),
    ("timur", "А слайды будут в записи?"),
    ("aigerim", "Иә, жазба дәрістен кейін бірден ашылады."),
)


@dataclass(frozen=True, slots=True)
class Demo:
    """What was made: where to look, and who may sign in."""

    password: str
    logins: dict[str, str]  # login → role and name
    addresses: dict[str, str]  # what → path


async def make_demo(settings: Settings, clock: Clock) -> Demo:
    """Make what of the demo term is not there (any more)."""
    database = Database.open(settings.database)
    try:
        await database.check()
        await migrate(database)
        password = await asyncio.to_thread(_kept_password, settings.data_dir / "demo-password")
        people = await _people(database, password, clock.now())
        recorded = await _recorded(settings, database, people, clock.now())
        async with database.begin() as connection:
            live = await _live(connection, people["aigerim"], clock.now())
            await _coming(connection, people["aigerim"], clock.now())
            await _term(connection, people, clock.now())
            await _channel(connection, settings, recorded, clock.now())
    finally:
        await database.aclose()
    return Demo(
        password=password,
        logins={login: f"{role}, {name}" for role, login, name, _ in _PEOPLE},
        addresses={
            "live now": f"/lectures/{live.id}",
            "recorded": f"/lectures/{recorded.id}",
            "on air": f"/channels/{_CHANNEL.id}",
            "today": "/",
            "this week": "/week",
            "courses": "/courses",
        },
    )


def _kept_password(path: Path) -> str:
    """One password for all of the demo's people, made at the first run."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(4))
    return path.read_text()


async def _people(database: Database, password: str, now: datetime) -> dict[str, Person]:
    async with open_passwords() as passwords:
        hashed = await passwords.hash(password)
    async with database.begin() as connection:
        return {
            login: await _person(connection, login, name, role, hashed=hashed, now=now)
            for _, login, name, role in _PEOPLE
        }


async def _person(
    connection: AsyncConnection, login: str, name: str, role: Role, *, hashed: str, now: datetime
) -> Person:
    try:
        person = await person_by_login(connection, login)
        await set_password_hash(connection, person.id, hashed)
    except NotFound:
        person = await add_person(
            connection, login=login, name=name, roles={role}, at=now, password_hash=hashed
        )
    return person


async def _live(connection: AsyncConnection, lecturer: Person, now: datetime) -> Lecture:
    """A lecture that is live now, with some time left."""
    found = await _one(connection, lecturer, LectureState.LIVE, since=now + timedelta(minutes=5))
    if found is not None:
        return found
    begins = now - timedelta(minutes=1)
    wanted = Plan(
        title="Жарық физикасы: интерференция",
        summary="Вебинар-зертхана: екі саңылау, торлар және лазер.",
        lecturer=lecturer.id,
        starts_at=begins,
        ends_at=now + timedelta(hours=3),
    )
    planned = await plan(connection, wanted, Author(lecturer.id, begins))
    return await start(connection, planned.id, at=now, by=lecturer.id, policy=Policy())


async def _coming(connection: AsyncConnection, lecturer: Person, now: datetime) -> None:
    """A lecture on each of the next two mornings."""
    morning = now.astimezone(ZoneInfo(HOUSE_ZONE)).replace(hour=9, minute=0, second=0)
    for days, title in ((1, "Линейная алгебра: собственные векторы"), (2, "Academic writing")):
        begins = morning.replace(microsecond=0) + timedelta(days=days)
        wanted = Plan(
            title=title,
            lecturer=lecturer.id,
            starts_at=begins,
            ends_at=begins + timedelta(minutes=50),
        )
        with contextlib.suppress(Conflict):  # it is planned already
            await plan(connection, wanted, Author(lecturer.id, now))


async def _term(connection: AsyncConnection, people: dict[str, Person], now: datetime) -> None:
    """A term in its tenth week, and a course with a laboratory in each week of it."""
    lecturer = people["aigerim"]
    today = now.astimezone(ZoneInfo(HOUSE_ZONE)).date()
    if await period_on(connection, today, today):
        return
    first = monday(today) - timedelta(weeks=9)
    term = Period(
        id=new_id(),
        calendar=UNIVERSITY,
        name="Күзгі семестр",
        starts_on=first,
        ends_on=first + timedelta(weeks=15, days=-1),
    )
    with contextlib.suppress(Conflict):  # a term of an earlier demo
        term = await add_period(connection, term)
        pattern = Pattern(
            weekday=4,
            begins=time(14),
            length=timedelta(minutes=100),
            zone=ZoneInfo(HOUSE_ZONE),
            first_week=1,
            last_week=15,
        )
        course = await _course(connection, people, term, now)
        wanted = SeriesPlan(
            period=term.id,
            title="Оптика зертханасы",
            lecturer=lecturer.id,
            pattern=pattern,
            work=StudyWork(course=course.id, kind=Kind.LABORATORY, mode=Mode.HYBRID),
        )
        await plan_series(connection, wanted, Author(lecturer.id, now), Policy())


async def _course(
    connection: AsyncConnection, people: dict[str, Person], term: Period, now: datetime
) -> Course:
    """A course with its lecturer and two learners."""
    wanted = Course(
        id=new_id(),
        key="PHYS2101",
        title="Оптика",
        summary="Геометриялық және толқындық оптика, зертханамен.",
        faculty="Физика-техникалық факультет",
        credits=5,
        created_at=now,
    )
    course = await add_course(connection, wanted)
    parts = {"aigerim": Part.LECTURER, "dana": Part.LEARNER, "timur": Part.LEARNER}
    for login, part in parts.items():
        one = Enrolment(
            id=new_id(),
            course=course.id,
            person=people[login].id,
            part=part,
            since=term.starts_on,
            changed_at=now,
        )
        await enrol(connection, one)
    return course


async def _channel(
    connection: AsyncConnection, settings: Settings, recorded: Lecture, now: datetime
) -> None:
    """A channel that shows the recorded lecture for the next two hours, with breaks."""
    with contextlib.suppress(Conflict):
        await add_channel(connection, _CHANNEL, at=now)
    begins = (now + timedelta(seconds=80)).replace(second=0, microsecond=0)
    window = Window(begins, begins + timedelta(hours=2))
    wanted = Push(
        channel=_CHANNEL.id,
        programmes=list(_rundown(recorded, window)),
        findings=(),
        window=window,
        by=None,
        at=now,
    )
    done = await carry_out(connection, wanted, settings)
    assert not done.change.is_refused, done.change.findings


def _rundown(recorded: Lecture, window: Window) -> Iterator[Programme]:
    at = window.since
    while at < window.until:
        for source, length, titles in (
            (Source(recording=recorded.id), _RECORDED_LENGTH, {"kk": recorded.title}),
            (Source(slate=True), _BREAK, {"kk": "Үзіліс", "ru": "Перерыв", "en": "Break"}),
        ):
            yield Programme(
                key=f"demo-{at:%Y%m%dT%H%M%S}",
                starts_at=at,
                ends_at=at + length,
                source=source,
                titles=titles,
            )
            at += length


async def _one(
    connection: AsyncConnection, lecturer: Person, state: LectureState, *, since: datetime
) -> Lecture | None:
    which = Filter(since=since, states=[state], lecturer=lecturer.id)
    found = await list_lectures(connection, which, limit=1)
    return found[0] if found else None


async def _recorded(
    settings: Settings, database: Database, people: dict[str, Person], now: datetime
) -> Lecture:
    """Yesterday's lecture: its recording, its chat, and who was there."""
    lecturer = people["aigerim"]
    async with database.connect() as connection:
        long_ago = now - timedelta(days=3650)
        found = await _one(connection, lecturer, LectureState.PUBLISHED, since=long_ago)
    if found is not None:
        return found
    log.info("demo.draws_a_recording")
    begins = (now - timedelta(days=1)).replace(microsecond=0)
    async with database.begin() as connection:
        lecture = await _taught(connection, lecturer, begins)
    media = settings.data_dir / "media"
    await asyncio.to_thread(_draw, Library(media), lecture.id, begins)
    async with open_journal(settings.data_dir / "journal") as journal:
        await journal.record(*_what_happened(lecture.id, people, begins))
    async with database.begin() as connection:
        at = begins + _RECORDED_LENGTH
        return await mark_recording(connection, lecture.id, RecordingState.READY, at=at)


async def _taught(connection: AsyncConnection, lecturer: Person, begins: datetime) -> Lecture:
    wanted = Plan(
        title="Жарық физикасы: кіріспе",
        summary="Толқын, сәуле және квант туралы алғашқы дәріс.",
        lecturer=lecturer.id,
        starts_at=begins,
        ends_at=begins + timedelta(minutes=50),
    )
    planned = await plan(connection, wanted, Author(lecturer.id, begins))
    await start(connection, planned.id, at=begins, by=lecturer.id, policy=Policy())
    return await stop(connection, planned.id, at=begins + _RECORDED_LENGTH, by=lecturer.id)


def _draw(library: Library, lecture: UUID, begins: datetime) -> None:
    recording = library.open_recording(lecture, begins, post=lambda call: call())
    for kind, unit in drawn_lecture(_SLIDES, _RECORDED_LENGTH):
        recording.push(kind, unit)
    recording.finish()


def _what_happened(lecture: UUID, people: dict[str, Person], begins: datetime) -> Iterator[Fact]:
    """The facts of the recorded lecture: three people came, talked and left."""
    run, ends = new_id(), begins + _RECORDED_LENGTH
    yield RoomOpened(id=new_id(), at=begins, lecture=lecture, run=run, state="live")
    seats = {login: new_id() for login in ("aigerim", "dana", "timur")}
    for late, (login, seat) in enumerate(seats.items()):
        person = people[login]
        yield PersonJoined(
            id=new_id(),
            at=begins + timedelta(seconds=4 * late),
            lecture=lecture,
            person=person.id,
            run=run,
            seat=seat,
            device="demo",
            name=person.name,
            role=min(person.roles),
            skew_ms=1_500 * late,
        )
    for number, (login, text) in enumerate(_CHAT):
        yield ChatSaid(
            id=new_id(),
            at=begins + timedelta(seconds=12 + 7 * number),
            lecture=lecture,
            person=people[login].id,
            run=run,
            seat=seats[login],
            device="demo",
            name=people[login].name,
            text=text,
        )
    for early, (login, seat) in enumerate(seats.items()):
        left_at = ends - timedelta(seconds=3 * early)
        stayed = left_at - begins - timedelta(seconds=4 * early)
        yield PersonLeft(
            id=new_id(),
            at=left_at,
            lecture=lecture,
            person=people[login].id,
            run=run,
            seat=seat,
            device="demo",
            reason="left",
            last_proof_at=left_at,
            received_s=int(stayed.total_seconds()) - 1 if early else 0,
            visible_s=int(stayed.total_seconds()) // (1 + early),
        )
    yield RoomClosed(id=new_id(), at=ends, lecture=lecture, run=run, reason="ended")
