"""The commands as a user meets them: words, exit codes, and that nothing is begun that cannot be done."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import irregsim
from helpers.draw_sets import RED, small_posterior
from irregsim.cli import main
from irregsim.commands import manifest
from irregsim.commands import run as workflow
from irregsim.inference import posterior
from irregsim.model.parameters import point_draw
from irregsim.present import export, formats
from irregsim.storage.folder import MANIFEST
from irregsim.study import replicates as experiment
from irregsim.study.tables import TABLES
from irregsim.vocabulary.codes import HIDDEN
from irregsim.vocabulary.labels import label
from run_tools import SHORT, leave_pictures_out, short_scenario, tables_of, use_fake


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of the user's own with a short scenario, as the current folder; the stand-in engine; no pictures."""
    use_fake(monkeypatch)
    leave_pictures_out(monkeypatch)
    short_scenario(tmp_path)
    monkeypatch.chdir(tmp_path)
    # Whatever ships: a test that wants a posterior brings its own.
    monkeypatch.setattr(posterior, "SHIPPED", tmp_path / "none-ships")
    return tmp_path


def irregsim_(*arguments: str):
    return CliRunner().invoke(main, [*arguments], prog_name="irregsim")


def run(*arguments: str, scenario="short.yaml"):
    return irregsim_("run", scenario, "--jobs", "1", "--scale", "0.2", *arguments)


SOURCE = {"PYTHONPATH": str(Path(irregsim.__file__).resolve().parents[1])}


def test_help_is_quick_and_loads_nothing_heavy():
    code = (
        "import sys\nfrom irregsim.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print(*sorted({'numpy', 'pandas', 'mesa', 'matplotlib', 'pyarrow', 'yaml', 'rich'} & set(sys.modules)))"
    )
    best = 9.0
    for _ in range(3):
        begun = os.times()
        answer = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, **SOURCE}, capture_output=True, text=True, check=True
        )
        ended = os.times()
        # Time of the processor, because the machine may have other work.
        best = min(best, ended.children_user + ended.children_system - begun.children_user - begun.children_system)
    assert answer.stdout.splitlines()[-1] == ""
    assert best < 0.3


