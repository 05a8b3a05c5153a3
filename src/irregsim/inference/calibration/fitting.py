"""The whole fit: waves of trials, an emulator of them, the posterior, and diagnostics of its reliability."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from irregsim.inference.calibration import bank as trials
from irregsim.inference.calibration import counts, design, forecast, priors, recovery, sampler
from irregsim.inference.calibration import emulator as response
from irregsim.model.draws import Draws
from irregsim.study.replicates import Jobs

if TYPE_CHECKING:
    from irregsim.inference.targets import Target
    from irregsim.scenario import Scenario

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Folder of the first wave, which a calibration that was begun has.
FIRST_WAVE: Final = "wave-0"
#: Share of the second wave that is drawn from the prior again, so that no part of it is given up.
STILL_PRIOR: Final = 0.1
#: The second wave is drawn from a posterior with this factor on the covariance of its data: wider than the truth.
INFLATED: Final = 2.0
#: Weight in the last emulator of a trial drawn from the prior, against one near the data.
FAR_WEIGHT: Final = 0.25
#: Particles of each family of the posterior that ships: twice as many as elsewhere, so that its two families agree.
SHIPPED_PARTICLES: Final = 2 * sampler.PARTICLES


@dataclass(frozen=True)
class Settings:
    """What a calibration is.

    Attributes:
        seed: Of designs, trials, errors and sampler; 0 or more.
        scale: Population scale of the first wave's trials, above 0 to 10.
        first: Trials of the first wave, from the priors.
        second: Trials of each near wave.
        draws: Draws of the posterior.
        truths: Known truths to recover by the first wave's method.
        near_truths: Known truths to recover by the shipped method, from the near waves.
        near_scale: Population scale of the near waves' trials, above 0 to 10. At 1 their random variation is the
            country's own, and small counts are as small as those published.
        near_waves: Near waves, each near the posterior of all trials before it; 1 or more. More of them continue a
            finished calibration.
        until: Last year that is simulated, 2020 or later: later ones serve counts of one's own (`--register`).
    """

    seed: int = 2021
    scale: float = 0.25
    first: int = 700
    second: int = 600
    draws: int = 1000
    truths: int = 300
    near_truths: int = 100
    near_scale: float = 1.0
    near_waves: int = 3
    until: int = 2020

    @property
    def last_month(self) -> str:
        """Last month that is simulated."""
        return f"{self.until}-12"


@dataclass(frozen=True)
class Evidence:
    """All trials of a calibration, on the scale of `counts.on_scale`.

    Attributes:
        z: Design of all trials, shape (trials, parameters).
        y: Simulated counts, shape (trials, targets).
        expected: Counts that the registers are expected to hold of the same events, without their own noise.
        wave: Near wave of each trial, 1 or more; 0 for a trial from the priors, of whichever wave, shape (trials,).
        scale: Population scale of each trial, shape (trials,).
    """

    z: FloatArray
    y: FloatArray
    expected: FloatArray
    wave: IntArray
    scale: FloatArray

    @classmethod
    def of(cls, waves: Sequence[trials.Bank], targets: Sequence[Target]) -> Evidence:
        """From finished waves, the first from the priors."""
        number = [np.zeros(len(waves[0].z), dtype=np.int64)]
        for i, wave in enumerate(waves[1:], start=1):
            number.append(np.where(np.arange(len(wave.z)) < round(STILL_PRIOR * len(wave.z)), 0, i))
        return cls(
            z=np.concatenate([wave.z for wave in waves]),
            y=np.concatenate([counts.simulated(wave, targets) for wave in waves]),
            expected=np.concatenate([counts.simulated(wave, targets, "expected") for wave in waves]),
            wave=np.concatenate(number),
            scale=np.concatenate([np.full(len(wave.z), wave.scale) for wave in waves]),
        )

    @property
    def near(self) -> npt.NDArray[np.bool_]:
        """Trials near the data, shape (trials,)."""
        return self.wave > 0

    @property
    def weight(self) -> FloatArray | None:
        """Weight of each trial in the surface, shape (trials,); None while all come from the prior."""
        return np.where(self.near, 1.0, FAR_WEIGHT) if self.near.any() else None

    @property
    def judged(self) -> npt.NDArray[np.bool_] | None:
        """Trials that say what the surface leaves open: those of the last near wave; None while there is none."""
        return self.wave == self.wave.max() if self.near.any() else None

    @property
    def coarse(self) -> npt.NDArray[np.bool_]:
        """Trials of another population scale than the last wave's, shape (trials,)."""
        return np.asarray(self.scale != self.scale[-1])

    def surface(self, followed: IntArray) -> response.Emulator:
        """The response surface of all trials."""
        return recovery.surface(self.z, self.y, self.expected, self.weight, followed, self.judged, self.coarse)


