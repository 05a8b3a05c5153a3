"""`irregsim sensitivity`: shares of variance against known ones, chance apart, boxes, and the command."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from irregsim.cli import main
from irregsim.commands import registry
from irregsim.commands import sensitivity as work
from irregsim.present import sensitivity as words
from irregsim.present.plots.sensitivity import draw_tornado
from irregsim.storage.folder import opened_for_writing
from irregsim.study.sensitivity.boxes import find_box
from irregsim.study.sensitivity.shares import chance_apart, first_order
from irregsim.study.sensitivity.tables import COLUMNS

#: Trials of an interval, and how many of 95 % intervals may miss: more do in one of ten thousand right ones.
TRIALS = 200


def uniforms(seed, draws, parameters):
    return np.random.default_rng(seed).random((draws, parameters))


def test_shares_of_the_ishigami_function():
    # Ishigami and Homma 1990, a = 7, b = 0.1: first-order shares .3139, .4424 and 0.
    x = np.pi * (2.0 * uniforms(1, 2000, 3) - 1.0)
    y = np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    found = first_order(x, y)
    # Of a sine over its whole period only odd cosines are a part: the first two of four hold .98 of its variance.
    held = 4.0 * sum((4.0 / (np.pi * (4 - k * k))) ** 2 for k in (1, 3))
    expected = np.array([0.3139 * held, 0.4424, 0.0])
    assert (found.lo <= expected).all() and (expected <= found.hi).all()
    assert found.stands_out.tolist() == [True, True, False]


def test_shares_of_a_sum_are_those_of_its_weights_whatever_the_distributions():
    x = uniforms(2, 1500, 3)
    z = np.stack([np.exp(x[:, 0]), x[:, 1] ** 3, x[:, 2]], axis=1)
    weights = np.array([2.0, 1.0, 0.0])
    noise = np.random.default_rng(3).standard_normal(1500)
    parts = weights * (x - 0.5) * np.sqrt(12.0)
    found = first_order(z, parts.sum(axis=1) + noise)
    # Of variances 4, 1, 0 and the noise's 1; cosines of ranks see x itself.
    expected = np.array([4.0, 1.0, 0.0]) / 6.0
    assert (found.lo <= expected).all() and (expected <= found.hi).all()


def test_intervals_hold_a_known_share_as_often_as_they_say():
    held = 0
    for trial in range(TRIALS):
        x = uniforms(100 + trial, 120, 1)
        noise = np.random.default_rng(900 + trial).standard_normal(120)
        found = first_order(x, np.sqrt(2.0) * np.cos(np.pi * x[:, 0]) + noise)
        held += found.lo[0] <= 0.5 <= found.hi[0]
    # Binomial: 95 % of 200 is 190, and fewer than 178 come in one of ten thousand cases.
    assert held >= 178


def test_noise_alone_seldom_has_a_parameter_that_stands_out_among_hundreds():
    told = 0
    for trial in range(20):
        x = uniforms(trial, 80, 300)
        told += first_order(x, np.random.default_rng(500 + trial).standard_normal(80)).stands_out.any()
    # 5 % of 20 is one; more than five come in one of 3000 cases.
    assert told <= 5


def test_what_does_not_vary_or_is_too_short_is_refused():
    x = uniforms(1, 30, 2)
    with pytest.raises(ValueError, match="must vary"):
        first_order(x, np.ones(30))
    with pytest.raises(ValueError, match="at least 5"):
        first_order(x[:4], np.arange(4.0))


def test_random_variation_is_told_apart_from_parameters_by_replicates_of_a_draw():
    random = np.random.default_rng(4)
    draws = np.repeat(np.arange(300), 3)
    values = 2.0 * random.standard_normal(300)[draws] + random.standard_normal(900)
    found = chance_apart(values, draws)
    assert found is not None and found.lo <= 0.2 <= found.hi and found.lo < found.share < found.hi
    assert found.per_draw == 3.0
    assert chance_apart(values[:300], np.arange(300)) is None


def test_a_box_is_found_where_the_cases_are_and_none_is_clear_without_one():
    x = uniforms(5, 400, 40)
    inside = (x[:, 7] > 0.6) & (x[:, 31] < 0.5)
    found = find_box(x, inside)
    assert found is not None and found.is_clear
    assert {7, 31} <= {i for i, _, _ in found.limits}
    assert found.coverage > 0.8 and found.density > 0.8
    limits = {i: (low, high) for i, low, high in found.limits}
    assert limits[7][0] == pytest.approx(0.6, abs=0.1 * 0.4 + 0.02)  # a peel takes a tenth of what is left
    by_chance = find_box(x, np.random.default_rng(6).random(400) < 0.2)
    assert by_chance is not None and not by_chance.is_clear
    assert find_box(x, x[:, 0] > 0.99) is None


def rows(**changes):
    one = dict.fromkeys(COLUMNS, 0.0) | {
        "scenario": "fines",
        "outcome": "stock:arbeidende",
        "quantity": "difference",
        "parameter": "appeal_months_mean",
        "grade": "D",
        "group": "exits",
        "share": 0.4,
        "share_lo": 0.2,
        "share_hi": 0.6,
        "stands_out": True,
        "by_chance": 0.1,
        "mean": -3.0,
        "at_low": -1.0,
        "at_high": -5.0,
        "draws": 100,
    }
    return pd.DataFrame([one | changes, one | changes | {"share": 0.02, "stands_out": False}])


ABOUT = {
    "comparison": "0123456789abcdef",
    "reference": "baseline",
    "scenarios": ["fines"],
    "titles": {"baseline": {"en": "Baseline", "nb": "Grunn"}, "fines": {"en": "Fines", "nb": "Bøter"}},
    "draws": 100,
}


@pytest.mark.parametrize(("lang", "percent"), [("en", "-5.0\N{NO-BREAK SPACE}%"), ("nb", "5,0\N{NO-BREAK SPACE}%")])
def test_the_summary_says_drivers_and_when_the_finding_turns(lang, percent):
    turn = {"scenario": "fines", "outcome": "stock:arbeidende", "parameter": "appeal_months_mean", "grade": "D"}
    turn |= {"low": 5.0, "high": np.inf, "share_turned": 0.2, "coverage": 0.7, "density": 0.8, "is_clear": True}
    evidence = pd.DataFrame(
        [("fines", "stock:arbeidende", "exits", "D", 0.3), ("fines", "stock:arbeidende", "chance", "", 0.7)],
        columns=["scenario", "outcome", "group", "grade", "share"],
    )
    chance = pd.DataFrame(columns=["scenario", "outcome", "quantity", "share"])
    frames = {"sensitivity": rows(), "chance": chance, "turns": pd.DataFrame([turn]), "evidence": evidence}
    text = words.summary(frames, ABOUT, ["stock:arbeidende"], lang)
    for told in ("appeal_months_mean *", "30\N{NO-BREAK SPACE}%", "70\N{NO-BREAK SPACE}%", "--per-draw 2"):
        assert told in text
    assert percent in text.replace("\N{MINUS SIGN}", "-")


@pytest.mark.parametrize("lang", ["en", "nb"])
def test_the_title_of_a_tornado_is_its_message(lang):
    found = draw_tornado(words.drivers(rows(), "fines", "stock:arbeidende"), ABOUT, lang)
    assert found.alt == words.message(rows().to_dict("records"), ABOUT, lang)
    assert len(found.data) == 2


def test_a_run_or_a_foreign_folder_is_refused(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("mine")
    with pytest.raises(work.WrongUse, match=r"--out: .*notes"):
        registry.check_own_place(tmp_path / "notes", work.ACCOUNT)
    with opened_for_writing(tmp_path / "fit"):
        (tmp_path / "fit" / "fit.json").write_text('{"outputs": {}}', encoding="utf-8")
    with pytest.raises(work.WrongUse, match="holds another result"):
        registry.check_own_place(tmp_path / "fit", work.ACCOUNT)
    registry.check_own_place(tmp_path / "new", work.ACCOUNT)
    found = CliRunner().invoke(main, ["sensitivity", str(tmp_path / "nothing")])
    assert found.exit_code == 2 and "Error:" in found.output


@pytest.mark.slow
def test_a_small_comparison_from_end_to_end(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # Scenarios are simulated once, and the folder is analysed again without any simulation.
    asked = ["sensitivity", "baseline", "fines-tripled", "--replicates", "60", "--scale", "0.01", "--end", "2024-12"]
    first = CliRunner().invoke(main, [*asked, "--draws", "prior", "--quiet", "--out", "one"])
    assert first.exit_code == 0, first.output
    about = json.loads((tmp_path / "one" / "sensitivity.json").read_text())
    assert about["distinct_draws"] == 60 and about["draws"] == "prior"
    again = CliRunner().invoke(main, ["sensitivity", about["comparison"], "--out", "two", "--lang", "nb"])
    assert again.exit_code == 0, again.output
    one, two = (pd.read_parquet(tmp_path / name / "sensitivity.parquet") for name in ("one", "two"))
    pd.testing.assert_frame_equal(one, two)
    assert set(one["quantity"]) == {"level", "difference"}
    assert list((tmp_path / "two").glob("tornado-*.png"))
    (tmp_path / "two" / "mine.txt").write_text("mine", encoding="utf-8")
    entry = registry.found_entry("two")
    assert entry.kind == registry.SENSITIVITY and entry.scenarios == ("baseline", "fines-tripled")
    assert registry.removed(entry) == ["mine.txt"]
