"""A course that was taught for some weeks, with all that people did in it, as if it had happened."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID

from footprint import log as event_log
from footprint import presence, store
from footprint.statements import House
from identity.people import add_person
from identity.rights import Role
from kernel.database import Database
from kernel.ids import new_id
from live.events import ChatSaid, HandRaised, PersonJoined, PersonLeft, TrackPublished
from schedule.academic import Period, add_period, monday
from schedule.courses import Course, add_course
from schedule.enrolments import Enrolment, Part, enrol
from schedule.lectures import lectures
from schedule.planning import Author, Plan, plan
from schedule.series import series, series_classes
from schedule.study_work import StudyWork

NAMES = ("Алия Сәрсенова", "Болат Ахметов", "Даулет Сейіт", "Ерлан Қасымов", "Жанар Тілеу", "Иван Ким",
         "Камила Рахим", "Мадина Оспан", "Нұрлан Әбді", "Олжас Төле")  # fmt: skip


@dataclass
class Taught:
    """What a test may ask for."""

    course: UUID
    series: UUID
    classes: list[UUID]  # oldest first
    learners: list[UUID]


async def teach(
    server: Any, lecturer: str, *, learners: list[str], helper: str | None = None, weeks: int = 5
) -> Taught:
    """Classes of fifty minutes, one a week, the last one yesterday. The first learner comes always, the
    last one never, the others as a seeded die falls."""
    database = Database.open(server.database_url)
    now, die = datetime.now(UTC), Random(7)
    teacher = UUID(lecturer)
    async with database.begin() as connection:
        people = [UUID(one) for one in learners]
        for name in NAMES[len(people) :]:
            login = f"learner{len(people)}"
            made = await add_person(
                connection, login=login, name=name, roles=[Role.STUDENT], at=now
            )
            people.append(made.id)
        first = monday((now - timedelta(weeks=weeks)).date())
        period = Period(
            id=new_id(), calendar="university", name="Autumn", starts_on=first,
            ends_on=first + timedelta(weeks=15),
        )  # fmt: skip
        period = await add_period(connection, period)
        course = Course(id=new_id(), key="optics", title="Жарық физикасы", created_at=now)
        course = await add_course(connection, course)
        since = {"course": course.id, "since": first, "changed_at": now}
        for person in people:
            await enrol(connection, Enrolment(id=new_id(), person=person, **since))
        teaches = {"person": teacher, "part": Part.LECTURER}
        await enrol(connection, Enrolment(id=new_id(), **teaches, **since))
        if helper:
            part = {"person": UUID(helper), "part": Part.VOLUNTEER}
            await enrol(connection, Enrolment(id=new_id(), **part, **since))
        classes = []
        for week in range(weeks):
            begins = now - timedelta(days=1 + 7 * (weeks - 1 - week), hours=2)
            wanted = Plan(
                title=f"Жарық физикасы {week + 1}", lecturer=teacher, starts_at=now + timedelta(hours=week + 1),
                ends_at=now + timedelta(hours=week + 1, minutes=50), work=StudyWork(course=course.id),
            )  # fmt: skip
            lecture = await plan(connection, wanted, Author(teacher, now))
            times = {
                "starts_at": begins, "ends_at": begins + timedelta(minutes=50), "started_at": begins,
                "ended_at": begins + timedelta(minutes=50), "state": "published",
            }  # fmt: skip
            which = lectures.c.id == lecture.id
            await connection.execute(lectures.update().where(which).values(times))
            classes.append(lecture.id)
            going = [
                p for n, p in enumerate(people[:-1]) if n == 0 or die.random() < 0.9 - week * 0.06
            ]
            there = [teacher, *([UUID(helper)] if helper else []), *going]
            facts = [
                fact for p in there for fact in _visit(p, lecture.id, begins, die, p == teacher)
            ]
            facts.sort(key=lambda fact: fact.at)
            kept = await event_log.append(connection, facts, now=begins + timedelta(hours=1))
            await presence.apply(connection, facts)
            await store.index(connection, kept, House(server.url))
        one = await _series(connection, period.id, teacher, classes, now)
    await database.aclose()
    return Taught(course.id, one, classes, people)


def _visit(person: UUID, lecture: UUID, begins: datetime, die: Random, is_whole: bool) -> list[Any]:
    """Came, said and asked something, and left."""
    run = UUID(int=lecture.int ^ 1)
    came = begins + timedelta(minutes=0 if is_whole else die.choice([0, 1, 2, 3, 14]))
    left = begins + timedelta(minutes=50 if is_whole else die.choice([50, 50, 49, 48, 30]))
    seat = {"lecture": lecture, "run": run, "person": person, "seat": new_id(), "device": "laptop"}
    watched = {"received_s": (left - came).seconds - 40, "visible_s": (left - came).seconds // 2}
    middle = came + (left - came) * die.random()
    facts = [
        PersonJoined(id=new_id(), at=came, **seat, name="", role="student", skew_ms=-7_000),
        PersonLeft(id=new_id(), at=left, **seat, reason="left", last_proof_at=left, **watched),
    ]
    if is_whole:
        shown = {"track": new_id(), "source": "microphone"}
        facts.append(TrackPublished(id=new_id(), at=came, **seat, **shown))
    if die.random() < 0.6:
        facts.append(ChatSaid(id=new_id(), at=middle, **seat, name="", text="Неге олай?"))
    if die.random() < 0.3:
        facts.append(HandRaised(id=new_id(), at=middle, **seat))
    return facts


async def _series(
    connection: Any, period: UUID, lecturer: UUID, classes: list[UUID], now: datetime
) -> UUID:
    one = new_id()
    row = {
        "id": one, "period": period, "title": "Жарық физикасы", "summary": "", "lecturer": lecturer,
        "is_recorded": False, "weekday": 1, "begins": time(9), "minutes": 50, "zone": "Asia/Almaty",
        "weeks": "all", "first_week": 1, "last_week": 15, "revision": 1, "created_at": now,
        "changed_at": now,
    }  # fmt: skip
    await connection.execute(series.insert().values(row))
    rows = [
        {"lecture": lecture, "series": one, "week": week, "revision": 1, "is_dropped": False}
        for week, lecture in enumerate(classes, 1)
    ]
    await connection.execute(series_classes.insert(), rows)
    return one
