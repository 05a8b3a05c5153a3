"""Small parts of the page: pictures, uploads, hints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import reacton.ipyvuetify as rv
import solara

from irregsim.workshop.browser.words import Say

_HERE = Path(__file__).parent


@solara.component_vue(str(_HERE / "frame.vue"))
def Frame(shown: dict[str, Any], event_drawn: Callable[[int], None]) -> None:
    """A month with its picture, in one message: ``svg``, its number ``frame``, and ``month`` as for `MonthHead`."""


@solara.component_vue(str(_HERE / "head.vue"))
def MonthHead(month: dict[str, Any]) -> None:
    """The month and what must always be said, with the number of its picture; later ones come with their picture."""


@solara.component_vue(str(_HERE / "mesa_words.vue"))
def MesaWords(words: dict[str, str], hidden: list[str], step: str) -> None:
    """Puts words in the place of those that Mesa's controls have."""


@solara.component_vue(str(_HERE / "upload.vue"))
def Upload(label: str, most: int, event_loaded: Callable[[list[dict[str, Any]]], None]) -> None:
    """A button that hands over files as text: ``name`` and ``text`` each, None where a file is too large."""


@solara.component
def Hint(lines: Sequence[str], name: str = "") -> None:
    """A sign that shows more when the pointer rests on it, or when it is reached by the keyboard."""
    content = rv.Html(
        tag="div",
        children=[rv.Html(tag="div", children=[line], style_="margin:2px 0") for line in lines],
        style_="max-width:360px;font-size:13px",
    )
    with solara.Tooltip(content):
        rv.Icon(
            children=["mdi-information-outline"],
            small=True,
            style_="cursor:help",
            attributes={"tabindex": "0", "aria-label": name},
        )


@solara.component
def Faults(say: Say, faults: Sequence[str]) -> None:
    """What is wrong with a scenario, all of it."""
    if faults:
        with rv.Alert(type="error", text=True, dense=True, class_="irregsim-faults"):
            solara.Text(say("refused"))
            for fault in faults:
                rv.Html(tag="div", children=[fault], style_="font-size:13px;overflow-wrap:anywhere")
