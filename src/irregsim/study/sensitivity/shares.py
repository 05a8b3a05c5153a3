"""First-order shares of variance from draws that are there already (a given-data estimator).

The share of a parameter is the part of an output's variance that goes with this parameter alone: Var(E[y|x]) over
Var(y). E[y|x] is fitted by a few cosines of the rank of the parameter over the draws (Plischke 2010, An effective
algorithm for computing global sensitivity indices, Reliability Engineering & System Safety 95). Cosines of ranks are
orthonormal whatever the distribution of the parameter, and a fit of M of them to noise alone explains M/(n-1) of the
variance, which is taken away. Of something with a few values, such as a choice, the mean at each is fitted. Nothing is
simulated for it.

Parameters of a posterior may go together. The share of one then holds what others contribute through it, and shares
may add up to more than 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import f as f_distribution
from scipy.stats import norm

from irregsim.model.draws import mix, mix_array

FloatArray = npt.NDArray[np.float64]

#: With fewer distinct draws no share is estimated, as in the table ``evidence``.
FEWEST_DRAWS: Final = 60

#: Cosines: two follow a rising, falling or bent response; four also waves, where draws suffice to pay for them.
COSINES: Final = 2
MORE_COSINES: Final = 4
MANY_DRAWS: Final = 500

#: With so many different values or fewer, such as choices, the mean at each is fitted instead.
FEW_VALUES: Final = 12

#: Level of intervals.
LEVEL: Final = 0.95

#: Permutations of the output (in `boxes` of the cases, each with the whole search), and how often the best of what is
#: looked at (the largest share, the box) may pass by chance.
PERMUTATIONS: Final = 200
FALSE_ALARM: Final = 0.05


@dataclass(frozen=True)
class Shares:
    """Shares of the variance of one output.

    Attributes:
        share: By parameter, below 0 only by chance (unbiased), at most 1, shape (parameters,).
        lo: Lower end of the 95 % interval, 0 or more, shape (parameters,).
        hi: Upper end, at most 1, shape (parameters,).
        stands_out: Whether the share is above what the largest of all parameters reaches by chance in 95 % of
            permutations of the output, shape (parameters,).
        by_chance: That share.
    """

    share: FloatArray
    lo: FloatArray
    hi: FloatArray
    stands_out: npt.NDArray[np.bool_]
    by_chance: float


def cosines(draws: int) -> int:
    """How many cosines are fitted to so many draws."""
    return MORE_COSINES if draws >= MANY_DRAWS else COSINES


def first_order(columns: FloatArray, output: FloatArray, waves: int | None = None) -> Shares:
    """First-order shares of variance of an output by parameter.

    The interval is that of the delta method for a ratio of variances, with the spread that a share of noise has added
    to it, since the first vanishes where a share is zero.

    Args:
        columns: Parameter values, shape (draws, parameters); every column varies.
        output: Value of every draw, shape (draws,), not all the same.
        waves: Cosines; None for `cosines`.

    Raises:
        ValueError: If a column or the output does not vary, or there are too few draws for the cosines.
    """
    n = len(output)
    waves = cosines(n) if waves is None else waves
    if n < waves + 3:
        raise ValueError(f"{n} draws: {waves} cosines need at least {waves + 3}")
    spread = float(output.std())
    if not spread > 0.0 or not (columns.std(axis=0) > 0.0).all():
        raise ValueError("the output and every parameter must vary over the draws")
    value = (output - output.mean()) / spread
    basis, used = _basis(columns, waves)
    weights = basis @ value / n
    raw = (weights**2).sum(axis=1)
    share = _unbiased(raw, n, used)
    left = value - np.einsum("pw,pwn->pn", weights, basis)
    moved = (1.0 - raw)[:, None] * value**2 - left**2
    error = np.sqrt(moved.var(axis=1) / n + 2.0 * used / n**2)
    half = float(norm.ppf(0.5 + 0.5 * LEVEL)) * error
    largest = np.empty(PERMUTATIONS)
    for j in range(PERMUTATIONS):
        turn = np.argsort(mix_array(np.arange(n, dtype=np.uint64) ^ np.uint64(mix(j))))
        largest[j] = _unbiased(((basis @ value[turn] / n) ** 2).sum(axis=1), n, used).max()
    limit = float(np.quantile(largest, 1.0 - FALSE_ALARM))
    return Shares(share, np.clip(share - half, 0.0, 1.0), np.clip(share + half, 0.0, 1.0), share > limit, limit)


def _basis(columns: FloatArray, waves: int) -> tuple[FloatArray, FloatArray]:
    """What is fitted to each parameter: orthonormal functions with mean zero, and how many there are.

    Returns:
        Shape (parameters, functions, draws), 0 where a parameter has fewer; and their number, shape (parameters,).
    """
    n, number = columns.shape
    at = (np.arange(n) + 0.5) / n
    cosine = np.sqrt(2.0) * np.cos(np.pi * np.outer(np.arange(1, waves + 1), at))
    fitted = []
    for i in range(number):
        values, which = np.unique(columns[:, i], return_inverse=True)
        if len(values) <= FEW_VALUES < n:
            # Of values that are few the mean of each is fitted: a cosine is no step.
            steps = (which[:, None] == np.arange(1, len(values))).astype(np.float64)
            fitted.append(np.sqrt(n) * np.linalg.qr(steps - steps.mean(axis=0))[0].T)
            continue
        rank = np.empty(n, dtype=np.int64)
        rank[np.argsort(columns[:, i], kind="stable")] = np.arange(n)
        fitted.append(cosine[:, rank])
    used = np.array([len(one) for one in fitted], dtype=np.float64)
    basis = np.zeros((number, int(used.max()), n))
    for i, one in enumerate(fitted):
        basis[i, : len(one)] = one
    return basis, used


def _unbiased(raw: FloatArray, n: int, waves: FloatArray) -> FloatArray:
    """A share of variance without what so many functions explain of noise (adjusted coefficient of determination)."""
    return np.asarray(1.0 - (1.0 - raw) * (n - 1) / (n - 1 - waves))


@dataclass(frozen=True)
class Chance:
    """Share of the variance of a single replicate that is random variation, the parameters given.

    Attributes:
        share: 0 to 1.
        lo: Lower end of the 95 % interval.
        hi: Upper end.
        per_draw: Mean number of replicates of a draw.
    """

    share: float
    lo: float
    hi: float
    per_draw: float


def chance_apart(output: FloatArray, draws: npt.NDArray[np.int64]) -> Chance | None:
    """Random variation apart from parameters, from draws with several replicates (one-way analysis of variance).

    Args:
        output: Value of every replicate, shape (replicates,).
        draws: Number of the draw of every replicate, shape (replicates,).

    Returns:
        None where no draw has two replicates, there are fewer than two draws, or nothing varies.
    """
    _, place, counts = np.unique(draws, return_inverse=True, return_counts=True)
    groups, n = len(counts), len(output)
    if groups < 2 or n == groups or not output.std() > 0.0:
        return None
    means = np.bincount(place, weights=output) / counts
    within = float(((output - means[place]) ** 2).sum()) / (n - groups)
    between = float((counts * (means - output.mean()) ** 2).sum()) / (groups - 1)
    size = (n - float((counts**2).sum()) / n) / (groups - 1)
    if not within > 0.0:
        return Chance(0.0, 0.0, 0.0, n / groups)
    ratio = between / within
    low, high = (f_distribution.ppf(q, groups - 1, n - groups) for q in (0.5 - 0.5 * LEVEL, 0.5 + 0.5 * LEVEL))

    def share(of: float) -> float:
        # Of a ratio of mean squares: the parameters' part is (ratio - 1) / (ratio - 1 + size).
        return float(np.clip(size / max(of - 1.0 + size, 1e-300), 0.0, 1.0))

    return Chance(share(ratio), share(ratio / low), share(ratio / high), n / groups)
