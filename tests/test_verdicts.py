"""What is said of an effect is what the numbers say: grades, rounding, percent and chance, on made-up tables."""

from __future__ import annotations

import math
import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control, ttest_1samp

import comparison_frames
from irregsim.present.compare_summary import summary
from irregsim.present.pages.compare import render_report
from irregsim.present.publication.effects import published
from irregsim.present.publication.one_scale import one_scale
from irregsim.study.comparison import verdicts
from irregsim.study.comparison.costs import costs
from irregsim.study.comparison.differences import Effects
from irregsim.study.comparison.key_figures import effect_row, finished
from irregsim.study.comparison.relative import in_percent
from irregsim.study.comparison.verdicts import (
    CANNOT_TELL,
    CLEAR,
    INTERVAL,
    MONTE_CARLO,
    NOTHING,
    PROBABLE,
    SAME,
    UNCLEAR,
    false_discovery,
    verdict,
)
from irregsim.vocabulary.numbers import rounded_text

RNG = np.random.default_rng(16)

# -- grades ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mean", "up", "down", "mc_se", "n", "expected"),
    [
        (5.0, 1.0, 0.0, 0.5, 40, ("up", CLEAR, "", None)),
        (-5.0, 0.05, 0.95, 0.5, 40, ("down", CLEAR, "", None)),
        # «visible», −4.4 with t = −4.9, down in 14 of 16: one word was "cannot tell".
        (-4.4, 0.125, 0.875, 0.9, 16, ("down", PROBABLE, "", None)),
        (4.0, 0.8, 0.2, 1.0, 40, ("up", PROBABLE, "", None)),
        (4.0, 0.76, 0.24, 0.1, 1000, (CANNOT_TELL, UNCLEAR, INTERVAL, None)),
        # 13 of 20 may be four of five; as few cannot say.
        (4.0, 0.65, 0.35, 1.0, 20, (CANNOT_TELL, UNCLEAR, MONTE_CARLO, None)),
        (0.0, 0.0, 0.0, 0.0, 40, (CANNOT_TELL, SAME, NOTHING, None)),
        (0.0, 0.5, 0.5, 0.5, 400, (CANNOT_TELL, UNCLEAR, INTERVAL, None)),
        # All go up, but of three that says little.
        (5.0, 1.0, 0.0, 2.0, 3, (CANNOT_TELL, UNCLEAR, MONTE_CARLO, 2)),
    ],
)
def test_an_effect_has_one_of_four_grades(mean, up, down, mc_se, n, expected):
    assert verdict(mean, up, down, mc_se, n) == expected


def test_as_many_more_replicates_as_are_told_would_tell():
    n, mean, sd = 10, 1.0, 3.0
    before = verdict(mean, 0.9, 0.1, sd / math.sqrt(n), n)
    assert before.certainty == UNCLEAR and before.why == MONTE_CARLO and before.more is not None
    enough = n + before.more
    assert verdict(mean, 0.9, 0.1, sd / math.sqrt(enough), enough).certainty == PROBABLE
    assert verdict(mean, 0.9, 0.1, sd / math.sqrt(enough - 1), enough - 1).certainty == UNCLEAR


def row(
    difference: np.ndarray, reference: np.ndarray, unit: str = "persons", outcome: str = "exit:tvangsretur"
) -> dict[str, Any]:
    keys = {"scenario": "s", "outcome": outcome, "panel": "presence", "since": "2021-01", "to": "2022-12"}
    return {**keys, "kind": "sum", **effect_row(outcome, reference, difference, unit, np.arange(len(difference)))}


def figures(*rows: dict[str, Any]) -> pd.DataFrame:
    return finished(list(rows), ["outcome", "panel"])


