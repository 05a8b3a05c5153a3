"""Which evidence carries a finding: share of an effect's variance by group and grade of the parameters.

The effect of a replicate (a key figure) is regressed on one standardised parameter at a time. Where parameters are
drawn independently of each other, as from the priors, the squared correlations add up to the R2 of the regression on
all of them, which could not be made with more parameters than draws. Each is adjusted for the correlation that n draws
show by chance, r2 - (1 - r2) / (n - 2), and summed over the parameters of a group. Draws of a posterior are
correlated: shares that would exceed 1 together are scaled down to 1. What is left, ``chance``, is chance, curvature
and interplay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from irregsim.comparison.differences import Effects
from irregsim.comparison.key_figures import key_outcomes, window_values
from irregsim.comparison.responses import standardised
from irregsim.comparison.series import FloatArray
from irregsim.odd import parameter_groups

if TYPE_CHECKING:
    import pandas as pd

#: With fewer distinct draws nothing is said.
FEWEST_DRAWS: Final = 60

#: Group of what no parameter explains.
CHANCE: Final = "chance"

COLUMNS: Final = ("scenario", "outcome", "group", "grade", "share", "error")


def shares(
    effect: FloatArray, columns: FloatArray, groups: Sequence[tuple[str, str]]
) -> Mapping[tuple[str, str], tuple[float, float]]:
    """Share of the variance of an effect by group.

    Args:
        effect: Shape (n,), n at least 3, not all the same.
        columns: Standardised parameters, shape (n, parameters).
        groups: Group of each parameter.

    Returns:
        Share, 0 to 1, and its standard error by group, then those of `CHANCE` (the remainder). The error is that of a
        sum of squared correlations of independent parameters, 4 r2 (1 - r2)^2 / n + 2 / n^2 each (the first term after
        Fisher 1915, the second of correlations that are none).
    """
    n = len(effect)
    r2 = np.clip((columns.T @ standardised(effect) / n) ** 2, 0.0, 1.0)
    adjusted = r2 - (1.0 - r2) / (n - 2)
    variance = 4.0 * r2 * (1.0 - r2) ** 2 / n + 2.0 / n**2
    out: dict[tuple[str, str], tuple[float, float]] = {}
    for name in dict.fromkeys(groups):
        chosen = np.array([group == name for group in groups])
        out[name] = (max(0.0, float(adjusted[chosen].sum())), float(np.sqrt(variance[chosen].sum())))
    total = sum(share for share, _ in out.values())
    if total > 1.0:
        out = {name: (share / total, error / total) for name, (share, error) in out.items()}
    rest = max(0.0, 1.0 - sum(share for share, _ in out.values()))
    out[CHANCE, ""] = (rest, float(np.sqrt(sum(error**2 for _, error in out.values()))))
    return out


def evidence(all_effects: Sequence[Effects], draws: pd.DataFrame) -> pd.DataFrame:
    """Shares of every key figure's variance by group and grade of parameters.

    Args:
        all_effects: From `differences.effects`.
        draws: Column ``draw`` and one for every parameter, a row for each replicate.

    Returns:
        Columns `COLUMNS`: ``group`` as docs/odd.md groups parameters, ``grade`` A to D; group ``chance`` has no grade
        (empty). No rows with fewer than `FEWEST_DRAWS` distinct draws, and none for effects that do not vary.
    """
    import pandas as pd

    rows = []
    if draws["draw"].nunique() >= FEWEST_DRAWS:
        named = [(group, what) for group, members in parameter_groups().items() for what in members]
        named = [(group, what) for group, what in named if what.name in draws]
        table = np.stack([standardised(draws[what.name].to_numpy(dtype="float64")) for _, what in named], axis=1)
        varies = [i for i in range(table.shape[1]) if table[:, i].any()]
        columns = table[:, varies]
        groups = [(named[i][0], named[i][1].grade) for i in varies]
        for effect in all_effects:
            for _, outcome in key_outcomes():
                found = window_values(effect, outcome) if outcome in effect.difference else None
                if found is None or not standardised(found[1]).any():
                    continue
                for (group, grade), (share, error) in shares(found[1], columns, groups).items():
                    rows.append((effect.pair.name, outcome, group, grade, share, error))
    return pd.DataFrame(rows, columns=list(COLUMNS))
