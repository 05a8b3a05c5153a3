"""What the effects of a study depend on: shares of their variance over its points, with random variation apart.

Two families are looked at, each against chance on its own: what the study varies (levers, assumptions and parameters
with a range), and all other parameters of the draws. Points fill the ranges evenly and independently, so shares of the
first do not hold what others contribute; those of the second may, as in a comparison.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from irregsim.model.parameters import parameters
from irregsim.study.exploration.design import Axis, FloatArray
from irregsim.study.sensitivity.shares import FEWEST_DRAWS, chance_apart
from irregsim.study.sensitivity.tables import CHANCE_COLUMNS, COLUMNS, DIFFERENCE, LEVEL, Driver, share_rows

if TYPE_CHECKING:
    import pandas as pd

    from irregsim.study.exploration.tables import Explored

#: Place of a share in a row of `COLUMNS`.
_SHARE = COLUMNS.index("share")

#: What varies less is the same everywhere, but for the rounding of sums.
_SAME = 1e-9


def driver_tables(done: Explored) -> dict[str, pd.DataFrame]:
    """Shares of the variance of every effect of a study, and of every outcome in its reference.

    Args:
        done: The study.

    Returns:
        ``drivers``: columns `COLUMNS`, ``parameter`` with the names of ranges among those of parameters, the largest
        share of an outcome first. The other parameters of the draws are there from `FEWEST_DRAWS` points on.
        ``chance``: random variation, columns `CHANCE_COLUMNS`; no rows without repeats.
    """
    import pandas as pd

    drawn = done.drawn() if done.study.points >= FEWEST_DRAWS else {}
    known = parameters()
    others = [Driver(name, known[name].grade, known[name].group) for name in drawn]
    rows: list[tuple[Any, ...]] = []
    for policy, key, values in _quantities(done):
        if not np.ptp(values) > _SAME:
            continue
        mine = [(_driver(axis), column) for axis, column in done.axes_of(policy) if np.ptp(column) > 0.0]
        families = (mine, list(zip(others, drawn.values(), strict=True)))
        found = [
            row
            for family in families
            if family
            for row in share_rows(key, [one for one, _ in family], np.stack([x for _, x in family], axis=1), values)
        ]
        rows += sorted(found, key=lambda row: -row[_SHARE])
    return {
        "drivers": pd.DataFrame(rows, columns=list(COLUMNS)),
        "chance": pd.DataFrame(_chance(done), columns=list(CHANCE_COLUMNS)),
    }


def _driver(axis: Axis) -> Driver:
    """A range; of a parameter with its grade, since that is of what is inside the range too."""
    return Driver(axis.name, parameters()[axis.name].grade if axis.is_parameter else "")


def _quantities(done: Explored) -> Iterator[tuple[str, tuple[str, str, str], FloatArray]]:
    """For whom the ranges hold, scenario, outcome and quantity, and its values in percent of the mean reference."""
    for i, j, policy, outcome, _, _ in done.cases():
        if i == 0:
            reference = done.reference[i, j]
            yield done.study.reference, (done.study.reference, outcome, LEVEL), 100.0 * reference / reference.mean()
        yield policy, (policy, outcome, DIFFERENCE), done.scaled(i, j)


def _chance(done: Explored) -> Iterator[tuple[Any, ...]]:
    """Random variation of a single simulation of a point, from repeats of it."""
    if done.each is None:
        return
    points, repeats = done.study.points, done.study.repeats
    number = np.repeat(np.arange(points), repeats)
    for i, j, policy, outcome, _, _ in done.cases():
        sides = ((LEVEL, done.study.reference), (DIFFERENCE, policy))
        for (quantity, name), values in zip(sides, done.each, strict=True):
            if quantity == LEVEL and i > 0:
                continue
            if (chance := chance_apart(values[i, j].reshape(-1), number)) is not None:
                yield (name, outcome, quantity, chance.share, chance.lo, chance.hi, chance.per_draw, points)
