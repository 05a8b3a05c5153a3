"""How police districts differ: a level by regression on geography, and a district's own deviation around it.

Effort of control in a district is the national effort times

    exp(distance * d + population * p) / national mean  *  exp(own deviation)

where ``d`` is how many times the distance to Trandum is twice that of Oslo, and ``p`` the same of residents; all own
deviations have one spread (`district_log_sd`). Inspections of workplaces have one term more, for a centre against work
crime (A-krim) from the month in which it opened. The chance of being held follows the distance alone, between what the
police of Oslo and of Bergen tell (F 10.2). Geography is in ``police_districts.csv``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import DISTRICTS, month_number

if TYPE_CHECKING:
    from irregsim.model.values import At

FloatArray = npt.NDArray[np.float64]

#: Districts whose police tell in the report how often they hold those they meet (F 10.2).
NEAR: Final = DISTRICTS.index("Oslo")
FAR: Final = DISTRICTS.index("Vest")
#: Month to which the hazard of inspections belongs; all centres against work crime had opened by then.
LEVEL_MONTH: Final = month_number("2019-06")
#: Shares of 0 and 1 have no log odds; a draw never comes as near to them.
_LEAST: Final = 1e-15


class Geography(NamedTuple):
    """Covariates of the districts, each of shape (districts,).

    Attributes:
        distance: Doublings of the distance to Trandum, relative to Oslo's; the mean over residents where a district
            of the report's tables pools several.
        population: Doublings of the residents of a police district, relative to Oslo's; the mean of those pooled.
        share: Share of the persons without legal stay who start there, half by each kind; adds up to 1.
    """

    distance: FloatArray
    population: FloatArray
    share: FloatArray


@cache
def geography() -> Geography:
    """Covariates of the districts (``police_districts.csv``, ``districts.csv``)."""
    by_district = [[one for one in reference.police_districts() if one.district == d] for d in range(len(DISTRICTS))]
    distance = np.array(
        [np.average([np.log2(o.km_to_trandum) for o in d], weights=[o.population for o in d]) for d in by_district]
    )
    population = np.array([np.log2(np.mean([o.population for o in d])) for d in by_district])
    share = np.zeros(len(DISTRICTS))
    for place in reference.places():
        share[place.district] += 0.5 * (place.former_asylum_share + place.never_asylum_share)
    return Geography(distance - distance[NEAR], population - population[NEAR], share)


@cache
def _centres(months: int) -> FloatArray:
    """Share of the residents who live where a centre against work crime works, shape (months, districts)."""
    open_, all_ = np.zeros((months, len(DISTRICTS))), np.zeros(len(DISTRICTS))
    for one in reference.police_districts():
        all_[one.district] += one.population
        if one.akrim_start is not None:
            open_[one.akrim_start :, one.district] += one.population
    return open_ / all_


def control_ratio(draw: Mapping[str, float]) -> FloatArray:
    """Effort of control in each district relative to the national mean.

    The regression's mean over persons without legal stay is 1, so the national hazards keep their meaning whatever the
    slopes are.

    Args:
        draw: Reads ``district_distance_log_ratio`` and ``district_population_log_ratio`` (per doubling),
            ``district_log_sd`` and ``district_control_effect_0`` and on (standard deviations, by district).

    Returns:
        Above 0, shape (districts,). Mechanisms: M062, M070.
    """
    where = geography()
    level = np.exp(
        draw["district_distance_log_ratio"] * where.distance + draw["district_population_log_ratio"] * where.population
    )
    return np.asarray(level / (where.share @ level) * _own(draw, "district_control_effect"))


def akrim_ratio(draw: Mapping[str, float], months: int) -> FloatArray:
    """Inspections of workplaces relative to all other control, by month and district: 1 on average in 2019.

    Args:
        draw: Reads ``akrim_inspection_log_ratio``, where a centre against work crime works relative to where none does.
        months: Months from 2009-01.

    Returns:
        Above 0, shape (months, districts). Mechanisms: M070.
    """
    ratio = np.exp(draw["akrim_inspection_log_ratio"] * _centres(max(months, LEVEL_MONTH + 1)))
    return np.asarray(ratio[:months] / (geography().share @ ratio[LEVEL_MONTH]))


def case_mix(draw: Mapping[str, float]) -> FloatArray:
    """Odds of sanctioning the employer rather than the worker, relative to the mean (M070), shape (districts,).

    Args:
        draw: Reads ``district_log_sd`` and ``district_case_effect_0`` and on.
    """
    return _own(draw, "district_case_effect")


def _own(draw: Mapping[str, float], name: str) -> FloatArray:
    """Ratios of the districts' own deviations."""
    return np.exp(draw["district_log_sd"] * np.array([draw[f"{name}_{i}"] for i in range(len(DISTRICTS))]))


def held_share(at: At) -> FloatArray:
    """Chance of being held for those met with an expulsion, by district: it falls with the distance (M060, M061).

    A line on the scale of the log odds over doublings of the distance, through Oslo and Bergen.

    Args:
        at: Reads ``detention_near_share`` (Oslo) and ``detention_far_share`` (Bergen).

    Returns:
        0 to 1, shape (districts,).
    """
    where = geography().distance / geography().distance[FAR]
    near, far = np.clip([at.detention_near_share, at.detention_far_share], _LEAST, 1.0 - _LEAST)
    return np.asarray(expit(logit(near) + (logit(far) - logit(near)) * where))
