"""spells.parquet as `irregsim run --spells` writes it: whole lives, in agreement with stocks and flows.

Ready for survival analysis: every table below is checked on a real run, and docs/outputs.md tells what is censored.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from irregsim.cli import main
from irregsim.present import plots
from irregsim.study.tables import SPELLS
from irregsim.vocabulary.codes import CAUSES, Strategy, month_number

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[1]
OUTPUTS = (ROOT / "docs" / "outputs.md").read_text(encoding="utf-8")
FIRST, LAST = month_number("2012-01"), month_number("2016-12")
PERSON = ["replicate", "person"]
#: After these a person has legal stay for a time, and may come back.
LEGAL_FOR_A_TIME = {"temporary_permit", "trafficking_protection"}


def numbers(months: pd.Series) -> pd.Series:
    """Months since 2009-01 of months written as text; missing where they are."""
    return months.map({text: month_number(text) for text in months.dropna().unique()})


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A run of the shipped baseline, by the command."""
    out = tmp_path_factory.mktemp("spells") / "out"
    arguments = ["run", str(ROOT / "scenarios" / "baseline.yaml"), "--spells", "--replicates", "2", "--scale", "0.1"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "PLOTS", {})  # pictures take most of the time of a short run
        answer = CliRunner().invoke(main, [*arguments, "--end", "2016-12", "--jobs", "1", "--quiet", "--out", str(out)])
    assert answer.exit_code == 0, answer.output
    return out


@pytest.fixture(scope="module")
def spells(folder) -> pd.DataFrame:
    """The table, with months as numbers in ``begin`` and ``stop``."""
    table = pd.read_parquet(folder / "spells.parquet")
    return table.assign(begin=numbers(table["start"]), stop=numbers(table["end"]))


def test_the_columns_are_those_of_the_contract_and_are_documented(spells):
    assert list(spells.columns[:7]) == [
        "replicate",
        "person",
        "strategy",
        "start",
        "end",
        "cause_of_end",
        "destination",
    ]
    assert list(spells.columns[:-2]) == [column for column, _ in SPELLS]
    section = OUTPUTS.split("### spells")[1].split("\n### ")[0]
    assert [column for column, _ in SPELLS if f"`{column}`" not in section] == []
    for word in ("censored", "delayed entry", "same month", "ends on or after"):
        assert word in section, f"docs/outputs.md does not speak of: {word}"


def test_values_are_in_the_vocabulary(spells):
    assert spells["person"].str.fullmatch("[0-9a-f]{16}").all()
    assert set(spells["strategy"]) == {strategy.code for strategy in Strategy}
    assert set(spells["cause_of_end"].dropna()) <= set(CAUSES)
    assert set(spells["replicate"]) == {0, 1}
    assert "country" not in " ".join(spells.columns), "the citizenship is never written"


def test_no_spell_ends_before_it_begins_and_all_lie_in_the_run(spells):
    ended = spells["stop"].notna()
    assert ended.any() and (~ended).any()
    assert (spells["stop"] >= spells["begin"])[ended].all()
    assert spells["begin"].between(0, LAST).all()
    assert spells["stop"][ended].between(FIRST, LAST).all(), "spells that were over before the period are left out"


def test_a_spell_lasts_beyond_the_run_exactly_if_nothing_ended_it(spells):
    assert (spells["end"].isna() == spells["cause_of_end"].isna()).all()


def test_spells_of_a_person_follow_each_other_without_overlap(spells):
    """Contiguous, but for a time of temporary legal stay; and only the last can last beyond the run."""
    following = spells.groupby(PERSON, sort=False)["begin"].shift(-1)
    has_next = following.notna()
    assert has_next.sum() > 1000
    assert spells["stop"][has_next].notna().all()
    gap = (following - spells["stop"])[has_next]
    assert (gap >= 0).all(), "no overlap"
    assert set(spells["cause_of_end"][has_next][gap > 0]) <= LEGAL_FOR_A_TIME
    # A new spell is another way of living, or the same one after a time away.
    same = spells.groupby(PERSON, sort=False)["strategy"].shift(-1) == spells["strategy"]
    assert set(spells["cause_of_end"][same]) <= LEGAL_FOR_A_TIME


def test_attributes_of_a_person_are_fixed(spells):
    fixed = [column for column, _ in SPELLS[7:]]
    assert (spells.groupby(PERSON)[fixed].nunique() == 1).all(axis=None)


def test_only_former_asylum_seekers_have_spells_in_centres(spells):
    assert spells["sought_asylum"][spells["strategy"] == "synlig"].all()


def test_rows_are_sorted_by_replicate_person_and_time(spells):
    runs = (spells[PERSON] != spells[PERSON].shift()).any(axis=1).cumsum()
    assert runs.max() == len(spells[PERSON].drop_duplicates()), "the spells of a person stand together"
    assert spells.groupby(PERSON)["begin"].apply(lambda begin: begin.is_monotonic_increasing).all()
    assert spells["replicate"].is_monotonic_increasing


def test_those_at_risk_in_a_month_are_the_stock(folder, spells):
    """A spell covers the ends of the months from ``start`` to the one before ``end``: so the counts agree exactly."""
    stocks = pd.read_parquet(folder / "stocks.parquet")
    counted = stocks.assign(at=numbers(stocks["month"])).groupby(["replicate", "strategy", "at"])["persons"].sum()
    stop = spells["stop"].fillna(LAST + 1)
    for month in range(FIRST, LAST + 1):
        there = spells[(spells["begin"] <= month) & (month < stop)].groupby(["replicate", "strategy"]).size()
        stock = counted.xs(month, level="at")
        assert there.to_dict() == stock[stock > 0].to_dict(), month


def test_ends_of_spells_are_the_flows_out_of_each_strategy(folder, spells):
    flows = pd.read_parquet(folder / "flows.parquet")
    moved = flows[flows["origin"].isin([s.code for s in Strategy]) & (flows["origin"] != flows["destination"])]
    by_flow = moved.groupby(["replicate", "month", "origin", "cause"])["persons"].sum()
    by_spell = spells.dropna(subset="end").groupby(["replicate", "end", "strategy", "cause_of_end"]).size()
    assert by_spell.to_dict() == by_flow.to_dict()


def test_a_survival_curve_with_delayed_entry_can_be_made(spells):
    """Kaplan and Meier by hand: at risk from the first reported month on, censored at the end of the run.

    Ended within ``t`` months of all who began in the period and were followed that long: both ways agree.
    """
    fall = spells[(spells["strategy"] == "fritt_fall") & (spells["begin"] >= FIRST)]
    length = (fall["stop"].fillna(LAST + 1) - fall["begin"]).to_numpy()
    ended = fall["stop"].notna().to_numpy()
    survival = 1.0
    for month in range(4):
        at_risk = (length > month) | ((length == month) & ended)
        survival *= 1.0 - (ended & (length == month)).sum() / at_risk.sum()
    followed = (fall["begin"] <= LAST - 4).to_numpy()
    plain = (length[followed] > 3).mean()
    assert survival == pytest.approx(plain, abs=0.01)
    assert 0 < survival < 0.5
    assert np.isfinite(survival)
