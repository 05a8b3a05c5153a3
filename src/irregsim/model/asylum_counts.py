"""Counts of asylum decisions by citizenship (UNHCR, CC BY 4.0), in the model's countries.

How many years of them count as history is part of a scenario (`irregsim.vocabulary.knowledge`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from irregsim.vocabulary import reference

FloatArray = npt.NDArray[np.float64]

#: First year of UNHCR's decisions: the queue starts there and is three years old when the simulation begins.
FIRST_COUNTED: int = 2006


@dataclass(frozen=True)
class Decisions:
    """UNHCR's yearly decisions by citizenship, `FIRST_COUNTED` to the last year in the file.

    Attributes:
        rejected: First instance, rejected on the merits; shape (years, countries).
        closed: First instance, Dublin cases, withdrawn and lapsed ones.
        appeal_rejected: Appeal body, rejected; requests for reversal among them.
        appeal_granted: Appeal body, protection given.
    """

    rejected: FloatArray
    closed: FloatArray
    appeal_rejected: FloatArray
    appeal_granted: FloatArray


@cache
def decisions() -> Decisions:
    """The counts of ``external/unhcr_asylum_decisions_norway.csv`` by the model's citizenships (UNHCR, CC BY 4.0)."""
    last = max(row.year for row in reference.asylum_decisions())
    tables = np.zeros((4, last - FIRST_COUNTED + 1, len(reference.countries())))
    for row in reference.asylum_decisions():
        counts = (
            (row.rejected, row.closed, 0, 0)
            if row.level == "FI"
            else (0, 0, row.rejected, row.recognised + row.other_protection)
        )
        if row.level in ("FI", "AR"):
            for country, share in row.countries:
                tables[:, row.year - FIRST_COUNTED, country] += np.array(counts) * share
    return Decisions(*tables)


@cache
def most_decided() -> float:
    """Most first-instance decisions on the merits in a counted year, persons: what the agency has shown it can do."""
    yearly: Counter[int] = Counter()
    for row in reference.asylum_decisions():
        if row.level == "FI":
            yearly[row.year] += row.recognised + row.other_protection + row.rejected
    return float(max(yearly.values()))


def rejected_in(year: int) -> float:
    """First-instance rejections on the merits in a counted year, persons."""
    return float(decisions().rejected[year - FIRST_COUNTED].sum())