def test_the_module_runs_like_the_command():
    answer = subprocess.run(
        [sys.executable, "-m", "irregsim", "--version"],
        env={**os.environ, **SOURCE},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout == f"irregsim, version {irregsim.__version__}\n"


def test_the_version_is_said_in_one_place():
    import tomllib

    root = Path(__file__).resolve().parents[1]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" not in project["project"] and project["project"]["dynamic"] == ["version"]
    home = (root / project["tool"]["hatch"]["version"]["path"]).read_text(encoding="utf-8")
    assert re.findall(r'^__version__ = "(.+)"$', home, re.MULTILINE) == [irregsim.__version__]


# ---------------------------------------------------------------------------------------------------------
# run


def test_run_writes_a_folder_and_prints_a_summary_without_hidden_levels(here):
    answer = run("--out", "out", "--scale", "5")  # so that no level can be mistaken for a share
    assert answer.exit_code == 0, answer.output
    assert "short: 3 replicates, seed 7, 2019-01 to 2021-12" in answer.stdout
    assert label("sentence.synthetic_persons", "en") in answer.stdout
    assert label("sentence.uncalibrated", "en") in answer.stdout
    assert "* 2021 is based on stated assumptions" in answer.stdout
    # Counts of the whole country stand beside no run of a part of it, or of five times it.
    assert label("screen.registers_trial", "en") in answer.stdout and "(1656)" not in answer.stdout
    assert answer.stdout.rstrip().endswith("Written to out")
    assert "3 replicates" in answer.stderr
    # Hidden strategies stand in one block, and no number in it but the years is as large as a level.
    summary = pd.read_csv(here / "out" / "summary.csv")
    hidden = summary[summary["outcome"].isin([f"stock:{code}" for code in HIDDEN])]
    assert len(hidden) == 12 and hidden["q50"].min() > 1000
    before, block = answer.stdout.split("Outside reception centres")
    block, after = block.split("\n\n", 1)
    numbers = [int(word) for word in block.split() if word.isdigit()]
    assert len(numbers) >= 3 * 5 and all(n < 1000 or n in (2019, 2020) for n in numbers)
    for code in HIDDEN:
        assert label(f"strategy.{code}", "en") in block
        assert label(f"strategy.{code}", "en") not in before + after
    assert label("sentence.hidden_levels", "en") not in answer.stdout


def test_published_counts_stand_beside_a_run_of_the_whole_country(here):
    answer = run("--out", "out", "--scale", "1", "--replicates", "1")
    assert label("screen.registers", "en") in answer.stdout and "(1656)" in answer.stdout


def test_levels_are_shown_on_request_as_an_interval_with_the_sentence(here):
    answer = run("--show-levels")
    assert answer.exit_code == 0, answer.output
    assert label("sentence.hidden_levels", "en") in answer.stdout
    block = answer.stdout.partition("Outside reception centres, persons")[2].partition("\n\n")[0]
    assert block.count("-") >= 15  # an interval in every cell: five rows of three years
    assert (here / "outputs" / "short" / MANIFEST).is_file()  # the default folder


def test_quiet_says_nothing(here):
    answer = run("--quiet", "--draws", "point")
    assert (answer.exit_code, answer.output) == (0, "")


def test_the_manifest_tells_nothing_of_the_user_or_the_machine(here, tmp_path):
    deep = tmp_path / "anna" / "secret-project"
    deep.mkdir(parents=True)
    (deep / "mine.yaml").write_text(SHORT.replace("name: short", "name: mine"), encoding="utf-8")
    answer = irregsim_(
        "run", str(deep / "mine.yaml"), "--scale", "0.1", "--replicates", "1", "--out", str(deep / "run-1"),
        "--set", "levers.fines.worker_nok=5000", "--quiet", "--lang", "nb",
    )  # fmt: skip
    assert answer.exit_code == 0, answer.output
    text = (deep / "run-1" / MANIFEST).read_text(encoding="utf-8")
    manifest = json.loads(text)
    assert manifest["command"] == (
        "irregsim run mine.yaml --replicates 1 --scale 0.1 --set levers.fines.worker_nok=5000 --out run-1 --lang nb "
        "--quiet"
    )
    for private in ("anna", "secret-project", str(tmp_path), os.sep + "home", os.uname().nodename):
        assert private not in text.replace("github.com", "")
    assert manifest["scenario"]["name"] == "mine"
    assert manifest["posterior_id"] == "point"


@pytest.mark.slow
def test_the_run_id_does_not_depend_on_time_place_or_jobs(here):
    ids = []
    for out, jobs in (("a", "1"), ("b", "2")):
        irregsim_("run", "short.yaml", "--scale", "0.1", "--out", out, "--jobs", jobs, "--quiet")
        ids.append(json.loads((here / out / MANIFEST).read_text(encoding="utf-8"))["run_id"])
    assert ids[0] == ids[1] and len(ids[0]) == 16


@pytest.mark.slow
def test_another_run_in_the_same_folder_replaces_the_first_and_says_so(here):
    run("--out", "out")
    first = json.loads((here / "out" / MANIFEST).read_text(encoding="utf-8"))["run_id"]
    (here / "out" / "my-notes.txt").write_text("keep", encoding="utf-8")
    answer = run("--out", "out", "--seed", "8", "--format", "csv")
    assert answer.exit_code == 2 and f"another result (run {first} of short, 3 replicates)" in answer.stderr
    assert "--out out-2" in answer.stderr
    assert json.loads((here / "out" / MANIFEST).read_text(encoding="utf-8"))["run_id"] == first
    answer = run("--out", "out", "--seed", "8", "--format", "csv", "--replace", "--quiet")
    assert answer.exit_code == 0
    assert f"replaced the earlier run {first} in out" in answer.stderr
    assert (here / "out" / "my-notes.txt").read_text(encoding="utf-8") == "keep"
    assert (here / "out" / "stocks.csv").is_file()
    run("--out", "out", "--seed", "8")
    assert not (here / "out" / "stocks.csv").exists()  # of the same run, but no longer asked for


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--draws", "posterior"], "no posterior ships yet"),
        (["--draws", "nowhere"], "or the folder of a posterior, and there is no such folder"),
        (["--draws", "mine"], "and has no posterior.json"),
        (
            ["--per-draw", "2"],
            "needs --draws posterior, prior or a folder; no posterior ships yet, and point is one draw",
        ),
        (["--per-draw", "2", "--draws", "point"], "needs --draws posterior, prior or a folder; point is one draw"),
        (["--per-draw", "2", "--draws", "prior"], "3 is not a multiple of 2; give --replicates 2 or 4"),
        (["--per-draw", "1", "--draws", "prior", "--replicates", "501"], "there are 500 draws, so at most 500"),
        (["--scale", "0"], "--scale 0: must be above 0"),
        (["--scale", "nan"], "--scale nan"),
        (["--replicates", "0"], "0 is not in the range"),
        (["--jobs", "0"], "0 is not in the range"),
        (["--seed", "-1"], "-1 is not in the range"),
        (["--format", "ods"], "'ods' is not one of"),
        (["--lang", "sv"], "'sv' is not one of"),
        (["--replicate", "2"], "'--replicates'?"),
        (["--end", "2010-01"], "--end:1:1:"),
        (["--set", "levers.fines.employer_base_nok=-1"], "--set:1:1:"),
        (["--set", "levers.fines.employer_base=1"], "employer_base_nok"),
        (["--out", "mine"], "choose a new or empty folder"),
        (["--out", "short.yaml"], "is a file"),
    ],
)
def test_wrong_use_is_told_before_any_work(here, monkeypatch, arguments, words):
    (here / "mine").mkdir()
    (here / "mine" / "thesis.docx").write_text("mine", encoding="utf-8")
    monkeypatch.setattr(experiment, "ENGINE", "no_such_module:run")
    before = tables_of(here)
    answer = run(*arguments)
    assert answer.exit_code == 2, answer.output
    assert words in answer.stderr
    assert answer.stdout == ""
    assert tables_of(here) == before
    assert not (here / "outputs").exists()


def test_a_scenario_with_faults_shows_them_all(here):
    (here / "bad.yaml").write_text(SHORT + "leverz: {}\nrun: {replicates: 1}\n", encoding="utf-8")
    answer = run(scenario="bad.yaml")
    assert answer.exit_code == 2
    assert "bad.yaml:" in answer.stderr and len(answer.stderr.splitlines()) >= 1
    answer = run(scenario="basline")
    assert answer.exit_code == 2
    assert "did you mean baseline?" in answer.stderr


def test_a_missing_library_for_excel_is_told_before_any_work(here, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "xlsxwriter" else find(name, *a))
    answer = run("--format", "xlsx")
    assert answer.exit_code == 2
    assert '-m pip install "xlsxwriter>=3.2"' in answer.stderr
    assert not (here / "outputs").exists()


def test_a_scenario_that_changes_nothing_is_run_with_a_warning(here):
    (here / "same.yaml").write_text(SHORT.partition("levers:")[0], encoding="utf-8")
    answer = run("--replicates", "1", "--quiet", scenario="same.yaml")
    assert answer.exit_code == 0
    assert "warning: same.yaml: changes nothing" in answer.stderr


