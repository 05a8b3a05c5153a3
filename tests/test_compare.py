"""Comparisons: what is refused, paired differences against hand calculation, key figures, proof, reuse, exports."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import irregsim
from irregsim.cli import main
from irregsim.commands import compare as comparing
from irregsim.commands import compare_folder as folder_of_comparison
from irregsim.commands.reproduce import reproduce
from irregsim.commands.run import RunFailed, WrongUse
from irregsim.inference import posterior
from irregsim.model.parameters import parameter_groups, point_draw
from irregsim.present import formats, plots
from irregsim.present.plots import compare as compare_plots
from irregsim.scenario import load_scenario
from irregsim.storage.folder import RunFolder
from irregsim.study import replicates as experiment
from irregsim.study.comparison import costs, differences, evidence, key_figures, proof, responses, series
from irregsim.study.comparison.pairs import PairingError, Run, Runs
from irregsim.vocabulary.codes import EXITS, HIDDEN, STRATEGIES
from irregsim.vocabulary.reference import DataError
from run_tools import use_fake

pytestmark = pytest.mark.once

RNG = np.random.default_rng(5)

FILE = """\
schema: 1
name: {name}
title: {{nb: Kort, en: Short}}
description: Three years, for tests.
extends: {extends}
period: {{start: 2012-01, end: 2014-12}}
{levers}run: {{replicates: 2, seed: 3}}
"""

NO_STAY = """\
levers:
  reception_centres:
    stay_after_rejection: [{from: 2013-04, value: false}]
"""

CLOSED = """\
levers:
  reception_centres:
    close: [{centre: Trondheim, on: 2012-05}]