@dataclass(frozen=True)
class Fit:
    """A fit and what is known about it; counts are on the scale of `counts.on_scale`.

    Attributes:
        targets: What was fitted, in order.
        observed: Published counts, shape (targets,).
        errors: What the model may miss.
        evidence: All trials.
        emulator: The last response surface.
        sample: Particles of the posterior.
        draws: Posterior draws as standard normals of every varied parameter, shape (draws, parameters).
        settings: What the calibration is.
    """

    targets: tuple[Target, ...]
    observed: FloatArray
    errors: counts.Errors
    evidence: Evidence
    emulator: response.Emulator
    sample: sampler.Sample
    draws: FloatArray
    settings: Settings = field(default_factory=Settings)

    @property
    def prior(self) -> priors.Before:
        """Of the followed parameters, without the counts of the fit."""
        return priors.before(self.emulator.followed)


def near_design(settings: Settings, followed: IntArray, particles: FloatArray, number: int = 1) -> FloatArray:
    """Where a near wave looks: near the data in the followed parameters, by the prior in all others.

    Args:
        settings: Reads ``seed`` and ``second``.
        followed: Columns of the followed parameters.
        particles: Of the inflated posterior after the wave before, shape (particles, followed).
        number: Of the near wave, 1 or more.
    """
    # Waves 2 to 9 of the design's random numbers have other uses.
    z = design.standard_normals(settings.seed, np.arange(settings.second), wave=1 if number == 1 else 8 + number)
    from_prior = round(STILL_PRIOR * settings.second)
    chosen = np.linspace(0, len(particles) - 1, settings.second - from_prior).astype(np.int64)
    z[from_prior:, followed] = particles[_shuffled(len(particles), settings.seed + 100 * (number - 1))[chosen]]
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
        folder: Where trials are kept. A near wave that was begun goes on with the design that is stored there.
        settings: What the calibration is.
        jobs: Processes; results do not depend on them.
        start: Called at the beginning of each wave with the number of trials and how many of them are already finished.
        finished: Called for each trial.
        say: Called with a text on what comes next.

    Raises:
        OtherTrials: If the folder holds trials of another design, code or data.
        ReplicateError: If a trial fails; those finished stay.
    """
    observed, errors = counts.observed(targets), counts.errors(targets, settings.near_scale)
    wave = {"seed": settings.seed, "jobs": jobs, "start": start, "finished": finished}
    say(f"first wave: {settings.first} trials from the priors")
    z = design.standard_normals(settings.seed, np.arange(settings.first))
    waves = [trials.run_wave(scenario, z, folder / FIRST_WAVE, scale=settings.scale, **wave)]  # type: ignore[arg-type]
    evidence = Evidence.of(waves, targets)
    followed = np.union1d(response.most_telling(evidence.z, evidence.expected), design.widened())
    for number in range(1, settings.near_waves + 1):
        place = folder / f"wave-{number}"
        stored = trials.stored_design(place)
        if stored is None:
            wide = sampler.sample(
                evidence.surface(followed),
                observed,
                errors,
                seed=settings.seed + 50 * (number - 1),
                inflate=INFLATED,
                prior=priors.before(followed),
            )
            z = near_design(settings, followed, wide.z, number)
        elif len(stored) != settings.second:
            raise trials.OtherTrials(
                f"{place} holds a design of {len(stored)} trials, not {settings.second}: give --second {len(stored)}, "
                "or another --out"
            )
        else:
            z = stored
        say(f"near wave {number}: {settings.second} trials near the counts, {len(followed)} parameters followed")
        waves.append(trials.run_wave(scenario, z, place, scale=settings.near_scale, **wave))  # type: ignore[arg-type]
        evidence = Evidence.of(waves, targets)
    say("fitting")
    return fitted(settings, targets, evidence, followed)


def fitted(settings: Settings, targets: Sequence[Target], evidence: Evidence, followed: IntArray) -> Fit:
    """The fit to some counts with the trials that are there.

    Args:
        settings: What the calibration is.
        targets: What to fit.
        evidence: The trials, their counts those of ``targets``.
        followed: Parameters followed.
    """
    observed, errors = counts.observed(targets), counts.errors(targets, settings.near_scale)
    surface = evidence.surface(followed)
    prior = priors.before(followed)
    found = sampler.sample(surface, observed, errors, seed=settings.seed + 1, particles=SHIPPED_PARTICLES, prior=prior)
    return Fit(
        targets=tuple(targets),
        observed=observed,
        errors=errors,
        evidence=evidence,
        emulator=surface,
        sample=found,
        draws=posterior_draws(settings, surface, found, errors),
        settings=settings,
    )


def posterior_draws(
    settings: Settings, surface: response.Emulator, found: sampler.Sample, errors: counts.Errors
) -> FloatArray:
    """Equally weighted draws in a fixed order, of all parameters.

    Those that are not followed act on the counts linearly and are normal before the data, so given the followed ones
    they are normal after them: drawn from the prior, then moved by what the counts say (Matheron's rule; Hoffman and
    Ribak 1991).

    Args:
        settings: Reads ``seed`` and ``draws``.
        surface: Response surface of the counts that were observed.
        found: Followed parameters after the data.
        errors: What the model may miss.

    Returns:
        Standard normals of every varied parameter, shape (draws, parameters).
    """
    z = design.standard_normals(settings.seed, np.arange(settings.draws), wave=3)
    among = np.linspace(0, len(found.z) - 1, settings.draws).astype(np.int64)
    chosen = _shuffled(len(found.z), settings.seed + 1)[among]
    z[:, surface.followed] = found.z[chosen]
    slope, mean = surface.unfollowed, surface.mean(z[:, surface.followed])
    open_ = surface.left_open(mean, errors.small, z[:, surface.followed]) + errors.at(mean)
    draws = Draws(settings.seed, 4)
    keys = draws.keys(np.arange(mean.size, dtype=np.uint64))
    normal = ndtri(draws.uniform("sampler", 0, keys)).reshape(mean.shape)
    noise = np.einsum("nij,nj->ni", np.linalg.cholesky(open_), normal)
    missed = found.data[chosen] - mean - z[:, surface.others] @ slope - noise
    z[:, surface.others] += np.linalg.solve(slope.T @ slope + open_, missed[:, :, None])[:, :, 0] @ slope.T
    return z


def predicted(
    fit: Fit, surface: response.Emulator | None = None, draws: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation of every count under a posterior, on its scale; shapes (targets,).

    The spread includes that of the parameters, what the emulator leaves open and what the model may miss.
    """
    return spread_of(surface or fit.emulator, fit.errors, fit.draws if draws is None else draws)


