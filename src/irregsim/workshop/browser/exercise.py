"""The exercises on the page: question, prediction before running, steps as buttons, reveal, discussion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import reacton.ipyvuetify as rv
import solara

from irregsim.vocabulary.codes import month_number, month_text
from irregsim.vocabulary.numbers import month_words
from irregsim.workshop.browser.class_groups import Groups
from irregsim.workshop.browser.class_part import ClassAnswers, Votes
from irregsim.workshop.browser.results import Reveal, said
from irregsim.workshop.browser.server import SERVER
from irregsim.workshop.browser.words import Say
from irregsim.workshop.exercises import ANSWERS, VIEWS, Exercise, Given, Predicted, Press, material
from irregsim.workshop.handouts import predicted_words
from irregsim.workshop.pictures.words import outcome_name
from irregsim.workshop.room import Room
from irregsim.workshop.set_up import exercise_of, is_set_up, set_up
from irregsim.workshop.settings import Settings

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
        room.exercise, room.at_step = names[text], 0
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
    lang = say.lang

    def changed() -> None:
        set_count(lambda n: n + 1)
        told()

    def answer(predicted: Predicted, given: Given | None) -> None:
        if given is not None:
            answers[predicted.name] = given
        else:
            answers.pop(predicted.name, None)
        changed()

    seen = room.revealed.get(exercise.id, 0)
    with rv.Html(tag="div", class_=f"irregsim-exercise exercise-{exercise.id}"):
        rv.Html(tag="h2", children=[exercise.title(lang)])
        rv.Html(tag="p", children=[exercise.background(lang)])
        rv.Html(tag="h3", children=[say("exercise_question")])
        rv.Html(tag="p", children=[exercise.question(lang)], style_="font-size:19px;font-weight:600")
        rv.Html(tag="h3", children=[say("exercise_predict")])
        for predicted in exercise.predict:
            Prediction(exercise, predicted, say, answers.get(predicted.name), seen > 0, answer)
        ClassAnswers(room, exercise, say, frame, seen, changed)
        rv.Html(tag="h3", children=[say("exercise_run")])
        SetUp(room, exercise, say, use)
        with rv.Html(tag="ol"):
            for number, step in enumerate(exercise.steps, 1):
                with rv.Html(tag="li"):
                    rv.Html(tag="span", children=[step(lang)])
                    Presses(room, exercise, number, say, frame, use, on_tab, told)
        rv.Html(tag="h3", children=[say("exercise_reveal")])
        if seen:
            Votes(room, exercise, say, frame, seen, SERVER.gathering_of(room).version)
        Reveal(room, exercise, say, answers, frame, seen, changed)
        Groups(room, exercise, say, frame, changed)


@solara.component
def Prediction(
    exercise: Exercise,
    predicted: Predicted,
    say: Say,
    given: Given | None,
    revealed: bool,
    on_answer: Callable[[Predicted, Given | None], None],
) -> None:
    """Three answers to choose from, and how much; fixed once a result has been seen."""
    words = {say(f"answer_{answer}"): answer for answer in ANSWERS}
    name = predicted_words(exercise, predicted, say.lang)

    def choose(text: str) -> None:
        answer = words.get(text, "")
        if revealed or (given is not None and given.answer == answer):
            return
        middle = max(1, predicted.most // 2 // predicted.step) * predicted.step
        much = given.much if given is not None and given.much else middle
        on_answer(predicted, Given(answer, 0 if answer == "same" else much) if answer else None)

    with rv.Html(tag="div", class_="irregsim-prediction"):
        rv.Html(tag="span", children=[name], class_="irregsim-predicted")
        shown = next((text for text, answer in words.items() if given is not None and answer == given.answer), None)
        solara.ToggleButtonsSingle(
            value=shown,
            values=list(words),
            on_value=choose,
            dense=True,
            mandatory=False,  # else the first answer is given before anybody has chosen
        )
        if given is not None and given.much:
            Much(predicted, given, say, name, revealed, on_answer)


@solara.component
def Much(
    predicted: Predicted,
    given: Given,
    say: Say,
    name: str,
    revealed: bool,
    on_answer: Callable[[Predicted, Given | None], None],
) -> None:
    """How much, on a scale in percent of the reference."""
    slider = rv.Slider(
        v_model=given.much,
        min=predicted.step,
        max=predicted.most,
        step=predicted.step,
        disabled=revealed,
        dense=True,
        hide_details=True,
        attributes={"aria-label": say("much_of", outcome=name)},
    )

    def let_go(_widget: object, _event: object, data: Any) -> None:
        if isinstance(data, int | float) and int(data) != given.much and not revealed:
            much = min(max(predicted.step, int(data)), predicted.most)
            on_answer(predicted, Given(given.answer, much))

    rv.use_event(slider, "change", let_go)
    told = say("much", change=said(given.change, say.lang))
    rv.Html(tag="div", class_="irregsim-much", children=[slider, rv.Html(tag="span", children=[told])])


@solara.component
def SetUp(room: Room, exercise: Exercise, say: Say, use: Use) -> None:
    """Buttons that set the page up for each variant, at its first month."""

    def begin(number: int) -> None:
        room.exercise, room.at_step = exercise.id, 0
        use(lambda s: set_up(exercise, s, number))

    with rv.Html(tag="div", class_="irregsim-presses"):
        for number, variant in enumerate(exercise.variants):
            words = say("set_up") if len(exercise.variants) == 1 else say("set_up_as", variant=variant.title(say.lang))
            solara.Button(
                words,
                outlined=not is_set_up(exercise, room.settings, number),
                color="primary",
                small=True,
                on_click=lambda number=number: begin(number),
            )


# -- steps as buttons ------------------------------------------------------------------------------------------


def is_done(room: Room, exercise: Exercise, press: Press) -> bool:
    """Whether a button has nothing to run any more."""
    if not press.until:
        return True
    until = month_number(press.until)
    if until == exercise.last and room.results.has(exercise, press.variant):
        return True
    model = room.model
    return model is not None and is_set_up(exercise, room.running, press.variant) and model.world.month >= until


def press_words(exercise: Exercise, press: Press, say: Say) -> str:
    """What stands on a button."""
    if not press.until:
        if press.outcome:
            return say("press_show", what=outcome_name(press.outcome, say.lang))
        return say("press_show", what=say(f"tab_{press.view or exercise.view}"))
    until = month_number(press.until)
    if until < exercise.first:
        words = say("set_up")
    elif press.months:
        words = say("press_months", number=press.months)
    else:
        words = say("press_run", month=month_words(until, say.lang))
    return words if len(exercise.variants) == 1 else f"{words}: {exercise.variants[press.variant].title(say.lang)}"


def run_press(
    room: Room, exercise: Exercise, press: Press, use: Use, on_tab: Callable[[int], None], told: Callable[[], None]
) -> None:
    """What a button does: sets the page up if it is not, plays to its month, and shows its view."""
    first = next((one for one in exercise.predict if one.variant == press.variant), exercise.predict[0])
    room.exercise, room.at_step = exercise.id, press.step
    shown = (press.outcome, press.city) if press.outcome else (first.outcome, first.city)
    room.outcome_name, room.city = shown
    view, wish = VIEWS.index(press.view or exercise.view), ""
    if press.until and not is_done(room, exercise, press):
        until = month_number(press.until)
        model, ready = room.model, is_set_up(exercise, room.running, press.variant)
        now = exercise.first - 1 if model is None or not ready else model.world.month
        target = until if not press.months else min(until, now + press.months)
        wish = month_text(target) if target >= exercise.first else ""
        if not ready:
            room.wish = wish
            if wish:
                room.tab = view
            use(lambda s: set_up(exercise, s, press.variant))
            return
    if not press.until or month_number(press.until) >= exercise.first:
        room.play_to(wish)
        on_tab(view)
    told()


@solara.component
def Presses(
    room: Room,
    exercise: Exercise,
    step: int,
    say: Say,
    frame: int,
    use: Use,
    on_tab: Callable[[int], None],
    told: Callable[[], None],
) -> None:
    """The buttons of a step."""
    found = [press for press in exercise.presses if press.step == step]
    with rv.Html(tag="div", class_="irregsim-presses"):
        for press in found:
            done = bool(press.until) and is_done(room, exercise, press)
            words = press_words(exercise, press, say)
            solara.Button(
                f"✓ {words}" if done else words,
                outlined=done or not press.until,
                color="primary",
                small=True,
                classes=[f"press-{step}"],
                on_click=lambda press=press: run_press(room, exercise, press, use, on_tab, told),
            )


def step_of(room: Room, exercise: Exercise) -> int:
    """Number of the step that comes next: of the one pressed last while it has something to run, else the one after it.

    A page that comes from a link has pressed none: the first that has something to run.
    """
    left = {press.step for press in exercise.presses if not is_done(room, exercise, press)}
    last = len(exercise.steps)
    if not room.at_step:
        return min(left, default=last)
    return room.at_step if room.at_step in left else min(room.at_step + 1, last)


@solara.component
def Guide(room: Room, say: Say, frame: int, use: Use, on_tab: Callable[[int], None], told: Callable[[], None]) -> None:
    """The step at which an exercise is, above the pictures; nothing where none was set up."""
    exercise = exercise_of(room.running, room.exercise)
    if exercise is None:
        return
    step = step_of(room, exercise)
    with rv.Html(tag="div", class_="irregsim-guide"):
        told_step = f"{step}. {exercise.steps[step - 1](say.lang)}"
        rv.Html(tag="span", children=[told_step], class_="guide-step")
        Presses(room, exercise, step, say, frame, use, on_tab, told)
        solara.Button(
            say("to_exercise"),
            small=True,
            text=True,
            classes=["guide-back"],
            on_click=lambda: on_tab(len(VIEWS)),  # the exercises come after the views
        )
