"""The page of a person's week: a grid of hours on wide screens, an agenda on the phone."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from math import ceil
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from aiohttp import web

from identity.rights import Action, Subject, Viewer, allows
from identity.sessions import require
from kernel.pages import HOUSE_ZONE, locale_of, render, zone_of
from kernel.web import CLOCK, DATABASE, query
from player.drawn import Drawn, DrawnFor
from player.entrance import signed_in
from player.whose import Asked, choose, near
from schedule.academic import Period, holidays_between, is_odd, monday, week_of
from schedule.cards import Card, list_cards
from schedule.circle import NOBODY
from schedule.lectures import Filter
from schedule.lifecycle import LectureState
from schedule.national_days import in_language
from schedule.stretches import stretches_of
from schedule.study_work import Kind

_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
_USUAL_HOURS = range(9, 18)  # the grid shows these at least
_LINES_ON_PAPER, _LINES_OF_AN_HOUR = 44, 3  # of A4 laid across, as paper.css sets it
_LETTERS: Final = 17  # of a line in a seventh of its width
_MOST = 1000  # lectures on one page; the page says when there are more
_DRAWN: Final = Drawn(capacity=8 * _MOST)


@dataclass(slots=True)
class Block:
    """A place in a day's column: from row `first` on, `rows` high; what overlaps shares one."""

    first: int
    rows: int
    lectures: list[Card]


@dataclass(frozen=True, slots=True)
class Day:
    """A column."""

    noon: datetime  # to be shown in words
    is_today: bool
    holiday: str | None
    blocks: list[Block] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Week:
    """A week in the viewer's zone. Rows are hours, counted from 1."""

    days: list[Day]
    hours: range

    @property
    def is_crowded(self) -> bool:
        """Whether the grid may be higher than a page of paper. Browsers tear it then, so that classes
        lie upon each other: lists are printed instead. Guessed on the safe side: only browsers measure text."""
        lines: Counter[int] = Counter(
            dict.fromkeys(range(1, len(self.hours) + 1), _LINES_OF_AN_HOUR)
        )
        for block in (block for day in self.days for block in day.blocks):
            high = ceil(sum(map(_lines, block.lectures)) / block.rows)
            for row in range(block.first, block.first + block.rows):
                lines[row] = max(lines[row], high)
        return lines.total() > _LINES_ON_PAPER


@dataclass(frozen=True, slots=True)
class TeachingWeek:
    """Where the week lies in its period."""

    calendar: str
    period: str
    number: int
    is_odd: bool
    is_midterm: bool


def routes() -> list[web.RouteDef]:
    return [web.get("/week", show_week)]


async def show_week(request: web.Request) -> web.Response:
    signed_in(request)
    viewer, asked = require(request, Action.SEE_SCHEDULE), query(request, Asked)
    zone = zone_of(request)
    now = request.app[CLOCK].now()
    today = now.astimezone(zone).date()
    first = monday(near(asked.on or today))
    last = first + 6 * _DAY
    which = Filter(since=_at(first, zone), until=_at(first + _WEEK, zone))
    async with request.app[DATABASE].connect() as connection:
        choice = await choose(connection, asked, viewer, first, last)
        which = choice.narrow(which, viewer)
        found = await list_cards(connection, which, limit=_MOST + 1)
        lectures = [one for one in found if choice.has(one.course, one.groups)]
        rhythm = await choice.rhythm(connection, first, last, {one.course for one in lectures})
        free = await holidays_between(connection, first, last, calendar=rhythm.calendar)
        stretches = [
            one for period in rhythm.periods for one in await stretches_of(connection, period)
        ]
    teaching = teaching_week(rhythm.periods, first)
    house = house_zone(zone, _at(first, zone))
    shows_lecturer = choice.whose != "mine" or not choice.teaches
    return render(
        request,
        "week.html",
        week=lay_out(lectures[:_MOST], first, zone, free=free, today=today),
        teaching=teaching,
        others=other_weeks(rhythm.others, first, teaching),
        stretches=[one for one in stretches if one.touches(first, last)],
        named=partial(in_language, locale=locale_of(request)),
        choice=choice,
        movable=_movable(viewer, lectures, now),
        house=house,
        shows_lecturer=shows_lecturer,
        drawn=DrawnFor(_DRAWN, (locale_of(request), zone.key, house and house.key, shows_lecturer)),
        previous=first - _WEEK,
        following=first + _WEEK,
        first=first,
        most=_MOST if len(found) > _MOST else None,
        kinds=list(Kind),
        is_this_week=first == monday(today),
    )


