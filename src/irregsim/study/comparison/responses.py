"""Deterrence or displacement: effects in thirds of the draws by how strongly people respond (table ``responses``).

How departure answers to hardship, arrival to conditions, and walking out and assisted return to the risk of forced
return is not known; the priors of all four include none. Draws are ordered by the mean of the standardised responses,
each of them higher the more policy deters, and split in three. Nothing is fitted here: a third holds the replicates
of its draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from irregsim.study.comparison.differences import Effects
from irregsim.study.comparison.key_figures import key_outcomes, window_values
from irregsim.study.comparison.relative import in_percent
from irregsim.study.comparison.series import FloatArray
from irregsim.study.comparison.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd

#: Parameters by response; those of one response count as one.
RESPONSES: Final = {
    "departure_from_hardship": ("departure_from_hardship_log_ratio",),
    "arrival_from_conditions": ("arrival_from_conditions_log_ratio",),
    "return_risk": ("assisted_risk_slope", "walkout_risk_slope"),
}

#: Thirds, the draws with the strongest response first.
THIRDS: Final = ("deterrence", "between", "displacement")

#: With fewer distinct draws nothing is split: a third would show random variation.
FEWEST_DRAWS: Final = 15

COLUMNS: Final = TABLES["responses"].names


def standardised(values: FloatArray) -> FloatArray:
    """A column less its mean, over its standard deviation; zeros where it does not vary."""
    sd = values.std()
    # A constant column has a standard deviation of rounding errors.
    varies = sd > 1e-12 * max(1.0, float(np.abs(values).max()))
    return (values - values.mean()) / sd if varies else np.zeros_like(values)


def response_score(draws: pd.DataFrame) -> FloatArray | None:
    """How strongly people respond in each replicate: the mean of the standardised responses.

    Args:
        draws: Column ``draw`` and one for every parameter, a row for each replicate.

    Returns:
        Shape (replicates,); None where no response varies.
    """
    parts = []
    for names in RESPONSES.values():
        columns = [standardised(draws[name].to_numpy(dtype="float64")) for name in names if name in draws]
        if columns and any(column.any() for column in columns):
            parts.append(standardised(np.mean(columns, axis=0)))
    return np.mean(parts, axis=0) if parts else None


def thirds(draws: pd.DataFrame) -> npt.NDArray[np.int64] | None:
    """Third of every replicate: 0 for deterrence, 1 between, 2 for displacement.

    Args:
        draws: As in `response_score`. Replicates of one draw are in one third.

    Returns:
        Shape (replicates,); None with fewer than `FEWEST_DRAWS` distinct draws, or where no response varies.
    """
    score = response_score(draws)
    numbers = draws["draw"].to_numpy()
    distinct, first, place = np.unique(numbers, return_index=True, return_inverse=True)
    if score is None or len(distinct) < FEWEST_DRAWS:
        return None
    order = np.argsort(-score[first], kind="stable")
    rank = np.empty(len(order), dtype="int64")
    rank[order] = np.arange(len(order))
    return np.asarray((3 * rank // len(order))[place])


def responses(all_effects: Sequence[Effects], draws: pd.DataFrame) -> pd.DataFrame:
    """Key figures by third.

    Args:
        all_effects: From `differences.effects`.
        draws: As in `response_score`.

    Returns:
        Columns `COLUMNS`; ``n`` counts replicates. No rows where the draws cannot be split.
    """
    import pandas as pd

    third = thirds(draws)
    rows = []
    for effect in all_effects if third is not None else ():
        for _, outcome in key_outcomes():
            found = window_values(effect, outcome) if outcome in effect.difference else None
            if found is None:
                continue
            for number, name in enumerate(THIRDS):
                chosen = found[1][third == number]
                base = found[0][third == number]
                lo, hi = np.quantile(chosen, (0.025, 0.975))
                percent = np.quantile(in_percent(chosen, base), (0.025, 0.975))
                rows.append(
                    {
                        "scenario": effect.pair.name,
                        "outcome": outcome,
                        "third": name,
                        "unit": effect.units.get(outcome, ""),
                        "reference_mean": float(base.mean()),
                        "mean": float(chosen.mean()),
                        "lo": float(lo),
                        "hi": float(hi),
                        "n": len(chosen),
                        "percent_lo": float(percent[0]),
                        "percent_hi": float(percent[1]),
                    }
                )
    return pd.DataFrame(rows, columns=list(COLUMNS))
