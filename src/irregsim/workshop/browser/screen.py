"""The month on the page: with the whole page compared, or put into it by itself, in one message."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final, TypeVar

import solara
from mesa.visualization import solara_viz
from mesa.visualization.utils import force_update

from irregsim.present.words import upper
from irregsim.study.summaries import LAST_OBSERVED_YEAR
from irregsim.vocabulary.codes import month_text, year_of
from irregsim.workshop.browser.parts import Frame
from irregsim.workshop.browser.words import Say
from irregsim.workshop.pace import Pace, stepped_last
from irregsim.workshop.pictures.svg import Picture
from irregsim.workshop.pictures.words import PictureWords
from irregsim.workshop.room import Room

T = TypeVar("T")

#: A picture of nothing, for views without one: the page reports that it has drawn it.
NOTHING: Final = Picture("<svg width='0' height='0'></svg>", "")

#: What of a room decides the parts of the page that are no picture, by part.
_Parts = dict[str, object]


class Screen:
    """What a viewer's page shows, and how the next month comes there.

    Solara compares the whole page, controls included, whenever anything on it changes: that takes longer than to draw
    the picture. A month that changes nothing but the picture and the words above it therefore goes to the widget that
    shows them, past Solara. The widget is given a whole month each time, with a number that only rises, so Solara's
    next comparison finds nothing that it could take for shown already.

    Args:
        room: What the viewer sees.
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self._lock = threading.Lock()
        self._parts: _Parts = {}
        self._widget: Any = None
        self._make: Callable[[], dict[str, Any]] | None = None
        room.pace.put = self.put

    def says(self, part: str, what: T) -> T:
        """A part of the page is about to say something of the room, which `parts_now` reads again; it is returned."""
        self._parts[part] = what
        return what

    def shows(self, widget: Any, make: Callable[[], dict[str, Any]] | None) -> None:
        """The page holds another picture.

        Args:
            widget: Shows it.
            make: Makes what the widget shows, of the month that is the latest by then; None where more than the
                picture changes with a month.
        """
        with self._lock:
            self._widget, self._make = widget, make
        if make is not None and widget.shown["frame"] < self._room.pace.frame:
            self.put()  # a month has come while the page was being made

    def leaves(self, widget: Any) -> None:
        """The page no longer holds a picture."""
        with self._lock:
            if self._widget is widget:
                self._widget = self._make = None

    def put(self) -> bool:
        """Puts the latest month on the page, if nothing but its picture changes.

        Returns:
            Whether it is there; if not, the page must be compared.
        """
        with self._lock:
            if self._make is None or self._parts != parts_now(self._room):
                return False
            self._widget.shown = self._make()
            return True


def parts_now(room: Room) -> _Parts:
    """What the parts of the page that are no picture would say of a room."""
    begun = room.model is not None and room.model.steps > 0
    return {"levers": room.in_force(), "notice": (room.problem, room.faults), "more": begun}


def show_month() -> None:
    """Stands in for Mesa's call after a step: leaves out the months that the page has no time for."""
    pace = stepped_last()
    if pace is None:
        force_update()
    elif not pace.leaves_out(lambda: _show(pace)):
        _show(pace)


def _show(pace: Pace) -> None:
    if pace.put is None or not pace.put():
        force_update()


solara_viz.force_update = show_month


def month_words(room: Room, say: Say) -> dict[str, Any]:
    """The latest month, what is compared, and what must always be said; for `MonthHead`."""
    model = room.model
    assert model is not None, "shown once there is a model"
    month = model.world.month
    reference, scenario = room.running.titles(say.lang)
    told = say("compared", scenario=scenario, reference=reference) if model.parts_at is not None else reference
    return {
        "name": upper(PictureWords(say.lang).month(month)),
        "assumed": say("assumed") if year_of(month) > LAST_OBSERVED_YEAR else "",
        "compared": told,
        "care": say("care"),
        "state": f"month={month_text(month)} steps={model.steps} parted={str(model.has_parted).lower()}",
        "steps": model.steps,
        "number": room.pace.frame,
    }


@solara.component
def Drawn(
    room: Room,
    say: Say,
    screen: Screen,
    draw: Callable[[], Picture],
    frame: int,
    key: Callable[[], object] | None = None,
) -> None:
    """A picture, with its words for those who cannot see it.

    Args:
        room: What it shows.
        say: Words of the page.
        screen: Where later months are put.
        draw: Draws it, of the latest month.
        frame: Its number: a component is drawn again only when what it is given has changed.
        key: Names what the page shows of the latest month, as for `Pace.shown`; None where more than the picture
            changes with a month.
    """

    def make() -> dict[str, Any]:
        if key is not None:
            room.pace.shown(key())
        words = month_words(room, say)
        return {"svg": draw().svg, "frame": words["number"], "month": words}

    element = Frame(shown=make(), event_drawn=room.pace.drawn)

    def follow() -> Callable[[], None]:
        widget = solara.get_widget(element)
        screen.shows(widget, None if key is None else make)
        return lambda: screen.leaves(widget)

    solara.use_effect(follow, None)
