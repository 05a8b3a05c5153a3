"""What is known of the parameters before the counts of a fit.

A prior of ``data/parameters.csv`` may have been made from a count (``derived_from``). In a fit to that count it would
let the count speak twice, so ``data/fit_priors.csv`` gives such a parameter another one, from what is known without any
count that is fitted: mostly an order of magnitude (grade D).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from irregsim.inference.calibration import design
from irregsim.model.parameters import Parameter, parameters
from irregsim.vocabulary.reference import DataError, read_table

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

FILE: Final = "fit_priors.csv"

#: Standard normals of the 5 % and 95 % quantiles, which the table gives.
_ENDS: Final = 1.6448536269514722


@dataclass(frozen=True)
class Before:
    """Independent normal distributions of some parameters before the counts, in standard normals of the design.

    Attributes:
        mean: Shape (parameters,).
        sd: Above 0, shape (parameters,).
    """

    mean: FloatArray
    sd: FloatArray

    @classmethod
    def of_design(cls, number: int) -> Before:
        """What the trials of a first wave are drawn from: ``number`` standard normals."""
        return cls(np.zeros(number), np.ones(number))

    def wider(self, factor: FloatArray) -> Before:
        """The same with standard deviations times ``factor``, shape (parameters,)."""
        return Before(self.mean, self.sd * factor)


@dataclass(frozen=True)
class Remade:
    """The prior of a parameter without the counts that are fitted.

    Attributes:
        low: 5 % quantile in the parameter's unit.
        high: 95 % quantile.
        grade: Evidence grade.
        source: What it rests on.
        mean: In standard normals of the design.
        sd: Of the same.
    """

    low: float
    high: float
    grade: str
    source: str
    mean: float
    sd: float


@cache
def remade() -> dict[str, Remade]:
    """Priors made again without the counts, by parameter, in the order of ``data/fit_priors.csv``.

    Raises:
        DataError: If a row is of no parameter whose prior was made from a target, or its ends are out of order.
    """
    found = {}
    for line, row in enumerate(read_table(FILE), start=2):
        what = parameters().get(row["name"])
        if what is None or design.spread(what) == 1.0:
            raise DataError(f"{FILE}:{line}: {row['name']}: only a prior that was made from a target is made again")
        low, high = float(row["low"]), float(row["high"])
        if not low < high:
            raise DataError(f"{FILE}:{line}: {row['name']}: low must be below high, not {low:g} and {high:g}")
        first, last = (_standard_normal(what, end) for end in (low, high))
        mean, sd = 0.5 * (first + last), 0.5 * (last - first) / _ENDS
        found[row["name"]] = Remade(low, high, row["evidence_grade"], row["source"], mean, sd)
    return found


def _standard_normal(what: Parameter, value: float) -> float:
    """The number of the design that gives a value."""
    assert what.p2 is not None
    if what.distribution == "normal":
        number = value - what.p1
    elif what.distribution == "lognormal":
        number = math.log(value / what.p1)
    else:
        number = math.log(value / (1.0 - value)) - math.log(what.p1 / (1.0 - what.p1))
    return number / what.p2 / design.spread(what)


def before(columns: IntArray) -> Before:
    """What a fit knows of parameters before its counts.

    Args:
        columns: Columns of the design, shape (parameters,).
    """
    mean, sd = np.zeros(len(columns)), np.ones(len(columns))
    names = design.names()
    for i, column in enumerate(columns.tolist()):
        own = remade().get(names[column])
        if own is not None:
            mean[i], sd[i] = own.mean, own.sd
    return Before(mean, sd)
