"""The ICE half of one connection: our credentials, the addresses that proved them, the chosen one.

Whoever offers is the controlling side: it nominates, and may do so again at any time (roaming), or
begins anew with other credentials (an ICE restart, RFC 8445 §9). Both leave DTLS and SRTP alone.
Media goes where the first check with new credentials came from, until one is nominated: whoever
restarts has lost the old path, and browsers take seconds to give it up.
"""

from typing import Final, Protocol

from live.ice import Credentials
from live.port import MediaPort, Route

_MOST_ADDRESSES: Final = 8


class Traveller(Route, Protocol):
    """The connection that the path belongs to."""

    def proved(self) -> None:
        """The other side is there: a check with right integrity came."""

    def moved(self, name: bytes) -> None:
        """The other side is to be found at this raw address from now on."""


class IcePath:
    """Event loop only."""

    def __init__(self, port: MediaPort, owner: Traveller) -> None:
        self.remote: bytes | None = None
        """Where to send; None until the first check."""
        self._port = port
        self._owner = owner
        self._sessions = [port.ice.open(self)]
        self._names: list[bytes] = []  # those heard of last stand last
        self._their_ufrag = ""

    @property
    def credentials(self) -> Credentials:
        """Our newest ones, which stand in the answer."""
        return self._sessions[-1]

    def offered(self, ufrag: str) -> bool:
        """The other side's credentials; True when they are new, and ours are too from now on.

        Those in use stay valid until the first check with the new ones. Of several restarts in a
        row, in which nothing came through, only the last counts.
        """
        is_restart = self._their_ufrag not in {"", ufrag}
        if is_restart:
            self._close(self._sessions[1:])
            self._sessions.append(self._port.ice.open(self))
        self._their_ufrag = ufrag
        return is_restart

    def checked(self, credentials: Credentials, name: bytes, *, nominates: bool) -> None:
        """A connectivity check with that password of ours came from this raw address."""
        is_restarted = credentials is self._sessions[-1] and len(self._sessions) > 1
        if is_restarted:
            self._close(self._sessions[:-1])
        self._owner.proved()
        if not self._remember(name):
            return
        if name != self.remote and (nominates or is_restarted or self.remote is None):
            self.remote = name
            self._owner.moved(name)

    def _remember(self, name: bytes) -> bool:
        """False for an address that is somebody else's."""
        names = self._names
        if names and names[-1] == name:
            return True
        if name in names:
            names.remove(name)
        elif not self._port.bind(name, self._owner):
            return False
        names.append(name)
        if len(names) > _MOST_ADDRESSES:
            oldest = names.pop(1 if names[0] == self.remote else 0)
            self._port.unbind([oldest], self._owner)
        return True

    def _close(self, sessions: list[Credentials]) -> None:
        for credentials in sessions:
            self._port.ice.close(credentials)
            self._sessions.remove(credentials)

    def close(self) -> None:
        """Answer nobody any more."""
        for credentials in self._sessions:
            self._port.ice.close(credentials)
        self._port.unbind(self._names, self._owner)
