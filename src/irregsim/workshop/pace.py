"""Keeps months and pictures together: no month is far ahead of the pictures, and no picture holds up the months."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

#: Seconds that a step waits for a picture to be drawn, at most; a page in the background draws none.
_PATIENCE: Final = 1.5

#: Months that may run without a picture: the page shows where it is, and one that draws nothing does not race on.
_AHEAD: Final = 6

#: Time for months after a picture, as a multiple of what the picture has cost: pictures take a third at most.
_MONTHS_FOR_PICTURES: Final = 2.0

#: Seconds without a month after which the picture of the last one is drawn, if it was left out.
_STILL: Final = 0.15


_thread = threading.local()


class Pace:
    """Decides which months get a picture, and lets a model step only where the page can follow.

    While a month runs, the page draws the one before. A month is left out while the last picture is not drawn yet, and
    for twice as long as that picture has cost, so that pictures take a third of the time at most. The last month before
    a pause always gets one. The page reports what it has drawn. A step that was asked for by the thread that hears from
    the page never waits and always gets a picture, because the news would come to the waiting thread.
    """

    def __init__(self) -> None:
        self._drawn = threading.Event()
        self._drawn.set()
        self._hears: int | None = None
        self._frame = 0
        self._key: object = None
        self._ahead = 0
        self._asked_at = self._drawn_at = self._rests_until = 0.0
        self._skipped, self._skipped_ahead = 0.0, -1
        self._later: threading.Timer | None = None

    # -- pictures ------------------------------------------------------------------------------------------------

    def shown(self, key: object) -> int:
        """A picture is handed to the page.

        Args:
            key: Names what it shows; another key is another picture.

        Returns:
            Its number, which the page reports back.
        """
        if key != self._key:
            if self._asked_at <= self._drawn_at:
                self._asked_at = time.monotonic()  # nobody asked for it by a step
            self._key = key
            self._frame += 1
            self._ahead = 0
            self._drawn.clear()
        return self._frame

    def drawn(self, frame: int) -> None:
        """The page has drawn it; called by the thread that hears from the page."""
        self._hears = threading.get_ident()
        if frame >= self._frame:
            self._drawn_at = time.monotonic()
            self._drawn.set()

    @property
    def is_heard_here(self) -> bool:
        """Whether this thread is the one that hears from the page: what it does was asked for by a click."""
        return threading.get_ident() == self._hears

    @property
    def was_seen(self) -> bool:
        """Whether the page has ever reported a picture."""
        return self._hears is not None

    def leaves_out(self, later: Callable[[], None]) -> bool:
        """Whether a month that is asked for gets no picture.

        Args:
            later: Called from another thread if it does not, once no other month has followed for a moment.
        """
        now = time.monotonic()
        if threading.get_ident() == self._hears or (self._drawn.is_set() and now >= self._rests_until):
            self._asked_at = now
            return False
        if self._ahead != self._skipped_ahead:  # a play that is held at its month asks again and again
            self._skipped, self._skipped_ahead = now, self._ahead
        if self._later is None:
            self._call(later, _STILL)
        return True

    def _call(self, later: Callable[[], None], seconds: float) -> None:
        self._later = threading.Timer(seconds, self._when_still, (later,))
        self._later.daemon = True
        self._later.start()

    def _when_still(self, later: Callable[[], None]) -> None:
        left = self._skipped + _STILL - time.monotonic()
        if left > 0:
            self._call(later, left)
            return
        self._later = None
        if self._ahead:
            later()

    # -- months --------------------------------------------------------------------------------------------------

    def begins(self) -> None:
        """A month begins, after whatever was drawn of the one before."""
        if self._ahead == 0:
            now = time.monotonic()
            drawn = self._drawn_at if self._drawn.is_set() else now
            cost = min(max(0.0, drawn - self._asked_at), _PATIENCE)
            self._rests_until = now + _MONTHS_FOR_PICTURES * cost

    def ends(self) -> None:
        """A month has run; waits for the last picture if too many have run without one."""
        self._ahead += 1
        _thread.pace = self
        if self._ahead > _AHEAD:
            self.wait()

    def wait(self) -> None:
        """Waits for the last picture, but not forever."""
        if threading.get_ident() != self._hears:
            self._drawn.wait(_PATIENCE)


def stepped_last() -> Pace | None:
    """The pace of the model that this thread has stepped last; None before it has stepped any."""
    return getattr(_thread, "pace", None)
