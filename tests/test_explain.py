"""`irregsim explain`: the chain from lever to move, moves by cause, and what is said of an effect."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest
from click.testing import CliRunner

from helpers.engines import needs_numba
from helpers.lever_cases import CASES, filled
from irregsim.cli import main
from irregsim.commands import compare as comparing
from irregsim.commands import explain as work
from irregsim.commands.request import WrongUse
from irregsim.model import compiled
from irregsim.model.month import inflow
from irregsim.model.registers import REGISTERS
from irregsim.present import plots
from irregsim.present.explanation import explanation
from irregsim.present.plots import compare as compare_plots
from irregsim.scenario import load_scenario
from irregsim.storage.folder import RunFolder
from irregsim.study.comparison.causes import LIVED_IN, moves_of
from irregsim.study.comparison.chains import OPENING, _read, chains, claims_in, makers, said_by_part
from irregsim.study.identity import scenario_record
from irregsim.vocabulary.codes import CAUSES, EXITS, HIDDEN, STRATEGIES
from irregsim.vocabulary.outcomes import OUTCOMES

pytestmark = pytest.mark.once

SCENARIO = """\
schema: 1
name: {name}
title: {{nb: Kort, en: Short}}
description: Four years, for tests.
extends: baseline
period: {{start: 2012-01, end: 2015-12}}
{levers}run: {{replicates: 2, seed: 3}}
"""
LEVERS = """\
levers:
  reception_centres:
    stay_after_rejection: [{from: 2013-04, value: false}]
