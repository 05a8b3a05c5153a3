"""Every target repeats its source, and its names are those of the registers."""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from irregsim.cli import main
from irregsim.inference.calibration import design
from irregsim.inference.targets import (
    COLUMNS,
    REGISTERS,
    ROLES,
    USES,
    Target,
    compare,
    for_register,
    read,
    read_targets,
    targets,
)
from irregsim.model.parameters import parameters
from irregsim.vocabulary import reference
from irregsim.vocabulary import report_tables as tables
from irregsim.vocabulary.codes import DISTRICTS
from irregsim.vocabulary.labels import labels
from irregsim.vocabulary.reference import DataError, read_table

pytestmark = pytest.mark.once

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
        "role": "fit",
        "error_log_sd": "0.10",
        "rounding": "100",
        "vintage": "2015",
        "block": "assisted",
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
    assert checked == sum("external/public" in target.source for target in targets()) > 30


#: Share of a published period that a target is made of: what is spread over the year it stands for.
PARTS = {
    "assisted_returns/total/total/2018": 12 / 10.5,
    "left_centre_without_address/total/total/2016": 12 / 15,
}


def test_every_later_target_repeats_its_row_or_its_part_of_it() -> None:
    figures = {(r["series"], r["period"]): r for r in read_table("external/released_2026.csv")}
    pattern = re.compile(r"external/released_2026\.csv: (\w+), (.+) \((?:.+, )?(.+)\)")
    used = set()
    for target in targets():
        match = pattern.fullmatch(target.source)
        if match is None:
            continue
        series, period, publisher = match.groups()
        figure = figures[series, period]
        assert target.value == round(float(figure["value"]) * PARTS.get(target.id, 1.0)), target.id
        assert period.startswith(target.period)
        assert publisher in figure["publisher"]
        assert figure["status"] in ("documented", "derived")
        used.add((series, period))
    # None is left lying, and all that is taken from a file is checked here or above.
    assert used == figures.keys()
    assert all(
        "external/public" in t.source or pattern.fullmatch(t.source) for t in targets() if "external/" in t.source
    )


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
    labelled = set(labels())
    assert {f"register.{name}" for name in REGISTERS} <= labelled
    assert {f"dimension.{name}" for names in REGISTERS.values() for name in names} <= labelled
    assert {f"use.{name}" for name in USES} <= labelled


def test_targets_of_a_register() -> None:
    assert sum(len(for_register(name)) for name in REGISTERS) == len(targets())
    assert {t.period for t in for_register("assisted_returns")} == {str(year) for year in (*range(2009, 2017), 2018)}
    assert [t.period for t in for_register("left_centre_without_address")] == ["2016"]


def test_an_unknown_register_is_refused_with_the_nearest() -> None:
    with pytest.raises(KeyError, match="did you mean pu_orders"):
        for_register("pu_order")


def test_a_sound_row_is_read() -> None:
    (target,) = read_targets([row()])
    assert isinstance(target, Target)
    assert (target.id, target.value) == ("assisted_returns/total/total/2013", 1900.0)
    assert (target.role, target.error_log_sd, target.rounding) == ("fit", 0.1, 100.0)
    assert (target.vintage, target.block) == ("2015", "assisted")


