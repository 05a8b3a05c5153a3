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

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from irregsim.present.publication.disclosure import in_units
from irregsim.present.words import account, is_uncounted
from irregsim.vocabulary.codes import HIDDEN
from irregsim.vocabulary.disclosure import PERCENT, SMALL, is_few

if TYPE_CHECKING:
    import pandas as pd

#: Columns with numbers and the decimals they keep, by table of shares, months and rates.
_DECIMALS: Final[Mapping[str, tuple[tuple[str, ...], int]]] = {
    "chronogram": (("share",), 3),
    "mean_time": (("months", "lo", "hi"), 1),
    "transitions": (("rate", "lo", "hi"), 4),
    "survival": (("survival", "lo", "hi"), 3),
    "incidence": (("incidence", "lo", "hi"), 3),
}

#: Columns that would reveal the size of the population.
_LEVELS: Final = ("persons", "at_risk", "moves", "total")

#: The cohort whose number nobody publishes and no register counts.
ENTERED: Final = "entered"


def published(frames: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The published form of the tables of `paired.paired_tables` that have one.

    Args:
        frames: Tables by name; those of other kinds are passed over.

    Returns:
        ``balance``: what registers count in persons, the rest in percent of the reference (``unit``). ``alluvial``:
        of those who are elsewhere than in the reference, by where they are there, the ``share`` in each other state.
        ``partings``: ``share`` of all partings. Tables of shares, months and rates: without the numbers of persons
        behind them, and without what is left out for those present (see the module). ``apart`` has none: where a centre
        closes, those apart are those whom the register no longer counts, and their number over their share is
        everybody.
    """
    out: dict[str, pd.DataFrame] = {}
    if "balance" in frames:
        out["balance"] = _balance(frames["balance"])
    if "alluvial" in frames:
        moved = frames["alluvial"]
        moved = moved[moved["reference_state"] != moved["scenario_state"]]
        out["alluvial"] = _shares(moved, ["scenario", "to_month", "reference_state"])
    if "partings" in frames:
        out["partings"] = _shares(frames["partings"], ["scenario"])
    for name, (columns, decimals) in _DECIMALS.items():
        if name in frames:
            table = _without_disguised(name, _without_small(name, frames[name]))
            table = table.drop(columns=[c for c in _LEVELS if c in table])
            out[name] = table.assign(**{c: table[c].round(decimals) + 0.0 for c in columns}).reset_index(drop=True)
    return out


def _shares(frame: pd.DataFrame, whole: list[str]) -> pd.DataFrame:
    """Cells of 5 persons or more as shares of all cells with the same keys; in each table the largest first."""
    frame = frame.assign(whole=frame.groupby(whole)["persons"].transform("sum"))
    # Which is larger is published, by how much is not.
    frame = frame.sort_values(
        [*whole[:-1], "whole", whole[-1], "persons"], ascending=[True] * (len(whole) - 1) + [False, True, False]
    )
    shares = (frame["persons"] / frame["whole"]).round(2)
    out = frame.assign(share=shares).drop(columns=["persons", "lo", "hi", "total", "whole"])
    return out[frame["persons"] >= SMALL].reset_index(drop=True)


def _balance(balance: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    small = is_few(balance["reference_mean"], balance["scenario_mean"])
    accounts = [account(*row) for row in balance[["kind", "state"]].astype(str).itertuples(index=False)]
    hidden = pd.Series([is_uncounted(one) for one in accounts], index=balance.index, dtype=bool)
    base = balance["reference_mean"].where(balance["reference_mean"] > 0)
    out = balance.drop(columns=["entered", "left"]).assign(unit=hidden.map({True: PERCENT, False: "persons"}))
    for column in ("reference_mean", "scenario_mean", "change_in_state", "lo", "hi"):
        values = balance[column].where(~hidden, 100.0 * balance[column] / base)
        out[column] = in_units(values, out["unit"]).where(~small)
    return out.assign(suppressed=small)


def _without_disguised(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Without the rows of those present that a register counts the number of."""
    others = frame["cohort"].astype(str) != ENTERED
    if name == "chronogram":
        return _hidden_among_themselves(frame, others)
    if name == "mean_time":
        return frame[~others | frame["strategy"].isin(HIDDEN)]
    if name == "transitions":
        counted = ~frame["destination"].astype(str).map(lambda to: to in HIDDEN or is_uncounted(f"exit:{to}"))
        return frame[~(others & counted)]
    return frame[~others]


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


def _without_small(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Without cells of fewer than 5 persons or moves in a replicate, on either side."""
    basis, keys = {
        "chronogram": ("persons", ["scenario", "cohort", "months_since", "state"]),
        "transitions": ("moves", ["scenario", "cohort", "origin", "destination"]),
    }.get(name, (None, []))
    if basis is None:
        # Those at risk are at least so many already (`lives.LEAST_AT_RISK`).
        return frame
    sides = frame[frame["side"] != "difference"]
    least, most = (sides.groupby(keys)[basis].agg(which) for which in ("min", "max"))
    # The larger count decides on a cell of moves, the smaller one on months that few are followed for.
    enough = (least if name == "chronogram" else most) >= SMALL
    return frame[enough.loc[frame.set_index(keys).index].to_numpy()]