def spread_of(surface: response.Emulator, errors: counts.Errors, draws: FloatArray) -> tuple[FloatArray, FloatArray]:
    """As `predicted`, for draws of any fit; shapes (targets,)."""
    mean = surface.expected(draws)
    left = surface.left_open(mean, z=draws[:, surface.followed])
    open_ = np.diagonal(left + errors.at(mean), axis1=1, axis2=2)
    return mean.mean(axis=0), np.sqrt(mean.var(axis=0) + open_.mean(axis=0))


def refit(fit: Fit, columns: IntArray, seed: int) -> sampler.Sample:
    """The posterior from some of the counts only."""
    part, errors = fit.emulator.part(columns), fit.errors.part(columns)
    return sampler.sample(part, fit.observed[columns], errors, seed=seed, prior=fit.prior)


def with_wider_priors(fit: Fit, factor: float = 2.0) -> sampler.Sample:
    """The posterior if priors that were made again without the counts (`priors.remade`) were wider than they are.

    What then moves rests on an assumption of order of magnitude.

    Args:
        fit: A finished fit.
        factor: On the standard deviations of those priors.
    """
    prior = fit.prior.wider(np.where(np.isin(fit.emulator.followed, design.widened()), factor, 1.0))
    return sampler.sample(fit.emulator, fit.observed, fit.errors, seed=fit.settings.seed + 60, prior=prior)


def prior_surface(fit: Fit) -> response.Emulator:
    """The response surface of trials from the prior only: for fits that may end elsewhere than the last one."""
    all_, prior = fit.evidence, ~fit.evidence.near
    coarse = all_.scale[prior] != all_.scale[0]
    return recovery.surface(
        all_.z[prior], all_.y[prior], all_.expected[prior], None, fit.emulator.followed, coarse=coarse
    )


def leave_out_registers(fit: Fit) -> dict[str, FloatArray]:
    """Posterior standard deviations of the followed parameters when one register's counts are left out."""
    registers = np.array([target.register for target in fit.targets])
    return {
        register: refit(fit, np.flatnonzero(registers != register), fit.settings.seed + 10 + i).z.std(axis=0)
        for i, register in enumerate(dict.fromkeys(registers.tolist()))
    }