"""

SINCE = "2013-04"


def scenario_file(folder, name, levers="", extends="baseline"):
    path = folder / f"{name}.yaml"
    path.write_text(FILE.format(name=name, levers=levers, extends=extends), encoding="utf-8")
    return str(path)


def without_pictures(patch):
    patch.setattr(plots, "PLOTS", {})
    patch.setattr(compare_plots, "PICTURES", ())


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    scenario_file(folder, "reference")
    scenario_file(folder, "no-stay", NO_STAY)
    return folder


def request(place, **changes):
    given = {
        "scenarios": (str(place / "reference.yaml"), str(place / "no-stay.yaml")),
        "replicates": 2,
        "jobs": 1,
        "scale": 0.03,
        "draws": "prior",
        "out": str(place / "out"),
        "output": comparing.Output(format="csv"),
    }
    return comparing.CompareRequest(**{**given, **changes})


@pytest.fixture(scope="module")
def done(place):
    """A comparison of two small runs of the model, by way of the folder."""
    with pytest.MonkeyPatch.context() as patch:
        without_pictures(patch)
        patch.chdir(place)
        return comparing.compare_scenarios(request(place), warn=lambda text: None)


@pytest.fixture(scope="module")
def runs(done, place):
    sides = [Run(RunFolder.open(place / "out" / "runs" / name), 2) for name in ("reference", "no-stay")]
    return Runs.of(sides[0], sides[1:])


# ---------------------------------------------------------------------------------------------------------
# What is refused, before any work


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(experiment, "ENGINE", "no_such_module:engine")
    scenario_file(tmp_path, "one", NO_STAY)
    scenario_file(tmp_path, "base")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["one.yaml"], "at least two scenarios"),
        (["one.yaml", "base.yaml"], "base: changes nothing: its values are those of baseline"),
        (["base.yaml", "one.yaml", "one.yaml"], "2 scenarios are called one"),
        (["baseline", "one.yaml"], "one: its period is 2012-01 to 2014-12, but 2012-01 to 2030-12 in baseline"),
        (["base.yaml", "one.yaml", "--city", "Hamar"], "--city Hamar: must be one of Oslo, Bergen"),
        (["base.yaml", "one.yaml", "--scale", "0"], "--scale 0"),
        (["base.yaml", "one.yaml", "--replicates", "5", "--per-draw", "2"], "not a multiple of 2"),
        (["base.yaml", "one.yaml", "--reference", "bas"], "bas"),
        (["empty"], "empty: no scenario files"),
        (["base.yaml", "one.yaml", "--out", "one.yaml"], "is a file"),
        (["base.yaml", "one.yaml", "--replicates", "1"], "1 is not in the range x>=2"),
    ],
)
def test_wrong_use_is_told_before_any_work(here, arguments, words):
    (here / "empty").mkdir()
    answer = CliRunner().invoke(main, ["compare", *arguments])
    assert answer.exit_code == 2
    assert words in answer.output
    assert not (here / "outputs").exists()


def test_a_scenario_with_the_values_of_the_reference_is_refused(here):
    scenario_file(here, "same", NO_STAY)
    answer = CliRunner().invoke(main, ["compare", "one.yaml", "same.yaml"])
    assert answer.exit_code == 2
    assert "same: changes nothing: its values are those of one throughout" in answer.output


def test_a_folder_is_every_scenario_in_it_and_the_reference_comes_first(here):
    request = comparing.CompareRequest(scenarios=(str(here),))
    assert [one.name for one in comparing.chosen_scenarios(request)] == ["base", "one"]
    assert [one.name for one in comparing.chosen_scenarios(replace(request, reference="one"))] == ["one", "base"]
    added = replace(request, reference="baseline", end="2014-12")
    assert [one.name for one in comparing.chosen_scenarios(added)] == ["baseline", "base", "one"]


def test_one_replicate_is_too_few(here):
    with pytest.raises(WrongUse, match="2 or more"):
        irregsim.compare([str(here / "base.yaml"), str(here / "one.yaml")], replicates=1)


def test_runs_that_differ_before_the_change_are_not_told_of(here, monkeypatch):
    # The stand-in engine reads the mean of the fine over all months, the future too.
    use_fake(monkeypatch)
    without_pictures(monkeypatch)
    fine = "levers:\n  fines:\n    employer_base_nok: [{from: 2014-01, value: 9000000}]\n"
    files = [scenario_file(here, "fine-base"), scenario_file(here, "fined", fine)]
    with pytest.raises(RunFailed, match="fined differs from fine-base in 2012-01"):
        irregsim.compare(files, replicates=2, jobs=1, scale=0.1, spells=False)


# ---------------------------------------------------------------------------------------------------------
# Paired differences


def national_stocks(folder, replicate):
    frame = folder.replicate("stocks", replicate).astype({"month": str, "strategy": str})
    return frame.groupby(["month", "strategy"])["persons"].sum().unstack(fill_value=0)


def test_differences_are_those_of_the_tables_by_hand(done, runs):
    table = done.differences.set_index(["outcome", "month"]).sort_index()
    pairs = [[national_stocks(run.folder, j) for run in (runs.reference, runs.scenarios[0])] for j in (0, 1)]
    for code in STRATEGIES:
        by_hand = np.array([(b[code] - a[code]).to_numpy() for a, b in pairs], dtype="float64")
        rows = table.loc[f"stock:{code}"]
        assert rows["mean"].to_numpy() == pytest.approx(by_hand.mean(axis=0))
        assert rows["lo"].to_numpy() == pytest.approx(np.quantile(by_hand, 0.025, axis=0))
        assert rows["hi"].to_numpy() == pytest.approx(np.quantile(by_hand, 0.975, axis=0))
        assert rows["cumulative_mean"].to_numpy() == pytest.approx(by_hand.cumsum(axis=1).mean(axis=0))
        assert rows["mc_se"].to_numpy() == pytest.approx(by_hand.std(axis=0, ddof=1) / math.sqrt(2))
    hidden = [[side[list(HIDDEN)].sum(axis=1).to_numpy() for side in pair] for pair in pairs]
    index = np.mean([100.0 * b / a - 100.0 for a, b in hidden], axis=0)
    assert table.loc["index:hidden"]["mean"].to_numpy() == pytest.approx(index)
    assert (table.loc["index:hidden"]["reference_mean"] == 100.0).all()
    assert table.loc["stock:synlig"]["mean"].iloc[-1] < 0, "nobody stays in a centre"


def test_exits_and_flows_are_those_of_the_tables_by_hand(done, runs):
    total = done.differences.groupby("outcome")["mean"].sum()
    changes = []
    for run in (runs.reference, runs.scenarios[0]):
        frame = pd.concat([run.folder.replicate("flows", j) for j in (0, 1)]).astype(str).astype({"persons": int})
        changes.append(frame.groupby(["origin", "destination"])["persons"].sum() / 2)
    change = changes[1].sub(changes[0], fill_value=0)
    for code in EXITS:
        by_hand = change[change.index.get_level_values("destination") == code].sum()
        assert total[f"exit:{code}"] == pytest.approx(by_hand), code
    assert total["flow:synlig>fritt_fall"] == pytest.approx(change["synlig", "fritt_fall"])
    assert total["inflow"] == pytest.approx(change[change.index.get_level_values("origin") == "inflow"].sum())
    told = {outcome for outcome in total.index if outcome.startswith("flow:")}
    assert not any(one == two for one, _, two in (name[5:].partition(">") for name in told)), "moves between districts"
    assert not any(name.startswith("flow:opening") for name in told)


def test_nothing_is_missing_and_nothing_differs_before_the_change(done):
    table = done.differences
    assert tuple(table.columns) == differences.COLUMNS
    assert not table.isna().any(axis=None)
    assert set(table["scenario"]) == {"no-stay"}
    before = table[table["month"] < SINCE]
    assert len(before) > 500
    assert (before[["mean", "lo", "hi", "mc_se", "cumulative_mean"]] == 0.0).all(axis=None)
    assert (table[table["month"] >= SINCE]["mean"] != 0.0).any()
    shares = table[["share_of_draws_positive", "share_of_draws_negative"]]
    assert (shares.sum(axis=1) <= 1.0).all() and (shares >= 0.0).all(axis=None)
    assert (table["variance_saved"] <= 1.0).all()


def test_registers_stand_at_the_last_month_of_their_year(done, runs):
    rows = done.differences[done.differences["outcome"] == "register:udi_return_duty_stock"]
    assert list(rows["month"]) == ["2012-12", "2013-12", "2014-12"]
    counts = []
    for run in (runs.reference, runs.scenarios[0]):
        table = run.folder.table("registers").astype({"register": str, "dimension": str, "period": str})
        chosen = table[(table["register"] == "udi_return_duty_stock") & (table["dimension"] == "total")]
        counts.append(chosen.groupby("period")["count"].sum() / 2)
    assert rows["mean"].to_numpy() == pytest.approx((counts[1] - counts[0]).to_numpy())
    assert rows["mean"].iloc[-1] < 0


def test_a_stay_by_littles_law_is_that_of_a_steady_state():
    # 60 persons of whom 5 leave each month stay for 12 months.
    stay = series._duration(np.full(30, 60.0), np.full(30, 5.0))
    assert np.isnan(stay[:11]).all()
    assert stay[11:] == pytest.approx(12.0)
    assert np.isnan(series._duration(np.full(30, 60.0), np.zeros(30))).all()


def test_pairing_saves_what_two_runs_have_in_common():
    common, own = RNG.normal(size=(2, 4000))
    saved = differences.variance_saved(common, 0.1 * own)
    assert saved == pytest.approx(1.0 - 0.01 / 2.01, abs=0.003)
    apart = differences.variance_saved(common, own - common)  # the scenario is another number altogether
    assert apart == pytest.approx(0.0, abs=0.08)
    assert differences.variance_saved(np.ones(5), np.zeros(5)) == 0.0


def test_the_monte_carlo_error_is_the_spread_of_means():
    means, told = [], []
    draws = np.repeat(np.arange(40), 3)
    for _ in range(500):
        values = RNG.normal(0.0, 2.0, 40)[draws] + RNG.normal(0.0, 1.0, 120)
        means.append(values.mean())
        told.append(float(differences.mc_error(values, draws)))
    assert np.mean(told) == pytest.approx(np.std(means), rel=0.1)
    naive = math.sqrt(5.0 / 120)
    assert np.mean(told) > 1.4 * naive, "replicates of one draw are not independent"
    values = RNG.normal(size=50)
    for numbers in (np.arange(50), np.zeros(50, dtype=int)):
        assert differences.mc_error(values, numbers) == pytest.approx(values.std(ddof=1) / math.sqrt(50))


# ---------------------------------------------------------------------------------------------------------
# Key figures


def test_key_figures_are_sums_and_means_since_the_change(done):
    figures = done.key_figures.set_index("outcome")
    table = done.differences[done.differences["month"] >= SINCE]
    by_outcome = table.groupby("outcome")["mean"]
    assert figures.loc["exit:videre", "mean"] == pytest.approx(by_outcome.sum()["exit:videre"])
    assert figures.loc["stock:fritt_fall", "mean"] == pytest.approx(by_outcome.mean()["stock:fritt_fall"])
    assert figures.loc["exit:videre", "kind"] == "sum" and figures.loc["stock:fritt_fall", "kind"] == "mean"
    # A register that counts a stock is averaged over its years as the stock would be; all others are added.
    residents = "register:udi_return_duty_stock"
    assert figures.loc[residents, "kind"] == "mean" and figures.loc["register:pu_orders", "kind"] == "sum"
    assert figures.loc[residents, "mean"] == pytest.approx(by_outcome.mean()[residents])
    assert set(figures["since"]) == {SINCE} and set(figures["to"]) == {"2014-12"}
    assert list(dict.fromkeys(figures["panel"])) == ["presence", "living", "labour", "services"]
    assert set(figures["verdict"]) <= {"up", "down", "cannot tell"}


def test_every_key_figure_is_an_outcome_of_the_model(done):
    known = set(done.differences["outcome"])
    assert {outcome for _, outcome in key_figures.key_outcomes()} <= known
    names = [outcome for _, outcome in key_figures.key_outcomes()]
    assert len(names) == len(set(names))


def test_cities_and_groups_add_up_to_the_country(done):
    figures = done.key_figures.set_index("outcome")
    for dimension, rows in done.groups.groupby("dimension"):
        # Groups count whole years, from January after the change on.
        stocks = done.differences[(done.differences["month"] >= "2014") & (done.differences["month"] <= "2014-12")]
        total = stocks[stocks["outcome"] == "person_months:fritt_fall"]["mean"].sum()
        fall = rows[rows["outcome"] == "person_months:fritt_fall"]
        assert fall["mean"].sum() == pytest.approx(total), dimension
    cities = done.cities[done.cities["outcome"] == "outcome:homeless_person_months"]
    assert set(cities["city"]) == {"Oslo", "Bergen", "Trondheim", "Stavanger", "Kristiansand"}
    reference = figures.loc["outcome:homeless_person_months", "reference_mean"]
    assert 0 < cities["reference_mean"].sum() <= reference + 1e-9


# ---------------------------------------------------------------------------------------------------------
# Responses and evidence


def drawn(n, replicates=1):
    names = list(point_draw())
    frame = pd.DataFrame(RNG.normal(size=(n, len(names))), columns=names)
    frame.insert(0, "draw", np.arange(n))
    frame = frame.loc[np.repeat(np.arange(n), replicates)].reset_index(drop=True)
    frame.insert(0, "replicate", np.arange(len(frame)))
    return frame


def test_thirds_follow_the_responses_and_keep_draws_together():
    frame = drawn(30, replicates=2)
    third = responses.thirds(frame)
    assert list(np.bincount(third)) == [20, 20, 20]
    assert (third[::2] == third[1::2]).all()
    for name in ("departure_from_hardship_log_ratio", "arrival_from_conditions_log_ratio"):
        means = [frame[name][third == number].mean() for number in (0, 1, 2)]
        assert means[0] > means[2], "deterrence comes first"
    assert responses.thirds(drawn(10)) is None
    assert responses.thirds(frame.assign(**dict.fromkeys(sum(responses.RESPONSES.values(), ()), 0.3))) is None


def test_every_response_is_a_parameter():
    assert set(sum(responses.RESPONSES.values(), ())) <= set(point_draw())


def made_up(n):
    """300 parameters in twenty groups; two of group 3 carry 60 % of the variance, one of group 7 carries 20 %."""
    columns = np.stack([responses.standardised(column) for column in RNG.normal(size=(300, n))], axis=1)
    effect = math.sqrt(0.3) * (columns[:, 45] - columns[:, 50]) + math.sqrt(0.2) * columns[:, 110]
    return columns, effect + RNG.normal(0, math.sqrt(0.2), n), [(f"g{i // 15}", "B") for i in range(300)]


@pytest.mark.slow
def test_shares_of_the_variance_are_those_it_was_made_of():
    told, wrong = [], 0
    for _ in range(12):
        columns, effect, groups = made_up(300)
        found = evidence.shares(effect, columns, groups)
        told.append([(found[name].share, found[name].error) for name in (("g3", "B"), ("g7", "B"), ("chance", ""))])
        others = [one for name, one in found.items() if name not in (("g3", "B"), ("g7", "B"), ("chance", ""))]
        wrong += any(one.enters for one in others)
        assert all(one.share == 0.0 or one.enters for one in others)
        assert sum(one.share for one in found.values()) == pytest.approx(1.0)
    shares, errors = np.moveaxis(np.array(told), 2, 0)
    assert shares.mean(axis=0) == pytest.approx([0.6, 0.2, 0.2], abs=0.06)
    # One of twenty times any of the others enters; more than 4 of 12 would happen once in 5000 times.
    assert wrong <= 4
    far = np.abs(shares - [0.6, 0.2, 0.2])
    assert (far <= 2.0 * errors).mean() > 0.8 and (errors < 0.2).all()


@pytest.mark.slow
def test_a_group_that_carries_a_tenth_is_found_with_enough_draws_of_the_posterior_that_ships():
    """Effects made of one group of its parameters; what docs/outputs.md says of 300 and 500 draws."""
    rng = np.random.default_rng(7)
    draws = pd.read_parquet(posterior.shipped() / "draws.parquet")
    named = [(group, what) for group, members in parameter_groups().items() for what in members if what.name in draws]
    for n, most_missed in ((300, 10), (500, 4)):
        table = np.stack([responses.standardised(draws[what.name].to_numpy()[:n]) for _, what in named], axis=1)
        varies = np.flatnonzero(table.any(axis=0))
        groups = [(named[i][0], named[i][1].grade) for i in varies]
        table, names = table[:, varies], list(dict.fromkeys(groups))
        design, missed = evidence.Design(table, groups), 0
        for _ in range(24):
            name = names[rng.integers(len(names))]
            columns = table[:, [group == name for group in groups]]
            part = responses.standardised(columns @ rng.normal(size=columns.shape[1]))
            effect = math.sqrt(0.1) * part + math.sqrt(0.9) * rng.normal(size=n)
            missed += not design.shares(effect)[name].enters
        # One of five and one of twenty are missed; so many of 24 are missed once in a hundred times.
        assert missed <= most_missed


def test_nothing_enters_where_no_parameter_matters():
    entered = 0
    for _ in range(20):
        columns, _, groups = made_up(80)
        found = evidence.shares(RNG.normal(size=80), columns, groups)
        entered += found["chance", ""].share < 1.0
        # That all is chance is no estimate, so it has no error.
        assert math.isnan(found["chance", ""].error) == (
            not any(f.enters for k, f in found.items() if k != ("chance", ""))
        )
    # One in twenty would; more than 6 of 20 would happen once in 30 000 times.
    assert entered <= 6


def test_groups_that_go_along_with_each_other_are_not_counted_twice(monkeypatch):
    """As in a posterior: a parameter of another group is correlated with the one that matters (alone it has 0.7)."""
    # Numbers of its own, whatever tests came before, and so many that a mean of six does not decide.
    monkeypatch.setattr(sys.modules[__name__], "RNG", np.random.default_rng(5))
    told = []
    for _ in range(24):
        columns, _, groups = made_up(300)
        columns[:, 200] = responses.standardised(columns[:, 45] + 0.5 * RNG.normal(size=300))
        effect = columns[:, 45] + 0.3 * RNG.normal(size=300)
        alone = evidence.shares(effect, columns[:, 195:210], groups[195:210])
        found = evidence.shares(effect, columns, groups)
        told.append([found[name].share for name in (("g3", "B"), ("g13", "B"))] + [alone["g13", "B"].share])
        assert found["g3", "B"].share + found["g13", "B"].share <= 1.0
    mine, along, alone = np.mean(told, axis=0)
    assert mine > along and along < 0.6 * alone and alone > 0.5


def test_with_few_draws_nothing_is_said_of_evidence(done):
    assert done.evidence.empty and tuple(done.evidence.columns) == evidence.COLUMNS
    assert done.responses.empty and tuple(done.responses.columns) == responses.COLUMNS


def test_evidence_and_responses_of_many_draws():
    frame = drawn(90)
    reference = np.full((3, 90), 50.0)
    wanted = frame["departure_from_hardship_log_ratio"].to_numpy()
    pair = _FakePair("made", "2014-02", ("2014-01", "2014-02", "2014-03"))
    difference = np.stack([np.zeros(90), 10 + 5 * wanted, 10 + 5 * wanted])
    effect = differences.Effects(
        pair, ("exit:videre",), {"exit:videre": reference}, {"exit:videre": difference}, {"exit:videre": "persons"}
    )
    told = responses.responses([effect], frame).set_index("third")["mean"]
    assert told["deterrence"] > told["between"] > told["displacement"]
    told = evidence.evidence([effect], frame)
    assert tuple(told.columns) == evidence.COLUMNS and set(told["draws"]) == {90}
    shares = told.set_index(["group", "grade"])["share"]
    assert shares.drop((evidence.CHANCE, "")).max() > 0.35
    assert shares.sum() == pytest.approx(1.0)
    # Replicates of one draw count once.
    twice = differences.Effects(
        pair,
        ("exit:videre",),
        {"exit:videre": np.repeat(reference, 2, axis=1)},
        {"exit:videre": np.repeat(difference, 2, axis=1)},
        {"exit:videre": "persons"},
    )
    again = evidence.evidence([twice], frame.loc[frame.index.repeat(2)].reset_index(drop=True))
    assert again["share"].to_numpy() == pytest.approx(told["share"].to_numpy())


class _FakePair:
    def __init__(self, name, since, months):
        self.name, self.since, self.months = name, since, months


# ---------------------------------------------------------------------------------------------------------
# Measurement, costs, proof


def test_the_parts_of_a_registers_change_add_up(done):
    table = done.measured
    parts = table[["behaviour", "measurement", "outside"]].sum(axis=1)
    assert parts.to_numpy() == pytest.approx(table["change"].to_numpy(), abs=1e-9)
    assert table["year"].min() == 2013
    assert set(table["rate_is"]) <= {"measurement", "action", "choice"}
    duty = table[table["register"] == "udi_return_duty_stock"].set_index("year")
    stocks = done.differences[done.differences["outcome"] == "stock:synlig"]
    in_2014 = stocks[stocks["month"] >= "2014"]["mean"].mean()
    if len(duty):
        assert duty.loc[2014, "latent"] == pytest.approx(in_2014)
    left = table[table["register"] == "left_centre_without_address"].set_index("year")
    assert left.loc[2014, "latent"] == pytest.approx(in_2014)


def test_costs_are_in_natural_units_and_in_money_only_with_a_source(done):
    table = done.costs.set_index("item")
    assert table.loc["detention_days", "nok_mean"] != table.loc["detention_days", "nok_mean"]
    assert table.loc["fines", "nok_mean"] == table.loc["fines", "mean"]
    figures = done.key_figures.set_index("outcome")
    for item, row in table.iterrows():
        assert row["mean"] == pytest.approx(figures.loc[row["outcome"], "mean"]), item
    assert not any("net" in column or "total" in column for column in done.costs.columns)


def test_faults_in_costs_are_all_told():
    good = {
        **dict.fromkeys(costs._FIELDS, ""),
        **{"item": "a", "outcome": "exit:dod", "unit": "NOK per case", "source": "x", "grade": "B", "carrier": "state"},
    }

    def text(*rows):
        return "".join(
            "- " + "\n  ".join(f"{key}: {value}".strip() for key, value in row.items()) + "\n" for row in rows
        )

    assert costs.read_costs(text(good))[0].amount is None
    bad = [
        {**good, "amount": "12"},
        {**good, "carrier": "somebody"},
        {**good, "source": ""},
        {**good, "amount": "many"},
        {**good, "amount": "-2", "year": "2020"},
        {"item": "b"},
        {**good, "note": "[a, list]"},
    ]
    with pytest.raises(DataError) as told:
        costs.read_costs(text(*bad))
    words = ["year of its prices", "carrier", "needs a source", "must be numbers", "0 or more", "the keys", "the keys"]
    for number, fault in enumerate(words):
        line = 1 + sum(len(row) for row in bad[:number])
        assert any(row.startswith(f"costs.yaml:{line}:") and fault in row for row in str(told.value).splitlines()), (
            fault
        )
    assert "duplicate" in str(told.value)


def test_the_proof_names_the_first_difference(done, runs):
    told = done.proof["no-stay"]
    assert told["first_effective_month"] == SINCE
    assert told["identical_before"] is True
    assert told["months_before"] == 15
    assert told["first_month"] >= SINCE
    person = told["first_person"]
    assert person is not None and len(person["person"]) == 16 and person["month"] == told["first_month"]
    assert set(told["cell"]) <= {"origin", "destination", "cause", "strategy", "substrategy", "side_strategy",
                                 "sought_asylum", "place", "outcome"}  # fmt: skip
    # By hand: the first month in which the flows of either replicate differ.
    firsts = []
    for j in (0, 1):
        sides = [
            run.folder.replicate("flows", j).drop(columns="replicate").astype(str).value_counts()
            for run in (runs.reference, runs.scenarios[0])
        ]
        both = sides[0].to_frame("a").join(sides[1].to_frame("b"), how="outer").fillna(0)
        firsts.append(min(both[both["a"] != both["b"]].index.get_level_values("month")))
    assert told["cause"]["month"] == min(firsts)
    # The lever ends the right to stay: what acts first is known, and much of what follows in that month is not it.
    assert {key: told["cause"][key] for key in ("side", "origin", "destination", "cause")} == {
        "side": "scenario",
        "origin": "synlig",
        "destination": "fritt_fall",
        "cause": "right_to_stay_ended",
    }
    assert len(told["causes"]) > 1 and told["causes"][0] == told["cause"]
    persons = [one["persons"] for one in told["causes"]]
    assert persons == sorted(persons, reverse=True)


def test_without_lives_the_proof_names_the_move_that_differs_most(runs):
    told = proof.proof(runs.pairs)["no-stay"]
    assert told["cause"] == {
        "month": SINCE,
        "origin": "synlig",
        "destination": "fritt_fall",
        "cause": "right_to_stay_ended",
    }
    assert proof.with_persons(told, None) == {**told, "causes": [], "first_person": None}


def test_a_difference_before_the_change_is_seen(runs):
    # Told of a later change than the true one, the same runs are no proof.
    late = replace(runs.pairs[0], since="2014-12")
    assert proof.proof([late])["no-stay"]["identical_before"] is False


# ---------------------------------------------------------------------------------------------------------
# Folder, reuse, extension


def test_the_folder_holds_tables_page_and_proof(done, place):
    out = place / "out"
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    names = {f"{name}.parquet" for name in done.frames}
    assert {"differences.parquet", "key_figures.parquet", "twins.parquet", "balance.parquet"} <= names
    assert names | {"proof.json", "report.html"} <= set(manifest["outputs"])
    assert manifest["run_id"] == done.id and manifest["reference"] == "reference"
    for name, frame in done.frames.items():
        stored = pd.read_parquet(out / f"{name}.parquet")
        assert list(stored.columns) == list(frame.columns), name
        assert len(stored) == len(frame), name
    read = pd.read_parquet(out / "differences.parquet")
    pd.testing.assert_frame_equal(read, done.differences, check_dtype=False)
    assert json.loads((out / "proof.json").read_text(encoding="utf-8")) == json.loads(json.dumps(done.proof))
    as_csv = pd.read_csv(out / "differences.csv")
    assert as_csv["mean"].to_numpy() == pytest.approx(read["mean"].to_numpy())
    assert str(place) not in (out / "manifest.json").read_text(encoding="utf-8")


def files_of(folder):
    """Every file of a comparison but its manifest, which tells the time, and its runs."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file() and file.suffix != ".json"} | {
        "proof.json": (folder / "proof.json").read_bytes()
    }


