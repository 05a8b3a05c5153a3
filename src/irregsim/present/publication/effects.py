"""Tables of a comparison as they may be published, and as readers of the page see them (docs/outputs.md has the rules).

Single lives stay out, what no register counts is in percent of the reference and never in persons
(`publication.one_scale`), and small cells are suppressed (`vocabulary.disclosure`). Which form a table has, and which
rule a column, is declared in `irregsim.study.comparison.tables`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from irregsim.present.publication import lives as published_lives
from irregsim.present.publication.disclosure import by_columns, in_units, persons_behind
from irregsim.present.publication.one_scale import one_scale, scaled
from irregsim.study.comparison.declare import UNITS, Form, Kind, Rule, Table
from irregsim.study.comparison.tables import TABLES
from irregsim.vocabulary.disclosure import PERCENT, is_few, rounded
from irregsim.vocabulary.outcomes import first_then_others

if TYPE_CHECKING:
    import pandas as pd

#: Order of the tables of effects in a published workbook; others come behind them.
_FIRST: Final = ("differences", "key_figures", "cities", "groups", "responses", "costs", "measured", "evidence")

#: The table in which persons behind amounts of the whole country are looked for.
_FIGURES: Final = "key_figures"


def published(frames: Mapping[str, pd.DataFrame], units: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """The published form of the tables that have one.

    Args:
        frames: Tables of a comparison by name.
        units: Unit by outcome.

    Returns:
        Tables by name: those of `Form.EFFECTS` and `Form.COLUMNS`, and of `published_lives.published`. In tables of
        effects, a column ``suppressed`` marks rows that have no numbers because they rest on fewer than 5 persons in
        the reference and in the scenario; the reference is 100 where the unit is percent.
    """
    out: dict[str, pd.DataFrame] = {}
    for name in first_then_others(_FIRST, tuple(TABLES)):
        if name not in frames or name not in TABLES:
            continue
        table = TABLES[name]
        if table.form is Form.EFFECTS:
            small = _small(frames[name], table, units, frames.get(_FIGURES))
            out[name] = _rounded(scaled(frames[name].assign(suppressed=small), table, units), table)
        elif table.form is Form.COLUMNS:
            out[name] = by_columns(frames[name], table)
    return out | published_lives.published(frames)


def for_readers(frames: Mapping[str, pd.DataFrame], units: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """Tables as the page and the pictures read them, from which no hidden level follows.

    Args:
        frames: Exact tables by name.
        units: Unit by outcome.

    Returns:
        Tables of effects as `one_scale.one_scale` has them, unrounded; balance and life courses in their published form
        (`published_lives`); of tables that are never published those that are declared for readers, and of them the
        cohort that is. No column that is withheld.
    """
    readable = {
        name: frame
        for name, frame in frames.items()
        if name in TABLES and (TABLES[name].form is not Form.NEVER or TABLES[name].is_for_readers)
    }
    out = one_scale(readable, units) | published_lives.published(readable)
    for name, frame in out.items():
        table = TABLES[name]
        if table.cohort_for_readers:
            frame = frame[frame["cohort"].astype(str) == table.cohort_for_readers]
        out[name] = frame.drop(columns=[column for column in table.withheld() if column in frame])
    return out


def _small(frame: pd.DataFrame, table: Table, units: Mapping[str, str], figures: pd.DataFrame | None) -> pd.Series:
    """Rows that rest on some, but fewer than 5 persons, on both sides."""
    import pandas as pd

    basis = table.basis
    if frame.empty or basis.outcome not in frame or basis.reference not in frame:
        return pd.Series(False, index=frame.index, dtype=bool)
    outcomes = frame[basis.outcome].astype(str)
    sides = _sides(frame.assign(outcome=outcomes), basis.change, basis.reference)
    keys = [column for column in table.keys if column in frame]
    # One table holds the persons behind amounts of the whole country: costs have rows of money only.
    more = [] if figures is None or keys != ["scenario"] else [_sides(figures, "mean", "reference_mean")]
    unit = outcomes.map(lambda outcome: units.get(outcome, "persons"))
    persons = persons_behind(sides, ("before", "after"), keys, unit, more)
    few: pd.Series = is_few(persons["before"], persons["after"])
    return few


def _sides(frame: pd.DataFrame, mean: str, reference: str) -> pd.DataFrame:
    """The table with the numbers ``before`` and ``after``: in the reference and in the scenario."""
    return frame.assign(before=frame[reference], after=frame[reference] + frame[mean])


def _rounded(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """A table of effects with each column by its rule, and rows of few persons without numbers."""
    out = by_columns(frame, table)
    if out.empty:
        return out
    small = out["suppressed"].astype(bool)
    for column in table.columns:
        if column.name not in out or column.published not in (Rule.EFFECT, Rule.SO_FAR):
            continue
        if column.kind is Kind.TEXT:
            out[column.name] = out[column.name].where(~small, "")
            continue
        unit = out[table.basis.unit]
        if column.kind is Kind.PERCENT:
            # Beside a count in steps, percent with decimals would give the count back.
            out[column.name] = rounded(out[column.name], PERCENT).where(~small & (unit == PERCENT))
            continue
        if column.kind in UNITS:
            unit = unit.map(lambda _, own=UNITS[column.kind]: own)
        out[column.name] = in_units(out[column.name], unit).where(~small)
    return out
