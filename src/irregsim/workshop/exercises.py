"""The exercises, role cards and plans of the workshop, checked when they are read.

What there is stands in ``data/workshop``; its words, in every language, are in ``data/labels_workshop.csv``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Final, Literal

import yaml

from irregsim.scenario import shipped_scenarios
from irregsim.vocabulary.codes import CITIES, month_number
from irregsim.vocabulary.labels import Text, labels
from irregsim.vocabulary.reference import DataError
from irregsim.workshop.checked_yaml import Limits, Rows, read_as
from irregsim.workshop.live.followed import outcomes

_FOLDER: Final = "workshop"

#: Views that an exercise can send a class to.
VIEWS: Final = ("vessels", "history", "difference", "tiles", "network", "iceberg", "life", "registers")

#: Tabs of the page in order: the views, the exercises, and the plot of Mesa.
TABS: Final = (*VIEWS, "exercises", "mesa")

#: Answers to a prediction.
ANSWERS: Final = ("up", "same", "down")

#: A number in a text: ``{{stock:synlig}}``, ``{{1|stock:arbeidende}}`` for the second variant,
#: ``{{outcome:care_received@Stavanger}}`` for a city.
PLACE: Final = re.compile(r"\{\{(?:(\d)\|)?([a-z]+:[A-Za-z_/]+)(?:@([A-Za-zÆØÅæøå]+))?\}\}")


@dataclass(frozen=True)
class Variant:
    """What is compared with the reference.

    Attributes:
        scenario: Shipped scenario.
        title: In a few words.
        assume: ``--set`` strings of assumptions for both sides, with a JSON value.
    """

    scenario: str
    title: Text
    assume: tuple[str, ...] = ()


@dataclass(frozen=True)
class Predicted:
    """An outcome that the class predicts before it runs the model.

    Attributes:
        outcome: As in `looks.outcomes`.
        city: A city, or empty for the country.
        variant: Number of the variant.
        most: End of the scale on which the class says how much, in percent of the reference.
    """

    outcome: str
    city: str = ""
    variant: int = 0
    most: Annotated[int, Limits(least=5, most=500)] = 20

    @property
    def key(self) -> str:
        """Name within a variant."""
        return f"{self.outcome}@{self.city}" if self.city else self.outcome

    @property
    def name(self) -> str:
        """Name within an exercise."""
        return f"{self.variant}|{self.key}"

    @property
    def step(self) -> int:
        """Step of that scale, in percent."""
        return max(1, self.most // 10)


@dataclass(frozen=True)
class Given:
    """What a class has predicted.

    Attributes:
        answer: One of `ANSWERS`.
        much: How much, in percent of the reference; 0 where it is about the same.
    """

    answer: str
    much: int = 0

    @property
    def change(self) -> float:
        """The change in percent of the reference."""
        return float({"up": self.much, "down": -self.much}.get(self.answer, 0))


@dataclass(frozen=True)
class Press:
    """A button beside a step: it sets the page up where it is not, runs it, and shows a view.

    Attributes:
        step: Number of the step, from 1.
        until: Month to run to, or the one before the first, to set the page up and no more; empty for a button that
            only shows a view.
        months: How many months a press runs at most; 0 for as many as there are to ``until``.
        variant: Number of the variant that is run.
        view: View that is shown; empty for that of the exercise.
        outcome: Outcome shown in the view of differences; empty for the first one predicted of the variant.
        city: Its city.
    """

    step: Annotated[int, Limits(least=1, most=9)]
    until: Annotated[str, Limits(form=r"(\d{4}-(0[1-9]|1[0-2]))?")] = ""
    months: Annotated[int, Limits(least=0, most=60)] = 0
    variant: int = 0
    view: Literal["", "vessels", "history", "difference", "tiles", "network", "iceberg", "life", "registers"] = ""
    outcome: str = ""
    city: str = ""


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """One exercise.

    Attributes:
        id: Short name.
        title: What it is called.
        minutes: How long it takes.
        variants: What is compared with the baseline; the first is set up on the page.
        start: First month shown.
        until: Month to run to.
        seed: Seed, so that numbers on slides stay.
        view: Where to look.
        background: What the report says, with its section.
        question: What is asked.
        predict: What is predicted: two or three things.
        steps: What to do on the page.
        presses: Buttons of the steps.
        reveal: What happened, by paragraph, with numbers from the stored runs put in.
        discussion: Questions for the room.
        key: What a teacher should know, by paragraph.
        hinges: The assumption that the answer hangs on.
        claims: Claims of the report.
        also: What the table shows besides.
    """

    id: Annotated[str, Limits(form="[a-z][a-z-]+")]
    title: Text
    minutes: Annotated[int, Limits(least=5, most=60)]
    variants: Annotated[tuple[Variant, ...], Limits(least=1, most=6)]
    start: str
    until: str
    seed: int = 2021
    view: Literal["vessels", "history", "difference", "tiles", "network", "iceberg", "life", "registers"]
    background: Text
    question: Text
    predict: Annotated[tuple[Predicted, ...], Limits(least=2, most=3)]
    steps: Annotated[tuple[Text, ...], Limits(least=2)]
    presses: Annotated[tuple[Press, ...], Limits(least=1)]
    reveal: tuple[Text, ...]
    discussion: Annotated[tuple[Text, ...], Limits(least=2)]
    key: tuple[Text, ...]
    hinges: Text
    claims: tuple[Annotated[str, Limits(form=r"M\d{3}")], ...]
    also: tuple[Predicted, ...] = ()

    @property
    def compared(self) -> tuple[Predicted, ...]:
        """Rows of the table of results: what is predicted, then the rest."""
        return (*self.predict, *self.also)

    @property
    def first(self) -> int:
        """First month shown, as a number."""
        return month_number(self.start)

    @property
    def last(self) -> int:
        """Month to run to, as a number."""
        return month_number(self.until)

    @property
    def named(self) -> tuple[tuple[int, str], ...]:
        """Number of a variant and key of an outcome: all that are predicted, and all that texts name, each once."""
        found = {(one.variant, one.key): None for one in self.compared}
        for text in (*self.reveal, *self.key, *self.discussion):
            for words in text.texts.values():
                for number, outcome, city in PLACE.findall(words):
                    found[int(number or 0), f"{outcome}@{city}" if city else outcome] = None
        return tuple(found)

    def keys(self, variant: int) -> tuple[str, ...]:
        """Outcomes of a variant whose numbers are needed."""
        return tuple(key for number, key in self.named if number == variant)


@dataclass(frozen=True)
class Role:
    """A role card.

    Attributes:
        id: Short name.
        title: Who one is.
        wants: What the office or firm is there for.
        decides: What it can set, in words and as paths of levers.
        levers: Paths of levers.
        sees: What it sees, and does not.
        asks: Questions to carry into the room.
    """

    id: str
    title: Text
    wants: Text
    decides: Text
    levers: tuple[str, ...]
    sees: Text
    asks: Annotated[tuple[Text, ...], Limits(least=2)]


@dataclass(frozen=True)
class Stretch:
    """A stretch of a plan.

    Attributes:
        minutes: Its length.
        what: What happens.
        exercise: Exercise that is done, if any.
    """

    minutes: Annotated[int, Limits(least=3, most=60)]
    what: Text
    exercise: str = ""


@dataclass(frozen=True)
class Plan:
    """A plan for a class.

    Attributes:
        minutes: 45, 90 or 120.
        title: What it is called.
        for_whom: Who it suits.
        goals: What one can do afterwards.
        needs: What to have ready.
        stretches: What happens, in order.
    """

    minutes: Literal[45, 90, 120]
    title: Text
    for_whom: Text
    goals: Annotated[tuple[Text, ...], Limits(least=2)]
    needs: Text
    stretches: Annotated[tuple[Stretch, ...], Limits(least=3)]


@dataclass(frozen=True)
class Note:
    """The content note.

    Attributes:
        before: To be said before a class.
        teacher: For the teacher alone.
    """

    before: tuple[Text, ...]
    teacher: tuple[Text, ...]


@dataclass(frozen=True)
class Material:
    """Everything a workshop needs in words."""

    exercises: Annotated[tuple[Exercise, ...], Limits(least=6)]
    roles: Annotated[tuple[Role, ...], Limits(least=5)]
    plans: tuple[Plan, ...]
    note: Note

    def exercise(self, name: str) -> Exercise:
        """The exercise of that name.

        Raises:
            KeyError: If there is none.
        """
        for one in self.exercises:
            if one.id == name:
                return one
        raise KeyError(f"no exercise {name!r}; there are {', '.join(one.id for one in self.exercises)}")


#: Parts of the material; their words have keys that begin with these.
PARTS: Final = tuple(item.name for item in fields(Material))

#: Those that have a file of their name; the note is nothing but words.
FILES: Final = ("exercises", "roles", "plans")


@cache
def material() -> Material:
    """The shipped material.

    Raises:
        DataError: If it is not sound; with every fault.
    """
    folder = files("irregsim") / "data" / _FOLDER
    parts = {name: (folder / f"{name}.yaml").read_text(encoding="utf-8") for name in FILES}
    return read_material(lambda name: parts[name])


def read_material(read: Callable[[str], str], rows: Rows | None = None) -> Material:
    """Material from its files and its words, checked.

    Args:
        read: From one of `FILES` to its YAML.
        rows: Words by key, then by language; those of the tables of words if left out.

    Raises:
        DataError: With every fault, one a line.
    """
    try:
        written = {name: yaml.safe_load(read(name)) for name in FILES}
    except yaml.YAMLError as error:
        raise DataError(f"workshop: {error}") from None
    faults: list[str] = []
    rows = labels() if rows is None else rows
    found = read_as(Material, written, "", faults, rows)
    if found is None:
        raise DataError("workshop: " + "\n".join(faults))
    faults += [fault for exercise in found.exercises for fault in _faults(exercise)]
    faults += _spare(found, rows)
    names = [one.id for one in found.exercises]
    faults += [f"duplicate exercise {name}" for name in dict.fromkeys(names) if names.count(name) > 1]
    for plan in found.plans:
        total = sum(stretch.minutes for stretch in plan.stretches)
        if total != plan.minutes:
            faults.append(f"plan of {plan.minutes} minutes: its stretches add up to {total}")
        faults += [
            f"plan of {plan.minutes} minutes: no exercise {stretch.exercise!r}"
            for stretch in plan.stretches
            if stretch.exercise and stretch.exercise not in names
        ]
    if faults:
        raise DataError("workshop: " + "\n".join(faults))
    return found


def _spare(found: Material, rows: Rows) -> list[str]:
    """Rows of words that nothing asks for: of an exercise that is gone, or after a gap in the numbers."""
    used = {text.key for text in texts_of(found)}
    return [
        f"{key}: nothing asks for this row (entries go by id, else by number from 1 without a gap)"
        for key in rows
        if key.partition(".")[0] in PARTS and key not in used
    ]


def texts_of(value: object) -> Iterator[Text]:
    """Every text for readers in the material, or in a part of it."""
    if isinstance(value, Text):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from texts_of(one)
    elif is_dataclass(value):
        for item in fields(value):
            yield from texts_of(getattr(value, item.name))


def _faults(exercise: Exercise) -> list[str]:
    out = []
    shipped = shipped_scenarios()
    for variant in exercise.variants:
        if variant.scenario not in shipped:
            out.append(f"{exercise.id}: no shipped scenario {variant.scenario!r}")
        out += [f"{exercise.id}: {text!r} is not an assumption" for text in variant.assume if not _is_assumption(text)]
    if not exercise.first < exercise.last:
        out.append(f"{exercise.id}: runs from {exercise.start} to {exercise.until}")
    for press in exercise.presses:
        out += _faults_of_press(exercise, press)
    for number, key in exercise.named:
        name, _, city = key.partition("@")
        if number >= len(exercise.variants):
            out.append(f"{exercise.id}: {key} is of variant {number}, which does not exist")
        elif city and city not in CITIES:
            out.append(f"{exercise.id}: no city {city!r}")
        elif name not in outcomes(city):
            out.append(f"{exercise.id}: no outcome {name!r} of {city or 'the country'}")
    return out


def _faults_of_press(exercise: Exercise, press: Press) -> list[str]:
    where = f"{exercise.id}: a button of step {press.step}"
    out = []
    if press.step > len(exercise.steps):
        out.append(f"{where}: there are {len(exercise.steps)} steps")
    if press.variant >= len(exercise.variants):
        out.append(f"{where}: is of variant {press.variant}, which does not exist")
    if press.until and not exercise.first - 1 <= month_number(press.until) <= exercise.last:
        out.append(f"{where}: runs to {press.until}, not within {exercise.start} to {exercise.until}")
    if press.city and press.city not in CITIES:
        out.append(f"{where}: no city {press.city!r}")
    elif press.outcome and press.outcome not in outcomes(press.city):
        out.append(f"{where}: no outcome {press.outcome!r} of {press.city or 'the country'}")
    return out


def _is_assumption(text: str) -> bool:
    path, _, value = text.partition("=")
    try:
        json.loads(value)
    except json.JSONDecodeError:
        return False
    return path.startswith("assumptions.")
