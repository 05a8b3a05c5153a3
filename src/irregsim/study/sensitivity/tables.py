"""What drives the key figures of a comparison, and when they turn: ``sensitivity``, ``chance`` and ``turns``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from irregsim.model.parameters import parameters
from irregsim.study.comparison.differences import Effects
from irregsim.study.comparison.key_figures import key_outcomes, window_values
from irregsim.study.comparison.series import FloatArray
from irregsim.study.sensitivity.boxes import find_box
from irregsim.study.sensitivity.shares import FEWEST_DRAWS, chance_apart, first_order

if TYPE_CHECKING:
    import pandas as pd

#: What is looked at: an outcome in the reference, or how much a scenario changes it.
LEVEL, DIFFERENCE = "level", "difference"

#: Columns of the table of shares.
COLUMNS: Final = (
    "scenario",
    "outcome",
    "quantity",
    "parameter",
    "grade",
    "group",
    "share",
    "share_lo",
    "share_hi",
    "stands_out",
    "by_chance",
    "mean",
    "at_low",
    "at_high",
    "draws",
)

#: Columns of the table of boxes in which a finding turns. A row for each limit.
TURN_COLUMNS: Final = (
    "scenario",
    "outcome",
    "parameter",
    "grade",
    "low",
    "high",
    "share_turned",
    "coverage",
    "density",
    "by_chance",
    "is_clear",
    "draws",
)

#: Columns of the table of random variation.
CHANCE_COLUMNS: Final = ("scenario", "outcome", "quantity", "share", "share_lo", "share_hi", "per_draw", "draws")


@dataclass(frozen=True)
class Driver:
    """Something that varies over the draws or points of a study.

    Attributes:
        name: Of a parameter, or of a range as the study has it.
        grade: Of a parameter; empty for a lever or assumption.
        group: Of a parameter; empty for what a study varies itself.
    """

    name: str
    grade: str = ""
    group: str = ""


def share_rows(
    key: tuple[str, str, str], drivers: Sequence[Driver], columns: FloatArray, values: FloatArray
) -> list[tuple[Any, ...]]:
    """Rows of the table of shares for one quantity, the largest share first.

    Args:
        key: Scenario, outcome, quantity.
        drivers: What varies.
        columns: Its values, shape (draws, drivers); every column varies.
        values: The quantity in every draw, shape (draws,), not all the same.

    Returns:
        One for each driver, as `COLUMNS` has them.
    """
    found = first_order(columns, values)
    third = len(values) // 3
    order = np.argsort(columns, axis=0, kind="stable")
    low, high = values[order[:third]].mean(axis=0), values[order[-third:]].mean(axis=0)
    rows = []
    for i in np.argsort(-found.share, kind="stable"):
        one = drivers[i]
        shown = (float(found.share[i]), float(found.lo[i]), float(found.hi[i]), bool(found.stands_out[i]))
        ends = (found.by_chance, float(values.mean()), float(low[i]), float(high[i]), len(values))
        rows.append((*key, one.name, one.grade, one.group, *shown, *ends))
    return rows


def quantities(all_effects: Sequence[Effects]) -> Iterator[tuple[str, str, str, FloatArray]]:
    """Every key figure in percent of the reference's mean.

    Yields:
        Scenario, outcome, quantity and the values of all replicates. The level is that of the reference, which is
        given once. Percent tell no levels, so that what nobody counts can be shown.
    """
    for number, effect in enumerate(all_effects):
        for _, outcome in key_outcomes():
            found = window_values(effect, outcome) if outcome in effect.difference else None
            if found is None:
                continue
            reference, difference = found
            base = float(reference.mean())
            unit = 100.0 / base if base > 0.0 else float("nan")
            if number == 0 and np.isfinite(unit):
                yield effect.pair.reference.name, outcome, LEVEL, reference * unit
            if np.isfinite(unit):
                yield effect.pair.name, outcome, DIFFERENCE, difference * unit


def sensitivity_tables(all_effects: Sequence[Effects], draws: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Shares of the variance of every key figure.

    Args:
        all_effects: From `differences.effects`.
        draws: Column ``draw`` and one for every parameter, a row for each replicate.

    Returns:
        ``sensitivity``: the shares, columns `COLUMNS`, the largest of an outcome first:
        ``mean`` over draws, ``at_low`` and ``at_high``
        the means over the third of the draws in which the parameter is lowest and highest, all in percent of the
        reference's mean; no rows with fewer than `FEWEST_DRAWS` draws. ``chance``:
        random variation, columns `CHANCE_COLUMNS`; no rows where no draw has several replicates. ``turns``: limits of
        the box of draws in which the sign of a difference is not that of its mean, columns `TURN_COLUMNS`; no rows
        where too few draws turn (`boxes.find_box`).
    """
    import pandas as pd

    numbers, first, place = np.unique(draws["draw"].to_numpy(), return_index=True, return_inverse=True)
    one_each = draws.iloc[first]
    known = [one for name, one in parameters().items() if name in draws]
    columns = np.stack([one_each[one.name].to_numpy(dtype="float64") for one in known], axis=1)
    # A parameter that is fixed, or left out, is the same in every draw.
    varies = [i for i in range(len(known)) if np.ptp(columns[:, i]) > 0.0]
    known, columns = [known[i] for i in varies], columns[:, varies]
    drivers = [Driver(one.name, one.grade, one.group) for one in known]
    rows, apart, turned = [], [], []
    for scenario, outcome, quantity, values in quantities(all_effects):
        if not np.ptp(values) > 1e-9:
            continue
        key = (scenario, outcome, quantity)
        if (chance := chance_apart(values, draws["draw"].to_numpy())) is not None:
            apart.append((*key, chance.share, chance.lo, chance.hi, chance.per_draw, len(numbers)))
        means = np.bincount(place, weights=values) / np.bincount(place)
        if len(numbers) < FEWEST_DRAWS or not np.ptp(means) > 1e-9:
            continue
        rows += share_rows(key, drivers, columns, means)
        cases = means * means.mean() < 0.0
        box = find_box(columns, cases) if quantity == DIFFERENCE else None
        if box is None:
            continue
        for i, lowest, highest in box.limits:
            told = (float(cases.mean()), box.coverage, box.density, box.by_chance, box.is_clear, len(numbers))
            turned.append((scenario, outcome, known[i].name, known[i].grade, lowest, highest, *told))
    return {
        "sensitivity": pd.DataFrame(rows, columns=list(COLUMNS)),
        "chance": pd.DataFrame(apart, columns=list(CHANCE_COLUMNS)),
        "turns": pd.DataFrame(turned, columns=list(TURN_COLUMNS)),
    }