"""


def pair(*settings):
    """The baseline, and the baseline with some settings from 2014 on."""
    reference = load_scenario("baseline", end="2015-12")
    given = [filled(one, "2014-01", "2015-12") for one in settings]
    return reference, load_scenario("baseline", end="2015-12", overrides=given)


# ---------------------------------------------------------------------------------------------------------
# Chains


def test_a_rule_that_reads_a_lever_is_found_and_so_is_a_part_that_shares_its_claim():
    (chain,) = chains(*pair("levers.fines.employer_base_nok=[{from: {month}, value: 400000}]"))
    assert chain.lever.key == "fines.employer_base_nok" and chain.values == ("employer_base_nok",)
    by = {(link.part, link.rule): link for link in chain.links}
    assert by["work", ""].reads == ("employer_base_nok",) and "inspection" in by["work", ""].causes
    # Who lets people go has learnt of the fine, and reads nothing of it: the claim joins the two.
    assert by["dismissal", ""].reads == () and by["dismissal", ""].claims == ("M067",)
    assert by["dismissal", ""].causes == ("employer_stops",)
    reads = [bool(link.reads) for link in chain.links]
    assert reads == sorted(reads, reverse=True)


def test_what_a_lever_changes_on_the_way_to_a_rule_is_found_by_making_it():
    (chain,) = chains(*pair("levers.return_agreements=[{country: Eritrea, from: {month}, effectiveness: 0.6}]"))
    assert {"feasibility", "takes_hardly_back"} <= set(chain.values)
    permit = next(link for link in chain.links if link.rule == "temporary_permit")
    assert permit.reads == ("takes_hardly_back",) and permit.causes == ("temporary_permit",) and permit.grade == "B"


def test_a_part_of_the_world_that_reads_a_lever_is_followed():
    (chain,) = chains(*pair("levers.municipal.alternative_placement=[{from: {month}, value: true}]"))
    opening = next(link for link in chain.links if link.part == OPENING)
    assert opening.reads == ("alternative_placement",) and opening.step == 1


def test_centres_that_close_are_one_chain_and_nothing_changed_is_none():
    (chain,) = chains(*pair("levers.reception_centres.close=[{centre: Trondheim, on: {month}}]"))
    assert chain.lever.key == "reception_centres.close"
    assert chains(*pair()) == ()


# The centre of the case for `reception_centres.open` is open in these years; its fields are those of `close`.
@pytest.mark.parametrize("key", [key for key in CASES if key != "reception_centres.open"])
def test_every_lever_reaches_a_part_of_the_month(key):
    # Some cases are the baseline itself: a flag that is on there already.
    found = [chain for case in CASES[key] for chain in chains(*sides_of(case))]
    assert found and all(chain.links for chain in found)
    # A lever that nothing reads would be joined by a claim alone.
    assert any(link.reads for chain in found for link in chain.links)


def sides_of(case):
    given = ([filled(one, "2014-01", "2015-12") for one in settings] for settings in (case.reference, case.changed))
    return [load_scenario("baseline", end="2015-12", overrides=settings) for settings in given]


def test_every_cause_of_a_move_has_a_rule_or_a_part_that_makes_it():
    # The stock at the start is nobody's move, and a host who loses benefits moves nobody.
    assert set(CAUSES) - makers().keys() == {"opening", "benefits_stopped"}
    for cause, found in makers().items():
        for part, rule in found:
            assert rule is None or cause in (rule.cause, rule.channel), cause
            assert rule is not None or cause in said_by_part(part).causes, cause


@needs_numba
def test_what_makes_a_move_is_the_same_where_months_are_compiled(monkeypatch):
    from irregsim.model.compiled import registry

    written, expected = inflow._begin, makers()
    monkeypatch.setattr(compiled, "engine_name", lambda: "compiled")
    monkeypatch.setattr(compiled, "_replaced", [])
    monkeypatch.setattr(registry, "ready_machinery", lambda: {"_begin": lambda world, at, rows, kids, guardian: None})
    try:
        compiled.begin_month()
        assert inflow._begin is not written
        forget()
        assert makers().keys() == expected.keys() and "start" in expected
    finally:
        monkeypatch.setattr(compiled, "engine_name", lambda: "numpy")
        compiled.begin_month()
        forget()
    assert inflow._begin is written


def forget():
    for read in (makers, said_by_part, _read):
        read.cache_clear()


def test_a_range_of_claims_names_all_of_them():
    assert claims_in("as in M013-M015 and M099, not in XM001") == {"M013", "M014", "M015", "M099"}


# ---------------------------------------------------------------------------------------------------------
# Which moves change an outcome


def test_moves_of_outcomes():
    assert moves_of("stock:hidden").states == HIDDEN and moves_of("index:hidden").is_exact
    assert moves_of("exit:videre").states == ("videre",)
    assert moves_of("register:assisted_returns").states == ("assistert_retur",)
    assert not moves_of("outcome:inspections").is_exact and not moves_of("duration:synlig").is_exact
    assert moves_of("outcome:one_of_ones_own").states == STRATEGIES
    work_ = moves_of("stock:arbeidende")
    assert [work_.way(*one) for one in (("inflow", "arbeidende"), ("arbeidende", "dod"), ("synlig", "dod"))] == [
        "in",
        "out",
        "",
    ]
    # From one hidden strategy to another nobody enters or leaves the hidden population.
    assert moves_of("stock:hidden").way("avhengig", "fritt_fall") == ""


def test_every_outcome_says_where_it_is_lived():
    assert list(LIVED_IN) == [one.code for one in OUTCOMES]
    assert {state for states in LIVED_IN.values() for state in states} <= set(STRATEGIES)
    for register in REGISTERS:
        assert set(moves_of(f"register:{register.name}").states) <= {*STRATEGIES, *EXITS}


# ---------------------------------------------------------------------------------------------------------
# A small comparison


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("explain")
    files = []
    for name, levers in (("reference", ""), ("no-stay", LEVERS)):
        file = place / f"{name}.yaml"
        file.write_text(SCENARIO.format(name=name, levers=levers), encoding="utf-8")
        files.append(str(file))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "PLOTS", {})
        patch.setattr(compare_plots, "PICTURES", ())
        patch.chdir(place)
        asked = comparing.CompareRequest(tuple(files), replicates=2, jobs=1, scale=0.05, draws="prior", out="out")
        comparing.compare_scenarios(asked, warn=lambda text: None)
    return place / "out"


def test_moves_by_cause_add_up_to_the_exits_and_to_the_change_of_the_stocks(folder):
    moves = pd.read_parquet(folder / "causes.parquet")
    figures = pd.read_parquet(folder / "key_figures.parquet").set_index("outcome")["mean"]
    into = moves.groupby("destination")["mean"].sum()
    for exit_ in EXITS:
        assert into.get(exit_, 0.0) == pytest.approx(figures[f"exit:{exit_}"], abs=1e-9), exit_
    assert moves.loc[moves["origin"] == "inflow", "mean"].sum() == pytest.approx(figures["inflow"], abs=1e-9)
    stocks = pd.read_parquet(folder / "differences.parquet")
    last = stocks[stocks["month"] == stocks["month"].max()].set_index("outcome")["mean"]
    out = moves.groupby("origin")["mean"].sum()
    for strategy in STRATEGIES:
        change = into.get(strategy, 0.0) - out.get(strategy, 0.0)
        assert change == pytest.approx(last[f"stock:{strategy}"], abs=1e-9), strategy


def test_the_scenarios_are_kept_as_they_were_run(folder):
    kept = json.loads((folder / "scenarios.json").read_text(encoding="utf-8"))
    assert list(kept) == ["reference", "no-stay"]
    for name, mapping in kept.items():
        run = RunFolder.open(folder / "runs" / name).manifest["scenario"]
        # The run knows how many replicates it was of.
        assert {**mapping, "run": None} == {**run, "run": None}


def test_an_explanation_follows_the_lever_to_the_moves(folder):
    (found,) = work.explain(folder, "synlig")
    assert found.outcome == "stock:synlig" and found.scenario == "no-stay"
    (chain,) = found.chain
    assert chain["lever"] == "levers.reception_centres.stay_after_rejection"
    assert [row["value"] for row in chain["changes"]] == ["false"]
    ended = next(row for row in found.flows if row["cause"] == "right_to_stay_ended")
    assert ended["way"] == "out" and ended["is_acted_on"] and ended["makers"][0]["part"] == "transfers"
    # The reference has none, so that its number has no percentage, and it would tell how many there are.
    assert ended["mean"] is None and ended["rounded_text_en"] == "none in the reference" and ended["verdict"] == "up"
    assert {"M012", "M013", "M089"} <= {row["id"] for row in found.claims}
    assert found.parting["first_month"] == "2013-04"
    assert found.parting["causes"][0]["cause"] == "right_to_stay_ended"


def test_what_nobody_counts_is_explained_in_percent(folder):
    exact = pd.read_parquet(folder / "causes.parquet").set_index(["outcome", "cause"])
    (found,) = work.explain(folder, "stock:hidden")
    assert found.effect["unit"] == "percent"
    hidden = [row for row in found.flows if row["origin"] in HIDDEN or row["destination"] in HIDDEN]
    assert hidden
    for row in (one for one in hidden if one["mean"] is not None):
        full = exact.loc[(f"flow:{row['origin']}>{row['destination']}", row["cause"])]
        assert row["unit"] == "percent"
        assert row["mean"] == pytest.approx(100.0 * full["mean"] / full["reference_mean"])


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        (
            "en",
            ("What the number is", "the right to stay in a reception centre ended", "part transfers, step 4", "M089"),
        ),
        ("nb", ("Hva tallet er", "retten til å bo i mottak tok slutt", "delen transfers, trinn 4", "M089")),
    ],
)
def test_the_command_says_it_in_both_languages(folder, lang, words):
    answer = CliRunner().invoke(main, ["explain", str(folder), "stock:synlig", "--lang", lang])
    assert answer.exit_code == 0, answer.output
    for text in words:
        assert text in answer.output
    # Single lives are told of, unless the comparison is to be published.
    assert (
        "The first (synthetic) person is" if lang == "en" else "Den første (syntetiske) personen er"
    ) in answer.output
    proof = json.loads((folder / "proof.json").read_text(encoding="utf-8"))["no-stay"]
    assert work._without_persons(proof, publish=False)["first_person"] == proof["first_person"] is not None
    assert work._without_persons(proof, publish=True)["first_person"] is None
    # Every outcome can be explained.
    for outcome in dict.fromkeys(pd.read_parquet(folder / "key_figures.parquet")["outcome"]):
        (found,) = work.explain(folder, outcome)
        assert found.outcome == outcome


def test_everything_is_in_the_json(folder):
    answer = CliRunner().invoke(main, ["explain", str(folder), "tvangsretur", "--json"])
    assert answer.exit_code == 0, answer.output
    (found,) = json.loads(answer.stdout)
    assert found["outcome"] == "exit:tvangsretur" and found["titles"]["no-stay"] == {"nb": "Kort", "en": "Short"}
    assert found["flows"] and all(row["destination"] == "tvangsretur" for row in found["flows"])


def test_what_cannot_be_explained_is_refused_with_what_there_is(folder, tmp_path):
    def refused(*arguments):
        answer = CliRunner().invoke(main, ["explain", *map(str, arguments)])
        assert answer.exit_code == 2
        return answer.stderr

    assert "did you mean stock:arbeidende" in refused(folder, "arbeidnde")
    assert "the outcomes of this comparison are index:hidden" in refused(folder, "qqqq")
    assert "must be one of no-stay" in refused(folder, "inflow", "--scenario", "stay")
    assert "give the folder of a comparison" in refused(folder / "runs" / "no-stay", "inflow")
    assert "no run folder has this path, name or id" in refused(tmp_path / "none", "inflow")


def test_a_new_centre_has_the_name_that_its_file_gives_it(folder, tmp_path):
    opened = load_scenario(
        "baseline",
        end="2015-12",
        overrides=["levers.reception_centres.open=[{centre: Bodø, district: Andre, places: 60, on: 2014-07}]"],
    )
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("runs", "plots"))
    kept = json.loads((copy / "scenarios.json").read_text(encoding="utf-8"))
    kept["no-stay"] = {**scenario_record(opened), "name": "no-stay"}
    (copy / "scenarios.json").write_text(json.dumps(kept), encoding="utf-8")
    (found,) = work.explain(copy, "synlig")
    keys = [row["key"] for one in found.chain for row in one["changes"]]
    assert keys == ["levers.reception_centres.open.new.Bodø"]
    assert "Andre 1" not in explanation(found, "en")


def test_a_comparison_of_an_earlier_version_says_what_to_do(folder, tmp_path):
    old = tmp_path / "old"
    shutil.copytree(folder, old, ignore=shutil.ignore_patterns("runs", "plots"))
    (old / "scenarios.json").unlink()
    with pytest.raises(WrongUse, match=r"scenarios\.json is missing.*run the command again"):
        work.explain(old, "inflow")
    (old / "causes.parquet").unlink()
    with pytest.raises(WrongUse, match="table causes is missing"):
        work.explain(old, "inflow")


# ---------------------------------------------------------------------------------------------------------
# Tables by hand


def row(origin, destination, cause, mean, certainty="clear", unit="persons"):
    texts = {"rounded_text_en": "x", "rounded_text_nb": "x"}
    numbers = {"lo": mean, "hi": mean, "share_positive": 1.0, "share_negative": 0.0, "n": 4}
    fixed = {"scenario": "s", "unit": unit, "verdict": "up", "certainty": certainty}
    return {"origin": origin, "destination": destination, "cause": cause, "mean": mean, **numbers, **fixed, **texts}


def test_moves_are_in_the_order_of_persons_and_not_of_percent():
    exact = pd.DataFrame(
        [
            row("fritt_fall", "arbeidende", "choice", -3.0),
            row("arbeidende", "fritt_fall", "job_loss", 40.0),
            row("arbeidende", "fritt_fall", "employer_stops", -90.0),
            row("synlig", "videre", "onward", 500.0),
            row("arbeidende", "dod", "death", 0.0, "no difference"),
            row("arbeidende", "videre", "onward", 20.0),
        ]
    )
    # In percent, small moves look large; one has no reference to be a percentage of.
    readable = exact.assign(mean=[900.0, 1.0, -2.0, 500.0, 0.0, 3.0], unit="percent").iloc[:5]
    (chain, *_) = chains(*pair("levers.fines.employer_base_nok=[{from: {month}, value: 400000}]"))
    found = work.flows_of("stock:arbeidende", exact, readable, [chain])
    assert [(one["cause"], one["way"], one["mean"]) for one in found] == [
        ("employer_stops", "out", -2.0),
        ("job_loss", "out", 1.0),
        ("onward", "out", None),
        ("choice", "in", 900.0),
    ]
    assert [one["is_acted_on"] for one in found] == [True, False, False, False]
    assert found[1]["makers"] == [{"part": "work", "rule": "job_loss", "grade": "D"}]


def test_a_name_or_a_part_of_a_code_will_do():
    known = ["stock:arbeidende", "duration:arbeidende", "exit:tvangsretur", "exit:assistert_retur", "inflow"]
    assert work.found_outcome("tvangsretur", known) == "exit:tvangsretur"
    assert work.found_outcome("Forced return", known) == "exit:tvangsretur"
    assert work.found_outcome("Assistert retur", known) == "exit:assistert_retur"
    assert work.found_outcome("stock:arbeidende", known) == "stock:arbeidende"
    with pytest.raises(WrongUse, match="several outcomes: stock:arbeidende, duration:arbeidende"):
        work.found_outcome("arbeidende", known)
    with pytest.raises(WrongUse, match="did you mean exit:tvangsretur"):
        work.found_outcome("tvangsretr", known)