def test_a_failing_engine_is_exit_code_1_in_words(here, monkeypatch):
    monkeypatch.setattr(experiment, "ENGINE", "json:loads")
    answer = run("--out", "out")
    assert answer.exit_code == 1
    assert "Error: replicate 0 failed: TypeError" in answer.stderr


# ---------------------------------------------------------------------------------------------------------
# Parameter draws


def manifest_of(folder: Path) -> dict:
    return json.loads((folder / MANIFEST).read_text(encoding="utf-8"))


def values_of(folder: Path) -> list[dict]:
    """Parameter values of every replicate, as the folder has them."""
    return pd.read_parquet(folder / "draws.parquet").drop(columns=["replicate", "draw"]).to_dict("records")


APART, TOGETHER = "Parameter uncertainty: its share of the variance", "One replicate per draw cannot separate them"


@pytest.mark.once
def test_without_a_posterior_the_medians_are_used_and_one_line_says_so(here):
    answer = run("--out", "out", "--quiet")
    assert answer.exit_code == 0 and answer.stdout == ""
    (line,) = answer.stderr.splitlines()
    assert line.startswith("warning: no posterior ships yet: parameters are the medians of their priors")
    manifest = manifest_of(here / "out")
    assert (manifest["posterior_id"], manifest["draws"], manifest["per_draw"], manifest["gate"]) == (
        *("point", "point"),
        *(None, None),
    )
    assert values_of(here / "out") == [point_draw()] * 3
    answer = run("--out", "out", "--draws", "point")
    assert "no posterior" not in answer.stderr
    assert "The spread over replicates is random variation only" in answer.stdout


@pytest.mark.slow
def test_a_posterior_that_ships_is_the_default(here, monkeypatch):
    monkeypatch.setattr(posterior, "SHIPPED", here / "ships")
    made = small_posterior(here / "ships")
    answer = run("--out", "out")
    assert answer.exit_code == 0 and "warning" not in answer.stderr
    assert values_of(here / "out") == list(made.draws[:3])
    manifest = manifest_of(here / "out")
    assert (manifest["posterior_id"], manifest["draws"]) == (made.id, "posterior")
    assert manifest["gate"] == {"passed": True, "red": []}
    assert f"Parameters: 3 draws of posterior {made.id}." in answer.stdout
    assert "calibrated" not in answer.stdout
    assert TOGETHER in answer.stdout and APART not in answer.stdout
    # Where it lies is no part of the run.
    assert run("--out", "named", "--draws", "posterior").exit_code == 0
    assert run("--out", "folder", "--draws", "ships").exit_code == 0
    assert manifest_of(here / "folder")["command"].endswith("--draws ships --scale 0.2 --out folder")
    assert {manifest_of(here / out)["run_id"] for out in ("out", "named", "folder")} == {manifest["run_id"]}
    assert tables_of(here / "named") == tables_of(here / "folder") == tables_of(here / "out")


@pytest.mark.slow
def test_draws_of_a_folder_are_used_and_the_run_can_be_reproduced_without_it(here):
    made = small_posterior(here / "anna" / "fit", about=RED)
    options = ["--draws", str(here / "anna" / "fit"), "--per-draw", "2", "--replicates", "4", "--without", "M047"]
    answer = run("--out", "out", "--quiet", *options)
    assert answer.exit_code == 0, answer.output
    assert answer.stderr == (
        f"warning: posterior {made.id}: a calibration check failed; results are not calibrated: "
        "pu_orders total 2019 is out of reach\n"
    )
    manifest = manifest_of(here / "out")
    assert "anna" not in (here / "out" / MANIFEST).read_text(encoding="utf-8")
    assert "--draws fit --per-draw 2" in manifest["command"]
    assert (manifest["posterior_id"], manifest["per_draw"]) == (made.id, 2)
    assert manifest["gate"] == {"passed": False, "red": ["pu_orders total 2019 is out of reach"]}
    for file in (here / "anna" / "fit").iterdir():
        file.unlink()
    answer = reproduce()
    assert answer.exit_code == 0, answer.output
    again = run("--out", "out", *options)
    assert again.exit_code == 2 and "has no posterior.json" in again.stderr


@pytest.mark.slow
def test_a_red_gate_stands_in_the_summary_too(here):
    small_posterior(here / "fit", about=RED)
    answer = run("--draws", "fit")
    assert label("sentence.gate_red", "en") in answer.stdout
    assert "  failed: pu_orders total 2019 is out of reach" in answer.stdout
    assert label("sentence.uncalibrated", "en") not in answer.stdout
    assert label("sentence.prior_draws", "en") in run("--draws", "prior").stdout


def test_a_claim_goes_out_of_every_draw(here):
    from irregsim.model.claims import neutral, without

    made = small_posterior(here / "fit")
    assert run("--draws", "fit", "--without", "M047", "--out", "out", "--quiet").exit_code == 0
    assert values_of(here / "out") == [without(draw, ["M047"]) for draw in made.draws[:3]] != list(made.draws[:3])
    (name, *_) = (setting.name for setting in neutral()["M047"].settings)
    frame = pd.read_parquet(here / "out" / "draws.parquet")
    assert frame[name].nunique() == 1 and frame["dublin_transfer_hazard"].nunique() == 3


def test_a_posterior_with_faults_is_refused_with_all_of_them(here):
    small_posterior(here / "fit")
    path = here / "fit" / "draws.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["dublin_transfer_hazard"]).slice(0, 0), path)
    answer = run("--draws", "fit", "--out", "out")
    assert answer.exit_code == 2 and answer.stdout == ""
    assert "there are no draws" in answer.stderr and "but posterior.json" in answer.stderr
    assert not (here / "out").exists()


