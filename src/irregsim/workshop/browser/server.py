"""What all viewers of a server have in common: first settings, kept beginnings, and how many there may be."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from irregsim.agents import Beginnings
from irregsim.workshop.gathering import Gathering
from irregsim.workshop.room import Room
from irregsim.workshop.settings import Settings


@dataclass
class Server:
    """What the server was started with.

    Attributes:
        settings: What a viewer sees first.
        lang: Language that a viewer sees first.
        most_viewers: Pages open at once.
        most_persons: Persons in a world at which it stops.
        shared: Address at which others reach the page, with a slash at its end; empty where only this machine does.
        gathering: The class that answers by phones; None where it was not asked for.
        phones_at: Address of the phones' page without its code, with a slash at its end; empty where there is none.
        beginnings: Worlds after their burn-in, shared since they are never changed.
    """

    settings: Settings = field(default_factory=Settings)
    lang: str = "nb"
    most_viewers: int = 6
    most_persons: int = 60_000
    shared: str = ""
    gathering: Gathering | None = None
    phones_at: str = ""
    beginnings: Beginnings = field(default_factory=Beginnings)
    _seen: dict[str, Callable[[], bool]] = field(default_factory=dict)
    _viewers: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _next: int = 0

    def enter(self) -> int | None:
        """A place for a viewer; None where all are taken."""
        with self._lock:
            if len(self._viewers) >= self.most_viewers:
                return None
            self._next += 1
            self._viewers.add(self._next)
            return self._next

    def leave(self, place: int | None) -> None:
        """Gives a place back."""
        with self._lock:
            self._viewers.discard(-1 if place is None else place)

    def follow(self, session: str, was_seen: Callable[[], bool]) -> Callable[[], None]:
        """Keeps in mind how to find out whether the page of a session was seen.

        Args:
            session: Its kernel, as Solara names it.
            was_seen: Whether its page has reported a picture.

        Returns:
            Forgets the session.
        """
        self._seen[session] = was_seen
        return lambda: self._forget(session, was_seen)

    def _forget(self, session: str, was_seen: Callable[[], bool]) -> None:
        if self._seen.get(session) is was_seen:
            del self._seen[session]

    def is_seen(self, session: str) -> bool:
        """Whether the page of a session has reported a picture; not so for one that never came to a place."""
        was_seen = self._seen.get(session)
        return was_seen is not None and was_seen()

    def gathering_of(self, room: Room) -> Gathering:
        """The class that answers by phones; without phones what a viewer has counted."""
        return room.results.hands if self.gathering is None else self.gathering

    @property
    def phones_address(self) -> str:
        """Address of the phones' page; empty where there is none."""
        return "" if self.gathering is None else self.phones_at + self.gathering.code

    @property
    def viewers(self) -> int:
        """Pages that are open."""
        return len(self._viewers)


#: The server of this process; `irregsim serve` sets it up before the first page is asked for.
SERVER = Server()
