"""Paired differences month by month: table ``differences``.

Each row summarises the differences between a scenario and the reference in the same replicate. Intervals are quantiles
over replicates: with one draw they cover random variation only, with several draws also parameter uncertainty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from irregsim.study.comparison.pairs import Pair, Runs
from irregsim.study.comparison.relative import in_percent
from irregsim.study.comparison.series import INDEX, Collected, collect, hidden_index, is_averaged
from irregsim.study.comparison.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]

#: Ends of the intervals by column.
ENDS: Final = {"lo": 0.025, "hi": 0.975, "lo80": 0.1, "hi80": 0.9, "lo50": 0.25, "hi50": 0.75}

COLUMNS: Final = TABLES["differences"].names


@dataclass(frozen=True)
class Effects:
    """Series of a scenario and of the reference.

    Attributes:
        pair: The two runs.
        outcomes: Outcomes that either of them has, rising.
        reference: Values of the reference by outcome, each of shape (months, replicates); missing where the outcome
            has no value in that month.
        difference: Scenario less reference, likewise.
        units: Unit by outcome.
    """

    pair: Pair
    outcomes: tuple[str, ...]
    reference: dict[str, FloatArray]
    difference: dict[str, FloatArray]
    units: dict[str, str]


def effects(runs: Runs) -> list[Effects]:
    """Series of every scenario and the reference, which is read once."""
    base = collect(runs.reference)
    return [_effects(pair, base, collect(pair.scenario)) for pair in runs.pairs]


def _effects(pair: Pair, base: Collected, changed: Collected) -> Effects:
    shape = (len(base.months), pair.reference.replicates)
    reference: dict[str, FloatArray] = {}
    difference: dict[str, FloatArray] = {}
    for outcome in sorted({*base.values, *changed.values}):
        # What a run has no rows of did not happen there.
        one, other = (side.values.get(outcome, np.zeros(shape)) for side in (base, changed))
        reference[outcome], difference[outcome] = one, other - one
    index = hidden_index(base, changed)
    reference[INDEX], difference[INDEX] = np.where(np.isfinite(index), 100.0, np.nan), index - 100.0
    units = {**base.units, **changed.units, INDEX: "index"}
    return Effects(pair, tuple(sorted(reference)), reference, difference, units)


def mc_error(values: FloatArray, draws: npt.NDArray[np.int64]) -> FloatArray:
    """Monte Carlo error of the mean over replicates.

    Replicates of one draw are not independent of each other where the draws differ: with several replicates for each
    of two draws or more, the error is that of the mean over draws.

    Args:
        values: Shape (..., replicates), 2 replicates or more.
        draws: Number of the draw of every replicate, shape (replicates,).

    Returns:
        Shape (...).
    """
    numbers, place, counts = np.unique(draws, return_inverse=True, return_counts=True)
    if len(numbers) == 1 or len(numbers) == len(draws):
        return np.asarray(values.std(axis=-1, ddof=1) / np.sqrt(values.shape[-1]))
    means = np.stack([values[..., place == i].mean(axis=-1) for i in range(len(numbers))], axis=-1)
    weights = counts / counts.sum()
    far = weights * (means - values.mean(axis=-1, keepdims=True))
    return np.asarray(np.sqrt((far**2).sum(axis=-1) * len(numbers) / (len(numbers) - 1)))


def variance_saved(reference: FloatArray, difference: FloatArray) -> FloatArray:
    """Share of the variance of a difference that pairing takes away: 1 less var(a - b) / (var a + var b).

    Args:
        reference: Values of the reference, shape (..., replicates).
        difference: Scenario less reference, likewise.

    Returns:
        At most 1; below 0 where pairing adds variance; 0 where nothing varies.
    """
    apart = reference.var(axis=-1) + (reference + difference).var(axis=-1)
    return np.asarray(np.where(apart > 0, 1.0 - difference.var(axis=-1) / np.where(apart > 0, apart, 1.0), 0.0))


def statistics(values: FloatArray, draws: npt.NDArray[np.int64]) -> dict[str, FloatArray]:
    """Statistics of paired differences.

    Args:
        values: Differences, shape (..., replicates).
        draws: Number of the draw of every replicate.

    Returns:
        ``mean``, ``median``, the columns of `ENDS`, ``share_of_draws_positive``, ``share_of_draws_negative`` (shares
        of the replicates) and ``mc_se``, each of shape (...).
    """
    cuts = np.quantile(values, [0.5, *ENDS.values()], axis=-1)
    return {
        "mean": values.mean(axis=-1),
        "median": cuts[0],
        **{name: cuts[i] for i, name in enumerate(ENDS, start=1)},
        "share_of_draws_positive": (values > 0).mean(axis=-1),
        "share_of_draws_negative": (values < 0).mean(axis=-1),
        "mc_se": mc_error(values, draws),
    }


def differences(all_effects: Sequence[Effects], draws: npt.NDArray[np.int64]) -> pd.DataFrame:
    """Paired differences of every scenario, outcome and month.

    Args:
        all_effects: From `effects`.
        draws: Number of the draw of every replicate.

    Returns:
        Columns as in `COLUMNS`, rows by scenario, outcome and month; no missing values: a month in which an outcome
        has no value in some replicate has no row. ``cumulative_*`` are about the sum of the differences so far, for
        outcomes that are averaged and no `stock:` (durations, the index, a register of a stock) of their mean since the
        change. ``percent_*`` are ends of the ratios of the replicates (`relative.in_percent`), those so far over
        the sum of the reference since the change.
    """
    import pandas as pd

    parts = []
    for effect in all_effects:
        months = np.asarray(effect.pair.months)
        for outcome in effect.outcomes:
            difference, reference = effect.difference[outcome], effect.reference[outcome]
            whole = np.isfinite(difference).all(axis=1)
            if not whole.any():
                continue
            difference, reference, told = difference[whole], reference[whole], months[whole]
            total = np.cumsum(difference, axis=0)
            if is_averaged(outcome) and not outcome.startswith("stock:"):
                total = total / np.maximum(np.cumsum(told >= effect.pair.since), 1)[:, None]
            ends = np.quantile(total, [ENDS["lo"], ENDS["hi"]], axis=1)
            ratio = np.quantile(in_percent(difference, reference), [0.5, *ENDS.values()], axis=1)
            so_far = np.cumsum(np.where((told >= effect.pair.since)[:, None], reference, 0.0), axis=0)
            ratio_so_far = in_percent(np.cumsum(difference, axis=0), so_far)
            ratio_ends = np.quantile(ratio_so_far, [ENDS["lo"], ENDS["hi"]], axis=1)
            columns = {
                "month": told,
                "scenario": effect.pair.name,
                "outcome": outcome,
                **statistics(difference, draws),
                "reference_mean": reference.mean(axis=1),
                "cumulative_mean": total.mean(axis=1),
                "cumulative_lo": ends[0],
                "cumulative_hi": ends[1],
                "variance_saved": variance_saved(reference, difference),
                "n": difference.shape[1],
                **{f"percent_{name}": ratio[i] for i, name in enumerate(("median", *ENDS))},
                "percent_cumulative_lo": ratio_ends[0],
                "percent_cumulative_hi": ratio_ends[1],
            }
            parts.append(pd.DataFrame(columns))
    table = pd.concat(parts, ignore_index=True)[list(COLUMNS)]
    assert not table.isna().to_numpy().any(), "a row without a number must not be there"
    return table
