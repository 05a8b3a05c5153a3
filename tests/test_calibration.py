"""The calibration: its scale, its emulator, its sampler, its scores and gates, each against what is known exactly."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy import integrate, stats

from docs_tools import smoother
from irregsim.cli import main
from irregsim.commands import calibrate as command
from irregsim.commands.request import WrongUse
from irregsim.inference import posterior
from irregsim.inference.calibration import (
    bank,
    checks,
    counts,
    design,
    emulator,
    fitting,
    forecast,
    priors,
    recovery,
    sampler,
)
from irregsim.inference.calibration import trials as one_trial
from irregsim.inference.targets import targets
from irregsim.model.parameters import AFTER_FIT, parameters
from irregsim.present.pages import calibration_report as report
from irregsim.present.pages import calibration_tables as tables
from irregsim.scenario import load_scenario
from irregsim.vocabulary.reference import DataError, read_table

pytestmark = pytest.mark.once

FIT = tuple(target for target in targets() if target.role == "fit")


def normals(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


# -- the design ----------------------------------------------------------------------------------------------------


def test_a_design_is_standard_normal_and_keyed_by_number_name_and_wave():
    z = design.standard_normals(5, np.arange(400))
    assert z.shape == (400, len(design.varied()))
    assert abs(z.mean()) < 0.02 and abs(z.std() - 1.0) < 0.02
    assert np.abs(np.corrcoef(z.T) - np.eye(z.shape[1])).max() < 0.3
    assert np.array_equal(design.standard_normals(5, np.array([7, 3])), z[[7, 3]])
    assert not np.array_equal(design.standard_normals(5, np.arange(3), wave=1), z[:3])
    assert not np.array_equal(design.standard_normals(6, np.arange(3)), z[:3])


def test_values_follow_the_prior_and_are_tried_more_widely_where_it_was_made_from_targets():
    names, zero = design.names(), np.zeros(len(design.varied()))
    assert design.values(zero) == {name: what.median for name, what in parameters().items()}
    widened = {names[i] for i in design.widened()}
    assert "pu_fetch_hazard" in widened and "walkout_hazard" not in widened
    for name, factor in (("pu_fetch_hazard", 2.0), ("walkout_hazard", 1.0)):
        z = zero.copy()
        z[names.index(name)] = 1.0
        what = parameters()[name]
        assert design.values(z)[name] == pytest.approx(what.p1 * np.exp(factor * what.p2))


def test_every_prior_made_from_a_target_is_made_again_without_the_counts():
    names = design.names()
    assert set(priors.remade()) == {names[i] for i in design.widened()}
    fitted = {target.id for target in FIT}
    for what in design.varied():
        if fitted & set(what.targets):
            assert design.spread(what) == design.WIDER and what.name in priors.remade(), what.name
            # Half a standard deviation of the design is the prior that was made from the counts.
            assert priors.remade()[what.name].sd > 0.5, what.name


def test_a_prior_without_the_counts_has_the_ends_that_the_table_gives():
    names = design.names()
    columns = np.array([names.index(name) for name in priors.remade()] + [names.index("walkout_hazard")])
    before = priors.before(columns)
    assert (before.mean[-1], before.sd[-1]) == (0.0, 1.0)
    for i, (name, own) in enumerate(priors.remade().items()):
        for k, end in ((-1.6448536, own.low), (1.6448536, own.high)):
            z = np.zeros(len(names))
            z[columns[i]] = before.mean[i] + k * before.sd[i]
            if abs(z[columns[i]]) * design.WIDER < 6.0:  # quantiles are not tried farther out
                assert design.values(z)[name] == pytest.approx(end, rel=1e-5), name


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("walkout_hazard,1,2,D,x", "only a prior that was made from a target"),
        ("nobody,1,2,D,x", "only a prior that was made from a target"),
        ("pu_fetch_hazard,2,1,D,x", "low must be below high, not 2 and 1"),
    ],
)
def test_a_table_of_priors_that_contradicts_itself_is_refused(line, message, monkeypatch):
    names = ("name", "low", "high", "evidence_grade", "source")
    monkeypatch.setattr(priors, "read_table", lambda _: [dict(zip(names, line.split(","), strict=True))])
    with pytest.raises(DataError, match=f"fit_priors.csv:2: .*{message}"):
        priors.remade.__wrapped__()


def test_standard_normals_are_found_again_from_values():
    z = design.standard_normals(9, np.arange(2))
    for row in z:
        assert np.abs(design.standardised(design.values(row)) - row).max() < 1e-6


# -- the scale -----------------------------------------------------------------------------------------------------


def test_the_scale_can_be_left_again():
    values = np.array([target.value for target in FIT])
    assert np.allclose(counts.back(counts.on_scale(values, FIT), FIT), values)
    assert np.array_equal(counts.observed(FIT), counts.on_scale(values, FIT))


def test_errors_hold_rounding():
    plain, large = FIT[0], np.array([np.log(1e9)])
    assert counts.errors([replace(plain, error_log_sd=0.1, rounding=1.0, value=1e9)]).sd(large) == pytest.approx(0.1)
    rounded = counts.errors([replace(plain, error_log_sd=0.0, rounding=100.0, value=1000.0)])
    assert rounded.sd(large) == pytest.approx(0.1 / np.sqrt(12.0))


def test_an_error_of_a_log_is_smaller_where_the_scale_is_flat_and_larger_where_it_is_steep():
    """By the difference of `on_scale`: 0 expected has no error of a log, and 6 of 6 + 2 three quarters of it."""
    count, share = FIT[0], next(target for target in FIT if counts.is_share(target))
    chosen = [replace(count, error_log_sd=0.1), replace(share, error_log_sd=0.1, rounding=1.0)]
    for value, percent in ((0.0, 20.0), (6.0, 52.0), (5000.0, 80.0)):
        at = counts.on_scale(np.array([value, percent]), chosen)
        moved = counts.on_scale(np.array([value, percent]) * np.exp(1e-5), chosen)
        own = replace(counts.errors(chosen), root=0.1 * np.eye(2)).sd(at)
        # A share is drawn half a point away from its ends, which the error does not follow.
        assert own == pytest.approx(0.1 * (moved - at) / 1e-5, rel=0.03, abs=1e-6)


def test_half_of_the_variance_is_common_to_a_register_and_cells_add_up_to_their_total():
    chosen = [target for target in FIT if target.register == "pu_orders"]
    found = counts.errors(chosen)
    covariance = found.root @ found.root.T
    total = next(i for i, target in enumerate(chosen) if target.dimension == "total")
    cells = counts.cells_of(chosen[total], chosen)
    assert [chosen[i].dimension for i in cells] == ["district"] * 9
    value = np.array([chosen[i].value for i in cells])
    share = value / value.sum()
    first, second = cells[:2]
    assert covariance[first, second] == pytest.approx(0.5 * 0.15**2)
    assert covariance[first, first] == pytest.approx(0.15**2)
    # What the total is off beyond the common part is what its cells are off: nothing is left of their difference.
    common = np.sqrt(0.5) * 0.12
    assert covariance[total, total] == pytest.approx(common**2 + 0.5 * 0.15**2 * (share**2).sum())
    own = found.root[total] - share @ found.root[cells]
    assert (own**2).sum() == pytest.approx((common - np.sqrt(0.5) * 0.15) ** 2)
    other = counts.errors([FIT[0], chosen[0]])
    assert other.root[0] @ other.root[1] == 0.0, "registers have nothing in common"


# -- the emulator --------------------------------------------------------------------------------------------------


def toy(trials: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Thirty parameters, of which three matter, in three counts with squares and products, and noise of .1."""
    z = normals(seed, trials, 30)
    mean = np.stack(
        [
            1.0 + z[:, 0] - 0.5 * z[:, 4] + 0.3 * z[:, 0] * z[:, 4],
            2.0 + 0.7 * z[:, 9] + 0.2 * (z[:, 9] ** 2 - 1.0),
            z[:, 0] + 0.4 * z[:, 9],
        ],
        axis=1,
    )
    return z, mean + 0.1 * normals(seed + 100, trials, 3)


