"""Life courses of two paired runs: time to exit against hand calculation and lifelines, the rest against the runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from irregsim.present.publication.lives import published
from irregsim.study.comparison.lives.course_tables import (
    CHRONOGRAM_COLUMNS,
    INCIDENCE_COLUMNS,
    LEAST_AT_RISK,
    MEAN_TIME_COLUMNS,
    SEQUENCE_COLUMNS,
    STILL_PRESENT_COLUMNS,
    TRANSITION_COLUMNS,
    lives_tables,
)
from irregsim.study.comparison.lives.courses import SAMPLE, TimeToExit, lives_of, states_by_clock, time_to_exit
from irregsim.study.comparison.lives.states import EXITS, LASTS, STATES, STRATEGIES, Window
from irregsim.study.comparison.lives.tables import paired_tables
from irregsim.vocabulary.codes import HIDDEN, month_number
from paired_runs import FIRST, LAST, REPLICATES, overlay_by_hand, paired_runs

pytestmark = pytest.mark.once

COLUMNS = {
    "chronogram": CHRONOGRAM_COLUMNS,
    "sequences": SEQUENCE_COLUMNS,
    "mean_time": MEAN_TIME_COLUMNS,
    "transitions": TRANSITION_COLUMNS,
    "survival": STILL_PRESENT_COLUMNS,
    "incidence": INCIDENCE_COLUMNS,
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return paired_runs(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def tables(folders) -> dict[str, pd.DataFrame]:
    return paired_tables(*folders, name="changed", first_effective=FIRST).tables


def spells_of(folder) -> pd.DataFrame:
    """Spells with months as numbers; what lasts ends one month after the run."""
    table = pd.read_parquet(folder.path / "spells.parquet")
    numbers = {text: month_number(text) for c in ("start", "end", "entry_month") for text in table[c].dropna().unique()}
    return table.assign(
        begin=table["start"].map(numbers),
        stop=table["end"].map(numbers).fillna(LAST + 1).astype(int),
        entry=table["entry_month"].map(numbers),
    )


# ---------------------------------------------------------------------------------------------------------
# Time to exit

WINDOW = Window(24, 59)

#: Month became irregular, month of the first exit in months 24 to 59, which exit. Some came before month 24 (delayed
#: entry), some are censored, several go at the same time.
PEOPLE = (
    (10, 24, 0), (10, 30, 3), (20, 31, 3), (22, 33, 1), (23, LASTS, -1), (24, 24, 3), (25, 31, 3), (26, 38, 0),
    (30, LASTS, -1), (31, 45, 3), (33, 47, 4), (40, 41, 3), (41, LASTS, -1), (50, 58, 1), (55, 59, 0), (59, LASTS, -1),
)  # fmt: skip

#: lifelines 0.30.3, KaplanMeierFitter().fit(until + 1, event, entry=late): from that month on.
LIFELINES_KAPLAN_MEIER = {
    0: 0.9090909090909092,
    1: 0.8181818181818182,
    4: 0.7438016528925621,
    6: 0.6694214876033059,
    8: 0.5950413223140495,
    11: 0.44628099173553715,
    12: 0.3719008264462809,
    14: 0.2125147579693034,
    20: 0.14167650531286893,
}

#: All seen from the beginning, three of them censored early, no two exits at the same time.
UNTIED = (
    (24, 27, 3), (24, 29, 0), (24, 32, 3), (50, LASTS, -1), (24, 37, 3), (24, 41, 0), (45, LASTS, -1), (24, 44, 3),
    (24, LASTS, -1), (24, 52, 4), (40, LASTS, -1),
)  # fmt: skip

#: lifelines 0.30.3, AalenJohansenFitter().fit(until + 1, exit, event_of_interest): from that month on, by exit.
LIFELINES_AALEN_JOHANSEN = {
    0: {0: 0.0, 5: 0.0909090909, 17: 0.2155844156},
    3: {0: 0.0, 3: 0.0909090909, 8: 0.1818181818, 13: 0.2857142857, 20: 0.4519480519},
    4: {0: 0.0, 28: 0.1662337662},
}


def curve(people: tuple[tuple[int, int, int], ...]) -> TimeToExit:
    became, gone, exit_ = (np.array(column) for column in zip(*people, strict=True))
    return time_to_exit(gone, exit_, became, np.maximum(WINDOW.first - became, 0), WINDOW)


def steps(values: dict[int, float], months: int) -> np.ndarray:
    """A function of steps, from the month at which each begins."""
    return np.array([values[max(m for m in values if m <= month)] for month in range(months)])


def test_five_persons_by_hand():
    """Two present since months 20 and 22, who come under observation late, and three who enter."""
    people = ((20, 25, 0), (22, LASTS, -1), (24, 25, 3), (30, LASTS, -1), (58, LASTS, -1))
    counts = curve(people)
    # 24: at risk from t = 0 to 1; 30: to 29; 58: to 1; 22: from 2 to 37; 20: from 4 to 5.
    assert counts.at_risk[:7].tolist() == [3, 3, 2, 2, 3, 3, 2]
    assert counts.exits[1].tolist() == [0, 0, 0, 1, 0, 0, 0]
    assert counts.still_present()[[0, 1, 4, 5, 37]] == pytest.approx([1, 2 / 3, 2 / 3, 4 / 9, 4 / 9])
    assert counts.incidence()[-1, [0, 3]] == pytest.approx([2 / 9, 1 / 3])


def test_kaplan_and_meier_with_delayed_entry_as_lifelines_has_it():
    share = curve(PEOPLE).still_present()
    expected = steps(LIFELINES_KAPLAN_MEIER, len(share))
    assert share == pytest.approx(expected, abs=1e-12)


def test_cumulative_incidence_as_lifelines_has_it():
    incidence = curve(UNTIED).incidence()
    for exit_, values in LIFELINES_AALEN_JOHANSEN.items():
        assert incidence[:, exit_] == pytest.approx(steps(values, len(incidence)), abs=1e-9)
    assert not incidence[:, [1, 2, 5, 6]].any()


person = st.tuples(st.integers(0, 59), st.integers(0, 60), st.integers(0, len(EXITS) - 1))


@given(st.lists(person, min_size=1, max_size=60))
def test_all_are_still_present_or_gone_by_some_exit(drawn):
    people = []
    for became, months, exit_ in drawn:
        gone = max(became, WINDOW.first) + months
        people.append((became, gone, exit_) if gone <= WINDOW.last else (became, LASTS, -1))
    counts = curve(tuple(people))
    assert (counts.at_risk >= counts.exits.sum(axis=1)).all()
    assert counts.at_risk.max() <= len(people)
    total = counts.still_present() + counts.incidence().sum(axis=1)
    assert total == pytest.approx(np.ones(len(total)), abs=1e-12)


@given(st.lists(st.integers(0, 35), min_size=1, max_size=60))
def test_with_nobody_late_or_censored_it_is_the_plain_share(months):
    counts = curve(tuple((24, 24 + m, 3) for m in months))
    plain = [np.mean(np.array(months) > month) for month in range(len(counts.at_risk))]
    assert counts.still_present() == pytest.approx(plain, abs=1e-12)


def test_those_present_in_the_run_go_as_their_spells_say(folders, tables):
    """Nobody present is censored before the end: the share still present is a plain share, by pandas."""
    for side, folder in zip(("reference", "scenario"), folders, strict=True):
        spells = spells_of(folder)
        shares, counts = [], []
        for _, own in spells.groupby("replicate"):
            here = own[(own["begin"] < FIRST) & (own["stop"] >= FIRST)]["person"]
            mine = own[own["person"].isin(here) & own["destination"].isin(EXITS) & (own["stop"] >= FIRST)]
            first = mine.groupby("person")["stop"].min()
            shares.append([1 - (first <= month).sum() / len(here) for month in range(FIRST - 1, LAST + 1)])
            counts.append(len(here))
        told = tables["survival"].query("cohort == 'present'")
        told = told[told["side"] == side]
        assert told["months"].tolist() == list(range(LAST - FIRST + 2)), "month 1 is the first effective month"
        assert told["survival"].to_numpy() == pytest.approx(np.mean(shares, axis=0))
        assert told["at_risk"].iloc[0] == np.mean(counts)


def test_at_risk_since_becoming_irregular_counts_the_late_only_from_the_scenario_on(folders, tables):
    """Who is present at first comes under observation at the age, in months, of the first effective month."""
    spells = spells_of(folders[0])
    own = spells[(spells["stop"] >= FIRST) & (spells["replicate"] == 0)]
    first = (
        own.sort_values(["person", "begin"]).groupby("person").agg(entry=("entry", "first"), begin=("begin", "first"))
    )
    # Those away at first who come back are in no cohort.
    first = first[(first["begin"] < FIRST) | (first["entry"] >= FIRST)]
    exits = own[own["destination"].isin(EXITS)].groupby("person")["stop"].min().reindex(first.index)
    seen = (first["entry"].clip(lower=FIRST) - first["entry"]).to_numpy()
    until = (exits.fillna(LAST).astype(int) - first["entry"]).to_numpy()
    curve = paired_tables(*folders, name="x", first_effective=FIRST, replicates=1).tables["survival"]
    told = curve.query("cohort == 'all' and side == 'reference'")
    expected = [((seen <= t) & (until >= t)).sum() for t in told["months"]]
    assert told["at_risk"].tolist() == expected
    assert (seen > 0).any() and (seen == 0).any()


def test_incidence_and_presence_add_up_in_the_tables(tables):
    still = tables["survival"].set_index(["side", "cohort", "months"])["survival"]
    gone = tables["incidence"].groupby(["side", "cohort", "months"])["incidence"].sum()
    total = (still + gone).reset_index(name="total")
    wanted = np.where(total["side"] == "difference", 0.0, 1.0)
    assert total["total"].to_numpy() == pytest.approx(wanted, abs=1e-12)
    assert set(still.index.get_level_values("cohort")) == {"present", "entered", "all"}


def test_differences_are_paired(tables):
    for name, keys, value in (
        ("survival", ["cohort", "months"], "survival"),
        ("mean_time", ["cohort", "strategy"], "months"),
        ("transitions", ["cohort", "origin", "destination"], "moves"),
    ):
        wide = tables[name].pivot(index=keys, columns="side", values=value)
        assert (wide["scenario"] - wide["reference"]).to_numpy() == pytest.approx(wide["difference"].to_numpy())
        assert (wide["difference"] != 0).any()


def test_curves_end_while_enough_are_at_risk(tables):
    sides = tables["survival"][tables["survival"]["side"] != "difference"]
    assert (sides["at_risk"] >= LEAST_AT_RISK).all()


def test_a_cohort_too_small_for_a_curve_has_none():
    both = overlay_by_hand({1: [("synlig", 3)]}, {1: [("synlig", 3, 12, "videre", "onward")]}, Window(10, 20))
    made = lives_tables("x", [lives_of(both)])
    assert len(made["survival"]) == len(made["incidence"]) == 0
    assert list(made["survival"].columns) == list(STILL_PRESENT_COLUMNS)
    assert len(made["mean_time"]) > 0


# ---------------------------------------------------------------------------------------------------------
# States, sequences, rates


def test_the_columns_are_those_that_readers_rely_on_and_nothing_is_missing(tables):
    for name, columns in COLUMNS.items():
        assert tuple(tables[name].columns) == columns
        assert len(tables[name]) > 0
        assert not tables[name].isna().any(axis=None)
        sides = {"reference", "scenario"} if name == "sequences" else {"reference", "scenario", "difference"}
        assert set(tables[name]["side"]) == sides


def test_shares_of_a_month_add_up(tables):
    total = tables["chronogram"].groupby(["side", "cohort", "months_since"])["share"].sum()
    sides = total.drop(index="difference")
    assert sides.to_numpy() == pytest.approx(np.ones(len(sides)))
    assert total["difference"].to_numpy() == pytest.approx(np.zeros(len(total["difference"])), abs=1e-12)


def test_those_present_begin_as_the_stock_before_the_scenario(folders, tables):
    stocks = pd.read_parquet(folders[0].path / "stocks.parquet").query("month == '2013-12'")
    stock = stocks.groupby("strategy")["persons"].sum()
    begin = tables["chronogram"].query("cohort == 'present' and months_since == 0 and side != 'difference'")
    assert begin["persons"].unique().tolist() == [stock.sum() / REPLICATES]
    for _, side in begin.groupby("side"):
        shares = side.set_index("state")["share"]
        assert shares[list(STRATEGIES)].to_dict() == pytest.approx((stock / stock.sum()).to_dict())
        assert (shares.drop(list(STRATEGIES)) == 0).all()


def test_everybody_who_enters_is_followed(folders, tables):
    """Of those who enter, the number followed to month k is the number who entered k months before the end."""
    entered = spells_of(folders[1]).query("entry >= @FIRST").drop_duplicates(["replicate", "person"])["entry"]
    told = tables["chronogram"].query("cohort == 'entered' and side == 'scenario'").drop_duplicates("months_since")
    for months, persons in zip(told["months_since"], told["persons"], strict=True):
        assert persons == (entered + months <= LAST).sum() / REPLICATES


def test_states_by_the_clock_of_each():
    state = np.array([[12, 4, 4, 8], [0, 0, 3, 3]], dtype=np.int8)
    counted = states_by_clock(state, np.array([1, 0]))
    assert counted.shape == (4, len(STATES))
    assert {(int(m), int(s)): int(counted[m, s]) for m, s in np.argwhere(counted)} == {
        (0, 4): 1,
        (0, 0): 1,
        (1, 4): 1,
        (1, 0): 1,
        (2, 8): 1,
        (2, 3): 1,
        (3, 3): 1,
    }


def test_time_and_rates_by_hand():
    """Months 10 to 13. Person 1 is present: two months in a centre, then two in free fall. Person 2 enters in 11."""
    window = Window(10, 13)
    lives = {
        1: [("synlig", 5, 12, "fritt_fall", "walkout"), ("fritt_fall", 12)],
        2: [("fritt_fall", 11, 12, "avhengig", "choice"), ("avhengig", 12, 13, "videre", "onward")],
    }
    made = lives_tables("x", [lives_of(overlay_by_hand(lives, lives, window))])
    time = made["mean_time"].query("side == 'scenario'").set_index(["cohort", "strategy"])["months"]
    assert time[time > 0].to_dict() == {
        ("present", "synlig"): 2.0,
        ("present", "fritt_fall"): 2.0,
        ("entered", "fritt_fall"): 1.0,
        ("entered", "avhengig"): 1.0,
    }
    rates = made["transitions"].query("side == 'scenario'").set_index(["cohort", "origin", "destination"])["rate"]
    assert rates.to_dict() == {
        ("present", "synlig", "fritt_fall"): 0.5,
        ("entered", "fritt_fall", "avhengig"): 1.0,
        ("entered", "avhengig", "videre"): 1.0,
    }
    runs = made["sequences"].query("side == 'reference'")
    assert list(runs[["cohort", "life", "run", "state", "start", "months"]].itertuples(index=False, name=None)) == [
        ("present", 0, 0, "synlig", 0, 3),  # at the ends of month 9, the one before, and of 10 and 11
        ("present", 0, 1, "fritt_fall", 3, 2),
        ("entered", 1, 0, "fritt_fall", 0, 1),
        ("entered", 1, 1, "avhengig", 1, 1),
        ("entered", 1, 2, "videre", 2, 1),
    ]


def test_mean_time_and_rates_of_the_run_by_pandas(folders, tables):
    """Those present, one strategy: month ends and moves counted in the spells themselves."""
    times, rates, moves = [], [], []
    for _, own in spells_of(folders[1]).groupby("replicate"):
        here = own[(own["begin"] < FIRST) & (own["stop"] >= FIRST)]["person"]
        mine = own[own["person"].isin(here) & (own["strategy"] == "avhengig") & (own["stop"] >= FIRST)]
        lived = (mine["stop"] - mine["begin"].clip(lower=FIRST)).clip(lower=0).sum()
        times.append(lived / len(here))
        moves.append((mine["destination"] == "fritt_fall").sum())
        rates.append(moves[-1] / lived)
    told = tables["mean_time"].query("cohort == 'present' and side == 'scenario' and strategy == 'avhengig'")
    assert told["months"].item() == pytest.approx(np.mean(times))
    told = tables["transitions"].query(
        "cohort == 'present' and side == 'scenario' and origin == 'avhengig' and destination == 'fritt_fall'"
    )
    assert told["rate"].item() == pytest.approx(np.mean(rates))
    assert told["moves"].item() == pytest.approx(np.mean(moves))
    assert (told["lo"].item(), told["hi"].item()) == pytest.approx(tuple(np.quantile(rates, [0.025, 0.975])))


def test_the_sample_is_whole_lives_the_same_on_both_sides(folders, tables):
    sequences = tables["sequences"]
    lives = sequences.drop_duplicates(["side", "life"])
    assert sequences["life"].nunique() <= SAMPLE
    for cohort in ("present", "entered"):
        mine = lives[lives["cohort"] == cohort]
        of = [mine[mine["side"] == side] for side in ("reference", "scenario")]
        assert len(of[0]) == SAMPLE // 2
        for column in ("life", "person", "replicate", "sought_asylum"):
            assert of[0][column].tolist() == of[1][column].tolist()
    months = sequences.groupby(["side", "life"])["months"].sum()
    present = lives.query("cohort == 'present'")["life"]
    assert (months["reference"] == months["scenario"]).all()
    assert set(months["reference"][present.unique()]) == {LAST - FIRST + 2}
    starts = sequences.groupby(["side", "life"])["start"]
    following = sequences["start"] + sequences["months"]
    assert (starts.shift(-1).dropna() == following[starts.shift(-1).notna()]).all()
    # As the spells have it.
    one = sequences.query("side == 'scenario' and run == 0 and cohort == 'present'").iloc[0]
    spells = spells_of(folders[1]).query("replicate == @one.replicate and person == @one.person")
    there = spells[(spells["begin"] < FIRST) & (spells["stop"] >= FIRST)]
    assert there["strategy"].item() == one["state"]


def test_the_sample_tells_of_no_attribute_but_asylum():
    assert set(SEQUENCE_COLUMNS) == {
        *("scenario", "side", "cohort", "life", "person", "replicate"),
        *("sought_asylum", "run", "state", "start", "months"),
    }


# ---------------------------------------------------------------------------------------------------------
# What is published


def test_published_tables_tell_no_single_life_and_no_number_of_persons_that_nobody_counts(tables):
    shown = published(tables)
    assert set(shown) == set(tables) - {"sequences", "twins", "twin_lives", "apart"}
    for name, table in shown.items():
        assert len(table) > 0, name
        assert not {"person", "persons", "total", "at_risk", "moves", "entered", "left"} & set(table), name
    assert (shown["alluvial"]["reference_state"] != shown["alluvial"]["scenario_state"]).all()
    balance = shown["balance"]
    counted = (balance["kind"] == "exit") & ~balance["state"].isin(["videre", "dod"]) | (balance["state"] == "synlig")
    assert set(balance[counted]["unit"]) == {"persons"} and set(balance[~counted]["unit"]) == {"percent"}
    told = balance[~counted & ~balance["suppressed"]]
    assert (told["reference_mean"].dropna() == 100.0).all() and told["change_in_state"].notna().any()
    exact = tables["balance"].set_index(["to_month", "state"]).loc[("2015-12", "fritt_fall")]
    row = balance.set_index(["to_month", "state"]).loc[("2015-12", "fritt_fall")]
    assert row["change_in_state"] == pytest.approx(100 * exact["change_in_state"] / exact["reference_mean"], abs=0.051)


def test_of_those_present_nothing_is_published_that_a_register_counts(tables):
    """Number over share would be the population: those present are it."""
    shown = published(tables)
    present = {name: table[table["cohort"] != "entered"] for name, table in shown.items() if "cohort" in table}
    assert set(present["chronogram"]["state"]) == set(HIDDEN) == set(present["mean_time"]["strategy"])
    # Who is not present any more has left by an exit, and most exits are counted.
    assert present["incidence"].empty and present["survival"].empty and len(shown["survival"]) > 0
    assert set(present["transitions"]["destination"]) <= {*HIDDEN, "videre", "dod"}
    months = present["chronogram"].query("side == 'scenario'").groupby("months_since")["share"].agg(["sum", "size"])
    whole = months[months["size"] == len(HIDDEN)]["sum"]
    assert len(whole) > 5 and whole.to_numpy() == pytest.approx(1.0, abs=0.002)
    sides = present["chronogram"].pivot_table(index=["months_since", "state"], columns="side", values="share")
    far = (sides["scenario"] - sides["reference"] - sides["difference"]).abs()
    assert far.max() < 0.0021
    assert set(shown["chronogram"].query("cohort == 'entered'")["state"]) > set(HIDDEN)


def test_cells_of_fewer_than_five_are_not_published(tables):
    shown = published(tables)
    for name, keys in {
        "alluvial": ["to_month", "reference_state", "scenario_state"],
        "partings": ["cause_reference", "cause_scenario", "reference_state", "scenario_state"],
    }.items():
        persons = tables[name].set_index(keys)["persons"]
        assert (persons < 5).any() and (persons.loc[shown[name].set_index(keys).index] >= 5).all()
        assert shown[name]["share"].between(0, 1).all()
    small = tables["balance"][["reference_mean", "scenario_mean"]].max(axis=1).between(0, 5, inclusive="neither")
    assert small.any()
    assert shown["balance"]["suppressed"].tolist() == small.tolist()
    assert shown["balance"][small]["change_in_state"].isna().all()
    # A move that fewer than five make in a replicate of either run is not told of.
    moves = tables["transitions"].query("side != 'difference'").groupby(["cohort", "origin", "destination"])["moves"]
    told = shown["transitions"].set_index(["cohort", "origin", "destination"]).index
    assert (moves.max().loc[told] >= 5).all() and (moves.max() < 5).any()
