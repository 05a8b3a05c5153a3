"""Proof that the method works: known truths, their registers simulated, and whether the fit finds them again.

Simulation-based calibration (Talts et al. 2018): truths are trials of the bank that the emulator did not see, drawn
from the prior. If the fit is right, the rank of each true value among the posterior's is uniform, and an interval of
90 % contains the truth nine times in ten.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from irregsim.inference.calibration import emulator as response
from irregsim.inference.calibration import sampler
from irregsim.model.draws import Draws

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

FOLDS: Final = 5
#: Particles for one truth; fewer than for the shipped fit, since many truths are sampled.
PARTICLES: Final = 400
#: Sets of truths that are right by construction.
SETS: Final = 999


@dataclass(frozen=True)
class Recovery:
    """How well known truths were found again.

    Attributes:
        columns: Parameters that were followed for all truths, as columns of the design.
        ranks: Rank of each truth among the posterior, as a share strictly between 0 and 1, shape (truths, parameters).
        narrower: Posterior over prior standard deviation, shape (truths, parameters).
        null: Chi-squared of the ranks (`unevenness`) in sets of truths that are right by construction, shape (sets,).
    """

    columns: IntArray
    ranks: FloatArray
    narrower: FloatArray
    null: FloatArray

    def coverage(self, level: float) -> FloatArray:
        """Share of truths inside the central interval of a level, by parameter; shape (parameters,)."""
        tail = 0.5 * (1.0 - level)
        return np.asarray(((self.ranks > tail) & (self.ranks < 1.0 - tail)).mean(axis=0))

    def uniformity(self) -> tuple[float, float]:
        """Chi-squared of all ranks in ten bins, and how often a right method would give as much or more."""
        statistic = unevenness(self.ranks)
        return statistic, float((1 + (self.null >= statistic).sum()) / (1 + len(self.null)))


def unevenness(ranks: FloatArray) -> float:
    """Chi-squared statistic of ranks between 0 and 1 in ten bins."""
    counts, _ = np.histogram(ranks, bins=10, range=(0.0, 1.0))
    expected = ranks.size / 10
    return float(((counts - expected) ** 2 / expected).sum())


def right_by_construction(own: Sequence[FloatArray], seed: int) -> FloatArray:
    """What `unevenness` would be, were the method right: each truth replaced by a draw of its own posterior.

    The parameters of one truth go along with each other, so the statistic has no chi-squared distribution; a draw of
    the posterior has the same company.

    Args:
        own: For each truth the rank of each particle among the others, shape (particles, parameters).
        seed: Random seed of the choices.

    Returns:
        One statistic for each of `SETS` sets of such truths, shape (sets,).
    """
    draws = Draws(seed, 1)
    keys = draws.keys(np.arange(SETS * len(own), dtype=np.uint64) + np.uint64(15 << 58))
    u = draws.uniform("sampler", 0, keys).reshape(SETS, len(own))
    return np.array(
        [unevenness(np.stack([ranks[int(v * len(ranks))] for ranks, v in zip(own, row, strict=True)])) for row in u]
    )


def synthetic(y: FloatArray, error: FloatArray, seed: int, number: int) -> FloatArray:
    """A trial's counts as data: with the same further error that the fit allows real counts."""
    draws = Draws(seed, 0)
    keys = draws.keys(np.arange(len(y), dtype=np.uint64) + np.uint64((13 << 58) + number * 4096))
    return np.asarray(y + error * ndtri(draws.uniform("target_error", -1, keys)))


