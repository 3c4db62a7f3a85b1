"""What conditioned media looks like: the profile of a channel, and its logo if it has one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """`logo` is the name of one, see `schedule.logos`."""

    profile: str
    logo: str | None = None

    def __str__(self) -> str:
        return self.profile if self.logo is None else f"{self.profile}+{self.logo}"


def profile_of(look: str) -> str:
    """That of a look in its written form."""
    return look.partition("+")[0]


def logo_of(look: str) -> str | None:
    """The name of its logo, of a look in its written form."""
    return look.partition("+")[2] or None
