"""When a finding turns: a box of parameter values in which its sign is the other one (scenario discovery).

The method is the patient rule induction method (Friedman and Fisher 1999, Bump hunting in high-dimensional data,
Statistics and Computing 9), as scenario discovery uses it (Bryant and Lempert 2010, Technological Forecasting and
Social Change 77): a box is peeled, a few draws at a time, at the end that leaves the largest share of the cases inside.
It is short and written here because the EMA Workbench is not installed with irregsim. A column of a few values, such as
choices in their order, is peeled a value at a time.

A search among hundreds of parameters always finds some box. So it searches only the parameters that go most with the
cases, and the whole search is repeated with the cases dealt out by chance: a box counts only if few of these are as
good.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from irregsim.model.draws import mix, mix_array
from irregsim.study.sensitivity.shares import FALSE_ALARM, PERMUTATIONS

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

#: Share of the draws in the box that one step peels, and that the last box keeps at least (Friedman and Fisher: 5 to
#: 10 %; with few draws a step must hold some).
PEEL: Final = 0.1
LEAST: Final = 0.1

#: Parameters that are searched, and fewest cases, and draws that are none, to search at all.
MOST_PARAMETERS: Final = 5
FEWEST_CASES: Final = 8


@dataclass(frozen=True)
class Box:
    """A box of parameter values.

    Attributes:
        limits: Number of the parameter, lower and upper limit (infinite where it has none), in the order in which the
            parameters are given; none for the whole space.
        coverage: Share of all cases that are inside, 0 to 1.
        density: Share of the draws inside that are cases, 0 to 1.
        mass: Share of the draws that are inside.
        by_chance: Share of the searches with cases by chance whose box is as good.
    """

    limits: tuple[tuple[int, float, float], ...]
    coverage: float
    density: float
    mass: float
    by_chance: float

    @property
    def is_clear(self) -> bool:
        """Whether few searches among cases by chance are as good."""
        return bool(self.limits) and self.by_chance <= FALSE_ALARM


def peel(columns: FloatArray, cases: BoolArray) -> tuple[FloatArray, BoolArray]:
    """The box on the path of peeling whose coverage and density are best together (their harmonic mean).

    Args:
        columns: Parameter values, shape (draws, parameters).
        cases: Which draws are looked for, shape (draws,), at least one.

    Returns:
        Limits, shape (parameters, 2), infinite where there are none, and which draws are inside, shape (draws,).
    """
    n, number = columns.shape
    limits = np.tile([-np.inf, np.inf], (number, 1))
    inside = np.ones(n, dtype=bool)
    best = (_score(inside, cases), limits.copy(), inside.copy())
    while inside.sum() > LEAST * n:
        step = max(1, int(PEEL * inside.sum()))
        choices: list[tuple[float, int, int, float, BoolArray]] = []
        for i in range(number):
            own = np.sort(columns[inside, i])
            for end, cut in ((0, _inner(own, step)), (1, -_inner(-own[::-1], step))) if len(own) > step else ():
                kept = inside & ((columns[:, i] >= cut) if end == 0 else (columns[:, i] <= cut))
                if LEAST * n <= kept.sum() < inside.sum():
                    choices.append((float(cases[kept].mean()), i, end, float(cut), kept))
        if not choices:
            break
        _, i, end, cut, inside = max(choices, key=lambda one: one[0])
        limits[i, end] = cut
        if (score := _score(inside, cases)) > best[0]:
            best = (score, limits.copy(), inside.copy())
    return best[1], best[2]


def _inner(rising: FloatArray, step: int) -> float:
    """What is left begins here when so many of the lowest are peeled: all of one value go together."""
    if rising[step] > rising[0] or rising[-1] == rising[0]:
        return float(rising[step])
    return float(rising[np.searchsorted(rising, rising[0], side="right")])


def _score(inside: BoolArray, cases: BoolArray) -> float:
    return 2.0 * float((inside & cases).sum()) / float(inside.sum() + cases.sum())


def _chosen(columns: FloatArray, cases: BoolArray) -> npt.NDArray[np.int64]:
    """Parameters that go most with the cases, by the difference of their mean ranks."""
    ranks = np.argsort(np.argsort(columns, axis=0, kind="stable"), axis=0, kind="stable")
    apart = np.abs(ranks[cases].mean(axis=0) - ranks[~cases].mean(axis=0))
    return np.sort(np.argsort(-apart, kind="stable")[:MOST_PARAMETERS])


def find_box(columns: FloatArray, cases: Sequence[bool] | BoolArray) -> Box | None:
    """The box in which most cases are.

    Args:
        columns: Parameter values, shape (draws, parameters).
        cases: Which draws are looked for, shape (draws,).

    Returns:
        None with fewer than `FEWEST_CASES` cases, or as few draws that are none.
    """
    cases = np.asarray(cases, dtype=bool)
    n = len(cases)
    if not FEWEST_CASES <= cases.sum() <= n - FEWEST_CASES:
        return None
    chosen = _chosen(columns, cases)
    limits, inside = peel(columns[:, chosen], cases)
    score, as_good = _score(inside, cases), 0
    for j in range(PERMUTATIONS):
        dealt = cases[np.argsort(mix_array(np.arange(n, dtype=np.uint64) ^ np.uint64(mix(j))))]
        mine = _chosen(columns, dealt)
        as_good += _score(peel(columns[:, mine], dealt)[1], dealt) >= score
    told = [(int(chosen[i]), float(a), float(b)) for i, (a, b) in enumerate(limits) if np.isfinite([a, b]).any()]
    both = float((inside & cases).sum())
    return Box(
        tuple(told),
        both / float(cases.sum()),
        both / float(inside.sum()),
        float(inside.mean()),
        (1 + as_good) / (1 + PERMUTATIONS),
    )