BASE = np.full(20, 100.0)
#: 20 replicates: all up; 17 up; 10 up; none differs.
ROWS = (
    row(np.linspace(10.0, 30.0, 20), BASE),
    row(np.where(np.arange(20) < 17, 12.0, -6.0), BASE, outcome="exit:assistert_retur"),
    row(np.tile([8.0, -8.0], 10), BASE, outcome="register:pu_orders"),
    row(np.zeros(20), BASE, unit="NOK", outcome="outcome:back_pay_nok"),
)


def test_the_table_has_the_grade_in_words_and_a_corrected_paired_test():
    table = figures(*ROWS)
    assert table["certainty"].to_list() == [CLEAR, PROBABLE, UNCLEAR, SAME]
    assert table["verdict"].to_list() == ["up", "up", CANNOT_TELL, CANNOT_TELL]
    assert table["verdict_text_en"].to_list() == [
        "clearly up",
        "probably up (in 85\N{NO-BREAK SPACE}% of the replicates)",
        "no clear direction",
        "no difference",
    ]
    assert table["verdict_text_nb"].to_list() == [
        "klart opp",
        "sannsynligvis opp (i 85\N{NO-BREAK SPACE}% av gjentakene)",
        "ingen klar retning",
        "ingen forskjell",
    ]
    paired = [
        ttest_1samp(values, 0.0).pvalue
        for values in (np.linspace(10.0, 30.0, 20), np.where(np.arange(20) < 17, 12.0, -6.0), np.tile([8.0, -8.0], 10))
    ]
    # Three are tested, the one that never differs is not.
    assert table["false_discovery"].to_list()[:3] == pytest.approx(false_discovery_control(paired))
    assert math.isnan(table["false_discovery"].iloc[3])


def test_the_correction_for_many_tests_is_that_of_scipy():
    for n in (1, 2, 7, 60):
        values = np.round(RNG.uniform(size=n) ** 3, 2)  # some are equal
        found = false_discovery([*values, math.nan])[:-1]
        assert np.array_equal(found, false_discovery_control(values)), "to the last digit: it is in a stored table"
    assert np.isnan(false_discovery([math.nan])).all()


def test_chance_tells_no_more_than_is_said_of_it():
    """Effects without a direction, told again and again: no more pass than the bound on the page."""
    n, effects = 20, 4000
    values = RNG.normal(size=(effects, n))
    errors = values.std(axis=1, ddof=1) / math.sqrt(n)
    found = [
        verdict(float(x.mean()), float((x > 0).mean()), float((x < 0).mean()), float(e), n).certainty
        for x, e in zip(values, errors, strict=True)
    ]
    said = verdicts.by_chance(found, [n] * effects)
    assert said.looked_at == effects and 0 < said.clear < said.told < 0.05 * effects
    told = sum(grade in (CLEAR, PROBABLE) for grade in found)
    assert 0 < told <= said.told + 4 * math.sqrt(said.told)
    assert verdicts.by_chance([SAME], [n]).looked_at == 0


# -- page and terminal -----------------------------------------------------------------------------------------------


def page(lang: str, *rows: dict[str, Any]) -> str:
    about = {**comparison_frames.about(), "lang": lang, "scenarios": ["s"], "cities": ()}
    about |= {
        "period": ("2012-01", "2022-12"),
        "first_effective": {"s": "2021-01"},
        "titles": {},
        "levers": {},
        "proof": {},
        "pictures": (),
    }
    text = render_report({"key_figures": figures(*rows)}, about)
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("lang", "sentences"),
    [
        (
            "en",
            (
                "Forced return: up, +400 (+210 to +590) persons",
                "in total from 2021-01 to 2022-12, or +200 (+105 to +295) a year. This holds in 100 % of the",
                "Assisted return: probably up, +190 (−120 to +240) persons",
                "It is up in 85 % of the replicates.",
                "No clear direction in these replicates: ",
                "No difference in any replicate: ",
                "Of the 3 outcomes that differ in some replicate, at most about 0.1 would seem clear, and 0.1 clear or",
            ),
        ),
        (
            "nb",
            (
                "i alt fra 2021-01 til 2022-12, eller ",
                "går sannsynligvis opp: ",
                "Retningen gjelder i 85 % av gjentakene.",
                "Ingen klar retning i disse gjentakene: ",
                "Ingen forskjell i noe gjentak: ",
                "Av de 3 utfallene som er ulike i noe gjentak, ville høyst om lag 0,1 sett klare ut",
            ),
        ),
    ],
)
def test_the_page_says_the_grade_the_period_and_what_chance_would_give(lang, sentences):
    big = [
        row(20.0 * np.linspace(10.0, 30.0, 20), 20 * BASE),
        row(20.0 * np.where(np.arange(20) < 17, 12.0, -6.0), 20 * BASE, outcome="exit:assistert_retur"),
        *ROWS[2:],
    ]
    text = page(lang, *big)
    for sentence in sentences:
        assert sentence in text, sentence


