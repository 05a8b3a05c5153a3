"""The whole fit: two waves of trials, an emulator of each, the posterior, and diagnostics of its reliability."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from irregsim.inference.calibration import bank as trials
from irregsim.inference.calibration import counts, design, forecast, recovery, sampler
from irregsim.inference.calibration import emulator as response
from irregsim.model.draws import Draws
from irregsim.study.replicates import Jobs

if TYPE_CHECKING:
    from irregsim.inference.targets import Target
    from irregsim.scenario import Scenario

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Share of the second wave that is drawn from the prior again, so that no part of it is given up.
STILL_PRIOR: Final = 0.1
#: The second wave is drawn from a posterior with this factor on the covariance of its data: wider than the truth.
INFLATED: Final = 2.0
#: Weight in the last emulator of a trial drawn from the prior, against one near the data.
FAR_WEIGHT: Final = 0.25

#: Limits of the calibration checks.
MOST_APART: Final = 0.25  # of the two families of particles, in posterior standard deviations
FARTHEST: Final = 3.0  # of a target from what the fitted model reaches, in predictive standard deviations
LEAST_COVERAGE: Final = (0.8, 0.98)  # of 90 % intervals over known truths


@dataclass(frozen=True)
class Settings:
    """What a calibration is.

    Attributes:
        seed: Of designs, trials, errors and sampler; 0 or more.
        scale: Population scale of the trials, above 0 to 1.
        first: Trials of the first wave.
        second: Trials of the second wave.
        draws: Draws of the posterior.
        truths: Known truths to recover by the first wave's method.
        near_truths: Known truths to recover by the shipped method, from the second wave.
    """

    seed: int = 2021
    scale: float = 0.25
    first: int = 800
    second: int = 600
    draws: int = 400
    truths: int = 60
    near_truths: int = 10


@dataclass(frozen=True)
class Fit:
    """A fit and what is known about it; counts are on the scale of `counts.on_scale`.

    Attributes:
        targets: What was fitted, in order.
        observed: Published counts, shape (targets,).
        error: What the model may miss, shape (targets,).
        z: Design of all trials, shape (trials, parameters).
        y: Simulated counts of all trials, shape (trials, targets).
        expected: Counts that the registers are expected to hold of the same events, without their own noise.
        near: Whether each trial is of the second wave.
        emulator: The last response surface.
        sample: Particles of the posterior.
        draws: Posterior draws as standard normals of every varied parameter, shape (draws, parameters).
    """

    targets: tuple[Target, ...]
    observed: FloatArray
    error: FloatArray
    z: FloatArray
    y: FloatArray
    expected: FloatArray
    near: npt.NDArray[np.bool_]
    emulator: response.Emulator
    sample: sampler.Sample
    draws: FloatArray
    settings: Settings = field(default_factory=Settings)

    @property
    def weight(self) -> FloatArray:
        """Weight of each trial in the last emulator, shape (trials,)."""
        return np.where(self.near, 1.0, FAR_WEIGHT)


def second_design(settings: Settings, followed: IntArray, particles: FloatArray) -> FloatArray:
    """Where the second wave looks: near the data in the followed parameters, by the prior in all others.

    Args:
        settings: Reads ``seed`` and ``second``.
        followed: Columns of the followed parameters.
        particles: Of the inflated posterior after the first wave, shape (particles, followed).
    """
    z = design.standard_normals(settings.seed, np.arange(settings.second), wave=1)
    from_prior = round(STILL_PRIOR * settings.second)
    chosen = np.linspace(0, len(particles) - 1, settings.second - from_prior).astype(np.int64)
    z[from_prior:, followed] = particles[_shuffled(len(particles), settings.seed)[chosen]]
    return z


def _shuffled(number: int, seed: int) -> IntArray:
    draws = Draws(seed, 2)
    return np.argsort(draws.uniform("sampler", 0, draws.keys(np.arange(number, dtype=np.uint64))), kind="stable")


def calibrate(
    scenario: Scenario,
    targets: Sequence[Target],
    folder: Path,
    settings: Settings,
    *,
    jobs: Jobs = 1,
    start: Callable[[int, int], None] = lambda total, done: None,
    finished: Callable[[int], None] = lambda number: None,
    say: Callable[[str], None] = lambda text: None,
) -> Fit:
    """Makes or continues the bank, and fits.

    Args:
        scenario: The baseline, to the end of the last year that is compared.
        targets: What to fit.
        folder: Where trials are kept.
        settings: What the calibration is.
        jobs: Processes; results do not depend on them.
        start: Called at the beginning of each wave with the number of trials and how many of them are already finished.
        finished: Called for each trial.
        say: Called with a text on what comes next.
    """
    observed, error = counts.observed(targets), counts.errors(targets)
    say(f"first wave: {settings.first} trials from the priors")
    z = design.standard_normals(settings.seed, np.arange(settings.first))
    wave = {"seed": settings.seed, "scale": settings.scale, "jobs": jobs, "start": start, "finished": finished}
    first = trials.run_wave(scenario, z, folder / "wave-0", **wave)  # type: ignore[arg-type]
    y, expected = counts.simulated(first, targets), counts.simulated(first, targets, "expected")
    followed = np.union1d(response.most_telling(z, expected), design.widened())
    surface = recovery.surface(z, y, expected, None, followed)
    wide = sampler.sample(surface, observed, error, seed=settings.seed, inflate=INFLATED)
    say(f"second wave: {settings.second} trials near the counts, {len(surface.followed)} parameters followed")
    z_near = second_design(settings, surface.followed, wide.z)
    second = trials.run_wave(scenario, z_near, folder / "wave-1", **wave)  # type: ignore[arg-type]
    say("fitting")
    all_z, all_y = np.concatenate([z, z_near]), np.concatenate([y, counts.simulated(second, targets)])
    all_expected = np.concatenate([expected, counts.simulated(second, targets, "expected")])
    near = np.arange(len(all_z)) >= len(z) + round(STILL_PRIOR * settings.second)
    weight = np.where(near, 1.0, FAR_WEIGHT)
    last = recovery.surface(all_z, all_y, all_expected, weight, followed)
    found = sampler.sample(last, observed, error, seed=settings.seed + 1)
    return Fit(
        targets=tuple(targets),
        observed=observed,
        error=error,
        z=all_z,
        y=all_y,
        expected=all_expected,
        near=near,
        emulator=last,
        sample=found,
        draws=posterior_draws(settings, last, found.z, observed, error),
        settings=settings,
    )


def posterior_draws(
    settings: Settings,
    surface: response.Emulator,
    particles: FloatArray,
    data: FloatArray,
    error: FloatArray,
    columns: IntArray | None = None,
) -> FloatArray:
    """Equally weighted draws in a fixed order, of all parameters.

    Those that are not followed act on the counts linearly and are normal before the data, so given the followed ones
    they are normal after them: drawn from the prior, then moved by what the counts say (Matheron's rule; Hoffman and
    Ribak 1991).

    Args:
        settings: Reads ``seed`` and ``draws``.
        surface: Response surface.
        particles: Followed parameters after the data, shape (particles, followed).
        data: Observed counts on their scale, shape (columns,).
        error: What the model may miss, shape (columns,).
        columns: Counts of the surface that were observed; by default all.

    Returns:
        Standard normals of every varied parameter, shape (draws, parameters).
    """
    columns = np.arange(len(surface.centre)) if columns is None else columns
    z = design.standard_normals(settings.seed, np.arange(settings.draws), wave=3)
    chosen = np.linspace(0, len(particles) - 1, settings.draws).astype(np.int64)
    z[:, surface.followed] = particles[_shuffled(len(particles), settings.seed + 1)[chosen]]
    slope = surface.unfollowed[:, columns]
    open_ = surface.residual[np.ix_(columns, columns)] + np.diag(error**2)
    draws = Draws(settings.seed, 4)
    keys = draws.keys(np.arange(settings.draws * len(columns), dtype=np.uint64))
    noise = ndtri(draws.uniform("sampler", 0, keys)).reshape(settings.draws, -1) @ np.linalg.cholesky(open_).T
    missed = data - surface.mean(z[:, surface.followed])[:, columns] - z[:, surface.others] @ slope - noise
    z[:, surface.others] += np.linalg.solve(slope.T @ slope + open_, missed.T).T @ slope.T
    return z


def predicted(
    fit: Fit, surface: response.Emulator | None = None, draws: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation of every count under a posterior, on its scale; shapes (targets,).

    The spread includes that of the parameters, what the emulator leaves open and what the model may miss.
    """
    surface = surface or fit.emulator
    mean = surface.expected(fit.draws if draws is None else draws)
    spread = np.sqrt(mean.var(axis=0) + np.diag(surface.residual) + fit.error**2)
    return mean.mean(axis=0), spread