def test_a_finished_comparison_runs_nothing_again_and_writes_the_same_bytes(done, place, monkeypatch):
    without_pictures(monkeypatch)
    monkeypatch.chdir(place)
    out = place / "out"
    before = files_of(out)
    assert {"differences.parquet", "twins.parquet", "report.html", "proof.json", "balance.csv"} <= set(before)
    # The engine's name is part of no run's content; without it nothing can be simulated.
    monkeypatch.setattr(experiment, "ENGINE", "no_such_module:engine")
    # Made by one process, now by two.
    again = comparing.compare_scenarios(request(place, jobs=2), warn=lambda text: None)
    assert set(again.reused) == {"reference", "no-stay"}
    assert again.id == done.id
    assert files_of(out) == before


@pytest.mark.slow
def test_more_replicates_extend_and_equal_a_comparison_made_at_once(done, place, monkeypatch):
    without_pictures(monkeypatch)
    monkeypatch.chdir(place)
    at_once = irregsim.compare(
        [load_scenario(place / "reference.yaml"), place / "no-stay.yaml"],
        replicates=3, jobs=1, scale=0.03, draws="prior",
    )  # fmt: skip
    ran = []
    simulate = experiment._simulate
    monkeypatch.setattr(experiment, "_simulate", lambda plan, parts, j: (ran.append(j), simulate(plan, parts, j)))
    more = comparing.compare_scenarios(request(place, replicates=3), warn=lambda text: None)
    assert ran == [2, 2], "only the third replicate of each scenario is run"
    assert more.id == at_once.id != done.id
    assert more.replicates == 3
    for name, frame in at_once.frames.items():
        pd.testing.assert_frame_equal(more.frames[name], frame)
    # And fewer again: the first two of what is there.
    fewer = comparing.compare_scenarios(request(place), warn=lambda text: None)
    assert ran == [2, 2] and fewer.id == done.id
    pd.testing.assert_frame_equal(fewer.differences, done.differences)


