"""Reminders and notices: who is told what, once, by a mail server and a webhook that really run."""

import asyncio
import hmac
import shutil
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage

import pytest
import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestServer

from identity.people import disable
from identity.rights import Role
from kernel.database import Database
from kernel.ids import new_id
from player.site import load_pages
from schedule.courses import Course, Group, add_course, add_group
from schedule.enrolments import Enrolment, enrol
from schedule.lectures import lectures
from schedule.lifecycle import Policy
from schedule.mail import Letter, MailServer, composed
from schedule.notices import LEASE, State, claim, notices
from schedule.notifier import Hook, Notifier
from schedule.planning import Author, Changes, cancel, change
from schedule.study_work import StudyWork
from schedule.wishes import Ahead, Wish, confirm, save_wish, signature_of
from schedule.wording import Wording
from tests.schedule.mail_server import postbox

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SECRET = b"a secret of this test"
HOOK_SECRET = "shared"


BOTH = pytest.mark.parametrize(
    "either_url", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


@pytest.fixture
def either_url(request, tmp_path) -> str:
    """SQLite, where a test does not ask for BOTH."""
    if getattr(request, "param", "sqlite") == "postgres":
        return str(request.getfixturevalue("migrated_postgres_url"))
    file = shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "either.db")
    return f"sqlite:///{file}"


@pytest.fixture
async def box():
    async with postbox() as box:
        yield box


@pytest.fixture
def make_notifier(either_database, clock, box):
    def make(into=either_database, **more) -> Notifier:
        server = MailServer(
            host="127.0.0.1",
            port=box.port,
            security="none",
            user="",
            password="",
            sender="Daris <daris@live.example.kz>",
        )
        wording = Wording(load_pages(clock), "https://live.example.kz", SECRET)
        return Notifier(into, clock, wording, **({"mail_server": server} | more))

    return make


@pytest.fixture
def notifier(make_notifier) -> Notifier:
    return make_notifier()


@pytest.fixture
async def lecturer(either_database, add_person):
    return await add_person(Role.LECTURER, name="Aigerim", into=either_database)


@pytest.fixture
async def course(either_database, clock):
    async with either_database.begin() as connection:
        wanted = Course(id=new_id(), key="phys", title="Optics", created_at=clock.now())
        return await add_course(connection, wanted)


@pytest.fixture
def add_learner(either_database, add_person, clock, course):
    """Somebody of the course who wants notices at a confirmed address."""

    async def add(name: str, *, group=None, locale="en", zone="Asia/Almaty", **wishes):
        person = await add_person(
            Role.STUDENT, name=name, into=either_database, locale=locale, zone=zone
        )
        wish = {"email": f"{name.lower()}@example.kz", "ahead": Ahead.HOUR} | wishes
        async with either_database.begin() as connection:
            enrolment = Enrolment(
                id=new_id(),
                course=course.id,
                person=person.id,
                study_group=group,
                since=clock.now().date(),
                changed_at=clock.now(),
            )
            await enrol(connection, enrolment)
            saved = await save_wish(connection, Wish(person=person.id, **wish))
            signature = signature_of(SECRET, person.id, saved.email)
            await confirm(connection, person.id, signature, secret=SECRET, at=clock.now())
        return person

    return add


@pytest.fixture
def add_class(either_database, lecturer, course, add_lecture):
    async def add(title="Lenses", groups=(), **more):
        work = StudyWork(course=course.id, groups=groups)
        return await add_lecture(lecturer, into=either_database, title=title, work=work, **more)

    return add


def text_of(message: EmailMessage) -> str:
    return " ".join(message.get_body(("plain",)).get_content().split())