def subset(surface: response.Emulator, columns: IntArray) -> response.Emulator:
    """The same response surface for some of its counts."""
    return response.Emulator(
        followed=surface.followed,
        centre=surface.centre[columns],
        linear=surface.linear[:, columns],
        quadratic=surface.quadratic[:, columns],
        unfollowed=surface.unfollowed[:, columns],
        residual=surface.residual[np.ix_(columns, columns)],
        explained=surface.explained[columns],
        others=surface.others,
    )


def refit(fit: Fit, columns: IntArray, seed: int) -> sampler.Sample:
    """The posterior from some of the counts only."""
    part = subset(fit.emulator, columns)
    return sampler.sample(part, fit.observed[columns], fit.error[columns], seed=seed, particles=600)


def prior_surface(fit: Fit) -> response.Emulator:
    """The response surface of trials from the prior only: for fits that may end elsewhere than the last one."""
    is_prior = ~fit.near
    return recovery.surface(fit.z[is_prior], fit.y[is_prior], fit.expected[is_prior], None, fit.emulator.followed)


def leave_out_registers(fit: Fit) -> dict[str, FloatArray]:
    """Posterior standard deviations of the followed parameters when one register's counts are left out."""
    registers = np.array([target.register for target in fit.targets])
    return {
        register: refit(fit, np.flatnonzero(registers != register), fit.settings.seed + 10 + i).z.std(axis=0)
        for i, register in enumerate(dict.fromkeys(registers.tolist()))
    }


