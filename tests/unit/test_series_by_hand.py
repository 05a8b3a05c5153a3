"""Series of a comparison from tables of a few rows, every number by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from irregsim.study.comparison.series import Collected, collect, hidden_index, is_averaged, over_window

NAN = np.nan
MONTHS = (*(f"2015-{month:02d}" for month in range(1, 13)), "2016-01", "2016-02")
COLUMNS = {
    "stocks": ["month", "strategy", "persons"],
    "flows": ["month", "origin", "destination", "persons"],
    "outcomes": ["month", "outcome", "value", "unit"],
    "registers": ["period", "register", "dimension", "key", "count"],
}

Row = tuple[object, ...]


def collected(*replicates: dict[str, list[Row]]) -> Collected:
    """Series of replicates whose tables have these rows."""

    def read(table: str, replicate: int, columns: list[str]) -> pd.DataFrame:
        assert columns == COLUMNS[table]
        return pd.DataFrame(replicates[replicate].get(table, []), columns=columns)

    run: Any = SimpleNamespace(months=MONTHS, replicates=len(replicates), read=read)
    return collect(run)


def stocks(strategy: str, *numbers: int) -> list[Row]:
    return [(month, strategy, n) for month, n in zip(MONTHS, numbers, strict=False)]


def test_stocks_are_added_over_places_and_the_hidden_are_all_but_the_visible():
    rows = [*stocks("synlig", 7, 8), *stocks("synlig", 1), *stocks("avhengig", 2), *stocks("fritt_fall", 4, 5)]
    made = collected({"stocks": rows}).values
    assert made["stock:synlig"][:3, 0].tolist() == [8, 8, 0]
    assert made["person_months:synlig"][:3, 0].tolist() == [8, 8, 0]
    assert made["stock:hidden"][:3, 0].tolist() == [6, 5, 0]
    assert made["stock:arbeidende"].tolist() == [[0.0]] * len(MONTHS)


def test_moves_between_districts_and_the_opening_are_no_flows():
    rows = [
        ("2015-01", "opening", "synlig", 90),
        ("2015-01", "synlig", "synlig", 80),
        ("2015-01", "inflow", "synlig", 3),
        ("2015-01", "inflow", "fritt_fall", 4),
        ("2015-02", "synlig", "videre", 5),
        ("2015-02", "fritt_fall", "videre", 6),
        ("2015-02", "fritt_fall", "videre", 1),
        ("2015-02", "fritt_fall", "synlig", 2),
    ]
    made = collected({"flows": rows}).values
    assert {name for name in made if name.startswith("flow:")} == {
        "flow:inflow>synlig", "flow:inflow>fritt_fall", "flow:synlig>videre", "flow:fritt_fall>videre",
        "flow:fritt_fall>synlig",
    }  # fmt: skip
    assert made["inflow"][:2, 0].tolist() == [7, 0]
    assert made["exit:videre"][:2, 0].tolist() == [0, 12]
    assert made["flow:fritt_fall>videre"][:2, 0].tolist() == [0, 7]
    assert not made["exit:tvangsretur"].any()


def test_a_stay_is_the_stock_of_twelve_months_over_who_left_in_them():
    left = [("2015-01", "arbeidende", "videre", 4), ("2016-01", "arbeidende", "avhengig", 12)]
    rows = {"stocks": stocks("arbeidende", 10, *[2] * 11, 14, 0), "flows": left}
    stay = collected(rows).values["duration:arbeidende"][:, 0]
    # December 2015: 32 person-months and four who left; January 2016: 36 and twelve; February: 34 and twelve.
    assert stay.tolist() == pytest.approx([*[NAN] * 11, 32 / 4, 36 / 12, 34 / 12], nan_ok=True)
    # Nobody left: no stay.
    assert np.isnan(collected({"stocks": stocks("arbeidende", *[2] * 14)}).values["duration:arbeidende"]).all()


def test_what_a_replicate_has_no_row_of_is_zero_and_a_register_is_missing_between_its_years():
    counted = [
        ("2015", "pu_orders", "total", "total", 9), ("2016-02", "pu_orders", "total", "total", 5),
        ("2014", "pu_orders", "total", "total", 8), ("2015-2016", "pu_orders", "total", "total", 7),
        ("2015", "pu_orders", "district", "Oslo", 4),
    ]  # fmt: skip
    one = {"registers": counted, "outcomes": [("2015-03", "care_sought", 2.5, "contacts")]}
    made = collected(one, {})
    december = MONTHS.index("2015-12")
    orders = made.values["register:pu_orders"]
    assert orders[december].tolist() == [9, 0] and orders[-1].tolist() == [5, 0]
    assert np.isnan(np.delete(orders, [december, len(MONTHS) - 1], axis=0)).all()
    assert made.values["outcome:care_sought"][2].tolist() == [2.5, 0]
    assert {name for name in made.values if name.startswith("register:")} == {"register:pu_orders"}
    assert made.units["outcome:care_sought"] == "contacts"
    assert made.units["register:pu_orders"] == "count" and made.units["duration:synlig"] == "months"


def test_the_index_is_the_reference_as_a_hundred_and_missing_where_nobody_is_hidden():
    side = [Collected(MONTHS[:3], {"stock:hidden": np.array([row]).T}, {}) for row in ([50.0, 1, 0], [60.0, 1, 3])]
    assert hidden_index(*side)[:, 0].tolist() == pytest.approx([120, 100, NAN], nan_ok=True)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [("stock:synlig", True), ("index:hidden", True), ("duration:synlig", True), ("inflow", False),
     ("exit:videre", False), ("person_months:synlig", False), ("register:pu_orders", False),
     ("register:udi_return_duty_stock", True)],
)  # fmt: skip
def test_which_outcomes_are_averaged(outcome, expected):
    assert is_averaged(outcome) is expected


@pytest.mark.parametrize(("outcome", "expected"), [("stock:synlig", [2, 5, NAN]), ("inflow", [4, 5, NAN])])
def test_over_a_window_what_is_missing_counts_in_neither_sum_nor_mean(outcome, expected):
    values = np.array([[1, 5, NAN], [90, 90, 90], [3, NAN, NAN]])
    assert over_window(values, outcome, [0, 2]).tolist() == pytest.approx(expected, nan_ok=True)