def test_the_terminal_says_the_grade_and_what_chance_would_give():
    about = {
        "comparison_id": "c", "replicates": 20, "reference": "baseline", "period": ("2012-01", "2022-12"),
        "scenarios": ["s"], "first_effective": {"s": "2021-01"}, "caveat": None, "scale": 1.0,
    }  # fmt: skip
    text = summary(figures(*ROWS), about).replace("\N{NO-BREAK SPACE}", " ")
    assert "clearly up" in text and "probably up (in 85 % of the replicates)" in text and "persons, in total" in text
    assert "no difference in any replicate: 1 outcome" in text
    assert "by chance alone at most about 0.1 of the 3 outcomes that differ would seem clear or probable" in text


def test_nothing_beside_few_persons_gives_their_number_back():
    few = row(np.linspace(2.0, 4.0, 20), np.full(20, 20.0))
    text = page("en", few)
    assert "Forced return: up, under 5 persons, in total from 2021-01 to 2022-12. This" in text
    units = {"exit:tvangsretur": "persons", "stock:hidden": "persons"}
    hidden = row(np.linspace(20.0, 40.0, 20), np.full(20, 200.0), outcome="stock:hidden")
    shown = published({"key_figures": figures(few, hidden)}, units)["key_figures"].set_index("outcome")
    assert shown.loc["exit:tvangsretur", ["percent_lo", "percent_hi"]].isna().all()
    assert shown.loc["stock:hidden", "percent_lo"] == shown.loc["stock:hidden", "lo"] == pytest.approx(10.25, abs=0.051)


# -- rounding --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "unit", "told", "text"),
    [
        # The page said "goes down: −30 (−50 to 0) percent", in 100 % of the replicates.
        ((-28.2, -54.4, -2.8), "percent", True, "−28 (−54 to −3)"),
        ((-92.0, -217.0, -5.0), "inspections", True, "−90 (−220 to −10)"),
        ((-4.4, -11.2, 0.9), "percent", False, "−4.4 (−11.2 to +0.9)"),
        ((+20.0, 1.0, 50.0), "persons", True, "+20 (+5 to +50)"),
        ((2.0, -1.0, 6.0), "persons", True, "about +5 (−5 to +5)"),
        ((-6.0, -11.0, -1.0), "persons", True, "between −10 and −5"),
        ((-6.0, -7.0, -5.0), "persons", True, "about −5"),
        ((-20.0, -20.0, -20.0), "persons", True, "−20"),
        ((-90.0, -90.00000000000001, -90.0), "percent", True, "−90"),
        ((-0.12, -12.0, -0.05), "percent", True, "between −12.0 and −0.1"),
        ((2.0, -1.0, 6.0), "persons", False, "0 (−5 to +5)"),
        ((-4.3, -15.2, -0.04), "index", True, "−4.3 (−15.2 to −0.1)"),
        ((-58335.0, -487500.0, 80750.0), "NOK", False, "−60,000 (−490,000 to +80,000)"),
        ((3.0, 2.0, 4.0), "months", True, "+3.0 (+2.0 to +4.0)"),
    ],
)
def test_rounding_never_contradicts_the_verdict(values, unit, told, text):
    assert rounded_text(*values, unit, "en", told=told) == text


