"""Whose classes a page of the timetable shows: one's own, all, or those of a person, a group, an
auditorium or a channel."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.people import people_by_ids
from identity.rights import Role, Viewer
from kernel.errors import Invalid
from schedule.channels import Channel, list_channels
from schedule.courses import Group, list_groups
from schedule.enrolments import Enrolment, enrolments_of
from schedule.lectures import Filter
from schedule.marks import Taught, taught_between
from schedule.rhythm import Rhythm, rhythm_of

_DAY = timedelta(days=1)


class Asked(msgspec.Struct, frozen=True):
    """The query string: any day of the time that is shown, and whose classes."""

    on: date | None = None
    whose: Literal["mine", "all"] | None = None
    person: UUID | None = None  # instead: those that a person teaches
    group: UUID | None = None  # or those of a group
    auditorium: str | None = None  # or in an auditorium
    channel: str | None = None  # or on a channel

    @property
    def of(self) -> dict[str, UUID | str]:
        """What was asked for by name; empty: `whose` counts."""
        names = ("person", "group", "auditorium", "channel")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True)
class Choice:
    """What there is to choose from on a page, and what was chosen."""

    asked: Asked
    whose: Literal["mine", "all"] | None
    name: str | None  # of who or what was asked for
    teaches: bool
    groups: list[Group]
    channels: list[Channel]
    taught: Taught
    own: Mapping[UUID, list[Enrolment]] = field(default_factory=dict)
    enrolled: frozenset[UUID] = frozenset()  # in which courses who is shown is enrolled

    @property
    def has_own(self) -> bool:
        return self.teaches or bool(self.own)

    @property
    def query(self) -> str:
        """For links to other times."""
        of = self.asked.of
        said = of or ({"whose": self.whose} if self.has_own and self.whose else {})
        return urlencode({name: str(value) for name, value in said.items()})

    def narrow(self, which: Filter, viewer: Viewer) -> Filter:
        asked = self.asked
        if asked.of:
            return replace(
                which,
                lecturer=asked.person,
                group=asked.group,
                auditorium=asked.auditorium,
                channel=asked.channel,
            )
        if self.whose == "all":
            return which
        if self.teaches:
            return replace(which, lecturer=viewer.person_id)
        return replace(which, courses=list(self.own))

    def has(self, course: UUID | None, groups: Collection[UUID]) -> bool:
        """Whether a class of the filter is really theirs: a learner's groups are not in it."""
        if self.whose != "mine" or self.teaches:
            return True
        return course is not None and any(one.has(groups) for one in self.own.get(course, []))

    async def rhythm(
        self, connection: AsyncConnection, first: date, last: date, shown: Collection[UUID | None]
    ) -> Rhythm:
        """What counts the weeks, by whom was asked for and the courses of the classes `shown`."""
        asked = self.asked
        faculties = {one.faculty for one in self.groups if one.id == asked.group}
        if None in shown or asked.auditorium is not None or asked.channel is not None:
            faculties.add(None)
        return await rhythm_of(
            connection,
            first,
            last,
            {one for one in shown if one is not None} | self.enrolled,
            faculties=faculties,
            of_everybody=self.whose == "all",
        )


async def choose(
    connection: AsyncConnection, asked: Asked, viewer: Viewer, first: date, last: date
) -> Choice:
    """For the days `first` to `last`."""
    assert viewer.person_id is not None  # they are signed in
    own: dict[UUID, list[Enrolment]] = {}
    for one in await enrolments_of(connection, viewer.person_id, first, last):
        own.setdefault(one.course, []).append(one)
    teaches = Role.LECTURER in viewer.roles
    enrolled = frozenset() if asked.of else frozenset(own)
    if asked.person is not None:
        theirs = await enrolments_of(connection, asked.person, first, last)
        enrolled = frozenset(one.course for one in theirs)
    since = datetime.combine(first, time(0), UTC)
    groups, channels = await list_groups(connection), await list_channels(connection)
    return Choice(
        asked=asked,
        whose=None if asked.of else asked.whose or ("mine" if own or teaches else "all"),
        name=await _name(connection, asked, groups, channels),
        teaches=teaches,
        groups=groups,
        channels=channels,
        taught=await taught_between(connection, since, since + (last - first + _DAY)),
        own=own,
        enrolled=enrolled,
    )


def near(day: date) -> date:
    """Invalid far away from our time, where calendars end."""
    if not 1900 < day.year < 2200:
        raise Invalid("This time lies outside of the calendar.")
    return day


async def _name(
    connection: AsyncConnection, asked: Asked, groups: list[Group], channels: list[Channel]
) -> str | None:
    if asked.person is not None:
        person = (await people_by_ids(connection, [asked.person])).get(asked.person)
        return person.name if person else None
    if asked.group is not None:
        return next((one.name for one in groups if one.id == asked.group), None)
    if asked.channel is not None:
        return next((one.name for one in channels if one.id == asked.channel), None)
    return asked.auditorium
