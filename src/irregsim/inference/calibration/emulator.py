"""A smooth approximation of the model's registers: a quadratic response surface and its residual variation.

Each compared count, on its log scale, is a sum of linear terms in every parameter and of squares and products of those
parameters that matter most, found by ridge regression (`ridge`). What is left open is kept as a covariance over counts:
random variation of the events, the registers' noise and the surface's own error. It is that of the trials where the
posterior lies, and it moves with the expected counts and with the distance from the trials' middle: a small count
varies more on the log scale than a large one, and far out a quadratic surface is a worse approximation than at home.

scikit-learn comes with the extra ``calibrate``; nothing but a fit loads it.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Final

import numpy as np
import numpy.typing as npt

from irregsim.inference.calibration import ridge
from irregsim.inference.calibration.counts import FLOOR
from irregsim.study.packages import install

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: How much of the linear variance of all counts the followed parameters must carry, and how many there are at most.
CARRIED: Final = 0.98
MOST_FOLLOWED: Final = 60

#: Prior standard deviation of how the log variance of a count changes with its log mean; by Poisson's law it is -1.
_STEEPNESS: Final = 1.0
#: Of a count that is fitted as a count, at least this share of the variance left open is no Poisson variation.
_LEAST_BEYOND: Final = 0.1
#: The variance is followed between these quantiles of the means that were tried, and constant beyond.
_REACH: Final = (0.02, 0.98)


@dataclass(frozen=True)
class Emulator:
    """A fitted response surface.

    Attributes:
        followed: Columns of the design that are followed, shape (followed,).
        centre: Mean of each count, shape (counts,).
        linear: Coefficients of the followed parameters, shape (followed, counts).
        quadratic: Coefficients of their squares and products, shape (pairs, counts).
        unfollowed: Coefficients of all other parameters, shape (others, counts).
        residual: Covariance of what was left open in trials left out, the other parameters known, where all counts are
            at their `middle`; (counts, counts).
        explained: Share of the variance of each count that the surface predicts for trials left out, shape (counts,).
        others: Columns of the parameters that are not followed, shape (others,).
        middle: Expected counts where `residual` holds, shape (counts,).
        steepness: Change of the log variance of what is left open with the expected count, shape (counts,).
        reach: Lowest and highest expected count between which the variance moves, shape (2, counts).
        home: Middle of the trials in the followed parameters, shape (followed,).
        sway: How much a square of each followed parameter's distance from ``home`` counts for each count, shape
            (followed, counts): its part in the variance of the count, by its own variance.
        farther: Change of the log variance of what is left open with ``log(1 + distance)``, shape (counts,).
        usual: Mean ``log(1 + distance)`` of the trials that say what is left open, where ``residual`` holds, (counts,).
    """

    followed: IntArray
    centre: FloatArray
    linear: FloatArray
    quadratic: FloatArray
    unfollowed: FloatArray
    residual: FloatArray
    explained: FloatArray
    others: IntArray
    middle: FloatArray
    steepness: FloatArray
    reach: FloatArray
    home: FloatArray
    sway: FloatArray
    farther: FloatArray
    usual: FloatArray

    def mean(self, z: FloatArray) -> FloatArray:
        """Expected counts on their scale, for followed parameters of shape (n, followed); shape (n, counts)."""
        return np.asarray(self.centre + z @ self.linear + products(z) @ self.quadratic)

    def expected(self, z: FloatArray) -> FloatArray:
        """Expected counts for values of all parameters, shape (n, parameters); shape (n, counts)."""
        return np.asarray(self.mean(z[:, self.followed]) + z[:, self.others] @ self.unfollowed)

    def far(self, z: FloatArray) -> FloatArray:
        """``log(1 + distance)`` of followed parameters from the trials' middle, by count.

        The distance is a mean of squares in standard deviations, in which a parameter weighs what it does to the count:
        about 1 for a trial.

        Args:
            z: Shape (n, followed).

        Returns:
            Shape (n, counts).
        """
        return np.asarray(np.log1p((z - self.home) ** 2 @ self.sway))

    def wider(self, mean: FloatArray, z: FloatArray | None = None) -> FloatArray:
        """Standard deviation of what is left open relative to that at `middle` and the usual distance.

        Args:
            mean: Expected counts on their scale, shape (..., counts).
            z: The followed parameters that they are expected of, shape (n, followed); None for the usual distance.

        Returns:
            Of the shape of ``mean``.
        """
        log = self.steepness * (np.clip(mean, *self.reach) - self.middle)
        if z is not None:
            log = log + self.farther * (self.far(z) - self.usual)
        return np.asarray(np.exp(0.5 * log))

    def beyond_chance(self, mean: FloatArray, small: npt.NDArray[np.bool_], z: FloatArray | None = None) -> FloatArray:
        """Share of the variance left open that is no Poisson variation, for counts that are fitted as counts.

        Args:
            mean: Expected counts on their scale, shape (..., counts).
            small: Which are fitted as counts, shape (counts,).
            z: As for `wider`.

        Returns:
            Of the shape of ``mean``: 1 for all others, at least `_LEAST_BEYOND`.
        """
        level = np.maximum(np.exp(np.minimum(mean, 50.0)) - FLOOR, 0.0)
        own = np.diag(self.residual) * self.wider(mean, z) ** 2
        share = 1.0 - level / (level + FLOOR) ** 2 / np.maximum(own, 1e-12)
        return np.where(small, np.maximum(share, _LEAST_BEYOND), 1.0)

    def left_open(
        self, mean: FloatArray, small: npt.NDArray[np.bool_] | None = None, z: FloatArray | None = None
    ) -> FloatArray:
        """Covariance of what is left open where counts are expected to be ``mean``, the other parameters known.

        Args:
            mean: Expected counts on their scale, shape (..., counts).
            small: Counts without their Poisson variation (`beyond_chance`), shape (counts,).
            z: As for `wider`.

        Returns:
            Shape (..., counts, counts).
        """
        wider = self.wider(mean, z)
        if small is not None and small.any():
            wider = wider * np.sqrt(self.beyond_chance(mean, small, z))
        return np.asarray(self.residual * wider[..., :, None] * wider[..., None, :])

    def covariance(self, mean: FloatArray | None = None, small: npt.NDArray[np.bool_] | None = None) -> FloatArray:
        """Covariance of a single simulated set of counts around `mean`: the other parameters vary by their priors.

        Args:
            mean: Expected counts, shape (..., counts); by default `middle`.
            small: As for `left_open`.
        """
        open_ = self.left_open(self.middle if mean is None else mean, small)
        return np.asarray(open_ + self.unfollowed.T @ self.unfollowed)

    def part(self, columns: IntArray) -> Emulator:
        """The same response surface for some of its counts."""
        return replace(
            self,
            centre=self.centre[columns],
            linear=self.linear[:, columns],
            quadratic=self.quadratic[:, columns],
            unfollowed=self.unfollowed[:, columns],
            residual=self.residual[np.ix_(columns, columns)],
            explained=self.explained[columns],
            middle=self.middle[columns],
            steepness=self.steepness[columns],
            reach=self.reach[:, columns],
            sway=self.sway[:, columns],
            farther=self.farther[columns],
            usual=self.usual[columns],
        )


def missing() -> str | None:
    """What must be installed before a surface can be fitted, or None where nothing is missing."""
    if importlib.util.find_spec("sklearn") is None:
        command = install("calibrate", "scikit-learn")
        return f"a calibration needs the package scikit-learn; install it with: {command}"
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


def fit(
    z: FloatArray,
    y: FloatArray,
    weight: FloatArray | None = None,
    followed: IntArray | None = None,
    *,
    judged: npt.NDArray[np.bool_] | None = None,
    coarse: npt.NDArray[np.bool_] | None = None,
    noise: FloatArray | None = None,
) -> Emulator:
    """Fits the response surface.

    Args:
        z: Design, shape (trials, parameters).
        y: Counts on their scale, shape (trials, counts).
        weight: How much each trial counts, shape (trials,), mean about 1; by default all count alike and come from the
            prior.
        followed: Columns to follow; by default `most_telling`.
        judged: Trials whose being left out says what the surface leaves open, shape (trials,); by default all, by
            their weights.
        coarse: Trials of another population scale than the one the surface is to be of, shape (trials,). Logs of
            small counts in coarse steps have another mean, which a term of its own takes up.
        noise: What each count holds beyond ``y`` by noise of its register, shape (trials, counts): its mean belongs to
            the surface and its variation to what the surface leaves open. By default none.
    """
    is_prior = weight is None
    weight = np.ones(len(z)) if weight is None else weight / weight.mean()
    followed = most_telling(z, y) if followed is None else followed
    others = np.setdiff1d(np.arange(z.shape[1]), followed)
    pairs = products(z[:, followed])
    # Trials from the prior have terms of mean 0 by design; those of a later wave have not.
    means = [np.zeros(x.shape[1]) if is_prior else np.average(x, axis=0, weights=weight) for x in (z, pairs)]
    other_scale = np.zeros((len(z), 0))
    if coarse is not None and coarse.any() and not coarse.all():
        other_scale = coarse[:, None].astype(np.float64)
    step = np.average(other_scale, axis=0, weights=weight)
    centre = np.average(y, axis=0, weights=weight)
    spread = np.maximum(np.sqrt(np.average((y - centre) ** 2, axis=0, weights=weight)), 1e-9)
    found = ridge.fit(z - means[0], pairs - means[1], other_scale - step, (y - centre) / spread, weight, followed)
    linear, product, own_step = (part * spread for part in (found.linear, found.products, found.free))
    left = found.left * spread
    centre = centre - means[0] @ linear - means[1] @ product - step @ own_step
    home = np.average(z[:, followed], axis=0, weights=weight)
    sway = _sway(np.average((z[:, followed] - home) ** 2, axis=0, weights=weight), linear[followed])
    open_ = _left_open(y, left, noise, weight, judged, np.log1p((z[:, followed] - home) ** 2 @ sway))
    return Emulator(
        home=home,
        sway=sway,
        others=others,
        followed=followed,
        centre=centre if noise is None else centre + np.average(noise, axis=0, weights=_judges(weight, judged)),
        linear=linear[followed],
        quadratic=product,
        unfollowed=linear[others],
        explained=1.0 - np.average(found.left**2, axis=0, weights=weight),
        **open_,
    )


def _sway(variance: FloatArray, linear: FloatArray) -> FloatArray:
    """Weights of squares in the distance of `Emulator.far`, shape (followed, counts).

    Args:
        variance: Of the followed parameters in the trials, shape (followed,).
        linear: What they do to the counts, shape (followed, counts).
    """
    variance = np.maximum(variance, 1e-9)[:, None]
    part = linear**2 * variance
    return np.asarray(part / np.maximum(part.sum(axis=0), 1e-300) / variance)


def _judges(weight: FloatArray, judged: npt.NDArray[np.bool_] | None) -> FloatArray:
    """How much each trial says of what is left open."""
    return weight if judged is None else judged.astype(np.float64)


def _left_open(
    y: FloatArray,
    left: FloatArray,
    noise: FloatArray | None,
    weight: FloatArray,
    judged: npt.NDArray[np.bool_] | None,
    far: FloatArray,
) -> dict[str, FloatArray]:
    """What a surface leaves open: ``residual`` to ``reach``, ``farther`` and ``usual`` of `Emulator`.

    The variance of each count is a power of its expected value and of one and the distance from the trials' middle (on
    the log scale, a plane), fitted to the squares of what was left open by a gamma regression; the correlations are the
    same everywhere. In trials that were left out the second power adds as much to the likelihood as the first
    (docs/calibration.md).
    """
    judge = _judges(weight, judged)
    here = judge > 0.0
    own, mean = judge[here], (y - left)[here]
    deviations = [left[here]]
    if noise is not None:
        deviations.append(noise[here] - np.average(noise[here], axis=0, weights=own))
        mean = mean + np.average(noise[here], axis=0, weights=own)
    square = np.sum([part**2 for part in deviations], axis=0)
    effective = own.sum() ** 2 / (own**2).sum()
    middle, reach = np.average(mean, axis=0, weights=own), np.quantile(mean, _REACH, axis=0)
    # Squares of a normal deviation are gamma numbers of dispersion 2.
    penalty = 2.0 / (effective * _STEEPNESS**2)
    steepness, farther = np.zeros(y.shape[1]), np.zeros(y.shape[1])
    far = far[here]
    usual = np.average(far, axis=0, weights=own)
    level = np.maximum(np.average(square, axis=0, weights=own), 1e-12)
    for i in range(y.shape[1]):
        x = np.stack([np.clip(mean[:, i], *reach[:, i]) - middle[i], far[:, i] - usual[i]], axis=1)
        # In units of its mean; an exact 0 is no gamma number.
        unit = np.maximum(square[:, i] / level[i], 1e-9)
        line = _linear_model().GammaRegressor(alpha=penalty, max_iter=1000)
        steepness[i], farther[i] = line.fit(x, unit, sample_weight=own).coef_
    farther = np.maximum(farther, 0.0)  # no surface is better known farther away
    wider = np.exp(0.5 * (steepness * (np.clip(mean, *reach) - middle) + farther * (far - usual)))
    residual = np.zeros((y.shape[1], y.shape[1]))
    for part in deviations:
        residual += (part / wider).T @ (own[:, None] * part / wider) / own.sum()
    # A little of the diagonal keeps the covariance of many counts from few trials well behaved (Ledoit and Wolf 2004).
    keep = effective / (effective + y.shape[1])
    residual = keep * residual + (1.0 - keep) * np.diag(np.diag(residual))
    found = {"residual": residual, "middle": middle, "steepness": steepness, "reach": reach}
    return found | {"farther": farther, "usual": usual}
