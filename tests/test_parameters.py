"""The parameter table is sound, its priors have the quantiles they claim, and its faults are told."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from irregsim.inference.targets import targets
from irregsim.model.parameters import (
    COLUMNS,
    DISTRIBUTIONS,
    Parameter,
    explain,
    parameter,
    parameters,
    point_draw,
    read_parameters,
    table_rows,
)
from irregsim.vocabulary.reference import DataError, read_table

MECHANISMS = frozenset({"M001", "M002"})


def row(**changes: str) -> dict[str, str]:
    """A sound row, with changes."""
    cells = {
        "name": "walkout_hazard",
        "meaning": "Hazard that a resident leaves the centre",
        "unit": "per month",
        "distribution": "lognormal",
        "p1": "0.02",
        "p2": "0.5",
        "low": "0.007",
        "high": "0.055",
        "evidence_grade": "C",
        "source": "F 4.3",
        "mechanisms": "M001;M002",
        "note": "",
        "status": "prior",
        "derived_from": "",
        "group": "reception",
    }
    return {key: (cells | changes)[key] for key in COLUMNS}


def read(**changes: str) -> Parameter:
    (only,) = read_parameters([row(**changes)], MECHANISMS).values()
    return only


def test_the_shipped_table_holds_the_first_priors() -> None:
    found = parameters()
    assert len(found) >= 107
    assert found["walkout_hazard"].median == 0.02
    assert found["pu_fetch_hazard"].distribution == "lognormal"
    assert list(found) == [r["name"] for r in read_table("parameters.csv")]


def test_the_point_draw_is_the_median_of_every_prior() -> None:
    draw = point_draw()
    assert draw == {name: what.median for name, what in parameters().items()}
    assert all(math.isfinite(value) for value in draw.values())
    assert draw["host_fatigue"] == 0.2  # a mean
    assert draw["dublin_in_register_share"] == 0.5  # the middle of 0 to 1


def test_shares_stay_between_0_and_1_wherever_a_draw_is_likely() -> None:
    shares = [what for what in parameters().values() if what.unit == "share"]
    assert len(shares) > 20
    for what in shares:
        assert 0.0 <= what.quantile(0.0005) <= what.quantile(0.9995) <= 1.0, what.name


def test_every_prior_made_from_a_target_names_one_there_is() -> None:
    ids = {target.id for target in targets()}
    named = {(what.name, target) for what in parameters().values() for target in what.targets}
    assert [pair for pair in named if pair[1] not in ids] == []
    # The rows that are known to use a count twice say so.
    users = {name for name, _ in named}
    assert users >= {
        "short_stay_sent_out_count",
        "pu_effort_2010_ratio",
        "pu_effort_2015_ratio",
        "control_effort_2013_ratio",
        "control_effort_2016_ratio",
        "penal_expulsion_log_trend",
        "assisted_return_hazard",
        "pandemic_control_ratio",
    }


def scipy_prior(what: Parameter) -> stats.rv_continuous:
    """The same prior from another library; logit priors on the logit scale."""
    assert what.p2 is not None
    if what.distribution == "normal":
        return stats.norm(what.p1, what.p2)
    if what.distribution == "lognormal":
        return stats.lognorm(what.p2, scale=what.p1)
    if what.distribution == "beta":
        return stats.beta(what.p1, what.p2)
    if what.distribution == "uniform":
        return stats.uniform(what.p1, what.p2 - what.p1)
    return stats.norm(math.log(what.p1 / (1 - what.p1)), what.p2)


PRIORS = {
    "lognormal": read(),
    "logitnormal": read(distribution="logitnormal", p1="0.3", p2="0.5", low="0.1", high="0.6"),
    "normal": read(distribution="normal", p1="-2", p2="0.6", low="-3.2", high="-0.8"),
    "beta": read(distribution="beta", p1="4", p2="8", low="0.1", high="0.7"),
    "uniform": read(distribution="uniform", p1="0.05", p2="0.6", low="0.05", high="0.6"),
}


def test_every_distribution_but_the_fixed_one_is_compared_with_another_library() -> None:
    assert set(PRIORS) == set(DISTRIBUTIONS) - {"fixed"}


@pytest.mark.parametrize("name", PRIORS)
@given(u=st.floats(1e-9, 1 - 1e-9))
def test_quantiles_equal_those_of_another_library(name: str, u: float) -> None:
    what = PRIORS[name]
    value = what.quantile(u)
    if name == "logitnormal":
        assert 0.0 < value < 1.0
        value = math.log(value / (1 - value))
    assert value == pytest.approx(scipy_prior(what).ppf(u), rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("name", [name for name in PRIORS if name in ("lognormal", "logitnormal", "normal")])
def test_the_median_is_the_printed_number_to_the_last_bit(name: str) -> None:
    assert PRIORS[name].median == PRIORS[name].p1


def test_a_fixed_value_is_the_same_everywhere() -> None:
    what = read(distribution="fixed", p1="0.3", p2="", low="0.3", high="0.3", status="fixed", note="a reason")
    assert [what.quantile(u) for u in (0.001, 0.5, 0.999)] == [0.3, 0.3, 0.3]


@pytest.mark.parametrize("u", [0.0, 1.0, -0.1, 1.1, math.nan])
def test_a_quantile_outside_0_to_1_is_refused(u: float) -> None:
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        PRIORS["lognormal"].quantile(u)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "Walkout Hazard"}, "a name may contain only lower-case letters"),
        ({"meaning": ""}, "meaning is empty"),
        ({"unit": " "}, "unit is empty"),
        ({"source": ""}, "source is empty"),
        ({"distribution": "cauchy"}, "distribution is 'cauchy', must be one of lognormal"),
        ({"evidence_grade": "E"}, "evidence_grade is 'E', must be one of A, B, C, D"),
        ({"status": "free"}, "status is 'free', must be one of calibrate, prior, fixed"),
        ({"mechanisms": "M001;M999"}, "no such mechanism: M999"),
        ({"status": "fixed"}, "note must give the reason"),
        ({"distribution": "fixed", "p2": ""}, "so status must be fixed"),
        ({"distribution": "fixed", "status": "fixed", "note": "x"}, "p2 must be empty"),
        ({"p1": "two"}, "p1 is 'two', not a number"),
        ({"p1": "inf"}, "p1 is inf, not a finite number"),
        ({"low": ""}, "low is '', not a number"),
        ({"p2": ""}, "p2 is missing (median, sd of the logarithm)"),
        ({"p2": "0"}, "p2 must be above 0"),
        ({"p1": "0"}, "p1 must be above 0"),
        ({"distribution": "logitnormal", "p1": "1"}, "p1 must be between 0 and 1"),
        ({"distribution": "uniform", "p1": "2", "p2": "1"}, "p1 must be below p2"),
        ({"low": "0.06"}, "low 0.06 is not below high 0.055"),
        ({"high": "0.019"}, "median 0.02 is outside 0.007 to 0.019"),
        ({"low": "0.03"}, "median 0.02 is outside 0.03 to 0.055"),
    ],
)
def test_a_wrong_cell_is_named(changes: dict[str, str], words: str) -> None:
    with pytest.raises(DataError) as caught:
        read(**changes)
    assert words in str(caught.value)


def test_all_faults_come_at_once() -> None:
    rows = [row(), row(), row(name="b", p1="x", evidence_grade="Q"), {"name": "c"}, row(name="d", high="0")]
    with pytest.raises(DataError) as caught:
        read_parameters(rows, MECHANISMS)
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[1] for line in lines] == [
        "walkout_hazard",
        "b",
        "b",
        "expected the columns name,meaning,"
        "unit,distribution,p1,p2,low,high,evidence_grade,source,mechanisms,note,status,derived_from,group",
        "d",
    ]


def test_an_unknown_parameter_is_refused_with_the_nearest() -> None:
    with pytest.raises(KeyError, match=r"no parameter 'walkout_hazrd'.*did you mean walkout_hazard"):
        parameter("walkout_hazrd")
    with pytest.raises(KeyError, match="no language 'nn'"):
        explain("walkout_hazard", "nn")


def test_an_explanation_says_everything_in_plain_words() -> None:
    text = explain("exit_control_detection_share")
    for words in (
        "Share of never-asylum leavers recorded as overstayers",
        "Unit: share",
        "Median: 0.2",
        "95 % range of the prior: 0.0596 – 0.496",
        "D, modelling assumption",
        "calibrated to the registers",
        "X05: UDI expulsion decisions not matched",
        "M058: People who never sought asylum",
        "the count udi_expulsions/ground/straff/2019",
    ):
        assert words in text
    assert "F is Fafo-rapport 2021:15" in explain("host_ends_stay_hazard")


def test_an_explanation_has_norwegian_headings() -> None:
    text = explain("host_ends_stay_hazard", "nb")
    assert "Enhet: per month" in text
    assert "C, faglig skjønn gjengitt i rapporten" in text
    assert "Prioren bygger på: ingen publisert telling" in text


def test_every_parameter_can_be_explained_in_both_languages() -> None:
    for name, what in parameters().items():
        for lang in ("en", "nb"):
            text = explain(name, lang)
            assert what.meaning in text
            assert all(code in text for code in what.mechanisms)


def test_the_listing_has_one_row_per_parameter_and_readable_numbers() -> None:
    rows = {r["name"]: r for r in table_rows()}
    assert list(rows) == list(parameters())
    assert rows["wage_gap_nok"]["median"] == "15000"
    assert rows["feasibility_none_share"]["median"] == "0.01"
    assert not any("e" in r[key] for r in rows.values() for key in ("median", "low", "high"))