def test_no_end_is_rounded_to_zero_and_no_mean_out_of_its_interval():
    for _ in range(2000):
        lo, mean, hi = sorted(RNG.normal(0.0, 10.0 ** RNG.integers(-1, 5), 3))
        for unit in ("persons", "NOK", "index", "months", "percent"):
            text = rounded_text(mean, lo, hi, unit, "en", told=lo > 0 or hi < 0)
            if text == "under 5":
                assert unit == "persons" and max(abs(lo), abs(hi)) < 5
                continue
            plain = text.replace("\N{MINUS SIGN}", "-").replace(",", "")
            numbers = [float(word) for word in re.findall(r"[-+]?[0-9.]+", plain)]
            # A mean that is rounded onto an end is not shown beside it, but where a direction would be lost.
            one, low, high = (numbers[:1] if len(numbers) < 3 else []) + (numbers if len(numbers) > 1 else 2 * numbers)
            assert len(numbers) < 3 or one not in (low, high) or text.startswith("about "), text
            assert (np.sign(low), np.sign(high)) == (np.sign(lo), np.sign(hi)), (mean, lo, hi, unit, text)
            assert low <= one <= high, (mean, lo, hi, unit, text)


@pytest.mark.parametrize(
    ("whole", "text"),
    [(172.0, "−100 (−1,000 to −10)"), (85.0, "−80 (−1,000 to −10)"), (math.inf, "−100 (−1,000 to −10)")],
)
def test_a_fall_is_never_rounded_to_more_than_there_was(whole, text):
    assert rounded_text(-96.0, -1000.0, -11.0, "persons", "en", told=True, whole=whole) == text


# -- percent ---------------------------------------------------------------------------------------------------------


def test_percent_is_a_ratio_of_each_replicate_and_never_below_all_there_was():
    reference = np.array([[50.0, 300.0, 10.0], [0.0, 2.0, 100.0], [0.0, 0.0, 0.0]])
    difference = np.array([[-50.0, -150.0, -10.0], [5.0, -2.0, 10.0], [0.0, 3.0, 0.0]])
    # A tenth of the mean of 34 is 3.4; of the mean of 120, 12; nothing can be said in percent of nothing.
    expected = [[-100.0, -50.0, -1000.0 / 12.0], [500.0 / 3.4, -200.0 / 3.4, 10.0], [0.0, 0.0, 0.0]]
    assert in_percent(difference, reference) == pytest.approx(np.array(expected))
    for _ in range(500):
        base = RNG.gamma(0.3, 40.0, 12)
        assert (in_percent(-base * RNG.uniform(0, 1, 12), base) >= -100.0 - 1e-9).all()


def test_what_is_shown_in_percent_has_an_interval_above_minus_a_hundred():
    base = np.concatenate([np.linspace(25.0, 60.0, 10), np.linspace(200.0, 400.0, 10)])
    table = figures(row(-0.9 * base, base, "person-months", "outcome:homeless_person_months"))
    one = table.iloc[0]
    assert 100.0 * one["lo"] / one["reference_mean"] < -150.0, "what the page had"
    shown = one_scale({"key_figures": table}, {})["key_figures"].iloc[0]
    assert (shown["lo"], shown["hi"], shown["unit"]) == (pytest.approx(-90.0), pytest.approx(-90.0), "percent")
    assert shown["mean"] == pytest.approx(-90.0) and shown["rounded_text_en"].startswith("\N{MINUS SIGN}90")
    assert one["reference_lo"] < one["reference_mean"] < one["reference_hi"]


