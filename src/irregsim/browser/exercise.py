"""The exercises of the workshop on the page."""

from __future__ import annotations

from collections.abc import Callable

import solara

from irregsim.browser.words import Say
from irregsim.workshop.room import Room


@solara.component
def Exercises(room: Room, say: Say, frame: int, on_settings: Callable[[], None], on_tab: Callable[[int], None]) -> None:
    """Stub."""
    solara.Text("…")
