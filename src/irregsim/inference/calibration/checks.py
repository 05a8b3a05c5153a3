"""Whether a fit may be called calibrated: checks that can fail, by the model itself and by counts left out in turn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from irregsim.inference.calibration import bank as trials
from irregsim.inference.calibration import counts, design, fitting, recovery
from irregsim.inference.calibration.likelihood import Likelihood, below, log_probability
from irregsim.inference.check_words import check_line
from irregsim.model.draws import Draws

if TYPE_CHECKING:
    from irregsim.scenario import Scenario

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Posterior draws that are run at full scale: what the model itself says after the fit, not the surface.
CENTRE_DRAWS: Final = 100
#: Runs at full scale with the posterior's mean parameters, each with random numbers of its own: what chance does.
CENTRE_RUNS: Final = 24

#: Nodes and weights by which the normal value behind a small count is integrated out.
_NODES: Final = np.polynomial.hermite_e.hermegauss(24)

#: Limits of the calibration checks.
MOST_APART: Final = 0.25  # of the two families of particles, in posterior standard deviations
FARTHEST: Final = 3.0  # of a count from the model's mean, in standard deviations of its error, noise and chance
#: Level of every band that is found by simulation: a right fit goes outside in one case of a hundred.
BAND: Final = 0.99
#: Simulated sets for a band.
SETS: Final = 4000


@dataclass(frozen=True)
class Centre:
    """What the model itself counts at full scale after the fit, on the scale of counts.

    Attributes:
        mean: Mean over posterior draws, registers' noise included, shape (targets,).
        spread: Standard deviation over posterior draws, shape (targets,).
        chance: Standard deviation of random variation of the events, the parameters given, shape (targets,).
        noise: Standard deviation of the registers' own noise, shape (targets,).
        draws: How many posterior draws.
        runs: How many runs with the same parameters.
    """

    mean: FloatArray
    spread: FloatArray
    chance: FloatArray
    noise: FloatArray
    draws: int
    runs: int

    def distance(self, fit: fitting.Fit) -> FloatArray:
        """Published counts less the model's mean, in standard deviations, shape (targets,).

        How far a count may lie from the mean for reasons that are no fault of the model: error of the target, noise of
        the register and chance, and that the mean is one of so many draws. A small count has Poisson's tails.
        """
        known = fit.errors.sd(self.mean) ** 2 + self.noise**2 + self.spread**2 / self.draws
        far = (fit.observed - self.mean) / np.sqrt(known + self.chance**2)
        small = np.flatnonzero(fit.errors.small)
        if len(small):
            beyond = np.maximum(self.chance**2 - _poisson(fit, self.mean), 0.0)
            nodes, weights = _NODES
            value = self.mean[small, None] + np.sqrt(known + beyond)[small, None] * nodes
            count = np.round(np.exp(fit.observed[small]) - counts.FLOOR)[:, None]
            far[small] = ndtri(np.clip(below(count, value) @ (weights / weights.sum()), 1e-15, 1.0 - 1e-15))
        return np.asarray(far)


def centre(
    scenario: Scenario,
    fit: fitting.Fit,
    folder: Path,
    draws: int = CENTRE_DRAWS,
    runs: int = CENTRE_RUNS,
    **wave: Any,
) -> Centre:
    """Runs the model at full scale with posterior draws, and again and again with the posterior's mean parameters.

    Args:
        scenario: The baseline.
        fit: A finished fit.
        folder: Where the runs are kept.
        draws: How many posterior draws, 2 or more.
        runs: How many runs with the mean parameters, 2 or more.
        wave: Handed to `bank.run_wave`.
    """

    def run(name: str, z: FloatArray) -> tuple[FloatArray, FloatArray]:
        found = trials.run_wave(scenario, z, folder / name, seed=fit.settings.seed, scale=1.0, replaces=True, **wave)
        return counts.simulated(found, fit.targets), counts.simulated(found, fit.targets, "expected")

    y, _ = run("posterior-draws", fit.draws[:draws])
    same, expected = run("centre", np.repeat(fit.draws.mean(axis=0)[None, :], runs, axis=0))
    # The variation of the events is that of expected counts; what registers add is known run by run.
    return Centre(
        mean=y.mean(axis=0),
        spread=y.std(axis=0, ddof=1),
        chance=expected.std(axis=0, ddof=1),
        noise=(same - expected).std(axis=0, ddof=1),
        draws=len(y),
        runs=runs,
    )


def effective_errors(fit: fitting.Fit, middle: Centre | None = None) -> dict[str, FloatArray | None]:
    """What stands between a published count and the parameters in the fit: standard deviations on the counts' scale.

    Args:
        fit: A finished fit.
        middle: The model at full scale; None where it was not run.

    Returns:
        At the posterior's mean counts, each of shape (targets,): ``stated`` error of the target, ``common`` part of it,
        ``noise`` of the register and ``chance`` of the events (both at full scale, None where it was not run),
        ``others``: what parameters that are not followed do to it, by their priors, ``surface``: what else the surface
        leaves open, and ``used``: all together, as the fit used it, as a mean over particles.
    """
    each = fit.emulator.mean(fit.sample.z)
    mean = each.mean(axis=0)
    stated = fit.errors.sd(mean)
    spread = Likelihood(fit.emulator, fit.errors, fit.observed).spread(each, fit.sample.z)
    used = np.sqrt((spread**2).mean(axis=0))
    known = np.zeros(len(used)) if middle is None else middle.chance**2 + middle.noise**2
    others = np.sqrt((fit.emulator.unfollowed**2).sum(axis=0))
    return {
        "stated": stated,
        "common": fit.errors.steepness(mean) * fit.errors.common,
        "noise": None if middle is None else middle.noise,
        "chance": None if middle is None else middle.chance,
        "others": others,
        "surface": np.sqrt(np.maximum(used**2 - stated**2 - known - others**2, 0.0)),
        "used": used,
    }


@dataclass(frozen=True)
class LeftOut:
    """Each count forecast from all others (leave-one-out).

    Attributes:
        pit: Probability that the forecast gives to less than was published, shape (targets,).
        null: Standard normals of the same probabilities in simulated sets of counts from a right fit, which go together
            as here, shape (sets, targets).
        refitted: Counts for which the posterior was sampled again, since leaving them out moves it far.
    """

    pit: FloatArray
    null: FloatArray
    refitted: int

    @property
    def z(self) -> FloatArray:
        """The same as standard normals, shape (targets,)."""
        return np.asarray(ndtri(np.clip(self.pit, 1e-9, 1.0 - 1e-9)))

    def spread(self) -> tuple[float, float, float]:
        """Root mean square of `z`, and the band of a right fit."""
        own = np.sqrt((self.null**2).mean(axis=1))
        tail = 0.5 * (1.0 - BAND)
        low, high = np.quantile(own, [tail, 1.0 - tail])
        return float(np.sqrt((self.z**2).mean())), float(low), float(high)

    def evenness(self) -> float:
        """How often a right fit has probabilities as uneven as these (`recovery.uneven`)."""
        own = recovery.uneven(self.pit[None, :])[0]
        return float((1 + (recovery.uneven(ndtr(self.null)) >= own).sum()) / (1 + len(self.null)))


#: Particles that must still count when a count is left out; with fewer the posterior is sampled again.
_ENOUGH: Final = 200.0


def left_out(fit: fitting.Fit) -> LeftOut:
    """Forecasts each count from all others.

    Given the parameters, a normal count has a normal distribution given the others. The posterior without it is the
    one with it, each particle weighted by one over that density (Gelfand, Dey and Chang 1992).
    """
    whole = Likelihood(fit.emulator, fit.errors, fit.observed)
    number = len(fit.observed)
    given = whole.given_others(fit.sample.z, fit.sample.data)
    pit, refitted = np.empty(number), 0
    for i in range(number):
        below, density = _forecast(fit, i, given)
        weight = 1.0 / np.maximum(density, 1e-300)
        weight = weight / weight.max()
        if weight.sum() ** 2 / (weight**2).sum() < _ENOUGH:
            rest = np.delete(np.arange(number), i)
            again = fitting.refit(fit, rest, fit.settings.seed + 200 + i)
            data = np.insert(again.data, i, fit.observed[i], axis=1)
            below = _forecast(fit, i, whole.given_others(again.z, data))[0]
            weight = np.ones(len(below))
            refitted += 1
        pit[i] = float((weight * below).sum() / weight.sum())
    return LeftOut(pit, _right_sets(fit), refitted)


def _forecast(fit: fitting.Fit, i: int, given: tuple[FloatArray, FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Probability of less than a count, and of the count itself, by particle, given the parameters and other counts."""
    mean, sd = (x[:, i] for x in given)
    if not fit.errors.small[i]:
        z = (fit.observed[i] - mean) / sd
        return np.asarray(ndtr(z)), np.asarray(np.exp(-0.5 * z**2) / sd)
    nodes, weights = _NODES
    value = mean[:, None] + sd[:, None] * nodes
    count = np.full(1, np.round(np.exp(fit.observed[i]) - counts.FLOOR))
    share = weights / weights.sum()
    return below(count, value) @ share, np.exp(log_probability(count, value)) @ share