async def test_a_reminder_comes_once_at_the_time_that_was_chosen(
    notifier, box, clock, add_learner, add_class
):
    await add_learner("Dana", ahead=Ahead.HOUR)
    await add_learner("Timur", ahead=Ahead.QUARTER)
    await add_learner("Aliya", ahead=Ahead.NEVER)
    await add_class(starts_in=2 * HOUR)
    assert await notifier.step() == 0
    clock.advance(HOUR)
    assert [await notifier.step() for _ in range(3)] == [1, 0, 0]
    (message,) = box.taken
    assert message["To"] == "Dana <dana@example.kz>"
    assert message["Subject"] == "Begins soon: Lenses"
    assert "11:00" in text_of(message)  # in Almaty
    assert "Aigerim" in message.get_body(("html",)).get_content()
    clock.advance(50 * MINUTE)
    assert await notifier.step() == 1
    assert [one["To"].addresses[0].username for one in box.taken] == ["dana", "timur"]
    clock.advance(HOUR)
    assert await notifier.step() == 0


async def test_a_class_is_noticed_in_the_moment_in_which_it_comes_near_enough(
    notifier, box, clock, add_learner, add_class
):
    await add_learner("Dana", ahead=Ahead.HOUR)
    await add_class(starts_in=HOUR + timedelta(seconds=15))
    assert await notifier.step() == 0
    clock.advance(timedelta(seconds=20))
    assert [await notifier.step() for _ in range(2)] == [1, 0]
    clock.advance(timedelta(seconds=10))
    await add_class("Planned late", starts_in=10 * MINUTE, takes=40 * MINUTE)
    assert [await notifier.step() for _ in range(2)] == [1, 0], "It is told at once."
    await add_learner("Timur", ahead=Ahead.DAY)  # wished late
    clock.advance(6 * MINUTE)
    assert await notifier.step() == 2
    told = [message["To"].addresses[0].username for message in box.taken]
    assert told == ["dana", "dana", "timur"], "Two in one letter."


async def test_a_letter_is_in_ones_own_language_and_zone(notifier, box, add_learner, add_class):
    await add_learner("Әсел", email="asel@example.kz", locale="kk", zone="Europe/Berlin")
    await add_class("Сызықтық алгебра <b>", starts_in=30 * MINUTE)
    await notifier.step()
    (message,) = box.taken
    assert message["Content-Language"] == "kk"
    assert "Сызықтық алгебра <b>" in text_of(message)
    assert "06:30" in text_of(message)  # in Berlin
    assert "алгебра &lt;b&gt;" in message.get_body(("html",)).get_content()


async def test_only_those_for_whom_the_class_is_are_told(
    notifier, box, add_learner, add_class, either_database
):
    async with either_database.begin() as connection:
        groups = [await add_group(connection, Group(id=new_id(), key=k, name=k)) for k in "ab"]
    await add_learner("Dana", group=groups[0].id)
    await add_learner("Timur", group=groups[1].id)
    await add_class(groups=(groups[0].id,), starts_in=30 * MINUTE)
    assert await notifier.step() == 1
    assert box.taken[0]["To"] == "Dana <dana@example.kz>"


@BOTH
async def test_who_moves_a_class_is_not_told_and_the_others_are_at_once(
    notifier, box, clock, add_learner, add_class, lecturer, either_database
):
    await add_learner("Dana", ahead=Ahead.NEVER)
    await add_learner("Timur", ahead=Ahead.NEVER, tells_changes=False)
    lecture = await add_class(starts_in=3 * DAY)
    await notifier.step()
    by = Author(lecturer.id, clock.now())
    async with either_database.begin() as connection:
        moves = Changes(starts_at=lecture.starts_at + DAY, ends_at=lecture.ends_at + DAY)
        moved = await change(connection, lecture.id, moves, by, revision=1, policy=Policy())
        only_words = Changes(title="Lenses, part two")
        await change(connection, lecture.id, only_words, by, revision=2, policy=Policy())
    assert [await notifier.step() for _ in range(2)] == [1, 0]
    assert box.subjects == ["Changed: Lenses, part two"]
    assert "10 September" in text_of(box.taken[0])
    assert "11 September" in text_of(box.taken[0])
    async with either_database.begin() as connection:
        await cancel(connection, moved.id, by)
    assert await notifier.step() == 1
    assert box.subjects[1] == "Cancelled: Lenses, part two"
    other = await add_class(title="Prisms", starts_in=2 * DAY)
    for number, hall in enumerate(("Hall 1", "Hall 2"), 1):
        async with either_database.begin() as connection:
            elsewhere = Changes(work=replace(other.work, auditorium=hall))
            await change(connection, other.id, elsewhere, by, revision=number, policy=Policy())
        assert await notifier.step() == 1, "A changed auditorium alone is told."
    assert box.subjects[2:] == ["Changed: Prisms"] * 2
    assert "Aigerim · Hall 1" in text_of(box.taken[2])
    assert "was to be in" not in text_of(box.taken[2])
    assert "It was to be in Hall 1. Aigerim · Hall 2" in text_of(box.taken[3])
    assert {message["To"] for message in box.taken} == {"Dana <dana@example.kz>"}


