"""Leaving claims of the report out of a run: the tables, the draw, the command."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest
from click.testing import CliRunner

import irregsim
from helpers.worlds import advance, baseline
from irregsim.cli import main
from irregsim.commands import run as workflow
from irregsim.model.claims import (
    MOST_EXCUSED,
    REPLACED,
    UnknownClaim,
    checked,
    claims,
    excused,
    neutral,
    overruled,
    read_neutral,
    without,
)
from irregsim.model.draws import Draws
from irregsim.model.parameters import parameters, point_draw
from irregsim.model.simulate import start
from irregsim.model.values import Values
from irregsim.present import plots
from irregsim.scenario import load_scenario
from irregsim.storage.folder import MANIFEST
from irregsim.study import replicates as experiment
from irregsim.vocabulary.reference import DataError

pytestmark = pytest.mark.once

SHORT = """\
schema: 1
name: short
title: {nb: Kort, en: Short}
description: {nb: Til en test., en: For a test.}
extends: baseline
period: {start: 2019-01, end: 2020-12}
levers:
  fines:
    employer_base_nok:
      - {from: 2020-01, value: 100000}
"""


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(experiment, "ENGINE", "fake_engine:run_replicate")
    monkeypatch.setattr(plots, "PLOTS", {})
    (tmp_path / "short.yaml").write_text(SHORT, encoding="utf-8")
    return tmp_path


def run(*arguments: str):
    return CliRunner().invoke(
        main, ["run", "short.yaml", "--scale", "0.1", "--replicates", "2", "--jobs", "1", *arguments]
    )


# -- the tables --------------------------------------------------------------------------------------------------


def test_every_claim_can_be_left_out_or_is_excused():
    assert neutral().keys() | excused().keys() == claims().keys()
    assert not neutral().keys() & excused().keys()
    assert len(excused()) <= MOST_EXCUSED
    assert all(len(reason.split()) >= 8 for reason in excused().values()), "a reason that a reader can accept"


@pytest.mark.parametrize("id_", list(neutral()))
def test_a_neutral_setting_moves_only_parameters_that_serve_the_claim_or_say_why(id_: str):
    known = parameters()
    names = [setting.name for setting in neutral()[id_].settings]
    assert len(set(names)) == len(names)
    assert any(id_ in known[name].mechanisms for name in names) or id_ in {"M018", "M061"}, names
    draw = point_draw()
    left = without(draw, [id_])
    assert {name for name in draw if left[name] != draw[name]} <= set(names)


def test_claims_that_share_a_parameter_say_so():
    by_name: dict[str, list[str]] = {}
    for id_, what in neutral().items():
        for setting in what.settings:
            by_name.setdefault(setting.name, []).append(id_)
    shared = [ids for ids in by_name.values() if len(ids) > 1]
    assert len(shared) >= 2
    for first, *others in shared:
        for other in others:
            assert other in neutral()[first].reason and first in neutral()[other].reason, (first, other)


GOOD = {
    "id": "M034",
    "kind": "parameter",
    "name": "rent_demand_hazard",
    "value": "0",
    "claim_effect": "rent",
    "reason": "0: none",
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"id": "M999"}, "M999 is not a claim"),
        ({"name": "rent"}, "there is no such parameter"),
        ({"value": "none"}, "'none', not a finite number"),
        ({"value": "nan"}, "not a finite number"),
        ({"kind": "lever"}, "must be one of parameter, equal"),
        ({"kind": "equal"}, "'0', not the name of a parameter"),
        ({"reason": " "}, "reason is empty"),
    ],
)
def test_a_wrong_row_is_named(changes: dict[str, str], words: str):
    assert read_neutral([GOOD])["M034"].settings[0].value == 0.0
    with pytest.raises(DataError, match=words):
        read_neutral([GOOD | changes])


def test_rows_that_contradict_each_other_are_named():
    other = GOOD | {"id": "M035", "value": "1"}
    with pytest.raises(DataError, match="another claim sets it to 0"):
        read_neutral([GOOD, other])
    with pytest.raises(DataError, match="duplicate"):
        read_neutral([GOOD, GOOD])
    with pytest.raises(DataError, match="ids must be in ascending order"):
        read_neutral([GOOD | {"id": "M035"}, GOOD])
    with pytest.raises(DataError, match="must be those of the claim's first row"):
        read_neutral([GOOD, GOOD | {"name": "host_fatigue", "reason": "other"}])


# -- the draw ----------------------------------------------------------------------------------------------------


def test_a_draw_without_a_claim_has_its_neutral_values_and_is_new():
    draw = point_draw()
    left = without(draw, ["M034"])
    assert left["rent_demand_hazard"] == 0.0 and draw["rent_demand_hazard"] > 0
    assert {name for name in draw if draw[name] != left[name]} == {"rent_demand_hazard"}
    assert without(draw, []) == draw and without(draw, []) is not draw


def test_claims_can_be_left_out_in_any_order_all_at_once_and_twice():
    draw = point_draw()
    ids = list(neutral())
    left = without(draw, ids)
    assert left == without(draw, ids[::-1]) == without(left, ids)
    # Two claims that level the same two shares from either side leave them level.
    both = without(draw, ["M060", "M061"])
    assert both["detention_near_share"] == both["detention_far_share"]


def test_an_unknown_or_excused_claim_is_refused_with_every_fault():
    with pytest.raises(UnknownClaim) as error:
        checked(["M005", "M047", "rent", "M999"])
    lines = str(error.value).splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("M005 cannot be left out: The rule of the scheme")
    assert "'rent' is not a claim; claims are M001 to M117" in lines[1]
    assert "there is no claim M999" in lines[2]
    assert checked(["M047", "M001", "M047"]) == ("M001", "M047")


def test_a_lever_that_replaces_the_draw_is_told():
    levers = load_scenario("baseline", overrides=["assumptions.response.return_risk=0.5"]).levers
    lines = overruled(["M001", "M034", "M098"], levers)
    assert [line.split(":")[0] for line in lines] == ["M001", "M098"]
    assert "assumptions.response.return_risk, which replaces assisted_risk_slope" in lines[0]
    assert overruled(neutral(), load_scenario("baseline").levers) == []
    assert {name for names in REPLACED.values() for name in names} <= parameters().keys()


@pytest.mark.parametrize("ids", [list(neutral()), ["M067", "M072", "M090"]], ids=["all claims", "a few"])
def test_the_model_runs_and_balances_without_claims(ids: list[str]):
    world = start(Values(baseline("2012-12"), without(point_draw(), ids), 0.02), Draws(1, 0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(36):
            advance(world, 1)
            world.check()
    assert world.population.is_here.sum() > 50


# -- the command -------------------------------------------------------------------------------------------------


def test_a_run_without_claims_says_so_everywhere_and_can_be_reproduced(here: Path):
    answer = run("--out", "out", "--without", "M047", "--without", "M034", "--without", "M047")
    assert answer.exit_code == 0, answer.output
    assert "Left out of this run (--without):" in answer.stdout
    shown = answer.stdout.partition("--without):")[2].splitlines()
    assert [line.split()[0] for line in shown[1:3]] == ["M034", "M047"]
    assert claims()["M047"] in answer.stdout
    manifest = json.loads((here / "out" / MANIFEST).read_text(encoding="utf-8"))
    assert manifest["without"] == ["M034", "M047"]
    assert manifest["command"].count("--without") == 3
    import pandas as pd

    used = pd.read_parquet(here / "out" / "draws.parquet")
    assert (used["rent_demand_hazard"] == 0).all() and (used["pressure_to_crime_ratio"] == 0).all()
    again = CliRunner().invoke(main, ["reproduce", "out", "--jobs", "1", "--quiet"])
    assert again.exit_code == 0, again.output
    assert "identical" in again.stdout


@pytest.mark.slow
def test_a_run_with_all_claims_is_another_run_and_names_none(here: Path):
    assert run("--out", "all").exit_code == 0
    answer = run("--out", "less", "--without", "M094")
    manifests = [json.loads((here / out / MANIFEST).read_text(encoding="utf-8")) for out in ("all", "less")]
    assert manifests[0]["without"] == []
    # The median of this claim's parameter is the neutral value: the draws are equal, and it is still another run.
    assert point_draw() == without(point_draw(), ["M094"])
    assert manifests[0]["run_id"] != manifests[1]["run_id"]
    assert "M094" in answer.stdout
    assert "--without" not in run("--out", "all").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--without", "M005"], "--without: M005 cannot be left out: "),
        (["--without", "M200"], "--without: there is no claim M200"),
        (["--without", "047"], "--without: '047' is not a claim"),
        (["--without", "M001", "--set", "assumptions.response.return_risk=0.5"], "--without M001: the scenario sets"),
    ],
)
def test_a_claim_that_cannot_be_left_out_is_told_before_any_work(here: Path, monkeypatch, arguments, words):
    monkeypatch.setattr(experiment, "ENGINE", "no_such_module:run")
    answer = run(*arguments)
    assert answer.exit_code == 2, answer.output
    assert words in answer.stderr
    assert not (here / "outputs").exists()


def test_claims_are_left_out_in_memory_too(here: Path):
    result = irregsim.run("short.yaml", replicates=1, jobs=1, scale=0.1, without=["M034"])
    assert (result.draws["rent_demand_hazard"] == 0).all()
    with pytest.raises(workflow.WrongUse, match="M005 cannot be left out"):
        irregsim.run("short.yaml", replicates=1, jobs=1, without=["M005"])
