"""Mathematics on keyed uniforms: clocks, logit choice, queues, quantiles. Nothing here draws a number.

References: competing exponential clocks (Gillespie 1976; in discrete time, the earliest clock inside the month
wins); random utility choice by Gumbel numbers (McFadden 1974).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import pdtr, pdtrik

from irregsim.model.compiled import twinned

#: Mean up to which Poisson quantiles are found by adding up the distribution.
_SMALL_MEAN = 8.0

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def first_clock(hazards: FloatArray, uniforms: FloatArray) -> IntArray:
    """Which of several competing clocks rings first inside the month, for each person.

    Each rule has its own clock ``-log(1 - u) / hazard``. The earliest under one month wins, so the order of the rules
    cannot matter.

    Args:
        hazards: Events per person-month, >= 0, shape (rules, n).
        uniforms: In (0, 1), shape (rules, n).

    Returns:
        Index of the winning rule, or -1 where no clock rings within the month; shape (n,).
    """
    winner = np.full(hazards.shape[1], -1, dtype=np.int64)
    # 1 - exp(-h) <= h: few pairs survive this, so few logarithms are taken.
    pair = np.flatnonzero(uniforms < hazards)
    if len(pair) == 0:
        return winner
    rule, person = np.divmod(pair, hazards.shape[1])
    time = -np.log1p(-uniforms[rule, person]) / hazards[rule, person]
    inside = (time < 1.0).nonzero()[0]
    # Latest first, so that the earliest clock of a person is written last; ties have probability zero.
    order = inside[np.argsort(-time[inside], kind="stable")]
    winner[person[order]] = rule[order]
    return winner


def choose(weights: FloatArray, uniforms: FloatArray) -> IntArray:
    """Option of highest random utility for each person: a multinomial logit choice.

    Adding a Gumbel number ``-log(-log(u))`` to the utility ``log(w)`` and taking the highest is the same as taking
    the lowest ``-log(u) / w``, which needs one logarithm. Closing an option (weight 0) moves only those who would have
    taken it.

    Args:
        weights: ``exp(utility)`` up to a factor per person, shape (options, n); 0 where an option is not feasible.
        uniforms: One keyed uniform per option and person, shape (options, n).

    Returns:
        Index of the chosen option, shape (n,).
    """
    with np.errstate(divide="ignore"):
        return np.asarray(np.argmax(np.log(uniforms) / weights, axis=0))


def logit_weights(utilities: FloatArray) -> FloatArray:
    """``exp(utility)``, scaled so that each person's best option has weight 1.

    Args:
        utilities: Shape (options, n); minus infinity where not feasible, at least one finite value in each column.
    """
    return np.asarray(np.exp(utilities - utilities.max(axis=0)))


def logit_shares(weights: FloatArray) -> FloatArray:
    """Choice probabilities of the same logit model; columns of the result sum to 1."""
    return np.asarray(weights / weights.sum(axis=0))


def by_rank(group: npt.NDArray[np.integer], rank: FloatArray) -> IntArray:
    """Positions of persons by their group, and within each by rank, the lowest first.

    Args:
        group: Whole numbers, shape (n,).
        rank: Keyed numbers, all different, shape (n,).
    """
    order = np.argsort(rank)
    group = group[order]
    if len(group) and group.min() >= -(1 << 15) and group.max() < 1 << 15:
        group = group.astype(np.int16)  # short numbers are sorted without comparisons
    return np.asarray(order[np.argsort(group, kind="stable")])


def queue(places: npt.NDArray[np.integer], limits: npt.NDArray[np.integer], rank: FloatArray) -> npt.NDArray[np.bool_]:
    """Who is served when places under a limit go by a keyed rank.

    With a higher limit the same persons are served and some more.

    Args:
        places: Number of the place each person asks for, 0 to len(limits) - 1; shape (n,).
        limits: Free places, below 0 counts as none; shape (places,).
        rank: Keyed numbers; the lowest go first; shape (n,). All different.

    Returns:
        True for those served, shape (n,).
    """
    if len(places) == 0:
        return np.zeros(0, dtype=np.bool_)
    return _served(places, limits, rank)


@twinned
def _served(
    places: npt.NDArray[np.integer], limits: npt.NDArray[np.integer], rank: FloatArray
) -> npt.NDArray[np.bool_]:
    served = np.zeros(len(places), dtype=np.bool_)
    order = by_rank(places, rank)
    sorted_places = places[order]
    starts = np.searchsorted(sorted_places, sorted_places, side="left")
    position = np.arange(len(order)) - starts
    served[order] = position < limits[sorted_places]
    return served


def poisson_quantile(uniform: FloatArray, mean: FloatArray) -> IntArray:
    """Smallest k with P(X <= k) >= u for X Poisson; grows with the mean at the same u.

    So a scenario with more inflow keeps every person it had and adds some.

    Args:
        uniform: In (0, 1), shape (n,).
        mean: >= 0, shape (n,).
    """
    k = np.zeros(len(mean), dtype=np.int64)
    # Small means by adding up the distribution, which is exact and fast; large ones by its inverse.
    small = np.flatnonzero((mean > 0) & (mean <= _SMALL_MEAN))
    nobody = np.exp(-mean[small])
    some = uniform[small] > nobody  # the others, mostly, have 0
    few = small[some]
    k[few] = _by_sums(uniform[few], mean[few], nobody[some])
    large = np.flatnonzero(mean > _SMALL_MEAN)
    u, mu = uniform[large], mean[large]
    upper = np.ceil(pdtrik(u, mu))
    lower = np.maximum(upper - 1, 0)
    k[large] = np.where(pdtr(lower, mu) >= u, lower, upper).astype(np.int64)
    return k


@twinned
def _by_sums(uniform: FloatArray, mean: FloatArray, nobody: FloatArray) -> IntArray:
    """Poisson quantiles by adding up the distribution; ``nobody`` is P(X = 0) and below ``uniform``."""
    k = np.zeros(len(mean), dtype=np.int64)
    term, below = nobody.copy(), nobody
    above, count = uniform > below, 0
    while above.any():
        k += above
        count += 1
        term *= mean
        term /= count
        # Terms that no longer count end the search where rounding keeps the sum under 1.
        below = np.where(term > 0, below + term, 1.0)
        above = uniform > below
    return k


def pick(cumulative: FloatArray, uniform: FloatArray) -> IntArray:
    """Index drawn from cumulative shares.

    Args:
        cumulative: Rising to 1, shape (options,) for all alike.
        uniform: In (0, 1), shape (n,).
    """
    return np.minimum(np.searchsorted(cumulative, uniform, side="right"), len(cumulative) - 1)
