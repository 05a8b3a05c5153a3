"""Where did they go: an exact balance from stocks and flows, and the same persons followed in both runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from irregsim.storage.folder import FolderError
from irregsim.study.comparison.lives.balance import (
    ACCOUNTS,
    ALLUVIAL_COLUMNS,
    BALANCE_COLUMNS,
    BalanceError,
    accounts,
    check_balance,
    check_crossed,
    crossed,
)
from irregsim.study.comparison.lives.states import EXITS, NOT_HERE, STATES, STRATEGIES, Window
from irregsim.study.comparison.lives.tables import joined, paired_tables, window_of
from irregsim.vocabulary.codes import month_number
from paired_runs import FIRST, LAST, REPLICATES, WINDOW, overlay_by_hand, paired_runs, run

pytestmark = pytest.mark.once

DECEMBERS = ["2014-12", "2015-12"]
SIDES = (("reference", "reference_state"), ("scenario", "scenario_state"))


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return paired_runs(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def tables(folders) -> dict[str, pd.DataFrame]:
    return paired_tables(*folders, name="changed", first_effective=FIRST).tables


def flows_of(folder) -> pd.DataFrame:
    flows = pd.read_parquet(folder.path / "flows.parquet")
    return flows[(flows["month"] >= "2014-01") & (flows["origin"] != "opening")]


# ---------------------------------------------------------------------------------------------------------
# Balance


def test_the_columns_are_those_that_readers_rely_on_and_nothing_is_missing(tables):
    for name, columns in (("balance", BALANCE_COLUMNS), ("alluvial", ALLUVIAL_COLUMNS)):
        assert tuple(tables[name].columns) == columns
        assert not tables[name].isna().any(axis=None)
        assert set(tables[name]["scenario"]) == {"changed"}
        assert list(tables[name]["to_month"].unique()) == DECEMBERS


def test_strategies_and_exits_add_up_to_the_inflow(tables):
    balance = tables["balance"].pivot(index="to_month", columns="state", values="change_in_state")
    added = balance[[*STRATEGIES, *EXITS]].sum(axis=1)
    assert added.to_numpy() == pytest.approx(balance["inflow"].to_numpy(), abs=1e-9)
    assert (balance["inflow"] > 0).all(), "the scenario has more inflow, else the account says too little"
    assert (balance["synlig"] < 0).all(), "and nobody stays in a centre"


def test_what_entered_less_what_left_is_the_change_of_a_strategy(tables):
    balance = tables["balance"]
    strategy = balance[balance["kind"] == "strategy"]
    assert (strategy["entered"] - strategy["left"]).to_numpy() == pytest.approx(strategy["change_in_state"], abs=1e-9)
    assert (strategy["entered"] != 0).any()


def test_moves_within_a_strategy_are_neither_entered_nor_left(folders, tables):
    """Moves between districts are flows too, but nobody enters or leaves the strategy by them."""
    moves = []
    for folder in folders:
        flows = flows_of(folder)
        into = flows[(flows["destination"] == "avhengig")]
        moves.append(into[into["origin"] != "avhengig"]["persons"].sum() / REPLICATES)
        assert (into["origin"] == "avhengig").any()
    told = tables["balance"].query("to_month == '2015-12' and state == 'avhengig'")["entered"]
    assert told.item() == pytest.approx(moves[1] - moves[0])


def test_the_balance_is_that_of_the_tables_of_the_runs(folders, tables):
    """Stocks, exits and inflow by pandas, from the files themselves."""
    balance = tables["balance"].set_index(["to_month", "state"])
    assert list(balance.loc["2015-12"].index) == list(ACCOUNTS)
    for side, folder in zip(("reference_mean", "scenario_mean"), folders, strict=True):
        stocks = pd.read_parquet(folder.path / "stocks.parquet")
        flows = flows_of(folder)
        for month in DECEMBERS:
            stock = stocks[stocks["month"] == month].groupby("strategy")["persons"].sum() / REPLICATES
            until = flows[flows["month"] <= month]
            out = until[until["destination"].isin(EXITS)].groupby("destination")["persons"].sum() / REPLICATES
            come = until[until["origin"] == "inflow"]["persons"].sum() / REPLICATES
            expected = {**dict.fromkeys(ACCOUNTS, 0.0), **stock, **out, "inflow": come}
            assert balance.loc[month, side].to_dict() == pytest.approx(expected)


def test_intervals_are_quantiles_of_paired_changes(folders, tables):
    by_replicate = [
        pd.read_parquet(folder.path / "stocks.parquet")
        .query("month == '2015-12' and strategy == 'avhengig'")
        .groupby("replicate")["persons"]
        .sum()
        for folder in folders
    ]
    lo, hi = np.quantile((by_replicate[1] - by_replicate[0]).to_numpy(), [0.025, 0.975])
    row = tables["balance"].query("to_month == '2015-12' and state == 'avhengig'").iloc[0]
    assert (row["lo"], row["hi"]) == pytest.approx((lo, hi))
    assert row["n"] == REPLICATES


def test_a_person_lost_on_the_way_is_noticed(folders):
    reference, scenario = (accounts(folder, 0, WINDOW) for folder in folders)
    check_balance(reference, scenario)
    state = scenario.state.copy()
    state[-1, ACCOUNTS.index("videre")] -= 1
    with pytest.raises(BalanceError, match="do not add up"):
        check_balance(reference, replace(scenario, state=state))


@pytest.mark.slow
def test_without_spells_there_is_still_the_balance(folders, tmp_path):
    again = run(tmp_path, "nospells")
    made = paired_tables(again, folders[1], name="changed", first_effective=FIRST)
    assert set(made.tables) == {"balance"}
    assert made.first_parting is None
    # The same reference, with and without spells, has the same stocks.
    pd.testing.assert_frame_equal(
        made.tables["balance"], paired_tables(*folders, name="changed", first_effective=FIRST).tables["balance"]
    )


# ---------------------------------------------------------------------------------------------------------
# The same persons in both runs


def test_rows_and_columns_add_up_to_both_stocks(folders, tables):
    alluvial = tables["alluvial"]
    for (_, column), folder in zip(SIDES, folders, strict=True):
        stocks = pd.read_parquet(folder.path / "stocks.parquet")
        for month in DECEMBERS:
            at = alluvial[alluvial["to_month"] == month]
            there = at.groupby(column)["total"].sum()
            stock = stocks[stocks["month"] == month].groupby("strategy")["persons"].sum()
            assert there[there.index.isin(STRATEGIES)].to_dict() == stock[stock > 0].to_dict()


def test_rows_and_columns_add_up_to_both_sums_of_exits(folders, tables):
    """All exits since the first effective month, but for those who came back and visitors who never stayed."""
    alluvial = tables["alluvial"]
    for (_, column), folder in zip(SIDES, folders, strict=True):
        flows, spells = flows_of(folder), pd.read_parquet(folder.path / "spells.parquet")
        for month in DECEMBERS:
            until = flows[(flows["month"] <= month) & (flows["origin"] != "inflow")]
            gone = until[until["destination"].isin(EXITS)].groupby("destination")["persons"].sum()
            over = spells[(spells["end"] >= "2014-01") & spells["destination"].isin(EXITS)]
            following = spells.groupby(["replicate", "person"])["start"].shift(-1)[over.index]
            back = over[(following <= month)].groupby("destination").size()
            expected = gone.sub(back, fill_value=0)
            at = alluvial[alluvial["to_month"] == month].groupby(column)["total"].sum()
            assert at[at.index.isin(EXITS)].to_dict() == expected[expected > 0].to_dict()
            assert month < "2015-12" or back.sum() > 0, "somebody came back, else the account says too little"


def test_means_are_totals_over_replicates(tables):
    alluvial = tables["alluvial"]
    assert (alluvial["persons"] * alluvial["n"]).to_numpy() == pytest.approx(alluvial["total"].to_numpy())
    assert (alluvial["lo"] <= alluvial["persons"]).all() and (alluvial["persons"] <= alluvial["hi"]).all()


def test_persons_who_come_in_one_run_only_are_told_of(tables):
    new = tables["alluvial"].query("to_month == '2015-12' and reference_state == @NOT_HERE")
    assert new["total"].sum() > 0
    assert not ((tables["alluvial"][["reference_state", "scenario_state"]] == NOT_HERE).all(axis=1)).any()


def test_five_lives_by_hand():
    """Months 10 to 11: one stays, one moves, one leaves, one comes back from legal stay, one comes in one run only."""
    window = Window(10, 11)
    before = {
        1: [("synlig", 5)],
        2: [("synlig", 5)],
        3: [("fritt_fall", 9)],
        4: [("avhengig", 2, 10, "midlertidig", "temporary_permit")],
    }
    after = {
        1: [("synlig", 5)],
        2: [("synlig", 5, 10, "fritt_fall", "walkout"), ("fritt_fall", 10)],
        3: [("fritt_fall", 9, 11, "videre", "onward")],
        4: [("avhengig", 2, 10, "midlertidig", "temporary_permit"), ("fritt_fall", 11)],
        5: [("arbeidende", 11)],
    }
    table = crossed(overlay_by_hand(before, after, window))
    assert table.shape == (1, len(STATES), len(STATES)), "the last month only: there is no December"
    found = {(STATES[a], STATES[b]): int(table[0, a, b]) for a, b in np.argwhere(table[0])}
    assert found == {
        ("synlig", "synlig"): 1,
        ("synlig", "fritt_fall"): 1,
        ("fritt_fall", "videre"): 1,
        ("midlertidig", "fritt_fall"): 1,
        (NOT_HERE, "arbeidende"): 1,
    }


def test_two_moves_in_one_month_count_as_where_they_lead():
    lives = {1: [("synlig", 5, 10, "fritt_fall", "walkout"), ("fritt_fall", 10, 10, "videre", "onward")]}
    both = overlay_by_hand({1: [("synlig", 5)]}, lives, Window(10, 12))
    assert [STATES[code] for code in both.scenario.state[0]] == ["synlig", "videre", "videre", "videre"]


def test_lives_that_are_not_those_of_the_stocks_are_noticed(folders):
    reference, scenario = (accounts(folder, 0, WINDOW) for folder in folders)
    table = np.zeros((2, len(STATES), len(STATES)), dtype=np.int64)
    with pytest.raises(BalanceError, match="same persons"):
        check_crossed(table, reference, scenario)


# ---------------------------------------------------------------------------------------------------------
# Pairing


def test_a_run_beside_itself_differs_in_nothing(folders):
    made = paired_tables(folders[0], folders[0], name="same", first_effective=FIRST)
    assert (made.tables["balance"][["change_in_state", "lo", "hi", "entered", "left"]] == 0).all(axis=None)
    alluvial = made.tables["alluvial"]
    assert len(alluvial) and (alluvial["reference_state"] == alluvial["scenario_state"]).all()
    assert made.first_parting is None
    assert len(made.tables["twins"]) == len(made.tables["partings"]) == 0
    assert (made.tables["apart"]["persons"] == 0).all()
    for name in ("survival", "incidence", "transitions", "mean_time", "chronogram"):
        table = made.tables[name]
        value = table.columns[[c in ("survival", "incidence", "rate", "months", "share") for c in table]][-1]
        assert (table[table["side"] == "difference"][value] == 0).all(), name
        assert (table[table["side"] == "scenario"][value] != 0).any(), name


def test_the_tables_are_the_same_whatever_the_number_of_processes(folders, tables):
    again = paired_tables(*folders, name="changed", first_effective=FIRST, jobs=2).tables
    assert list(again) == list(tables)
    for name, table in tables.items():
        pd.testing.assert_frame_equal(again[name], table, check_exact=True)


def test_only_the_replicates_asked_for_are_compared(folders):
    assert set(paired_tables(*folders, name="x", first_effective=FIRST, replicates=1).tables["balance"]["n"]) == {1}


def test_scenarios_are_put_below_each_other(folders):
    made = [paired_tables(*folders, name=name, first_effective=FIRST, replicates=1) for name in ("one", "two")]
    tables = joined(made)
    assert list(tables["balance"]["scenario"].unique()) == ["one", "two"]
    assert len(tables["twins"]) == 2 * len(made[0].tables["twins"])


@pytest.mark.slow
def test_runs_of_other_periods_are_cut_or_refused(folders, tables, tmp_path):
    longer = run(tmp_path, "longer", "", "2016-06", "--spells")
    assert window_of(longer, folders[1], FIRST) == Window(FIRST, LAST)
    # What comes after the last common month has not happened yet: every table is as if both ended there.
    cut = paired_tables(longer, folders[1], name="changed", first_effective=FIRST).tables
    for name, table in tables.items():
        pd.testing.assert_frame_equal(cut[name], table, check_exact=True)
    assert window_of(*folders, month_number("2010-01")).first == month_number("2012-01"), "not before the period"
    with pytest.raises(ValueError, match="after the last month"):
        window_of(*folders, LAST + 1)
    longer.manifest["scenario"]["period"]["start"] = "2013-01"
    with pytest.raises(FolderError, match="only from the same month on"):
        window_of(longer, folders[1], FIRST)
