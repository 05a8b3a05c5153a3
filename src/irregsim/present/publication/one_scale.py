"""Hidden strategies on one scale only: in percent of the reference.

An effect in persons together with the same effect in percent (or as an index) reveals a level: -800 persons and
-4 % give 20 000. So wherever readers are shown what no register counts, they are shown it in percent, and never the
number; what registers count is shown in its own unit. The exact tables (Parquet) keep every unit; they are for the
analysis, not for readers.

Also, what enters less what leaves is what stays: the changes of all exits, of the inflow and of those in centres would
add up to the change of the hidden population. Onward travel, deaths and the inflow, which nobody counts, are therefore
in percent too (`outcomes.is_uncounted`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from irregsim.study.comparison.declare import Form, Kind, Rule, Table
from irregsim.study.comparison.relative import NEAR_ZERO
from irregsim.study.comparison.tables import TABLES
from irregsim.vocabulary.disclosure import PERCENT
from irregsim.vocabulary.numbers import rounded_text
from irregsim.vocabulary.outcomes import is_uncounted

if TYPE_CHECKING:
    import pandas as pd

#: Before the language of a column that tells an effect in words.
TEXT: Final = "rounded_text_"


def one_scale(frames: Mapping[str, pd.DataFrame], units: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """Tables of a comparison with what is not counted in percent of the reference.

    Args:
        frames: Tables by name.
        units: Unit by outcome.

    Returns:
        All tables; those of `Form.EFFECTS` as `scaled` has them.
    """
    return {
        name: scaled(frame, TABLES[name], units) if name in TABLES and TABLES[name].form is Form.EFFECTS else frame
        for name, frame in frames.items()
    }


def scaled(frame: pd.DataFrame, table: Table, units: Mapping[str, str]) -> pd.DataFrame:
    """A table of effects with what is not counted in percent of the reference.

    Args:
        frame: The table; columns that it does not have are passed over.
        table: Its declaration, of `Form.EFFECTS`.
        units: Unit by outcome; persons for one that is not there.

    Returns:
        The table with a column of units (`Basis.unit`). Rows in `PERCENT` have a reference of 100, effects in percent
        of it (those so far in percent of the sum of the reference since the change), texts in percent, and no number in
        another unit, such as money. Rows without a reference above 0, of which there is no percentage, are left out;
        with `Basis.keeps_rows` only their effect is missing.
    """
    basis = table.basis
    if frame.empty:
        return frame if basis.unit in frame else frame.assign(**{basis.unit: ""})
    outcome = frame[basis.outcome].astype(str)
    unit = frame[basis.unit] if basis.unit in frame else outcome.map(lambda one: units.get(one, "persons"))
    hidden = outcome.map(is_uncounted).astype(bool)
    level = frame[basis.reference]
    base = level.where(level > 0)
    out = frame.assign(**{basis.unit: unit.where(~hidden, PERCENT)})
    effects = [c for c in table.columns if c.published is Rule.EFFECT and c.name in frame and c.name != basis.reference]
    in_unit = [column.name for column in effects if column.kind is Kind.UNIT]
    for name in in_unit:
        # Ends of intervals are ratios of their own, replicate by replicate, where the table has them.
        twin = f"percent_{name}"
        ratio = frame[twin].where(base.notna()) if twin in frame else 100.0 * frame[name] / base
        out[name] = frame[name].where(~hidden, ratio)
    for column in effects:
        if column.kind not in (Kind.UNIT, Kind.TEXT, Kind.PERCENT):
            out[column.name] = frame[column.name].where(~hidden)
    so_far = [column.name for column in table.columns if column.published is Rule.SO_FAR and column.name in frame]
    if so_far:
        total = _so_far(frame, outcome, in_unit, basis.reference)
        for name in so_far:
            ratio = frame[f"percent_{name}"] if f"percent_{name}" in frame else 100.0 * frame[name] / total
            out[name] = frame[name].where(~hidden, ratio.where(total.notna()))
    out[basis.reference] = level.where(~hidden, 100.0)
    if not basis.keeps_rows:
        out = out[~(hidden & base.isna())].reset_index(drop=True)
    for column in effects:
        if column.kind is Kind.TEXT:
            _retold(out, table, column.name)
    return out


def _retold(out: pd.DataFrame, table: Table, text: str) -> None:
    """Puts effects in percent into words, in place."""
    basis = table.basis
    lang = text.removeprefix(TEXT)
    names = (text, basis.unit, basis.change, *table.ends_of(basis.change))
    directed = out["verdict"].isin(("up", "down")) if "verdict" in out else [False] * len(out)
    out[text] = [
        rounded_text(mean, lo, hi, unit, lang, told=is_told) if unit == PERCENT else words
        for words, unit, mean, lo, hi, is_told in zip(*(out[name] for name in names), directed, strict=True)
    ]


def _so_far(frame: pd.DataFrame, outcome: pd.Series, effects: list[str], reference: str) -> pd.Series:
    """Sum of the reference from the first month that differs on; missing until it is a share of what it is at the end.

    Over nearly nothing every ratio is large: sums so far are given in percent once the reference has had `NEAR_ZERO`
    of its sum at the end.
    """
    by = [frame["scenario"].astype(str), outcome]
    differs = (frame[effects] != 0).any(axis=1).astype(int).groupby(by).cummax() > 0
    total = frame[reference].where(differs, 0.0).groupby(by).cumsum()
    enough = (total > 0) & (total >= NEAR_ZERO * total.groupby(by).transform("max"))
    # Before the change nothing differs, and nothing of anything is nothing.
    return total.where(enough).where(differs, 1.0)
