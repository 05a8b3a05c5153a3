"""The class in an exercise on the page: phones that answer, hands that are counted, and what was predicted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

import reacton.ipyvuetify as rv
import solara

from irregsim.vocabulary.numbers import percent
from irregsim.workshop.browser.results import given_words
from irregsim.workshop.browser.server import SERVER
from irregsim.workshop.browser.share import code_of
from irregsim.workshop.browser.words import Say
from irregsim.workshop.exercises import Exercise, Predicted
from irregsim.workshop.gathering import CHOICES, Gathering
from irregsim.workshop.handouts import predicted_words
from irregsim.workshop.pictures.votes import draw_votes
from irregsim.workshop.pictures.words import PictureWords
from irregsim.workshop.room import Room
from irregsim.workshop.stored_runs import stored

#: Seconds between looks at what phones have answered: often enough for a count that grows, seldom enough for the page.
_LOOKS: Final = 0.7


def use_version(gathering: Gathering) -> int:
    """Draws a component again when a class has answered; phones are answered in another thread."""
    version, set_version = solara.use_state(gathering.version)

    def follow() -> Callable[[], None]:
        left = threading.Event()

        def watch() -> None:
            known = -1
            while not left.wait(_LOOKS):
                if gathering.version != known:
                    known = gathering.version
                    set_version(known)

        threading.Thread(target=watch, name="irregsim-answers", daemon=True).start()
        return left.set

    solara.use_effect(follow, [id(gathering)])
    return int(version)


def take_median(room: Room, exercise: Exercise) -> None:
    """Enters the median of the answers as the prediction, while no result has been seen."""
    if room.revealed.get(exercise.id, 0):
        return
    gathering, answers = SERVER.gathering_of(room), room.answers.setdefault(exercise.id, {})
    for one in exercise.predict:
        given = gathering.middle(exercise.id, one)
        if given is not None:
            answers[one.name] = given


@solara.component
def ClassAnswers(room: Room, exercise: Exercise, say: Say, frame: int, seen: int, changed: Callable[[], None]) -> None:
    """What the teacher does: opens and closes a question for phones, or counts hands.

    Args:
        room: The room.
        exercise: The exercise.
        say: Words.
        frame: As in `View`.
        seen: How many results are shown; answers are fixed then.
        changed: Called when predictions have changed.
    """
    gathering = SERVER.gathering_of(room)
    use_version(gathering)
    with rv.Html(tag="div", class_="irregsim-class"):
        if gathering is SERVER.gathering:
            Phones(room, exercise, say, frame, seen, gathering.version, changed)
        if not seen and gathering.stage != "end":
            Hands(room, exercise, say, gathering.version, changed)
        if not seen:
            Votes(room, exercise, say, frame, seen, gathering.version)


@solara.component
def Phones(
    room: Room, exercise: Exercise, say: Say, frame: int, seen: int, version: int, changed: Callable[[], None]
) -> None:
    """Address and code for the phones, the question for them, and how many have answered."""
    gathering = SERVER.gathering_of(room)

    def close() -> None:
        gathering.close()
        take_median(room, exercise)
        changed()

    def ask() -> None:
        gathering.ask(exercise.id)
        changed()

    def end() -> None:
        gathering.end()
        # What the class has answered is in the predictions of the page, and in its address.
        room.answers.clear()
        room.revealed.clear()
        room.results.forget()
        changed()

    def begin() -> None:
        gathering.begin()
        changed()

    rv.Html(tag="h3", children=[say("class_title")])
    if gathering.stage == "end":
        rv.Html(tag="p", children=[say("class_ended")], attributes={"role": "status"})
        with rv.Html(tag="div", class_="irregsim-presses"):
            solara.Button(say("class_begin"), outlined=True, small=True, on_click=begin, classes=["class-begin"])
        return
    is_open = gathering.stage == "predict" and gathering.exercise == exercise.id
    told = say("class_phones", number=gathering.phones, most=gathering.most)
    if is_open:
        told = say("class_answered", number=gathering.answered(exercise.id), phones=gathering.phones)
    rv.Html(tag="p", children=[told], class_="class-count", attributes={"role": "status"})
    with rv.Html(tag="div", class_="irregsim-presses"):
        if is_open:
            solara.Button(say("class_close"), color="primary", on_click=close, classes=["class-close"])
        elif not seen:
            words = say("class_ask_again") if gathering.answered(exercise.id) else say("class_ask")
            solara.Button(words, color="primary", on_click=ask, classes=["class-ask"])
        solara.Button(say("class_end"), small=True, outlined=True, on_click=end, classes=["class-end"])
    Address(say, SERVER.phones_address)


@solara.component
def Address(say: Say, address: str) -> None:
    """Where phones go, large enough to be typed from the last row, and as a code."""
    with rv.Html(tag="details", class_="class-address"):
        rv.Html(tag="summary", children=[say("class_address")])
        with rv.Html(tag="div", class_="class-scan"):
            solara.HTML(unsafe_innerHTML=code_of(address), classes=["class-code"])
            with rv.Html(tag="div"):
                rv.Html(tag="p", children=[address.removeprefix("http://")], class_="class-link")
                rv.Html(tag="p", children=[say("class_scan")])
                rv.Html(tag="p", children=[say("class_private")])


@solara.component
def Hands(room: Room, exercise: Exercise, say: Say, version: int, changed: Callable[[], None]) -> None:
    """Counts of hands for each choice, typed by the teacher."""
    gathering = SERVER.gathering_of(room)

    def count(one: Predicted, choice: str, hands: int | None) -> None:
        gathering.count(exercise.id, one.name, choice, hands or 0)
        if gathering.stage != "predict":
            take_median(room, exercise)
        changed()

    with rv.Html(tag="details", class_="class-hands"):
        rv.Html(tag="summary", children=[say("class_hands")])
        rv.Html(tag="p", children=[say("class_hands_how")])
        for one in exercise.predict:
            rv.Html(tag="p", children=[predicted_words(exercise, one, say.lang)], class_="class-outcome")
            hands = gathering.hands(exercise.id, one.name)
            with rv.Html(tag="div", class_="class-choices"):
                for choice in CHOICES:
                    solara.InputInt(
                        say(f"class_{choice}", half=percent(one.most / 200, say.lang)),
                        value=hands[choice],
                        on_value=lambda number, one=one, choice=choice: count(one, choice, number),
                        dense=True,
                    )


@solara.component
def Votes(room: Room, exercise: Exercise, say: Say, frame: int, seen: int, version: int) -> None:
    """What was predicted, a picture for each outcome: once the question is closed, and with the stored runs later."""
    gathering = SERVER.gathering_of(room)
    if gathering.stage == "predict" and gathering.exercise == exercise.id and not seen:
        return
    tallies = [(one, gathering.tally(exercise.id, one)) for one in exercise.predict]
    if not any(tally.number for _, tally in tallies):
        return
    space = room.space
    # Two beside each other where they are shown by a projector.
    words = PictureWords(say.lang, place=None if space is None else (space[0] / 2 - 20.0, space[1]))
    with rv.Html(tag="div", class_="class-votes"):
        for number, (one, tally) in enumerate(tallies):
            effect = stored(exercise.id, one.variant).effects[one.key] if number < seen else None
            with rv.Html(tag="div"):
                name = predicted_words(exercise, one, say.lang)
                solara.HTML(unsafe_innerHTML=draw_votes(tally, name, words, effect).svg)
                given = gathering.middle(exercise.id, one)
                if given is not None and not seen:
                    told = say("class_median", given=given_words(given, say))
                    rv.Html(tag="p", class_="irregsim-note", children=[told])
