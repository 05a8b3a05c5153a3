"""Numbers of a folder on the screen: those of the tables, in the form that may be published."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from click.testing import CliRunner

from irregsim.cli import main
from irregsim.present import plots
from irregsim.present.numbers_of import chosen
from irregsim.present.plots import compare as compare_plots
from irregsim.storage.folder import RunFolder
from irregsim.vocabulary.codes import HIDDEN
from irregsim.vocabulary.labels import label

pytestmark = pytest.mark.once

FILE = """\
schema: 1
name: {name}
title: {{nb: Kort, en: Short}}
description: Two years, for tests.
extends: baseline
period: {{start: 2012-01, end: 2013-12}}
{levers}run: {{replicates: 2, seed: 5}}
"""

STAY = "levers:\n  reception_centres:\n    stay_after_rejection: [{from: 2012-04, value: false}]\n"


def irregsim_(*arguments: str):
    return CliRunner().invoke(main, [*arguments], prog_name="irregsim")


def show(*arguments: str) -> str:
    answer = irregsim_("show", *arguments)
    assert answer.exit_code == 0, answer.output
    return answer.stdout


def rows_of(text: str) -> list[list[str]]:
    """Cells of a table on the screen."""
    return [re.split(r"\s{2,}", line.strip()) for line in text.splitlines() if line.startswith("  ")]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shown")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "PLOTS", {})
        patch.setattr(compare_plots, "PICTURES", ())
        patch.chdir(folder)
        for name, levers in (("before", ""), ("after", STAY)):
            (folder / f"{name}.yaml").write_text(FILE.format(name=name, levers=levers), encoding="utf-8")
        arguments = ["compare", "before.yaml", "after.yaml", "--scale", "0.1", "--draws", "prior", "--jobs", "1"]
        answer = irregsim_(*arguments, "--no-spells", "--quiet")
        assert answer.exit_code == 0, answer.output
    return folder


@pytest.fixture
def here(made, monkeypatch):
    monkeypatch.chdir(made)
    return made


RUN, BOTH = "after-vs-before/runs/before", "after-vs-before"


def test_a_run_shows_its_counts_year_by_year(here):
    text = show(RUN, "--outcome", "stock:synlig", "--outcome", "tvangsretur", "--year", "2013")
    head, visible, returned = rows_of(text)
    assert head == ["outcome", "period", "mean", "95 % of replicates", "unit"]
    folder = RunFolder.open(here / "outputs" / RUN)
    stocks = folder.table("stocks").astype({"month": str, "strategy": str})
    last = stocks[(stocks["month"] == "2013-12") & (stocks["strategy"] == "synlig")]["persons"].sum() / 2
    assert visible[:3] == [label("strategy.synlig", "en"), "2013-12", f"{5 * round(last / 5)}"]
    assert returned[1] == "2013" and returned[4] == "persons"
    assert "2012" not in text.split("before: 2 replicates")[1]


def test_levels_of_the_hidden_are_an_index_unless_asked_for_and_never_by_city(here):
    for more in ([], ["--city", "Oslo"], ["--group", "sex"]):
        units = {
            row[0]: row[-1]
            for row in rows_of(show(RUN, *more))
            if any(label(f"strategy.{code}", "en") in row[0] for code in HIDDEN)
        }
        assert units and set(units.values()) == {"index"}, more
    assert label("sentence.hidden_levels", "en") not in show(RUN)
    levels = show(RUN, "--show-levels").partition("Index: ")[2]
    assert label("sentence.hidden_levels", "en") in levels and " to " in levels
    for more in (["--city", "Oslo"], ["--group", "sex"]):
        answer = irregsim_("show", RUN, "--show-levels", *more)
        assert answer.exit_code == 2 and "whole country only" in answer.stderr


def test_numbers_by_city_are_sums_of_its_months(here):
    (row,) = rows_of(show(RUN, "--city", "Oslo", "--outcome", "detention_days", "--year", "2012"))[1:]
    folder = RunFolder.open(here / "outputs" / RUN)
    table = folder.table("outcomes").astype({"month": str, "outcome": str, "city": str})
    mine = table[(table["outcome"] == "detention_days") & (table["city"] == "Oslo") & (table["month"] < "2013")]
    assert int(row[2].replace(",", "")) == 5 * round(mine["value"].sum() / 2 / 5) > 0


def test_small_cells_are_left_out(here):
    text = show(RUN, "--group", "duration", "--outcome", "synlig")
    frame = RunFolder.open(here / "outputs" / RUN).table("groups").astype({"duration": str, "strategy": str})
    sums = frame[frame["strategy"] == "synlig"].groupby(["year", "duration"])["person_months"].sum() / 2
    few = sums[(sums > 0) & (sums < 5)]
    assert len(few) == text.count(label("compare.under_five", "en"))
    numbers = [int(row[3].replace(",", "")) for row in rows_of(text)[1:] if len(row) == 6]
    assert numbers and all(one % 5 == 0 for one in numbers)


def test_a_comparison_shows_its_key_figures(here):
    figures = pd.read_parquet(here / "outputs" / BOTH / "key_figures.parquet").set_index("outcome")
    text = show(BOTH, "--outcome", "register:udi_return_duty_stock", "--outcome", "stock:hidden")
    head, hidden, residents = rows_of(text)
    assert head[-1] == "direction" and hidden[2] == "percent" and residents[2] == "count"
    assert residents[1] == figures.loc["register:udi_return_duty_stock", "rounded_text_en"]
    assert hidden[1] != figures.loc["stock:hidden", "rounded_text_en"], "not in persons"
    assert "2012-04 - 2013-12" in text and "Population scale 0.1" in text
    assert "i gjennomsnitt" in show(BOTH, "--lang", "nb", "--outcome", "stock:hidden")


def test_a_year_of_a_comparison_is_its_last_month_or_the_sum_to_it(here):
    table = pd.read_parquet(here / "outputs" / BOTH / "differences.parquet")
    table = table[table["month"] == "2012-12"].set_index("outcome")
    text = show(BOTH, "--year", "2012", "--outcome", "synlig", "--outcome", "detention_days")
    stock, days = (next(row for row in rows_of(text)[1:] if word in row[-1]) for word in ("at the end", "in total"))
    assert stock[-1] == "at the end of 2012-12" and days[-1] == "in total 2012-04 - 2012-12"
    means = table.loc["stock:synlig", "mean"], table.loc["outcome:detention_days", "cumulative_mean"]
    for row, mean in zip((stock, days), means, strict=True):
        assert (mean < 0) == row[1].startswith("\N{MINUS SIGN}")


def test_by_city_and_by_group_in_a_comparison(here):
    assert "women" in show(BOTH, "--group", "sex=female") and "men" not in show(BOTH, "--group", "sex=female").split()
    assert "Bergen" in show(BOTH, "--city", "Bergen", "--scenario", "after")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([RUN, "--outcome", "synlg"], "did you mean stock:synlig?"),
        ([RUN, "--city", "Hamar"], "--city Hamar: must be one of Oslo"),
        ([RUN, "--group", "age"], "--group age: must be one of sought_asylum, sex"),
        ([RUN, "--group", "sex=x"], "must be sex= one of female, male"),
        ([RUN, "--city", "Oslo", "--group", "sex"], "give only one of them"),
        ([RUN, "--year", "2020"], "there is nothing of 2020 here; there is 2012"),
        ([RUN, "--scenario", "after"], "--scenario: is for comparisons"),
        ([BOTH, "--scenario", "before"], "is not compared here; the scenarios are after"),
        ([BOTH, "--year", "2012", "--city", "Oslo"], "over the whole time since the change"),
        ([BOTH, "--show-levels"], "--show-levels: is for runs"),
        (["nothing-here"], "no run folder has this path, name or id"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(here, arguments, words):
    answer = irregsim_("show", *arguments)
    assert answer.exit_code == 2 and words in answer.stderr, answer.output


def test_outcomes_are_found_by_code_end_and_words_in_any_language():
    known = ["stock:synlig", "exit:videre", "exit:dod", "outcome:fines_nok"]
    assert chosen(known, ["exit:videre"]) == chosen(known, ["videre"]) == ["exit:videre"]
    assert chosen(known, ["death"]) == chosen(known, ["død"]) == ["exit:dod"]
    assert chosen(known, ["fines", "synlig"]) == ["stock:synlig", "outcome:fines_nok"]
    assert chosen(known, []) == known
