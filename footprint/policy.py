"""The rules of counting attendance, as values: a policy, and what it makes of minutes."""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, Literal

import msgspec

Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]
Minutes = Annotated[float, msgspec.Meta(ge=0, le=24 * 60)]
Version = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,39}$")]
Category = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,39}$")]

_NO_TIME: Final = timedelta(0)
_A_DAY: Final = timedelta(days=1)


class Channel(StrEnum):
    """How somebody was there."""

    WEBRTC = "webrtc"
    HLS = "hls"
    RECORDING = "recording"
    TV = "tv"
    IN_ROOM = "in-room"  # in the auditorium, scanned and confirmed
    ELSEWHERE = "elsewhere"  # in another system's room, by its statements


class Status(StrEnum):
    """What the policy makes of the minutes."""

    PRESENT = "present"
    LATE = "late"
    WATCHED = "watched"  # missed, and made up for by the recording in time
    ABSENT = "absent"
    EXCUSED = "excused"  # marked, or by the rule of a category


ATTENDED: Final = frozenset({Status.PRESENT, Status.LATE, Status.WATCHED})


class Asynchronous(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who missed a lecture makes up for it by its recording."""

    percent: Percent  # of the recording, played at least once
    days: Annotated[float, msgspec.Meta(gt=0, le=366)]  # after the lecture's end


class Override(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is different for a category of learners; what is None is as for all."""

    present_percent: Percent | None = None
    present_minutes: Minutes | None = None
    late_after: timedelta | None = None
    asynchronous: Asynchronous | None = None
    is_excused: bool = False


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rules of counting. Results name the version, so that a later change explains itself."""

    version: Version = "daris-1"
    window: Literal["taught", "planned"] = "taught"  # what a percentage is of
    early_opening: timedelta = _NO_TIME  # time before the start that counts too
    late_after: timedelta = timedelta(minutes=10)
    present_percent: Percent = 75.0
    present_minutes: Minutes | None = None  # so many are enough, too, whatever the share
    asynchronous: Asynchronous | None = None
    reconnect_grace: timedelta = timedelta(seconds=30)  # merges what is shown, never what counts
    channels: frozenset[Channel] = frozenset(Channel)
    overrides: dict[Category, Override] = {}

    def __post_init__(self) -> None:
        spans = (self.early_opening, self.late_after, self.reconnect_grace)
        if not all(_NO_TIME <= span <= _A_DAY for span in spans):
            raise ValueError("a time of the policy goes from nothing to a day")

    def of(self, categories: Collection[str]) -> "Policy":
        """The policy as it is for somebody: of several overrides the kindest value counts."""
        apply = [rule for name, rule in self.overrides.items() if name in categories]
        percents = [r.present_percent for r in apply if r.present_percent is not None]
        minutes = [r.present_minutes for r in apply if r.present_minutes is not None]
        grace = [r.late_after for r in apply if r.late_after is not None]
        replays = [r.asynchronous for r in apply if r.asynchronous is not None]
        return msgspec.structs.replace(
            self,
            present_percent=min(percents, default=self.present_percent),
            present_minutes=min(minutes, default=self.present_minutes),
            late_after=max(grace, default=self.late_after),
            asynchronous=min(replays, key=_kindness, default=self.asynchronous),
        )

    @property
    def looks_at_recordings(self) -> bool:
        rules = (self.asynchronous, *(rule.asynchronous for rule in self.overrides.values()))
        return any(rule is not None for rule in rules)

    def excuses(self, categories: Collection[str]) -> bool:
        return any(self.overrides[name].is_excused for name in categories if name in self.overrides)

    def status(
        self, present: timedelta, percent: float, first_in: datetime | None, starts_at: datetime
    ) -> Status:
        """What presence alone makes; `percent` is of the window."""
        is_enough = percent >= self.present_percent or (
            self.present_minutes is not None and present >= timedelta(minutes=self.present_minutes)
        )
        if first_in is None or not is_enough:
            return Status.ABSENT
        return Status.LATE if first_in > starts_at + self.late_after else Status.PRESENT


DEFAULT_POLICY: Final = Policy()


def _kindness(rule: Asynchronous) -> tuple[float, float]:
    return rule.percent, -rule.days
