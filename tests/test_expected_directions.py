"""What shipped scenarios expect, compared with paired runs.

Each declared `up` or `down` is tested on twelve paired replicates at a fifth of the population, over the 36 months from
the scenario's first change, against its parent. False alarms: a scenario without the effect passes with probability
0.01 (`SEEN`); one with the effect is said to move the other way with probability below 0.001 (`OPPOSITE`). Seeds are
fixed, so a direction that passes once passes until the model or the scenario changes. Nothing is learned from this
about the world: directions that rest on `construction` say that the model does what it was built to do.
"""

from __future__ import annotations

import numpy as np
import pytest

from helpers import directions
from helpers.directions import OPPOSITE, SEEN, Effect, effects, first_difference, shipped
from irregsim.scenario import shipped_scenarios
from irregsim.vocabulary.codes import month_text

pytestmark = pytest.mark.once

CHILDREN = [name for name in shipped_scenarios() if name != "baseline"]


def verdict(effect: Effect, direction: str) -> str:
    """``seen``, ``opposite`` or ``not seen``."""
    if effect.p_value(direction) < SEEN:
        return "seen"
    return "opposite" if effect.p_value("down" if direction == "up" else "up") < OPPOSITE else "not seen"


@pytest.mark.slow
@pytest.mark.parametrize("name", CHILDREN)
def test_a_scenario_moves_what_it_says(name: str) -> None:
    found = effects(name)
    faults = []
    for expected in shipped(name).expects:
        effect = found[expected.outcome]
        if expected.direction == "unsure":
            # Listed, never failing: `unsure` is no claim.
            print(f"unsure: {effect}")
            continue
        says = verdict(effect, expected.direction)
        print(f"{expected.direction} ({says}): {effect}")
        if says != "seen":
            faults.append(f"{expected.direction} is {says}: {effect}")
    assert faults == []


def test_most_declared_directions_are_sure() -> None:
    directions_ = [expected.direction for name in CHILDREN for expected in shipped(name).expects]
    assert sum(direction != "unsure" for direction in directions_) > len(directions_) / 2


def test_the_month_of_the_first_change() -> None:
    first = {name: month_text(first_difference(shipped(name))) for name in CHILDREN}
    assert first.pop("closures-2017-2020-undone") == "2017-12"
    assert first.pop("no-pandemic") == "2020-03"
    assert first.pop("close-remaining-centres") == "2023-07"
    assert set(first.values()) == {"2023-01"}


@pytest.mark.parametrize(
    ("differences", "up", "down"),
    [
        ([3.0, 4.0, 5.0, 4.0], "seen", "opposite"),
        ([0.0, 0.0, 0.0, 0.0], "not seen", "not seen"),
        ([1.0, 1.0, 1.0, 1.0], "seen", "opposite"),
        ([-3.0, 3.0, -2.0, 2.5], "not seen", "not seen"),
    ],
)
def test_the_test_tells_what_it_should(differences: list[float], up: str, down: str) -> None:
    effect = Effect("stock:synlig", np.array(differences) * (1.0 + 0.0), 10.0)
    assert verdict(effect, "up") == up
    assert verdict(effect, "down") in (down, "not seen")
    assert verdict(Effect("stock:synlig", -effect.differences, 10.0), "down") == up


def test_a_pair_with_the_same_levers_does_not_differ() -> None:
    # What a pair shares is exact: the parent against itself has no difference at all, so none is ever seen.
    name = "fines-tripled"
    first = first_difference(shipped(name))
    past = directions.branch(directions.baseline_past(first), directions.levers_of(name, "parent"))
    one, other = (directions.measures(directions.advance(past.copy(), 2), first) for _ in range(2))
    assert one == other
