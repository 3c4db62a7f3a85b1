"""The circle of a course: its people on one day, as far as rights ask for them. Pure."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from identity.rights import Subject


@dataclass(frozen=True, slots=True)
class Circle:
    """The people of a course on a day, as far as rights ask for them."""

    roll: frozenset[UUID] = frozenset()
    lecturers: frozenset[UUID] = frozenset()
    helpers: frozenset[UUID] = frozenset()
    coordinators: frozenset[UUID] = frozenset()

    def subject(
        self,
        *,
        lecture: UUID | None = None,
        lecturer: UUID | None = None,
        person: UUID | None = None,
    ) -> Subject:
        """What the table of rights needs to know; `person` asks about the course itself, and
        owns it when they teach it."""
        owner = person if person in self.lecturers else lecturer
        return Subject(
            lecture=lecture,
            lecturer=owner,
            helpers=self.helpers,
            coordinators=self.coordinators,
            roll=self.roll,
        )


NOBODY: Final = Circle()
