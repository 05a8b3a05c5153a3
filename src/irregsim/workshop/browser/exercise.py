"""The exercises on the page: question, prediction before running, reveal, discussion."""

from __future__ import annotations

from collections.abc import Callable

import reacton.ipyvuetify as rv
import solara

from irregsim.vocabulary.disclosure import PERCENT
from irregsim.vocabulary.numbers import drawn, with_percent
from irregsim.workshop.browser.words import Say
from irregsim.workshop.exercises import ANSWERS, VIEWS, Exercise, Predicted, material
from irregsim.workshop.handouts import predicted_words
from irregsim.workshop.live.followed import outcome
from irregsim.workshop.room import Room
from irregsim.workshop.set_up import is_set_up, set_up
from irregsim.workshop.settings import Settings
from irregsim.workshop.stored_runs import about, filled, stored

#: Uses settings that start a new simulation.
Use = Callable[[Callable[[Settings], Settings]], None]


@solara.component
def Exercises(
    room: Room, say: Say, frame: int, use: Use, on_tab: Callable[[int], None], told: Callable[[], None]
) -> None:
    """Choose an exercise and go through it."""
    everything = material().exercises
    chosen, set_chosen = solara.use_state(room.exercise or everything[0].id)
    exercise = material().exercise(chosen)
    names = {one.title(say.lang): one.id for one in everything}

    def choose(text: str) -> None:
        room.exercise = names[text]
        set_chosen(names[text])
        told()

    solara.Select(
        label=say("choose_exercise"),
        value=exercise.title(say.lang),
        values=list(names),
        on_value=choose,
        dense=True,
        style="max-width:640px",
    )
    One(room, exercise, say, frame, use, on_tab, told).key(exercise.id)


@solara.component
def One(
    room: Room,
    exercise: Exercise,
    say: Say,
    frame: int,
    use: Use,
    on_tab: Callable[[int], None],
    told: Callable[[], None],
) -> None:
    """One exercise."""
    answers = room.answers.setdefault(exercise.id, {})
    _, set_count = solara.use_state(0)  # redrawn with every answer
    revealed, set_revealed = solara.use_state(exercise.id in room.revealed)
    lang = say.lang

    def answer(predicted: Predicted, what: str) -> None:
        if what:
            answers[predicted.name] = what
        else:
            answers.pop(predicted.name, None)
        set_count(lambda n: n + 1)
        told()

    def reveal() -> None:
        room.revealed.add(exercise.id)
        set_revealed(True)
        told()

    with rv.Html(tag="div", class_=f"irregsim-exercise exercise-{exercise.id}"):
        rv.Html(tag="h2", children=[exercise.title(lang)])
        rv.Html(tag="p", children=[exercise.background(lang)])
        rv.Html(tag="h3", children=[say("exercise_question")])
        rv.Html(tag="p", children=[exercise.question(lang)], style_="font-size:19px;font-weight:600")
        rv.Html(tag="h3", children=[say("exercise_predict")])
        for predicted in exercise.predict:
            Prediction(exercise, predicted, say, answers.get(predicted.name, ""), revealed, answer)
        rv.Html(tag="h3", children=[say("exercise_run")])
        SetUp(room, exercise, say, use, on_tab)
        with rv.Html(tag="ol"):
            for step in exercise.steps:
                rv.Html(tag="li", children=[step(lang)])
        rv.Html(tag="h3", children=[say("exercise_reveal")])
        left = len(exercise.predict) - len(answers)
        if not revealed:
            solara.Button(
                say("reveal") if left <= 0 else say("reveal_first", number=left),
                color="primary",
                disabled=left > 0,
                on_click=reveal,
            )
            return
        Reveal(room, exercise, say, answers, frame)
        rv.Html(tag="h3", children=[say("exercise_discuss")])
        with rv.Html(tag="ul"):
            for question in exercise.discussion:
                rv.Html(tag="li", children=[filled(question, exercise, lang)])


