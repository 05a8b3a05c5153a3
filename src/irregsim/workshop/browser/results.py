"""The table of results of an exercise, which shows one outcome at a time and stays while variants change."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import reacton.ipyvuetify as rv
import solara

from irregsim.scenario.levers import find
from irregsim.scenario.levers import words as lever_words
from irregsim.vocabulary.numbers import drawn, month_words, with_percent
from irregsim.workshop.browser.server import SERVER
from irregsim.workshop.browser.words import Say
from irregsim.workshop.exercises import Exercise, Given, Predicted
from irregsim.workshop.handouts import predicted_words
from irregsim.workshop.pictures.words import outcome_name
from irregsim.workshop.results import Tried
from irregsim.workshop.room import Room
from irregsim.workshop.stored_runs import about, filled, stored


def said(change: float, lang: str) -> str:
    """A change in percent, in the one form that it has everywhere; a dash where missing."""
    return with_percent(drawn(change, lang, signed=True)) if change == change else "–"


@solara.component
def Reveal(
    room: Room,
    exercise: Exercise,
    say: Say,
    answers: Mapping[str, Given],
    frame: int,
    seen: int,
    changed: Callable[[], None],
) -> None:
    """What was predicted, what came in the runs on this page, and what the stored runs show.

    Args:
        room: The room.
        exercise: The exercise.
        say: Words.
        answers: Predictions by name of what was predicted.
        frame: As in `View`.
        seen: How many results are shown.
        changed: Called when more or fewer are.
    """
    lang = say.lang
    left = len(exercise.predict) - len(answers)
    everything = seen >= len(exercise.predict)

    def show() -> None:
        room.revealed[exercise.id] = seen + 1
        changed()

    def clear() -> None:
        room.results.clear(exercise.id)
        SERVER.gathering_of(room).forget(exercise.id)
        room.revealed.pop(exercise.id, None)
        answers_of = room.answers.get(exercise.id)
        if answers_of is not None:
            answers_of.clear()
        changed()

    heads = [say("outcome"), say("predicted"), say("this_run"), say("stored_runs", n=about()["replicates"])]
    # The variant stands in the name of the outcome where there are several.
    rows = exercise.compared if everything else exercise.predict
    with rv.Html(tag="div", class_="irregsim-wide"), rv.Html(tag="table", class_="irregsim-table irregsim-reveal"):
        rv.Html(tag="tr", children=[rv.Html(tag="th", children=[head]) for head in heads])
        for number, one in enumerate(rows):
            shown = everything or number < seen
            cells = _cells(room, exercise, one, answers.get(one.name), say, shown=shown)
            rv.Html(tag="tr", children=[rv.Html(tag="td", children=[cell]) for cell in cells])
        for tried in room.results.own.get(exercise.id, ()) if everything else ():
            _Own(tried, say)
    with rv.Html(tag="div", class_="irregsim-presses"):
        if not everything:
            words = say("reveal_first", number=left)
            if left <= 0:
                words = say("reveal_next", outcome=predicted_words(exercise, exercise.predict[seen], lang))
            solara.Button(words, color="primary", disabled=left > 0, on_click=show, classes=["irregsim-next"])
        if seen or answers or room.results.own.get(exercise.id) or room.results.has_any(exercise.id):
            solara.Button(say("clear"), small=True, outlined=True, on_click=clear, classes=["irregsim-clear"])
    if not everything:
        return
    month = month_words(exercise.last, lang)
    rv.Html(tag="p", class_="irregsim-note", children=[say("stored_note", month=month)])
    for text in exercise.reveal:
        rv.Html(tag="p", children=[filled(text, exercise, lang)])
    with rv.Alert(type="info", text=True, dense=True):
        solara.Text(f"{say('hinges')} {filled(exercise.hinges, exercise, lang)}")
    rv.Html(tag="h3", children=[say("exercise_discuss")])
    with rv.Html(tag="ul"):
        for question in exercise.discussion:
            rv.Html(tag="li", children=[filled(question, exercise, lang)])


def _cells(
    room: Room, exercise: Exercise, one: Predicted, given: Given | None, say: Say, *, shown: bool
) -> tuple[str, str, str, str]:
    name = predicted_words(exercise, one, say.lang)
    predicted = "–" if given is None else given_words(given, say)
    if not shown:
        return name, predicted, "…", "…"
    effect = stored(exercise.id, one.variant).effects[one.key]
    came = room.results.came.get((exercise.id, one.name))
    here = said(came, say.lang) if came is not None else say("not_run", month=month_words(exercise.last, say.lang))
    return name, predicted, here, f"{effect.text(say.lang)}: {say(f'answer_{effect.direction}')}"


def given_words(given: Given, say: Say) -> str:
    """A prediction in words, such as ``up, about +20 %``."""
    answer = say(f"answer_{given.answer}")
    return f"{answer}, {say('much', change=said(given.change, say.lang))}" if given.much else answer


@solara.component
def _Own(tried: Tried, say: Say) -> None:
    """A row for each outcome of a run with own changes; nothing is stored of such runs."""
    title = own_title(tried, say)
    for key, change in tried.values.items():
        name, _, _ = key.partition("@")
        cells = [f"{title}: {outcome_name(name, say.lang)}", "–", said(change, say.lang), say("one_run_only")]
        rv.Html(tag="tr", children=[rv.Html(tag="td", children=[cell]) for cell in cells], class_="irregsim-own")


def own_title(tried: Tried, say: Say) -> str:
    """Title of a run with own changes: the scenario, and what was changed."""
    names = dict.fromkeys(lever_words(find(path), say.lang).name for path, _ in tried.settings.changes)
    return say("own_row", scenario=tried.settings.titles(say.lang)[1], levers=", ".join(names) or "–")
