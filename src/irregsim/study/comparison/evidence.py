"""Which evidence carries a finding: share of an effect's variance over draws by group and grade of the parameters.

There are more parameters than draws, so no regression on all of them could be made; but groups of them can be
separated. The model is ridge regression with a penalty for each group (a random effect for each parameter, with a
variance that its group shares): the covariance of the effects of two draws is the sum over groups of the group's
variance share times the mean product of their standardised parameters. The shares are fitted jointly, by least squares
over all pairs of draws (Haseman and Elston 1972; for many predictors Yang et al. 2010, Nature Genetics 42), which is
unbiased however many parameters a group has, and however parameters of a posterior are correlated.

Many groups, each a little above zero by chance, would add up to a lot. So groups enter one after the other (forward
selection), the one farthest above the level of chance first, and only while it is above what the best of all groups
reaches in 95 % of permutations of the effect. What does not enter has no share. What is left, ``chance``, is random
variation and what no group explains: curvature, interactions, and groups too weak to be detected with so many draws.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from irregsim.model.draws import mix, mix_array
from irregsim.model.parameters import parameter_groups
from irregsim.study.comparison.differences import Effects
from irregsim.study.comparison.key_figures import key_outcomes, window_values
from irregsim.study.comparison.responses import standardised
from irregsim.study.comparison.series import FloatArray
from irregsim.study.comparison.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd

#: With fewer distinct draws nothing is said.
FEWEST_DRAWS: Final = 60

#: Group of what no parameter explains.
CHANCE: Final = "chance"

#: Permutations of the effect, and how often the best of all groups may pass by chance.
PERMUTATIONS: Final = 400
FALSE_ALARM: Final = 0.05

COLUMNS: Final = TABLES["evidence"].names

#: Group and grade of parameters.
Key = tuple[str, str]


@dataclass(frozen=True)
class Share:
    """Share of the variance of one group.

    Attributes:
        share: 0 to 1; 0 for a group that does not enter.
        error: Standard error of the estimate, from leaving out one draw at a time (jackknife). Missing for `CHANCE`
            where no group enters: that all is random variation is then no estimate, but what is left where nothing is
            clear.
        by_chance: Share that a group like this one reaches by chance in one of twenty permutations, 0 or more.
        enters: Whether it differs clearly from what chance gives.
    """

    share: float
    error: float
    by_chance: float
    enters: bool


class Design:
    """Sums over pairs of draws that do not depend on the effect.

    Args:
        columns: Standardised parameters, shape (draws, parameters).
        groups: Group of each parameter.
    """

    def __init__(self, columns: FloatArray, groups: Sequence[Key]) -> None:
        n = len(columns)
        self.names = tuple(dict.fromkeys(groups))
        parts = [np.ones((n, 1))]
        for name in self.names:
            parts.append(columns[:, [group == name for group in groups]])
        #: Each group's columns, so that inner products are mean products; first the constant, for pairs in common.
        self._parts = [part / np.sqrt(part.shape[1]) for part in parts]
        self._own = np.stack([(part**2).sum(axis=1) for part in self._parts])
        size = len(parts)
        self._rows = np.empty((size, size, n))
        for a in range(size):
            for b in range(a, size):
                crossed = (self._parts[a] @ (self._parts[a].T @ self._parts[b]) * self._parts[b]).sum(axis=1)
                self._rows[a, b] = self._rows[b, a] = crossed - self._own[a] * self._own[b]
        self._pairs = self._rows.sum(axis=2)
        turns = [np.argsort(mix_array(np.arange(n, dtype=np.uint64) ^ np.uint64(mix(j)))) for j in range(PERMUTATIONS)]
        self._turns: npt.NDArray[np.int64] = np.array(turns)

    def _sums(self, effects: FloatArray) -> FloatArray:
        """Sum over pairs of mean product of parameters times product of effects: shape (groups, sets of effects)."""
        out = []
        for part, own in zip(self._parts, self._own, strict=True):
            out.append(((part.T @ effects) ** 2).sum(axis=0) - own @ effects**2)
        return np.stack(out)

    def shares(self, effect: FloatArray) -> dict[Key, Share]:
        """Share of the variance of an effect by group.

        Args:
            effect: Shape (draws,), not all the same.

        Returns:
            Every group, then `CHANCE` (the remainder, which always enters); the shares add up to 1.
        """
        value = standardised(effect)
        sums = self._sums(value[:, None])[:, 0]
        turned = self._sums(value[self._turns].T)
        chosen: list[int] = []
        limits = np.zeros(len(self.names))
        left = list(range(1, len(self.names) + 1))
        while left:
            found, by_chance = np.empty(len(left)), np.empty((len(left), PERMUTATIONS))
            for place, group in enumerate(left):
                told = [0, *chosen, group]
                # Groups that hold the same parameters cannot be separated; least squares divides the share between
                # them.
                inverse = np.linalg.pinv(self._pairs[np.ix_(told, told)])[-1]
                found[place], by_chance[place] = inverse @ sums[told], inverse @ turned[told]
            spread = by_chance.std(axis=1)
            spread = np.where(spread > 0, spread, np.inf)
            if not chosen:
                limits[:] = np.quantile(by_chance, 1.0 - FALSE_ALARM, axis=1)
            best = int(np.argmax(found / spread))
            if found[best] / spread[best] <= np.quantile((by_chance / spread[:, None]).max(axis=0), 1.0 - FALSE_ALARM):
                break
            chosen.append(left.pop(best))
        return self._told(value, sums, chosen, limits)

    def _told(self, value: FloatArray, sums: FloatArray, chosen: Sequence[int], limits: FloatArray) -> dict[Key, Share]:
        n = len(value)
        estimate = np.zeros(len(self.names) + 1)
        without = np.zeros((n, len(self.names) + 1))
        for group in range(1, len(self.names) + 1):
            # A group that does not enter has the error that it would have together with those that do.
            told = [0, *chosen] if group in chosen else [0, *chosen, group]
            solved = self._solved(told, value, sums)
            place = told.index(group)
            without[:, group] = solved[1:, place]
            if group in chosen:
                estimate[group] = min(1.0, max(0.0, solved[0, place]))
        total = max(1.0, estimate.sum())
        spread = np.sqrt((n - 1) / n * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
        all_chosen = without[:, list(chosen)].sum(axis=1)
        rest = float(np.sqrt((n - 1) / n * ((all_chosen - all_chosen.mean()) ** 2).sum())) if chosen else float("nan")
        out = {
            name: Share(float(estimate[i] / total), float(spread[i]), max(0.0, float(limits[i - 1])), i in chosen)
            for i, name in enumerate(self.names, start=1)
        }
        out[CHANCE, ""] = Share(float(max(0.0, 1.0 - estimate.sum() / total)), rest, 0.0, True)
        return out

    def _solved(self, told: Sequence[int], value: FloatArray, sums: FloatArray) -> FloatArray:
        """Shares of some groups together, with all draws and then without each: shape (1 + draws, groups)."""
        at = np.ix_(told, told)
        rows = np.stack([value * (self._parts[g] @ (self._parts[g].T @ value)) - value**2 * self._own[g] for g in told])
        # Without a draw, all pairs with it are gone, in both orders.
        pairs = np.concatenate([self._pairs[at][None], self._pairs[at] - 2.0 * np.moveaxis(self._rows[at], 2, 0)])
        right = np.concatenate([sums[list(told)][None], sums[list(told)] - 2.0 * rows.T])
        # Shares of the variance among the draws that are left.
        n = len(value)
        variance = np.append(1.0, (n - value**2) / (n - 1) - (value / (n - 1)) ** 2)
        return np.asarray(np.einsum("iab,ib->ia", np.linalg.pinv(pairs), right) / variance[:, None])


def shares(effect: FloatArray, columns: FloatArray, groups: Sequence[Key]) -> Mapping[Key, Share]:
    """Share of the variance of one effect by group, as `Design.shares`."""
    return Design(columns, groups).shares(effect)


def evidence(all_effects: Sequence[Effects], draws: pd.DataFrame) -> pd.DataFrame:
    """Shares of every key figure's variance over draws by group and grade of parameters.

    Args:
        all_effects: From `differences.effects`.
        draws: Column ``draw`` and one for every parameter, a row for each replicate.

    Returns:
        Columns `COLUMNS`: ``group`` as docs/odd.md groups parameters, ``grade`` A to D; group ``chance`` has no grade
        (empty), and no ``error`` where no group enters. The effect of a draw is the mean of its replicates. No rows
        with fewer than `FEWEST_DRAWS` distinct draws, and none for effects that do not vary.
    """
    import pandas as pd

    numbers, first, place = np.unique(draws["draw"].to_numpy(), return_index=True, return_inverse=True)
    rows = []
    if len(numbers) >= FEWEST_DRAWS:
        one_each = draws.iloc[first]
        named = [(group, what) for group, members in parameter_groups().items() for what in members]
        named = [(group, what) for group, what in named if what.name in draws]
        table = np.stack([standardised(one_each[what.name].to_numpy(dtype="float64")) for _, what in named], axis=1)
        varies = [i for i in range(table.shape[1]) if table[:, i].any()]
        design = Design(table[:, varies], [(named[i][0], named[i][1].grade) for i in varies])
        for effect in all_effects:
            for _, outcome in key_outcomes():
                found = window_values(effect, outcome) if outcome in effect.difference else None
                if found is None:
                    continue
                means = np.bincount(place, weights=found[1]) / np.bincount(place)
                if not standardised(means).any():
                    continue
                for (group, grade), told in design.shares(means).items():
                    cells = (told.share, told.error, told.by_chance, told.enters, len(numbers))
                    rows.append((effect.pair.name, outcome, group, grade, *cells))
    return pd.DataFrame(rows, columns=list(COLUMNS))
