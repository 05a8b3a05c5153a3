"""Run folders in place of scenarios: their settings, names and replicates; and results that are not replaced."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from irregsim.cli import main
from irregsim.commands import compare as comparing
from irregsim.commands.from_folders import given_runs, run_title
from irregsim.commands.request import WrongUse
from irregsim.present import plots
from irregsim.present.plots import compare as compare_plots
from irregsim.scenario import load_scenario
from irregsim.storage.folder import MANIFEST
from irregsim.study import replicates as experiment

pytestmark = pytest.mark.once

FILE = """\
schema: 1
name: {name}
title: {{nb: Kort, en: Short}}
description: One year, for tests.
extends: baseline
period: {{start: 2012-01, end: 2012-12}}
run: {{replicates: 2, seed: 5}}
"""

STAY = "levers.reception_centres.stay_after_rejection=[{from: 2012-04, value: false}]"


def irregsim_(*arguments: str):
    return CliRunner().invoke(main, [*arguments], prog_name="irregsim")


def run(*more: str):
    answer = irregsim_("run", "short.yaml", "--scale", "0.02", "--draws", "prior", "--jobs", "1", "--quiet", *more)
    assert answer.exit_code == 0, answer.output


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with three runs of the model in outputs/: two of one scenario, one of them with another value."""
    folder = tmp_path_factory.mktemp("compared")
    (folder / "short.yaml").write_text(FILE.format(name="short"), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "PLOTS", {})
        patch.chdir(folder)
        run("--out", "outputs/before")
        run("--out", "outputs/after", "--set", STAY, "--replicates", "3", "--spells")
        run("--out", "outputs/other-seed", "--seed", "6")
    return folder


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    """A copy of it, in which nothing can be simulated."""
    shutil.copytree(made, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    monkeypatch.setattr(plots, "PLOTS", {})
    monkeypatch.setattr(compare_plots, "PICTURES", ())
    simulated = []
    simulate = experiment._simulate
    monkeypatch.setattr(
        experiment, "_simulate", lambda todo, partings, j: simulated.append(j) or simulate(todo, partings, j)
    )
    return simulated


def test_two_runs_are_compared_as_they_are(here):
    answer = irregsim_("compare", "outputs/before", "after", "--jobs", "1")
    assert answer.exit_code == 0, answer.output
    assert here == [], "nothing is simulated"
    assert "Comparison" in answer.stdout and "2 replicates, 2012-01 to 2012-12, compared with before" in answer.stdout
    assert "reusing the finished run of before" in answer.stderr
    with open("outputs/after-vs-before/manifest.json", encoding="utf-8") as file:
        manifest = json.load(file)
    with open("outputs/before/manifest.json", encoding="utf-8") as file:
        before = json.load(file)
    assert (manifest["seed"], manifest["scale"], manifest["draws"]) == (5, 0.02, "prior")
    assert manifest["runs"]["before"] == before["run_id"], "the run is called as it was, whatever its name here"
    # Only one of the two kept the lives of persons.
    assert manifest["spells"] is False and "twins.parquet" not in manifest["outputs"]


def test_a_run_of_the_baseline_with_other_values_is_not_called_the_baseline():
    more = "levers.assisted_return.support_nok=[{from: 2027-01, value: 60000}]"
    other = "levers.detention.capacity=[{from: 2027-01, value: 300}]"
    title = run_title(load_scenario("baseline", overrides=more), "support")
    assert title == {
        "nb": "Støtte ved assistert retur (kroner per person): 60\N{NO-BREAK SPACE}000 (support)",
        "en": "Support on assisted return (NOK per person): 60,000 (support)",
    }
    assert run_title(load_scenario("baseline", overrides=(more, other)), "two")["en"].endswith(", and 1 more (two)")
    assert run_title(load_scenario("baseline"), "again")["nb"] == "Referanse (again)"


def test_the_differences_are_those_of_the_scenarios(here, tmp_path):
    assert irregsim_("compare", "before", "after", "--jobs", "1", "--quiet").exit_code == 0
    for name in ("before", "after"):
        with open(f"{name}.yaml", "w", encoding="utf-8") as file:
            file.write(FILE.format(name=name) + ("" if name == "before" else _levers()))
    request = comparing.CompareRequest(
        ("before.yaml", "after.yaml"), jobs=1, scale=0.02, draws="prior", spells=False, out=str(tmp_path / "files")
    )
    files = comparing.compare_scenarios(request, warn=lambda text: None)
    assert here, "other names are other runs"
    pd.testing.assert_frame_equal(pd.read_parquet("outputs/after-vs-before/differences.parquet"), files.differences)


def _levers() -> str:
    return "levers:\n  reception_centres:\n    stay_after_rejection: [{from: 2012-04, value: false}]\n"


def test_more_replicates_than_a_run_has_are_simulated(here):
    answer = irregsim_("compare", "before", "after", "--replicates", "3", "--jobs", "1", "--quiet")
    assert answer.exit_code == 0, answer.output
    assert here == [0, 1, 2], "of before, which has two"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["before", "other-seed"], "--seed: the runs cannot be paired, since it is 5 in before, 6 in other-seed"),
        (["before", "after", "--seed", "7"], "--seed 7: it is 5 in before"),
        (["before", "after", "--scale", "0.5"], "--scale 0.5: it is 0.02 in before"),
        (["before", "after", "--set", STAY], "--set and --end change scenario files"),
        (["before", "after", "--draws", "point"], "was run with the draws prior, not point"),
        (["before", "aftr"], "aftr"),
        (["before"], "at least two scenarios"),
    ],
)
def test_what_does_not_go_together_is_said_before_any_work(here, arguments, words):
    answer = irregsim_("compare", *arguments)
    assert answer.exit_code == 2 and words in answer.stderr, answer.output
    assert here == []


def test_a_comparison_is_no_run(here):
    assert irregsim_("compare", "before", "after", "--jobs", "1", "--quiet").exit_code == 0
    with pytest.raises(WrongUse, match="is no finished run but comparison"):
        given_runs(["after-vs-before"])


@pytest.mark.slow
def test_another_comparison_is_not_replaced_unless_asked(here):
    assert irregsim_("compare", "before", "after", "--jobs", "1", "--quiet", "--out", "c").exit_code == 0
    first = json.loads(Path("c", MANIFEST).read_text(encoding="utf-8"))["run_id"]
    again = irregsim_("compare", "before", "after", "--jobs", "1", "--quiet", "--out", "c", "--lang", "nb")
    assert again.exit_code == 0 and again.output == "", "the same result in another language"
    other = ["compare", "short.yaml", "after", "--jobs", "1", "--quiet", "--out", "c"]
    refused = irregsim_(*other)
    assert refused.exit_code == 2 and f"c: holds another result (comparison {first} of before, after" in refused.stderr
    replaced = irregsim_(*other, "--replace")
    assert replaced.exit_code == 0 and f"replaced the earlier result {first} in c" in replaced.stderr
    assert here == [0, 1, 2], "the run called before has two replicates, and after has three"
    run_over = ["run", "short.yaml", "--scale", "0.02", "--draws", "prior", "--jobs", "1", "--out", "c"]
    assert "another result (comparison" in irregsim_(*run_over).stderr
