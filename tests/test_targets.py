"""Every target repeats its source, and its names are those of the registers."""

from __future__ import annotations

import re

import pytest

from irregsim import tables
from irregsim.reference import DataError, read_table
from irregsim.targets import COLUMNS, REGISTERS, USES, Target, for_register, read_targets, targets
from irregsim.vocabulary import DISTRICTS

BY_ID = {target.id: target for target in targets()}


def row(**changes: str) -> dict[str, str]:
    """A sound row, with changes; the id follows unless it is changed itself."""
    cells = {
        "register": "assisted_returns",
        "dimension": "total",
        "key": "total",
        "period": "2013",
        "value": "1900",
        "unit": "persons",
        "scope": "all assisted returns",
        "source": "UDI",
        "use": "primary",
        "note": "",
    }
    cells |= changes
    name = "/".join(cells[key] for key in ("register", "dimension", "key", "period"))
    cells.setdefault("id", name)
    return {key: cells[key] for key in COLUMNS}


def fault(**changes: str) -> str:
    with pytest.raises(DataError) as caught:
        read_targets([row(**changes)])
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("udi_return_duty_stock/total/total/2012-12", 4960),
        ("udi_return_duty_stock/total/total/2019-12", 820),
        ("udi_return_duty_stock/total/total/2020-12", 729),
        ("udi_return_duty_stock/country/Etiopia+Eritrea+Iran/2020-12", 52),
        ("udi_expulsions/ground/utlendingsloven/2018", 1811),
        ("udi_expulsions/ground/utlendingsloven/2019", 1656),
        ("udi_expulsions/ground/utlendingsloven/2020", 1098),
        ("udi_expulsions/ground/straff/2018", 657),
        ("udi_expulsions/ground/straff/2019", 486),
        ("udi_expulsions/ground/straff/2020", 313),
        ("udi_expulsions/country_ground/Kina:utlendingsloven/2019", 152),
        ("pu_orders/total/total/2019", 1684),
        ("pu_orders/track/asylum/2019", 345),
        ("pu_returns_executed/track/asylum/2014", 1804),
        ("pu_returns_executed/track/dublin/2016", 1346),
        ("ssb_sanctions/employer/total/2016-2019", 352),
        ("ssb_sanctions/worker/total/2016-2019", 220),
        ("ssb_sanctions/employer/total/2019", 66),
        ("ssb_sanctions/worker/total/2019", 44),
        ("assisted_returns/total/total/2009", 1111),
        ("assisted_returns/total/total/2016", 1455),
    ],
)
def test_headline_counts(name: str, value: float) -> None:
    assert BY_ID[name].value == value


def test_every_cell_of_tabell_10_4_is_a_target() -> None:
    cells = {
        (f"{r['citizenship']}:{r['ground']}", r["year"]): tables.count(r["value"])
        for r in tables.load("expulsion_decisions_tabell_10_4")
        if r["row_type"] != "total" and r["ground"] != "all"
    }
    found = {(t.key, t.period): t.value for t in targets() if t.dimension == "country_ground"}
    assert len(cells) == 36 * 6
    assert found == cells


def test_every_row_of_tabell_10_1_is_a_target() -> None:
    orders = {
        r["police_district"]: tables.count(r["value"])
        for r in tables.load("transports_ordered_tabell_10_1")
        if r["measure"] == "transports_ordered" and r["row_type"] != "total"
    }
    found = {t.key: t.value for t in for_register("pu_orders") if t.dimension == "district"}
    assert found == orders
    # Innlandet lies in Andre here, and PU orders too.
    assert set(found) == set(DISTRICTS) - {"Innlandet"} | {"PU"}


@pytest.mark.parametrize(("dimension", "code"), [("employer", "6135"), ("worker", "6152")])
def test_every_row_of_tabell_8_1_is_a_target(dimension: str, code: str) -> None:
    sanctions = {
        r["police_district"]: tables.count(r["value"])
        for r in tables.load("work_sanctions_tabell_8_1")
        if r["offence_code"] == code
    }
    names = {"Andre": "Andre politidistrikt", "total": "Alle distrikt, i alt"}
    found = {
        names.get(t.key, t.key): t.value
        for t in for_register("ssb_sanctions")
        if t.dimension == dimension and t.period == "2016-2019"
    }
    assert found == sanctions
    assert {t.key for t in for_register("ssb_sanctions")} == {*DISTRICTS, "total"}