def surface(
    z: FloatArray, y: FloatArray, expected: FloatArray, weight: FloatArray | None, followed: IntArray
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
    """
    fitted = response.fit(z, expected, weight, followed)
    noise = y - expected
    mean = np.average(noise, axis=0, weights=weight)
    return replace(
        fitted,
        centre=fitted.centre + mean,
        residual=fitted.residual + np.cov(noise.T, aweights=weight).reshape(fitted.residual.shape),
    )


def recover(
    z: FloatArray,
    y: FloatArray,
    expected: FloatArray,
    error: FloatArray,
    truths: IntArray,
    *,
    seed: int,
    weight: FloatArray | None = None,
    followed: IntArray | None = None,
    finished: Callable[[int], None] = lambda number: None,
) -> Recovery:
    """Fits to each truth with an emulator that did not see it.

    Args:
        z: Design, shape (trials, parameters).
        y: Simulated counts on their scale, shape (trials, counts).
        expected: What the registers were expected to count of the same events, of the same shape.
        error: Standard deviation of what the model may miss, shape (counts,).
        truths: Trials that serve as truths.
        seed: Random seed of errors and sampler.
        weight: Weights of the trials in the emulator.
        followed: Parameters followed; by default those that matter most in the whole design, the same for all folds.
        finished: Called for each truth.
    """
    followed = response.most_telling(z, expected) if followed is None else followed
    ranks, narrower = np.empty((len(truths), len(followed))), np.empty((len(truths), len(followed)))
    own = []
    for fold in range(FOLDS):
        mine = truths[fold::FOLDS]
        if len(mine) == 0:
            continue
        seen = np.setdiff1d(np.arange(len(z)), mine)
        fitted = surface(z[seen], y[seen], expected[seen], None if weight is None else weight[seen], followed)
        for i, truth in enumerate(mine.tolist()):
            data = synthetic(y[truth], error, seed, truth)
            found = sampler.sample(fitted, data, error, seed=seed + 1 + truth, particles=PARTICLES, families=1).z
            at = fold + i * FOLDS
            ranks[at] = ((found < z[truth, followed]).sum(axis=0) + 0.5) / (len(found) + 1)
            narrower[at] = found.std(axis=0)
            own.append((found.argsort(axis=0).argsort(axis=0) + 0.5) / len(found))
            finished(truth)
    return Recovery(followed, ranks, narrower, right_by_construction(own, seed))


def nearest_trials(
    z: FloatArray, y: FloatArray, data: FloatArray, error: FloatArray, followed: IntArray, seed: int, share: float = 0.1
) -> FloatArray:
    """A second, independent method on the same bank: regression ABC.

    Counts with their error are summed up by linear regressions of the parameters on them (semi-automatic summaries;
    Fearnhead and Prangle 2012); the nearest trials are kept and moved by a local linear regression (Beaumont et al.
    2002).

    Args:
        z: Design, shape (trials, parameters), drawn from the prior.
        y: Simulated counts on their scale, shape (trials, counts).
        data: Observed counts on their scale, shape (counts,).
        error: Standard deviation of what the model may miss, shape (counts,).
        followed: Parameters to estimate.
        seed: Random seed of the errors added to the simulated counts.
        share: Share of the trials kept.

    Returns:
        Followed parameters, shape (kept, followed).
    """
    noisy = np.stack([synthetic(row, error, seed, number) for number, row in enumerate(y)])
    centre, spread = noisy.mean(axis=0), np.maximum(noisy.std(axis=0), 1e-9)
    x, target = (noisy - centre) / spread, z[:, followed]
    penalty = 0.02 * len(x) * np.eye(x.shape[1])
    slope = np.linalg.solve(x.T @ x + penalty, x.T @ target)
    summary, wanted = x @ slope, ((data - centre) / spread) @ slope
    scale = np.maximum(summary.std(axis=0), 1e-9)
    far = (((summary - wanted) / scale) ** 2).sum(axis=1)
    kept = np.argsort(far, kind="stable")[: max(50, int(share * len(x)))]
    near = (summary[kept] - wanted) / scale
    weight = 1.0 - far[kept] / far[kept].max()
    design = np.concatenate([np.ones((len(kept), 1)), near], axis=1)
    normal = design.T @ (weight[:, None] * design) + 0.05 * weight.sum() * np.diag([0.0] + [1.0] * near.shape[1])
    local = np.linalg.solve(normal, design.T @ (weight[:, None] * target[kept]))
    return np.asarray(target[kept] - near @ local[1:])
