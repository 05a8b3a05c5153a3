"""Balance and life courses as they may be published (docs/outputs.md has the rules).

Single lives (``sequences``, ``twins``, ``twin_lives``) stay out. Nothing is published from which the number of persons
in hidden strategies follows in a step or two:

- no numbers of persons but of what registers count; changes of the rest in percent of the reference, displacement and
  partings in shares;
- who is present at the first effective month is the population itself, so for this cohort no share, time or rate is
  published where a register has the number (those in centres, returns, permits): number over share would be the
  population. The same holds for how many of them are still present: all others have left by an exit, and most exits
  are counted. What is published of it is the shares of the hidden strategies among themselves. For those who enter
  later everything is published: their number is nowhere.

Cells with fewer than 5 persons are left out, so that shares need not add up to 1; the exact tables do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from irregsim.present.publication.disclosure import by_columns, in_units
from irregsim.present.words import account
from irregsim.study.comparison.declare import Form, Kind, Rule, Table
from irregsim.study.comparison.tables import TABLES
from irregsim.vocabulary.codes import HIDDEN
from irregsim.vocabulary.disclosure import PERCENT, SMALL, is_few, rounded
from irregsim.vocabulary.outcomes import first_then_others, is_uncounted

if TYPE_CHECKING:
    import pandas as pd

#: The cohort whose number nobody publishes and no register counts.
ENTERED: Final = "entered"

#: Order of the tables in a published workbook; others come behind them.
_FIRST: Final = ("balance", "alluvial", "partings")


def published(frames: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The published form of the tables of balance and lives that have one.

    Args:
        frames: Tables by name; those of other forms are passed over.

    Returns:
        ``balance``: what registers count in persons, the rest in percent of the reference (``unit``). ``alluvial``:
        of those who are elsewhere than in the reference, by where they are there, the ``share`` in each other state.
        ``partings``: ``share`` of all partings. Tables of shares, months and rates: without the numbers of persons
        behind them, and without what is left out for those present (see the module).
    """
    names = (name for name in first_then_others(_FIRST, tuple(TABLES)) if name in frames and name in TABLES)
    return {name: FORMS[TABLES[name].form](frames[name], TABLES[name]) for name in names if TABLES[name].form in FORMS}


def _shares(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Cells of 5 persons or more as shares of all cells with the same keys; in each table the largest first."""
    whole = list(table.whole)
    frame = frame.assign(whole=frame.groupby(whole)["persons"].transform("sum"))
    # Which is larger is published, by how much is not.
    frame = frame.sort_values(
        [*whole[:-1], "whole", whole[-1], "persons"], ascending=[True] * (len(whole) - 1) + [False, True, False]
    )
    shares = (frame["persons"] / frame["whole"]).round(2)
    out = by_columns(frame.assign(share=shares), table).drop(columns="whole")
    return out[frame["persons"] >= SMALL].reset_index(drop=True)


def _elsewhere(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Shares of those whose state is not that of the reference."""
    return _shares(frame[frame["reference_state"] != frame["scenario_state"]], table)


def _balance(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    import pandas as pd

    small = is_few(frame["reference_mean"], frame["scenario_mean"])
    accounts = [account(*row) for row in frame[["kind", "state"]].astype(str).itertuples(index=False)]
    hidden = pd.Series([is_uncounted(one) for one in accounts], index=frame.index, dtype=bool)
    base = frame["reference_mean"].where(frame["reference_mean"] > 0)
    out = by_columns(frame, table).assign(unit=hidden.map({True: PERCENT, False: "persons"}))
    for column in (column for column in table.columns if column.published is Rule.EFFECT and column.name in frame):
        name = column.name
        if column.kind is Kind.PERCENT:
            out[name] = rounded(frame[name], PERCENT).where(hidden & ~small)
            continue
        twin = f"percent_{name}"
        ratio = frame[twin].where(base.notna()) if twin in frame else 100.0 * frame[name] / base
        out[name] = in_units(frame[name].where(~hidden, ratio), out["unit"]).where(~small)
    return out.assign(suppressed=small)


def _present(frame: pd.DataFrame) -> pd.Series:
    """Rows of those whose number registers count in part: all but those who entered since the change."""
    return frame["cohort"].astype(str) != ENTERED


def _chronogram(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    # The smaller side decides on months that few are followed for.
    frame = _without_small(frame, "persons", ["scenario", "cohort", "months_since", "state"], "min")
    return _finished(_hidden_among_themselves(frame, _present(frame)), table)


def _mean_time(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    return _finished(frame[~_present(frame) | frame["strategy"].isin(HIDDEN)], table)


def _transitions(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    # The larger side decides on a cell of moves.
    frame = _without_small(frame, "moves", ["scenario", "cohort", "origin", "destination"], "max")
    uncounted = frame["destination"].astype(str).map(lambda to: to in HIDDEN or is_uncounted(f"exit:{to}"))
    counted = ~uncounted.astype(bool)  # of no rows it would be text
    return _finished(frame[~(_present(frame) & counted)], table)


def _entered(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    # Those at risk are at least five already (`course_tables.LEAST_AT_RISK`).
    return _finished(frame[~_present(frame)], table)


def _finished(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    return by_columns(frame, table).reset_index(drop=True)


def _hidden_among_themselves(frame: pd.DataFrame, others: pd.Series) -> pd.DataFrame:
    """Shares of those present in hidden strategies made shares of all in hidden strategies, side by side."""
    import pandas as pd

    keys = ["scenario", "cohort", "months_since", "state"]
    present = frame[others & frame["state"].isin(HIDDEN)]
    sides = present[present["side"] != "difference"]
    total = sides.groupby(["side", *keys[:3]])["share"].transform("sum")
    sides = sides.assign(share=sides["share"] / total.where(total > 0))
    wide = sides.pivot_table(index=keys, columns="side", values="share", observed=True)
    far = (wide["scenario"] - wide["reference"]).rename("share").reset_index() if len(wide) else present[[]]
    rest = present[present["side"] == "difference"].drop(columns="share")
    changed = rest.merge(far, on=keys, how="inner")[list(frame.columns)] if len(wide) else rest.assign(share=0.0)
    shown = pd.concat([sides, changed, frame[~others]], ignore_index=True)
    return shown[shown["share"].notna()][list(frame.columns)]


def _without_small(frame: pd.DataFrame, persons: str, keys: list[str], side: str) -> pd.DataFrame:
    """Without cells of fewer than 5 persons or moves in a replicate, on the side with the fewest or the most."""
    sides = frame[frame["side"] != "difference"]
    enough = sides.groupby(keys)[persons].agg(side) >= SMALL
    return frame[enough.loc[frame.set_index(keys).index].to_numpy()]


#: Who makes each form.
FORMS: Final[Mapping[Form, Callable[[pd.DataFrame, Table], pd.DataFrame]]] = {
    Form.BALANCE: _balance,
    Form.ELSEWHERE: _elsewhere,
    Form.PARTS: _shares,
    Form.CHRONOGRAM: _chronogram,
    Form.MEAN_TIME: _mean_time,
    Form.TRANSITIONS: _transitions,
    Form.ENTERED: _entered,
}
