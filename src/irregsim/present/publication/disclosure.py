"""The rule of disclosure for tables: which rows are suppressed, and the numbers of the others.

The rule for a single number is in `irregsim.vocabulary.disclosure`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from irregsim.study.comparison.declare import DECIMALS, UNITS, Rule, Table
from irregsim.vocabulary.disclosure import PER_PERSON, kind_of, rounded

if TYPE_CHECKING:
    import pandas as pd


def are_counts(units: pd.Series) -> pd.Series:
    """Whether each unit counts persons or cases."""
    return units.map({unit: kind_of(unit).is_count for unit in units.astype(str).unique()}).astype(bool)


def in_units(values: pd.Series, units: pd.Series) -> pd.Series:
    """Numbers in the steps or decimals of their units, small ones too.

    Args:
        values: Numbers.
        units: Unit of each.
    """
    out = values.astype("float64")
    units = units.astype(str)
    for unit in units.unique():
        out = out.where(units != unit, rounded(out, unit))
    return out


def by_columns(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """A table without the columns that are withheld, and with rounded numbers where that alone is the rule.

    Args:
        frame: A table of a comparison; columns that it does not have are passed over.
        table: Its declaration.
    """
    out = frame.drop(columns=[name for name in table.withheld() if name in frame])
    for column in table.columns:
        if column.published is not Rule.ROUNDED or column.name not in out:
            continue
        values = out[column.name].astype("float64")
        if column.kind in DECIMALS:
            shown = values.round(DECIMALS[column.kind]) + 0.0
        else:
            shown = rounded(values, UNITS[column.kind])
        out[column.name] = shown
    return out


def persons_behind(
    frame: pd.DataFrame, values: Sequence[str], keys: Sequence[str], units: pd.Series, more: Iterable[pd.DataFrame] = ()
) -> pd.DataFrame:
    """How many persons are behind each row of a table of outcomes.

    Args:
        frame: Columns ``outcome`` (with or without ``outcome:`` before it), ``keys`` and ``values``.
        values: Columns of numbers, such as in the reference and in the scenario.
        keys: Columns that, with the outcome, name a row.
        units: Unit of each row.
        more: Tables with the same columns where persons are looked for that have no row in ``frame``.

    Returns:
        Columns ``values``. A count has its own numbers. An amount for each person (`PER_PERSON`) has those of the
        outcome that counts the persons; where that is in no table it has 1, because nobody can say that it is not of
        few. Other numbers are missing: nobody is behind them.
    """
    outcome = frame["outcome"].astype(str).str.removeprefix("outcome:")
    out = frame[list(values)].astype("float64").where(are_counts(units))
    for name, counted in PER_PERSON.items():
        mine = outcome == name
        if not mine.any():
            continue
        for column in values:
            out.loc[mine, column] = _looked_up(frame[mine], counted, column, keys, [frame, *more])
    return out


def _looked_up(
    rows: pd.DataFrame, counted: str, column: str, keys: Sequence[str], tables: Sequence[pd.DataFrame]
) -> list[float]:
    names = [tuple(row) for row in rows[list(keys)].astype(str).itertuples(index=False, name=None)]
    known: dict[tuple[str, ...], float] = {}
    for table in reversed(tables):
        there = table[table["outcome"].astype(str).str.removeprefix("outcome:") == counted]
        places = there[list(keys)].astype(str).itertuples(index=False, name=None)
        known |= dict(zip(places, there[column].astype("float64"), strict=True))
    return [known.get(name, 1.0) for name in names]