async def test_several_notices_come_in_one_letter_and_the_last_change_counts(
    notifier, box, clock, add_learner, add_class, lecturer, either_database
):
    await add_learner("Dana")
    soon, later = await add_class("Soon", starts_in=30 * MINUTE), await add_class(starts_in=DAY)
    await add_class("Untouched", starts_in=2 * DAY)
    by = Author(lecturer.id, clock.now())
    async with either_database.begin() as connection:
        for number in (1, 2):
            moves = Changes(
                starts_at=later.starts_at + number * HOUR, ends_at=later.ends_at + number * HOUR
            )
            await change(connection, later.id, moves, by, revision=number, policy=Policy())
    assert await notifier.step() == 3
    assert box.subjects == ["2 notices about your classes"]
    text = text_of(box.taken[0])
    assert "Begins soon: Soon" in text
    assert text.count("Changed: Lenses") == 1
    assert "11:00" in text
    assert f"https://live.example.kz/lectures/{soon.id}" in text


@BOTH
async def test_two_notifiers_at_once_send_each_letter_once(
    make_notifier, box, add_learner, add_class, either_url
):
    for number in range(8):
        await add_learner(f"Learner{number}")
    for number in range(3):
        await add_class(starts_in=(10 + number) * MINUTE, takes=MINUTE)
    other = Database.open(either_url)  # as another process has it
    both = [make_notifier(), make_notifier(into=other)]
    for _ in range(3):
        await asyncio.gather(*(one.step() for one in both))
    await other.aclose()
    items = [text_of(message).count("Begins soon") for message in box.taken]
    assert sum(items) == 24


@BOTH
async def test_what_a_dead_process_had_claimed_is_sent_after_its_lease(
    notifier, box, clock, add_learner, add_class, either_database
):
    await add_learner("Dana", ahead=Ahead.DAY)
    await add_class(starts_in=5 * HOUR)
    box.is_busy = True
    await notifier.step()
    clock.advance(LEASE)
    async with either_database.begin() as connection:
        assert len(await claim(connection, now=clock.now())) == 1  # and dies
    box.is_busy = False
    assert await notifier.step() == 0
    clock.advance(LEASE)
    assert [await notifier.step() for _ in range(2)] == [1, 0]


async def test_a_server_that_is_away_is_tried_again_and_the_letter_keeps_its_id(
    notifier, box, clock, add_learner, add_class, make_notifier
):
    await add_learner("Dana", ahead=Ahead.DAY)
    await add_class(starts_in=5 * HOUR)
    away = MailServer(host="127.0.0.1", port=1, security="none", user="", password="", sender="a@b")
    assert await make_notifier(mail_server=away).step() == 0
    assert await notifier.step() == 0  # it waits a minute
    box.hangs_up = True
    clock.advance(2 * MINUTE)
    assert await notifier.step() == 0
    box.hangs_up = False
    clock.advance(5 * MINUTE)
    assert await notifier.step() == 1
    assert len({message["Message-ID"] for message in box.taken}) == 1


