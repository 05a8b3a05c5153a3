"""Unaccompanied minors: from a rejection or a permit that ends at 18 to a life without legal stay (F 9.1; M116, M117).

They are some of those whom the queue of asylum cases rejects (`asylum_cases.queue`), taken out of them and not added.
Until they are 18 they live in care and nobody sends them away; some leave care before.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from irregsim.model.asylum_counts import FIRST_COUNTED
from irregsim.model.month.asylum_cases import queue
from irregsim.model.values import At, Values, log_path
from irregsim.model.world import World
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import FIRST_YEAR, Decision, Route

FloatArray = npt.NDArray[np.float64]

#: Longest time from a final rejection to the age of 18, months.
LONGEST = 36
#: Months of the queue before the first simulated one.
_BEFORE = 12 * (FIRST_YEAR - FIRST_COUNTED)
_RATIO = np.array([country.minor_ratio for country in reference.countries()])


def minor_shares(values: Values) -> FloatArray:
    """Share of unaccompanied minors among final rejections, shape (months since 2006-01, countries), at most 1.

    Permits that end at 18 were given to 1.3 % of the minors with a decision in 2015, 14 % in 2016 and 47 % in the first
    five months of 2017 (UDI); so the share is higher in 2017.

    Args:
        values: Reads ``minor_rejection_share`` (of Afghan citizens) and ``minor_rejection_2017_ratio``.
    """
    ratio = values.draw["minor_rejection_2017_ratio"]
    knots = [("2016-09", 1.0), ("2017-03", ratio), ("2017-12", ratio), ("2018-06", 1.0)]
    path = np.concatenate([np.ones(_BEFORE), log_path(values.months, knots)])
    return np.asarray(np.minimum(1.0, values.draw["minor_rejection_share"] * path[:, None] * _RATIO))


@lru_cache(maxsize=8)
def fates(wait: float, hazard: float, slope: float) -> tuple[FloatArray, FloatArray]:
    """What becomes of somebody finally rejected as a minor.

    Args:
        wait: Mean months from the rejection to the age of 18.
        hazard: Of leaving care, per month, in the last month before 18.
        slope: By how much the log hazard falls with each month that is left.

    Returns:
        Shares that leave care, by months since the rejection and months left to 18 (from 1), shape (`LONGEST`,
        `LONGEST`); and that are still in care at 18, by months since the rejection from 0, shape (`LONGEST` + 1,).
        Together they are 1.
    """
    left = np.arange(1, LONGEST + 1)
    share = (1.0 - 1.0 / max(wait, 1.0)) ** (left - 1)
    share = share / share.sum()
    stays = np.exp(-hazard * np.exp(-slope * (left - 1)))
    leaving = np.zeros((LONGEST, LONGEST))
    in_care = np.zeros(LONGEST + 1)
    for months in left:
        # Those with so many months to go, by months left: from `months` down to 1.
        still = share[months - 1] * np.cumprod(np.append(1.0, stays[:months][::-1]))
        since = np.arange(months)
        leaving[since, months - 1 - since] += still[:-1] * (1.0 - stays[:months][::-1])
        in_care[months] += still[-1]
    return leaving, in_care


def _fates(values: Values) -> tuple[FloatArray, FloatArray]:
    draw = values.draw
    return fates(draw["minor_wait_months_mean"], draw["minor_leaves_care_hazard"], draw["minor_leaves_care_log_slope"])


def came_as_minors(values: Values) -> tuple[FloatArray, FloatArray]:
    """Persons a month who turned 18 in care without a permit, and who left care before and are in Norway.

    Args:
        values: Reads ``minor_without_residence_at_18_share``, ``minor_left_care_in_norway_share``, and those of
            `minor_shares` and `fates`.

    Returns:
        Each of shape (months, countries), from 2009-01 on.
    """
    rejected = minor_shares(values) * values.made(queue).final
    leaving, in_care = _fates(values)
    aged_out, left_care = np.zeros((2, *rejected.shape))
    for since, share in enumerate(in_care):
        aged_out[since:] += share * rejected[: len(rejected) - since]
    for since, share in enumerate(leaving.sum(axis=1)):
        left_care[since:] += share * rejected[: len(rejected) - since]
    aged_out *= values.draw["minor_without_residence_at_18_share"]
    left_care *= values.draw["minor_left_care_in_norway_share"]
    return aged_out[_BEFORE:], left_care[_BEFORE:]


def months_to_adulthood(at: At, quantiles: FloatArray) -> FloatArray:
    """Months that those who leave care have left to 18, at some quantiles; above 0 and at most `LONGEST`.

    Args:
        at: Reads ``minor_wait_months_mean``, ``minor_leaves_care_hazard`` and ``minor_leaves_care_log_slope``.
        quantiles: In (0, 1), of any shape.
    """
    leaving, _ = fates(at.minor_wait_months_mean, at.minor_leaves_care_hazard, at.minor_leaves_care_log_slope)
    by_left = leaving.sum(axis=0)
    if by_left.sum() == 0.0:  # nobody leaves, so nobody asks
        by_left = np.ones(LONGEST)
    cumulative = np.append(0.0, np.cumsum(by_left) / by_left.sum())
    return np.asarray(np.interp(quantiles, cumulative, np.arange(LONGEST + 1.0)))


def come_of_age_outside_care(world: World) -> None:
    """Minors who left care have a duty to leave from the month in which they are 18, as the others (M116)."""
    p = world.population
    minors = np.flatnonzero((p.route == Route.LEFT_CARE) & (p.decision == Decision.NONE) & p.is_here)
    p.decision[minors[p.birth_month[minors] <= world.month - 18 * 12]] = int(Decision.DUTY_TO_LEAVE)
