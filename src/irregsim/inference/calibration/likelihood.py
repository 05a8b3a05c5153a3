"""What counts say of the followed parameters: normal around the surface, and Poisson where a count is small."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular
from scipy.special import gammaln, pdtr

from irregsim.inference.calibration.counts import FLOOR, Errors
from irregsim.inference.calibration.emulator import Emulator

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: No count is expected to be smaller: the scale of counts ends at 0, their logs do not.
_LEAST = 0.02


def _level(value: FloatArray) -> FloatArray:
    """The expected count at a value on the scale of counts."""
    return np.maximum(np.exp(np.minimum(value, 50.0)) - FLOOR, _LEAST)


def log_probability(count: FloatArray, value: FloatArray) -> FloatArray:
    """Log probability of a count with Poisson variation around ``value`` on the scale of counts."""
    level = _level(value)
    return np.asarray(count * np.log(level) - level - gammaln(count + 1.0))


def below(count: FloatArray, value: FloatArray) -> FloatArray:
    """Probability of less than a count and half of that of the count, with Poisson variation around ``value``."""
    level = _level(value)
    less = np.where(count > 0.0, pdtr(np.maximum(count - 1.0, 0.0), level), 0.0)
    return np.asarray(less + 0.5 * np.exp(log_probability(count, value)))


@dataclass(frozen=True)
class Likelihood:
    """What counts say of the followed parameters, with a spread that moves with the counts.

    On their scale counts are normal around the surface. The standard deviation of each is what surface, unfollowed
    parameters and errors give where the count is expected to be; the correlations are those at the surface's `middle`,
    which keeps a thousand particles as cheap as one. A small count (`Errors.small`) is a Poisson number around such a
    normal value: a negative binomial but for the shape of the tail. The normal values behind small counts are unknown;
    a particle carries them, as standard normals, after its followed parameters.

    Attributes:
        surface: Response surface of the counts.
        errors: What the model may miss.
        data: Observed counts on their scale, shape (counts,).
        inflate: Factor on the covariance.
    """

    surface: Emulator
    errors: Errors
    data: FloatArray
    inflate: float = 1.0

    @property
    def width(self) -> int:
        """Numbers of a particle: followed parameters and small counts."""
        return len(self.surface.followed) + int(self.errors.small.sum())

    @property
    def counts(self) -> FloatArray:
        """The small counts as whole numbers, shape (small,)."""
        return np.asarray(np.maximum(np.round(np.exp(self.data[self.errors.small]) - FLOOR), 0.0))

    def spread(self, mean: FloatArray, z: FloatArray) -> FloatArray:
        """Standard deviation of each count, without the Poisson variation of those that are fitted as counts.

        Args:
            mean: Expected counts, shape (n, counts).
            z: The followed parameters that they are expected of, shape (n, followed).

        Returns:
            Of the shape of ``mean``.
        """
        own = np.diag(self.surface.residual) * self.surface.wider(mean, z) ** 2
        own = own * self.surface.beyond_chance(mean, self.errors.small, z)
        others = (self.surface.unfollowed**2).sum(axis=0)
        return np.asarray(np.sqrt(self.inflate * (own + others + self.errors.sd(mean) ** 2)))

    def correlation(self) -> FloatArray:
        """Correlation of the counts given the parameters, shape (counts, counts)."""
        middle = self.surface.middle
        covariance = self.surface.covariance(small=self.errors.small) + self.errors.at(middle)
        sd = np.sqrt(np.diag(covariance))
        return np.asarray(covariance / sd[:, None] / sd[None, :])

    def _parts(self) -> tuple[IntArray, IntArray, FloatArray]:
        """Which counts are normal, which small, and the root of the correlation in this order."""
        small, normal = np.flatnonzero(self.errors.small), np.flatnonzero(~self.errors.small)
        order = np.concatenate([normal, small])
        return normal, small, np.linalg.cholesky(self.correlation()[np.ix_(order, order)])

    def log(self) -> Callable[[FloatArray], FloatArray]:
        """Log likelihood of particles of shape (n, `width`), less a constant; shape (n,)."""
        normal, small, root = self._parts()
        counts, number = self.counts, len(normal)

        def log(x: FloatArray) -> FloatArray:
            mean, sd, far = self._far(x, normal, root)
            value = -0.5 * (far**2).sum(axis=0) - np.log(sd[:, normal]).sum(axis=1)
            if len(small):
                behind = self._behind(x, mean[:, small], sd[:, small], far, root[number:])
                value = value + log_probability(counts, behind).sum(axis=1) / self.inflate
            return np.asarray(value)

        return log

    def _far(self, x: FloatArray, normal: IntArray, root: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Expected counts, their spread, and the normal counts' distances as independent standard normals."""
        z = x[:, : len(self.surface.followed)]
        mean = self.surface.mean(z)
        sd, number = self.spread(mean, z), len(normal)
        own = ((self.data - mean) / sd)[:, normal].T
        return mean, sd, solve_triangular(root[:number, :number], own, lower=True, check_finite=False)

    def _behind(self, x: FloatArray, mean: FloatArray, sd: FloatArray, far: FloatArray, root: FloatArray) -> FloatArray:
        """The normal values behind small counts, given the normal counts; shape (n, small)."""
        own = x[:, len(self.surface.followed) :]
        return np.asarray(mean + sd * (far.T @ root[:, : len(far)].T + own @ root[:, len(far) :].T))

    def behind(self, x: FloatArray) -> FloatArray:
        """What particles take the counts to be: as observed, and the values behind small counts; (n, counts)."""
        normal, small, root = self._parts()
        out = np.repeat(self.data[None, :], len(x), axis=0)
        if len(small):
            mean, sd, far = self._far(x, normal, root)
            out[:, small] = self._behind(x, mean[:, small], sd[:, small], far, root[len(normal) :])
        return out

    def given_others(self, z: FloatArray, data: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Each count given the parameters and all other counts, as normals.

        Args:
            z: Followed parameters, shape (n, followed).
            data: What particles take the counts to be, as of `behind`, shape (n, counts).

        Returns:
            What is then expected of it, and the standard deviation around it; both of shape (n, counts).
        """
        mean = self.surface.mean(z)
        precision, sd = np.linalg.inv(self.correlation()), self.spread(mean, z)
        own = np.diag(precision)
        return data - sd * (((data - mean) / sd) @ precision) / own, sd / np.sqrt(own)
