"""The pages over HTTP: who sees what, in which language, and under which policy."""

import re
from datetime import timedelta

import pytest

from identity.credentials import add_token
from identity.rights import Role
from kernel.languages import LOCALES
from kernel.web import ERROR_PAGE
from player import site, views
from player.events import RecordingOpened
from player.site import own_address
from schedule.lectures import advance
from schedule.lifecycle import LectureState, RecordingState

HTML = {"Accept": "text/html"}


@pytest.fixture
async def pages(serve):
    return await serve([*site.ROUTES, *views.routes()], with_error_page)


async def with_error_page(app):
    app[ERROR_PAGE] = site.error_page
    yield


@pytest.fixture
def signed_in(database, clock):
    """Headers that prove a person: `await signed_in(person)`."""

    async def prove(person):
        async with database.begin() as connection:
            token, _ = await add_token(
                connection, person.id, at=clock.now(), roles=None, label="test"
            )
        return HTML | {"Authorization": f"Bearer {token}"}

    return prove


@pytest.fixture
async def lecturer(add_person):
    return await add_person(Role.LECTURER, name="Айгүл Нұрланова", locale="en")


@pytest.fixture
async def student(add_person):
    return await add_person(Role.STUDENT, name="Дана Омарова", locale="en")


@pytest.fixture
def moved(database, clock):
    """Put a lecture into a state: `await moved(lecture, LectureState.LIVE)`."""

    async def move(lecture, state, **changes):
        async with database.begin() as connection:
            return await advance(connection, lecture, None, at=clock.now(), state=state, **changes)

    return move


async def text_of(client, address, headers=HTML, status=200):
    async with client.get(address, headers=headers, allow_redirects=False) as response:
        assert response.status == status, await response.text()
        return await response.text()


# ---------------------------------------------------------------- languages


@pytest.mark.parametrize(
    ("locale", "word"), [("kk", "Телеарна"), ("ru", "Телевидение"), ("en", "Television")]
)
async def test_a_page_speaks_the_language_of_the_browser(pages, locale, word):
    page = await text_of(pages, "/", HTML | {"Accept-Language": locale})
    assert f'<html lang="{locale}"' in page
    assert word in page


async def test_the_chosen_language_is_kept(pages):
    async with pages.get("/language/ru?next=/me", allow_redirects=False) as response:
        assert response.status == 303
        assert response.headers["Location"] == "/me"
    assert '<html lang="ru"' in await text_of(pages, "/", HTML | {"Accept-Language": "en"})


async def test_an_unknown_language_is_not_found(pages):
    await text_of(pages, "/language/xx", status=404)


@pytest.mark.parametrize("locale", LOCALES)
async def test_scripts_get_their_words(pages, locale):
    address = re.search(r"/words/\w+/\w\w\.js", await text_of(pages, f"/?x={locale}"))
    words = await text_of(pages, address[0].replace("/kk.js", f"/{locale}.js"))
    assert f'export const locale = "{locale}"' in words


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "evil", ""]
)
def test_the_way_back_never_leads_elsewhere(elsewhere):
    assert own_address(elsewhere) == "/"


def test_the_way_back_leads_to_a_page_of_ours():
    assert own_address("/lectures/x?watch=1") == "/lectures/x?watch=1"


# ---------------------------------------------------------------- policy


async def test_no_script_stands_in_the_page_but_the_import_map_of_the_policy(pages):
    async with pages.get("/", headers=HTML) as response:
        policy, page = response.headers["Content-Security-Policy"], await response.text()
    inline = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", page)
    assert inline == [' type="importmap"']
    assert "'unsafe-inline'" not in policy
    assert "script-src 'self' 'sha256-" in policy
    assert not re.search(r"\son\w+=|\sstyle=", page)


async def test_nothing_comes_from_elsewhere(pages):
    page = await text_of(pages, "/")
    assert not re.search(r"""(?:src|href)=["']https?://""", page)


async def test_a_static_file_may_be_kept_for_ever_at_its_own_address(pages):
    page = await text_of(pages, "/")
    address = re.search(r"/static/\w+/site\.js", page)[0]
    async with pages.get(address) as response:
        assert "immutable" in response.headers["Cache-Control"]
        assert response.content_type == "text/javascript"
    async with pages.get("/static/older/site.js") as response:
        assert response.status == 200
        assert response.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["../views.py", "%2e%2e/views.py", "none.js"])
async def test_static_files_end_at_their_folder(pages, path):
    await text_of(pages, f"/static/x/{path}", status=404)


# ---------------------------------------------------------------- today


async def test_today_shows_lectures_to_members_only(
    pages, signed_in, add_lecture, lecturer, student
):
    await add_lecture(lecturer, title="Сызықтық алгебра")
    assert "Сызықтық алгебра" in await text_of(pages, "/", await signed_in(student))
    assert "Сызықтық алгебра" not in await text_of(pages, "/")


async def test_only_who_may_plan_is_offered_to(pages, signed_in, lecturer, student):
    assert "/lectures/new" in await text_of(pages, "/", await signed_in(lecturer))
    assert "/lectures/new" not in await text_of(pages, "/", await signed_in(student))