def _right_sets(fit: fitting.Fit) -> FloatArray:
    """Sets of leave-one-out forecasts of a right fit, as standard normals: they go together by what counts share.

    The surface is taken as linear in the followed parameters around the posterior's mean.
    """
    surface, at = fit.emulator, fit.sample.z.mean(axis=0)
    step = 1e-4
    slope = np.stack(
        [(surface.mean(at[None] + step * row) - surface.mean(at[None]))[0] / step for row in np.eye(len(at))]
    )
    mean = surface.mean(at[None])[0]
    whole = Likelihood(surface, fit.errors, fit.observed)
    sd = np.sqrt(whole.spread(mean[None], at[None])[0] ** 2 + _poisson(fit, mean))
    precision = np.linalg.inv(slope.T @ slope + whole.correlation() * sd[:, None] * sd[None, :])
    scale = 1.0 / np.sqrt(np.diag(precision))
    together = precision * scale[:, None] * scale[None, :]
    draws = Draws(fit.settings.seed, 5)
    keys = draws.keys(np.arange(SETS * len(mean), dtype=np.uint64))
    normal = ndtri(draws.uniform("sampler", 0, keys)).reshape(SETS, -1)
    return np.asarray(normal @ np.linalg.cholesky(together).T)


def _poisson(fit: fitting.Fit, mean: FloatArray) -> FloatArray:
    """Variance that Poisson variation gives to small counts on their scale; 0 for all others, shape (counts,)."""
    level = np.maximum(np.exp(np.minimum(mean, 50.0)) - counts.FLOOR, 0.0)
    return np.where(fit.errors.small, level / (level + counts.FLOOR) ** 2, 0.0)