def test_an_empty_rounding_is_a_plain_count_and_context_has_no_error() -> None:
    (target,) = read_targets([row(role="context", error_log_sd="", rounding="")])
    assert (target.error_log_sd, target.rounding, target.half_rounding) == (None, 1.0, 0.0)
    (target,) = read_targets([row(rounding="", unit="percent of the total", value="52")])
    assert target.half_rounding == 0.5  # of a percentage, a whole number is rounded


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"register": "udi"}, "no register 'udi'"),
        ({"dimension": "city"}, "assisted_returns has no dimension 'city'"),
        ({"period": "2013-13"}, "period '2013-13' is not a year"),
        ({"period": "last 6 years"}, "is not a year, month or span"),
        ({"value": "about 100"}, "value 'about 100' is not a number"),
        ({"value": "-1"}, "value '-1' is not a number of 0 or more"),
        ({"value": "nan"}, "value 'nan' is not a number"),
        ({"value": "inf"}, "value 'inf' is not a number"),
        ({"value": "1_900"}, "value '1_900' is not a number"),
        ({"value": "1 900"}, "value '1 900' is not a number"),
        ({"value": "9" * 400}, "is not a number of 0 or more"),
        ({"value": "101", "unit": "percent of the total"}, "value 101 is more than 100 percent"),
        ({"period": "２０１３"}, "is not a year, month or span"),
        ({"period": "2013-2012"}, "period '2013-2012' is not a year"),
        ({"key": "Oslo"}, "total has no key 'Oslo'"),
        ({"role": "fitted"}, "role is 'fitted', must be one of fit, check, context"),
        ({"use": "context"}, "use context allows no role but context, not fit"),
        ({"use": "lower_bound", "role": "check"}, "use lower_bound allows no role but context, not check"),
        ({"role": "context"}, "error_log_sd must be empty for context"),
        ({"error_log_sd": ""}, "error_log_sd '' is not a number above 0"),
        ({"error_log_sd": "0"}, "error_log_sd '0' is not a number above 0"),
        ({"error_log_sd": "10"}, "error_log_sd '10' is not a number above 0 and at most 1"),
        ({"error_log_sd": "10 %"}, "error_log_sd '10 %' is not a number"),
        ({"rounding": "0"}, "rounding '0' is not a number above 0"),
        ({"rounding": "hundreds"}, "rounding 'hundreds' is not a number above 0"),
        ({"vintage": "May 2015"}, "vintage 'May 2015' is not a year or month"),
        ({"vintage": "2015-13"}, "vintage '2015-13' is not a year or month"),
        ({"vintage": "2012"}, "vintage 2012 is before the end of the period 2013"),
        ({"vintage": "2013-11"}, "vintage 2013-11 is before the end of the period 2013"),
        ({"block": ""}, "block '' must be a word"),
        ({"register": "pu_orders", "dimension": "district", "key": "Osloo"}, "no key 'Osloo' (did you mean Oslo?)"),
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
    (target,) = read_targets([row(register="udi_expulsions", use="context", role="context", error_log_sd="")])
    assert target.use == "context"


def test_doubled_rows_and_wrong_columns_are_named_all_at_once() -> None:
    with pytest.raises(DataError) as caught:
        read_targets([row(), row(), {"id": "x"}, row(value="")])
    text = str(caught.value)
    assert "targets.csv:3: assisted_returns/total/total/2013: duplicate, first on line 2" in text
    assert "targets.csv:4: expected the columns id,register" in text
    assert "value '' is not a number" in text


# ---------------------------------------------------------------------------------------------------------
# Roles


#: Counts that came to light later: rounded, of part of a year, or of a list that is cleared slowly.
LATER = {
    "udi_return_duty_stock/total/total/2013-12": 0.08,
    "udi_return_duty_stock/total/total/2014-12": 0.08,
    "udi_return_duty_stock/total/total/2018-03": 0.10,
    "pu_returns_executed/track/asylum/2017": 0.10,
    "pu_returns_executed/track/asylum/2018": 0.10,
    "assisted_returns/total/total/2018": 0.15,
    "left_centre_without_address/total/total/2016": 0.25,
    "pu_portfolio/total/total/2017-04": 0.15,
    "pu_portfolio/total/total/2019-01": 0.15,
}


def test_every_target_has_the_role_and_the_error_of_its_class() -> None:
    """The rule of docs/data.md, written once more."""

    def expected(t: Target) -> tuple[str, float | None]:
        if t.use != "primary" or t.period in ("2009", "2010", "2011"):
            return "context", None
        if t.dimension == "country_ground":
            return "check", 0.15
        if t.register == "ssb_sanctions" and t.period == "2019":
            return "check", 0.10
        if t.id == "ssb_sanctions/worker/total/2016-2019":
            return "check", 0.10  # its small cells are fitted as counts
        if t.register == "ssb_sanctions" and t.key != "total":
            return ("check" if t.dimension == "employer" else "fit"), 0.15
        errors = {"udi_return_duty_stock/total": 0.05, "pu_orders/total": 0.12, "pu_orders/track": 0.12}
        errors["pu_orders/district"] = 0.15
        if t.id in LATER:
            return "fit", LATER[t.id]
        return "fit", errors.get(f"{t.register}/{t.dimension}", 0.10)

    unlike = {t.id: (found, expected(t)) for t in targets() if (found := (t.role, t.error_log_sd)) != expected(t)}
    assert unlike == {}, (
        "role and error here, and those of its class; a new class or a count that came later is a line here"
    )
    fitted = defaultdict(int)
    for t in targets():
        fitted[t.block] += t.role == "fit"
    assert dict(fitted) == {
        "residents": 8,
        "expulsions": 12,
        "orders": 11,
        "returns": 8,
        "sanctions": 10,
        "assisted": 6,
        "portfolio": 2,
    }


