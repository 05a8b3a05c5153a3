"""Registers beside published counts: sums, shares, spans, intervals and tails on frames whose answers are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from irregsim.inference.check import counts as predictive
from irregsim.inference.check.counts import by_register, check, distance, tail_probability, worst
from irregsim.inference.targets import REGISTERS, Target, targets
from irregsim.model.registers import WIDER

pytestmark = pytest.mark.once

NINETEEN = range(19)


def target(where: str, value: float, *, use: str = "primary", unit: str = "persons") -> Target:
    """A published count from ``register/dimension/key/period``."""
    register, dimension, key, period = where.split("/")
    role, error = ("fit", 0.1) if use == "primary" else ("context", None)
    texts = (unit, "whom", "nowhere", use, role, error, 1.0, "2021-05", "any", "")
    return Target(where, register, dimension, key, period, value, *texts)


def registers(cells: Mapping[str, Sequence[float]]) -> pd.DataFrame:
    """A registers table from counts of each replicate by ``register/dimension/key/period``; None leaves a row out."""
    rows = [
        (where.split("/")[3], replicate, *where.split("/")[:3], count)
        for where, counts in cells.items()
        for replicate, count in enumerate(counts)
        if count is not None
    ]
    return pd.DataFrame(rows, columns=["period", "replicate", "register", "dimension", "key", "count"])


def only(frame: pd.DataFrame, wanted: Target) -> pd.Series:
    (row,) = (row for _, row in check(frame, [wanted]).iterrows())
    return row


def test_a_plain_count_has_its_median_intervals_tail_and_ratio():
    frame = registers({"assisted_returns/total/total/2014": list(NINETEEN)})
    row = only(frame, target("assisted_returns/total/total/2014", 4.5))
    assert (row["median"], row["lo50"], row["hi50"]) == (9.0, 4.5, 13.5)
    assert (row["lo90"], row["hi90"]) == pytest.approx((0.9, 17.1))
    assert row["ratio"] == 2.0
    assert row["replicates"] == 19
    # Five of nineteen lie below, and the published value counts as a twentieth with half its weight.
    assert row["tail_probability"] == pytest.approx(2 * 5.5 / 20)
    assert bool(row["inside50"])
    assert bool(row["inside90"])
    assert pd.isna(row["reason"])
    outside = only(frame, target("assisted_returns/total/total/2014", 4.4))
    assert not outside["inside50"] and bool(outside["inside90"])
    assert not only(frame, target("assisted_returns/total/total/2014", 17.2))["inside90"]


def test_the_order_and_type_of_rows_and_columns_do_not_matter():
    frame = registers({"ssb_sanctions/employer/Oslo/2019": [3, 1, 2], "ssb_sanctions/employer/Vest/2019": [9, 9, 8]})
    frame["replicate"] = frame["replicate"].map({0: 40, 1: 2, 2: 7})
    mixed = frame.sample(frac=1, random_state=1).astype(dict.fromkeys(("register", "key", "period"), "category"))
    wanted = [target("ssb_sanctions/employer/Vest/2019", 7), target("ssb_sanctions/employer/Oslo/2019", 2)]
    pd.testing.assert_frame_equal(check(mixed[mixed.columns[::-1]].assign(more="x"), wanted), check(frame, wanted))
    assert check(frame, wanted)["median"].tolist() == [9.0, 2.0]


def test_keys_with_a_plus_are_summed_replicate_by_replicate():
    cells = {
        "pu_returns_executed/track/utvist/2015": [10, 20, 60],
        "pu_returns_executed/track/bortvist/2015": [5, 30, 0],
    }
    row = only(registers(cells), target("pu_returns_executed/track/utvist+bortvist/2015", 21))
    assert row["median"] == 50.0  # of 15, 50 and 60; the medians of the parts add up to 25
    assert row["made_from"] == "track: utvist + bortvist"
    assert (row["lo90"], row["hi90"]) == pytest.approx((18.5, 59.0))


def test_a_percentage_is_of_the_total_of_each_replicate():
    cells = {
        "udi_return_duty_stock/total/total/2020-12": [100, 400, 0],
        "udi_return_duty_stock/country/Iran/2020-12": [10, 100, 0],
        "udi_return_duty_stock/country/Eritrea/2020-12": [20, 20, 0],
    }
    wanted = target("udi_return_duty_stock/country/Eritrea+Iran/2020-12", 52, unit=predictive.PERCENT)
    row = only(registers(cells), wanted)
    assert row["median"] == 30.0  # 30 % of both; the third replicate has nobody to take a share of
    assert row["replicates"] == 2
    assert row["distance"] == pytest.approx(distance(30.0, 52.0, 250.0))
    nobody = {where: [0, 0] for where in cells}
    assert "counts anybody" in only(registers(nobody), wanted)["reason"]
    assert (
        "cannot be made from counts" in only(registers(cells), replace(wanted, unit="percent of something"))["reason"]
    )


def test_a_span_of_years_is_read_or_added_up():
    years = {f"ssb_sanctions/worker/total/{year}": [year - 2015, 1] for year in range(2016, 2020)}
    wanted = target("ssb_sanctions/worker/total/2016-2019", 7)
    assert only(registers(years), wanted)["median"] == (1 + 2 + 3 + 4 + 4) / 2
    printed = years | {"ssb_sanctions/worker/total/2016-2019": [100, 100]}
    assert only(registers(printed), wanted)["median"] == 100.0
    del years["ssb_sanctions/worker/total/2017"]
    assert "2016-2019 is outside" in only(registers(years), wanted)["reason"]


def test_a_total_of_wider_scope_is_laid_beside_a_count_of_the_same_scope_or_none():
    cells = {
        "udi_expulsions/ground/straff/2015": [1, 2],
        "udi_expulsions/ground/straff/2014": [1, 2],
        "udi_expulsions/scope/with_eu_eea/2015": [1501, 1502],
    }
    given = only(registers(cells), target("udi_expulsions/total/total/2015", 6400, use="context"))
    assert (given["median"], given["made_from"]) == (1501.5, "scope: with_eu_eea")
    none = only(registers(cells), target("udi_expulsions/total/total/2014", 5300, use="context"))
    assert "no scope with_eu_eea for 2014" in none["reason"], "a part that is not known is not zero"
    before = only(registers(cells), target("udi_expulsions/total/total/2010", 3430, use="context"))
    assert "2010 is outside" in before["reason"]
    alone = only(registers(cells), target("udi_expulsions/ground/straff/2015", 3, use="context"))
    assert "no count of that scope" in alone["reason"]
    # What is of the model's own scope is read from the register's own total.
    cells = {f"udi_expulsions/{name}/2015": [n] for name, n in (("total/total", 7), ("scope/with_eu_eea", 9))}
    for use, median in (("lower_bound", 7.0), ("context", 9.0)):
        assert only(registers(cells), target("udi_expulsions/total/total/2015", 5, use=use))["median"] == median


def test_a_row_that_is_left_out_counts_as_zero_and_a_slip_does_not():
    cells = {
        "udi_expulsions/country_ground/Kina:straff/2018": [4, None, None],
        "udi_expulsions/country_ground/Kina:straff/2019": [4, 4, 4],
    }
    frame = registers(cells)
    assert only(frame, target("udi_expulsions/country_ground/Kina:straff/2018", 4))["median"] == 0.0
    # A country that never occurs is zero; a name that is no country, or a ground that never occurs, is a slip.
    assert only(frame, target("udi_expulsions/country_ground/Ukraina:straff/2018", 4))["median"] == 0.0
    assert "no country_ground" in only(frame, target("udi_expulsions/country_ground/Atlantis:straff/2018", 4))["reason"]
    assert "no country_ground" in only(frame, target("udi_expulsions/country_ground/Kina:fine/2018", 4))["reason"]
    districts = registers({"pu_orders/district/Oslo/2019": [1]})
    assert "no district Osl" in only(districts, target("pu_orders/district/Osl/2019", 4))["reason"]


def test_what_the_registers_cannot_give_is_listed_with_the_reason_and_nothing_else():
    frame = registers({"assisted_returns/total/total/2012": [1, 2], "assisted_returns/total/total/2013": [1, 2]})
    wanted = {
        "assisted_returns/total/total/2010": "2010 is outside what the run reports (2012 to 2013)",
        "pu_orders/total/total/2012": "the run has no register pu_orders",
        "assisted_returns/country/Iran/2012": "the model's register counts no country",
    }
    checked = check(frame, [target(where, 3) for where in wanted])
    assert checked["reason"].tolist() == list(wanted.values())
    assert checked["observed"].tolist() == [3.0, 3.0, 3.0]
    empty = ["median", "lo90", "hi90", "tail_probability", "ratio", "distance", "inside50", "inside90", "replicates"]
    assert checked[empty].isna().all(axis=None)


def test_a_lower_bound_is_met_by_more_and_missed_by_less():
    frame = registers({"pu_returns_executed/total/total/2019": [*range(1990, 1999), 2400]})
    bound = target("pu_returns_executed/total/total/2019", 2000, use="lower_bound")
    row = only(frame, bound)
    assert bool(row["inside90"]) and not row["inside50"]
    assert row["tail_probability"] == pytest.approx(1.5 / 11)  # one replicate above, and half of the bound itself
    met = only(frame, replace(bound, value=5.0))
    assert bool(met["inside50"]) and met["tail_probability"] == pytest.approx(10.5 / 11)


def test_zero_published_has_no_ratio():
    frame = registers({"ssb_sanctions/worker/Vest/2019": [0, 0, 8]})
    row = only(frame, target("ssb_sanctions/worker/Vest/2019", 0))
    assert np.isnan(row["ratio"])
    assert bool(row["inside50"])
    assert row["tail_probability"] == 1.0 - 0.25  # half of three equal values, of four


@pytest.mark.parametrize("column", ["period", "replicate", "count"])
def test_a_missing_column_is_named(column):
    frame = registers({"assisted_returns/total/total/2012": [1]}).drop(columns=column)
    with pytest.raises(ValueError, match=f"no column {column}"):
        check(frame, [])


def test_a_cell_that_stands_twice_is_refused():
    frame = registers({"assisted_returns/total/total/2012": [1, 2]})
    with pytest.raises(ValueError, match="two rows"):
        check(pd.concat([frame, frame.tail(1)]), [])


# -- the tail -----------------------------------------------------------------------------------------------------


def test_the_tail_probability_is_uniform_when_the_model_is_right():
    """Exact: by exchangeability the rank of the observed value among n + 1 is uniform, so is its mid-p."""
    values = np.arange(10, dtype=np.float64)
    tails = sorted(tail_probability(np.delete(values, i), values[i]) for i in range(10))
    assert tails == pytest.approx([0.1, 0.1, 0.3, 0.3, 0.5, 0.5, 0.7, 0.7, 0.9, 0.9])
    assert tail_probability(np.zeros(5), 0.0) == 1.0
    assert tail_probability(np.zeros(5), 1.0) == pytest.approx(1 / 6)
    assert tail_probability(np.zeros(5), -1.0) == pytest.approx(1 / 6)


def test_the_tail_probability_tends_to_the_mid_p_of_the_distribution():
    mean, observed, n = 6.0, 10, 400_000
    values = stats.poisson.ppf((np.arange(n) + 0.5) / n, mean)
    below, equal = stats.poisson.cdf(observed - 1, mean), stats.poisson.pmf(observed, mean)
    assert tail_probability(values, observed) == pytest.approx(2 * (1 - below - equal / 2), abs=2e-5)


@pytest.mark.parametrize("mean", [5, 80, 4000])
def test_the_distance_is_about_one_wide_for_counts_of_any_size(mean):
    draws = np.random.default_rng(1).poisson(mean, 20_000)
    spread = np.std([distance(mean, x) for x in draws])
    assert 0.95 < spread < 1.1  # Anscombe: the square root of a Poisson number has variance near a quarter


def test_the_distance_of_a_share_is_about_one_wide_too():
    draws = np.random.default_rng(1).binomial(700, 0.52, 20_000)
    assert 0.95 < np.std([distance(52.0, 100 * x / 700, 700) for x in draws]) < 1.05
    assert distance(20.0, 52.0, 700) < -10 < 10 < distance(52.0, 20.0, 700)


# -- summaries ----------------------------------------------------------------------------------------------------


def test_summaries_count_what_lies_inside_and_rank_what_lies_far():
    cells = {f"pu_orders/district/{name}/2019": [90, 100, 110] for name in ("Oslo", "Vest", "Agder")}
    cells["pu_returns_executed/total/total/2019"] = [3000, 3000, 3000]
    cells["udi_expulsions/scope/with_eu_eea/2015"] = [5, 5, 5]
    wanted = [
        target("pu_orders/district/Oslo/2019", 100),
        target("pu_orders/district/Vest/2019", 400),
        target("pu_orders/district/Agder/2019", 110),
        target("pu_orders/district/Andre/2019", 7),
        target("pu_returns_executed/total/total/2019", 2000, use="lower_bound"),
        target("udi_expulsions/total/total/2015", 9000, use="context"),
    ]
    checked = check(registers(cells), wanted)
    assert worst(checked, 2)["id"].tolist() == ["pu_orders/district/Vest/2019", "pu_orders/district/Agder/2019"]
    assert len(worst(checked, 99)) == 3, "neither context, nor a bound that is met, nor what cannot be given"
    table = by_register(checked).set_index(["register", "use"])
    assert table.loc[("pu_orders", "primary"), ["targets", "given", "inside50", "inside90"]].tolist() == [4, 3, 1, 1]
    assert table.loc[("pu_orders", "primary"), "median_ratio"] == pytest.approx(100 / 110)
    assert table.loc[("pu_returns_executed", "lower_bound"), "inside90"] == 1


def test_every_shipped_target_is_of_a_kind_the_check_understands():
    """A table with one row for every cell that the targets name answers all but those of a scope no register has."""
    cells: dict[str, list[int]] = {}
    for one in targets():
        wider = [WIDER[where]] if (where := (one.register, one.dimension, one.key)) in WIDER else []
        own = [(one.dimension, key) for key in one.key.split("+")] if one.use != "context" else []
        for dimension, key in wider if one.use == "context" else own:
            cells[f"{one.register}/{dimension}/{key}/{one.period}"] = [5, 6]
        if one.unit == predictive.PERCENT:
            cells[f"{one.register}/total/total/{one.period}"] = [50, 60]
    checked = check(registers(cells), targets())
    unanswered = checked[checked["reason"].notna()]
    assert set(unanswered["use"]) <= {"context"}
    assert not any(tuple(row) in WIDER for row in unanswered[["register", "dimension", "key"]].to_numpy())
    assert (checked["use"] == "primary").sum() > 250
    assert checked["id"].tolist() == [one.id for one in targets()]
    assert checked.columns.tolist() == list(predictive.COLUMNS)
    assert set(checked["register"]) <= set(REGISTERS)