def test_the_exact_table_tells_an_effect_in_the_unit_of_the_page():
    effect = (np.linspace(-60.0, -20.0, 20), np.full(20, 200.0), "persons")
    hidden, counted = (row(*effect, outcome) for outcome in ("stock:fritt_fall", "exit:tvangsretur"))
    text = "−20.0 (−29.5 to −10.5)"
    assert (
        hidden["rounded_text_en"] == f"{text} percent"
        and hidden["rounded_text_nb"] == "−20,0 (−29,5 til −10,5) prosent"
    )
    assert counted["rounded_text_en"] == "−40 (−60 to −20)"
    shown = one_scale({"key_figures": figures(hidden, counted)}, {})["key_figures"]
    assert shown["rounded_text_en"].to_list() == [text, "−40 (−60 to −20)"]
    assert text + " percent" in page("en", hidden)


def test_a_sum_so_far_is_in_percent_once_the_reference_has_a_tenth_of_its_sum():
    months = [f"2021-{m:02d}" for m in range(1, 11)]
    frame = pd.DataFrame(
        {
            "month": months, "scenario": "s", "outcome": "exit:dod", "mean": [0.0, *[-1.0] * 9],
            "reference_mean": [9.0, 0.5, 1.0, 8.5, *[10.0] * 6], "lo": -1.0, "hi": -1.0,
            "cumulative_mean": [0.0, *-np.arange(1.0, 10.0)], "cumulative_lo": [0.0, *-np.arange(1.0, 10.0)],
            "cumulative_hi": [0.0, *-np.arange(1.0, 10.0)], "percent_cumulative_lo": -30.0,
            "percent_cumulative_hi": [0.0, *[-5.0] * 9],
        }
    )  # fmt: skip
    frame.loc[0, ["lo", "hi"]] = 0.0
    shown = one_scale({"differences": frame}, {})["differences"]
    # Of 70 since the change, 0.5 and 1.5 are less than 7: not −200 and −133 percent, but nothing yet.
    assert shown["cumulative_mean"].isna().to_list() == [False, True, True, *[False] * 7]
    assert shown["cumulative_mean"].iloc[0] == 0.0 and shown["cumulative_mean"].iloc[3] == pytest.approx(-30.0)
    assert shown["cumulative_lo"].iloc[3:].to_list() == [-30.0] * 7


# -- money -----------------------------------------------------------------------------------------------------------


def run_with(*nok: float) -> Any:
    """A made-up run of four months, with an amount of support in each, after a month that is not reported."""
    levers = SimpleNamespace(assisted_support_nok=np.array([0.0, *nok]))
    return SimpleNamespace(scenario=SimpleNamespace(levers=levers, start=1, end=4))


def test_support_paid_is_returns_times_the_amount_of_the_scenario():
    pair: Any = SimpleNamespace(
        name="s", since="2021-02", months=("2021-01", "2021-02", "2021-03", "2021-04"),
        reference=run_with(20e3, 20e3, 20e3, 20e3), scenario=run_with(20e3, 40e3, 40e3, 40e3),
    )  # fmt: skip
    reference = np.array([[9.0, 9.0], [10.0, 20.0], [10.0, 20.0], [10.0, 20.0]])
    difference = np.array([[0.0, 0.0], [5.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    effect = Effects(
        pair, ("exit:assistert_retur",), {"exit:assistert_retur": reference}, {"exit:assistert_retur": difference},
        {"exit:assistert_retur": "persons"},
    )  # fmt: skip
    found = costs([effect]).set_index("item").loc["assisted_returns"]
    # 36 returns at 40,000 less 30 at 20,000; 63 at 40,000 less 60 at 20,000.
    paid = np.array([36 * 40e3 - 30 * 20e3, 63 * 40e3 - 60 * 20e3])
    assert found["nok_mean"] == paid.mean() and found["amount"] == 40e3
    assert (found["nok_lo"], found["nok_hi"]) == tuple(np.quantile(paid, (0.025, 0.975)))
    pair.scenario.scenario.levers.assisted_support_nok[4] = 50e3
    changing = costs([effect]).set_index("item").loc["assisted_returns"]
    assert math.isnan(changing["amount"]) and changing["nok_mean"] > found["nok_mean"]
