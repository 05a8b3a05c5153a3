"""Proof that the method works: known truths, their registers simulated, and whether the fit finds them again.

Simulation-based calibration (Talts et al. 2018): truths are trials of the bank that the emulator did not see, drawn
from the prior. If the fit is right, the rank of each true value among the posterior's is uniform, and an interval of
90 % contains the truth nine times in ten.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import joblib
import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from irregsim.inference.calibration import emulator as response
from irregsim.inference.calibration import sampler
from irregsim.inference.calibration.counts import FLOOR
from irregsim.model.draws import Draws

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from irregsim.inference.calibration.counts import Errors
    from irregsim.inference.calibration.priors import Before

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

FOLDS: Final = 6
#: Sets of truths that are right by construction.
SETS: Final = 999


@dataclass(frozen=True)
class Recovery:
    """How well known truths were found again.

    Attributes:
        columns: Parameters that were followed for all truths, as columns of the design.
        ranks: Rank of each truth among the posterior, as a share strictly between 0 and 1, shape (truths, parameters).
        narrower: Posterior over prior standard deviation, shape (truths, parameters).
        null: The same ranks in sets of truths that are right by construction, shape (sets, truths, parameters).
        distance: Root mean square of each truth's followed parameters, in the priors' standard deviations, (truths,).
    """

    columns: IntArray
    ranks: FloatArray
    narrower: FloatArray
    null: FloatArray
    distance: FloatArray

    def coverage(self, level: float) -> FloatArray:
        """Share of truths inside the central interval of a level, by parameter; shape (parameters,)."""
        return np.asarray(inside(self.ranks, level).mean(axis=0))

    def band(self, level: float) -> tuple[float, float]:
        """Where a right method's coverage of 90 % intervals lies with probability ``level``, over all parameters."""
        return _band(inside(self.null, 0.9).mean(axis=(1, 2)), level)

    def thirds(self, level: float) -> list[tuple[float, float, float]]:
        """Coverage of 90 % intervals by distance of the truth from the priors' centre, nearest third first.

        Args:
            level: Probability that all three of a right method lie within their bands.

        Returns:
            Coverage and its band for each third.
        """
        parts = np.array_split(np.argsort(self.distance, kind="stable"), 3)
        own, null = inside(self.ranks, 0.9), inside(self.null, 0.9)
        return [
            (float(own[part].mean()), *_band(null[:, part].mean(axis=(1, 2)), 1.0 - (1.0 - level) / 3.0))
            for part in parts
            if len(part)
        ]

    def uniformity(self) -> tuple[float, float]:
        """Chi-squared of all ranks in ten bins, and how often a right method would give as much or more."""
        statistic = unevenness(self.ranks)
        null = np.array([unevenness(one) for one in self.null])
        return statistic, float((1 + (null >= statistic).sum()) / (1 + len(null)))

    def outside(self, level: float) -> list[int]:
        """Parameters whose ranks leave a band that holds those of all parameters with probability ``level``.

        Returns:
            Columns of the design, the farthest first.
        """
        own = np.array([uneven(column[None, :])[0] for column in self.ranks.T])
        null = np.stack([uneven(self.null[:, :, i]) for i in range(len(own))]).max(axis=0)
        limit = np.quantile(null, level)
        return [int(self.columns[i]) for i in np.argsort(-own) if own[i] > limit]


def inside(ranks: FloatArray, level: float) -> npt.NDArray[np.bool_]:
    """Which ranks lie in the central interval of a level."""
    tail = 0.5 * (1.0 - level)
    return np.asarray((ranks > tail) & (ranks < 1.0 - tail))


def _band(values: FloatArray, level: float) -> tuple[float, float]:
    low, high = np.quantile(values, [0.5 * (1.0 - level), 0.5 * (1.0 + level)])
    return float(low), float(high)


def unevenness(ranks: FloatArray) -> float:
    """Chi-squared statistic of ranks between 0 and 1 in ten bins."""
    counts, _ = np.histogram(ranks, bins=10, range=(0.0, 1.0))
    expected = ranks.size / 10
    return float(((counts - expected) ** 2 / expected).sum())


#: Points between 0 and 1 at which a distribution of ranks is compared with the diagonal.
_POINTS: Final = np.arange(1, 20) / 20.0


def uneven(ranks: FloatArray) -> FloatArray:
    """How far the distribution of ranks leaves the diagonal, in pointwise standard deviations of independent ranks.

    A simultaneous band around the diagonal has a quantile of this statistic as its half width (Säilynoja, Bürkner and
    Vehtari 2022).

    Args:
        ranks: Between 0 and 1, shape (sets, ranks).

    Returns:
        The largest distance of each set, shape (sets,).
    """
    ordered = np.sort(ranks, axis=1)
    below = np.stack([(ordered <= point).mean(axis=1) for point in _POINTS], axis=1)
    return np.asarray((np.abs(below - _POINTS) / np.sqrt(_POINTS * (1.0 - _POINTS) / ranks.shape[1])).max(axis=1))


def right_by_construction(own: Sequence[FloatArray], seed: int) -> FloatArray:
    """What ranks would be, were the method right: each truth replaced by a draw of its own posterior.

    The parameters of one truth go along with each other, so statistics of their ranks have distributions of their own;
    a draw of the posterior has the same company.

    Args:
        own: For each truth the rank of each particle among the others, shape (particles, parameters).
        seed: Random seed of the choices.

    Returns:
        `SETS` sets of such truths, shape (sets, truths, parameters).
    """
    draws = Draws(seed, 1)
    keys = draws.keys(np.arange(SETS * len(own), dtype=np.uint64) + np.uint64(15 << 58))
    u = draws.uniform("sampler", 0, keys).reshape(SETS, len(own))
    chosen = [ranks[(u[:, i] * len(ranks)).astype(np.int64)] for i, ranks in enumerate(own)]
    return np.stack(chosen, axis=1)


