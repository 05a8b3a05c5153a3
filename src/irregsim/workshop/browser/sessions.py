"""Solara's sessions: how many are kept, and those that broke off before their page was seen are freed.

Solara keeps a session for minutes after its connection has ended, so that a page comes back after a bad moment of the
network as it was. A page that has not drawn a picture yet has nothing to come back to.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Final

_log = logging.getLogger("irregsim.workshop")

#: Seconds that a page has to come back before it was ever seen.
GRACE: Final = 3.0


class KernelSessions:
    """Sessions of Solara in this process.

    Args:
        most: Sessions kept at once, open or not, at least 1.
        is_seen: Whether the page of a session, by its kernel, has reported a picture.
        grace: Seconds that a page which was not seen yet has to come back.
    """

    def __init__(self, most: int, is_seen: Callable[[str], bool], grace: float = GRACE) -> None:
        self._most = most
        self._is_seen = is_seen
        self._grace = grace
        self._left: SimpleQueue[tuple[float, str]] = SimpleQueue()
        # One thread for all: to close a session waits for its lock, which the thread of the requests must not.
        threading.Thread(target=self._sweep, name="irregsim-sessions", daemon=True).start()

    def has_room_for(self, kernel: str) -> bool:
        """Whether a session may come: a new one, or one that comes back."""
        kept = _contexts()
        return kernel in kept or len(kept) < self._most

    def gone(self, kernel: str) -> None:
        """A connection of a session has ended; returns at once."""
        self._left.put((time.monotonic() + self._grace, kernel))

    def _sweep(self) -> None:
        while True:
            due, kernel = self._left.get()
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                self._free(kernel)
            except Exception as error:
                _log.warning("a session that broke off was not freed (%s: %s)", type(error).__name__, error)

    def _free(self, kernel: str) -> None:
        from solara.server.kernel_context import PageStatus

        context = _contexts().get(kernel)
        if context is None or self._is_seen(kernel):
            return
        if PageStatus.CONNECTED not in context.page_status.values():
            context.close(reason="page-close")


def _contexts() -> dict[str, Any]:
    """Solara's sessions by their kernel."""
    from solara.server import kernel_context

    contexts: dict[str, Any] = kernel_context.contexts
    return contexts