def test_no_fitted_target_is_one_that_a_table_of_the_model_holds() -> None:
    """Weights of countries.csv and districts.csv are sums or parts of targets, and none of those targets is fitted."""
    held = set()
    for country in reference.countries():
        counts = {"utlendingsloven": country.immigration_act_count, "straff": country.penal_count}
        for ground, count in counts.items():
            cells = [f"udi_expulsions/country_ground/{country.name}:{ground}/{year}" for year in (2018, 2019, 2020)]
            assert count == sum(BY_ID[cell].value for cell in cells)
            held.update(cells)
    for number, district in enumerate(DISTRICTS):
        cell = f"ssb_sanctions/employer/{district}/2016-2019"
        assert BY_ID[cell].value == sum(p.employer_sanctions_count for p in reference.places() if p.district == number)
        held.add(cell)
    assert {BY_ID[cell].role for cell in held} == {"check"}


def test_no_count_is_fitted_both_by_itself_and_as_part_of_a_longer_span() -> None:
    spans = [t for t in targets() if t.role == "fit" and re.fullmatch(r"\d{4}-\d{4}", t.period)]
    years = {
        f"{t.register}/{t.dimension}/{t.key}/{year}"
        for t in spans
        for year in range(int(t.period[:4]), int(t.period[5:]) + 1)
    }
    inside = {t.id: t.role for t in targets() if t.id in years}
    assert inside == {"ssb_sanctions/employer/total/2019": "check"}


def test_a_fitted_sum_and_its_fitted_cells_are_one_block() -> None:
    """Orders are fitted as total and by district: correlated, so they are judged together."""
    sums = {}
    for total in (t for t in targets() if t.role == "fit" and t.key == "total"):
        of_register = [t for t in for_register(total.register) if t.period == total.period and t.key != "total"]
        for dimension in {t.dimension for t in of_register}:
            cells = [t for t in of_register if t.dimension == dimension and t.role == "fit"]
            if cells and sum(t.value for t in cells) == total.value:
                sums[total.id] = {t.block for t in (*cells, total)}
    # The small cells of the workers are fitted as counts, and their total is their sum.
    assert sums == {"pu_orders/total/total/2019": {"orders"}}


def test_a_prior_made_from_targets_is_widened_in_a_fit() -> None:
    """Otherwise the same counts would speak twice."""
    made = {name: what for name, what in parameters().items() if what.targets}
    assert len(made) > 15
    narrow = {name: what.distribution for name, what in made.items() if design.spread(what) != 2.0}
    assert narrow == {}
    free = [what for what in parameters().values() if not what.targets]
    assert {design.spread(what) for what in free} == {1.0}


# ---------------------------------------------------------------------------------------------------------
# Vintages and rounding


def test_vintages_are_of_their_source() -> None:
    for t in targets():
        if "external/" not in t.source:
            assert t.vintage == "2021-05" or "Haarberg and Lystrup (2014)" in t.note, t.id
    assert BY_ID["udi_return_duty_stock/total/total/2012-12"].vintage == "2014"
    assert BY_ID["pu_returns_executed/track/asylum/2016"].vintage == "2017-06"
    assert BY_ID["udi_expulsions/total/total/2010"].vintage == "2011-04"
    # An address that bears no date gives none: the row says how its vintage was taken.
    dated = re.compile(r"/20\d\d/\d\d/")
    addresses = {
        (r["series"], r["dimension"], r["year"], r["publisher"]): r["url"] for r in tables.load("public_figures")
    }
    pattern = re.compile(r"external/public_figures\.csv: (\w+), (.+), (\d{4}) \((.+)\)")
    for t in targets():
        match = pattern.fullmatch(t.source)
        if match:
            assert bool(dated.search(addresses[match.groups()])) != ("vintage" in t.note.lower()), t.id


