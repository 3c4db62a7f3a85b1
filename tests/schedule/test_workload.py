"""Academic hours, planned and delivered; norms from a sheet; coverage of a period."""

from datetime import UTC, date, datetime, timedelta

import pytest

from kernel.ids import new_id
from player.sentences import SENTENCES
from schedule.academic import Period
from schedule.courses import Course
from schedule.coverage import coverage, teaching_weeks
from schedule.lifecycle import LectureState
from schedule.norms import Norm, NormTable, list_norms, read_norms, take_norms, write_norms
from schedule.stretches import TeachingDays
from schedule.study_work import Kind
from schedule.workload import Taught, workload

NINE = datetime(2026, 9, 7, 4, tzinfo=UTC)  # a Monday, 9:00 in Almaty
MINUTE = timedelta(minutes=1)
AIGERIM = new_id()
TERM = Period(
    id=new_id(),
    calendar="university",
    name="Autumn term",
    starts_on=date(2026, 8, 31),
    ends_on=date(2026, 12, 13),
)


def draw_class(*, minutes=100, held=None, at=NINE, **more) -> Taught:
    values = {
        "lecture": new_id(),
        "lecturer": AIGERIM,
        "lecturer_name": "Aigerim",
        "kind": Kind.LECTURE,
        "course": None,
        "faculty": None,
        "starts_at": at,
        "ends_at": at + minutes * MINUTE,
        "state": LectureState.PLANNED if held is None else LectureState.PUBLISHED,
        "started_at": None if held is None else at,
        "ended_at": None if held is None else at + held * MINUTE,
    }
    return Taught(**(values | more))


def test_hours_are_those_of_the_norm_of_the_day():
    norms = NormTable(
        [
            Norm(kind=Kind.LECTURE, since=date(2026, 1, 1), minutes=50),
            Norm(kind=Kind.LECTURE, since=date(2026, 9, 8), minutes=40, factor=1.5),
        ]
    )
    classes = [draw_class(held=100), draw_class(held=80, at=NINE + timedelta(days=1))]
    (row,) = workload(classes, norms)
    assert (row.planned_classes, row.planned_hours) == (2, 2 + 2.5)
    assert (row.held_hours, row.counted_hours) == (2 + 2, 2 + 2 * 1.5)


def test_an_overrun_is_held_but_not_counted():
    (row,) = workload([draw_class(minutes=50, held=75)], NormTable([]))
    assert (row.planned_hours, row.held_hours, row.counted_hours) == (1, 1.5, 1)


def test_what_was_cancelled_or_missed_is_told_apart_from_what_is_to_come():
    missed = draw_class(state=LectureState.PUBLISHED)
    classes = [draw_class(state=LectureState.CANCELLED), missed, draw_class(), draw_class(held=100)]
    (row,) = workload(classes, NormTable([]))
    assert (row.planned_classes, row.held_classes) == (3, 1)
    assert (row.missed_classes, row.cancelled_classes) == (1, 1)


def test_each_kind_of_each_teacher_has_its_row():
    other = draw_class(lecturer=new_id(), lecturer_name="Arman", kind=Kind.SEMINAR)
    rows = workload([draw_class(), draw_class(kind=Kind.EXAM), other], NormTable([]))
    assert [(row.name, row.kind) for row in rows] == [
        ("Aigerim", "exam"),
        ("Aigerim", "lecture"),
        ("Arman", "seminar"),
    ]


async def test_norms_come_from_a_sheet_and_the_same_sheet_again_changes_nothing(either_database):
    norms, findings = read_norms(b"kind;since;minutes;factor\nExam;2026-09-01;60;0,5\n")
    assert findings.count == 0
    async with either_database.begin() as connection:
        assert (await take_norms(connection, norms)).added == 1
        assert (await take_norms(connection, norms)).same == 1
        again, _ = read_norms(write_norms(await list_norms(connection)))
        assert again == norms == await list_norms(connection)
        other = [Norm(kind=Kind.EXAM, since=date(2026, 9, 1), minutes=45)]
        assert (await take_norms(connection, other)).changed == 1
        assert await list_norms(connection) == other


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("party,2026-09-01,50", "A kind is one of"),
        ("exam,1.9.2026,50", "is not a day"),
        ("exam,2026-09-01,none", "minutes can't hold “none”"),
        ("exam,2026-09-01,0", "a number from 1"),
        ("exam,2026-09-01,nan", "a number from 1"),
        ("lecture,2026-09-01,45", "above"),
    ],
)
def test_a_row_that_is_no_norm_is_named(row, said):
    _, findings = read_norms(f"kind,since,minutes\nlecture,2026-09-01,50\n{row}\n".encode())
    (finding,) = findings.found
    assert finding.row == 3
    assert said in finding.message
    assert finding.template in SENTENCES


def test_free_weeks_are_no_teaching_weeks():
    free = {date(2026, 9, 7) + timedelta(days=n) for n in range(7)}
    assert 2 not in teaching_weeks(TERM, TeachingDays(free))
    assert len(teaching_weeks(TERM, TeachingDays(free))) == 14


def test_coverage_names_the_weeks_without_a_class():
    course = Course(id=new_id(), key="phys", title="Optics", created_at=NINE)
    weekly = [
        draw_class(course=course.id, at=NINE + timedelta(weeks=n), held=50 if n < 2 else None)
        for n in range(10)
    ]
    cancelled = draw_class(
        course=course.id, at=NINE + timedelta(weeks=12), state=LectureState.CANCELLED
    )
    missed = draw_class(course=course.id, at=NINE, state=LectureState.PUBLISHED)
    (row,) = coverage(
        TERM, TeachingDays(), {course.id: course}, [*weekly, cancelled, missed, draw_class()]
    )
    assert (row.teaching_weeks, row.covered_weeks) == (15, 10)
    assert row.bare_weeks == (1, 12, 13, 14, 15)
    assert row.bare_spans == "1, 12–15"
    assert (row.held_classes, row.planned_classes, row.cancelled_classes) == (2, 11, 1)
    assert row.held_percent == pytest.approx(66.7)