def test_the_emulator_finds_what_matters_and_predicts_what_it_did_not_see():
    z, y = toy(600)
    fitted = emulator.fit(z, y)
    assert {0, 4, 9} <= set(fitted.followed.tolist()) and len(fitted.followed) < 15
    new_z, new_y = toy(400, seed=2)
    left = new_y - fitted.mean(new_z[:, fitted.followed])
    assert left.std() < 0.16
    # What it says it leaves open is what it does leave open in trials it has not seen.
    assert np.sqrt(np.diag(fitted.covariance())) == pytest.approx(left.std(axis=0), rel=0.25)
    assert (fitted.explained > 0.9).all()


def test_the_emulator_predicts_where_a_later_wave_looks():
    """The second wave lies beside the prior: its parameters have means of their own, and so have squares."""
    z, y = toy(700)
    shift = np.where(np.isin(np.arange(30), (0, 4, 9)), 1.5, 0.0)

    def near(seed: int) -> tuple[np.ndarray, np.ndarray]:
        own = 0.5 * normals(seed, 300, 30) + shift
        mean = np.stack(
            [
                1.0 + own[:, 0] - 0.5 * own[:, 4] + 0.3 * own[:, 0] * own[:, 4],
                2.0 + 0.7 * own[:, 9] + 0.2 * (own[:, 9] ** 2 - 1.0),
                own[:, 0] + 0.4 * own[:, 9],
            ],
            axis=1,
        )
        return own, mean + 0.1 * normals(seed + 100, 300, 3)

    near_z, near_y = near(21)
    weight = np.r_[np.full(len(z), 0.25), np.ones(len(near_z))]
    fitted = emulator.fit(np.r_[z, near_z], np.r_[y, near_y], weight)
    new_z, new_y = near(22)
    left = new_y - fitted.mean(new_z[:, fitted.followed])
    assert np.abs(left.mean(axis=0)).max() < 0.03 and left.std() < 0.15
    assert (fitted.explained > 0.9).all()


def test_the_emulator_admits_what_it_cannot_explain():
    z = normals(3, 300, 30)
    fitted = emulator.fit(z, normals(4, 300, 2))
    assert (fitted.explained < 0.1).all()
    assert np.sqrt(np.diag(fitted.covariance())) == pytest.approx(1.0, rel=0.2)


def test_ridge_regression_is_what_its_normal_equations_say_with_each_trial_left_out_in_turn():
    """The surface against one solved from its definition, trial by trial."""
    trials, width, followed = 60, 6, np.array([0, 2, 5])
    z = normals(51, trials, width)
    y = z @ normals(52, width, 2) + 0.3 * (z[:, [0]] * z[:, [2]]) + 0.2 * normals(53, trials, 2)
    weight = 0.5 + np.arange(trials) / trials
    fitted = emulator.fit(z, y, weight, followed)
    weight = weight / weight.mean()
    pairs, one, other = emulator.products(z[:, followed]), *np.triu_indices(3)
    spread = np.sqrt(np.average((y - np.average(y, axis=0, weights=weight)) ** 2, axis=0, weights=weight))

    def centred(x: np.ndarray) -> np.ndarray:
        return np.sqrt(weight)[:, None] * (x - np.average(x, axis=0, weights=weight))

    unit, plain, found = centred(y) / spread, centred(z), {0: [], 1: []}
    first = np.linalg.solve(plain.T @ plain + 0.02 * trials * np.eye(width), plain.T @ unit)
    for count, penalty in itertools.product(range(2), (1.0, 3.0, 10.0, 30.0, 100.0)):
        strength = np.abs(first[:, count]) / np.abs(first[:, count]).max()
        own = strength[followed]
        scale = np.sqrt(np.r_[strength + 0.05, own[one] * own[other] + 1e-6])
        terms, data = centred(np.hstack([z, pairs])) * scale, unit[:, count]

        def solved(kept: np.ndarray, terms=terms, data=data, penalty=penalty) -> np.ndarray:
            x = terms[kept]
            return np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ data[kept])

        every = np.arange(trials)
        left = np.array([data[i] - terms[i] @ solved(every != i) for i in every])
        slope = scale * solved(every >= 0) * spread[count]
        found[count].append((np.mean(left**2), slope, left * spread[count]))
    for count in range(2):
        _, slope, left = min(found[count], key=lambda one: one[0])
        order = np.r_[followed, [1, 3, 4], 6 + np.arange(6)]
        own = np.vstack([fitted.linear, fitted.unfollowed, fitted.quadratic])[:, count]
        assert np.allclose(own, slope[order], rtol=0, atol=1e-9)
        # What is left open, brought to the middle by the spread that moves with the count.
        mean = y[:, count] - left / np.sqrt(weight)
        ends = fitted.reach[:, count]
        log = fitted.steepness[count] * (np.clip(mean, *ends) - fitted.middle[count])
        far = np.log1p((z[:, followed] - fitted.home) ** 2 @ fitted.sway[:, count])
        wider = np.exp(0.5 * (log + fitted.farther[count] * (far - np.average(far, weights=weight))))
        assert fitted.residual[count, count] == pytest.approx(((left / wider) ** 2).sum() / weight.sum())