def test_values_are_multiples_of_the_unit_they_were_rounded_to() -> None:
    derived = {t.id for t in targets() if t.rounding > 1.0 and t.value % t.rounding}
    # 345 is derived from a rounded percentage, 1111 from another and 217 from part of a year: their unit is the width
    # of what they may be.
    assert derived == {
        "pu_orders/track/asylum/2019",
        "assisted_returns/total/total/2009",
        "assisted_returns/total/total/2018",
    }
    assert all(t.rounding > 1.0 for t in targets() if "Rounded" in t.note)
    assert {t.rounding for t in targets()} == {1.0, 10.0, 25.0, 30.0, 50.0, 100.0}


def test_the_widths_of_derived_values_follow_from_their_percentages() -> None:
    asylum = [1684 * share / (1 - share) for share in (0.165, 0.175)]
    assisted = [1444 / ratio for ratio in (1.305, 1.295)]
    returns = [7259 / ratio for ratio in (1.225, 1.215)]
    for name, (low, high) in {
        "pu_orders/track/asylum/2019": asylum,
        "assisted_returns/total/total/2009": assisted,
        "pu_returns_executed/total/total/2013": returns,
    }.items():
        assert low < BY_ID[name].value < high
        assert BY_ID[name].rounding == pytest.approx(high - low, rel=0.2)


