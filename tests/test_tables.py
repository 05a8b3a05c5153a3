"""Shipped tables add up, a fault in any of them is seen, and the hash of the data sees every byte."""

from __future__ import annotations

import csv
import re
from importlib.resources import files
from pathlib import Path

import pytest

import irregsim
from irregsim.storage import hashing
from irregsim.vocabulary import report_tables as tables
from irregsim.vocabulary.reference import DataError

EXPULSIONS = "expulsion_decisions_tabell_10_4"
ORDERS = "transports_ordered_tabell_10_1"
SANCTIONS = "work_sanctions_tabell_8_1"


def changed(name: str, value: str, **where: str) -> list[dict[str, str]]:
    """A table with one cell changed; refuses to change none or two."""
    rows = tables.load(name)
    hits = [row for row in rows if all(row[key] == text for key, text in where.items())]
    assert len(hits) == 1, f"{where} names {len(hits)} rows"
    assert hits[0]["value"] != value
    hits[0]["value"] = value
    return rows


def test_the_shipped_tables_add_up() -> None:
    tables.check_totals()


@pytest.mark.parametrize("name", tables.FILES)
def test_every_table_has_rows_whose_cells_are_all_there(name: str) -> None:
    rows = tables.load(name)
    assert rows
    columns = set(rows[0])
    for row in rows:
        assert set(row) == columns  # a cell too many stands under the key None
        assert None not in row.values()  # a cell too few
        assert all(text == text.strip() for text in row.values())


@pytest.mark.parametrize("name", sorted(set(tables.FILES) - {"mechanisms", "policy_timeline"}))
def test_every_figure_tells_its_source(name: str) -> None:
    source = {"report_discrepancies": "where", "derived_checks": "inputs_from", "public_figures": "publisher"}
    assert all(row[source.get(name, "source")] for row in tables.load(name))


def test_an_unknown_table_is_refused_by_name() -> None:
    with pytest.raises(KeyError, match=r"no table 'tabell_9'.*mechanisms"):
        tables.load("tabell_9")


def test_every_file_in_the_report_folder_can_be_loaded() -> None:
    folder = files("irregsim") / "data" / "report"
    assert {item.name.removesuffix(".csv") for item in folder.iterdir()} == set(tables.FILES) - {"public_figures"}


def test_no_single_life_of_the_report_is_carried_over() -> None:
    # The lives told in the report and in the press stay there.
    folder = files("irregsim") / "data"
    text = "\n".join(
        item.read_text(encoding="utf-8") for sub in ("report", "external") for item in (folder / sub).iterdir()
    )
    names = r"\b(Teferi|Lina|Layla|Sylvia|Isak|Alma|Maria|Alan|Eva)\b"
    assert re.search(names, text) is None
    assert "case_histories" not in tables.FILES


@pytest.mark.parametrize(
    ("text", "number"),
    [("", 0), ("0", 0), ("345", 345)],
)
def test_a_count_is_read(text: str, number: int) -> None:
    assert tables.count(text) == number


@pytest.mark.parametrize("text", ["-1", "1.5", "4 960", "n/a", " ", "²", "١"])
def test_what_is_no_count_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a count"):
        tables.count(text)


def test_blank_cells_of_tabell_10_4_are_read_as_zero() -> None:
    blank = [row for row in tables.load(EXPULSIONS) if row["value"] == ""]
    assert {(row["citizenship"], row["ground"], row["year"]) for row in blank} >= {("Filippinene", "straff", "2020")}
    filippinene = [r for r in tables.load(EXPULSIONS) if r["citizenship"] == "Filippinene" and r["ground"] != "all"]
    assert sum(tables.count(row["value"]) for row in filippinene) == 202


def test_a_changed_cell_of_tabell_10_4_is_seen_in_its_row_and_its_column() -> None:
    rows = changed(EXPULSIONS, "153", citizenship="Kina", ground="utlendingsloven", year="2019")
    faults = tables.faults_in_expulsions(rows)
    assert faults == [
        f"{EXPULSIONS}: Kina: cells add up to 338, printed total 337",
        f"{EXPULSIONS}: utlendingsloven 2019: rows add up to 1657, total row 1656, the report prints 1656",
    ]


def test_two_changes_that_cancel_in_the_column_are_seen_in_the_rows() -> None:
    rows = changed(EXPULSIONS, "153", citizenship="Kina", ground="utlendingsloven", year="2019")
    ukraina = next(
        r for r in rows if (r["citizenship"], r["ground"], r["year"]) == ("Ukraina", "utlendingsloven", "2019")
    )
    ukraina["value"] = str(int(ukraina["value"]) - 1)
    faults = tables.faults_in_expulsions(rows)
    assert [fault.split(": ")[1] for fault in faults] == ["Kina", "Ukraina"]


def test_a_missing_country_of_tabell_10_4_is_seen() -> None:
    rows = [row for row in tables.load(EXPULSIONS) if row["citizenship"] != "Nepal"]
    assert f"{EXPULSIONS}: 34 countries, expected 35" in tables.faults_in_expulsions(rows)