def test_a_surface_of_expected_counts_leaves_open_what_counts_hold_beyond_it():
    z, expected = toy(600)

    def counted(expected: np.ndarray, seed: int) -> np.ndarray:
        noise = normals(seed, len(expected), 3)
        return expected + 0.04 + 0.3 * (noise + noise[:, [1, 0, 2]])  # the first two go together

    fitted = recovery.surface(z, counted(expected, 61), expected, None, np.array([0, 4, 9]))
    new_z, new_expected = toy(2000, seed=2)
    left = counted(new_expected, 62) - fitted.mean(new_z[:, fitted.followed])
    assert np.abs(left.mean(axis=0)).max() < 0.06
    assert np.sqrt(np.diag(fitted.covariance())) == pytest.approx(left.std(axis=0), rel=0.1)
    assert fitted.covariance()[0, 1] == pytest.approx(np.cov(left.T)[0, 1], rel=0.2)


def test_a_small_count_varies_more_on_the_log_scale_and_the_surface_knows_it():
    z = normals(91, 1500, 4)
    mean = 1.5 + z[:, :2] @ np.array([[1.0, 0.0], [0.0, 0.5]])
    sd = np.c_[0.2 * np.exp(-0.5 * (mean[:, 0] - 1.5)), np.full(1500, 0.3)]  # the first by Poisson's law
    fitted = emulator.fit(z, mean + sd * normals(92, 1500, 2), np.ones(1500), np.array([0, 1]))
    # From 1 500 squares of dispersion 2: standard error sqrt(2 / 1500) over the sd of the mean.
    error = np.sqrt(2.0 / 1500) / np.array([1.0, 0.5])
    assert (np.abs(fitted.steepness - [-1.0, 0.0]) < 4 * error).all()
    for at in (0.5, 2.5):
        own = np.sqrt(np.diag(fitted.left_open(np.array([at, 1.5]))))
        assert own == pytest.approx([0.2 * np.exp(-0.5 * (at - 1.5)), 0.3], rel=0.15)


def test_a_surface_is_less_known_far_from_its_trials_and_only_where_that_counts():
    """Noise of the first count grows with the distance in the parameter that it depends on, that of the second not."""
    z = normals(95, 3000, 3)
    sd = np.c_[0.2 * np.sqrt(1.0 + z[:, 0] ** 2), np.full(3000, 0.3)]
    y = np.c_[z[:, 0], z[:, 1]] + sd * normals(96, 3000, 2)
    fitted = emulator.fit(z, y, np.ones(3000), np.array([0, 1, 2]))
    # Standard error from 3 000 squares of dispersion 2, over the standard deviation of log(1 + z^2).
    error = np.sqrt(2.0 / 3000) / np.log1p(z[:, 0] ** 2).std()
    assert (np.abs(fitted.farther - [1.0, 0.0]) < 4 * error).all()
    far = np.array([[2.0, 0.0, 0.0], [0.0, 0.0, 2.0], [0.0, 0.0, 0.0]])
    mean = fitted.mean(far)
    own = np.sqrt(np.diagonal(fitted.left_open(mean, z=far), axis1=1, axis2=2))
    assert own[:, 0] == pytest.approx([0.2 * np.sqrt(5.0), 0.2, 0.2], rel=0.15)
    assert own[:, 1] == pytest.approx(0.3, rel=0.1)
    assert fitted.part(np.array([1])).farther == fitted.farther[1:]


def test_trials_of_another_scale_have_a_mean_of_their_own_and_do_not_judge():
    z = normals(93, 900, 3)
    coarse = np.arange(900) < 500
    noise = np.where(coarse, 0.6, 0.1)[:, None] * normals(94, 900, 1)
    y = z[:, :1] - 0.4 * coarse[:, None] + noise
    fitted = emulator.fit(z, y, np.where(coarse, 0.25, 1.0), np.array([0]), judged=~coarse, coarse=coarse)
    assert fitted.centre[0] == pytest.approx(0.0, abs=4 * 0.1 / np.sqrt(400))
    assert np.sqrt(fitted.residual[0, 0]) == pytest.approx(0.1, rel=0.15)


def test_without_scikit_learn_a_fit_says_what_to_install(monkeypatch):
    assert emulator.missing() is None
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"-m pip install \"scikit-learn>=1"):
        emulator.fit(*toy(60))


def test_without_scikit_learn_the_command_begins_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr("irregsim.inference.calibration.emulator.missing", lambda: "install what is missing")
    done = CliRunner().invoke(main, ["calibrate", "--out", str(tmp_path / "fit")])
    assert (done.exit_code, done.stderr) == (2, "install what is missing\n")
    assert not (tmp_path / "fit").exists()


def test_scikit_learn_is_loaded_by_nothing_but_a_fit():
    code = "import sys, irregsim.cli, irregsim.commands.calibrate, docs_tools.smoother"
    code += "; print('sklearn' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


# -- the sampler ---------------------------------------------------------------------------------------------------


def same(number: int, sd: float) -> counts.Errors:
    """Independent errors of one size."""
    return counts.Errors.independent(np.full(number, sd))


def linear_surface(slope: np.ndarray, noise: float) -> emulator.Emulator:
    n, m = slope.shape
    pairs = n * (n + 1) // 2
    return emulator.Emulator(
        followed=np.arange(n),
        centre=np.zeros(m),
        linear=slope,
        quadratic=np.zeros((pairs, m)),
        unfollowed=np.zeros((0, m)),
        residual=noise**2 * np.eye(m),
        explained=np.ones(m),
        others=np.zeros(0, dtype=np.int64),
        middle=np.zeros(m),
        steepness=np.zeros(m),
        reach=np.tile([[-9.0], [9.0]], m),
        home=np.zeros(n),
        sway=np.zeros((n, m)),
        farther=np.zeros(m),
        usual=np.zeros(m),
    )


@pytest.mark.parametrize("mean", [0.0, -6.0])
def test_a_prior_of_its_own_is_the_prior(mean):
    """One parameter, one count: the posterior of two normals, with a prior of standard deviation 3."""
    prior = priors.Before(np.array([mean]), np.array([3.0]))
    found = sampler.sample(linear_surface(np.ones((1, 1)), 0.6), np.array([2.0]), same(1, 0.8), seed=3, prior=prior)
    assert found.z.mean() == pytest.approx((2.0 * 9.0 + mean) / 10.0, abs=0.1)
    assert found.z.std() == pytest.approx(np.sqrt(0.9), abs=0.06)


