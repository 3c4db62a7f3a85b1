"""Who writes to whom in the chat, as the facts of a lecture tell it."""

from datetime import UTC, datetime, timedelta

import msgspec

from footprint.attendance import Span
from footprint.chat_modes import changes
from kernel.ids import new_id
from live.events import ChatModeSet
from schedule.events import LectureChanged, LecturePlanned
from schedule.study_work import ChatMode

NOON = datetime(2026, 9, 7, 12, tzinfo=UTC)
HOUR = Span(NOON, NOON + timedelta(hours=1))


def scheduled(minutes: int, mode, kind=LectureChanged):
    at = NOON + timedelta(minutes=minutes)
    words = {"title": "Optics", "starts_at": NOON, "ends_at": HOUR.ended_at}
    return kind(id=new_id(), at=at, lecture=new_id(), lecturer=new_id(), chat_mode=mode, **words)


def set_by_host(minutes: int, mode):
    at = NOON + timedelta(minutes=minutes)
    return ChatModeSet(id=new_id(), at=at, lecture=new_id(), run=new_id(), mode=mode)


def told(*facts) -> list[tuple[int, str]]:
    return [((one.at - NOON) // timedelta(minutes=1), mode) for one, mode in changes(facts, HOUR)]


def test_the_schedule_changes_it_only_while_there_is_a_room_and_no_host_has_spoken():
    planned = scheduled(-9000, ChatMode.QUESTIONS, LecturePlanned)
    title = scheduled(5, ChatMode.QUESTIONS)
    closed, after = scheduled(10, ChatMode.CLOSED), scheduled(90, ChatMode.OPEN)
    assert told(planned, title, closed, after) == [(10, "closed")]
    host, ignored = set_by_host(20, ChatMode.OPEN), scheduled(30, ChatMode.QUESTIONS)
    assert told(planned, closed, host, ignored) == [(10, "closed"), (20, "open")]


def test_facts_of_old_do_not_tell_what_the_schedule_said():
    old = scheduled(-90, msgspec.UNSET, LecturePlanned), scheduled(10, msgspec.UNSET)
    assert told(*old, set_by_host(20, ChatMode.OPEN)) == [(20, "open")]