def written(path: Path, rows: list[dict[str, str]], **options: str) -> Path:
    """A table of targets in a file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator=options.get("end", "\n"))
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding=options.get("encoding", "utf-8"), newline="")
    return path


@pytest.mark.parametrize("options", [{}, {"end": "\r\n", "encoding": "utf-8-sig"}])
def test_the_shipped_table_read_from_a_file_is_the_same(tmp_path: Path, options: dict[str, str]) -> None:
    assert read(written(tmp_path / "same.csv", read_table("targets.csv"), **options)) == targets()


def test_an_empty_line_is_nothing_and_faults_keep_their_lines(tmp_path: Path) -> None:
    path = written(tmp_path / "some.csv", [row(note="over\ntwo lines"), row(period="2014", value="x")])
    path.write_text(path.read_text(encoding="utf-8") + "\n\na,b\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read(path)
    first, second = str(caught.value).splitlines()
    assert first.startswith("some.csv:4: assisted_returns/total/total/2014: value 'x' is not a number")
    assert second.startswith("some.csv:7: expected the columns")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "bad.csv:1: columns: no 'id'"),
        (",".join(COLUMNS).encode() + b"\n", "bad.csv: holds no targets"),
        (";".join(COLUMNS).encode() + b"\n", "bad.csv:1: cells are separated by semicolons"),
        (",".join([*COLUMNS, "x"]).encode() + b"\n", "bad.csv:1: columns: unknown 'x'"),
        (",".join(COLUMNS[1:]).encode() + b"\n", "bad.csv:1: columns: no 'id'"),
        (",".join(reversed(COLUMNS)).encode() + b"\n", "bad.csv:1: duplicate columns, or columns in another order"),
        (",".join(COLUMNS).encode() + b"\n\xd8st\n", "bad.csv:2: is not UTF-8"),
        (",".join(COLUMNS).encode() + b'\n"open', "bad.csv:2: is not CSV"),
        (b"x" * 5_000_001, "is larger than 5 MB"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read(path)
    assert words in str(caught.value)


def test_a_file_that_is_not_there_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path / "none.csv")
    with pytest.raises(DataError, match="is not a file"):
        read(tmp_path)


def test_comparing_vintages_lists_what_moved() -> None:
    stays, moves, zero, goes, told = (
        BY_ID[name]
        for name in (
            "udi_expulsions/ground/straff/2019",
            "udi_expulsions/ground/utlendingsloven/2019",
            "ssb_sanctions/worker/Vest/2016-2019",
            "assisted_returns/total/total/2009",
            "udi_expulsions/ground/straff/2020",
        )
    )
    comes = replace(stays, id="udi_expulsions/ground/straff/2021", period="2021", value=300.0, vintage="2022")
    new = [
        comes,
        replace(told, vintage="2022", note="published anew", source="UDI"),
        stays,
        replace(moves, value=1700.0, vintage="2022"),
        replace(zero, value=2.0, role="check"),
    ]
    found = compare([stays, moves, zero, goes, told], new)
    assert [(m.id, m.old, m.new, m.role, m.changed) for m in found] == [
        (moves.id, 1656.0, 1700.0, "fit", ("value",)),
        (zero.id, 0.0, 2.0, "check", ("value", "role")),
        (goes.id, 1111.0, None, "context", ()),
        (comes.id, None, 300.0, "fit", ()),
    ]
    assert found[0].ratio == 1700 / 1656
    assert [m.ratio for m in found[1:]] == [None, None, None]
    assert found[0].vintages == ("2021-05", "2022")
    assert found[2].vintages == ("2011", "")
    assert compare(targets(), targets()) == ()


def test_a_move_within_rounding_is_told_from_one_beyond() -> None:
    old = BY_ID["udi_expulsions/ground/utlendingsloven/2016"]
    assert (old.value, old.rounding) == (3900.0, 100.0)
    for value, within in ((3877.0, True), (3950.0, True), (3951.0, False)):
        (move,) = compare([old], [replace(old, value=value, rounding=1.0)])
        assert move.within_rounding is within
        assert move.changed == ("value", "rounding")
    # A plain count may not move at all, and values in different units say nothing of each other.
    plain = BY_ID["udi_expulsions/ground/utlendingsloven/2019"]
    (move,) = compare([plain], [replace(plain, value=1657.0)])
    assert not move.within_rounding
    (move,) = compare([plain], [replace(plain, unit="percent of the total", value=50.0)])
    assert (move.ratio, move.within_rounding) == (None, False)


def irregsim_targets(*words: str) -> Result:
    return CliRunner().invoke(main, ["targets", *words])


def test_the_command_prints_what_moved(tmp_path: Path) -> None:
    path = tmp_path / "revised.csv"
    path.write_bytes(irregsim_targets("--csv").stdout_bytes)
    assert read(path) == targets()
    same = irregsim_targets("--compare", str(path))
    assert (same.exit_code, same.stdout) == (0, f"0 changed, new or removed; {len(targets())} unchanged.\n")
    rows = [r for r in read_table("targets.csv") if r["id"] != "ssb_sanctions/worker/total/2019"]
    for r in rows:
        if r["id"] == "udi_expulsions/ground/utlendingsloven/2016":
            r |= {"value": "3877", "rounding": "", "vintage": "2022-01"}
    shown = irregsim_targets("--compare", str(written(path, rows)))
    assert shown.exit_code == 0
    moved, gone = (line for line in shown.stdout.splitlines() if "/2016 " in line or "/2019 " in line)
    for words in ("fit", "value, rounding (within rounding)", "2017 -> 2022-01", "3900", "3877", "0.994"):
        assert words in moved
    assert "removed" in gone and "check" in gone
    assert f"2 changed, new or removed; {len(targets()) - 2} unchanged." in shown.stdout


def test_the_command_refuses_a_bad_vintage_with_every_fault(tmp_path: Path) -> None:
    path = written(tmp_path / "bad.csv", [row(value="x", role="y"), row(period="2014", block="")])
    shown = irregsim_targets("--compare", str(path))
    assert shown.exit_code == 2 and shown.stdout == ""
    assert [line.split(":")[1] for line in shown.stderr.splitlines()] == ["2", "2", "3"]
    assert irregsim_targets("--compare", str(path), "--all").exit_code == 2


def test_the_list_shows_role_error_and_vintage() -> None:
    lines = irregsim_targets().stdout.splitlines()
    (line,) = (line for line in lines if line.startswith("udi_return_duty_stock") and "2012-12" in line)
    assert line.split()[-4:] == ["fit", "2014", "0.05", "4960"]
    (bound,) = (line for line in lines if "more than 2000" in line)
    assert "context" in bound


def test_the_roles_are_documented() -> None:
    text = (Path(__file__).parent.parent / "docs" / "data.md").read_text(encoding="utf-8")
    section = text.split("## Targets")[1].split("\n## ")[0]
    assert all(f"`{name}`" in section for name in (*ROLES, *USES, "error_log_sd", "rounding", "vintage", "block"))
