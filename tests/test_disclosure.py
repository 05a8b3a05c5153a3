"""The rule of disclosure: for each kind of number, values and what is shown of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from comparison_frames import about, exact
from irregsim.present.export import rounded as export_rounded
from irregsim.present.pages.compare_facts import Facts
from irregsim.present.publication.disclosure import in_units, persons_behind
from irregsim.present.publication.effects import published
from irregsim.vocabulary import disclosure
from irregsim.vocabulary.disclosure import KINDS, PER_PERSON, PERCENT, is_few, kind_of, rounded
from irregsim.vocabulary.numbers import rounded_text

FACTS = Facts({}, about())
NAN = float("nan")

# -- a level: unit, value, what is published, in words on a page ---------------------------------------------------

LEVELS = [
    ("persons", 0.0, 0.0, "0"),
    ("persons", 0.4, NAN, "fewer than 5"),
    ("persons", 1.0, NAN, "fewer than 5"),
    ("persons", 4.99, NAN, "fewer than 5"),
    ("persons", 5.0, 5.0, "5"),
    ("persons", 7.4, 5.0, "5"),
    ("persons", 7.6, 10.0, "10"),
    ("persons", 1234.0, 1235.0, "1,235"),
    ("person-months", 4.0, NAN, "fewer than 5"),
    ("needs", 12.6, 15.0, "15"),
    ("count", 3.0, NAN, "fewer than 5"),
    ("a unit of tomorrow", 3.0, NAN, "fewer than 5"),
    ("months", 0.04, 0.0, "0"),
    ("months", 3.14, 3.1, "3.1"),
    ("index", 3.14, 3.1, "3.1"),
    ("index", 103.26, 103.3, "103"),
    (PERCENT, 2.26, 2.3, "2.3"),
    ("NOK", 3.0, 5.0, "5"),
    ("NOK", 12344.0, 12345.0, "12,345"),
    ("days", 2.0, 0.0, "0"),
    ("inspections", 4.0, 5.0, "5"),
]


@pytest.mark.parametrize(("unit", "value", "shown", "words"), LEVELS)
def test_a_level(unit, value, shown, words):
    assert FACTS.rounded(value, unit) == words
    few = kind_of(unit).is_count and is_few(value)
    assert (NAN if few else rounded(value, unit)) == pytest.approx(shown, nan_ok=True)
    # Tables have the same numbers as a page.
    persons = value if kind_of(unit).is_count else NAN
    row = pd.DataFrame({"unit": [unit], "persons": [persons], "value": [value]})
    table = export_rounded(row, ["value"])
    assert table["value"].tolist() == pytest.approx([shown], nan_ok=True)
    assert table["suppressed"].tolist() == [bool(np.isnan(shown))]


# -- an effect with its interval: a text rounded by its width, and one in steps --------------------------------------

EFFECTS = [
    ("persons", (0.0, 0.0, 0.0), "no change", "no change"),
    ("persons", (2.0, 1.0, 3.0), "under 5", "under 5"),
    ("persons", (-2.0, -4.9, 4.9), "under 5", "under 5"),
    ("persons", (0.0, -4.0, 4.0), "under 5", "under 5"),
    ("persons", (2.0, -1.0, 5.0), "0 (−5 to +5)", "0 (−5 – +5)"),
    ("persons", (-2.0, -5.0, 1.0), "0 (−5 to +5)", "0 (−5 – +5)"),
    ("persons", (-2.0, -5.0, 0.0), "between −5 and 0", "−5 – 0"),
    ("persons", (-123.0, -162.0, -81.0), "−125 (−160 to −80)", "−125 (−160 – −80)"),
    ("person-months", (3.0, 2.0, 4.0), "under 5", "under 5"),
    ("months", (3.0, 2.0, 4.0), "+3.0 (+2.0 to +4.0)", "+3.0 (+2.0 – +4.0)"),
    ("months", (-0.31, -0.5, -0.1), "−0.31 (−0.50 to −0.10)", "−0.31 (−0.50 – −0.10)"),
    ("index", (1.24, 0.81, 1.62), "+1.24 (+0.81 to +1.62)", "+1.24 (+0.81 – +1.62)"),
    (PERCENT, (-0.04, -2.0, 2.0), "0.0 (−2.0 to +2.0)", "0.0\N{NO-BREAK SPACE}% (−2.0 – +2.0)"),
    ("NOK", (3.0, 2.0, 4.0), "+3 (+2 to +4)", "+3 (+2 – +4)"),
    ("days", (-12.0, -15.0, -9.0), "−12 (−15 to −9)", "−12 (−15 – −9)"),
]


@pytest.mark.parametrize(("unit", "values", "by_width", "in_steps"), EFFECTS)
def test_an_effect_with_its_interval(unit, values, by_width, in_steps):
    assert rounded_text(*values, unit, "en") == by_width
    row = dict(zip(("x", "x_lo", "x_hi"), values, strict=True))
    assert FACTS.between(row, "x", unit) == in_steps


@pytest.mark.parametrize(
    ("unit", "ends", "shown"),
    [
        ("persons", (1.0, 4.0), "under 5"),
        ("persons", (-4.0, 4.0), "under 5"),
        ("persons", (-4.0, 12.0), "−5 – +10"),
        ("NOK", (-4.0, 12.0), "−4 – +12"),
        ("NOK", (-58335.0, 487500.0), "−60,000 – +490,000"),
        ("months", (-0.4, 4.0), "−0.4 – +4.0"),
        ("index", (-15.2, -0.04), "−15.2 – −0.1"),
        ("persons", (-60.0, -2.0), "−60 – −5"),
        (PERCENT, (-4.04, 12.0), "−4.0 – +12.0"),
    ],
)
def test_both_ends(unit, ends, shown):
    assert FACTS.ends(*ends, unit) == shown


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [(3.0, "persons", "under 5"), (-3.0, "persons", "under 5"), (-7.0, "persons", "−5"), (-3.0, PERCENT, "−3.0")],
)
def test_a_change(value, unit, shown):
    assert FACTS.change(value, unit) == shown


# -- whole and part -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sides", "few"),
    [
        ((0.0,), False),
        ((NAN,), False),
        ((4.0,), True),
        ((-4.0,), True),
        ((0.0, 0.0), False),
        ((0.0, 4.0), True),
        ((3.0, 5.0), False),
        ((NAN, 3.0), True),
        ((NAN, 7.0), False),
    ],
)
def test_a_number_is_held_back_where_few_are_on_all_sides(sides, few):
    assert is_few(*sides) is few
    assert is_few(*(np.array([side]) for side in sides)).tolist() == [few]
    assert is_few(*(pd.Series([side]) for side in sides)).tolist() == [few]


def test_only_amounts_and_relative_numbers_are_no_counts():
    assert {unit for unit in KINDS if kind_of(unit).is_count} == set()
    assert all(kind_of(unit).is_count for unit in ("persons", "count", "person-months", "moves", "offences", ""))


def test_no_zero_is_negative():
    for unit in ("persons", "NOK", "index"):
        assert str(rounded(-0.01, unit)) == "0.0"
        assert np.signbit(rounded(np.array([-0.01]), unit)).tolist() == [False]


def test_a_column_has_each_row_in_its_own_unit():
    shown = in_units(pd.Series([12.34, 12.34, 12.34, NAN]), pd.Series(["persons", "index", "NOK", "persons"]))
    assert shown.tolist() == pytest.approx([10.0, 12.3, 10.0, NAN], nan_ok=True)


@pytest.mark.parametrize("base", [7.0, 60.0, 400.0, 3000.0, 90000.0])
def test_a_step_of_an_index_is_five_persons_or_more(base):
    step = disclosure.index_step(base)
    assert base * step / 100 >= disclosure.SMALL * (1 - 1e-9)
    assert step >= 0.1


# -- amounts for each person ----------------------------------------------------------------------------------------


def cell(outcome: str, city: str, value: float) -> dict[str, object]:
    unit = "NOK" if outcome.endswith("_nok") else "person-months"
    return {"outcome": outcome, "city": city, "value": value, "unit": unit}


def test_an_amount_for_each_person_has_the_persons_who_are_counted():
    (wages, counted), *_ = PER_PERSON.items()
    frame = pd.DataFrame(
        [
            cell(wages, "Oslo", 90_000.0),
            cell(counted, "Oslo", 4.0),
            cell(wages, "Bergen", 900_000.0),
            cell(counted, "Bergen", 40.0),
            cell("fines_nok", "Oslo", 3.0),
            cell(wages, "Trondheim", 900_000.0),
        ]
    )
    behind = persons_behind(frame, ["value"], ["city"], frame["unit"])["value"]
    assert behind.tolist() == pytest.approx([4.0, 4.0, 40.0, 40.0, NAN, 1.0], nan_ok=True)
    assert is_few(behind).tolist() == [True, True, False, False, False, True]


@pytest.mark.parametrize(("persons", "is_held_back"), [(3.0, True), (300.0, False)])
def test_wages_of_a_few_are_in_no_published_table(persons, is_held_back):
    (wages, counted), *_ = PER_PERSON.items()
    units = {f"outcome:{wages}": "NOK", f"outcome:{counted}": "person-months"}
    template = exact()["cities"].iloc[:1]
    rows = [
        template.assign(outcome=f"outcome:{wages}", unit="NOK", reference_mean=9e6, mean=1e5),
        template.assign(outcome=f"outcome:{counted}", unit="person-months", reference_mean=persons, mean=0.5),
    ]
    table = published({"cities": pd.concat(rows, ignore_index=True)}, units)["cities"]
    assert table["suppressed"].tolist() == [is_held_back, is_held_back]
    assert table["mean"].isna().tolist() == [is_held_back, is_held_back]


def test_costs_find_the_persons_in_the_key_figures():
    (wages, counted), *_ = PER_PERSON.items()
    units = {f"outcome:{wages}": "NOK", f"outcome:{counted}": "person-months"}
    frames = exact()
    costs = frames["costs"].iloc[:1].assign(outcome=f"outcome:{wages}", unit="NOK", reference_mean=9e6)
    figure = frames["key_figures"].iloc[:1]
    scenario = str(costs["scenario"].iloc[0])
    figure = figure.assign(outcome=f"outcome:{counted}", unit="person-months", scenario=scenario, mean=0.0)
    for persons, is_held_back in ((3.0, True), (300.0, False)):
        found = published({"costs": costs, "key_figures": figure.assign(reference_mean=persons)}, units)["costs"]
        assert found["suppressed"].tolist() == [is_held_back]
    assert published({"costs": costs}, units)["costs"]["suppressed"].tolist() == [True]


def test_money_for_a_few_is_on_no_page():
    from irregsim.present.pages import compare_tables

    row = exact()["costs"].iloc[:1].assign(outcome="", item="bed", unit="persons", source="a table", grade="B")
    row = row.assign(nok_mean=3e6, nok_lo=1e6, nok_hi=4e6)
    for lo, hi, has_money in ((1.0, 4.0, False), (10.0, 40.0, True)):
        facts = Facts({"costs": row.assign(mean=lo, lo=lo, hi=hi)}, about())
        (table,) = compare_tables.costs(facts, str(row["scenario"].iloc[0]))
        ((_, _, natural, money, _),) = table["groups"][0]["rows"]
        assert (natural == "under 5") is not has_money
        assert bool(money) is has_money
