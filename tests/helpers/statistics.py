"""Assertions about chance that say how often they are wrong, both ways.

Each takes the chance that a correct model fails (``false_alarm``) and the smallest error that must be caught
(``must_see``), and refuses to run when the sample is too small to see it. Seeds of the tests are fixed, so a test
that passes once passes always; the false alarm says how much luck was needed to choose the seed.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import stats

#: Chance that an error as large as ``must_see`` is caught.
POWER = 0.99


class TooFewTrialsError(ValueError):
    """The sample cannot show the error that the test promises to see."""


def count_band(trials: int, probability: float, false_alarm: float) -> tuple[int, int]:
    """Counts that a correct model gives with probability 1 - false_alarm or more, both ends included."""
    low = int(stats.binom.ppf(false_alarm / 2, trials, probability))
    high = int(stats.binom.isf(false_alarm / 2, trials, probability))
    return low, high


def assert_count_plausible(count: int, *, trials: int, probability: float, false_alarm: float, must_see: float) -> None:
    """Asserts that a count of independent events fits their probability (exact binomial, two-sided).

    Args:
        count: Events seen.
        trials: Independent trials.
        probability: Of the event in each, strictly between 0 and 1.
        false_alarm: Chance that a correct model fails.
        must_see: Relative error of the probability that is caught with chance `POWER`.

    Raises:
        TooFewTrialsError: If the trials cannot show ``must_see``.
        AssertionError: If the count lies outside the band.
    """
    low, high = count_band(trials, probability, false_alarm)
    less = stats.binom.cdf(low - 1, trials, probability * (1 - must_see))
    more = stats.binom.sf(high, trials, min(1.0, probability * (1 + must_see)))
    if min(less, more) < POWER:
        raise TooFewTrialsError(
            f"{trials} trials of probability {probability:.3g} show a relative error of {must_see:g} only with "
            f"chance {min(less, more):.2g}"
        )
    assert low <= count <= high, f"{count} of {trials}, expected {trials * probability:.1f}, band {low} to {high}"


def martingale_margin(variance: float, false_alarm: float) -> float:
    """Largest plausible distance between events and the sum of their conditional probabilities.

    Freedman's inequality (1975): a martingale with steps of at most 1 and predictable variance of at most v strays by
    x or more with probability of at most ``2 exp(-x^2 / (2 (v + x / 3)))``.

    Args:
        variance: Bound on the predictable variance; for indicators the sum of their probabilities.
        false_alarm: Chance that a correct model strays further.
    """
    log = math.log(2 / false_alarm)
    return log / 3 + math.sqrt(log**2 / 9 + 2 * log * variance)


def visible_error(expected: float, false_alarm: float) -> float:
    """Smallest relative error of the probabilities that `assert_martingale_plausible` catches with chance `POWER`."""
    z = stats.norm.ppf(POWER)
    error = 0.0
    for _ in range(50):  # the noise under the wrong model depends on the error; the fixed point is soon found
        error = (martingale_margin(expected, false_alarm) + z * math.sqrt(expected * (1 + error))) / expected
    return error


def assert_martingale_plausible(events: int, expected: float, *, false_alarm: float, must_see: float) -> None:
    """Asserts that events fit the sum of their probabilities, each given the past (Freedman's inequality).

    Args:
        events: Events seen.
        expected: Sum of their conditional probabilities.
        false_alarm: Chance that a correct model fails.
        must_see: Relative error of the probabilities that is caught with chance `POWER`.

    Raises:
        TooFewTrialsError: If the sum is too small to show ``must_see``.
        AssertionError: If the events lie too far away.
    """
    seen = visible_error(expected, false_alarm) if expected > 0 else math.inf
    if seen > must_see:
        raise TooFewTrialsError(f"a sum of {expected:.1f} shows a relative error of {seen:.2g}, not {must_see:g}")
    margin = martingale_margin(expected, false_alarm)
    assert abs(events - expected) <= margin, f"{events} events, sum of probabilities {expected:.1f} +- {margin:.1f}"


def assert_cells_plausible(counts: npt.ArrayLike, probabilities: npt.ArrayLike, *, false_alarm: float) -> None:
    """Asserts that counts fit cell probabilities (Pearson's chi-square; every cell must expect 20 or more).

    Args:
        counts: Events by cell, any shape.
        probabilities: Of each cell, the same shape; they sum to 1.
        false_alarm: Chance that a correct model fails, about.
    """
    seen = np.asarray(counts, dtype=np.float64).ravel()
    expected = np.broadcast_to(np.asarray(probabilities, dtype=np.float64), np.shape(counts)).ravel() * seen.sum()
    if expected.min() < 20:
        raise TooFewTrialsError(f"a cell expects {expected.min():.1f} events, fewer than 20")
    p_value = stats.chi2.sf(float(((seen - expected) ** 2 / expected).sum()), len(seen) - 1)
    assert p_value >= false_alarm, f"chi-square of {len(seen)} cells has p = {p_value:.2g}"


def assert_uncorrelated(x: npt.ArrayLike, y: npt.ArrayLike, *, false_alarm: float, must_see: float) -> None:
    """Asserts that two series of independent uniforms are uncorrelated (normal approximation).

    Args:
        x: Uniform numbers, shape (n,).
        y: Uniform numbers, shape (n,).
        false_alarm: Chance that independent series fail.
        must_see: Correlation that is caught with chance `POWER`.
    """
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    limit = stats.norm.isf(false_alarm / 2) / math.sqrt(len(a))
    if limit + stats.norm.ppf(POWER) / math.sqrt(len(a)) > must_see:
        raise TooFewTrialsError(f"{len(a)} pairs show no correlation below {limit:.2g}")
    r = float(((a - 0.5) * (b - 0.5)).mean() * 12)
    assert abs(r) <= limit, f"correlation {r:.2g} beyond {limit:.2g}"