@pytest.mark.slow
def test_a_folder_with_another_reference_is_extended_from_the_command_line(tmp_path, monkeypatch):
    without_pictures(monkeypatch)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "mine"
    folder.mkdir()
    early, late = (NO_STAY.replace("2013-04", month) for month in ("2012-04", "2012-07"))
    for name, levers in (("a-late", late), ("b-no-stay", early), ("c-closed", CLOSED)):
        path = Path(scenario_file(folder, name, levers))
        path.write_text(path.read_text(encoding="utf-8").replace("2014-12}", "2012-12}"), encoding="utf-8")
    arguments = ["compare", "mine", "--reference", "b-no-stay", "--scale", "0.02", "--draws", "prior", "--no-spells"]
    # No whole year follows: the table of groups is empty, and can be published all the same.
    arguments += ["--jobs", "1", "--seed", "5", "--publish", "--format", "csv"]
    first = CliRunner().invoke(main, [*arguments, "--replicates", "2"])
    assert first.exit_code == 0, first.output
    assert "compared with b-no-stay" in first.output and "reusing" not in first.output
    out = tmp_path / "outputs" / "a-late-and-c-closed-vs-b-no-stay"
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["reference"] == "b-no-stay" and manifest["scenarios"] == ["a-late", "c-closed"]
    assert set(pd.read_parquet(out / "differences.parquet")["scenario"]) == {"a-late", "c-closed"}
    assert not (out / "twins.parquet").exists() and (out / "balance.parquet").exists()
    ran = []
    simulate = experiment._simulate
    monkeypatch.setattr(experiment, "_simulate", lambda plan, parts, j: (ran.append(j), simulate(plan, parts, j)))
    more = CliRunner().invoke(main, [*arguments, "--replicates", "3"])
    assert more.exit_code == 0, more.output
    assert ran == [2, 2, 2], "only the third replicate of each scenario is run"
    again = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert again["replicates"] == 3 and again["run_id"] != manifest["run_id"]
    assert (pd.read_parquet(out / "differences.parquet")["n"] == 3).all()
    # A finished run in outputs/<scenario> of the same content is used in another comparison.
    (out / "runs" / "a-late").rename(tmp_path / "outputs" / "a-late")
    (out / "runs" / "c-closed").rename(tmp_path / "outputs" / "c-closed")
    arguments[3] = "a-late"
    other = CliRunner().invoke(main, [*arguments, "--replicates", "3", "--out", "outputs/two"])
    assert other.exit_code == 0, other.output
    assert "reusing the finished run of a-late" in other.output and "finished run of c-closed" in other.output
    assert ran == [2, 2, 2], "the run of b-no-stay is found in the folder of the first comparison"