def synthetic(y: FloatArray, errors: Errors, seed: int, number: int) -> FloatArray:
    """A trial's counts as data: with the same further error that the fit allows real counts."""
    draws = Draws(seed, 0)
    keys = draws.keys(np.arange(errors.root.shape[1], dtype=np.uint64) + np.uint64((13 << 58) + number * 4096))
    normal = ndtri(draws.uniform("target_error", -1, keys))
    data = y + errors.steepness(y) * (errors.root @ normal)
    whole = np.log(np.maximum(np.round(np.exp(data) - FLOOR), 0.0) + FLOOR, where=errors.small, out=data.copy())
    return np.asarray(whole)


def surface(
    z: FloatArray,
    y: FloatArray,
    expected: FloatArray,
    weight: FloatArray | None,
    followed: IntArray,
    judged: npt.NDArray[np.bool_] | None = None,
    coarse: npt.NDArray[np.bool_] | None = None,
) -> response.Emulator:
    """A response surface of expected counts, which holds the registers' own noise as what it leaves open.

    Expected counts have less noise than counts, so the same trials are more informative. What the registers add is
    known for each trial: its mean belongs to the surface and its covariance to what the surface leaves open.

    Args:
        z: Design, shape (trials, parameters).
        y: Simulated counts on their scale, shape (trials, counts).
        expected: What the registers were expected to count of the same events, on the same scale and of the same shape.
        weight: Weights of the trials; by default all count alike and come from the prior.
        followed: Parameters followed.
        judged: Trials that say what is left open, as for `emulator.fit`.
        coarse: Trials of another population scale, as for `emulator.fit`.
    """
    return response.fit(z, expected, weight, followed, judged=judged, coarse=coarse, noise=y - expected)


def recover(
    z: FloatArray,
    y: FloatArray,
    expected: FloatArray,
    errors: Errors,
    truths: IntArray,
    *,
    seed: int,
    prior: Before | None = None,
    weight: FloatArray | None = None,
    followed: IntArray | None = None,
    judged: npt.NDArray[np.bool_] | None = None,
    coarse: npt.NDArray[np.bool_] | None = None,
    jobs: int = 1,
    finished: Callable[[int], None] = lambda number: None,
) -> Recovery:
    """Fits to each truth with an emulator that did not see it.

    Args:
        z: Design, shape (trials, parameters).
        y: Simulated counts on their scale, shape (trials, counts).
        expected: What the registers were expected to count of the same events, of the same shape.
        errors: What the model may miss.
        truths: Trials that serve as truths.
        seed: Random seed of errors and sampler.
        prior: Of the followed parameters; by default standard normals, from which the truths of a first wave are drawn.
        weight: Weights of the trials in the emulator.
        followed: Parameters followed; by default those that matter most in the whole design, the same for all folds.
        judged: Trials that say what is left open, as for `emulator.fit`.
        coarse: Trials of another population scale, as for `emulator.fit`.
        jobs: Processes; results do not depend on them.
        finished: Called for each truth.
    """
    followed = response.most_telling(z, expected) if followed is None else followed
    ranks, narrower = np.empty((len(truths), len(followed))), np.empty((len(truths), len(followed)))
    own: list[FloatArray] = [np.empty(0)] * len(truths)

    def of(fold: int) -> list[tuple[FloatArray, FloatArray, FloatArray]]:
        mine = truths[fold::FOLDS]
        seen = np.setdiff1d(np.arange(len(z)), mine)
        fitted = surface(
            z[seen],
            y[seen],
            expected[seen],
            None if weight is None else weight[seen],
            followed,
            None if judged is None else judged[seen],
            None if coarse is None else coarse[seen],
        )
        return [_one(fitted, z[truth], y[truth], errors, seed, truth, prior) for truth in mine.tolist()]

    folds = [fold for fold in range(FOLDS) if len(truths[fold::FOLDS])]
    work = joblib.Parallel(n_jobs=min(jobs, len(folds)), return_as="generator")
    for fold, found in zip(folds, work(joblib.delayed(of)(fold) for fold in folds), strict=True):
        for i, one in enumerate(found):
            at = fold + i * FOLDS
            ranks[at], narrower[at], own[at] = one
            finished(int(truths[at]))
    null = right_by_construction(own, seed)
    distance = np.sqrt((z[np.ix_(truths, followed)] ** 2).mean(axis=1))
    return Recovery(followed, ranks, narrower, null, distance)


def _one(
    fitted: response.Emulator,
    z: FloatArray,
    y: FloatArray,
    errors: Errors,
    seed: int,
    truth: int,
    prior: Before | None,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """One truth fitted: its ranks, posterior standard deviations, and the rank of each particle among the others."""
    data = synthetic(y, errors, seed, truth)
    found = sampler.sample(fitted, data, errors, seed=seed + 1 + truth, families=1, prior=prior).z
    ranks = ((found < z[fitted.followed]).sum(axis=0) + 0.5) / (len(found) + 1)
    return ranks, found.std(axis=0), (found.argsort(axis=0).argsort(axis=0) + 0.5) / len(found)