def hidden(
    scenario: Scenario,
    fit: fitting.Fit,
    folder: Path,
    number: int = 80,
    year: str = "2019",
    **wave: Any,
) -> dict[str, Any]:
    """What the fit says of the persons outside centres, as an index: whether the counts identify how many there are.

    Args:
        scenario: The baseline.
        fit: A finished fit.
        folder: Where the trials are kept.
        number: Trials from the prior, and as many from the posterior.
        year: At the end of which year.
        wave: Handed to `bank.run_wave`.

    Returns:
        Index of prior and posterior (5 %, median, 95 %; 100 is the prior's median), standard deviations of the log, and
        the parameters whose posterior values go with it, correlations of .35 and more.
    """
    settings, logs = fit.settings, []
    for name, z in (("hidden-prior", fit.evidence.z[:number]), ("hidden-posterior", fit.draws[:number])):
        found = trials.run_wave(
            scenario,
            z,
            folder / name,
            seed=settings.seed,
            scale=settings.scale,
            engine="irregsim.inference.calibration.trials:count_hidden",
            replaces=True,
            **wave,
        )
        at = found.registers[found.registers["period"] == year].sort_values("replicate")
        logs.append(np.log(at["count"].to_numpy(dtype=np.float64)))
    prior, own = logs
    spread = np.maximum(fit.draws[:number].std(axis=0), 1e-9) * own.std()
    r = ((fit.draws[:number] - fit.draws[:number].mean(axis=0)) * (own - own.mean())[:, None]).mean(axis=0) / spread
    order = [int(i) for i in np.argsort(-np.abs(r))[:6] if abs(r[i]) >= 0.35]

    def index(x: FloatArray) -> list[float]:
        return [float(v) for v in 100.0 * np.exp(np.quantile(x, [0.05, 0.5, 0.95]) - np.median(prior))]

    return {
        "year": int(year),
        "trials": number,
        "prior": index(prior),
        "posterior": index(own),
        "log_sd": [float(prior.std()), float(own.std())],
        "goes_with": [[design.names()[i], float(r[i])] for i in order],
    }