def test_runs_that_do_not_belong_together_are_not_paired(runs):
    reference, scenario = runs.reference, runs.scenarios[0]
    other = RunFolder(scenario.folder.path, {**scenario.folder.manifest, "seed": 4})
    with pytest.raises(PairingError, match="seed is 4, but 3"):
        Runs.of(reference, [Run(other, 2)])
    with pytest.raises(PairingError, match="1 replicates, but 2"):
        Runs.of(reference, [replace(scenario, replicates=1)])
    with pytest.raises(PairingError, match="two scenarios are called reference"):
        Runs.of(reference, [reference])


# ---------------------------------------------------------------------------------------------------------
# Exports and the screen


def test_every_column_of_every_table_stands_in_the_documents(done):
    text = (Path(__file__).parents[1] / "docs" / "outputs.md").read_text(encoding="utf-8")
    text = text.partition("## The folder of a comparison")[2].partition("## What is published")[0]
    missing = {(name, str(c)) for name, frame in done.frames.items() for c in frame.columns if f"`{c}`" not in text}
    parts = {
        f"{part}{end}" for part in ("change", "behaviour", "measurement", "outside", "latent") for end in ("_lo", "_hi")
    }
    assert {column for _, column in missing} == parts, "of these the ends are told once for all"
    assert all(f"`{key}`" in text for told in done.proof.values() for key in told)
    assert all(f"`{name}.parquet`" in text for name in done.frames)


