"""Another method, for comparison: an ensemble smoother that assimilates the same counts several times (ES-MDA).

Emerick and Reynolds (2013): an ensemble from the prior is simulated and moved towards the counts by its own
covariances, a few times over, with the counts' errors made larger each time so that the counts are used once in all.
Every truth needs an ensemble of its own; the emulator's trials serve all truths.

``python -m docs_tools.smoother outputs/calibration`` compares both methods on a stand-in for the
model: the response surface of a finished bank, with its residuals in that bank's trials as random variation. It proves
nothing about the model itself: the stand-in is quadratic, and so is the emulator.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from irregsim.commands import calibrate as command
from irregsim.inference.calibration import bank, counts, fitting, recovery, sampler, trials
from irregsim.inference.calibration import emulator as response
from irregsim.model.draws import Draws
from irregsim.scenario import load_scenario

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Members and steps; fewer members per parameter are overconfident.
MEMBERS: Final = 300
STEPS: Final = 4
#: Members per followed parameter from which an ensemble is no longer overconfident in small trials of the method.
ENOUGH: Final = 25


def normals(seed: int, what: int, *shape: int) -> FloatArray:
    """Keyed standard normals of the smoother.

    Args:
        seed: Seed, 0 or more.
        what: Number of the use, 0 or more: each use has normals of its own.
        shape: Their shape.
    """
    draws = Draws(seed, what)
    keys = draws.keys(np.arange(int(np.prod(shape)), dtype=np.uint64) + np.uint64(15 << 58))
    return ndtri(draws.uniform("sampler", -1, keys)).reshape(shape)


def smooth(
    simulate: Callable[[FloatArray, int], FloatArray],
    z: FloatArray,
    y: FloatArray,
    covariance: FloatArray,
    *,
    steps: int = STEPS,
    seed: int,
) -> FloatArray:
    """Moves an ensemble from the prior to the posterior.

    Exact for a linear model with normal errors and an ensemble without end; an approximation else.

    Args:
        simulate: Gives the counts of an ensemble, shape (members, counts), from its parameters and the step's number.
        z: The ensemble, drawn from the prior, shape (members, parameters).
        y: Observed counts on their scale, shape (counts,).
        covariance: Of the observed counts around what `simulate` expects: the targets' own error and the random
            variation of a single run, shape (counts, counts).
        steps: How often the counts are taken in, each time with ``steps`` times the covariance.
        seed: Seed of the errors.

    Returns:
        Shape (members, parameters), equally weighted.
    """
    wider = steps * covariance
    lower = np.linalg.cholesky(wider)
    for step in range(steps):
        simulated = simulate(z, step)
        dz, dy = z - z.mean(axis=0), simulated - simulated.mean(axis=0)
        gain = np.linalg.solve(dy.T @ dy / (len(z) - 1) + wider, dy.T @ dz / (len(z) - 1))
        z = z + (y + normals(seed, step, *simulated.shape) @ lower.T - simulated) @ gain
    return z


@dataclass(frozen=True)
class StandIn:
    """A stand-in for the model that costs nothing: a response surface, and random variation as it was in a bank.

    What the surface leaves open is not drawn from a normal distribution: a trial gets the residuals of one of the
    bank's trials that had the same set of random numbers, so random variation goes with the set, keeps its shape and
    its correlation between counts.

    Attributes:
        surface: Response surface of the bank.
        expected_left: What it leaves open of the expected counts of each trial, as wide as in trials left out; shape
            (trials, counts).
        noise: What the registers of each trial held beyond their expected counts, shape (trials, counts).
        sets: Which set of random numbers each trial had, shape (trials,); each set has some.
    """

    surface: response.Emulator
    expected_left: FloatArray
    noise: FloatArray
    sets: IntArray

    @classmethod
    def of(
        cls,
        z: FloatArray,
        y: FloatArray,
        expected: FloatArray,
        weight: FloatArray,
        followed: IntArray,
        sets: IntArray,
    ) -> StandIn:
        """From a bank: arguments as for `recovery.surface`, and the set of random numbers of each trial."""
        surface = response.fit(z, expected, weight, followed)
        left = expected - surface.expected(z)
        # Trials that were fitted are closer to the surface than others will be.
        left *= np.sqrt(np.diag(surface.residual) / np.maximum(np.average(left**2, axis=0, weights=weight), 1e-12))
        return cls(surface, left, y - expected, sets)

    def simulate(self, z: FloatArray, seed: int, what: int) -> tuple[FloatArray, FloatArray]:
        """Counts and expected counts of trials.

        Args:
            z: All parameters of each trial, shape (n, parameters); trial i has the random numbers of set
                i modulo the number of sets.
            seed: Random seed.
            what: Number of the use, as for `normals`.

        Returns:
            Both of shape (n, counts).
        """
        draws = Draws(seed, what)
        u = draws.uniform("sampler", -2, draws.keys(np.arange(len(z), dtype=np.uint64)))
        order, many = np.argsort(self.sets, kind="stable"), np.bincount(self.sets)
        own = np.arange(len(z)) % len(many)
        chosen = order[np.cumsum(many)[own] - many[own] + (u * many[own]).astype(np.int64)]
        expected = self.surface.expected(z) + self.expected_left[chosen]
        return expected + self.noise[chosen], expected


@dataclass(frozen=True)
class Found:
    """How well one method found known truths again.

    Attributes:
        method: The method, in words.
        truths: The truths, in words.
        simulations: What it needs, in words.
        inside: Whether the central intervals of 50 % and 90 % hold the truth, shape (2, truths, parameters).
        width: Width of the intervals of 90 % relative to the prior's, shape (truths, parameters).
        off: Posterior mean less truth, in the prior's standard deviations, shape (truths, parameters).
    """

    method: str
    truths: str
    simulations: str
    inside: npt.NDArray[np.bool_]
    width: FloatArray
    off: FloatArray

    @classmethod
    def from_draws(cls, method: str, truths: str, simulations: str, z: FloatArray, posts: list[FloatArray]) -> Found:
        """From truths of shape (truths, parameters) and the posterior draws of each."""
        bounds = np.stack([np.quantile(post, [0.25, 0.75, 0.05, 0.95], axis=0) for post in posts], axis=1)
        inside = np.stack([(bounds[i] < z) & (z < bounds[i + 1]) for i in (0, 2)])
        mean = np.stack([post.mean(axis=0) for post in posts])
        return cls(method, truths, simulations, inside, (bounds[3] - bounds[2]) / (2.0 * ndtri(0.95)), mean - z)

    def row(self) -> str:
        """A row of the table; the uncertainty of a coverage is its standard error over truths."""
        held = self.inside.mean(axis=2)
        error = held.std(axis=1, ddof=1) / np.sqrt(held.shape[1])
        told = [f"{100 * h.mean():.0f} % (± {100 * e:.0f})" for h, e in zip(held, error, strict=True)]
        numbers = [f"{self.width.mean():.2f}", f"{np.sqrt((self.off**2).mean()):.2f}"]
        cells = [self.truths, self.method, str(held.shape[1]), *told, *numbers, self.simulations]
        return f"| {' | '.join(cells)} |"


HEAD: Final = (
    "| truths | method | number | 50 % intervals hold | 90 % intervals hold | width | error | simulations |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- |"
)


def compare(
    model: StandIn,
    observed: FloatArray,
    errors: counts.Errors,
    settings: fitting.Settings,
    number: int = 40,
    finished: Callable[[Found], None] = lambda found: None,
) -> list[Found]:
    """Known truths by both methods, each with its own trials of the stand-in.

    Args:
        model: The stand-in.
        observed: Published counts on their scale, shape (counts,): around which truths near the counts are.
        errors: What the model may miss.
        settings: Trials of both waves, and the seed.
        number: Truths from the prior, and as many near the counts.
        finished: Notified of each method on each set of truths.
    """
    followed, seed = model.surface.followed, settings.seed + 1000
    width = len(followed) + len(model.surface.others)
    # The emulator's two waves, fitted as the calibration fits them.
    z = normals(seed, 0, settings.first, width)
    y, expected = model.simulate(z, seed, 0)
    first = recovery.surface(z, y, expected, None, followed)
    wide = sampler.sample(first, observed, errors, seed=seed, inflate=fitting.INFLATED).z
    near = normals(seed, 1, settings.second, width)
    from_prior = round(fitting.STILL_PRIOR * settings.second)
    order = np.argsort(normals(seed, 2, len(wide)), kind="stable")
    near[from_prior:, followed] = wide[np.resize(order, settings.second - from_prior)]
    near_y, near_expected = model.simulate(near, seed, 1)
    weight = np.where(np.arange(len(z) + len(near)) < len(z) + from_prior, fitting.FAR_WEIGHT, 1.0)
    both_z, both_y = np.concatenate([z, near]), np.concatenate([y, near_y])
    second = recovery.surface(both_z, both_y, np.concatenate([expected, near_expected]), weight, followed)
    # Truths near the counts are where the second wave looks, but none of its trials.
    truths = normals(seed, 3, 2 * number, width)
    truths[number:, followed] = wide[np.resize(order[::-1], number)]
    kinds = (
        ("from the prior", first, f"{settings.first} in all", truths[:number]),
        ("near the counts", second, f"{settings.first + settings.second} in all", truths[number:]),
    )
    # Random variation as the smoother has to know it: what counts hold beyond what their parameters say.
    chance = model.surface.residual + np.cov(model.noise.T) + errors.at(observed)
    nuisance = model.surface.unfollowed.T @ model.surface.unfollowed
    all_found = []
    for kind, surface, simulations, own in kinds:
        data = [
            recovery.synthetic(row, errors, seed, truth) for truth, row in enumerate(model.simulate(own, seed, 4)[0])
        ]
        posts = [sampler.sample(surface, one, errors, seed=seed + 5 + i, families=1).z for i, one in enumerate(data)]
        all_found.append(Found.from_draws("emulator", kind, simulations, own[:, followed], posts))
        finished(all_found[-1])
        enough = ENOUGH * len(followed)
        for members, moves_all in ((MEMBERS, False), (MEMBERS, True), (enough, False)):
            posts = []
            for i, one in enumerate(data):

                def simulate(z: FloatArray, step: int, all_: bool = moves_all, uses: int = 100 + 20 * i) -> FloatArray:
                    whole = z if all_ else normals(seed, uses + 10 + step, len(z), width)
                    if not all_:
                        whole[:, followed] = z
                    return model.simulate(whole, seed, uses + step)[1]

                prior = normals(seed, 100 + 20 * i + 19, members, width)
                prior = prior if moves_all else prior[:, followed]
                covariance = chance if moves_all else chance + nuisance
                post = smooth(simulate, prior, one, covariance, seed=seed + 5 + i)
                posts.append(post[:, followed] if moves_all else post)
            what = "all parameters" if moves_all else "followed parameters"
            method = f"smoother, {members} x {STEPS}, {what}"
            needs = f"{members * STEPS} for each truth"
            all_found.append(Found.from_draws(method, kind, needs, own[:, followed], posts))
            finished(all_found[-1])
    return all_found


def main(folder: Path, number: int = 40) -> None:
    """Prints the comparison on a finished calibration's bank as a table.

    Args:
        folder: What ``irregsim calibrate --out`` was given.
        number: Truths of each kind.
    """
    told = folder / command.REPORT_FILE
    if not told.is_file():
        raise SystemExit(f"{told} is missing: give the folder of a finished calibration")
    settings = fitting.Settings(**json.loads(told.read_text(encoding="utf-8"))["settings"])
    waves = [("wave-0", settings.first), *((f"wave-{i + 1}", settings.second) for i in range(settings.near_waves))]
    for wave, wanted in waves:
        there = len(bank.Trials(folder / wave).finished())
        if there != wanted:
            raise SystemExit(f"{folder / wave} holds {there} trials of {wanted}: finish the calibration first")
    scenario = load_scenario("baseline", end=settings.last_month)
    try:
        fit = fitting.calibrate(scenario, command.fitted_targets(), folder, settings)
    except bank.OtherTrials as error:
        raise SystemExit(str(error)) from None
    numbers = np.concatenate([np.arange(wanted) for _, wanted in waves])
    sets = numbers % trials.RANDOM_SETS
    all_ = fit.evidence
    weight = np.where(all_.near, 1.0, fitting.FAR_WEIGHT)
    model = StandIn.of(all_.z, all_.y, all_.expected, weight, fit.emulator.followed, sets)
    print(HEAD)
    compare(model, fit.observed, fit.errors, settings, number, lambda found: print(found.row(), flush=True))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit("usage: python -m docs_tools.smoother FOLDER [TRUTHS]")
    main(Path(sys.argv[1]), *(int(word) for word in sys.argv[2:3]))
