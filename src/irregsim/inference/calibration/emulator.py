"""A smooth approximation of the model's registers: a quadratic response surface and its residual variation.

Each compared count, on its log scale, is a sum of linear terms in every parameter and of squares and products of those
parameters that matter most, fitted by scikit-learn's ridge regression (Hoerl and Kennard 1970). How strongly terms are
shrunk is chosen by leaving trials out one by one, which for ridge regression is exact and cheap (Allen 1974). What
is left open is kept as a covariance over counts: random variation of the events, the registers' noise, the parameters
that are not followed and the surface's own error.

scikit-learn comes with ``irregsim[calibrate]``; nothing but a fit loads it.
"""

from __future__ import annotations

import importlib.util
import itertools
from dataclasses import dataclass
from types import ModuleType
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


def missing() -> str | None:
    """What must be installed before a surface can be fitted, or None where nothing is missing."""
    if importlib.util.find_spec("sklearn") is None:
        return "a calibration needs the package scikit-learn; install it with: pip install 'irregsim[calibrate]'"
    return None


def _linear_model() -> ModuleType:
    """scikit-learn's linear models.

    Raises:
        ModuleNotFoundError: If scikit-learn is not installed; the message says how to.
    """
    wanted = missing()
    if wanted:
        raise ModuleNotFoundError(wanted, name="sklearn")
    from sklearn import linear_model

    return linear_model  # type: ignore[no-any-return]


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
    ridge = _linear_model().Ridge(0.1 * len(z), fit_intercept=False, solver="cholesky").fit(x, unit)
    # Random variation alone gives a squared slope of 1/n for each of the counts.
    weight = np.maximum(0.0, ridge.coef_**2 - 4.0 / len(z)).sum(axis=0)
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
    parts = z[:, followed], products(z[:, followed]), z[:, others]
    centre = np.average(y, axis=0, weights=weight)
    # Trials from the prior have terms of mean 0 by design; those of a later wave have not.
    means = [np.zeros(x.shape[1]) if is_prior else np.average(x, axis=0, weights=weight) for x in parts]
    root = np.sqrt(weight)[:, None]
    near, pairs, far = (root * (x - mean) for x, mean in zip(parts, means, strict=True))
    spread = np.maximum(np.sqrt(np.average((y - centre) ** 2, axis=0, weights=weight)), 1e-9)
    unit = root * (y - centre) / spread
    penalties = [penalty * len(z) / 100.0 for penalty in _PENALTIES]
    best = None
    for scales in itertools.product(_QUADRATIC, _UNFOLLOWED):
        terms = np.concatenate([near, scales[0] * pairs, scales[1] * far], axis=1)
        # With a scorer, RidgeCV keeps what it predicts for each trial left out instead of its squared error.
        ridge = _linear_model().RidgeCV(
            penalties, fit_intercept=False, scoring="neg_mean_squared_error", store_cv_results=True
        )
        ridge.fit(terms, unit)
        if best is None or ridge.best_score_ > best[0].best_score_:
            best = ridge, scales
    assert best is not None
    ridge, (quadratic, far_scale) = best
    left_out = unit - ridge.cv_results_[:, :, penalties.index(ridge.alpha_)]
    linear, product, other = np.split(ridge.coef_.T * spread, np.cumsum([near.shape[1], pairs.shape[1]]))
    product, other = quadratic * product, far_scale * other
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
