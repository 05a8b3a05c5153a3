"""A table of the report of a comparison, written from the declaration of its columns.

Each kind of column is written in the same way in every table. Words come from the labels: the caption is
``compare.<table>_caption``, the head of a column ``compare.c_<column>``, and a code in a column of words
``compare.<column>_<code>``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from irregsim.present.pages.compare_facts import Facts
from irregsim.study.comparison.declare import UNITS, Kind, Table
from irregsim.vocabulary.disclosure import PERCENT
from irregsim.vocabulary.labels import label, labels
from irregsim.vocabulary.numbers import number, percent


def shown(facts: Facts, table: Table, scenario: str) -> list[dict[str, Any]]:
    """A table of the comparison as its columns are declared.

    Args:
        facts: Tables and words of the page.
        table: The declaration; its columns ``shown`` are the columns of the page.
        scenario: Name of the scenario.

    Returns:
        One table for the template (`Facts.table`), or none where there are no rows or nothing is declared as shown.
    """
    rows = facts.rows(table.name, scenario)
    if not rows or not table.shown:
        return []
    cells = [[_cell(facts, table, name, row) for name in table.shown] for row in rows]
    caption = facts.words(f"{table.name}_caption", title=facts.title(scenario))
    # The first column names the row in any case.
    text = [place for place, name in enumerate(table.shown) if place and _kind(table, name) is Kind.TEXT]
    return [facts.table(caption, [f"c_{name}" for name in table.shown], [{"name": "", "rows": cells}], text=text)]


def _kind(table: Table, name: str) -> Kind:
    """Kind of a column; the units of a table of effects are words, declared or not."""
    return table.column(name).kind if name in table.names else Kind.TEXT


def _cell(facts: Facts, table: Table, name: str, row: Mapping[str, Any]) -> str:
    """A cell in words; empty where the value is missing."""
    value, kind, basis = row[name], _kind(table, name), table.basis
    if value is None or value != value:
        return ""
    if kind is Kind.TEXT:
        return _words(facts, table, name, row)
    if kind is Kind.FLAG:
        return label("live.yes" if value else "live.no", facts.lang)
    if kind is Kind.NUMBER:
        return str(value) if isinstance(value, int) else number(float(value), facts.lang)
    if kind is Kind.SHARE:
        return percent(float(value), facts.lang)
    if kind is Kind.RATE:
        return number(float(value), facts.lang, decimals=4)
    unit = str(row[basis.unit]) if kind is Kind.UNIT else UNITS[kind]
    if kind is Kind.UNIT and name == basis.reference:
        return facts.words("not_shown") if unit == PERCENT else facts.rounded(float(value), unit)
    ends = table.ends_of(name)
    if len(ends) == 2:
        low, high = ends
        return facts.between({"x": value, "x_lo": row[low], "x_hi": row[high]}, "x", unit)
    return facts.change(float(value), unit) if kind is Kind.UNIT else facts.rounded(float(value), unit)


def _words(facts: Facts, table: Table, name: str, row: Mapping[str, Any]) -> str:
    """A code in words; the code itself where it has none."""
    value = str(row[name])
    if name == table.basis.outcome:
        return facts.outcome(value)
    if name == table.basis.unit:
        return facts.unit({"unit": value}) or value
    key = f"compare.{name}_{slug(value)}"
    return label(key, facts.lang) if key in labels() else value


def slug(text: str) -> str:
    """A text as the end of a label's key."""
    return re.sub("[^a-z]+", "_", text.lower()).strip("_")
