"""The report's tables and the public figures that travel with the package, and whether they add up.

The files under ``data/report/`` are tables of Fafo-rapport 2021:15 in long form, each row with its section or
table; ``data/external/public_figures.csv`` holds counts published by agencies and the press, each with its
address. ``docs/data.md`` describes every file. A blank cell of a table is a zero: with zeros all rows and
columns add up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from irregsim.vocabulary.reference import DataError, read_table

Row = Mapping[str, str]

#: Names that `load` knows, and the file behind each.
FILES: Final[dict[str, str]] = {
    name: f"report/{name}.csv"
    for name in (
        "asylum_and_immigration_flows",
        "benefits_and_prices",
        "derived_checks",
        "expulsion_decisions_tabell_10_4",
        "expulsion_key_figures",
        "fines_and_wages",
        "health_centre_activity",
        "homelessness_and_shelter",
        "legal_parameters",
        "mechanisms",
        "policy_timeline",
        "reception_centres",
        "reception_residents_duty_to_leave",
        "report_discrepancies",
        "top_nationalities_tabell_4_1",
        "transport_shares_2019",
        "transports_ordered_tabell_10_1",
        "work_sanctions_key_figures",
        "work_sanctions_tabell_8_1",
    )
} | {"public_figures": "external/public_figures.csv"}

GROUNDS: Final = ("utlendingsloven", "straff")
YEARS: Final = ("2018", "2019", "2020")
WHOLE_PERIOD: Final = ("all", "2018-2020")

#: Totals as printed at the foot of tabell 10.4.
PRINTED_10_4: Final[dict[tuple[str, str], int]] = {
    ("utlendingsloven", "2018"): 1811,
    ("utlendingsloven", "2019"): 1656,
    ("utlendingsloven", "2020"): 1098,
    ("straff", "2018"): 657,
    ("straff", "2019"): 486,
    ("straff", "2020"): 313,
    WHOLE_PERIOD: 6021,
}
PRINTED_10_1: Final = 1684
#: Offence codes of tabell 8.1 with their printed totals: employers, workers, both.
PRINTED_8_1: Final[dict[str, int]] = {"6135": 352, "6152": 220, "6135+6152": 572}


def load(name: str) -> list[dict[str, str]]:
    """Rows of a shipped table, every value as text.

    Args:
        name: A key of `FILES`, such as ``transports_ordered_tabell_10_1``.

    Raises:
        KeyError: If there is no such table; the message lists those there are.
    """
    if name not in FILES:
        raise KeyError(f"no table {name!r}; there are {', '.join(sorted(FILES))}")
    return read_table(FILES[name])


def count(text: str) -> int:
    """A printed count; a blank cell is 0.

    Raises:
        ValueError: If the text is not a whole number of 0 or more.
    """
    if text == "":
        return 0
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is not a count")
    return int(text)


def _cells(
    rows: Sequence[Row], keys: Callable[[Row], tuple[str, ...]], faults: list[str], table: str
) -> dict[tuple[str, ...], int]:
    """Counts by key; reports duplicate keys and values that are not counts."""
    cells: dict[tuple[str, ...], int] = {}
    for row in rows:
        key = keys(row)
        if key in cells:
            faults.append(f"{table}: duplicate {' '.join(key)}")
        try:
            cells[key] = count(row["value"])
        except ValueError as error:
            faults.append(f"{table}: {' '.join(key)}: {error}")
            cells[key] = 0
    return cells


def _three_sums(parts: int, total_row: int, printed: int) -> str:
    return f"rows add up to {parts}, total row {total_row}, the report prints {printed}"


def faults_in_expulsions(rows: Sequence[Row]) -> list[str]:
    """What does not add up in tabell 10.4 (expulsion decisions by citizenship, ground and year)."""
    table = "expulsion_decisions_tabell_10_4"
    faults: list[str] = []
    cells = _cells(rows, lambda r: (r["citizenship"], r["ground"], r["year"]), faults, table)
    columns = [(ground, year) for ground in GROUNDS for year in YEARS]
    parts = list(dict.fromkeys(r["citizenship"] for r in rows if r["row_type"] != "total"))
    totals = list(dict.fromkeys(r["citizenship"] for r in rows if r["row_type"] == "total"))
    countries = {r["citizenship"] for r in rows if r["row_type"] == "country"}
    if len(countries) != 35:
        faults.append(f"{table}: {len(countries)} countries, expected 35")
    if totals != ["Totalt"]:
        faults.append(f"{table}: expected one total row, Totalt")
    for citizenship in [*parts, "Totalt"]:
        missing = [key for key in [*columns, WHOLE_PERIOD] if (citizenship, *key) not in cells]
        if missing:
            cells_missing = ", ".join(" ".join(key) for key in missing)
            faults.append(f"{table}: {citizenship}: no cell for {cells_missing}")
        got = sum(cells.get((citizenship, *key), 0) for key in columns)
        printed = cells.get((citizenship, *WHOLE_PERIOD), 0)
        if got != printed:
            faults.append(f"{table}: {citizenship}: cells add up to {got}, printed total {printed}")
    for key, expected in PRINTED_10_4.items():
        got = sum(cells.get((citizenship, *key), 0) for citizenship in parts)
        printed = cells.get(("Totalt", *key), 0)
        if not got == printed == expected:
            faults.append(f"{table}: {' '.join(key)}: {_three_sums(got, printed, expected)}")
    return faults


def faults_in_orders(rows: Sequence[Row]) -> list[str]:
    """What does not add up in tabell 10.1 (transports ordered by district, 2019)."""
    table = "transports_ordered_tabell_10_1"
    faults: list[str] = []
    orders = [r for r in rows if r["measure"] == "transports_ordered"]
    cells = _cells(orders, lambda r: (r["police_district"],), faults, table)
    printed = cells.pop(("Totalt",), 0)
    got = sum(cells.values())
    if not got == printed == PRINTED_10_1:
        faults.append(f"{table}: {_three_sums(got, printed, PRINTED_10_1)}")
    shares = {r["police_district"]: r["value"] for r in rows if r["measure"] == "share_of_all"}
    for (district,), orders_count in cells.items():
        rounded = round(100 * orders_count / PRINTED_10_1)
        if shares.get(district) != str(rounded):
            faults.append(f"{table}: {district}: share {shares.get(district)!r}, the orders give {rounded}")
    return faults


def faults_in_sanctions(rows: Sequence[Row]) -> list[str]:
    """What does not add up in tabell 8.1 (penal sanctions for work without permit by district, 2016-2019)."""
    table = "work_sanctions_tabell_8_1"
    faults: list[str] = []
    counts = [r for r in rows if r["unit"] != "percent"]
    cells = _cells(counts, lambda r: (r["police_district"], r["offence_code"]), faults, table)
    parts = list(dict.fromkeys(r["police_district"] for r in counts if r["row_type"] != "total"))
    totals = list(dict.fromkeys(r["police_district"] for r in counts if r["row_type"] == "total"))
    for district in [*parts, *totals]:
        employer, worker, both = (cells.get((district, code), 0) for code in PRINTED_8_1)
        if employer + worker != both:
            faults.append(f"{table}: {district}: {employer} and {worker} do not add up to {both}")
    for code, expected in PRINTED_8_1.items():
        got = sum(cells.get((district, code), 0) for district in parts)
        printed = sum(cells.get((district, code), 0) for district in totals)
        if not got == printed == expected:
            faults.append(f"{table}: {code}: {_three_sums(got, printed, expected)}")
    return faults


#: What checks each table.
CHECKS: Final[dict[str, Callable[[Sequence[Row]], list[str]]]] = {
    "expulsion_decisions_tabell_10_4": faults_in_expulsions,
    "transports_ordered_tabell_10_1": faults_in_orders,
    "work_sanctions_tabell_8_1": faults_in_sanctions,
}


def check_totals() -> None:
    """Check that the tables the model is compared with add up to the totals the report prints.

    Raises:
        DataError: With every fault, one a line.
    """
    faults = [fault for name, check in CHECKS.items() for fault in check(load(name))]
    if faults:
        raise DataError("\n".join(faults))