def engine_with_effect(monkeypatch, of_parameters: float):
    """Let the stand-in's numbers depend on the draw: its size grows by up to ``of_parameters`` with one parameter."""
    import fake_engine

    engine = fake_engine.run_replicate
    order = sorted(draw["dublin_transfer_hazard"] for draw in posterior.prior_draws(6))

    def run_replicate(scenario, draw, *, scale, **options):
        scale *= 1 + of_parameters * order.index(draw["dublin_transfer_hazard"])
        return engine(scenario, draw, scale=scale, **options)

    monkeypatch.setattr(fake_engine, "run_replicate", run_replicate)


@pytest.mark.slow
@pytest.mark.parametrize("of_parameters", [0.0, 1.0])
def test_with_replicates_per_draw_the_summary_tells_parameters_and_chance_apart(here, monkeypatch, of_parameters):
    engine_with_effect(monkeypatch, of_parameters)
    answer = run("--draws", "prior", "--per-draw", "4", "--replicates", "24", "--out", "out")
    assert answer.exit_code == 0, answer.output
    assert pd.read_parquet(here / "out" / "draws.parquet")["draw"].tolist() == [j // 4 for j in range(24)]
    table = pd.read_csv(here / "out" / "summary.csv")
    assert (table["n"] == 24).all() and (table["draws"] == 6).all()
    stocks = table[table["outcome"].str.startswith("stock:")]
    assert len(stocks) == 15 and (stocks["parameter_share_se"] > 0).all()
    if of_parameters:
        assert stocks["parameter_share"].min() > 0.9
    else:
        # The stand-in does not look at parameters: the share is 0 but for chance (its spread is about 0.15).
        assert stocks["parameter_share"].between(0, 0.6).all() and stocks["parameter_share"].mean() < 0.2
    block = answer.stdout.partition(APART)[2].partition("\n\n")[0]
    assert "(6 draws with 4 replicates each" in block
    (line,) = (line for line in block.splitlines() if label("strategy.synlig", "en") in line)
    row = stocks[(stocks["outcome"] == "stock:synlig") & (stocks["period"] == "2019-12")].iloc[0]
    assert f" {100 * row['parameter_share']:.0f} ±{100 * row['parameter_share_se']:.0f} " in line
    assert "cannot separate" not in answer.stdout
    for code in HIDDEN:
        assert label(f"strategy.{code}", "en") in block
    assert block.count("returns ordered") == 2 and "assisted return" in block


@pytest.mark.slow
def test_without_replicates_per_draw_the_shares_are_left_empty(here):
    for options in (["--draws", "prior"], ["--draws", "point"], ["--draws", "prior", "--per-draw", "1"]):
        answer = run("--out", "out", "--replace", *options)
        table = pd.read_csv(here / "out" / "summary.csv")
        assert table[["parameter_share", "parameter_share_se"]].isna().all(axis=None)
        assert (table["draws"] == (1 if "point" in options else 3)).all()
        assert APART not in answer.stdout
        assert (TOGETHER in answer.stdout) == ("prior" in options)


@pytest.mark.once
def test_what_is_published_has_the_shares_but_not_of_small_cells(here):
    options = ["--draws", "prior", "--per-draw", "2", "--replicates", "6", "--publish", "--scale", "0.02"]
    assert run("--out", "out", *options).exit_code == 0
    table = pd.read_csv(here / "out" / "summary.csv")
    small = table["suppressed"]
    assert small.any() and table.loc[small, ["mean", "parameter_share", "parameter_share_se"]].isna().all(axis=None)
    shown = table.loc[~small, "parameter_share"].dropna()
    assert len(shown) > 20 and shown.between(0, 1).all() and (shown == shown.round(2)).all()


@pytest.mark.once
@pytest.mark.slow
def test_a_run_in_memory_takes_the_same_draws(here):
    made = small_posterior(here / "fit", about=RED)
    assert run("--out", "out", "--draws", "fit", "--per-draw", "2", "--replicates", "4").exit_code == 0
    result = irregsim.run("short.yaml", scale=0.2, jobs=1, draws=here / "fit", per_draw=2, replicates=4)
    assert result.posterior_id == made.id and "a calibration check failed" in result.notes[0]
    assert result.draws["draw"].tolist() == [0, 0, 1, 1]
    pd.testing.assert_frame_equal(pd.read_parquet(here / "out" / "draws.parquet"), result.draws, check_dtype=False)
    pd.testing.assert_frame_equal(pd.read_csv(here / "out" / "summary.csv"), result.summary, check_dtype=False)
    assert irregsim.run("short.yaml", scale=0.1, jobs=1, replicates=1).posterior_id == "point"
    with pytest.raises(workflow.WrongUse, match="not a multiple of 2"):
        irregsim.run("short.yaml", draws="prior", per_draw=2, replicates=3)
    with pytest.raises(workflow.WrongUse, match="there is no such folder"):
        irregsim.run("short.yaml", draws="nowhere")


# ---------------------------------------------------------------------------------------------------------
# Formats


def test_csv_has_every_row_of_the_parquet_tables(here):
    assert run("--format", "csv", "--out", "out", "--spells").exit_code == 0
    for name in [*TABLES, "spells", "draws"]:
        table = pq.read_table(here / "out" / f"{name}.parquet")
        with (here / "out" / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.reader(stream))
        assert rows[0] == table.column_names
        assert len(rows) - 1 == table.num_rows
        value = next((i for i, c in enumerate(rows[0]) if c in export.VALUE_COLUMNS), None)
        if value is not None:
            exact = table.column(rows[0][value]).to_pylist()
            assert [float(row[value]) for row in rows[1:]] == exact


@pytest.mark.once
def test_the_published_csv_hides_what_must_not_be_shown(here):
    assert run("--format", "csv", "--publish", "--out", "out", "--spells", "--show-levels").exit_code == 0
    files = {file.stem for file in (here / "out").glob("*.csv")}
    # No spells: lives of single persons. No detection: where whom the police meet.
    assert files == {*TABLES, "summary", "levels"} - {"detection"}
    stocks = pd.read_csv(here / "out" / "stocks.csv")
    exact = pd.read_parquet(here / "out" / "stocks.parquet")
    assert len(stocks) == len(exact)
    hidden = stocks["strategy"].isin(HIDDEN)
    assert (stocks.loc[hidden, "unit"] == "index").all() and (stocks.loc[~hidden, "unit"] == "persons").all()
    small = (exact["persons"] > 0) & (exact["persons"] < 5)
    assert (stocks["suppressed"] == small).all() and small.any()
    assert stocks.loc[small, "value"].isna().all() and stocks.loc[~small, "value"].notna().all()
    shown = stocks[~hidden & ~small]
    assert (shown["value"] % 5 == 0).all()
    assert (abs(shown["value"] - exact["persons"][shown.index]) <= 2.5).all()
    # The index of a replicate starts at 100 for all hidden strategies together.
    start = exact[exact["strategy"].isin(HIDDEN) & (exact["month"] == "2019-01")].groupby("replicate")["persons"].sum()
    kept = stocks[hidden & ~small]
    index = 100 * exact["persons"][kept.index] / exact["replicate"][kept.index].map(start)
    assert (abs(kept["value"] - index) <= 0.05 + 1e-9).all()
    centres = pd.read_csv(here / "out" / "centres_by_country.csv")
    assert set(centres["place"]) == {"synlig"}
    exits = pd.read_csv(here / "out" / "exits_by_country.csv")
    assert set(exits["destination"]) <= {"tvangsretur", "assistert_retur"}
    summary = pd.read_csv(here / "out" / "summary.csv")
    assert (summary.loc[summary["outcome"] == "stock:fritt_fall", "unit"] == "index").all()
    assert (summary.loc[summary["outcome"] == "outcome:wages_withheld_nok", "unit"] == "index").all()
    levels = pd.read_csv(here / "out" / "levels.csv")
    assert (levels["q025"] % 5 == 0).all() and (levels["q025"] <= levels["q975"]).all()
    assert set(levels["note"]) == {label("sentence.hidden_levels", "en")}
    assert set(levels["strategy"]) == {*HIDDEN, "all_hidden"}


@pytest.mark.once
def test_published_tables_have_no_levels_unless_asked_for(here):
    assert run("--format", "csv", "--publish", "--out", "out").exit_code == 0
    assert not (here / "out" / "levels.csv").exists()


@pytest.mark.once
def test_a_format_of_ones_own_is_offered_and_written(here, monkeypatch):
    """Of a comparison: tests/test_compare.py."""

    def of_run(tables):
        text = f"{tables.run.manifest['scenario']['name']}, {len(tables.summary) > 0}"
        (tables.target / "tables.txt").write_text(text, encoding="utf-8")

    assert run("--format", "txt").exit_code == 2
    own = formats.Format("txt", "names", of_run, of_run, needs="no_such_package", extra="txt")
    monkeypatch.setitem(formats.FORMATS, "txt", own)
    for command in ("run", "compare"):
        assert "|txt]" in "".join(irregsim_(command, "--help").stdout.split())
    assert "-m pip install no_such_package\n" in run("--format", "txt").stderr
    monkeypatch.setitem(formats.FORMATS, "txt", replace(own, needs=""))
    with pytest.raises(ValueError, match="already"):
        formats.register(own)
    assert run("--format", "txt", "--out", "out", "--replicates", "1").exit_code == 0
    assert (here / "out" / "tables.txt").read_text(encoding="utf-8") == "short, True"
    manifest_ = json.loads((here / "out" / MANIFEST).read_text(encoding="utf-8"))
    assert manifest_["format"] == "txt" and "tables.txt" in manifest_["outputs"]


openpyxl = importlib.util.find_spec("openpyxl") and importlib.util.find_spec("xlsxwriter")


@pytest.mark.skipif(not openpyxl, reason="reads workbooks back")
@pytest.mark.once
def test_the_workbook_summarises_each_table_over_replicates(here):
    from openpyxl import load_workbook

    assert run("--format", "xlsx", "--out", "a", "--replicates", "2", "--end", "2019-06").exit_code == 0
    assert run("--format", "xlsx", "--out", "b", "--replicates", "2", "--end", "2019-06").exit_code == 0
    assert (here / "a" / "tables.xlsx").read_bytes() == (here / "b" / "tables.xlsx").read_bytes()
    book = load_workbook(here / "a" / "tables.xlsx", read_only=True)
    assert book.sheetnames == ["Overview", "about", "summary", *TABLES]
    rows = list(book["stocks"].iter_rows(values_only=True))
    keys = ["month", "strategy", "district", "city", "sought_asylum"]
    assert list(rows[0]) == [*keys, "mean", "q025", "q50", "q975"]
    exact = pd.read_parquet(here / "a" / "stocks.parquet")
    found = pd.DataFrame(rows[1:], columns=rows[0]).set_index(keys)
    wide = exact.set_index([*keys, "replicate"])["persons"].unstack(fill_value=0)
    assert len(found) == len(wide)
    assert (found["mean"] == wide.mean(axis=1).reindex(found.index)).all()
    assert abs(found["q975"] - wide.quantile(0.975, axis=1).reindex(found.index)).max() < 1e-9
    durations = {row[6] for row in list(book["groups"].iter_rows(values_only=True))[1:]}
    assert durations <= {"<1", "1-5"}  # text, not dates or formulas


@pytest.mark.skipif(not openpyxl, reason="reads workbooks back")
@pytest.mark.once
def test_the_overview_of_a_run_has_no_hidden_level(here):
    from openpyxl import load_workbook

    arguments = ("--format", "xlsx", "--out", "a", "--replicates", "2", "--end", "2019-06")
    assert run(*arguments, "--lang", "nb").exit_code == 0
    book = load_workbook(here / "a" / "tables.xlsx", read_only=True)
    head, *rows = book.worksheets[0].iter_rows(values_only=True)
    assert book.worksheets[0].title == "Oversikt" and head[:4] == ("Side av saken", "Utfall", "År eller måned", "Enhet")
    units = {row[1]: row[3] for row in rows}
    assert units["«i fritt fall»"] == "indeks" and units["«de synlige»"] == "personer"
    about = dict(book["about"].iter_rows(values_only=True))
    assert about["tilfeldig frø"] == "7" and about["gjentak"] == "2"
    exact = pd.read_csv(here / "a" / "summary.csv")
    row = exact.query("outcome == 'stock:synlig' and period == '2019-06'").iloc[0]
    (told,) = (line for line in rows if line[1] == "«de synlige»" and line[2] == "2019-06")
    assert told[4] in ("færre enn 5", 5 * round(row["q50"] / 5)) and told[7] == "kjent historie"


@pytest.mark.once
def test_norwegian_csv_of_a_run_can_be_reproduced(here):
    answer = run("--format", "csv-no", "--out", "out", "--lang", "nb", "--replicates", "2", "--end", "2019-06")
    assert answer.exit_code == 0, answer.output
    exact = pd.read_parquet(here / "out" / "stocks.parquet")
    found = pd.read_csv(here / "out" / "stocks-no.csv", sep=";", decimal=",", encoding="utf-8-sig")
    assert found["persons"].tolist() == exact["persons"].tolist() and list(found) == list(exact)
    summary = pd.read_csv(here / "out" / "summary-no.csv", sep=";", decimal=",", encoding="utf-8-sig")
    pd.testing.assert_frame_equal(summary, pd.read_csv(here / "out" / "summary.csv"), check_dtype=False)
    again = reproduce()
    assert again.exit_code == 0 and "identical" in again.stdout
    assert "csv-no" in run("--format", "csv", "--lang", "nb", "--replicates", "2", "--end", "2019-06").stderr


@pytest.mark.parametrize(("name", "file", "reader"), [("docx", "report", "docx"), ("pptx", "pictures", "pptx")])
@pytest.mark.once
def test_a_run_is_written_as_document_and_as_slides(here, name, file, reader):
    library = pytest.importorskip(reader, reason="comes with the extra office")
    answer = run("--format", name, "--out", "out", "--lang", "nb", "--replicates", "2", "--end", "2019-06")
    assert answer.exit_code == 0, answer.output
    path = str(here / "out" / f"{file}.{name}")
    if name == "docx":
        document = library.Document(path)
        texts = [paragraph.text for paragraph in document.paragraphs]
        assert document.tables and len(document.inline_shapes) == len(list((here / "out" / "plots").glob("*.png")))
    else:
        show = library.Presentation(path)
        texts = [s.text_frame.text for slide in show.slides for s in slide.shapes if s.has_text_frame]
        assert len(show.slides) == 2 + len(list((here / "out" / "plots").glob("*.png")))
    assert any("2 gjentak, frø 7" in text for text in texts)
    assert f"{file}.{name}" in json.loads((here / "out" / MANIFEST).read_text(encoding="utf-8"))["outputs"]


@pytest.mark.skipif(not openpyxl, reason="reads workbooks back")
@pytest.mark.once
def test_the_published_workbook_has_units_and_suppression(here):
    from openpyxl import load_workbook

    answer = run("--format", "xlsx", "--publish", "--out", "a", "--replicates", "2", "--end", "2019-06")
    assert answer.exit_code == 0, answer.output
    book = load_workbook(here / "a" / "tables.xlsx", read_only=True)
    rows = list(book["stocks"].iter_rows(values_only=True))
    table = pd.DataFrame(rows[1:], columns=rows[0])
    assert (table["unit"] == table["strategy"].map(lambda code: "index" if code in HIDDEN else "persons")).all()
    assert table.loc[table["suppressed"], "mean"].isna().all()
    counts = table[(table["unit"] == "persons") & ~table["suppressed"]]
    assert (counts["mean"].astype(float) % 5 == 0).all()


# ---------------------------------------------------------------------------------------------------------
# reproduce


@pytest.fixture
def finished(here):
    assert run("--out", "out", "--format", "csv", "--set", "levers.fines.worker_nok=1234").exit_code == 0
    (here / "short.yaml").unlink()  # the folder must be enough
    return here / "out"


def reproduce():
    return irregsim_("reproduce", "out", "--jobs", "1", "--quiet")


@pytest.mark.once
def test_a_folder_can_be_reproduced_from_itself_alone(finished):
    before = tables_of(finished)
    answer = reproduce()
    assert answer.exit_code == 0, answer.output
    assert answer.stdout.splitlines()[-1].startswith("identical: ")
    assert tables_of(finished) == before


@pytest.mark.once
def test_reproduce_names_a_table_that_was_changed(finished):
    path = finished / "registers.parquet"
    table = pq.read_table(path)
    counts = table.column("count").to_pylist()
    counts[5] += 1
    schema = table.schema
    changed = table.set_column(5, schema.field("count"), [counts])
    pq.write_table(changed, path, row_group_size=table.num_rows // 3)
    (finished / "outcomes.csv").unlink()
    answer = reproduce()
    assert answer.exit_code == 1
    assert "differs: registers.parquet: replicate 0: values of count" in answer.stdout
    assert "differs: outcomes.csv: is missing from the folder" in answer.stdout
    assert answer.stdout.splitlines()[-1].startswith("differ: 2 of ")
    assert "stocks.parquet" not in answer.stdout


@pytest.mark.once
def test_reproduce_forgives_the_last_bits_of_floats_and_other_parquet_bytes(finished):
    path = finished / "outcomes.parquet"
    table = pq.read_table(path)
    values = [v * (1 + 2e-16) for v in table.column("value").to_pylist()]
    changed = table.set_column(4, table.schema.field("value"), [values])
    groups = pq.ParquetFile(path).metadata
    with pq.ParquetWriter(path, table.schema, compression="gzip") as writer:
        at = 0
        for j in range(groups.num_row_groups):
            rows = groups.row_group(j).num_rows
            writer.write_table(changed.slice(at, rows), row_group_size=rows)
            at += rows
    assert reproduce().exit_code == 0


@pytest.mark.once
def test_reproduce_names_versions_that_differ(finished):
    path = finished / MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["versions"]["numpy"] = "1.0"
    manifest["data_sha256"] = "other"
    path.write_text(json.dumps(manifest), encoding="utf-8")
    answer = reproduce()
    assert "note: numpy was 1.0 and is " in answer.stdout
    assert "note: the data files of irregsim have changed since the run" in answer.stdout


def test_reproduce_uses_the_draws_of_the_folder(finished):
    path = finished / "draws.parquet"
    draws = pq.read_table(path)
    name = draws.column_names[2]
    pq.write_table(draws.set_column(2, draws.schema.field(name), [[-1.0] * draws.num_rows]), path)
    seen = []
    import fake_engine

    engine = fake_engine.run_replicate
    fake_engine.run_replicate = lambda scenario, draw, **options: seen.append(draw) or engine(scenario, draw, **options)
    try:
        reproduce()
    finally:
        fake_engine.run_replicate = engine
    assert len(seen) == 3 and all(draw[name] == -1.0 for draw in seen)


@pytest.mark.parametrize("broken", ["nothing", "no manifest", "no draws", "old manifest"])
def test_reproduce_refuses_what_is_no_run_folder(finished, broken):
    if broken == "nothing":
        answer = irregsim_("reproduce", "nowhere")
    else:
        if broken == "no manifest":
            (finished / MANIFEST).unlink()
        elif broken == "no draws":
            (finished / "draws.parquet").unlink()
        else:
            (finished / MANIFEST).write_text('{"run_id": "x"}', encoding="utf-8")
        answer = reproduce()
    assert answer.exit_code == 2
    assert answer.stderr.startswith("Error: ")


# ---------------------------------------------------------------------------------------------------------
# Scenario files and listings


def test_validate_shows_a_timeline_for_good_files_and_every_fault_of_bad_ones(here):
    answer = irregsim_("validate", "short.yaml")
    assert answer.exit_code == 0
    assert answer.stdout.startswith("short.yaml: OK\n") and "employer_base_nok" in answer.stdout
    (here / "bad.yaml").write_text(
        SHORT.replace("employer_base_nok", "employer_base").replace("seed: 7", "seed: seven"), encoding="utf-8"
    )
    answer = irregsim_("validate", "bad.yaml", "short.yaml")
    assert answer.exit_code == 2
    faults = [line for line in answer.stdout.splitlines() if line.startswith("bad.yaml:")]
    assert [line.split(":")[1] for line in faults] == ["9", "11"]
    assert "short.yaml: OK" in answer.stdout
    assert "changes nothing" not in answer.stderr


def test_validate_warns_of_a_scenario_that_changes_nothing(here):
    (here / "same.yaml").write_text(SHORT.partition("levers:")[0], encoding="utf-8")
    answer = irregsim_("validate", "same.yaml")
    assert answer.exit_code == 0
    assert "warning: same.yaml: changes nothing" in answer.stderr
    answer = irregsim_("validate", "same.yaml", "--set", "levers.fines.worker_nok=1")
    assert "changes nothing" not in answer.stderr


def test_diff_shows_what_differs(here):
    answer = irregsim_("diff", "baseline", "short.yaml")
    assert answer.exit_code == 0
    assert "employer_base_nok" in answer.stdout and "90000" in answer.stdout
    assert irregsim_("diff", "short.yaml", "short.yaml").stdout == "no differences\n"
    assert irregsim_("diff", "short.yaml").exit_code == 2


def test_new_writes_a_file_that_is_good_and_never_overwrites(here):
    assert irregsim_("new", "fresh.yaml").exit_code == 0
    assert irregsim_("validate", "fresh.yaml").exit_code == 0
    text = (here / "fresh.yaml").read_text(encoding="utf-8")
    answer = irregsim_("new", "fresh.yaml")
    assert answer.exit_code == 2 and "not overwritten" in answer.stderr
    assert (here / "fresh.yaml").read_text(encoding="utf-8") == text
    assert irregsim_("new", "fresh.txt").exit_code == 2
    answer = irregsim_("new", "baseline.yaml")
    assert answer.exit_code == 2 and "such as my-baseline.yaml" in answer.stderr
    assert not (here / "baseline.yaml").exists()
    assert irregsim_("new", "no/such/folder.yaml").exit_code == 2
    answer = irregsim_("new", "child.yaml", "--from", "fresh.yaml")
    assert answer.exit_code == 0 and "extends: fresh.yaml" in (here / "child.yaml").read_text(encoding="utf-8")
    answer = irregsim_("new", "orphan.yaml", "--from", "nobody.yaml")
    assert answer.exit_code == 2 and not (here / "orphan.yaml").exists()


def test_listings_explain_and_hint():
    from irregsim.scenario.levers import find, words

    assert "baseline" in irregsim_("scenarios").stdout
    assert "levers.fines.worker_nok" in irregsim_("levers").stdout
    assert "assumptions.pandemic" in irregsim_("levers").stdout
    for name in ("fines.worker_nok", "levers.fines.worker_nok"):
        assert "who decides" in irregsim_("levers", name).stdout
        assert words(find(name), "nb").meaning in irregsim_("levers", name, "--lang", "nb").stdout
    answer = irregsim_("levers", "fines.wroker_nok")
    assert answer.exit_code == 2 and "did you mean" in answer.stderr
    name = irregsim_("parameters").stdout.splitlines()[1].split()[0]
    assert irregsim_("parameters", name).stdout.startswith(name)
    assert irregsim_("parameters", name, "--lang", "nb").stdout != irregsim_("parameters", name).stdout
    assert irregsim_("parameters", name + "x").exit_code == 2
    short, every = (irregsim_("targets", *more).stdout for more in ([], ["--all"]))
    assert "4960" in short and "Kina:straff" not in short and "Kina:straff" in every


def test_every_lever_can_be_explained():
    from irregsim.scenario.levers import ASSUMPTIONS, LEVERS, words

    for lever in [*LEVERS, *ASSUMPTIONS]:
        answer = irregsim_("levers", lever.path)
        assert answer.exit_code == 0
        assert " ".join(words(lever).meaning.split()) in " ".join(answer.stdout.split())
        assert "e+" not in answer.stdout


def test_schema_is_json():
    assert json.loads(irregsim_("schema").stdout)["type"] == "object"


# ---------------------------------------------------------------------------------------------------------
# Python


@pytest.mark.once
def test_a_run_in_memory_equals_the_run_folder(here):
    assert run("--out", "out").exit_code == 0
    result = irregsim.run("short.yaml", scale=0.2, jobs=1)
    assert (result.replicates, result.seed, result.scenario.name) == (3, 7, "short")
    for name in [*TABLES, "draws"]:
        on_disk = pd.read_parquet(here / "out" / f"{name}.parquet")
        in_memory = getattr(result, name)
        in_memory = in_memory.astype({c: "str" for c in in_memory if in_memory[c].dtype == "category"})
        pd.testing.assert_frame_equal(on_disk, in_memory, check_dtype=False)
    summary = pd.read_csv(here / "out" / "summary.csv")
    pd.testing.assert_frame_equal(summary, result.summary, check_dtype=False)
    assert "stocks" in dir(result)
    with pytest.raises(AttributeError, match="the tables are stocks"):
        _ = result.stock


def test_a_run_in_memory_refuses_impossible_numbers(here):
    for options in ({"replicates": 0}, {"jobs": 0}, {"scale": 0.0}, {"scale": float("nan")}, {"seed": -1}):
        with pytest.raises(ValueError, match=rf"^{next(iter(options))} \S+: must be"):
            irregsim.run("short.yaml", **options)


@pytest.mark.parametrize("scale", [float("inf"), 10.01, -1.0])
def test_the_population_scale_has_one_bound_everywhere(here, scale):
    """Unbounded, `run` would begin on a country without end."""
    words = r"scale \S+: must be above 0 and at most 10 \(1 is the country\)"
    with pytest.raises(ValueError, match=f"^{words}"):
        irregsim.run("baseline", scale=scale)
    with pytest.raises(ValueError, match=f"^{words}"):
        irregsim.compare(["baseline", "fines-tripled"], scale=scale)
    with pytest.raises(ValueError, match=words):
        irregsim.IrregularMigrationModel(scale=scale)
    for command in (["run", "baseline"], ["compare", "baseline", "fines-tripled"], ["fit"], ["calibrate"]):
        answer = irregsim_(*command, "--scale", str(scale))
        assert answer.exit_code == 2 and re.search(f"Error: --{words}", answer.stderr), answer.output


def test_every_fault_of_a_request_is_reported_at_once(here):
    (here / "mine").mkdir()
    (here / "mine" / "thesis.docx").write_text("mine", encoding="utf-8")
    given = ["--scale", "0", "--draws", "nowhere", "--out", "mine"]
    words = ["--scale 0: must be", "no such folder", "choose a new or empty folder"]
    for command in (["run", "short.yaml"], ["compare", "short.yaml", "baseline"]):
        answer = irregsim_(*command, *given)
        assert answer.exit_code == 2 and all(word in answer.stderr for word in words), answer.output
    answer = irregsim_("compare", "baseline", "short.yaml", "--city", "Molde", *given)
    assert all(word in answer.stderr for word in [*words, "--city Molde", "2019-01"]), answer.output
    answer = irregsim_("fit", "nowhere", "--scale", "0", "--out", "mine", "--targets", "none.csv")
    assert all(word in answer.stderr for word in [*words, "--targets: none.csv"]), answer.output


def test_git_state_is_told_only_of_our_own_checkout(monkeypatch, tmp_path):
    installed = tmp_path / "site-packages" / "irregsim"
    installed.mkdir(parents=True)
    monkeypatch.setattr(manifest, "__file__", str(installed / "manifest.py"))
    assert manifest.git_state() == {"git_commit": None, "git_dirty": None}


def test_a_register_of_a_year_that_the_period_does_not_fill_is_not_shown_as_zero():
    from irregsim.present import terminal as screen

    class Nothing:
        registers = pd.DataFrame({"outcome": [], "period": [], "value": []})

    assert "contains none" in screen._registers([Nothing()], [2012], ["2012"], "en", is_country=True)
