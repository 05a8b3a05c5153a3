"""Small counts are fitted as counts: Poisson variation around what the surface and its errors give."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from irregsim.inference.calibration import checks, counts, emulator, fitting, likelihood, ridge, sampler
from irregsim.inference.targets import targets

FIT = tuple(target for target in targets() if target.role == "fit")
FLOOR = counts.FLOOR


def surface(slope: np.ndarray, centre: np.ndarray, noise: float) -> emulator.Emulator:
    """A linear surface with independent noise of one size."""
    n, m = slope.shape
    return emulator.Emulator(
        followed=np.arange(n),
        centre=centre,
        linear=slope,
        quadratic=np.zeros((n * (n + 1) // 2, m)),
        unfollowed=np.zeros((0, m)),
        residual=noise**2 * np.eye(m),
        explained=np.ones(m),
        others=np.zeros(0, dtype=np.int64),
        middle=centre,
        steepness=np.zeros(m),
        reach=np.tile([[-9.0], [9.0]], m),
        home=np.zeros(n),
        sway=np.zeros((n, m)),
        farther=np.zeros(m),
        usual=np.zeros(m),
    )


def errors(sd: float, small: list[bool]) -> counts.Errors:
    return replace(counts.Errors.independent(np.full(len(small), sd)), small=np.array(small))


@pytest.mark.parametrize("count", [0.0, 3.0, 40.0])
def test_probabilities_of_a_count_are_poissons(count):
    level = np.array([0.5, 3.0, 60.0])
    value = np.log(level + FLOOR)
    assert np.exp(likelihood.log_probability(count, value)) == pytest.approx(stats.poisson.pmf(count, level))
    middle = stats.poisson.cdf(count, level) - 0.5 * stats.poisson.pmf(count, level)
    assert likelihood.below(np.array(count), value) == pytest.approx(middle)


@pytest.mark.parametrize("count", [0, 7])
def test_the_posterior_of_a_small_count_is_that_of_a_poisson_number(count):
    """One parameter, one small count: against an integral over the parameter and the normal value behind the count."""
    centre, slope, noise = np.log(8.0 + FLOOR), 0.8, 0.5
    made = surface(np.array([[slope]]), np.array([centre]), noise)
    error, data = errors(1e-9, [True]), np.log(np.array([count + FLOOR]))
    found = sampler.sample(made, data, error, seed=5, particles=4000)
    z = np.linspace(-6.0, 6.0, 601)
    mean = (centre + slope * z)[:, None]
    beyond = made.beyond_chance(mean, error.small)[:, 0]
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    value = mean + noise * np.sqrt(beyond)[:, None] * nodes
    level = np.maximum(np.exp(value) - FLOOR, 0.02)
    density = stats.norm.pdf(z) * (stats.poisson.pmf(count, level) @ weights)
    density /= density.sum()
    exact = (density * z).sum()
    spread = np.sqrt((density * (z - exact) ** 2).sum())
    assert found.z.mean() == pytest.approx(exact, abs=0.06 * spread)  # 8 000 correlated particles
    assert found.z.std() == pytest.approx(spread, rel=0.06)
    assert found.data.shape == (8000, 1) and found.data.std() > 0.1, "the value behind the count is unknown"


def test_poisson_variation_is_counted_once():
    """What trials leave open holds the chance of their own counts; the likelihood adds it again, so it is taken off."""
    level = 6.0
    made = surface(np.ones((1, 1)), np.log(np.array([level + FLOOR])), 0.5)
    chance = level / (level + FLOOR) ** 2
    share = made.beyond_chance(made.centre, np.array([True]))
    assert share == pytest.approx(1.0 - chance / 0.25)
    assert made.beyond_chance(made.centre, np.array([False])) == 1.0
    assert np.sqrt(made.left_open(made.centre, np.array([True]))[0, 0]) == pytest.approx(np.sqrt(0.25 - chance))


def test_small_and_normal_counts_go_together_as_their_correlation_says():
    """A large count that lies high pulls up the value behind a small one of correlated errors."""
    made = surface(np.zeros((1, 2)), np.log(np.array([500.0, 10.0]) + FLOOR), 0.3)
    made = replace(made, residual=0.09 * np.array([[1.0, 0.9], [0.9, 1.0]]))
    error = errors(1e-9, [False, True])

    def behind(high: float) -> float:
        data = np.array([made.centre[0] + high, np.log(10.0 + FLOOR)])
        return float(sampler.sample(made, data, error, seed=2, particles=1500).data[:, 1].mean())

    assert behind(0.5) - behind(-0.5) > 0.15


def test_only_trials_at_full_scale_have_small_counts():
    small = counts.errors(FIT).small
    assert small.any() and not counts.errors(FIT, 0.25).small.any()
    assert {target.value for target, one in zip(FIT, small, strict=True) if one} == {
        target.value for target in FIT if target.value <= counts.SMALL and not counts.is_share(target)
    }


def test_a_total_is_not_fitted_beside_small_cells_that_add_up_to_it():
    cells = [i for i, target in enumerate(FIT) if counts.errors(FIT).small[i]]
    for target in FIT:
        inside = counts.cells_of(target, FIT)
        assert not inside or not set(inside) <= set(cells), target.id


def fit_of(observed: np.ndarray, small: list[bool], noise: float = 0.3) -> fitting.Fit:
    m = len(observed)
    made = surface(np.zeros((2, m)), np.log(np.full(m, 12.0) + FLOOR), noise)
    error = errors(0.1, small)
    found = sampler.sample(made, observed, error, seed=3, particles=1500)
    nothing = fitting.Evidence(*(np.zeros((1, 1)) for _ in range(3)), np.zeros(1, dtype=np.int64), np.ones(1))
    return fitting.Fit(FIT[:m], observed, error, nothing, made, found, np.zeros((5, 2)))


def test_a_left_out_small_count_is_forecast_with_poissons_tail():
    """With nothing to learn from the others: no count at all is far less odd than its log says."""
    observed = np.log(np.array([0.0, 12.0, 12.0]) + FLOOR)
    as_count, as_log = (checks.left_out(fit_of(observed, [one] * 3)) for one in (True, False))
    assert as_log.z[0] < as_count.z[0] < -1.5
    assert np.abs(as_count.z[1:]).max() < 0.5


def test_a_small_count_lies_as_far_from_the_models_mean_as_poissons_law_says():
    observed = np.log(np.array([0.0, 30.0]) + FLOOR)
    fit = fit_of(observed, [True, True])
    mean = np.log(np.array([6.0, 30.0]) + FLOOR)
    chance = np.sqrt(np.array([6.0, 30.0])) / (np.array([6.0, 30.0]) + FLOOR)
    fit = replace(fit, errors=replace(errors(1e-9, [True, True])))
    centre = checks.Centre(mean, np.zeros(2), chance, np.zeros(2), draws=100, runs=24)
    exact = stats.norm.ppf(stats.poisson.cdf([0, 30], [6, 30]) - 0.5 * stats.poisson.pmf([0, 30], [6, 30]))
    assert centre.distance(fit) == pytest.approx(exact, abs=1e-6)


def test_products_of_strong_parameters_are_found_with_fewer_trials():
    """Out of sample, a surface whose products count as far as their parameters beats one with equal scales."""
    rng = np.random.default_rng(8)
    z, new = rng.standard_normal((260, 30)), rng.standard_normal((2000, 30))
    slope = np.where(np.arange(30) < 4, 0.7, 0.03)

    def truth(z: np.ndarray) -> np.ndarray:
        first, second = z * slope, z * np.roll(slope, 2)
        return np.log(np.exp(first.sum(axis=1)) + np.exp(second.sum(axis=1)))[:, None]

    y = truth(z) + 0.05 * rng.standard_normal((260, 1))
    fitted = emulator.fit(z, y, np.ones(260), np.arange(30))
    left = truth(new) - fitted.mean(new)
    pairs, mean = emulator.products(z), y.mean()
    x = np.hstack([z, pairs])
    plain = min(
        float(((truth(new)[:, 0] - mean - np.hstack([new, emulator.products(new)]) @ slope_) ** 2).mean())
        for slope_ in (np.linalg.solve(x.T @ x + p * np.eye(x.shape[1]), x.T @ (y[:, 0] - mean)) for p in (1, 10, 100))
    )
    assert float((left**2).mean()) < 0.5 * plain
    assert ridge.STRONGEST >= 30
