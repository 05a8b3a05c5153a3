"""Scores of forecasts: interval score and CRPS on the log scale, against two naive ones (Gneiting and Raftery 2007)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

if TYPE_CHECKING:
    from irregsim.inference.targets import Target

FloatArray = npt.NDArray[np.float64]

#: Level of the interval score.
LEVEL: Final = 0.9


@dataclass(frozen=True)
class Forecast:
    """A normal forecast of one count on its scale.

    Attributes:
        mean: Expected value.
        sd: Standard deviation, above 0.
    """

    mean: float
    sd: float

    def crps(self, observed: float) -> float:
        """Continuous ranked probability score of a normal forecast, in units of the scale; lower is better."""
        x = (observed - self.mean) / self.sd
        density = np.exp(-0.5 * x * x) / np.sqrt(2.0 * np.pi)
        return float(self.sd * (x * (2.0 * ndtr(x) - 1.0) + 2.0 * density - 1.0 / np.sqrt(np.pi)))

    def interval_score(self, observed: float) -> float:
        """Interval score at `LEVEL`: width, and a penalty for what falls outside; lower is better."""
        half = self.sd * float(ndtri(0.5 + 0.5 * LEVEL))
        low, high = self.mean - half, self.mean + half
        outside = max(0.0, low - observed) + max(0.0, observed - high)
        return 2.0 * half + 2.0 / (1.0 - LEVEL) * outside


def year(target: Target) -> int:
    """The last year a target covers."""
    return int(target.period.split("-")[-1]) if len(target.period.split("-")[-1]) == 4 else int(target.period[:4])


def naive(
    known: Sequence[tuple[int, float]], when: int, change: float, error: float
) -> tuple[Forecast, Forecast | None]:
    """The last value, and a straight line through the known values on the log scale.

    Args:
        known: Years and values on their scale, rising.
        when: Year to forecast.
        change: Standard deviation of a series' yearly change, pooled over all known series.
        error: Error of a single count.

    Returns:
        The two forecasts; no line from fewer than three values.
    """
    years, values = (np.array(x, dtype=np.float64) for x in zip(*known, strict=True))
    ahead = when - years[-1]
    last = Forecast(float(values[-1]), float(np.hypot(change * np.sqrt(ahead), np.sqrt(2.0) * error)))
    if len(known) < 3:
        return last, None
    middle = years.mean()
    slope = float(((years - middle) * (values - values.mean())).sum() / ((years - middle) ** 2).sum())
    left = values - values.mean() - slope * (years - middle)
    noise = max(error**2, float((left**2).sum() / (len(years) - 2)))
    share = 1.0 + 1.0 / len(years) + (when - middle) ** 2 / ((years - middle) ** 2).sum()
    return last, Forecast(float(values.mean() + slope * (when - middle)), float(np.sqrt(noise * share)))


def yearly_change(series: Sequence[Sequence[tuple[int, float]]]) -> float:
    """Standard deviation of yearly changes on the log scale, pooled over series of several values."""
    squares = [(b[1] - a[1]) ** 2 / (b[0] - a[0]) for one in series for a, b in itertools.pairwise(one)]
    return float(np.sqrt(np.mean(squares))) if squares else 0.3
