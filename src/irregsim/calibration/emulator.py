"""A smooth stand-in for the model's registers: a quadratic response surface, with what it leaves open.

Each compared count, on its log scale, is a sum of linear terms in every parameter and of squares and products of those
parameters that matter most, fitted by ridge regression (Hoerl and Kennard 1970). How strongly terms are held back is
chosen by leaving trials out one by one, which for ridge regression is exact and cheap (Allen 1974). What is left open
is kept as a covariance over counts: the chance of the events, the registers' noise, the parameters that are not
followed and the surface's own error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: How much of the linear variance of all counts the followed parameters must carry, and how many there are at most.
CARRIED: Final = 0.97
MOST_FOLLOWED: Final = 40

_PENALTIES: Final = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
_QUADRATIC: Final = (0.1, 0.3, 0.6)
_UNFOLLOWED: Final = (0.3, 1.0)


@dataclass(frozen=True)
class Emulator:
    """A fitted response surface.

    Attributes:
        followed: Columns of the design that are followed, shape (followed,).
        centre: Mean of each count, shape (counts,).
        linear: Coefficients of the followed parameters, shape (followed, counts).
        quadratic: Coefficients of their squares and products, shape (pairs, counts).
        unfollowed: Coefficients of all other parameters, shape (others, counts).
        residual: Covariance of what was left open in trials left out, the other parameters known; (counts, counts).
        explained: Share of the variance of each count that the surface predicts for trials left out, shape (counts,).
        others: Columns of the parameters that are not followed, shape (others,).
    """

    followed: IntArray
    centre: FloatArray
    linear: FloatArray
    quadratic: FloatArray
    unfollowed: FloatArray
    residual: FloatArray
    explained: FloatArray
    others: IntArray

    def mean(self, z: FloatArray) -> FloatArray:
        """Expected counts on their scale, for followed parameters of shape (n, followed); shape (n, counts)."""
        return np.asarray(self.centre + z @ self.linear + products(z) @ self.quadratic)

    def expected(self, z: FloatArray) -> FloatArray:
        """Expected counts for values of all parameters, shape (n, parameters); shape (n, counts)."""
        return np.asarray(self.mean(z[:, self.followed]) + z[:, self.others] @ self.unfollowed)

    def covariance(self) -> FloatArray:
        """Covariance of a single simulated set of counts around `mean`: the other parameters vary by their priors."""
        return np.asarray(self.residual + self.unfollowed.T @ self.unfollowed)


def products(z: FloatArray) -> FloatArray:
    """Squares, less their mean of 1, and products of pairs of columns, each of variance 1; shape (n, pairs)."""
    first, second = np.triu_indices(z.shape[1])
    out = z[:, first] * z[:, second]
    out[:, first == second] = (out[:, first == second] - 1.0) / np.sqrt(2.0)
    return np.asarray(out)


def most_telling(z: FloatArray, y: FloatArray) -> IntArray:
    """The parameters whose linear terms carry most of the variance of all counts.

    Args:
        z: Design, shape (trials, parameters).
        y: Counts on their scale, shape (trials, counts).

    Returns:
        Columns of the design, rising.
    """
    unit = (y - y.mean(axis=0)) / np.maximum(y.std(axis=0), 1e-9)
    x = z - z.mean(axis=0)
    # Ridge with the penalty of the noise of a correlation: n observations, slope 0 as likely as its error.
    coefficients = np.linalg.solve(x.T @ x + 0.1 * len(z) * np.eye(x.shape[1]), x.T @ unit)
    # Chance alone gives a squared slope of 1/n for each of the counts.
    weight = np.maximum(0.0, coefficients**2 - 4.0 / len(z)).sum(axis=1)
    order = np.argsort(-weight, kind="stable")
    carried = np.cumsum(weight[order]) / max(weight.sum(), 1e-12)
    number = min(MOST_FOLLOWED, int(np.searchsorted(carried, CARRIED)) + 1)
    return np.sort(order[:number])


def fit(z: FloatArray, y: FloatArray, weight: FloatArray | None = None, followed: IntArray | None = None) -> Emulator:
    """Fits the response surface.

    Args:
        z: Design, shape (trials, parameters).
        y: Counts on their scale, shape (trials, counts).
        weight: How much each trial counts, shape (trials,), mean about 1; by default all count alike and come from the
            prior. The covariance of what is left open is weighted by the same numbers.
        followed: Columns to follow; by default `most_telling`.
    """
    is_prior = weight is None
    weight = np.ones(len(z)) if weight is None else weight / weight.mean()
    followed = most_telling(z, y) if followed is None else followed
    others = np.setdiff1d(np.arange(z.shape[1]), followed)
    near, far = z[:, followed], z[:, others]
    pairs = products(near)
    centre = np.average(y, axis=0, weights=weight)
    # Trials from the prior have terms of mean 0 by design; those of a later wave have not.
    means = [np.zeros(x.shape[1]) if is_prior else np.average(x, axis=0, weights=weight) for x in (near, pairs, far)]
    near, pairs, far = (x - mean for x, mean in zip((near, pairs, far), means, strict=True))
    root = np.sqrt(weight)[:, None]
    spread = np.maximum(np.sqrt(np.average((y - centre) ** 2, axis=0, weights=weight)), 1e-9)
    unit = root * (y - centre) / spread
    # Fewer trials than terms: the trials' own inner products say all that ridge regression needs.
    grams = [(root * part) @ (root * part).T for part in (near, pairs, far)]
    best: tuple[float, FloatArray, FloatArray, tuple[float, float]] | None = None
    for quadratic in _QUADRATIC:
        for far_scale in _UNFOLLOWED:
            squares, u = np.linalg.eigh(grams[0] + quadratic**2 * grams[1] + far_scale**2 * grams[2])
            squares, uy, squared = np.maximum(squares, 0.0), u.T @ unit, u**2
            for penalty in _PENALTIES:
                held = squares + penalty * len(z) / 100.0
                shrink = squares / held
                leverage = squared @ shrink
                left_out = (unit - u @ (shrink[:, None] * uy)) / np.maximum(1.0 - leverage, 1e-3)[:, None]
                score = float(np.mean(left_out**2))
                if best is None or score < best[0]:
                    best = (score, u @ (uy / held[:, None]), left_out, (quadratic, far_scale))
    assert best is not None
    _, dual, left_out, (quadratic, far_scale) = best
    linear, product, other = ((root * part).T @ dual for part in (near, pairs, far))
    linear, product, other = linear * spread, quadratic**2 * product * spread, far_scale**2 * other * spread
    effective = weight.sum() ** 2 / (weight**2).sum()
    residual = (left_out * spread).T @ (left_out * spread) / weight.sum()
    # A little of the diagonal keeps the covariance of many counts from few trials well behaved (Ledoit and Wolf 2004).
    keep = effective / (effective + y.shape[1])
    residual = keep * residual + (1.0 - keep) * np.diag(np.diag(residual))
    return Emulator(
        others=others,
        followed=followed,
        centre=centre - means[0] @ linear - means[1] @ product - means[2] @ other,
        linear=linear,
        quadratic=product,
        unfollowed=other,
        residual=residual,
        explained=1.0 - np.average(left_out**2 / np.maximum(weight, 1e-12)[:, None], axis=0, weights=weight),
    )
