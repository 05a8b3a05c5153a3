"""What a teacher needs beside the pictures: the content note, the five ways, what to notice and what to try."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import reacton.ipyvuetify as rv
import solara
from mesa.visualization.utils import update_counter

from irregsim import __version__
from irregsim.vocabulary.codes import Strategy
from irregsim.vocabulary.labels import label, labels
from irregsim.vocabulary.numbers import month_words, plain
from irregsim.workshop.browser.words import Say
from irregsim.workshop.exercises import material
from irregsim.workshop.ledger import Ledger
from irregsim.workshop.room import Room, RoomModel


@solara.component
def Beside(say: Say, view: str) -> None:
    """Texts below a picture that open and close: what to notice and try there, and what to say before a class.

    Args:
        say: Words.
        view: Name of the tab.
    """
    with rv.Html(tag="div", class_="irregsim-guide"):
        if f"page.notice_{view}" in labels():
            _folded(say("guide"), [_pair(say("notice"), say(f"notice_{view}")), _pair(say("try"), say(f"try_{view}"))])
        note = [rv.Html(tag="p", children=[line(say.lang)]) for line in material().note.before]
        ways = [
            _pair(label(f"strategy.{s.code}", say.lang), label(f"strategy_note.{s.code}", say.lang)) for s in Strategy
        ]
        _folded(say("before_class"), [*note, *ways])


def _folded(head: str, children: list[Any]) -> None:
    rv.Html(tag="details", children=[rv.Html(tag="summary", children=[head]), *children])


def _pair(head: str, text: str) -> Any:
    return rv.Html(tag="p", children=[rv.Html(tag="strong", children=[f"{head}: "]), text])


def slide_note(room: Room, say: Say) -> str:
    """Where a picture comes from, for those who meet it on a slide: seed, replicate, size and version."""
    running = room.running
    size = plain(f"{100 * running.scale:g}", say.lang)
    return say("slide_note", seed=running.seed, replicate=running.replicate, size=size, version=__version__)


@solara.component
def LedgerCard(room: Room, model: RoomModel, ledger: Ledger, say: Say, use: Callable[..., None]) -> None:
    """The policies that were tried, looked at after every step; each can be set up again and saved."""
    update_counter.get()
    if room.model is model:
        ledger.note(room.running, model.parts_at, model.world.month)
    _Entries(ledger, say, use, tuple((one.number, one.until) for one in ledger.tried))


@solara.component
def _Entries(ledger: Ledger, say: Say, use: Callable[..., None], shown: object) -> None:
    if not ledger.tried:
        return
    with solara.Card(say("ledger")):
        for one in ledger.tried:
            title = one.title(say.lang)
            with rv.Html(tag="div", class_="irregsim-tried"):
                rv.Html(tag="div", children=[f"{one.number}. {title} ({month_words(one.until, say.lang)})"])
                _Tried(one, title, say, use)
        with solara.FileDownload(ledger.archive, "policies.zip", mime_type="application/zip"):
            solara.Button(say("save_all"), small=True, outlined=True, classes=["irregsim-save-all"])


@solara.component
def _Tried(one: Any, title: str, say: Say, use: Callable[..., None]) -> None:
    told = {"aria-label": f"{say('use_again')}: {title}"}
    solara.Button(
        say("use_again"), small=True, text=True, on_click=lambda: use(lambda _: one.settings), attributes=told
    )
    for name, text in one.files().items():
        with solara.FileDownload(text, name, mime_type="text/yaml"):
            solara.Button(name, small=True, text=True, attributes={"aria-label": f"{say('save')}: {name}"})
