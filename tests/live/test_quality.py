"""What moderators are told of connections, and what is counted."""

from datetime import UTC, datetime

import pytest
from prometheus_client import REGISTRY

from kernel.ids import new_id
from live import line_watch
from live.client_messages import Report
from live.health import Health
from live.messages import Way
from live.quality import Qualities
from live.seats import Channel, Seat, Visitor

NOW = datetime(2026, 9, 7, 4, tzinfo=UTC)


def seat(person=None, *, moderates=False):
    visitor = Visitor(
        person or new_id(), "Dana", "student", can_host=moderates, can_moderate=moderates
    )
    return Seat(new_id(), visitor, "tab", Channel.WEBRTC, NOW, NOW)


def line(loss=0.0, round_trip=0.04):
    health = Health()
    health.down_loss.take(loss)
    health.round_trip.take(round_trip)
    return health


def counted(name, **labels):
    return REGISTRY.get_sample_value(name, labels) or 0


@pytest.fixture
def qualities():
    made = Qualities()
    yield made
    made.close()


def test_only_what_changed_is_told(qualities):
    host, dana, timur = seat(moderates=True), seat(), seat()
    everybody, lines = (host, dana, timur), {dana.id: line(), timur.id: line()}
    (first,) = qualities.look(everybody, lines).values()
    assert {one.person for one in first} == {dana.person, timur.person}
    assert qualities.look(everybody, lines) == {}
    lines[dana.id] = line(loss=0.3)
    (second,) = qualities.look(everybody, lines).values()
    assert [(one.person, one.loss) for one in second] == [(dana.person, 30)]


def test_nobody_is_told_who_does_not_moderate(qualities):
    dana = seat()
    assert qualities.look((dana, seat()), {dana.id: line()}) == {}


def test_a_moderator_who_comes_later_is_told_everything(qualities):
    host, tutor, dana = seat(moderates=True), seat(moderates=True), seat()
    lines = {dana.id: line()}
    qualities.look((host, dana), lines)
    assert set(qualities.look((host, tutor, dana), lines)) == {tutor.id}
    qualities.begin_anew(host.id)
    assert set(qualities.look((host, tutor, dana), lines)) == {host.id}


def test_of_two_seats_the_one_that_loses_most_is_told(qualities):
    host, tab = seat(moderates=True), seat()
    phone = seat(tab.person)
    lines = {phone.id: line(loss=0.2), tab.id: line()}
    ((told,),) = qualities.look((host, phone, tab), lines).values()
    assert told.loss == 20


def test_a_report_without_a_line_is_told_too(qualities):
    host, dana = seat(moderates=True), seat()
    qualities.take(dana.id, Report(way=Way.STREAM, freezes=2))
    ((told,),) = qualities.look((host, dana), {}).values()
    assert (told.way, told.freezes, told.loss) == (Way.STREAM, 2, None)


def test_seats_are_counted_by_the_way_that_they_use_now(qualities):
    name, dana = "daris_live_seats_by_way", seat()
    before = counted(name, way="udp"), counted(name, way="stills")
    qualities.take(dana.id, Report(way=Way.UDP))
    assert counted(name, way="udp") == before[0] + 1
    qualities.take(dana.id, Report(way=Way.STILLS))
    assert counted(name, way="stills") == before[1] + 1
    qualities.forget(dana.id)
    assert (counted(name, way="udp"), counted(name, way="stills")) == before


def test_freezes_are_counted_once_and_within_reason(qualities):
    name, dana = "daris_live_freezes_total", seat()
    before = counted(name)
    for total in (3, 3, 5, 2_000_000_000):
        qualities.take(dana.id, Report(freezes=total))
    assert counted(name) == before + 105


async def test_a_moderator_hears_how_a_student_gets_the_lecture(school, monkeypatch):
    monkeypatch.setattr(line_watch, "LOOK_AT_LINES", 0.05)
    served = await school()
    lecturer, student = await served.enter(served.lecturer), await served.enter()
    await student.send("report", way="stream", width=1280, height=720, freezes=1, frozen_ms=900)
    (told,) = (await lecturer.hear("quality"))["people"]
    assert told["person"] == student.welcome["me"]["person"]
    assert (told["way"], told["height"], told["frozen_ms"]) == ("stream", 720, 900)
    await student.send("leave")
    assert "quality" not in [message["type"] for message in await student.heard_until_close()]