def lay_out(
    lectures: Iterable[Card],
    first: date,
    zone: ZoneInfo,
    *,
    free: Mapping[date, str] | None = None,
    today: date | None = None,
) -> Week:
    """The seven days from Monday `first`, each lecture on the day of its beginning."""
    days = [first + n * _DAY for n in range(7)]
    of_day: dict[date, list[Card]] = {day: [] for day in days}
    for lecture in sorted(lectures, key=lambda one: one.starts_at):
        day = lecture.starts_at.astimezone(zone).date()
        if day in of_day:
            of_day[day].append(lecture)
    spans = [_span(lecture, zone) for shown in of_day.values() for lecture in shown]
    hours = range(
        min([_USUAL_HOURS.start, *(span.start for span in spans)]),
        max([_USUAL_HOURS.stop, *(span.stop for span in spans)]),
    )
    columns = [
        Day(
            noon=_at(day, zone, time(12)),
            is_today=day == today,
            holiday=(free or {}).get(day),
            blocks=_blocks(of_day[day], hours.start, zone),
        )
        for day in days
    ]
    return Week(columns, hours)


def teaching_week(periods: Iterable[Period], first: date) -> TeachingWeek | None:
    """Of the week that begins on Monday `first`: in the last of the periods that it touches."""
    touched = [one for one in periods if one.starts_on <= first + 6 * _DAY and first <= one.ends_on]
    if not touched:
        return None
    period = touched[-1]
    number = week_of(period, max(first, period.starts_on))
    assert number is not None  # it touches the period
    is_midterm = number == period.midterm_week
    return TeachingWeek(period.calendar, period.name, number, is_odd(number), is_midterm)


def other_weeks(
    periods: Iterable[Period], first: date, own: TeachingWeek | None
) -> list[TeachingWeek]:
    """Those of the other calendars that count the week otherwise, by calendar."""
    of_calendar: dict[str, list[Period]] = {}
    for one in sorted(periods, key=lambda one: one.calendar):
        of_calendar.setdefault(one.calendar, []).append(one)
    found = (teaching_week(some, first) for some in of_calendar.values())
    return [one for one in found if one is not None and not _is_same(one, own)]


def _lines(lecture: Card) -> int:
    """How high it is on paper: title, kind with auditorium, times and person; one for the space around it."""
    place = len(lecture.auditorium or "") + len("Laboratory · ")
    return ceil(len(lecture.title) / _LETTERS) + ceil(place / _LETTERS) + 3


def _is_same(one: TeachingWeek, own: TeachingWeek | None) -> bool:
    return own is not None and (one.number, one.is_midterm) == (own.number, own.is_midterm)


def _span(lecture: Card, zone: ZoneInfo) -> range:
    """The hours that it touches, on the day of its beginning."""
    starts, ends = lecture.starts_at.astimezone(zone), lecture.ends_at.astimezone(zone)
    last = 24 if ends.date() > starts.date() else ends.hour + (ends.minute > 0)
    return range(starts.hour, max(last, starts.hour + 1))


def _blocks(lectures: Sequence[Card], earliest: int, zone: ZoneInfo) -> list[Block]:
    blocks: list[Block] = []
    for lecture in lectures:
        span = _span(lecture, zone)
        first = span.start - earliest + 1
        last = blocks[-1] if blocks else None
        if last is not None and first < last.first + last.rows:
            last.rows = max(last.rows, first + len(span) - last.first)
            last.lectures.append(lecture)
        else:
            blocks.append(Block(first, len(span), [lecture]))
    return blocks


def house_zone(zone: ZoneInfo, at: datetime) -> ZoneInfo | None:
    """The university's, if its clocks show something else than those of `zone` at that time."""
    house = ZoneInfo(HOUSE_ZONE)
    return None if at.astimezone(house).utcoffset() == at.astimezone(zone).utcoffset() else house


def _movable(viewer: Viewer, lectures: Iterable[Card], now: datetime) -> set[UUID]:
    """As far as a list tells: whose faculty a course is of is asked when one is moved."""
    known: dict[tuple[UUID, bool], bool] = {}

    def may_move(one: Card) -> bool:
        key = one.lecturer, one.course is None
        if key not in known:
            of_course = NOBODY.subject(lecturer=one.lecturer)
            subject = Subject(lecturer=one.lecturer) if one.course is None else of_course
            known[key] = allows(viewer, Action.CHANGE_LECTURE, subject)
        return known[key]

    ahead = (one for one in lectures if one.state is LectureState.PLANNED and one.starts_at > now)
    return {one.id for one in ahead if may_move(one)}


def _at(day: date, zone: ZoneInfo, hour: time = time(0)) -> datetime:
    return datetime.combine(day, hour, zone)