async def test_an_address_that_is_refused_keeps_nobody_else_waiting(
    notifier, box, add_learner, add_class, either_database
):
    await add_learner("Dana")
    await add_learner("Timur")
    box.refuses["dana@example.kz"] = "550 no such mailbox"
    await add_class(starts_in=30 * MINUTE)
    assert await notifier.step() == 1
    async with either_database.connect() as connection:
        query = sa.select(notices.c.state, notices.c.error).where(notices.c.state != State.SENT)
        (row,) = (await connection.execute(query)).all()
    assert row.state == State.FAILED
    assert "no such mailbox" in row.error


async def test_what_nobody_needs_any_more_is_not_sent(
    notifier, box, clock, add_learner, add_class, either_database
):
    box.is_busy = True
    dana = await add_learner("Dana")
    await add_learner("Timur", ahead=Ahead.DAY)
    await add_class(starts_in=30 * MINUTE)
    await notifier.step()
    box.is_busy = False
    clock.advance(HOUR)  # the class has begun
    assert await notifier.step() == 0
    await add_class(starts_in=30 * MINUTE)
    async with either_database.begin() as connection:
        await disable(connection, dana.id, at=clock.now())
    clock.advance(6 * MINUTE)
    assert await notifier.step() == 1
    assert box.taken[-1]["To"] == "Timur <timur@example.kz>"


async def test_the_webhook_gets_each_notice_signed_until_it_takes_it(
    make_notifier, clock, add_learner, add_class
):
    got: list[tuple[dict, str]] = []
    statuses = [503, 200]

    async def take(request: web.Request) -> web.Response:
        body, header = await request.read(), request.headers["X-Daris-Signature"]
        seconds = header.partition(",")[0].removeprefix("t=")
        signed = hmac.digest(HOOK_SECRET.encode(), f"{seconds}.".encode() + body, "sha256").hex()
        assert header == f"t={seconds},v1={signed}"
        got.append((await request.json(), request.headers["Idempotency-Key"]))
        return web.Response(status=statuses.pop(0))

    dana = await add_learner("Dana", by_mail=False, by_webhook=True, ahead=Ahead.DAY)
    lecture = await add_class(starts_in=5 * HOUR)
    app = web.Application()
    app.router.add_post("/hook", take)
    async with TestServer(app) as server:
        hook = Hook(str(server.make_url("/hook")), HOOK_SECRET)
        notifier = make_notifier(hook=hook)
        assert await notifier.step() == 0
        clock.advance(2 * MINUTE)
        assert [await notifier.step() for _ in range(2)] == [1, 0]
    (first, key), (second, again) = got
    assert key == again == first["id"] == second["id"]
    assert (second["person"], second["lecture"]) == (str(dana.id), str(lecture.id))
    assert second["text"].startswith("Begins soon: Lenses On Monday, 7 September 2026, 14:00")


async def test_a_day_of_a_whole_university_is_looked_at_in_one_go(
    make_notifier, either_database, clock, add_learner, add_class
):
    """Changes of long ago are told to nobody, however many there are."""
    await add_learner("Dana")
    lecture = await add_class(starts_in=30 * MINUTE)
    async with either_database.begin() as connection:
        await connection.execute(lectures.update().values(starts_at=clock.now() - DAY))
        await cancel(connection, lecture.id, Author(None, clock.now() - HOUR))
    notifier = make_notifier()
    clock.advance(DAY)
    assert await notifier.step() == 0


def test_no_text_makes_a_header(clock):
    letter = Letter(
        to="dana@example.kz",
        name="Dana\r\nBcc: all@example.kz",
        subject="Hi\r\nBcc: all@example.kz",
        text="Hi",
        html="<p>Hi",
        locale="en",
        id="1@example.kz",
        at=clock.now(),
        preferences="https://live.example.kz/me",
    )
    message = composed(letter, "daris@example.kz")
    assert message["Bcc"] is None
    assert message["Subject"] == "Hi Bcc: all@example.kz"