def forward(fit: Fit, known_to: int = 2016) -> list[dict[str, Any]]:
    """Fits to what was known up to a year and forecasts the counts after it, against two naive forecasts.

    Args:
        fit: A finished fit.
        known_to: Last year whose counts are known.

    Returns:
        As `forecasts`.
    """
    return forecasts(fit.targets, fit.observed, fit.errors, prior_surface(fit), fit.settings, known_to)


def forecasts(
    targets: Sequence[Target],
    observed: FloatArray,
    errors: counts.Errors,
    surface: response.Emulator,
    settings: Settings,
    known_to: int,
) -> list[dict[str, Any]]:
    """Fits to what was known up to a year and forecasts the counts after it, against two naive forecasts.

    Args:
        targets: All counts, those known and those to forecast.
        observed: Published counts on the scale of `counts.on_scale`, shape (targets,).
        errors: What the model may miss.
        surface: Response surface of trials from the prior only, which no later count has guided.
        settings: Reads ``seed``, ``scale`` and ``draws``.
        known_to: Last year whose counts are known; some count is known and some is later.

    Returns:
        One row per later count with ``target``, ``block``, ``year``, ``observed``, the fitted model's forecast on its
        scale, and the scores of the model and of the naive forecasts (missing where a series has too few values).
    """
    years = np.array([forecast.year(target) for target in targets])
    known, later = np.flatnonzero(years <= known_to), np.flatnonzero(years > known_to)
    part, own_errors = surface.part(known), counts.errors(targets, settings.scale).part(known)
    found = sampler.sample(
        part, observed[known], own_errors, seed=settings.seed + 40, prior=priors.before(surface.followed)
    )
    mean, spread = spread_of(surface, errors, posterior_draws(settings, part, found, own_errors))
    series: dict[tuple[str, str, str], list[tuple[int, float]]] = {}
    for i in known.tolist():
        target = targets[i]
        one = series.setdefault((target.register, target.dimension, target.key), [])
        one.append((int(years[i]), float(observed[i])))
    for one in series.values():
        one.sort()
    change, error = forecast.yearly_change(list(series.values())), errors.sd(observed)
    rows = []
    for i in later.tolist():
        target, value = targets[i], float(observed[i])
        own = forecast.Forecast(float(mean[i]), float(spread[i]))
        row: dict[str, Any] = {"target": target.id, "block": target.block or target.register, "year": int(years[i])}
        row |= {"observed": value, "mean": own.mean, "sd": own.sd}
        row |= {"crps": own.crps(value), "interval_score": own.interval_score(value)}
        before = series.get((target.register, target.dimension, target.key), [])
        last, line = forecast.naive(before, int(years[i]), change, float(error[i])) if before else (None, None)
        for name, other in (("last", last), ("line", line)):
            row[f"crps_{name}"] = other.crps(value) if other else None
            row[f"interval_score_{name}"] = other.interval_score(value) if other else None
        rows.append(row)
    return rows


def recovered(
    fit: Fit, finished: Callable[[int], None] = lambda number: None, jobs: int = 1
) -> tuple[recovery.Recovery, recovery.Recovery]:
    """Known truths found again: by the first wave's method from the prior, and by the shipped method near the data.

    Args:
        fit: A finished fit.
        finished: Called for each truth.
        jobs: Processes; results do not depend on them.
    """
    settings, all_ = fit.settings, fit.evidence
    is_first = np.arange(len(all_.z)) < settings.first
    order = _shuffled(settings.first, settings.seed + 2)[: settings.truths]
    from_prior = recovery.recover(
        all_.z[is_first],
        all_.y[is_first],
        all_.expected[is_first],
        counts.errors(fit.targets, settings.scale),
        order,
        seed=settings.seed,
        jobs=jobs,
        finished=finished,
    )
    last = np.flatnonzero(all_.wave == all_.wave.max())
    chosen = last[_shuffled(len(last), settings.seed + 3)[: settings.near_truths]]
    shipped = recovery.recover(
        all_.z,
        all_.y,
        all_.expected,
        fit.errors,
        chosen,
        seed=settings.seed + 5,
        prior=fit.prior,
        weight=all_.weight,
        followed=fit.emulator.followed,
        judged=all_.judged,
        coarse=all_.coarse,
        jobs=jobs,
        finished=finished,
    )
    return from_prior, shipped
