"""How far each driver moved in a year while it was counted: the priors of ``walk_<driver>_log_sd``.

The stored priors (``data/parameters.csv``) have the median and the width of `driver_changes`, rounded to two decimals;
a test makes them anew from the data of the package. No outcome after 2019 is used (the pandemic has parameters of its
own); UNHCR's decisions are inputs and go to the last year in the file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from irregsim.inference.targets import targets
from irregsim.model.asylum_counts import FIRST_COUNTED, decisions
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import month_number
from irregsim.vocabulary.shipped import read_table

#: Last year of counts that drove the Dublin cases; what follows in the table is assumed.
_LAST_DUBLIN: Final = 2016
#: Outcomes of this year and later are not used.
_PANDEMIC: Final = 2020


@dataclass(frozen=True)
class Changes:
    """Yearly changes of a driver while it was counted.

    Attributes:
        log_sd: Root mean square change of the logarithm in a year, about 0: the driver is held at its last level, so
            all of a change is missed. A change over k years counts as k steps.
        count: Changes there are, 1 or more.
    """

    log_sd: float
    count: int

    @property
    def log_sd_error(self) -> float:
        """Standard deviation of the logarithm of ``log_sd``, as estimated from so many normal changes."""
        from scipy.special import polygamma  # slow to load

        return 0.5 * math.sqrt(float(polygamma(1, self.count / 2.0)))


def changes_of(series: Mapping[int, float], share: float = 1.0) -> Changes:
    """Changes of a series of yearly numbers, years without one left out.

    Args:
        series: Number by year, all above 0, of two years or more.
        share: Part of the variance that is the driver's, above 0 to 1.

    Raises:
        ValueError: If there are fewer than two years.
    """
    if len(series) < len(("from", "to")):
        raise ValueError(f"{len(series)} year has no change; give two or more")
    squares = [
        math.log(series[after] / series[before]) ** 2 / (after - before) for before, after in pairwise(sorted(series))
    ]
    return Changes(math.sqrt(share * sum(squares) / len(squares)), len(squares))


def _counted(register: str, key: str) -> dict[int, float]:
    """Counts of the years before the pandemic from ``targets.csv``, by year."""
    return {
        int(one.period): one.value
        for one in targets()
        if (one.register, one.key) == (register, key) and one.period.isdigit() and int(one.period) < _PANDEMIC
    }


def _residents() -> dict[int, float]:
    """Residents of centres with a duty to leave in the middle of each year 2013-2019.

    Log-linear between the counted months; that of December 2015 is no target and stands in the public figures.
    """
    counted = {
        month_number(one.period): one.value
        for one in targets()
        if one.register == "udi_return_duty_stock" and one.key == "total"
    }
    counted |= {
        month_number(row["date_or_period"][:7]): float(row["value"])
        for row in read_table("external/public_figures.csv")
        if row["series"] == "residents_duty_to_leave"
    }
    at = sorted(counted)
    middle = {year: month_number(f"{year}-06") for year in range(2013, _PANDEMIC)}
    levels = np.exp(np.interp(list(middle.values()), at, np.log([counted[month] for month in at])))
    return dict(zip(middle, levels.tolist(), strict=True))


def _per(counts: Mapping[int, float], of: Mapping[int, float]) -> dict[int, float]:
    """Ratio of two series in the years of both."""
    return {year: counts[year] / of[year] for year in counts.keys() & of.keys()}


def driver_changes() -> dict[str, Changes]:
    """Yearly changes of every driver of `irregsim.model.walks`, by its name.

    - ``assisted_scheme``: assisted returns per resident of a centre with a duty to leave.
    - ``pu_effort``: PU's returns of former asylum seekers per such resident.
    - ``control_effort``: expulsions under the Immigration Act. Those who can be found are the inflow of many years,
      so a change from one year to the next is one of effort.
    - ``dublin_rate``: transfers per Dublin decision; ``dublin_cases``: Dublin decisions, as far as they were counted.
    - ``asylum_rejections``: first-instance rejections on the merits (UNHCR), to the last year in the file.
    - ``never_asylum_inflow``: no count exists. Half of the variance of ``control_effort`` is taken (grade D).
    - ``penal_inflow``: expulsions of punished persons from outside the EEA.
    """
    residents = _residents()
    dublin = {year: count for year, count in reference.yearly_series("dublin").items() if year <= _LAST_DUBLIN}
    rejected = decisions().rejected.sum(axis=1).tolist()
    expelled = _counted("udi_expulsions", "utlendingsloven")
    return {
        "assisted_scheme": changes_of(_per(_counted("assisted_returns", "total"), residents)),
        "pu_effort": changes_of(_per(_counted("pu_returns_executed", "asylum"), residents)),
        "control_effort": changes_of(expelled),
        "dublin_rate": changes_of(_per(_counted("pu_returns_executed", "dublin"), dublin)),
        "dublin_cases": changes_of(dublin),
        "asylum_rejections": changes_of({FIRST_COUNTED + i: count for i, count in enumerate(rejected)}),
        "never_asylum_inflow": changes_of(expelled, share=0.5),
        "penal_inflow": changes_of(_counted("udi_expulsions", "straff")),
    }