def test_every_target_from_the_public_figures_repeats_its_row() -> None:
    figures: dict[tuple[str, str, str], list[dict[str, str]]] = {}
    for r in tables.load("public_figures"):
        figures.setdefault((r["series"], r["dimension"], r["year"]), []).append(r)
    pattern = re.compile(r"external/public_figures\.csv: (\w+), (.+), (\d{4}) \((.+)\)")
    checked = 0
    for target in targets():
        match = pattern.fullmatch(target.source)
        if match is None:
            continue
        series, dimension, year, publisher = match.groups()
        (figure,) = figures[series, dimension, year]
        assert target.value == float(figure["value"]), target.id
        assert target.period == year
        assert publisher == figure["publisher"]
        # What was only recalled is no target.
        assert figure["status"] in ("documented", "derived")
        assert figure["status"] == "documented" or "derived" in target.note
        checked += 1
    assert checked == sum("external/" in target.source for target in targets()) > 30


def test_asylum_orders_are_derived_as_they_say() -> None:
    orders = BY_ID["pu_orders/total/total/2019"].value
    assert BY_ID["pu_orders/track/asylum/2019"].value == round(orders / 0.83 * 0.17)


def test_counts_of_another_scope_are_never_primary() -> None:
    wide = [target for target in targets() if "wider than the model" in target.scope]
    assert {target.register for target in wide} == {"udi_expulsions", "pu_returns_executed"}
    assert all(target.use == "context" for target in wide)
    assert all("wider than the model" in target.scope for target in targets() if target.use == "context")


def test_every_scope_of_the_sanctions_tells_of_those_with_stay() -> None:
    assert all("stay but no work permit" in target.scope for target in for_register("ssb_sanctions"))


def test_registers_have_labels_and_uses_are_known() -> None:
    labelled = {r["key"] for r in read_table("labels.csv")}
    assert {f"register.{name}" for name in REGISTERS} <= labelled
    assert {f"dimension.{name}" for names in REGISTERS.values() for name in names} <= labelled
    assert {f"use.{name}" for name in USES} <= labelled


def test_targets_of_a_register() -> None:
    assert sum(len(for_register(name)) for name in REGISTERS) == len(targets())
    assert {t.period for t in for_register("assisted_returns")} == {str(year) for year in range(2009, 2017)}
    assert for_register("left_centre_without_address") == ()


def test_an_unknown_register_is_refused_with_the_nearest() -> None:
    with pytest.raises(KeyError, match="did you mean pu_orders"):
        for_register("pu_order")


def test_a_sound_row_is_read() -> None:
    (target,) = read_targets([row()])
    assert isinstance(target, Target)
    assert (target.id, target.value) == ("assisted_returns/total/total/2013", 1900.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"register": "udi"}, "no register 'udi'"),
        ({"dimension": "city"}, "assisted_returns has no dimension 'city'"),
        ({"period": "2013-13"}, "period '2013-13' is no year"),
        ({"period": "last 6 years"}, "is no year, month or span"),
        ({"value": "about 100"}, "value 'about 100' is no number"),
        ({"value": "-1"}, "value '-1' is no number of 0 or more"),
        ({"value": "nan"}, "value 'nan' is no number"),
        ({"value": "inf"}, "value 'inf' is no number"),
        ({"use": "maybe"}, "use is 'maybe', must be one of primary"),
        ({"scope": " "}, "scope is empty"),
        ({"source": ""}, "source is empty"),
        ({"id": "x"}, "the id must be assisted_returns/total/total/2013"),
        ({"register": "udi_expulsions"}, "udi_expulsions has no dimension 'total'"),
    ],
)
def test_a_wrong_cell_is_named(changes: dict[str, str], words: str) -> None:
    assert words in fault(**changes)


def test_a_total_its_register_lacks_may_stand_as_context() -> None:
    (target,) = read_targets([row(register="udi_expulsions", use="context")])
    assert target.use == "context"


def test_doubled_rows_and_wrong_columns_are_named_all_at_once() -> None:
    with pytest.raises(DataError) as caught:
        read_targets([row(), row(), {"id": "x"}, row(value="")])
    text = str(caught.value)
    assert "assisted_returns/total/total/2013: stands twice" in text
    assert "targets.csv:4: expected the columns id,register" in text
    assert "value '' is no number" in text