@pytest.mark.slow
def test_a_posterior_of_sixty_parameters_is_as_wide_as_it_should_be():
    """Too few particles, or too few moves, leave one that is too narrow."""
    slope = 0.4 * normals(97, 60, 60)
    surface, error = linear_surface(slope, 0.5), same(60, 0.5)
    found = sampler.sample(surface, normals(98, 60), error, seed=3, families=1)
    exact = np.sqrt(np.diag(np.linalg.inv(np.eye(60) + slope @ slope.T / 0.5)))
    assert (found.z.std(axis=0) / exact).mean() == pytest.approx(1.0, abs=0.05)


def test_the_sampler_finds_the_exact_posterior_of_a_linear_model():
    slope = normals(5, 8, 5)
    surface, data, error = linear_surface(slope, 0.3), normals(6, 5), same(5, 0.2)
    found = sampler.sample(surface, data, error, seed=3, particles=1500)
    precision = np.eye(8) + slope @ slope.T / (0.3**2 + 0.2**2)
    covariance = np.linalg.inv(precision)
    mean = covariance @ slope @ data / (0.3**2 + 0.2**2)
    spread = np.sqrt(np.diag(covariance))
    assert np.abs((found.z.mean(axis=0) - mean) / spread).max() < 0.15
    assert found.z.std(axis=0) == pytest.approx(spread, rel=0.12)
    assert np.abs(found.halves).max() < 0.2
    again = sampler.sample(surface, data, error, seed=3, particles=1500)
    assert np.array_equal(found.z, again.z), "all chance is keyed"


def test_known_truths_are_covered_as_often_as_they_should_be():
    z, y = toy(500)
    found = recovery.recover(z, y, y, same(3, 0.05), np.arange(0, 400, 10), seed=11)
    assert found.ranks.shape == (40, len(found.columns))
    inside = found.coverage(0.9).mean()
    # 40 truths: the mean over parameters of a rightly calibrated method lies within .8 and .98 almost surely.
    assert 0.8 < inside < 0.98
    told = found.columns.tolist().index(0)
    assert found.narrower[:, told].mean() < 0.3, "the counts tell this parameter"


def test_what_the_registers_add_belongs_to_what_the_surface_leaves_open():
    """A surface of expected counts predicts counts: the noise's mean is in it, its covariance in what is left open."""
    z = normals(21, 800, 6)
    expected = z[:, :2] @ np.array([[1.0, 0.0], [0.5, 1.0]])
    noise = 0.3 + normals(22, 800, 2) @ np.array([[0.4, 0.2], [0.0, 0.1]])
    both = recovery.surface(z, expected + noise, expected, None, np.arange(2))
    alone = emulator.fit(z, expected, followed=np.arange(2))
    np.testing.assert_allclose(both.centre - alone.centre, noise.mean(axis=0), rtol=1e-12)
    # The noise does not go with the counts, so its covariance is added, but for what is kept of the diagonal
    # (800 / 802) and what a spread that moves takes up: its slopes are within .1 of 0, and counts within 3.
    np.testing.assert_allclose(both.residual - alone.residual, np.cov(noise.T), rtol=0.05, atol=1e-3)


def test_an_overconfident_method_would_be_seen():
    z, y = toy(500)
    wrong = y + 1.5 * normals(12, 500, 3)  # data far noisier than what the method is told
    truths = np.arange(0, 400, 10)
    surface = emulator.fit(z, y)
    ranks, own = [], []
    for truth in truths:
        post = sampler.sample(surface, wrong[truth], same(3, 0.05), seed=int(truth), particles=300, families=1).z
        ranks.append((post < z[truth, surface.followed]).mean(axis=0))
        own.append((post.argsort(axis=0).argsort(axis=0) + 0.5) / len(post))
    null = recovery.right_by_construction(own, seed=1)
    found = recovery.Recovery(surface.followed, np.array(ranks), np.ones_like(ranks), null, np.arange(40.0))
    told = [found.columns.tolist().index(column) for column in (0, 4, 9)]
    assert found.coverage(0.9)[told].mean() < 0.75
    assert found.uniformity()[1] == 1 / (1 + recovery.SETS), "no right method gives ranks as uneven"
    assert set(found.outside(0.99)) & {0, 4, 9}, "a parameter that the counts tell leaves its band"


def test_truths_that_are_right_by_construction_keep_what_parameters_have_in_common():
    """Two parameters that are one and the same: the statistic is twice that of one, not a chi-squared of its own."""
    one = [normals(31 + i, 400, 1).argsort(axis=0).argsort(axis=0) / 400 + 0.5 / 400 for i in range(50)]
    twice = [np.repeat(ranks, 2, axis=1) for ranks in one]
    single, double = (
        np.array([recovery.unevenness(ranks) for ranks in recovery.right_by_construction(own, seed=1)])
        for own in (one, twice)
    )
    np.testing.assert_allclose(double, 2.0 * single)
    # A mean of 999 chi-squared of 9 degrees of freedom has a standard error of .13; ten bins of 50 ranks are near it.
    assert single.mean() == pytest.approx(9.0, abs=4 * np.sqrt(18 / recovery.SETS))


