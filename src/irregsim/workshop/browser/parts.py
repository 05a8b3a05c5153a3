"""Small parts of the page: pictures, uploads, hints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import reacton.ipyvuetify as rv
import solara

from irregsim.present.fault_words import fault_line
from irregsim.workshop.browser.words import Say
from irregsim.workshop.live.dots import Dots
from irregsim.workshop.pictures.svg import Picture

_HERE = Path(__file__).parent

#: Faults of a scenario that the page shows.
MOST_FAULTS: Final = 20


@solara.component_vue(str(_HERE / "frame.vue"))
def _Frame(svg: str, frame: int, event_drawn: Callable[[int], None]) -> None:
    """The picture in the page."""


@solara.component_vue(str(_HERE / "moving.vue"))
def _Moving(svg: str, frame: int, dots: list[list[Any]], event_drawn: Callable[[int], None]) -> None:
    """The vessels in the page, with dots that move; ``dots`` are names and ways of each side."""


@solara.component_vue(str(_HERE / "head.vue"))
def MonthHead(
    month: str,
    assumed: str,
    compared: str,
    care: str,
    state: str,
    words: dict[str, Any],
    months: list[tuple[str, str]],
    address: str,
    shared: str,
    code: dict[str, str],
    order: list[int | str],
    event_coded: Callable[[str], None],
    event_sized: Callable[[list[float]], None],
    event_until: Callable[[str], None],
    event_speed: Callable[[float], None],
) -> None:
    """The month and what must always be said; one message to the page a month, whatever changes of it.

    It holds the bar of the mode for a projector too, and reports width and height of a picture there (0 and 0 outside
    it), the month to run to (empty for none) and the seconds between months.

    The query ``address`` is written into the address of the page, so that a reload brings it again. ``shared`` is the
    address at which others reach the page, without a query, empty where none do. It asks for the picture of a link by
    ``coded``, and is given it in ``code``: ``link`` and ``svg``. An ``order`` has its number and the month to
    play to, or none where only the top of the page is to be seen.
    """


@solara.component_vue(str(_HERE / "again.vue"))
def Again(event_again: Callable[[object], None]) -> None:
    """Asks every few seconds whether a place is free by now."""


@solara.component_vue(str(_HERE / "mesa_words.vue"))
def MesaWords(words: dict[str, str], hidden: list[str], step: str, names: dict[str, str]) -> None:
    """Puts words in the place of those that Mesa's controls have, and names the controls that have none."""


@solara.component_vue(str(_HERE / "upload.vue"))
def Upload(label: str, most: int, event_loaded: Callable[[list[dict[str, Any]]], None]) -> None:
    """Hands over files: ``name`` and ``text``, or ``bytes`` where it is no UTF-8; None where too large."""


@solara.component
def Drawn(picture: Picture, frame: int, on_drawn: Callable[[int], None]) -> None:
    """A picture, and its words for those who cannot see it."""
    _Frame(svg=picture.svg, frame=frame, event_drawn=on_drawn)


@solara.component
def Moving(picture: Picture, sides: Sequence[Dots], frame: int, on_drawn: Callable[[int], None]) -> None:
    """The picture of the vessels, and persons of a sample as dots in it."""
    _Moving(svg=picture.svg, frame=frame, dots=[side.message() for side in sides], event_drawn=on_drawn)


@solara.component
def Hint(lines: Sequence[str], name: str = "") -> None:
    """A sign that shows more when the pointer rests on it, or when it is reached by the keyboard."""
    content = rv.Html(
        tag="div",
        children=[rv.Html(tag="div", children=[line], style_="margin:2px 0") for line in lines],
        style_="max-width:360px;font-size:13px",
    )
    with solara.Tooltip(content):
        # Around the sign, which is hidden from those who listen.
        rv.Html(
            tag="span",
            children=[rv.Icon(children=["mdi-information-outline"], small=True)],
            style_="cursor:help",
            attributes={"tabindex": "0", "role": "img", "aria-label": name},
        )


@solara.component
def Faults(say: Say, faults: Sequence[str]) -> None:
    """What is wrong with a scenario: the first faults, and how many more there are; each takes time to show."""
    if faults:
        more = len(faults) - MOST_FAULTS
        with rv.Alert(type="error", text=True, dense=True, class_="irregsim-faults"):
            solara.Text(say("refused"))
            told = [fault_line(fault, say.lang) for fault in faults[:MOST_FAULTS]]
            for fault in (*told, *([say("more_faults", number=more)] if more > 0 else [])):
                rv.Html(tag="div", children=[fault], style_="font-size:13px;overflow-wrap:anywhere")
