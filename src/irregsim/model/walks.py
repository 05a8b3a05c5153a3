"""Drivers after their last count: random walks of their logarithm, one step a year, of each replicate.

Nobody knows how a driver goes on when its counts end. It is held at its last level, times a ratio whose logarithm takes
a normal step in January of every year that follows: mean 0, standard deviation ``walk_<driver>_log_sd``. The steps are
keyed by the replicate, the driver and the year alone, so all scenarios of a replicate have the same ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from irregsim.vocabulary.codes import FIRST_YEAR, month_number, year_of
from irregsim.vocabulary.knowledge import Knowledge, assumption_starts

if TYPE_CHECKING:
    from irregsim.model.draws import Draws

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Driver:
    """A driver that walks.

    Attributes:
        number: What keys its steps; never changes, and is never used again.
        path: Its name in `assumption_starts`; ``*`` where it has no fact or count of its own after 2020.
    """

    number: int
    path: str = "*"


#: Drivers that walk; ``walk_<name>_log_sd`` is the parameter of each.
WALKING: Final[Mapping[str, Driver]] = {
    "assisted_scheme": Driver(1, "assumptions.assisted_scheme"),
    "pu_effort": Driver(2, "assumptions.pu_effort"),
    "control_effort": Driver(3, "assumptions.control_effort"),
    "dublin_rate": Driver(4, "assumptions.dublin_rate"),
    "dublin_cases": Driver(5),
    "asylum_rejections": Driver(6, "assumptions.asylum_rejections_per_year"),
    "never_asylum_inflow": Driver(7, "assumptions.never_asylum_inflow"),
    "penal_inflow": Driver(8),
}


def walk_parameter(driver: str) -> str:
    """Name of the parameter that says how far a driver of `WALKING` moves in a year."""
    return f"walk_{driver}_log_sd"


def first_year(driver: str, knowledge: Knowledge) -> int:
    """First year in which a driver of `WALKING` walks: the first whole one that is assumption."""
    starts = assumption_starts(knowledge)
    return year_of(month_number(starts.get(WALKING[driver].path, starts["*"])) + 11)


def still(months: int) -> dict[str, FloatArray]:
    """No driver walks: 0 in every month, by driver, shape (months,)."""
    return {driver: np.zeros(months) for driver in WALKING}


def log_walks(draws: Draws, draw: Mapping[str, float], knowledge: Knowledge, months: int) -> dict[str, FloatArray]:
    """Logarithm of each driver relative to its last level, by month.

    Args:
        draws: Keyed draws of the replicate. A step is ``driver_walk`` of the driver's number in January of its year.
        draw: Value of every parameter by name; reads ``walk_<driver>_log_sd`` (per year, 0 or more; 0 holds the level).
        knowledge: Which counts and facts are history: nothing moves before they end.
        months: Length of the paths, from 2009-01.

    Returns:
        By driver, shape (months,): 0 before `first_year`, then constant within a year. Over replicates its mean is 0
        and its standard deviation the parameter times the root of the number of years that have begun.
    """
    from scipy.special import ndtri  # slow to load, and the table of parameters needs the names alone

    out = still(months)
    for name, driver in WALKING.items():
        spread, level = draw[walk_parameter(name)], 0.0
        key = draws.keys([driver.number])
        for year in range(first_year(name, knowledge), year_of(months - 1) + 1):
            january = 12 * (year - FIRST_YEAR)
            level += spread * float(ndtri(draws.uniform("driver_walk", january, key)[0]))
            out[name][january : january + 12] = level
    return out
