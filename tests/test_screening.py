"""Elementary effects of a study's levers and parameters against closed forms, chance beside them, and the command."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy.stats import t as t_distribution

from irregsim.cli import main
from irregsim.commands import explore as work
from irregsim.present import screening as words
from irregsim.present.plots.screening import draw_moves
from irregsim.scenario import ScenarioError
from irregsim.study.exploration.design import BESIDE, SCREENING, Axis, Study
from irregsim.study.exploration.reading import read_study
from irregsim.study.exploration.screening import CHANCE, DRAWS, p_value
from irregsim.study.exploration.tables import Explored, exploration_tables
from irregsim.study.replicates import DrawSet
from study_files import STUDY, small_study, use_engine

pytestmark = pytest.mark.once

HOMELESS = "outcome:homeless_person_months"
A, B, C, CHOICE = (
    "levers.fines.worker_nok@2022-01",
    "levers.assisted_return.support_nok",
    "host_fatigue",
    "levers.work.tax_card",
)
BLOCKS, DRAWN, NOISE = 64, 3.0, 1.0


def study(blocks=BLOCKS, only=()):
    axes = (
        Axis(A, 0.0, 1.0, only=only),
        Axis(B, 0.0, 1.0),
        Axis(CHOICE, 0.0, 1.0, ("true", "false"), ("true", "false")),
        Axis(C, 0.0, 1.0, is_parameter=True),
    )
    return Study(
        "made",
        {"en": "Made", "nb": "Laget"},
        "before",
        ("after",),
        (),
        (150,),
        {name: {"en": name, "nb": name} for name in ("before", "after")},
        axes,
        {HOMELESS: "lower"},
        blocks * (len(axes) + BESIDE),
        1,
        1.0,
        "posterior",
        kind=SCREENING,
    )


def explored(blocks=BLOCKS):
    """The effect is 8 a b + 40 (c - 1/2)^2 + the draw's and the random numbers' part; the choice does nothing."""
    mine = study(blocks)
    random = np.random.default_rng(2)
    drawn, noise = (scale * random.standard_normal(2 * blocks) for scale in (DRAWN, NOISE))
    a, b, _, c = mine.design.T
    points = range(mine.points)
    effect = 8.0 * a * b + 40.0 * (c - 0.5) ** 2
    effect += drawn[[mine.draw_number(point) for point in points]]
    effect += noise[[mine.random_number(point) for point in points]]
    draws = DrawSet("made", tuple({"host_patience_log_sd": float(one)} for one in drawn), source="posterior")
    return Explored.of(mine, draws, np.full((1, 1, mine.points, 1), 100.0), effect[None, None, :, None])


@pytest.fixture(scope="module")
def table():
    return exploration_tables(explored())["screening"].set_index("name")


def test_each_block_moves_one_thing_at_a_time_over_half_of_its_range():
    mine = study()
    design = mine.design.reshape(BLOCKS, mine.block, -1)
    for i, move in enumerate(design[:, 1:5].transpose(1, 0, 2)):
        moved = move != design[:, 0]
        assert moved[:, i].all() and moved.sum() == BLOCKS
    assert np.abs(design[:, 1, 0] - design[:, 0, 0]) == pytest.approx(0.5, abs=1e-5)
    assert (design[:, 5:] == design[:, :1]).all()
    block = range(mine.block, 2 * mine.block)
    assert [mine.draw_number(point) for point in block] == [2, 2, 2, 2, 2, 3, 2]
    assert [mine.random_number(point) for point in block] == [2, 2, 2, 2, 2, 2, 3]
    # The first of more blocks are the same.
    assert np.array_equal(study(9).design, mine.design[: 9 * mine.block])


def test_measures_are_those_of_closed_forms(table):
    # Of 8 a b half of a's range is 4 b: mean 2, standard deviation 4 / sqrt 12. Sides are even: within 1/64.
    row = table.loc[A]
    assert row["mu"] == pytest.approx(2.0, abs=4.0 / BLOCKS) and row["mu_star"] == pytest.approx(row["mu"])
    half = t_distribution.ppf(0.975, BLOCKS - 1) * np.sqrt(16.0 / 12.0 / BLOCKS)
    assert row["mu_hi"] - row["mu"] == pytest.approx(half, rel=0.05) == row["mu"] - row["mu_lo"]
    assert table.loc[B, "mu"] == pytest.approx(2.0, abs=4.0 / BLOCKS)
    # Of 40 (c - 1/2)^2: up by half from u below it is 40 (u - 1/4), on average 0, in size 40 / 8.
    row = table.loc[C]
    assert row["mu"] == pytest.approx(0.0, abs=40.0 / BLOCKS) and row["mu_star"] == pytest.approx(
        5.0, abs=40.0 / BLOCKS
    )
    assert row["mu_lo"] < 0.0 < row["mu_hi"] and row["stands_out"] and row["kind"] == "parameter"
    assert not table.loc[CHOICE, "stands_out"] and table.loc[CHOICE, "mu_star"] == 0.0


def test_other_draws_and_random_numbers_are_moves_of_their_own(table):
    # The size of a difference of two normals is 2 sd / sqrt pi on average.
    for name, spread in ((DRAWS, DRAWN), (CHANCE, NOISE)):
        row = table.loc[name]
        assert row["mu_star_lo"] <= 2.0 * spread / np.sqrt(np.pi) <= row["mu_star_hi"] and np.isnan(row["mu"])
    assert table.loc[DRAWS, "stands_out"] and not table.loc[CHANCE, "stands_out"]


def test_p_values_of_what_is_the_same_in_every_block():
    assert p_value(np.zeros(8)) == 1.0 and p_value(np.ones(8)) == 0.0
    assert p_value(np.ones(8), one_sided=True) == 0.0 and p_value(-np.ones(8), one_sided=True) == 1.0


@pytest.mark.parametrize("lang", ["en", "nb"])
def test_a_screening_is_said_in_words(lang):
    done = explored(9)
    frames = exploration_tables(done)
    about = work.account(done.study, done.draws, "key")
    text = words.summary(frames, about, lang)
    assert {"en": "all other parameters", "nb": "alle andre parametre"}[lang] in text
    assert {"en": "9 blocks", "nb": "9 blokker"}[lang] in text
    picture = draw_moves(frames, about, "after", HOMELESS, lang)
    assert len(picture.data) == 6 and picture.alt == words.picture_title(
        words.shown_moves(frames, "after", HOMELESS), about, lang
    )


FILE = STUDY.replace("points: 32", "points: 50\ndesign: screening")


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("points: 50", "points: 47", "points: 47 are too few: a screening of 3 things has blocks of 6 points"),
        ("points: 50", "points: 50\nrepeats: 2", "repeats: a screening has a move to other random numbers"),
        ("design: screening", "design: morris", "no design 'morris'"),
    ],
)
def test_a_screening_that_cannot_be_is_refused(tmp_path, right, wrong, said):
    with pytest.raises(ScenarioError) as error:
        read_study(small_study(tmp_path, FILE.replace(right, wrong)))
    assert said in str(error.value)


def test_the_command_screens_a_study(tmp_path, monkeypatch):
    use_engine(monkeypatch)
    monkeypatch.setattr("irregsim.study.exploration.reading.FEWEST_BLOCKS", 2)
    monkeypatch.chdir(tmp_path)
    small_study(tmp_path, FILE.replace("points: 50", "points: 13"))
    answer = CliRunner().invoke(main, ["explore", "study.yaml", "--jobs", "1", "--lang", "en", "--out", "found"])
    assert answer.exit_code == 0, answer.output
    assert "13 are no whole blocks of 6; 12 are simulated" in answer.output
    about = json.loads((tmp_path / "found" / "explore.json").read_text(encoding="utf-8"))
    assert about["design"] == "screening" and about["points"] == 12
    assert "screening-short-exit-tvangsretur.png" in about["outputs"]
    found = pd.read_parquet(tmp_path / "found" / "screening.parquet")
    # The engine adds the fine in units of 10 000 a month: half of the range is 95 000, in the months from June 2020 on.
    mine = found[(found["outcome"] == HOMELESS) & (found["quantity"] == "difference")].set_index("name")
    fine, card = mine.loc["levers.fines.employer_base_nok@2020-06"], mine.loc["levers.work.tax_card@2021-01"]
    assert fine["mu"] == pytest.approx(fine["mu_star"]) and fine["mu"] > 0.0
    assert fine["mu_hi"] - fine["mu_lo"] == pytest.approx(0.0, abs=1e-3 * fine["mu"]) and fine["stands_out"]
    # Cards and patience are the same in the reference and the policy.
    assert card["mu_star"] == pytest.approx(0.0, abs=1e-9) and not card["stands_out"]
    answer = CliRunner().invoke(main, ["sensitivity", "found"])
    assert answer.exit_code == 2 and "is a screening" in answer.output
