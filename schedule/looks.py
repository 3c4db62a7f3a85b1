"""What conditioned media looks like: the profile of a channel, and its logo if it has one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """`logo` is the name of one, see `schedule.logos`."""

    profile: str
    logo: str | None = None

    def __str__(self) -> str:
        return self.profile if self.logo is None else f"{self.profile}+{self.logo}"


def look_named(text: str) -> Look:
    """Of its written form."""
    profile, _, logo = text.partition("+")
    return Look(profile, logo or None)
