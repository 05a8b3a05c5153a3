"""--plan and --precision: what would be done, how long it takes, and replicates until the outcomes are precise."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from click.testing import CliRunner

from irregsim.cli import main
from irregsim.commands.estimate import seconds_each
from irregsim.present.plots import compare as compare_plots
from irregsim.storage.folder import MANIFEST
from irregsim.study import replicates as experiment
from irregsim.study.precision import MAIN, Precision, next_batch, precision
from run_tools import leave_pictures_out, short_scenario, tables_of, use_fake

pytestmark = pytest.mark.once


def irregsim_(*arguments: str):
    return CliRunner().invoke(main, [*arguments], prog_name="irregsim")


def run(*arguments: str):
    answer = irregsim_("run", "short.yaml", "--jobs", "1", "--scale", "0.2", "--draws", "prior", *arguments)
    assert answer.exit_code == 0, answer.output
    return answer


@pytest.fixture
def here(tmp_path, monkeypatch):
    use_fake(monkeypatch)
    leave_pictures_out(monkeypatch)
    monkeypatch.setattr(compare_plots, "PICTURES", ())
    short_scenario(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


# ---------------------------------------------------------------------------------------------------------
# How precise


def test_the_precision_is_half_the_interval_of_the_mean():
    from scipy.stats import t

    values = np.random.default_rng(1).normal(100.0, 20.0, size=(40, len(MAIN)))
    found = precision(values, list(range(40)))
    half = t.ppf(0.975, 39) * values.std(axis=0, ddof=1) / np.sqrt(40) / values.mean(axis=0)
    assert found.share == pytest.approx(half.max()) and found.worst == MAIN[int(half.argmax())]
    assert found.needed(found.share / 2) == 160
    assert found.needed(2 * found.share) == 40, "never fewer than there are"


def test_a_comparison_is_judged_by_its_paired_differences():
    common = np.random.default_rng(1).normal(100.0, 20.0, size=(30, len(MAIN)))
    shifted = precision(common, list(range(30)), [common + 5.0])
    assert shifted.share == pytest.approx(0.0, abs=1e-12), "pairing takes all of the spread away"
    noisy = common + np.random.default_rng(2).normal(0.0, 3.0, size=common.shape)
    assert 0.0 < precision(common, list(range(30)), [common, noisy]).share < precision(common, list(range(30))).share


def test_replicates_of_one_draw_are_not_independent():
    by_draw = np.repeat(np.random.default_rng(3).normal(100.0, 20.0, size=(10, len(MAIN))), 4, axis=0)
    together = precision(by_draw, list(np.repeat(np.arange(10), 4)))
    assert together.share == pytest.approx(precision(by_draw[::4], list(range(10))).share)


def test_what_never_happens_does_not_count():
    values = np.zeros((5, len(MAIN)))
    assert precision(values, list(range(5))) == Precision(5, MAIN[0], 0.0)


def test_batches_grow_at_most_twofold_and_stop_at_the_most():
    found = Precision(10, MAIN[0], 0.8)
    assert found.needed(0.1) == 640
    assert next_batch(found, 0.1, 1000, 10) == 20
    assert next_batch(Precision(20, MAIN[0], 0.11), 0.1, 1000, 10) == 30
    assert next_batch(Precision(20, MAIN[0], 0.5), 0.1, 25, 10) == 20, "no whole batch is allowed"


# ---------------------------------------------------------------------------------------------------------
# --precision


@pytest.mark.slow
def test_a_run_of_a_precision_is_the_run_of_the_number_it_ended_at(here, monkeypatch):
    monkeypatch.setattr("irregsim.commands.request.FIRST", 4)
    answer = run("--precision", "30%", "--replicates", "40", "--out", "precise")
    n = json.loads((here / "precise" / MANIFEST).read_text(encoding="utf-8"))["replicates"]
    assert 4 <= n <= 40 and n % 4 == 0
    assert f"{n} replicates: every main outcome to" in answer.stderr
    run("--replicates", str(n), "--out", "number")
    assert tables_of(here / "precise") == tables_of(here / "number")
    # Again: all is there, and the same number is found; what has more is not cut.
    simulated = []
    monkeypatch.setattr(experiment, "_simulate", lambda todo, partings, j: simulated.append(j))
    run("--precision", "30%", "--replicates", "40", "--out", "precise")
    assert simulated == []
    run("--precision", "90%", "--out", "precise", "--quiet")
    assert json.loads((here / "precise" / MANIFEST).read_text(encoding="utf-8"))["replicates"] == n


def test_a_precision_that_is_not_reached_says_how_many_are_needed(here, monkeypatch):
    monkeypatch.setattr("irregsim.commands.request.FIRST", 2)
    answer = run("--precision", "0.01", "--replicates", "4", "--out", "out")
    assert "--precision 0.01% needs about" in answer.stderr
    assert "about 4 replicates for ±0.01 %, next 4" in answer.stderr
    assert json.loads((here / "out" / MANIFEST).read_text(encoding="utf-8"))["replicates"] == 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--precision", "0"], "--precision 0: must be above 0"),
        (["--precision", "much"], "is not a percentage"),
        (["--precision", "10%", "--replicates", "3"], "the first batch has 10 replicates, more than --replicates 3"),
    ],
)
def test_a_precision_that_cannot_be_is_refused(here, arguments, words):
    answer = irregsim_("run", "short.yaml", *arguments)
    assert answer.exit_code == 2 and words in answer.stderr
    assert not (here / "outputs").exists()


# ---------------------------------------------------------------------------------------------------------
# --plan


def test_a_plan_tells_what_is_reused_and_writes_nothing(here, monkeypatch):
    trial = run("--plan")
    assert "measured on one trial replicate" in trial.stdout and "Simulating: about" in trial.stdout
    assert not (here / "outputs").exists()
    run("--quiet")
    each = json.loads((here / "outputs/short" / MANIFEST).read_text(encoding="utf-8"))["seconds_per_replicate"]
    assert each > 0
    before = tables_of(here / "outputs")
    monkeypatch.setattr(experiment, "_simulate", lambda *_: pytest.fail("simulated"))
    assert "Everything is simulated already." in run("--plan").stdout
    longer = run("--plan", "--replicates", "5").stdout
    assert longer.splitlines()[1].split() == ["short", "5", "3", os.path.join("outputs", "short"), "2"]
    assert "measured in short" in longer and "Tables, pictures and page: about" in longer
    assert "Would be refused: " in run("--plan", "--seed", "8").stdout
    assert "Blir erstattet" in run("--plan", "--seed", "8", "--replace", "--lang", "nb").stdout
    assert tables_of(here / "outputs") == before


def test_a_plan_of_a_comparison_counts_common_months_once(here, monkeypatch):
    run("--quiet", "--spells")
    (here / "other.yaml").write_text(
        (here / "short.yaml")
        .read_text(encoding="utf-8")
        .replace("name: short", "name: other")
        .replace("90000", "80000"),
        encoding="utf-8",
    )
    monkeypatch.setattr(experiment, "_simulate", lambda *_: pytest.fail("simulated"))
    arguments = ["compare", "short.yaml", "other.yaml", "--scale", "0.2", "--draws", "prior", "--plan", "--jobs", "1"]
    answer = irregsim_(*arguments)
    assert answer.exit_code == 0, answer.output
    rows = [line.split() for line in answer.stdout.splitlines()[:3]]
    assert rows[1][:3] == ["short", "3", "3"] and rows[2] == ["other", "3", "0", "-", "3"]
    assert f"Folder: {os.path.join('outputs', 'other-vs-short')}. Nothing has been written yet." in answer.stdout


def test_seconds_of_a_replicate_are_those_of_one_process():
    assert seconds_each(10.0, 20.0, 2) == 1.0
    assert seconds_each(3.0, 1.0, 4) == 3.0, "one replicate cannot be divided"
    assert seconds_each(3.0, 0.0, 2) is None
