"""The tables of a run: names, columns and kinds. docs/outputs.md explains what they mean."""

from __future__ import annotations

from collections.abc import Iterable

from irregsim.storage.parquet import Columns, Kind

#: Columns of every table, in the order of the files. ``replicate`` counts from 0.
TABLES: dict[str, tuple[tuple[str, Kind], ...]] = {
    "stocks": (
        ("month", "text"),
        ("replicate", "int"),
        ("strategy", "text"),
        ("district", "text"),
        ("city", "text"),
        ("sought_asylum", "bool"),
        ("persons", "int"),
    ),
    "flows": (
        ("month", "text"),
        ("replicate", "int"),
        ("origin", "text"),
        ("destination", "text"),
        ("cause", "text"),
        ("origin_district", "text?"),
        ("destination_district", "text?"),
        ("persons", "int"),
    ),
    "side_strategies": (
        ("month", "text"),
        ("replicate", "int"),
        ("strategy", "text"),
        ("substrategy", "text"),
        ("side_strategy", "text"),
        ("persons", "int"),
    ),
    "centres_by_country": (
        ("month", "text"),
        ("replicate", "int"),
        ("country", "text"),
        ("place", "text"),
        ("persons", "int"),
    ),
    "exits_by_country": (
        ("month", "text"),
        ("replicate", "int"),
        ("country", "text"),
        ("destination", "text"),
        ("persons", "int"),
    ),
    "groups": (
        ("year", "int"),
        ("replicate", "int"),
        ("strategy", "text"),
        ("sought_asylum", "bool"),
        ("sex", "text"),
        ("age_group", "text"),
        ("with_child", "bool"),
        ("duration", "text"),
        ("feasibility_group", "text"),
        ("person_months", "int"),
    ),
    "outcomes": (
        ("month", "text"),
        ("replicate", "int"),
        ("outcome", "text"),
        ("city", "text?"),
        ("value", "float"),
        ("unit", "text"),
    ),
    "registers": (
        ("period", "text"),
        ("replicate", "int"),
        ("register", "text"),
        ("dimension", "text"),
        ("key", "text"),
        ("count", "int"),
    ),
    "detection": (
        ("year", "int"),
        ("replicate", "int"),
        ("register", "text"),
        ("event", "text"),
        ("strategy", "text"),
        ("district", "text"),
        ("events", "int"),
        ("person_months", "int"),
    ),
}

#: Written only when asked for with ``--spells``. What comes after ``destination`` are the person's fixed
#: attributes. ``end``, ``cause_of_end`` and ``destination`` are missing for a spell that lasts beyond the last month.
SPELLS: tuple[tuple[str, Kind], ...] = (
    ("replicate", "int"),
    ("person", "text"),
    ("strategy", "text"),
    ("start", "text"),
    ("end", "text?"),
    ("cause_of_end", "text?"),
    ("destination", "text?"),
    ("entry_month", "text"),
    ("route", "text"),
    ("sought_asylum", "bool"),
    ("sex", "text"),
    ("age_at_entry", "int"),
    ("feasibility_group", "text"),
)

#: Columns that hold what was counted or summed; the others say of whom, where and when.
VALUE_COLUMNS = ("persons", "events", "person_months", "value", "count")


def schema_of(name: str) -> tuple[tuple[str, Kind], ...]:
    """Columns and kinds of a table.

    Args:
        name: A key of `TABLES`, or ``spells``.

    Raises:
        KeyError: If there is no such table.
    """
    return SPELLS if name == "spells" else TABLES[name]


def tables_of(spells: bool) -> dict[str, Columns]:
    """Columns of the simulated tables of a run by name, in the order they are written."""
    return {**TABLES, "spells": SPELLS} if spells else dict(TABLES)


def draws_columns(parameters: Iterable[str]) -> tuple[tuple[str, Kind], ...]:
    """Columns of ``draws.parquet``: replicate, draw, and one for every parameter."""
    return (("replicate", "int"), ("draw", "int"), *((name, "float") for name in parameters))
