"""Where the sign of an effect flips along something that is not known.

The mean effect along an axis, over all else that is not known, is fitted by a polynomial. Its degree, 0 to 3, is the
one that predicts points best that were left out (Allen 1974, The relationship between variable selection and data
augmentation and a method for prediction, Technometrics 16). Where degree 0 is best, the effect does not go with the
axis. The interval is that of the bootstrap over points (Efron and Tibshirani 1993, An Introduction to the Bootstrap).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from irregsim.model.draws import mix, mix_array
from irregsim.study.sensitivity.shares import FALSE_ALARM, LEVEL

FloatArray = npt.NDArray[np.float64]

#: Most degrees of the polynomial: two bends tell more than the noise of a few hundred points lets see.
MOST_DEGREES: Final = 3

#: Samples of the points that are drawn again.
RESAMPLES: Final = 400


@dataclass(frozen=True)
class Flip:
    """A value at which the mean effect changes its sign.

    Attributes:
        at: The value.
        lo: Lower end of the 95 % interval.
        hi: Upper end.
        below: Sign just below it: -1 or 1; above it is the other one.
        found: Share of the resamples that have such a flip within the range.
    """

    at: float
    lo: float
    hi: float
    below: int
    found: float

    @property
    def is_clear(self) -> bool:
        """Whether nearly all resamples have it."""
        return self.found >= 1.0 - FALSE_ALARM


def flips(values: FloatArray, effect: FloatArray, low: float, high: float) -> list[Flip]:
    """The values at which the mean effect changes its sign within a range.

    Args:
        values: Value of the axis in every point, shape (points,).
        effect: Effect in every point, likewise.
        low: Lower end of the range.
        high: Upper end, above it.

    Returns:
        Flips from the lowest; none where the fitted mean keeps its sign.
    """
    x = 2.0 * (values - low) / (high - low) - 1.0
    degree = best_degree(x, effect)
    powers = np.vander(x, degree + 1, increasing=True)
    own = _roots(_fitted(powers, effect))
    if not own:
        return []
    others = [_roots(one) for one in _refitted(powers, effect)]
    out = []
    for at, below in own:
        near = [
            min(mine, key=lambda one: abs(one - at))
            for roots in others
            if (mine := [where for where, sign in roots if sign == below])
        ]
        found = len(near) / len(others)
        ends = np.quantile(near, [0.5 - 0.5 * LEVEL, 0.5 + 0.5 * LEVEL]) if near else (-1.0, 1.0)
        told = [float(low + 0.5 * (one + 1.0) * (high - low)) for one in (at, *ends)]
        out.append(Flip(told[0], told[1], told[2], below, found))
    return out


def mean_curve(values: FloatArray, effect: FloatArray, low: float, high: float, at: FloatArray) -> FloatArray:
    """The fitted mean effect at some values of an axis, of which `flips` tells the sign; its first four arguments."""
    x, place = (2.0 * (one - low) / (high - low) - 1.0 for one in (values, at))
    fitted = _fitted(np.vander(x, best_degree(x, effect) + 1, increasing=True), effect)
    return np.asarray(np.polynomial.polynomial.polyval(place, fitted))


def best_degree(x: FloatArray, effect: FloatArray) -> int:
    """The degree that predicts points best that are left out, each once.

    Args:
        x: Place of every point, -1 to 1, shape (points,).
        effect: Likewise.
    """
    errors = []
    for degree in range(MOST_DEGREES + 1):
        q, _ = np.linalg.qr(np.vander(x, degree + 1, increasing=True))
        own = (q**2).sum(axis=1)  # what a point has to do with its own fit
        left = (effect - q @ (q.T @ effect)) / np.maximum(1.0 - own, 1e-12)
        errors.append(float((left**2).sum()))
    return int(np.argmin(errors))


def _refitted(powers: FloatArray, effect: FloatArray) -> FloatArray:
    """Coefficients of the same polynomial in every resample of the points, shape (resamples, degrees + 1)."""
    n, number = powers.shape
    counts = _counts(n)
    moments = (counts @ np.einsum("na,nb->nab", powers, powers).reshape(n, -1)).reshape(-1, number, number)
    return np.asarray(np.linalg.solve(moments, (counts @ (powers * effect[:, None]))[:, :, None])[:, :, 0])


@lru_cache(maxsize=2)
def _counts(n: int) -> FloatArray:
    """How often each of n points is in each resample, shape (resamples, n)."""
    return np.stack([np.bincount(resample(n, j), minlength=n) for j in range(RESAMPLES)]).astype(np.float64)


def _fitted(powers: FloatArray, effect: FloatArray) -> FloatArray:
    """Coefficients by least squares, the constant first."""
    return np.asarray(np.linalg.lstsq(powers, effect, rcond=None)[0], dtype=np.float64)


def resample(n: int, number: int) -> npt.NDArray[np.int64]:
    """Numbers of n points drawn from n with replacement, the same on every machine."""
    key = np.uint64(mix(number + 1))
    return (mix_array(np.arange(n, dtype=np.uint64) ^ key) % np.uint64(n)).astype(np.int64)


def _roots(coefficients: FloatArray) -> list[tuple[float, int]]:
    """Places between -1 and 1 at which a polynomial changes its sign, and its sign just below each."""
    every = np.roots(coefficients[::-1])
    real = sorted({float(one.real) for one in every if abs(one.imag) < 1e-9 and -1.0 < one.real < 1.0})
    out = []
    borders = [-1.0, *real, 1.0]
    for i, at in enumerate(real, start=1):
        middles = np.array([0.5 * (borders[i - 1] + at), 0.5 * (at + borders[i + 1])])
        below, above = np.sign(np.polynomial.polynomial.polyval(middles, coefficients)).astype(int)
        if below * above < 0:
            out.append((at, int(below)))
    return out


def mean_interval(effect: FloatArray) -> tuple[float, float, float]:
    """Mean of an effect over points, and its 95 % interval by the same resamples."""
    means = _counts(len(effect)) @ effect / len(effect)
    lo, hi = np.quantile(means, [0.5 - 0.5 * LEVEL, 0.5 + 0.5 * LEVEL])
    return float(effect.mean()), float(lo), float(hi)
