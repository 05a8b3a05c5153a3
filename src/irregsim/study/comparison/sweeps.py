"""A sweep: one scenario with one setting at several values, or with two at every pair of them (table ``sweep``).

Every cell is compared with the scenario as it is, which has the value that it has. With two settings there is more than
the effect of each: their *interaction* is what both do together less what each does alone, replicate by replicate.
Where it is zero, the effects add up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from irregsim.study.comparison.differences import Effects
from irregsim.study.comparison.key_figures import effect_row, finished, key_outcomes, values_since
from irregsim.study.comparison.pairs import Runs
from irregsim.study.comparison.series import FloatArray, is_averaged

if TYPE_CHECKING:
    import pandas as pd

#: What a row of the table is.
EFFECT: Final = "effect"
INTERACTION: Final = "interaction"


@dataclass(frozen=True)
class Axis:
    """A setting that is varied.

    Attributes:
        key: Its full path in a scenario file.
        values: Its values as written, in their order.
        base: Its value in the scenario as it is; empty where that changes over time.
        since: Month from which it is varied, ``YYYY-MM``; empty for the whole period.
    """

    key: str
    values: tuple[str, ...]
    base: str = ""
    since: str = ""


@dataclass(frozen=True)
class Design:
    """Which scenario of a sweep has which values.

    Attributes:
        axes: One or two settings.
        cells: Name of a scenario to its value on each axis; empty where it is as in the scenario as it is.
    """

    axes: tuple[Axis, ...]
    cells: Mapping[str, tuple[str, ...]]

    def to_mapping(self) -> dict[str, Any]:
        """As pictures and pages need it."""
        axes = [{"key": a.key, "values": list(a.values), "base": a.base, "since": a.since} for a in self.axes]
        return {"axes": axes, "cells": {name: list(values) for name, values in self.cells.items()}}

    def alone(self, name: str) -> tuple[str, str] | None:
        """The cells that have one value each of a cell with two; None for others, and where one is not there."""
        values = self.cells[name]
        if len(values) < 2 or not all(values):
            return None
        by_values = {cell: other for other, cell in self.cells.items()}
        first, second = by_values.get((values[0], "")), by_values.get(("", values[1]))
        return None if first is None or second is None else (first, second)


def sweep(runs: Runs, effects: list[Effects], design: Design) -> pd.DataFrame:
    """The effect in every cell, and the interaction in every cell of two settings.

    Args:
        runs: The runs; the reference is the scenario as it is.
        effects: From `differences.effects`.
        design: The sweep.

    Returns:
        Columns of the table ``sweep``: ``scenario``, ``vary_1``, ``value_1``, ``vary_2``, ``value_2`` (empty with one
        setting, and where a cell has the value of the reference), ``part`` (`EFFECT` or `INTERACTION`), then as
        `key_figures.key_figures`. All cells are over the same months: from the first in which any of them differs.
    """
    since = min(effect.pair.since for effect in effects)
    by_name = {effect.pair.name: effect for effect in effects}
    keys = [axis.key for axis in design.axes] + [""] * (2 - len(design.axes))
    rows: list[dict[str, Any]] = []
    for name, effect in by_name.items():
        values = [*design.cells[name], "", ""][:2]
        alone = design.alone(name)
        for panel, outcome in key_outcomes():
            parts = {EFFECT: _values(effect, outcome, since)}
            if alone is not None:
                first, second = (_values(by_name[a], outcome, since) for a in alone)
                parts[INTERACTION] = _interaction(parts[EFFECT], first, second, len(effect.pair.months))
            for part, found in parts.items():
                if found is None:
                    continue
                unit, draws = effect.units.get(outcome, ""), runs.draw_numbers
                # Two rises that do not add up can have an interaction larger than all there was.
                told = effect_row(outcome, *found, unit, draws, is_part=part == EFFECT)
                rows.append(
                    {
                        "scenario": name,
                        **{f"vary_{i}": key for i, key in enumerate(keys, start=1)},
                        **{f"value_{i}": value for i, value in enumerate(values, start=1)},
                        "part": part,
                        "outcome": outcome,
                        "panel": panel,
                        "since": since,
                        "to": effect.pair.months[-1],
                        "kind": "mean" if is_averaged(outcome) else "sum",
                        **told,
                    }
                )
    return finished(rows, ["vary_1", "value_1", "vary_2", "value_2", "part", "outcome", "panel"])


def _values(effect: Effects, outcome: str, since: str) -> tuple[FloatArray, FloatArray] | None:
    return values_since(effect, outcome, since) if outcome in effect.difference else None


def _interaction(
    both: tuple[FloatArray, FloatArray] | None,
    first: tuple[FloatArray, FloatArray] | None,
    second: tuple[FloatArray, FloatArray] | None,
    months: int,
) -> tuple[FloatArray, FloatArray] | None:
    """Reference, and what both do less what each does alone; each of shape (replicates,).

    What is no more than the rounding of three sums over the months is zero: effects that add up have no direction.
    """
    import numpy as np

    if both is None or first is None or second is None:
        return None
    left = both[1] - first[1] - second[1]
    rounding = 3 * months * np.finfo(np.float64).eps * (abs(both[0]) + abs(both[1]) + abs(first[1]) + abs(second[1]))
    return both[0], np.where(abs(left) <= rounding, 0.0, left)