def sheets_of(path):
    """Every sheet of a workbook as a frame, read by another program than the one that wrote it."""
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl comes with the extra test")
    book = openpyxl.load_workbook(path, read_only=True)
    out = {}
    for name in book.sheetnames:
        rows = [list(row) for row in book[name].iter_rows(values_only=True)]
        out[name] = pd.DataFrame(rows[1:], columns=rows[0])
    return out


@pytest.fixture(scope="module")
def shown(done, place):
    """The tables of the workbook of a published comparison with levels."""
    pytest.importorskip("xlsxwriter", reason="xlsxwriter comes with the extra excel")
    with pytest.MonkeyPatch.context() as patch:
        without_pictures(patch)
        patch.chdir(place)
        output = comparing.Output(format="xlsx", publish=True, show_levels=True)
        comparing.compare_scenarios(request(place, output=output), warn=lambda text: None)
        found = sheets_of(place / "out" / "tables.xlsx")
        manifest = json.loads((place / "out" / "manifest.json").read_text(encoding="utf-8"))
        assert "levels.parquet" in manifest["outputs"]
        # And without levels, as CSV, for the tests that follow.
        output = comparing.Output(format="csv", publish=True)
        comparing.compare_scenarios(request(place, output=output), warn=lambda text: None)
        assert not (place / "out" / "levels.csv").exists() and not (place / "out" / "levels.parquet").exists()
        assert not (place / "out" / "tables.xlsx").exists()
        csv = {file.stem: pd.read_csv(file) for file in (place / "out").glob("*.csv")}
        assert set(csv) == set(found) - {"Overview", "about", "units", "levels"}
    return found