def forward(fit: Fit, known_to: int = 2016) -> list[dict[str, Any]]:
    """Fits to what was known up to a year and forecasts the counts after it, against two naive forecasts.

    Returns:
        One row per later count with ``target``, ``block``, ``year``, ``observed``, the fitted model's forecast on its
        scale, and the scores of the model and of the naive forecasts (missing where a series has too few values).
    """
    years = np.array([forecast.year(target) for target in fit.targets])
    known, later = np.flatnonzero(years <= known_to), np.flatnonzero(years > known_to)
    surface = prior_surface(fit)
    part = subset(surface, known)
    found = sampler.sample(part, fit.observed[known], fit.error[known], seed=fit.settings.seed + 40)
    draws = posterior_draws(fit.settings, surface, found.z, fit.observed[known], fit.error[known], known)
    mean, spread = predicted(fit, surface, draws)
    series: dict[tuple[str, str, str], list[tuple[int, float]]] = {}
    for i in known:
        target = fit.targets[i]
        one = series.setdefault((target.register, target.dimension, target.key), [])
        one.append((int(years[i]), float(fit.observed[i])))
    for one in series.values():
        one.sort()
    change = forecast.yearly_change(list(series.values()))
    rows = []
    for i in later:
        target, value = fit.targets[i], float(fit.observed[i])
        own = forecast.Forecast(float(mean[i]), float(spread[i]))
        row: dict[str, Any] = {"target": target.id, "block": target.block or target.register, "year": int(years[i])}
        row |= {"observed": value, "mean": own.mean, "sd": own.sd}
        row |= {"crps": own.crps(value), "interval_score": own.interval_score(value)}
        before = series.get((target.register, target.dimension, target.key), [])
        last, line = forecast.naive(before, int(years[i]), change, float(fit.error[i])) if before else (None, None)
        for name, other in (("last", last), ("line", line)):
            row[f"crps_{name}"] = other.crps(value) if other else None
            row[f"interval_score_{name}"] = other.interval_score(value) if other else None
        rows.append(row)
    return rows


def recovered(
    fit: Fit, finished: Callable[[int], None] = lambda number: None
) -> tuple[recovery.Recovery, recovery.Recovery]:
    """Known truths found again: by the first wave's method from the prior, and by the shipped method near the data."""
    settings = fit.settings
    is_first = np.arange(len(fit.z)) < settings.first
    order = _shuffled(settings.first, settings.seed + 2)[: settings.truths]
    from_prior = recovery.recover(
        fit.z[is_first],
        fit.y[is_first],
        fit.expected[is_first],
        fit.error,
        order,
        seed=settings.seed,
        finished=finished,
    )
    near = np.flatnonzero(fit.near)
    chosen = near[_shuffled(len(near), settings.seed + 3)[: settings.near_truths]]
    shipped = recovery.recover(
        fit.z,
        fit.y,
        fit.expected,
        fit.error,
        chosen,
        seed=settings.seed + 5,
        weight=fit.weight,
        followed=fit.emulator.followed,
        finished=finished,
    )
    return from_prior, shipped


def hidden(
    scenario: Scenario,
    fit: Fit,
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
    for name, z in (("hidden-prior", fit.z[:number]), ("hidden-posterior", fit.draws[:number])):
        found = trials.run_wave(
            scenario,
            z,
            folder / name,
            seed=settings.seed,
            scale=settings.scale,
            engine="irregsim.inference.calibration.trials:count_hidden",
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


def gates(fit: Fit, from_prior: recovery.Recovery) -> list[str]:
    """What is wrong with a fit, in words; empty when it may be called calibrated."""
    red = []
    names = design.names()
    apart = np.abs(fit.sample.halves)
    if apart.max() > MOST_APART:
        worst = names[fit.emulator.followed[int(apart.argmax())]]
        red.append(
            f"not converged: two independent families of particles differ by {apart.max():.2f} posterior standard "
            f"deviations in {worst} (at most {MOST_APART} is allowed)"
        )
    mean, spread = predicted(fit)
    far = (fit.observed - mean) / spread
    for i in np.flatnonzero(np.abs(far) > FARTHEST):
        red.append(
            f"not reached: {fit.targets[i].id} is {far[i]:+.1f} predictive standard deviations from the fitted model"
        )
    covered = float(from_prior.coverage(0.9).mean())
    if not LEAST_COVERAGE[0] <= covered <= LEAST_COVERAGE[1]:
        red.append(f"known truths: 90 % intervals contain {100 * covered:.0f} % of them")
    return red
