"""Mathematics on keyed uniforms: clocks, logit choice, queues, quantiles. Nothing here draws a number.

References: competing exponential clocks (Gillespie 1976; in discrete time, the earliest clock inside the month
wins); random utility choice by Gumbel numbers (McFadden 1974).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import pdtr, pdtrik

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def probability(hazard: FloatArray) -> FloatArray:
    """Probability of at least one event in a month, ``1 - exp(-hazard)``."""
    return -np.expm1(-hazard)


def first_clock(hazards: list[FloatArray], uniforms: list[FloatArray]) -> npt.NDArray[np.int8]:
    """Which of several competing clocks rings first inside the month, for each person.

    Each rule has its own clock ``-log(u) / hazard``. The earliest under one month wins, so the order of the rules
    cannot matter.

    Args:
        hazards: One array per rule, events per person-month, >= 0, each of shape (n,).
        uniforms: One array per rule, in (0, 1), each of shape (n,).

    Returns:
        Index of the winning rule, or -1 where no clock rings within the month; shape (n,).
    """
    n = len(hazards[0])
    winner = np.full(n, -1, dtype=np.int8)
    best = np.ones(n)
    for rule, (hazard, u) in enumerate(zip(hazards, uniforms, strict=True)):
        # 1 - u is uniform too, and 1 - exp(-h) <= h: few rows survive this, so few logarithms are taken.
        rows = np.flatnonzero(u < hazard)
        if len(rows) == 0:
            continue
        time = -np.log1p(-u[rows]) / hazard[rows]
        earlier = time < best[rows]
        rows = rows[earlier]
        best[rows] = time[earlier]
        winner[rows] = rule
    return winner


def gumbel(uniform: FloatArray) -> FloatArray:
    """Standard Gumbel numbers from uniforms in (0, 1)."""
    return -np.log(-np.log(uniform))


def choose(utilities: FloatArray, uniforms: FloatArray) -> IntArray:
    """Option of highest random utility for each person: a multinomial logit choice.

    Closing an option (utility minus infinity) moves only those who would have taken it.

    Args:
        utilities: Shape (options, n); minus infinity where an option is not feasible.
        uniforms: One keyed uniform per option and person, shape (options, n).

    Returns:
        Index of the chosen option, shape (n,).
    """
    return np.argmax(utilities + gumbel(uniforms), axis=0)


def logit_shares(utilities: FloatArray) -> FloatArray:
    """Choice probabilities of the same logit model.

    Args:
        utilities: Shape (options, n); at least one finite value in each column.

    Returns:
        Shape (options, n); columns sum to 1.
    """
    weights = np.exp(utilities - utilities.max(axis=0))
    return np.asarray(weights / weights.sum(axis=0))


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
    served = np.zeros(len(places), dtype=np.bool_)
    if len(places) == 0:
        return served
    order = np.lexsort((rank, places))
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
    some = mean > 0
    u, mu = uniform[some], mean[some]
    upper = np.ceil(pdtrik(u, mu))
    lower = np.maximum(upper - 1, 0)
    k[some] = np.where(pdtr(lower, mu) >= u, lower, upper).astype(np.int64)
    return k


def pick(cumulative: FloatArray, uniform: FloatArray) -> IntArray:
    """Index drawn from cumulative shares.

    Args:
        cumulative: Rising to 1, shape (options,) for all alike.
        uniform: In (0, 1), shape (n,).
    """
    return np.minimum(np.searchsorted(cumulative, uniform, side="right"), len(cumulative) - 1)