UNCOUNTED_ALONE = {"exit:videre", "exit:dod", "inflow"}


def is_uncounted(outcome):
    """By hand: all but those in centres, flows without a hidden strategy, counted exits and counted outcomes."""
    kind, _, name = outcome.partition(":")
    if kind in ("stock", "person_months"):
        return name != "synlig"
    if kind == "flow":
        return bool(set(name.split(">")) & set(HIDDEN))
    if kind == "outcome":
        return name not in {
            *("child_months_in_centre", "child_centre_moves", "offences_reported", "detention_days"),
            *("centre_bed_days", "inspections", "fines_nok", "back_pay_nok"),
        }
    return outcome in UNCOUNTED_ALONE


def test_every_published_table_tells_hidden_strategies_on_one_scale(shown):
    about = dict(shown["about"].iloc[:, :2].to_numpy().tolist())
    assert about["reference"] == "reference"
    assert not {"twins", "twin_lives", "sequences", "apart"} & set(shown)
    seen = 0
    for name, table in shown.items():
        assert not {"person", "persons", "at_risk", "moves", "total"} & set(table), name
        if name in ("Overview", "units") or "outcome" not in table or name == "evidence":
            continue
        hidden = table["outcome"].map(is_uncounted).astype(bool)
        seen += int(hidden.sum())
        assert set(table[hidden]["unit"]) <= {"percent"} and "percent" not in set(table[~hidden]["unit"]), name
        assert (table[hidden]["reference_mean"].dropna().astype(float) == 100.0).all(), name
        if "nok_mean" in table:
            assert table[hidden]["nok_mean"].isna().all()
    assert seen > 500
    latent = shown["measured"]
    assert (latent["latent_outcome"].map(is_uncounted) == (latent["latent_unit"] == "percent")).all()
    assert "latent_reference" not in latent
    balance = shown["balance"]
    assert set(balance[balance["state"].isin([*HIDDEN, "videre", "dod", "inflow"])]["unit"]) == {"percent"}


def test_no_published_cell_stands_for_fewer_than_five(done, shown):
    for name, keys in (
        ("key_figures", ["outcome"]),
        ("cities", ["city", "outcome"]),
        ("groups", ["dimension", "group", "outcome"]),
        ("differences", ["month", "outcome"]),
    ):
        exact = done.frames[name].set_index(keys)
        kinds = exact.index.get_level_values("outcome").str.partition(":").get_level_values(0)
        persons = kinds.isin(["stock", "exit", "flow", "person_months"])
        unit = exact["unit"] if "unit" in exact else np.where(persons, "persons", "NOK")
        behind = pd.concat([exact["reference_mean"], exact["reference_mean"] + exact["mean"]], axis=1).abs().max(axis=1)
        is_small = behind.between(0, 5, inclusive="neither") & np.isin(unit, ["persons", "person-months", "count"])
        table = shown[name].set_index(keys)
        small = table.index.intersection(exact.index[is_small])
        assert len(small) > 0, name
        assert table.loc[small, "mean"].isna().all() and table.loc[small, "suppressed"].astype(bool).all(), name
        counts = table[(table["unit"] == "persons") & ~table["suppressed"].astype(bool)]
        assert (counts["mean"].astype(float) % 5 == 0).all(), name


