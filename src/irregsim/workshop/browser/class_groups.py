"""The groups of a class on the page: a lever each within bounds, and a table of what came of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import reacton.ipyvuetify as rv
import solara

from irregsim.scenario import ScenarioError
from irregsim.scenario.levers import find, number_text
from irregsim.scenario.levers import words as lever_words
from irregsim.vocabulary.numbers import month_words, plain
from irregsim.workshop.browser.class_part import use_version
from irregsim.workshop.browser.results import said
from irregsim.workshop.browser.server import SERVER
from irregsim.workshop.browser.words import Say, value_words
from irregsim.workshop.exercises import Exercise
from irregsim.workshop.gathering import (
    FIRST_LEVERS,
    GROUPS,
    Gathering,
    Group,
    Refused,
    asked_of,
    levers_of_groups,
    usual_group,
)
from irregsim.workshop.group_runs import Asked, GroupRuns, asked_for
from irregsim.workshop.pictures.words import outcome_name
from irregsim.workshop.room import Room


@solara.component
def Groups(room: Room, exercise: Exercise, say: Say, frame: int, told: Callable[[], None]) -> None:
    """Sets the groups up, lets them choose, runs them, and shows the table.

    Args:
        room: The room.
        exercise: The exercise.
        say: Words.
        frame: As in `View`.
        told: Called, from another thread too, when a run is finished.
    """
    gathering = SERVER.gathering_of(room)
    use_version(gathering)
    wrong, set_wrong = solara.use_state("")

    def set_groups(groups: tuple[Group, ...], changed: Group | None = None) -> None:
        try:
            gathering.set_groups(groups)
            set_wrong("")
        except Refused:
            low, high, _ = find((changed or groups[0]).lever).usual or (0.0, 0.0, 0.0)
            set_wrong(say("groups_refused", low=value_words(low, say.lang), high=value_words(high, say.lang)))
        told()

    def number(text: str) -> None:
        wanted = int(text)
        more = [usual_group(path) for path in FIRST_LEVERS[len(gathering.groups) : wanted]]
        set_groups((*gathering.groups[:wanted], *more))

    def change(place: int, new: Group) -> None:
        groups = list(gathering.groups)
        groups[place] = new
        set_groups(tuple(groups), new)

    with rv.Html(tag="details", class_="irregsim-class class-groups"):
        rv.Html(tag="summary", children=[say("groups_title")])
        rv.Html(tag="p", children=[say("groups_how", month=month_words(exercise.first, say.lang))])
        solara.Select(
            label=say("groups_number"),
            value=str(len(gathering.groups)) if gathering.groups else None,
            values=[str(one) for one in range(GROUPS[0], GROUPS[1] + 1)],
            on_value=number,
            dense=True,
            style="max-width:240px",
        )
        for place, group in enumerate(gathering.groups):
            OneGroup(place, group, say, change).key(f"group-{place}-{group}")
        if wrong:
            rv.Html(tag="p", children=[wrong], attributes={"role": "alert"})
        if gathering.groups:
            _buttons(room, gathering, exercise, say, told)
            _table(room, gathering, exercise, say)


@solara.component
def OneGroup(place: int, group: Group, say: Say, on_change: Callable[[int, Group], None]) -> None:
    """Lever, bounds and typed value of a group."""
    names = {lever_words(lever, say.lang).name: lever.path for lever in levers_of_groups()}
    with rv.Html(tag="div", class_="class-choices class-group"):
        solara.Select(
            label=say("groups_lever", number=place + 1),
            value=lever_words(find(group.lever), say.lang).name,
            values=list(names),
            on_value=lambda text: on_change(place, usual_group(names[text])),
            dense=True,
        )
        for key, value in (("low", group.low), ("high", group.high), ("typed", group.typed)):
            solara.InputText(
                say(f"groups_{key}"),
                value="" if value is None else plain(number_text(value), say.lang),
                on_value=lambda new, key=key: on_change(place, _put(group, key, new)),
            )


def _put(group: Group, key: str, text: str) -> Group:
    """A group with another bound or value, typed with a point or a comma; a bound that is no number stays."""
    try:
        value: float | None = float("".join(text.split()).replace(",", "."))
    except ValueError:
        value = None
    if key == "typed":
        return replace(group, typed=value)
    if value is None:
        return group
    return replace(group, low=value) if key == "low" else replace(group, high=value)


def _buttons(room: Room, gathering: Gathering, exercise: Exercise, say: Say, told: Callable[[], None]) -> None:
    runs = room.results.groups.get(exercise.id)
    is_running = runs is not None and runs.is_running
    asked = asked_for(gathering)

    def run() -> None:
        gathering.close()
        try:
            made = GroupRuns(exercise, room.settings, asked_for(gathering), told)
        except ScenarioError as error:
            room.faults = tuple(fault.message for fault in error.faults)
        else:
            room.results.run_groups(exercise.id, made)
        told()

    def ask() -> None:
        gathering.ask_groups()
        told()

    def close() -> None:
        gathering.close()
        told()

    with rv.Html(tag="div", class_="irregsim-presses"):
        if gathering is SERVER.gathering:
            if gathering.stage == "groups":
                solara.Button(say("class_close"), color="primary", small=True, on_click=close, classes=["groups-close"])
            else:
                solara.Button(say("groups_ask"), color="primary", small=True, on_click=ask, classes=["groups-ask"])
        solara.Button(
            say("groups_run"),
            color="primary",
            small=True,
            disabled=not asked or is_running,
            on_click=run,
            classes=["groups-run"],
        )
        if runs is not None and is_running:
            words = (
                say("more_waits") if runs.is_waiting else say("groups_running", done=len(runs.pairs), total=runs.total)
            )
            rv.Html(tag="span", children=[words], attributes={"role": "status"})
        elif runs is not None and runs.error:
            rv.Html(tag="span", children=[runs.error], attributes={"role": "alert"})


def _table(room: Room, gathering: Gathering, exercise: Exercise, say: Say) -> None:
    runs = room.results.groups.get(exercise.id)
    keys = asked_of(exercise)
    outcomes = [outcome_name(key.partition("@")[0], say.lang) for key in keys]
    heads = [say("groups_group"), say("groups_lever_head"), say("groups_value"), *outcomes]
    with rv.Html(tag="div", class_="irregsim-wide"), rv.Html(tag="table", class_="irregsim-table irregsim-groups"):
        rv.Html(tag="tr", children=[rv.Html(tag="th", children=[head]) for head in heads])
        for number, group in enumerate(gathering.groups, 1):
            value, answers = gathering.value(number)
            words = lever_words(find(group.lever), say.lang)
            shown = say("groups_none") if value is None else f"{value_words(value, say.lang)} {words.unit}"
            if answers:
                shown = say("groups_answers", value=shown, number=answers)
            came = None if value is None else _came(runs, Asked(number, group.lever, value))
            changes = ["…" if came is None else said(came[key], say.lang) for key in keys]
            cells = [str(number), words.name, shown, *changes]
            rv.Html(tag="tr", children=[rv.Html(tag="td", children=[cell]) for cell in cells])
    note = say("groups_note", month=month_words(exercise.last, say.lang))
    rv.Html(tag="p", class_="irregsim-note", children=[note])


def _came(runs: GroupRuns | None, asked: Asked) -> dict[str, float] | None:
    """What came of a lever as it is set now; None where that has not been run."""
    if runs is None or asked not in runs.asked:
        return None
    return runs.changes(runs.asked.index(asked))
