"""Facts that the footprint itself makes."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from footprint.policy import Policy
from kernel.facts import Fact


class FootprintRead(Fact, frozen=True, kw_only=True):
    """`person` read what others did: `what` is attendance, profile, statements, documents, traces,
    categories, hours, corrections, prewatch or viewings."""

    what: str
    of: UUID | None = None  # the one person that it was about


class StatementReceived(Fact, frozen=True, kw_only=True):
    """A statement of another system (clause 1.16, source 3), complete but for what the log knows of
    when it was stored; so `timestamp` is there only if the sender told it. One that tells
    of a person of ours at a lecture of ours has a lecture and a `seat` (see `dialects`)."""

    statement: msgspec.Raw
    seat: UUID | None = None


class AttendanceMarked(Fact, frozen=True, kw_only=True):
    """`by` judged the attendance of `person`: it stands against what was counted, until the next
    mark. `minutes`, where given, stand for the counted ones."""

    by: UUID
    status: str
    reason: str
    minutes: float | None = None


class PersonErased(Fact, frozen=True, kw_only=True):
    """Somebody was erased; that it does not say who is the point. Tombstones name this fact."""

    by: UUID | None  # the administrator; nobody on the command line
    ground: str
    facts: int
    mentions: int


class FactsExpired(Fact, frozen=True, kw_only=True):
    """Facts were over their time and are gone: how many, by kind. Tombstones name this fact."""

    kinds: dict[str, int]


class PolicyAdopted(Fact, frozen=True, kw_only=True):
    """`by` adopted rules of counting for lectures that begin at `begins_at` or later."""

    by: UUID
    begins_at: datetime
    policy: Policy


class CategoryAssigned(Fact, frozen=True, kw_only=True):
    """`by` says that the person is of a category of learners on these days, both included."""

    by: UUID
    category: str
    begins_on: date
    ends_on: date | None = None

    def is_on(self, day: date) -> bool:
        return self.begins_on <= day and (self.ends_on is None or day <= self.ends_on)


class PurposeSwitched(Fact, frozen=True, kw_only=True):
    """`by` said that from `since` on facts of a purpose are written, or no longer."""

    by: UUID
    purpose: str
    is_on: bool
    since: datetime
    reason: str


class CorrectionAsked(Fact, frozen=True, kw_only=True):
    """`person` says that what is counted of them at the lecture is wrong, and why."""

    words: str


class CorrectionAnswered(Fact, frozen=True, kw_only=True):
    """`by` answered what `person` asked: with a mark, or with a reason against it."""

    by: UUID
    request: UUID  # the fact that asked
    is_granted: bool
    reason: str


class InRoomFact(Fact, frozen=True, kw_only=True):
    """A fact of one stay in the auditorium; `seat` is the stay's."""

    seat: UUID


class ArrivalScanned(InRoomFact, frozen=True, kw_only=True):
    """`person` scanned the code on the wall. A stay begins; that they are there is not proven."""


class PresenceConfirmed(InRoomFact, frozen=True, kw_only=True):
    """`by` saw `person` in the auditorium: the newest proof of the stay."""

    by: UUID


FootprintFact = (
    ArrivalScanned
    | PresenceConfirmed
    | FootprintRead
    | StatementReceived
    | AttendanceMarked
    | PersonErased
    | FactsExpired
    | PolicyAdopted
    | CategoryAssigned
    | PurposeSwitched
    | CorrectionAsked
    | CorrectionAnswered
)