def test_percentages_are_those_of_the_exact_tables(done, shown):
    exact = done.key_figures.set_index("outcome").loc["stock:fritt_fall"]
    row = shown["key_figures"].set_index("outcome").loc["stock:fritt_fall"]
    for column in ("mean", "mc_se"):
        assert row[column] == pytest.approx(100 * exact[column] / exact["reference_mean"], abs=0.051)
    for column in ("lo", "hi"):  # ratios of the replicates
        assert row[column] == pytest.approx(exact[f"percent_{column}"], abs=0.051) and row[column] >= -100.0
    months = done.differences.query("outcome == 'stock:fritt_fall'").set_index("month")
    told = shown["differences"].query("outcome == 'stock:fritt_fall'").set_index("month")
    since = months[months.index >= SINCE]
    so_far = 100 * since["mean"].sum() / since["reference_mean"].sum()
    assert told["cumulative_mean"].iloc[-1] == pytest.approx(so_far, abs=0.051)
    assert (told[told.index < SINCE]["cumulative_mean"] == 0.0).all()


def test_levels_are_intervals_with_the_sentence_and_only_on_request(shown):
    table = shown["levels"]
    assert list(table.columns) == ["scenario", "month", "strategy", "q025", "q975", "note"]
    assert set(table["scenario"]) == {"reference", "no-stay"} and set(table["strategy"]) == {*HIDDEN, "all_hidden"}
    assert set(table["month"]) == {"2012-12", "2013-12", "2014-12"}
    assert (table["q025"] <= table["q975"]).all() and (table[["q025", "q975"]] % 5 == 0).all(axis=None)
    assert table["note"].str.contains("follows from assumptions").all()


@pytest.mark.slow  # the pictures and the page of hand-made tables are tested for the same in seconds
def test_readers_of_the_page_get_no_level_to_derive(done, place, monkeypatch):
    """The page and the pictures read tables on one scale; the files stay exact."""
    without_pictures(monkeypatch)
    monkeypatch.chdir(place)
    given = {}
    render = folder_of_comparison.for_readers
    monkeypatch.setattr(
        folder_of_comparison, "for_readers", lambda frames, units: given.update(render(frames, units)) or given
    )
    comparing.compare_scenarios(request(place), warn=lambda text: None)
    for name in ("differences", "key_figures", "cities", "groups", "responses", "costs"):
        hidden = given[name]["outcome"].map(is_uncounted).astype(bool)
        assert set(given[name][hidden]["unit"]) <= {"percent"}, name
        assert (given[name][hidden]["reference_mean"] == 100.0).all()
    assert "apart" not in given
    for name, table in given.items():
        assert not {"persons", "at_risk", "moves", "total", "entered", "left"} & set(table), name
        if name in ("survival", "incidence", "sequences"):
            assert set(table["cohort"]) == {"entered"}, name
    exact = pd.read_parquet(place / "out" / "key_figures.parquet").set_index("outcome")
    assert exact.loc["stock:hidden", "unit"] == "persons" and exact.loc["stock:hidden", "reference_mean"] > 100


def test_the_command_tells_what_it_found(done, place, monkeypatch):
    without_pictures(monkeypatch)
    monkeypatch.chdir(place)
    arguments = ["compare", "reference.yaml", "no-stay.yaml", "--replicates", "2", "--scale", "0.03", "--jobs", "1"]
    arguments += ["--draws", "prior", "--out", "out", "--city", "Bergen"]
    answer = CliRunner().invoke(main, arguments)
    assert answer.exit_code == 0, answer.output
    assert f"Comparison {done.id}: 2 replicates, 2012-01 to 2014-12, compared with reference" in answer.output
    assert "no-stay: Short (from 2013-04)" in answer.output
    assert "too few replicates: " in answer.output and "; --replicates " in answer.output
    assert "the page is out/report.html" in answer.output
    page = (place / "out" / "report.html").read_text(encoding="utf-8")
    assert "Bergen" in page and "http-equiv" in page
    command = json.loads((place / "out" / "manifest.json").read_text(encoding="utf-8"))["command"]
    assert command.startswith("irregsim compare reference.yaml no-stay.yaml --replicates 2")
    again = CliRunner().invoke(main, ["reproduce", "out"])
    assert again.exit_code == 2 and "one of its runs (reference, no-stay)" in again.output


def test_the_function_is_the_function_however_it_is_reached():
    code = (
        "import irregsim.study.comparison.pairs, irregsim.commands.compare, irregsim; assert callable(irregsim.compare)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert irregsim.compare is comparing.compare


@pytest.mark.once
def test_a_format_of_ones_own_is_written_for_a_comparison(done, place, monkeypatch):
    """The last test here, since it replaces the CSV files of the folder. Of a run: tests/test_cli.py."""

    def of_comparison(tables):
        (tables.target / "tables.txt").write_text(",".join(tables.frames), encoding="utf-8")

    without_pictures(monkeypatch)
    monkeypatch.chdir(place)
    own = formats.Format("txt", "names", lambda tables: None, of_comparison)
    monkeypatch.setitem(formats.FORMATS, "txt", own)
    again = comparing.compare_scenarios(request(place, output=comparing.Output(format="txt")), warn=lambda text: None)
    assert set(again.reused) == {"reference", "no-stay"}
    assert (place / "out" / "tables.txt").read_text(encoding="utf-8") == ",".join(done.frames)
    manifest = json.loads((place / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["format"] == "txt" and "tables.txt" in manifest["outputs"]
    assert not list((place / "out").glob("*.csv"))


def test_a_run_of_a_comparison_can_be_reproduced_though_it_has_no_pictures(done):
    folder = done.folder / "runs" / "no-stay"
    assert not (folder / "plots").exists()
    found = reproduce(folder, jobs=1)
    assert found.differ == {} and "stocks.parquet" in found.compared
