"""The plan of a month as data: its parts and rules in order, and where the time of a replicate goes."""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from irregsim.model.draws import Draws
from irregsim.model.engine import Decided, Part, Rule
from irregsim.model.month import MONTH
from irregsim.model.simulate import advance_month, persons_here, start
from irregsim.model.values import At, Values
from irregsim.model.world import World
from irregsim.scenario import Scenario
from irregsim.vocabulary.codes import state_code

#: Stages of a part, in order.
STAGES: Final = ("begin", "at_risk", "decide", "settle")

#: The row of `timing` for what is outside the parts: values of the month, learning, and the record of stocks.
REST: Final = "rest"


def first_sentence(thing: object) -> str:
    """First sentence of a docstring on one line, without ids of claims and pointers in brackets."""
    text = inspect.cleandoc(getattr(thing, "__doc__", None) or "").split("\n\n")[0]
    text = re.sub(r"\s*\([^()]*(?:\bM\d{3}|docs/odd\.md|model\.md)[^()]*\)", "", " ".join(text.split()))
    return text.split(". ")[0].rstrip(".").replace("``", "`")


def plan(parts: Sequence[Part] = MONTH) -> list[dict[str, Any]]:
    """The parts of a month in order.

    Args:
        parts: Parts of the month; others than `MONTH` make another model (docs/mesa.md).

    Returns:
        For each part ``order`` (from 1), ``step`` (of docs/odd.md), ``part`` (its name), ``what`` (what happens),
        ``at_risk`` (whom it asks) and ``rules``, a list with a row for each rule that competes: ``channel``,
        ``what``, ``enters`` (code of the state its winners move to) and ``cause``, both None where `settle` says what
        follows, ``notes`` (names of register events), ``mechanisms``, ``source`` and ``grade``.
    """
    return [
        {
            "order": order,
            "step": part.step,
            "part": part.name,
            "what": first_sentence(type(part)),
            "at_risk": _at_risk(part),
            "rules": [_rule(rule) for rule in part.rules],
        }
        for order, part in enumerate(parts, start=1)
    ]


def _at_risk(part: Part) -> str:
    """The at-risk set in the words of the part's own method; a part without one asks nobody."""
    method = type(part).at_risk
    return "nobody is asked" if method is Part.at_risk else first_sentence(method)


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "channel": rule.channel,
        "what": first_sentence(rule.hazard),
        "enters": None if rule.enters is None else state_code(rule.enters),
        "cause": rule.cause,
        "notes": tuple(event.name.lower() for event in rule.notes),
        "mechanisms": rule.mechanisms,
        "source": rule.source,
        "grade": rule.grade,
    }


class _Timed(Part):
    """A part whose stages are timed; it does what the part does.

    Args:
        part: The part.
    """

    def __init__(self, part: Part) -> None:
        self._part = part
        self.name, self.step, self.rules, self.options = part.name, part.step, part.rules, part.options
        self.seconds = dict.fromkeys(STAGES, 0.0)

    def begin(self, world: World, at: At) -> None:
        before = time.process_time()
        self._part.begin(world, at)
        self.seconds["begin"] += time.process_time() - before

    def at_risk(self, world: World, at: At) -> npt.NDArray[np.int64]:
        before = time.process_time()
        rows = self._part.at_risk(world, at)
        self.seconds["at_risk"] += time.process_time() - before
        return rows

    def decide(self, world: World, at: At, rows: npt.NDArray[np.int64]) -> Decided:
        before = time.process_time()
        decided = self._part.decide(world, at, rows)
        self.seconds["decide"] += time.process_time() - before
        return decided

    def settle(self, world: World, at: At, decided: Decided) -> None:
        before = time.process_time()
        self._part.settle(world, at, decided)
        self.seconds["settle"] += time.process_time() - before


def timing(
    scenario: Scenario,
    draw: Mapping[str, float],
    *,
    seed: int = 2021,
    scale: float = 0.2,
    parts: Sequence[Part] = MONTH,
) -> list[dict[str, Any]]:
    """Where the time of one replicate goes, from 2009-01 to the end of a scenario.

    Args:
        scenario: A resolved scenario.
        draw: Value of every parameter by name.
        seed: Random seed of the run.
        scale: Size of the population relative to Norway's, above 0 to 1.
        parts: Parts of a month, as in `plan`.

    Returns:
        A row for each part, and a last one, `REST`, for what is outside the parts: ``part``, process time in seconds
        (``seconds`` and one of ``begin``, ``at_risk``, ``decide``, ``settle`` each; None in the last row),
        ``share`` of the whole, and ``microseconds`` per person-month.
    """
    timed = [_Timed(part) for part in parts]
    world = start(Values(scenario.levers, draw, scale), Draws(seed, 0))
    person_months = 0
    before = time.process_time()
    for _ in range(world.values.months):
        advance_month(world, timed)
        person_months += persons_here(world)
    whole = time.process_time() - before
    rows: list[dict[str, Any]] = [
        {"part": part.name, "seconds": sum(part.seconds.values()), **part.seconds} for part in timed
    ]
    rest = whole - sum(row["seconds"] for row in rows)
    rows.append({"part": REST, "seconds": rest, **dict.fromkeys(STAGES)})
    for row in rows:
        row["share"] = row["seconds"] / whole
        row["microseconds"] = row["seconds"] * 1e6 / max(1, person_months)
    return rows
