"""Soft targets: figures of another scope, with an unknown level for each block of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from irregsim.commands.calibrate import fitted_targets
from irregsim.inference import soft
from irregsim.inference.calibration import bank, counts, design, trials
from irregsim.inference.targets import targets
from irregsim.model.parameters import point_draw
from irregsim.present.pages import calibration_tables as tables
from irregsim.scenario import load_scenario
from irregsim.vocabulary.reference import DataError, read_table

SOFT = soft.soft_targets()


def test_they_are_fitted_after_the_counts_and_are_none_of_them():
    chosen = fitted_targets()
    assert chosen[-len(SOFT) :] == SOFT and len(SOFT) >= 3
    assert not {one.id for one in SOFT} & {target.id for target in targets()}
    assert {one.role for one in SOFT} == {"fit"}


def test_a_trial_holds_what_they_speak_of():
    scenario = load_scenario("baseline", end="2020-12")
    made = trials.observe(scenario, point_draw(), seed=1, replicate=0, scale=0.02, spells=False)["registers"]
    held = soft.answers(made.assign(replicate=0), SOFT)
    assert held.shape == (1, len(SOFT)) and (held >= 0).all() and held[0, 1] > 0
    free = made[(made["register"] == soft.STATE) & (made["key"] == "fritt_fall") & (made["period"] == "2016-11")]
    assert held[0, 0] == SOFT[0].ratio * free["count"].iloc[0]
    with pytest.raises(ValueError, match="the trials do not hold it"):
        soft.answers(made[made["register"] != soft.STATE].assign(replicate=0), SOFT)


def test_figures_of_a_block_share_its_level_and_nothing_else():
    errors = counts.errors(SOFT)
    large = np.full(len(SOFT), 20.0)
    covariance = errors.at(large)
    for i, one in enumerate(SOFT):
        assert covariance[i, i] == pytest.approx(one.level_log_sd**2 + one.error_log_sd**2, rel=1e-6)
        for j, other in enumerate(SOFT):
            if i != j:
                same = one.block == other.block
                assert covariance[i, j] == pytest.approx(one.level_log_sd * other.level_log_sd if same else 0.0)


def test_an_unknown_level_leaves_the_ratio_of_two_cities_known():
    errors = counts.errors(SOFT)
    covariance = errors.at(np.full(len(SOFT), 20.0))
    oslo, bergen = (next(i for i, one in enumerate(SOFT) if one.key == name) for name in ("Oslo", "Bergen"))
    ratio = covariance[oslo, oslo] + covariance[bergen, bergen] - 2 * covariance[oslo, bergen]
    assert ratio == pytest.approx(SOFT[oslo].error_log_sd ** 2 + SOFT[bergen].error_log_sd ** 2)


def test_counts_and_soft_targets_are_read_from_the_same_trials():
    hard = next(target for target in targets() if target.role == "fit" and target.key == "total")
    cells = [
        (hard.register, hard.period, hard.dimension, hard.key, 100),
        *((soft.STATE, one.period, one.dimension, one.key, 40) for one in SOFT),
    ]
    rows = [(*cell, float(cell[-1]), number) for number in (0, 1) for cell in cells]
    columns = ["register", "period", "dimension", "key", "count", "expected", "replicate"]
    made = bank.Bank(np.zeros((2, len(design.varied()))), pd.DataFrame(rows, columns=columns), 0.5)
    found = counts.back(counts.simulated(made, [SOFT[0], hard]), [SOFT[0], hard])
    assert found == pytest.approx(np.tile([40 * SOFT[0].ratio / 0.5, 100 / 0.5], (2, 1)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"ratio": "0"}, "must be above 0"), ({"level_log_sd": "2"}, "at most 1.2"), ({"key": "Oslo"}, "the id must be")],
)
def test_a_wrong_table_is_refused_with_its_line(monkeypatch, changes, message):
    rows = [dict(row) for row in read_table("soft_targets.csv")]
    rows[0] |= changes
    monkeypatch.setattr(soft, "read_table", lambda name: rows)
    soft.soft_targets.cache_clear()
    with pytest.raises(DataError, match=message) as raised:
        soft.soft_targets()
    assert "soft_targets.csv:2" in str(raised.value)
    soft.soft_targets.cache_clear()


def test_what_a_soft_target_moves_is_a_line_of_the_page():
    row = {"id": SOFT[0].id, "moves": [["walkout_hazard", 0.31]], "narrows_most": 0.12}
    lines = tables._soft_table([row]).splitlines()
    assert len(lines) == 3 and "`walkout_hazard` +0.31" in lines[2] and "12 %" in lines[2]
