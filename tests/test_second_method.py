"""The second method of a fit: a network that learns the posterior, against what is known exactly."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

from irregsim.cli import main
from irregsim.inference import posterior
from irregsim.inference.calibration import counts, neural, priors
from irregsim.inference.targets import targets
from irregsim.present.pages import calibration_report as report
from irregsim.present.pages import calibration_tables as tables

pytestmark = pytest.mark.once

FIT = tuple(target for target in targets() if target.role == "fit")


#: Of eight counts: nearly nothing.
NO_ERRORS = counts.Errors.independent(np.full(8, 1e-6))


def normals(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def linear(trials: int, near: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Parameters around a point in a design ``near`` times as wide as the prior, their counts, and the slopes."""
    slope = 0.6 * normals(1, 6, 8)
    z = 0.4 * (near < 1.0) + near * normals(2, trials, 6)
    return z, 8.0 + z @ slope + 0.5 * normals(3, trials, 8), slope


@pytest.mark.slow
@pytest.mark.parametrize("near", [1.0, 0.6])
def test_the_second_method_finds_the_exact_posterior_whatever_the_trials_were_drawn_from(near):
    pytest.importorskip("jax")
    z, y, slope = linear(1500, near)
    prior = priors.Before(np.zeros(6), np.ones(6))
    data = y[7]
    found = neural.find(z, y, data, NO_ERRORS, prior, seed=4)
    precision = np.eye(6) + slope @ slope.T / 0.25
    mean, sd = np.linalg.solve(precision, slope @ (data - 8.0) / 0.25), np.sqrt(np.diag(np.linalg.inv(precision)))
    # A slope found from 1 500 trials is off by about a fortieth of a standard deviation of the noise.
    assert np.abs((found.mean - mean) / sd).max() < 0.5
    assert np.abs(found.sd / sd - 1.0).max() < 0.2
    assert found.loss < 0.8 * found.alone and found.tarp_chance > 0.001 and found.classifier_chance > 0.01


@pytest.mark.slow
def test_the_checks_of_the_second_method_see_a_posterior_that_is_too_narrow(monkeypatch):
    pytest.importorskip("jax")
    z, y, _ = linear(1500)
    usual = neural.Network.energy
    monkeypatch.setattr(neural.Network, "energy", lambda self, x, theta: 4.0 * usual(self, x, theta))
    found = neural.find(z, y, y[7], NO_ERRORS, priors.Before(np.zeros(6), np.ones(6)), seed=4)
    assert found.tarp_chance < 0.001


def test_what_is_nearer_to_a_point_than_the_truth_is_even_under_the_right_posterior():
    """A truth drawn from the weights of its own row."""
    draws = neural.Draws(3, 21)
    theta, shares = normals(5, 40, 3), []
    for number in range(30):
        weight = np.random.default_rng(number).dirichlet(np.full(40, 0.3), size=40)
        truth = np.array([np.random.default_rng((number, i)).choice(40, p=row) for i, row in enumerate(weight)])
        # Row i has truth i: exchange the columns so that the drawn one stands there.
        for i, j in enumerate(truth):
            weight[i, [i, j]] = weight[i, [j, i]]
        share, drawn = neural._nearer(theta, weight, draws, number)
        assert drawn.shape == theta.shape
        shares.append(share)
    assert neural.kstest(np.concatenate(shares), "uniform").pvalue > 0.001
    narrow = np.eye(40) * 0.9 + 0.1 / 40
    wrong, _ = neural._nearer(theta, np.roll(narrow, 1, axis=1), draws, 99)
    assert neural.kstest(wrong, "uniform").pvalue < 0.001


def test_a_page_names_the_parameters_in_which_two_methods_part():
    second = {
        "trials": 500,
        "loss": [0.1, 5.7],
        "tarp": [[50] * 10, 0.4],
        "classifier": 0.6,
        "width": [0.9, 1.0, 1.2],
        "within_one": 0.5,
        "parameters": {"a": {"apart": -1.4, "contraction": 0.5}, "b": {"apart": 0.3, "contraction": 0.1}},
    }
    text = tables._second_text({"second_method": second})
    assert "in `a` (-1.4); whatever rests on these should not be trusted in detail" in text and "`b`" not in text
    second["parameters"]["a"]["apart"] = 0.9
    assert "in no parameter" in tables._second_text({"second_method": second})
    assert "Not run" in tables._second_text({})
    rows = tables._contraction_table(
        {"followed": [{"name": "b", "contraction": 0.2}, {"name": "a", "contraction": 0.6}], "second_method": second}
    ).splitlines()[2:]
    assert rows[0].startswith("| `a` | 0.60 | 0.50 | +0.90") and rows[1].startswith("| `b`")


def test_the_command_says_what_the_second_method_needs(tmp_path, monkeypatch):
    monkeypatch.setattr(neural, "missing", lambda: "the second method needs jax")
    told = CliRunner().invoke(main, ["calibrate", "--out", str(tmp_path / "a"), "--second-method"])
    assert told.exit_code == 2 and "--second-method: the second method needs jax" in told.output
    monkeypatch.setattr(neural, "missing", lambda: None)
    told = CliRunner().invoke(main, ["calibrate", "--out", str(tmp_path / "a"), "--second-method"])
    assert told.exit_code == 2 and "--second-method needs its trials" in told.output
    for more, message in ((["--second", "40"], "leave out --second"), (["--register", __file__], "give one of them")):
        told = CliRunner().invoke(main, ["calibrate", "--second-method", *more])
        assert told.exit_code == 2 and message in told.output, told.output


def test_a_posterior_says_in_which_parameters_two_methods_part(tmp_path):
    shipped = posterior.shipped()
    for name in ("posterior.json", "draws.parquet"):
        (tmp_path / name).write_bytes((shipped / name).read_bytes())
    before = posterior.load(tmp_path)
    assert not any("part in" in line for line in before.red)
    found = {"second_method": {"parameters": {"pu_fetch_hazard": {"apart": -1.2}, "walkout_hazard": {"apart": 0.4}}}}
    posterior.mark_parted(tmp_path, report.parted(found))
    after = posterior.load(tmp_path)
    assert after.id == before.id and len(after.red) == len(before.red) + 1
    (parted,) = set(after.red) - set(before.red)
    assert parted.startswith("two methods of fitting part in pu_fetch_hazard: ")
    posterior.mark_parted(tmp_path, [])
    assert posterior.load(tmp_path).red == before.red
    posterior.mark_parted(tmp_path, [3])
    with pytest.raises(posterior.PosteriorError, match="parted: must be the names"):
        posterior.load(tmp_path)