async def test_titles_are_text(pages, signed_in, add_lecture, lecturer):
    await add_lecture(lecturer, title="<script>alert(1)</script>")
    page = await text_of(pages, "/", await signed_in(lecturer))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


# ---------------------------------------------------------------- one address, three lives


async def test_a_stranger_goes_by_way_of_the_log_in(pages, add_lecture, lecturer):
    lecture = await add_lecture(lecturer)
    async with pages.get(f"/lectures/{lecture.id}", allow_redirects=False) as response:
        assert response.status == 303
        assert response.headers["Location"] == f"/login?next=/lectures/{lecture.id}"


async def test_a_planned_lecture_counts_down_in_the_viewers_zone(
    pages, signed_in, add_lecture, lecturer, add_person
):
    lecture = await add_lecture(lecturer, starts_in=timedelta(hours=3))
    reader = await add_person(Role.STUDENT, locale="en", zone="Europe/Berlin")
    page = await text_of(pages, f"/lectures/{lecture.id}", await signed_in(reader))
    assert 'data-testid="countdown"' in page
    assert ">09:00</time>" in page
    assert "Berlin, UTC+2" in page
    assert 'data-testid="edit"' not in page


async def test_its_lecturer_may_change_or_cancel_it(pages, signed_in, add_lecture, lecturer):
    lecture = await add_lecture(lecturer)
    page = await text_of(pages, f"/lectures/{lecture.id}", await signed_in(lecturer))
    assert 'data-testid="edit"' in page
    assert 'data-testid="cancel"' in page


@pytest.mark.parametrize("state", [LectureState.OPEN, LectureState.LIVE])
async def test_open_doors_lead_to_the_room(
    pages, signed_in, add_lecture, lecturer, student, moved, state
):
    lecture = await moved(await add_lecture(lecturer), state)
    hosts = await text_of(pages, f"/lectures/{lecture.id}", await signed_in(lecturer))
    students = await text_of(pages, f"/lectures/{lecture.id}", await signed_in(student))
    assert 'data-testid="join"' in hosts
    assert 'data-testid="join"' in students
    assert 'data-testid="stop"' in hosts
    assert 'data-testid="stop"' not in students


async def test_an_ended_lecture_waits_for_its_recording(
    pages, signed_in, add_lecture, lecturer, student, moved
):
    lecture = await moved(
        await add_lecture(lecturer), LectureState.ENDED, recording=RecordingState.RUNNING
    )
    page = await text_of(pages, f"/lectures/{lecture.id}", await signed_in(student))
    assert 'data-testid="finishing"' in page


async def test_a_recorded_lecture_plays_and_its_opening_is_a_fact(
    pages, signed_in, add_lecture, lecturer, student, moved, kept
):
    lecture = await moved(
        await add_lecture(lecturer), LectureState.PUBLISHED, recording=RecordingState.READY
    )
    page = await text_of(pages, f"/lectures/{lecture.id}", await signed_in(student))
    assert 'data-testid="watch-video"' in page
    opened = [fact for fact in kept.facts if isinstance(fact, RecordingOpened)]
    assert [(fact.lecture, fact.person) for fact in opened] == [(lecture.id, student.id)]


async def test_a_lecture_without_a_recording_says_so(
    pages, signed_in, add_lecture, lecturer, moved
):
    lecture = await moved(
        await add_lecture(lecturer), LectureState.PUBLISHED, recording=RecordingState.NONE
    )
    page = await text_of(pages, f"/lectures/{lecture.id}", await signed_in(lecturer))
    assert 'data-testid="not-recorded"' in page
    assert 'data-testid="watch-video"' not in page


# ---------------------------------------------------------------- forms and errors


async def test_the_form_shows_the_lecture_in_the_persons_zone(
    pages, signed_in, add_lecture, add_person
):
    person = await add_person(Role.LECTURER, zone="Asia/Tokyo", locale="en")
    lecture = await add_lecture(person, starts_in=timedelta(hours=2), title="Kanji")
    page = await text_of(pages, f"/lectures/{lecture.id}/edit", await signed_in(person))
    assert 'value="Kanji"' in page
    assert 'value="2026-09-07"' in page
    assert 'value="15:00"' in page
    assert 'data-zone="Asia/Tokyo"' in page


async def test_a_student_may_not_plan(pages, signed_in, student):
    page = await text_of(pages, "/lectures/new", await signed_in(student), status=403)
    assert "Your role does not allow this here." in page


async def test_my_page_names_my_roles_in_my_language(pages, signed_in, add_person):
    person = await add_person(Role.TUTOR, Role.LECTURER, name="Тимур Ли", locale="kk")
    page = await text_of(pages, "/me", await signed_in(person))
    assert "Оқытушы" in page
    assert "Тьютор" in page


async def test_an_error_is_told_in_the_readers_language(pages):
    page = await text_of(pages, "/nowhere", HTML | {"Accept-Language": "kk"}, status=404)
    assert "Мұндай бет жоқ" in page
    assert "Бұл мекенжайда ештеңе жоқ." in page
