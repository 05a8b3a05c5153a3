"""Sequential Monte Carlo over the emulator (Del Moral, Doucet and Jasra 2006).

Particles of the prior are led to the posterior in steps of a temperature, each step as large as possible while half of
the particles still count. After each step they are resampled and moved by a random walk that leaves a normal
distribution with their own mean and covariance as it is (an adapted Crank-Nicolson proposal; Cotter et al. 2013),
accepted by Metropolis and Hastings. All random numbers are keyed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from irregsim.inference.calibration.counts import Errors
from irregsim.inference.calibration.emulator import Emulator
from irregsim.inference.calibration.likelihood import Likelihood
from irregsim.inference.calibration.priors import Before
from irregsim.model.draws import Draws

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Of each family. With 400, a posterior of some 60 parameters is 12 % narrower than with 3 000; with 1 000, 1 %.
PARTICLES: Final = 1000
#: Moves of every particle after each step of the temperature, and after the last one.
MOVES, LAST_MOVES = 6, 30
_MOST_STEPS: Final = 80


@dataclass(frozen=True)
class Sample:
    """Equally weighted particles of the posterior.

    Attributes:
        z: Followed parameters, shape (particles, followed).
        data: What each particle takes the counts to be on their scale, shape (particles, counts): as published, and the
            expected value behind those that are fitted as counts.
        steps: Temperatures it took.
        accepted: Share of the last moves that were accepted.
        halves: Difference of the means of the two halves of independent families of particles, in posterior standard
            deviations, by parameter; near 0 where the sampler has converged.
    """

    z: FloatArray
    data: FloatArray
    steps: int
    accepted: float
    halves: FloatArray


class _Chance:
    """Keyed uniforms and normals, a fresh set at every call."""

    def __init__(self, seed: int, family: int, particles: int, width: int) -> None:
        self._draws = Draws(seed, family)
        ids = np.arange(particles * (width + 1), dtype=np.uint64) + np.uint64(11 << 58)
        self._keys = self._draws.keys(ids)
        self._shape = (particles, width + 1)
        self._call = 0

    def __call__(self) -> tuple[FloatArray, FloatArray]:
        self._call += 1
        u = self._draws.uniform("sampler", self._call, self._keys).reshape(self._shape)
        return u[:, 0], ndtri(u[:, 1:])


def _family(
    log_likelihood: Callable[[FloatArray], FloatArray], prior: Before, chance: _Chance, particles: int
) -> tuple[FloatArray, int, float]:
    """One family of particles; ``prior`` is of each of their numbers before the counts."""
    z, width = prior.mean + chance()[1] * prior.sd, len(prior.sd)
    log_like = log_likelihood(z)
    heat, steps, accepted = 0.0, 0, 1.0
    while heat < 1.0:
        if steps == _MOST_STEPS:
            raise RuntimeError(
                f"the sampler is at temperature {heat:.3g} of 1 after {_MOST_STEPS} steps: the counts lie too far from "
                "what the surface can give; look for a count that no trial comes near"
            )
        steps += 1
        step = _largest_step(log_like, 1.0 - heat)
        heat = min(1.0, heat + step)
        weight = np.exp(step * (log_like - log_like.max()))
        cumulative = np.cumsum(weight / weight.sum())
        u, _ = chance()
        chosen = np.minimum(np.searchsorted(cumulative, (np.arange(particles) + u[0]) / particles), particles - 1)
        z, log_like = z[chosen], log_like[chosen]
        mean = z.mean(axis=0)
        spread = np.cov(z.T).reshape(width, width) * 1.1 + 1e-6 * np.eye(width)
        lower = np.linalg.cholesky(spread)
        pull = 0.5
        for _ in range(LAST_MOVES if heat >= 1.0 else MOVES):
            u, normal = chance()
            proposal = mean + np.sqrt(1.0 - pull**2) * (z - mean) + pull * normal @ lower.T
            proposed = log_likelihood(proposal)
            ahead, behind = (proposal - prior.mean) / prior.sd, (z - prior.mean) / prior.sd
            log_ratio = heat * (proposed - log_like) - 0.5 * ((ahead**2 - behind**2).sum(axis=1))
            log_ratio += 0.5 * (_distance(proposal - mean, lower) - _distance(z - mean, lower))
            is_taken = np.log(u) < log_ratio
            z[is_taken], log_like[is_taken] = proposal[is_taken], proposed[is_taken]
            accepted = float(is_taken.mean())
            # Aim at about a quarter of the moves being taken.
            pull = float(np.clip(pull * np.exp(0.6 * (accepted - 0.25)), 0.02, 0.98))
    return z, steps, accepted


def _distance(x: FloatArray, lower: npt.NDArray[Any]) -> FloatArray:
    return np.asarray((np.linalg.solve(lower, x.T) ** 2).sum(axis=0))


def _largest_step(log_like: FloatArray, most: float) -> float:
    """The largest step of the temperature after which half of the particles still count."""

    def count(step: float) -> float:
        weight = np.exp(step * (log_like - log_like.max()))
        return float(weight.sum() ** 2 / (weight**2).sum())

    if count(most) >= 0.5 * len(log_like):
        return most
    low, high = 0.0, most
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if count(middle) >= 0.5 * len(log_like) else (low, middle)
    return max(low, 1e-6)


def sample(
    emulator: Emulator,
    y: FloatArray,
    errors: Errors,
    *,
    seed: int,
    particles: int = PARTICLES,
    families: int = 2,
    inflate: float = 1.0,
    prior: Before | None = None,
) -> Sample:
    """The posterior of the followed parameters given counts.

    Args:
        emulator: Response surface of the counts.
        y: Observed counts on their scale, shape (counts,).
        errors: What the model may miss.
        seed: Random seed of the sampler.
        particles: Particles of each family.
        families: Independent runs of the sampler, at least 2; their difference shows whether it has converged.
        inflate: Factor on the covariance; above 1 gives a wider distribution to make new trials from.
        prior: Of the followed parameters, before the counts; by default standard normals, as a first wave's trials.

    Raises:
        RuntimeError: If the temperature does not reach 1: the counts lie too far from what the surface can give.
    """
    likelihood = Likelihood(emulator, errors, y, inflate)
    width, followed = likelihood.width, len(emulator.followed)
    log_likelihood = likelihood.log()
    mean, sd = np.zeros(width), np.ones(width)
    if prior is not None:
        mean[:followed], sd[:followed] = prior.mean, prior.sd
    before = Before(mean, sd)
    parts = [
        _family(log_likelihood, before, _Chance(seed, family, particles, width), particles)
        for family in range(families)
    ]
    x = np.concatenate([part[0] for part in parts])
    z = x[:, :followed]
    spread = np.maximum(z.std(axis=0), 1e-9)
    means = np.stack([part[0][:, :followed].mean(axis=0) for part in parts])
    return Sample(
        z=z,
        data=likelihood.behind(x),
        steps=max(part[1] for part in parts),
        accepted=float(np.mean([part[2] for part in parts])),
        halves=(means[0] - means[-1]) / spread,
    )
