"""Rosters and class lists from files, on both databases."""

from zoneinfo import ZoneInfo

import pytest

from daris import importing
from kernel.errors import NotFound, Refused

ADDRESS = "https://live.example.kz"
ROSTER = (
    "course,course_title,login,name,part,group,category,legal_basis\n"
    "CS1,Algorithms,dana,Дана,learner,IS-21,3,=1+2\n"
    "CS1,,bolat,Болат,lecturer,,,\n"
)
CLASSES = (
    "key,title,lecturer,starts_at,minutes,course,groups,kind,auditorium,chat_mode,attendance_policy\n"
    "k1,Sorting,bolat,2026-12-01 10:00,50,CS1,IS-21,exam,Hall 3,closed,daris-1\n"
    "k2,Sorting,bolat,2026-12-02 10:00,50,CS1,is-21,,,,\n"
)


@pytest.fixture
def take(either_database, clock, tmp_path):
    """`await take("roster", text)`; the numbers of rows that progress was told of come too."""

    async def take(what, text, *, is_dry=False, suffix="csv"):
        file, told = tmp_path / f"in.{suffix}", []
        file.write_bytes(text if isinstance(text, bytes) else text.encode())

        async def progress(step, done, of):
            told.append((step, done, of))

        more = {"is_dry": is_dry, "progress": progress}
        if what == "classes":
            more |= {"zone": ZoneInfo("Asia/Almaty"), "lecturer": "bolat"}
        importer = {"roster": importing.import_roster, "classes": importing.import_classes}[what]
        return await importer(either_database, clock, file, **more), told

    return take


async def test_what_is_exported_can_be_read_again(take, either_database, tmp_path):
    taken, told = await take("roster", ROSTER)
    assert (taken.taken.added, taken.taken.people) == (2, 2)
    assert told[0] == ("checked", 2, 2)
    assert told[-1] == ("saved", 6, 6)  # with the course, the group and the people
    assert (await take("classes", CLASSES, is_dry=True))[0].taken.added == 2
    assert (await take("classes", CLASSES))[0].taken.added == 2
    out = tmp_path / "out.csv"
    await importing.export_roster(either_database, " cs1 ", out)
    assert "'=1+2" in out.read_text("utf-8-sig")
    assert (await take("roster", out.read_bytes()))[0].taken.same == 2
    assert await importing.export_classes(either_database, out, ADDRESS) == 2
    assert ",closed,no,daris-1," in out.read_text("utf-8-sig")
    assert (await take("classes", out.read_bytes()))[0].taken.same == 2
    calendar = tmp_path / "out.ics"
    assert await importing.export_classes(either_database, calendar, ADDRESS) == 2
    assert (await take("classes", calendar.read_bytes(), suffix="ics"))[0].taken.same == 2
    with pytest.raises(NotFound, match="no course cs2"):
        await importing.export_roster(either_database, "CS2", out)


async def test_one_wrong_row_keeps_the_file_out(take, either_database, tmp_path):
    await take("roster", ROSTER)
    wrong = CLASSES.replace("2026-12-02", "2026-12-01")
    with pytest.raises(Refused) as error:
        await take("classes", wrong)
    (told,) = error.value.findings
    assert told == "row 3: Болат teaches “Sorting” from 2026-12-01 10:00 to 10:50."
    with pytest.raises(Refused) as error:
        await take("classes", CLASSES.replace("daris-1", "daris-2"))
    (told,) = error.value.findings
    assert told == "row 2: There is no attendance policy daris-2; published are daris-1."
    assert await importing.export_classes(either_database, tmp_path / "out.csv", ADDRESS) == 0


async def test_a_calendar_is_known_by_its_ending(take):
    await take("roster", ROSTER)
    event = "UID:1\nSUMMARY:Exam\nDTSTART:20261203T050000Z\nDURATION:PT1H"
    text = f"BEGIN:VCALENDAR\nBEGIN:VEVENT\n{event}\nEND:VEVENT\nEND:VCALENDAR\n"
    assert (await take("classes", text, suffix="ics"))[0].taken.added == 1