def test_a_doubled_and_a_missing_cell_of_tabell_10_4_are_seen() -> None:
    rows = tables.load(EXPULSIONS)
    rows[1] = dict(rows[0])
    faults = tables.faults_in_expulsions(rows)
    assert f"{EXPULSIONS}: duplicate Kina utlendingsloven 2018" in faults
    assert f"{EXPULSIONS}: Kina: no cell for utlendingsloven 2019" in faults


def test_a_changed_printed_total_is_seen_even_if_the_cells_follow() -> None:
    rows = changed(ORDERS, "687", police_district="Øst", measure="transports_ordered")
    total = next(r for r in rows if r["police_district"] == "Totalt" and r["measure"] == "transports_ordered")
    total["value"] = "1685"
    faults = tables.faults_in_orders(rows)
    assert faults == [f"{ORDERS}: rows add up to 1685, total row 1685, the report prints 1684"]


def test_orders_that_do_not_fit_their_printed_share_are_seen() -> None:
    # The sum stays: 100 orders moved from Øst to Oslo.
    rows = changed(ORDERS, "586", police_district="Øst", measure="transports_ordered")
    oslo = next(r for r in rows if r["police_district"] == "Oslo" and r["measure"] == "transports_ordered")
    oslo["value"] = "398"
    assert [fault.split(": ")[1] for fault in tables.faults_in_orders(rows)] == ["Øst", "Oslo"]


def test_a_changed_cell_of_tabell_8_1_is_seen_in_its_row_and_its_column() -> None:
    rows = changed(SANCTIONS, "1", police_district="Vest", offence_code="6152")
    assert tables.faults_in_sanctions(rows) == [
        f"{SANCTIONS}: Vest: 31 and 1 do not add up to 31",
        f"{SANCTIONS}: 6152: rows add up to 221, total row 220, the report prints 220",
    ]


def test_a_value_that_is_no_count_is_told_beside_the_sums() -> None:
    rows = changed(SANCTIONS, "about 20", police_district="Oslo", offence_code="6152")
    assert f"{SANCTIONS}: Oslo 6152: 'about 20' is not a count" in tables.faults_in_sanctions(rows)


def test_all_faults_of_all_tables_come_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = {
        ORDERS: changed(ORDERS, "1", police_district="PU", measure="transports_ordered"),
        SANCTIONS: changed(SANCTIONS, "1", police_district="Oslo", offence_code="6135"),
    }
    load = tables.load
    monkeypatch.setattr(tables, "load", lambda name: broken.get(name) or load(name))
    with pytest.raises(DataError) as caught:
        tables.check_totals()
    assert ORDERS in str(caught.value)
    assert SANCTIONS in str(caught.value)


def test_key_figures_agree_with_the_tables() -> None:
    figures = {
        (row["series"], row["group"], row["period"]): row["value"]
        for row in tables.load("expulsion_key_figures") + tables.load("work_sanctions_key_figures")
    }
    assert figures["expulsions_immigration_act", "all", "2019"] == "1656"
    assert figures["expulsions_penal_code", "all", "2019"] == "486"
    assert int(figures["expulsions_penal_code_non_EU", "all", "2018-2020"]) == 657 + 486 + 313
    assert figures["sanctions_illegal_work", "employers", "2016-2019"] == "352"
    assert figures["sanctions_illegal_work", "workers", "2016-2019"] == "220"
    assert figures["sanctioned_use_of_illegal_labour", "firms", "2019"] == "66"
    assert figures["sanctioned_work_without_permit", "workers", "2019"] == "44"


def test_stocks_in_centres_are_those_of_the_footnotes() -> None:
    stocks = {
        row["year"]: row["value"]
        for row in tables.load("reception_residents_duty_to_leave")
        if row["series"] == "residents_duty_to_leave"
    }
    assert stocks == {"2012": "4960", "2019": "820", "2020": "729"}


def test_there_are_117_claims_with_running_ids() -> None:
    assert [row["id"] for row in tables.load("mechanisms")] == [f"M{number:03d}" for number in range(1, 118)]


def test_the_hash_sees_bytes_names_and_borders() -> None:
    digests = [
        hashing.digest(contents)
        for contents in (
            {"a": b"12", "b": b"3"},
            {"a": b"1", "b": b"23"},
            {"a": b"12", "c": b"3"},
            {"a": b"12", "b": b"4"},
            {"a": b"12"},
        )
    ]
    assert len(set(digests)) == len(digests)
    assert hashing.digest({"b": b"3", "a": b"12"}) == digests[0]  # the order of the dictionary does not matter


def test_tables_are_utf8_with_unix_line_ends() -> None:
    root = Path(irregsim.__file__).parent / "data"
    found = sorted(root.rglob("*.csv"))
    assert len(found) > 30
    for path in found:
        text = path.read_bytes().decode("utf-8")
        assert "\r" not in text, path.name
        assert "�" not in text, path.name
        widths = {len(row) for row in csv.reader(text.splitlines())}
        assert len(widths) == 1, f"{path.name} has rows of {sorted(widths)} cells"