def gates(
    fit: fitting.Fit,
    from_prior: recovery.Recovery,
    middle: Centre | None = None,
    alone: LeftOut | None = None,
) -> list[str]:
    """What is wrong with a fit, in words; empty when it may be called calibrated.

    Args:
        fit: A finished fit.
        from_prior: Known truths from the prior.
        middle: The model at full scale; None where it was not run.
        alone: Counts forecast from the others; None where that was not done.
    """
    red = []
    names = design.names()
    apart = np.abs(fit.sample.halves)
    if apart.max() > MOST_APART:
        worst = names[fit.emulator.followed[int(apart.argmax())]]
        red.append(check_line("not_converged", apart=f"{apart.max():.2f}", parameter=worst, most=str(MOST_APART)))
    if middle is not None:
        far = middle.distance(fit)
        own = counts.back(middle.mean, fit.targets)
        for i in np.flatnonzero(np.abs(far) > FARTHEST):
            told = {"value": f"{fit.targets[i].value:,.0f}", "own": f"{own[i]:,.0f}", "distance": f"{far[i]:+.1f}"}
            red.append(check_line("not_reached", target=fit.targets[i].id, **told))
    if alone is not None:
        red += _alone_faults(fit, alone)
    red += _truth_faults(from_prior)
    return red


def _alone_faults(fit: fitting.Fit, alone: LeftOut) -> list[str]:
    """What is wrong with the counts' forecasts from each other."""
    red = []
    own, low, high = alone.spread()
    if not low <= own <= high:
        worst = [fit.targets[i].id for i in np.argsort(-np.abs(alone.z))[:3]]
        told = {"own": f"{own:.2f}", "low": f"{low:.2f}", "high": f"{high:.2f}"}
        far = own > high
        red.append(
            check_line("alone_far", targets=", ".join(worst), **told) if far else check_line("alone_near", **told)
        )
    if (chance := alone.evenness()) < 1.0 - BAND:
        red.append(check_line("alone_uneven", p=f"{chance:.3f}"))
    return red


def _truth_faults(found: recovery.Recovery) -> list[str]:
    """What is wrong with known truths."""
    red = []
    low, high = found.band(BAND)
    covered = float(found.coverage(0.9).mean())
    if not low <= covered <= high:
        red.append(check_line("truths", **_shares(covered, low, high)))
    for where, (own, low, high) in zip(("nearest", "middle", "farthest"), found.thirds(BAND), strict=False):
        if not low <= own <= high:
            red.append(check_line(f"truths_{where}", **_shares(own, low, high)))
    if (chance := found.uniformity()[1]) < 1.0 - BAND:
        red.append(check_line("truths_uneven", p=f"{chance:.3f}"))
    if outside := found.outside(BAND):
        names = ", ".join(design.names()[i] for i in outside[:4])
        red.append(check_line("truths_band", number=str(len(outside)), parameters=names))
    return red


def _shares(own: float, low: float, high: float) -> dict[str, str]:
    return {"share": f"{100 * own:.0f} %", "low": f"{100 * low:.0f}", "high": f"{100 * high:.0f} %"}
