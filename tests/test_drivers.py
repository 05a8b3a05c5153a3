"""What the effects of a study depend on: shares of known effects, chance apart, and the command on a study's folder."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy.stats import binom

from irregsim.cli import main
from irregsim.commands import explore as work
from irregsim.commands import registry
from irregsim.inference import posterior
from irregsim.model.parameters import parameters
from irregsim.present import sensitivity as words
from irregsim.present.plots.sensitivity import draw_tornado
from irregsim.study.exploration.design import Axis, Study
from irregsim.study.exploration.drivers import driver_tables
from irregsim.study.exploration.tables import Explored
from irregsim.study.replicates import DrawSet
from irregsim.study.sensitivity.shares import first_order
from study_files import STUDY, small_study, use_engine

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[1]
HOMELESS = "outcome:homeless_person_months"
RANGE, CHOICE = "levers.fines.worker_nok@2022-01", "levers.work.tax_card"


def explored(points=256, repeats=2):
    """The effect is 3 a (a range) + 2 c (a choice of two) + d (a parameter of the draws) + chance, of variance 1."""
    study = Study(
        "made",
        {"en": "Made", "nb": "Laget"},
        "before",
        ("after",),
        (),
        (150,),
        {name: {"en": name, "nb": name} for name in ("before", "after")},
        (
            Axis(RANGE, 0.0, 1000.0),
            Axis(CHOICE, 0.0, 1.0, ("true", "false"), ("true", "false")),
            Axis("host_fatigue", -0.2, 0.6, is_parameter=True),
        ),
        {HOMELESS: "lower"},
        points,
        1,
        1.0,
        "posterior",
        repeats=repeats,
    )
    random = np.random.default_rng(7)
    spread = np.sqrt(12.0)
    a, c = study.design[:, 0] / 1000.0, study.design[:, 1]
    d = random.random(points)
    known = 3.0 * spread * (a - 0.5) + 4.0 * (c - 0.5) + spread * (d - 0.5)
    difference = known[:, None] + random.standard_normal((points, repeats))
    draws = tuple({"host_patience_log_sd": float(one)} for one in d)
    each = (np.full((1, 1, points, repeats), 200.0), 2.0 * difference[None, None])
    return Explored.of(study, DrawSet("made", draws, source="posterior"), *each)


@pytest.fixture(scope="module")
def frames():
    return driver_tables(explored())


def test_shares_are_those_of_what_an_effect_is_made_of(frames):
    found = frames["drivers"].set_index("parameter")
    # Variances 9, 4, 0, 1; of chance, with variance 1, the mean of two repeats has a half.
    for name, variance in ((RANGE, 9.0), (CHOICE, 4.0), ("host_fatigue", 0.0), ("host_patience_log_sd", 1.0)):
        row = found.loc[name]
        # A straight line over the sides of a cube: of it two cosines of ranks hold all but a thousandth and a half.
        assert row["share_lo"] <= variance / 14.5 <= row["share_hi"], name
        assert row["stands_out"] == (variance > 0.0)
    assert found.index.tolist()[:2] == [RANGE, CHOICE]
    assert found.loc["host_fatigue", "grade"] in "ABCD" and found.loc[RANGE, "grade"] == ""
    # A choice of two: the ends are the means of each, 4 apart, but for what else differs between them.
    assert found.loc[CHOICE, "at_high"] - found.loc[CHOICE, "at_low"] == pytest.approx(4.0, abs=1.0)
    assert found.loc[CHOICE, "mean"] == pytest.approx(0.0, abs=0.3)


def test_chance_is_told_apart_by_repeats_and_not_without(frames):
    (row,) = frames["chance"].to_dict("records")
    assert row["share_lo"] <= 1.0 / 15.0 <= row["share_hi"] and row["per_draw"] == 2.0 and row["draws"] == 256
    assert driver_tables(explored(64, 1))["chance"].empty


def test_few_points_say_nothing_of_the_other_parameters():
    found = driver_tables(explored(32))["drivers"]
    assert set(found["parameter"]) == {RANGE, CHOICE, "host_fatigue"}


@pytest.mark.parametrize("lang", ["en", "nb"])
def test_levers_and_choices_are_said_in_words(frames, lang):
    study = explored().study
    about = {
        "comparison": "0123456789abcdef",
        "reference": "before",
        "scenarios": ["after"],
        "titles": study.titles,
        "axes": [axis.to_mapping() for axis in study.axes],
        "draws": 256,
    }
    shown = {
        "sensitivity": frames["drivers"],
        "chance": frames["chance"],
        "turns": pd.DataFrame(columns=["scenario", "outcome"]),
        "evidence": pd.DataFrame(columns=["scenario", "outcome", "group", "grade", "share"]),
    }
    text = words.summary(shown, about, [HOMELESS], lang)
    yes, no = words.choices_of(CHOICE, about, lang)
    assert words.choices_of(RANGE, about, lang) is None
    for said in (words.axis_name(RANGE, lang), f"({yes})", f"({no})", "256", "host_patience_log_sd"):
        assert said in text
    rows = words.drivers(frames["drivers"], "after", HOMELESS, about)
    picture = draw_tornado(rows, about, lang)
    assert words.axis_name(RANGE, lang) in picture.alt and len(picture.data) == 4
    choice = [row for row in rows if row["parameter"] == CHOICE]
    assert yes in words.message(choice, about, lang) and no in words.message(choice, about, lang)


def test_the_folder_of_a_study_is_analysed_without_simulating(tmp_path, monkeypatch):
    use_engine(monkeypatch)
    monkeypatch.chdir(tmp_path)
    study = str(small_study(tmp_path, STUDY.replace("points: 32", "points: 6\nrepeats: 2")))
    done = work.explore_study(study, jobs=1, out="found", warn=lambda _: None)
    # Repeats of a point have random numbers of their own, and nothing else varies within it.
    assert done.account["repeats"] == 2 and (done.frames["chance"]["share"] > 0.0).all()
    monkeypatch.setattr("irregsim.study.replicates.ENGINE", "no_such_module:engine")
    answer = CliRunner().invoke(main, ["sensitivity", "found", "--out", "drivers", "--lang", "en"])
    assert answer.exit_code == 0, answer.output
    assert "What drives the effect of “Short”" in answer.output or 'What drives the effect of "Short"' in answer.output
    about = json.loads((tmp_path / "drivers" / "sensitivity.json").read_text(encoding="utf-8"))
    assert about["comparison"] == done.account["run_id"] and about["distinct_draws"] == 6
    assert f"tornado-short-{HOMELESS.replace(':', '-')}.png" in about["outputs"]
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / "drivers" / "sensitivity.parquet"), done.frames["drivers"], check_dtype=False
    )
    entry = registry.found_entry("drivers")
    assert entry.kind == registry.SENSITIVITY and entry.scenarios == ("first", "short")
    # What is not what was written is not analysed.
    done.frames["drivers"].head(1).to_parquet(tmp_path / "found" / "drivers.parquet")
    answer = CliRunner().invoke(main, ["sensitivity", "found", "--out", "again"])
    assert answer.exit_code == 2 and "run irregsim explore again" in answer.output


@pytest.mark.slow
def test_how_often_a_parameter_of_the_posterior_that_ships_stands_out_is_what_the_page_says():
    """Effects made of one parameter; docs/sensitivity.md has the table."""
    page = (ROOT / "docs" / "sensitivity.md").read_text(encoding="utf-8")
    draws = pd.read_parquet(posterior.shipped() / "draws.parquet")
    columns = np.stack([draws[name] for name in parameters() if name in draws and np.ptp(draws[name]) > 0.0], axis=1)
    assert f"{columns.shape[1]} parameters of the posterior" in page
    trials = 60
    for n, share, told in ((100, 0.25, 0.92), (200, 0.1, 0.73), (300, 0.1, 0.93)):
        random, seen = np.random.default_rng(n), 0
        for _ in range(trials):
            mine = columns[random.permutation(len(columns))[:n]]
            one = int(random.integers(columns.shape[1]))
            rank = np.argsort(np.argsort(mine[:, one]))
            part = (rank - rank.mean()) / rank.std()
            effect = math.sqrt(share) * part + math.sqrt(1.0 - share) * random.standard_normal(n)
            seen += first_order(mine, effect).stands_out[one]
        # The page's hundred have a chance of their own: of 60 with the lower end of their interval, one in a thousand.
        assert seen >= binom.ppf(0.001, trials, told - 2.0 * math.sqrt(told * (1.0 - told) / 100.0))
        assert f"{100 * told:.0f} %" in page