@pytest.mark.slow
def test_the_sampler_agrees_with_emcee_in_as_many_dimensions_as_the_fit_has():
    """A curved surface of 44 parameters and 49 counts; emcee (Foreman-Mackey et al. 2013) knows nothing of ours."""
    emcee = pytest.importorskip("emcee")
    n, m = 44, 49
    # Slopes and noise as in the fit (.58 and .41 of a count's log scale), squares and products four times as strong.
    quadratic = 0.008 * normals(72, n * (n + 1) // 2, m)
    curved = replace(linear_surface(0.09 * normals(71, n, m), 0.4), quadratic=quadratic)
    data, error = curved.mean(normals(73, 1, n))[0] + 0.4 * normals(74, m), same(m, 0.1)
    found = sampler.sample(curved, data, error, seed=4).z
    walkers, steps = 800, 1600
    chain = emcee.EnsembleSampler(
        walkers,
        n,
        lambda z: -0.5 * ((data - curved.mean(z)) ** 2).sum(axis=1) / (0.4**2 + 0.1**2) - 0.5 * (z**2).sum(axis=1),
        moves=emcee.moves.DEMove(),
        vectorize=True,
    )
    chain.random_state = np.random.RandomState(5).get_state()
    chain.run_mcmc(np.random.default_rng(6).standard_normal((walkers, n)), steps)
    other = chain.get_chain(discard=steps // 2, flat=True)
    spread = other.std(axis=0)
    assert spread.mean() < 0.9, "the counts tell something, or the prior would pass too"
    # 2 000 particles and some 6 000 independent states of the chain (its autocorrelation time is about 100): the error
    # of a mean is sqrt(1/2000 + 1/6000) = .026 and that of a spread .018 in posterior standard deviations, and the
    # farthest of 44 lies within 4.5 of those.
    assert np.abs((found.mean(axis=0) - other.mean(axis=0)) / spread).max() < 4.5 * 0.026
    assert found.std(axis=0) == pytest.approx(spread, rel=4.5 * 0.018)
    # A sampler that loses families of particles is too narrow everywhere. By 5 % would cost a 90 % interval 2 points.
    assert (found.std(axis=0) / spread).mean() == pytest.approx(1.0, abs=0.05)


# -- the smoother --------------------------------------------------------------------------------------------------


def test_a_large_ensemble_is_smoothed_to_the_exact_posterior_of_a_linear_model():
    slope, data = normals(81, 3, 2), np.array([1.0, -0.5])
    covariance = np.array([[0.3, 0.1], [0.1, 0.2]])
    members, steps = 80_000, 4
    found = smoother.smooth(lambda z, _: z @ slope, normals(82, members, 3), data, covariance, steps=steps, seed=1)
    exact = np.linalg.inv(np.eye(3) + slope @ np.linalg.solve(covariance, slope.T))
    mean = exact @ slope @ np.linalg.solve(covariance, data)
    # With the exact gain members are independent draws. The gain is a regression on the ensemble: it adds in each step
    # at most the prior's variance times (1 + squared distance of the data) over the members. Five of its errors.
    far = data @ np.linalg.solve(slope.T @ slope + covariance, data)
    most = 5.0 * np.sqrt(steps * (1.0 + far) / members)
    assert most < 0.06
    assert np.abs(found.mean(axis=0) - mean).max() < most
    assert np.abs(np.cov(found.T) - exact).max() < most
    # Taken in four times without wider errors the counts would speak four times, and this would be seen.
    four_times = np.linalg.inv(np.eye(3) + 4 * slope @ np.linalg.solve(covariance, slope.T))
    assert np.abs(four_times - exact).max() > 2 * most


def stand_in(trials: int = 320) -> smoother.StandIn:
    z, expected = toy(trials)
    noise = 0.2 * normals(83, trials, 3)
    followed, sets = np.array([0, 4, 9]), np.arange(trials) % one_trial.RANDOM_SETS
    return smoother.StandIn.of(z, expected + noise, expected, np.ones(trials), followed, sets)


def test_the_stand_in_has_the_chance_of_the_banks_trials_with_the_same_random_numbers():
    model = stand_in()
    z = normals(84, 6400, 30)
    y, expected = model.simulate(z, 1, 0)
    left = expected - model.surface.expected(z)
    assert left.std(axis=0) == pytest.approx(np.sqrt(np.diag(model.surface.residual)), rel=0.1)
    assert (y - expected).std(axis=0) == pytest.approx([0.2] * 3, rel=0.1)
    for i in (0, 31, 45):
        of_set = model.noise[model.sets == i % one_trial.RANDOM_SETS]
        assert (np.abs(of_set - (y - expected)[i]).max(axis=1) < 1e-9).sum() == 1
    again, other = model.simulate(z, 1, 0)[0], model.simulate(z, 1, 1)[0]
    assert np.array_equal(again, y) and not np.array_equal(other, y)


@pytest.mark.slow
def test_both_roads_are_laid_side_by_side():
    settings = fitting.Settings(first=150, second=80, seed=4)
    found = smoother.compare(stand_in(), np.array([2.0, 2.5, 1.0]), same(3, 0.05), settings, number=12)
    assert [one.truths for one in found] == ["from the prior"] * 4 + ["near the counts"] * 4
    assert found[0].simulations == "150 in all" and found[4].simulations == "230 in all"
    assert len(smoother.HEAD.splitlines()) == 2
    for one in found:
        assert one.inside.shape == (2, 12, 3) and one.row().count("|") == smoother.HEAD.splitlines()[0].count("|")
        assert (one.inside[1] | ~one.inside[0]).all(), "an interval of 90 % holds that of 50 %"
        assert one.width.mean() < 0.7, "three counts tell of three parameters"
        # 36 intervals, those of one truth not independent: below .65 in less than one of a thousand right methods.
        assert one.inside[1].mean() > 0.65


def test_an_unfinished_calibration_is_not_compared(tmp_path):
    with pytest.raises(SystemExit, match="finished calibration"):
        smoother.main(tmp_path)
    (tmp_path / command.REPORT_FILE).write_text(json.dumps({"settings": vars(fitting.Settings())}), encoding="utf-8")
    with pytest.raises(SystemExit, match="holds 0 trials of 700"):
        smoother.main(tmp_path)


# -- the bank ------------------------------------------------------------------------------------------------------


def test_a_bank_can_be_stopped_and_continued_and_refuses_another_design(tmp_path):
    scenario = load_scenario("baseline", end="2012-03")
    z = design.standard_normals(1, np.arange(3))
    folder = tmp_path / "wave-0"
    whole = bank.run_wave(scenario, z, folder, seed=1, scale=0.02)
    (folder / "000001.parquet").unlink()
    told: list[tuple[int, int]] = []
    again = bank.run_wave(scenario, z, folder, seed=1, scale=0.02, start=lambda *both: told.append(both))
    assert told == [(3, 2)]
    assert again.registers.equals(whole.registers)
    assert not list(folder.glob("tmp-*"))
    other = design.standard_normals(2, np.arange(2))
    with pytest.raises(ValueError, match="trials of another design"):
        bank.run_wave(scenario, other, folder, seed=1, scale=0.02)
    with pytest.raises(ValueError, match="trials of another design, scale"):
        bank.run_wave(scenario, other, folder, seed=1, scale=0.03, replaces=True)
    new = bank.run_wave(scenario, other, folder, seed=1, scale=0.02, replaces=True)
    assert not new.registers.equals(whole.registers) and bank.Trials(folder).finished() == {0, 1}


def test_a_near_wave_goes_on_with_the_design_that_is_stored(tmp_path):
    z = design.standard_normals(1, np.arange(3))
    assert bank.stored_design(tmp_path) is None
    bank.write_design(tmp_path, z)
    assert np.array_equal(bank.stored_design(tmp_path), z)
    frame = pd.read_parquet(tmp_path / bank.DESIGN_FILE).iloc[:, 1:]
    frame.to_parquet(tmp_path / bank.DESIGN_FILE, index=False)
    with pytest.raises(bank.OtherTrials, match="trials of other parameters"):
        bank.stored_design(tmp_path)


def pretended(monkeypatch) -> list[tuple[str, float, np.ndarray]]:
    """Waves whose registers cost nothing: four counts that follow three parameters; what was run, with its scale."""
    ran: list[tuple[str, float, np.ndarray]] = []

    def run_wave(scenario, z, folder, *, seed, scale, **rest):
        bank.write_design(folder, z)
        ran.append((folder.name, scale, z))
        hidden = pd.DataFrame({"period": "2019", "replicate": np.arange(len(z)), "count": np.exp(9.0 + 0.3 * z[:, 0])})
        return bank.Bank(z, hidden, scale)

    def simulated(wave, chosen, column="count"):
        mean = counts.observed(chosen) + 0.5 * wave.z[:, design.widened()[:4]]
        return mean + 0.1 * normals(7 + (column == "count"), *mean.shape)

    monkeypatch.setattr(bank, "run_wave", run_wave)
    monkeypatch.setattr(counts, "simulated", simulated)
    # Four counts of three parameters, and what is written of them: particles enough for that.
    monkeypatch.setattr(fitting, "SHIPPED_PARTICLES", 200)
    monkeypatch.setitem(sampler.sample.__kwdefaults__, "particles", 200)
    monkeypatch.setattr(sampler, "LAST_MOVES", 6)
    return ran


@pytest.mark.slow
def test_near_waves_have_a_scale_of_their_own_and_another_one_goes_on(tmp_path, monkeypatch):
    ran = pretended(monkeypatch)
    settings = fitting.Settings(first=60, second=30, draws=10, seed=4, scale=0.25, near_waves=1)
    scenario = load_scenario("baseline", end="2012-03")
    one = fitting.calibrate(scenario, FIT[:4], tmp_path, settings)
    assert [(name, scale) for name, scale, _ in ran] == [("wave-0", 0.25), ("wave-1", 1.0)]
    assert one.evidence.wave.tolist() == [0] * 63 + [1] * 27 and one.evidence.coarse.sum() == 60
    two = fitting.calibrate(scenario, FIT[:4], tmp_path, replace(settings, near_waves=2))
    assert [name for name, *_ in ran[2:]] == ["wave-0", "wave-1", "wave-2"]
    assert np.array_equal(ran[1][2], ran[3][2]), "what was done stays"
    assert not np.array_equal(ran[3][2], ran[4][2])
    assert two.evidence.judged is not None and two.evidence.judged.sum() == 27
    with pytest.raises(bank.OtherTrials, match="give --second 30"):
        fitting.calibrate(scenario, FIT[:4], tmp_path, replace(settings, second=40))


@pytest.mark.slow
def test_the_command_goes_from_waves_to_a_posterior_with_a_report(tmp_path, monkeypatch):
    ran = pretended(monkeypatch)
    monkeypatch.setattr(command, "fitted_targets", lambda: FIT[:4])
    settings = fitting.Settings(
        first=90, second=40, draws=20, truths=5, near_truths=5, seed=4, scale=0.25, near_waves=1
    )
    done = command.calibrate(tmp_path, settings)
    assert [(name, scale) for name, scale, _ in ran][2:] == [
        ("hidden-prior", 0.25),
        ("hidden-posterior", 0.25),
        ("posterior-draws", 1.0),
        ("centre", 1.0),
    ]
    assert len(ran[-1][2]) == checks.CENTRE_RUNS and (ran[-1][2] == ran[-1][2][0]).all()
    mean = np.array([design.standardised(draw) for draw in done.posterior.draws]).mean(axis=0)
    own = np.setdiff1d(np.arange(len(mean)), design.widened())  # a widened prior may be cut at its far end
    assert np.allclose(ran[-1][2][0][own], mean[own], atol=1e-6)
    found = json.loads((tmp_path / command.REPORT_FILE).read_text(encoding="utf-8"))
    assert found["gate"]["passed"] is (not found["gate"]["red"]) and done.posterior.about["gate"] == found["gate"]
    for errors in (row["errors"] for row in found["targets"]):
        whole = np.sqrt(sum(errors[name] ** 2 for name in ("stated", "noise", "chance", "others", "surface")))
        # Three decimals each; the surface's part is what is left, and nothing where the others are too much.
        at_least = errors["used"] - 0.005
        assert whole == pytest.approx(errors["used"], abs=0.005) if errors["surface"] else whole >= at_least
    blocks = tables.markdown(found)
    for name in ("errors", "blocks", "left-out", "targets", "recovery"):
        assert " - |" not in blocks[name], name
    assert "calibration check" in command.summary(done)


def own_counts(tmp_path: Path, *rows: dict[str, str]) -> Path:
    """A table of targets: the first shipped one that is fitted, with changes."""
    place = tmp_path / "mine.csv"
    shipped = next(row for row in read_table("targets.csv") if row["id"] == FIT[0].id)
    made = []
    for changes in rows:
        row = shipped | changes
        row["id"] = "/".join(row[key] for key in ("register", "dimension", "key", "period"))
        made.append(row)
    pd.DataFrame(made).to_csv(place, index=False)
    return place


def test_own_counts_come_on_top_of_the_shipped_ones(tmp_path):
    new = {"period": "2023-12", "vintage": "2024"}
    mine = own_counts(tmp_path, {"value": "4961"}, new)
    chosen = command.with_register(mine, 2023)
    usual = command.fitted_targets()
    assert [one.id for one in chosen][: len(usual)] == [one.id for one in usual]
    assert (chosen[0].value, chosen[-1].period) == (4961.0, "2023-12") and len(chosen) == len(usual) + 1
    with pytest.raises(WrongUse, match=r"2023-12: the trials of this folder end in 2020; .* --until"):
        command.with_register(mine, 2020)
    left_out = own_counts(tmp_path, {"role": "check"}, {"value": "2", "period": "2015-12", "vintage": "2017"})
    assert FIT[0].id not in {one.id for one in command.with_register(left_out, 2020)}
    with pytest.raises(WrongUse, match="no count has the role fit"):
        command.with_register(own_counts(tmp_path, {"role": "check"}), 2020)


@pytest.mark.slow
def test_own_counts_are_fitted_with_the_trials_that_are_there(tmp_path, monkeypatch):
    ran = pretended(monkeypatch)
    monkeypatch.setattr(command, "fitted_targets", lambda: FIT[:4])
    with pytest.raises(WrongUse, match="holds no finished calibration"):
        command.again(tmp_path, own_counts(tmp_path, {}))
    settings = fitting.Settings(
        first=90, second=40, draws=20, truths=5, near_truths=5, seed=4, scale=0.25, near_waves=1
    )
    before = command.calibrate(tmp_path, settings)
    waves = [z for name, _, z in ran if name.startswith("wave")]
    done = command.again(tmp_path, own_counts(tmp_path, {"value": "6000"}))
    assert done.folder == tmp_path / "register-mine" and done.posterior.about["command"].endswith("--register mine.csv")
    again = [z for name, _, z in ran if name.startswith("wave")][len(waves) :]
    assert all(np.array_equal(a, b) for a, b in zip(waves, again, strict=True))
    assert posterior.load(tmp_path / "posterior").id == before.posterior.id != done.posterior.id
    assert done.found["targets"][0]["observed"] == 6000.0


@pytest.mark.slow
def test_a_bank_is_the_same_for_any_number_of_processes(tmp_path):
    scenario = load_scenario("baseline", end="2012-12")
    z = design.standard_normals(1, np.arange(4))
    one = bank.run_wave(scenario, z, tmp_path / "one", seed=1, scale=0.05)
    two = bank.run_wave(scenario, z, tmp_path / "two", seed=1, scale=0.05, jobs=2)
    assert one.registers.equals(two.registers)


def test_the_hash_of_a_trial_covers_the_random_generator(monkeypatch):
    """A changed constant of the generator's finaliser must not continue a bank of trials."""
    first = bank.model_sha256()
    read = Path.read_text

    def changed(self, *args, **kwargs):
        text = read(self, *args, **kwargs)
        return text.replace("0xBF58476D1CE4E5B9", "0xBF58476D1CE4E5BB") if self.name == "draws.py" else text

    monkeypatch.setattr(Path, "read_text", changed)
    assert bank.model_sha256() != first


# -- scores --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mean", "sd", "observed"), [(0.0, 1.0, 0.3), (2.0, 0.4, 3.1), (-1.0, 2.0, -1.0)])
def test_crps_is_its_integral(mean, sd, observed):
    def squared(x: float) -> float:
        return float((stats.norm.cdf(x, mean, sd) - (x >= observed)) ** 2)

    below = integrate.quad(squared, mean - 12 * sd, observed)[0]
    above = integrate.quad(squared, observed, mean + 12 * sd)[0]
    assert forecast.Forecast(mean, sd).crps(observed) == pytest.approx(below + above, rel=1e-6)


def test_the_interval_score_is_width_and_penalty():
    half = stats.norm.ppf(0.95)
    one = forecast.Forecast(0.0, 1.0)
    assert one.interval_score(0.5) == pytest.approx(2 * half)
    assert one.interval_score(half + 0.1) == pytest.approx(2 * half + 0.1 * 20)


def test_naive_forecasts():
    known = [(2013, 1.0), (2014, 2.0), (2015, 3.0)]
    last, line = forecast.naive(known, 2017, change=0.5, error=0.1)
    assert last.mean == 3.0 and last.sd == pytest.approx(np.hypot(0.5 * np.sqrt(2), 0.1 * np.sqrt(2)))
    assert line is not None and line.mean == pytest.approx(5.0)
    assert forecast.naive(known[:2], 2017, 0.5, 0.1)[1] is None
    assert forecast.yearly_change([known]) == pytest.approx(1.0)


# -- gates ---------------------------------------------------------------------------------------------------------


def small_fit(observed: np.ndarray) -> fitting.Fit:
    z, y = toy(300)
    surface = emulator.fit(z, y)
    error = same(3, 0.1)
    found = sampler.sample(surface, observed, error, seed=1, particles=400)
    prior = np.zeros(len(z), dtype=np.int64)
    return fitting.Fit(
        targets=FIT[:3],
        observed=observed,
        errors=error,
        evidence=fitting.Evidence(z, y, y, prior, np.ones(len(z))),
        emulator=surface,
        sample=found,
        draws=z[:5],
    )


def held(share: float, truths: int = 100) -> recovery.Recovery:
    """Truths of which a share lies inside 90 % intervals, ranks as even as they can then be, and the rest far out."""
    inside = int(truths * share)
    ranks = np.concatenate([0.05 + 0.9 * (np.arange(inside) + 0.5) / inside, np.full(truths - inside, 0.999)])
    ranks[inside::2] = 0.001
    ranks = ranks[np.argsort(normals(41, truths))][:, None]
    null = np.random.default_rng(42).uniform(size=(recovery.SETS, truths, 1))
    return recovery.Recovery(np.array([0]), ranks, np.ones((truths, 1)), null, np.arange(float(truths)))


def test_a_fit_that_reaches_its_counts_is_green():
    _, y = toy(300)
    assert checks.gates(small_fit(y[5]), held(0.9)) == []


def centre_of(fit: fitting.Fit, mean: np.ndarray) -> checks.Centre:
    return checks.Centre(mean, np.full(3, 0.2), np.full(3, 0.03), np.full(3, 0.04), draws=100, runs=24)


def test_a_count_that_the_model_itself_does_not_reach_makes_the_gate_red_and_is_named():
    """Whatever the surface leaves open: only error, noise and chance excuse a distance."""
    _, y = toy(300)
    fit = small_fit(y[5])
    sd = np.sqrt(0.1**2 + 0.03**2 + 0.04**2 + 0.2**2 / 100)
    near, far = (centre_of(fit, y[5] + np.array([0.0, times * sd, 0.0])) for times in (2.9, 3.1))
    assert checks.gates(fit, held(0.9), near) == []
    (red,) = checks.gates(fit, held(0.9), far)
    assert FIT[1].id in red and "not reached" in red and "-3.1 standard deviations" in red


def test_a_method_that_loses_known_truths_or_families_that_differ_make_it_red():
    _, y = toy(300)
    fit = small_fit(y[5])
    assert any("known truths: 90 % intervals" in line for line in checks.gates(fit, held(0.5)))
    assert any("known truths: 90 % intervals" in line for line in checks.gates(fit, held(1.0)))
    apart = replace(fit, sample=replace(fit.sample, halves=np.full(len(fit.emulator.followed), 0.6)))
    assert any("not converged" in line for line in checks.gates(apart, held(0.9)))


def linear_fit(counts_: int, error: float, seed: int) -> tuple[fitting.Fit, np.ndarray]:
    """A linear surface of three parameters, its exact posterior's draws, and the covariance of the counts."""
    slope = normals(seed, 3, counts_)
    surface, errors = linear_surface(slope, 0.3), same(counts_, error)
    covariance = slope.T @ slope + (0.3**2 + error**2) * np.eye(counts_)
    observed = np.linalg.cholesky(covariance) @ normals(seed + 1, counts_)
    found = sampler.sample(surface, observed, errors, seed=3, particles=1500)
    nothing = fitting.Evidence(*(np.zeros((1, 1)) for _ in range(3)), np.zeros(1, dtype=np.int64), np.ones(1))
    return fitting.Fit(FIT[:counts_], observed, errors, nothing, surface, found, np.zeros((5, 3))), covariance


def test_each_count_is_forecast_from_the_others_as_the_normal_law_says():
    fit, covariance = linear_fit(12, 0.4, seed=95)
    found = checks.left_out(fit)
    precision = np.linalg.inv(covariance)
    exact = precision @ fit.observed / np.sqrt(np.diag(precision))
    # 3 000 particles, a half of them still counting when a count is left out: errors of a few hundredths.
    assert found.z == pytest.approx(exact, abs=0.15)
    together = precision / np.sqrt(np.outer(np.diag(precision), np.diag(precision)))
    # Correlations of 4 000 normals have standard errors of .016 at most.
    assert np.abs(np.corrcoef(found.null.T) - together).max() < 5 * 0.016
    own, low, high = found.spread()
    assert low < own < high and found.evenness() > 0.01


def test_counts_that_lie_too_close_or_too_far_from_each_other_make_the_gate_red():
    fit, _ = linear_fit(12, 0.4, seed=95)
    centre = fit.emulator.mean(fit.sample.z).mean(axis=0)
    for observed, word in ((centre, "closer to"), (fit.observed + 3.0 * (np.arange(12) % 2), "farther from")):
        found = sampler.sample(fit.emulator, observed, fit.errors, seed=3, particles=1500)
        other = replace(fit, observed=observed, sample=found)
        assert any(word in line for line in checks.gates(other, held(0.9), None, checks.left_out(other))), word


def test_known_truths_are_judged_by_thirds_and_parameters_one_by_one():
    lost = held(0.9)
    far = lost.distance > 66
    bad = replace(lost, ranks=np.where(far[:, None] & (np.arange(100) % 2 == 0)[:, None], 0.999, lost.ranks))
    red = checks.gates(small_fit(toy(300)[1][5]), bad)
    assert any("farthest third" in line for line in red) and not any("nearest third" in line for line in red)
    one_sided = replace(lost, ranks=lost.ranks**2)
    red = checks.gates(small_fit(toy(300)[1][5]), one_sided)
    assert any("simultaneous band in 1 parameters" in line and design.names()[0] in line for line in red)


def test_parameters_that_are_not_followed_are_moved_by_the_counts_as_the_normal_law_says():
    """One followed parameter that does nothing, all others linear: the posterior is known exactly."""
    width, m = len(design.varied()), 4
    settings = fitting.Settings(draws=4000, seed=8)
    slope = np.zeros((width - 1, m))
    slope[:6] = normals(31, 6, m)
    surface = replace(linear_surface(np.zeros((1, m)), 0.5), unfollowed=slope, others=np.arange(1, width))
    data, error = np.array([2.0, -1.0, 0.5, 1.0]), same(m, 0.3)
    particles = sampler.Sample(normals(32, 500, 1), np.tile(data, (500, 1)), 1, 1.0, np.zeros(1))
    z = fitting.posterior_draws(settings, surface, particles, error)
    covariance = slope.T @ slope + (0.5**2 + 0.3**2) * np.eye(m)
    mean = slope @ np.linalg.solve(covariance, data)
    spread = np.sqrt(1.0 - np.einsum("ij,ij->i", slope, np.linalg.solve(covariance, slope.T).T))
    found = z[:, 1:]
    assert np.abs(found.mean(axis=0) - mean).max() < 0.08
    assert found.std(axis=0) == pytest.approx(spread, abs=0.06)


def test_the_second_wave_looks_near_the_counts_and_keeps_some_of_the_prior():
    settings = fitting.Settings(first=10, second=50, seed=3)
    followed, particles = np.array([1, 4]), np.full((200, 2), 7.0)
    z = fitting.near_design(settings, followed, particles)
    moved = (z[:, followed] == 7.0).all(axis=1)
    assert moved.sum() == 45 and not moved[:5].any()
    others = np.setdiff1d(np.arange(z.shape[1]), followed)
    assert np.array_equal(z[:, others], design.standard_normals(3, np.arange(50), wave=1)[:, others])
    json.dumps(vars(settings))


# -- what ships ----------------------------------------------------------------------------------------------------

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "calibration.md"


def test_the_document_tells_of_the_posterior_that_ships():
    found = report.shipped()
    assert found["posterior_id"] == posterior.load().id
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text == report.filled(text, found), (
        "run `python -m irregsim.present.pages.calibration_report docs/calibration.md`"
    )


def test_the_shipped_posterior_is_small_made_by_a_documented_command_and_fits_all_fitted_targets():
    place = posterior.shipped()
    assert place is not None
    assert sum(file.stat().st_size for file in place.iterdir()) < 5e6
    about = posterior.load().about
    assert about["command"] == command.command_of(fitting.Settings(**about["settings"]))
    assert about["targets"] == [target.id for target in command.fitted_targets()]
    assert about["gate"]["passed"] is (not about["gate"]["red"])


def test_every_parameter_is_followed_left_to_its_prior_or_fixed():
    found = report.shipped()
    followed = [row["name"] for row in found["followed"]]
    # What acts only after the last fitted count is drawn from its prior, whatever a fit says.
    assert sorted([*followed, *found["not_followed"], *found["fixed"]]) == sorted(set(parameters()) - set(AFTER_FIT))
    for name in found["fixed"]:
        what = parameters()[name]
        assert what.source.strip(), f"{name} is fixed: give a reason"


def test_verdicts_say_better_equal_or_worse():
    row = {"block": "b", "crps": 1.0, "crps_last": 1.05, "crps_line": 0.5}
    row |= {"interval_score": 1.0, "interval_score_last": 2.0, "interval_score_line": None}
    words = {(one["score"], one["naive"]): one["model_is"] for one in tables.verdicts([row])}
    assert words == {("crps", "last"): "equal", ("crps", "line"): "worse", ("interval_score", "last"): "better"}


def test_later_counts_inside_their_intervals_are_counted_by_block():
    rows = [{"block": b, "observed": x, "mean": 0.0, "sd": 1.0} for b, x in (("a", 0.5), ("a", -1.5), ("b", 2.0))]
    assert tables.inside(rows) == [("a", 2, 1, 2), ("b", 1, 0, 0), ("all", 3, 1, 2)]