@solara.component
def Prediction(
    exercise: Exercise,
    predicted: Predicted,
    say: Say,
    given: str,
    revealed: bool,
    on_answer: Callable[[Predicted, str], None],
) -> None:
    """Three answers to choose from; fixed once the result has been seen."""
    words = {say(f"answer_{answer}"): answer for answer in ANSWERS}
    with rv.Html(tag="div", class_="irregsim-prediction"):
        rv.Html(tag="span", children=[predicted_words(exercise, predicted, say.lang)], class_="irregsim-predicted")
        shown = next((text for text, answer in words.items() if answer == given), None)
        solara.ToggleButtonsSingle(
            value=shown,
            values=list(words),
            on_value=lambda text: None if revealed else on_answer(predicted, words.get(text, "")),
            dense=True,
            mandatory=False,  # else the first answer is given before anybody has chosen
        )


@solara.component
def SetUp(room: Room, exercise: Exercise, say: Say, use: Use, on_tab: Callable[[int], None]) -> None:
    """Buttons that set the page up for each variant, and one that leads to the view with its first outcome."""

    def go() -> None:
        running = next((n for n in range(len(exercise.variants)) if is_set_up(exercise, room.settings, n)), 0)
        first = next((one for one in exercise.predict if one.variant == running), exercise.predict[0])
        room.outcome_name, room.city = first.outcome, first.city
        on_tab(VIEWS.index(exercise.view))

    with rv.Html(tag="div", style_="display:flex;gap:10px;flex-wrap:wrap"):
        for number, variant in enumerate(exercise.variants):
            words = say("set_up") if len(exercise.variants) == 1 else variant.title(say.lang)
            solara.Button(
                words,
                outlined=not is_set_up(exercise, room.settings, number),
                color="primary",
                small=True,
                on_click=lambda number=number: use(lambda s: set_up(exercise, s, number)),
            )
        solara.Button(
            say("to_view", view=say(f"tab_{exercise.view}")),
            small=True,
            outlined=True,
            on_click=go,
        )


@solara.component
def Reveal(room: Room, exercise: Exercise, say: Say, answers: dict[str, str], frame: int) -> None:
    """What was predicted, and what this run and the stored runs show."""
    lang = say.lang
    heads = [say("outcome"), say("predicted"), say("this_run"), say("stored_runs", n=about()["replicates"])]
    with rv.Html(tag="table", class_="irregsim-table irregsim-reveal"):
        rv.Html(tag="tr", children=[rv.Html(tag="th", children=[head]) for head in heads])
        for predicted in exercise.predict:
            effect = stored(exercise.id, predicted.variant).effects[predicted.key]
            given = answers.get(predicted.name, "")
            cells = [
                predicted_words(exercise, predicted, lang),
                say(f"answer_{given}") if given else "–",
                _here(room, exercise, predicted, say),
                f"{effect.text(lang)}: {say(f'answer_{effect.direction}')}",
            ]
            rv.Html(tag="tr", children=[rv.Html(tag="td", children=[cell]) for cell in cells])
    rv.Html(tag="p", class_="irregsim-note", children=[say("stored_note", month=exercise.until)])
    for text in exercise.reveal:
        rv.Html(tag="p", children=[filled(text, exercise, lang)])
    with rv.Alert(type="info", text=True, dense=True):
        solara.Text(f"{say('hinges')} {filled(exercise.hinges, exercise, lang)}")


def _here(room: Room, exercise: Exercise, predicted: Predicted, say: Say) -> str:
    """The difference on this page, if it has been set up and run far enough."""
    model = room.model
    same = is_set_up(exercise, room.running, predicted.variant)
    if model is None or not same or model.world.month < exercise.last:
        return say("not_run", month=exercise.until)
    until = room.pair().until(exercise.last)
    found = outcome(until, predicted.outcome, predicted.city)
    text = drawn(float(found.difference[-1]), say.lang, signed=True)
    return with_percent(text) if found.unit == PERCENT else text
