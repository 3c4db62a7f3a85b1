"""One seat's connection: offers are answered, packets flow."""

from collections.abc import Mapping
from uuid import UUID

from live.messages import Source


class Peer:
    """Made by `Stage.connect`."""

    seat: UUID
    last_heard: float
    """Clock.monotonic() of the last authenticated packet; of `connect` before the first."""

    async def answer(
        self, offer: str, *, send: Mapping[str, Source], receive: Mapping[str, UUID]
    ) -> str:
        """The SDP answer. May be called again on the same connection: each call is the whole truth.

        `send` says which source an m-section (by mid) publishes, `receive` which track it wants;
        sections in neither are answered inactive, and so is a wanted track that is gone or whose
        codec the offer cannot take. Raises Invalid (malformed) or Refused (unusable).
        """
        raise NotImplementedError

    def switch(self, mid: str, track_id: UUID) -> bool:
        """Feed a receiving section from another track of the same codec, without a new offer."""
        raise NotImplementedError

    def set_muted(self, source: Source, *, muted: bool) -> None:
        """Keep a published source from being forwarded and tapped."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Close the connection and remove its tracks at once. Harmless twice."""
        raise NotImplementedError
