"""Facts that the footprint itself makes."""

from uuid import UUID

import msgspec

from kernel.facts import Fact


class FootprintRead(Fact, frozen=True, kw_only=True):
    """`person` read what others did: `what` is attendance, chat or statements."""

    what: str
    of: UUID | None = None  # the one person that it was about


class StatementReceived(Fact, frozen=True, kw_only=True):
    """A statement of another system (clause 1.16, source 3), complete as it is given out."""

    statement: msgspec.Raw


FootprintFact = FootprintRead | StatementReceived
