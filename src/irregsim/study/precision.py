"""How precisely the main outcomes are known, and how many replicates would make them so precise.

The precision of an outcome is half the width of the 95 % interval of its mean, in percent: of the mean itself for a
run, and for a comparison, where an effect may be zero, of the mean of the reference. It is the Monte Carlo error that
is meant, not the spread of the replicates: more replicates make a mean more precise, and no spread smaller.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from irregsim.study.comparison.differences import mc_error
from irregsim.study.comparison.verdicts import LEVEL
from irregsim.study.summaries import ReadColumns, monthly_stocks, year_ends, yearly_flows
from irregsim.vocabulary.codes import HIDDEN

FloatArray = npt.NDArray[np.float64]

#: The main outcomes. Rare ones, such as deaths, would ask for thousands of replicates.
MAIN: Final = ("stock:synlig", "stock:hidden", "exit:tvangsretur", "exit:assistert_retur", "exit:videre")

#: Replicates of the first batch: with fewer, the spread itself is hardly known.
FIRST: Final = 10

#: Replicates that are never exceeded, where nothing else is said.
MOST: Final = 1000


def main_values(read: ReadColumns, since: int) -> FloatArray:
    """The main outcomes of one replicate: stocks as the mean of the year ends, exits as the sum over the years.

    Args:
        read: Gives some columns of a table of that replicate.
        since: First year that counts.

    Returns:
        In the order of `MAIN`.
    """
    stocks, flows = year_ends(monthly_stocks(read)), yearly_flows(read)
    stocks = stocks[[int(str(month)[:4]) >= since for month in stocks.index]]
    flows = flows[flows.index >= since]
    out = []
    for outcome in MAIN:
        kind, _, code = outcome.partition(":")
        if kind == "stock":
            columns = list(HIDDEN) if code == "hidden" else [code]
            out.append(float(stocks[columns].sum(axis=1).mean()))
        else:
            out.append(float(flows[code].sum()))
    return np.array(out)


@dataclass(frozen=True)
class Precision:
    """How precise means are.

    Attributes:
        replicates: How many they rest on.
        worst: Outcome of `MAIN` that is the least precise.
        share: Half the width of the 95 % interval of its mean, as a share of the level; 0 where nothing varies.
    """

    replicates: int
    worst: str
    share: float

    def needed(self, target: float) -> int:
        """Replicates that would make it so precise, if the spread stays as it is.

        Args:
            target: A share above 0.
        """
        return max(self.replicates, math.ceil(self.replicates * (self.share / target) ** 2))


def precision(reference: FloatArray, draws: Sequence[int], others: Sequence[FloatArray] = ()) -> Precision:
    """How precise the main outcomes of a run are, or the effects on them in a comparison.

    Args:
        reference: `main_values` of every replicate, of the run or of the reference; shape (replicates, outcomes).
        draws: Number of the draw of every replicate, 2 replicates or more.
        others: The same of every other scenario; then the paired differences count.

    Returns:
        Of the least precise outcome of any scenario; outcomes that are 0 in the reference do not count.
    """
    from scipy.special import stdtrit

    level = np.abs(reference.mean(axis=0))
    numbers = np.asarray(draws, dtype="int64")
    independent = len(np.unique(numbers))
    freedom = (independent if 1 < independent < len(numbers) else len(numbers)) - 1
    reach = float(stdtrit(freedom, 1.0 - LEVEL / 2.0))
    worst, largest = MAIN[0], 0.0
    for values in [one - reference for one in others] or [reference]:
        errors = reach * mc_error(values.T, numbers)
        for outcome, error, size in zip(MAIN, errors, level, strict=True):
            if size > 0 and error / size > largest:
                worst, largest = outcome, float(error / size)
    return Precision(len(numbers), worst, largest)


def next_batch(found: Precision, target: float, most: int, step: int) -> int:
    """How many replicates there shall be next.

    Args:
        found: How precise it is now; not yet as precise as the target.
        target: A share above 0.
        most: Never more than this.
        step: The number is a multiple of it.

    Returns:
        What is needed by the spread so far, but at most twice what there is, since few replicates say little of it.
    """
    wanted = min(found.needed(target), 2 * found.replicates)
    wanted = max(wanted, found.replicates + 1)
    return min(most // step * step, -(-wanted // step) * step)
