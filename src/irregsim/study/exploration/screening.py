"""What matters at all: elementary effects of everything that a study varies (Morris), beside random variation.

Morris (1991, Factorial sampling plans for preliminary computational experiments, Technometrics 33) moves one thing at a
time. Here all moves of a block begin at the same point (a radial design; Campolongo, Saltelli and Cariboni 2011, From
screening to quantitative sensitivity analysis, Computer Physics Communications 182), each over half of its range. A
block also has a move to other parameters (another draw) and one to other random numbers: what chance alone does is
measured as everything else is. SALib has no such moves of draws and of random numbers, and is not installed with
irregsim; the measures are two means, and are tested against closed forms.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy.stats import t as t_distribution

from irregsim.model.parameters import parameters
from irregsim.study.exploration.design import BESIDE, FloatArray
from irregsim.study.sensitivity.shares import FALSE_ALARM, LEVEL
from irregsim.study.sensitivity.tables import DIFFERENCE
from irregsim.study.sensitivity.tables import LEVEL as OF_REFERENCE

if TYPE_CHECKING:
    import pandas as pd

    from irregsim.study.exploration.tables import Explored

#: Moves that are none of the study's own.
DRAWS, CHANCE = "draws", "chance"

SCREENING: Final = (
    "policy",
    "outcome",
    "quantity",
    "name",
    "kind",
    "grade",
    "mu",
    "mu_lo",
    "mu_hi",
    "mu_star",
    "mu_star_lo",
    "mu_star_hi",
    "sigma",
    "stands_out",
    "blocks",
)


def screening_table(done: Explored) -> pd.DataFrame:
    """The table ``screening``: a row for every move, the largest of an outcome first.

    Args:
        done: A study with the design of screening.

    Returns:
        Columns `SCREENING`. ``mu`` is the mean change when something goes up by half of its range, ``mu_star`` the mean
        size of the change, both in percent of the mean reference with 95 % intervals over blocks; ``sigma`` the
        standard deviation of the changes. Of other draws and random numbers there is no up, so no ``mu``.
    """
    import pandas as pd

    rows = [row for quantity in _quantities(done) for row in _moves(done, *quantity)]
    return pd.DataFrame(rows, columns=list(SCREENING))


def _quantities(done: Explored) -> Iterator[tuple[str, str, str, FloatArray]]:
    for i, j, policy, outcome, _, _ in done.cases():
        reference = done.reference[i, j]
        if i == 0 and np.ptp(reference) > 0.0:
            yield done.study.reference, OF_REFERENCE, outcome, 100.0 * reference / reference.mean()
        yield policy, DIFFERENCE, outcome, done.scaled(i, j)


def _moves(done: Explored, policy: str, quantity: str, outcome: str, values: FloatArray) -> list[tuple[Any, ...]]:
    study, known = done.study, parameters()
    block = values.reshape(-1, len(study.axes) + BESIDE)
    change = block[:, 1:] - block[:, :1]
    places = study.design.reshape(len(block), -1, len(study.axes))
    names = [*(axis.name for axis in study.axes), DRAWS, CHANCE]
    mine = [i for i, axis in enumerate(study.axes) if axis.holds_for(policy)]
    rows = []
    for i in (*mine, len(study.axes), len(study.axes) + 1):
        own, name = change[:, i], names[i]
        size = np.abs(own)
        mu: tuple[float, float, float] = (float("nan"),) * 3
        kind, grade, stands_out = name, "", False
        if name not in (DRAWS, CHANCE):
            axis = study.axes[i]
            up = own * np.sign(places[:, 1 + i, i] - places[:, 0, i])
            mu = mean_interval(up)
            # A way that it goes, or more than chance: two questions of every move, at so much less each.
            level = FALSE_ALARM / (2 * len(mine))
            stands_out = p_value(up) < level or p_value(size - np.abs(change[:, -1]), one_sided=True) < level
            kind, grade = ("parameter", known[name].grade) if axis.is_parameter else ("lever", "")
        elif name == DRAWS:
            stands_out = p_value(size - np.abs(change[:, -1]), one_sided=True) < FALSE_ALARM
        at, lo, hi = mean_interval(size)
        told = (*mu, at, max(lo, 0.0), hi, float(own.std(ddof=1)), bool(stands_out), len(block))
        rows.append((policy, outcome, quantity, name, kind, grade, *told))
    return sorted(rows, key=lambda row: -float(row[SCREENING.index("mu_star")]))


def mean_interval(values: FloatArray) -> tuple[float, float, float]:
    """Mean over blocks and its 95 % interval by Student's t, shape (blocks,) with at least two."""
    n = len(values)
    half = float(t_distribution.ppf(0.5 + 0.5 * LEVEL, n - 1)) * float(values.std(ddof=1)) / np.sqrt(n)
    mean = float(values.mean())
    return mean, mean - float(half), mean + float(half)


def p_value(values: FloatArray, *, one_sided: bool = False) -> float:
    """How often the mean over blocks is so far from zero by chance (Student's t); one-sided, so far above it."""
    mean, error = float(values.mean()), float(values.std(ddof=1)) / np.sqrt(len(values))
    if not error > 1e-12 * abs(mean):  # the same in every block
        return float(mean == 0.0 or (one_sided and mean < 0.0))
    t = mean / error
    return float(t_distribution.sf(t if one_sided else abs(t), len(values) - 1)) * (1.0 if one_sided else 2.0)
