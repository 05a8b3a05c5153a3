"""Balance and life courses as they may be published (docs/odd.md tells the rules).

Single lives (``sequences``, ``twins``, ``twin_lives``) stay out. Hidden strategies are told as changes, shares, months
and rates, never as numbers of persons. Counts are in steps of 5, and cells that stand for fewer than 5 persons are
left out, so that rounded cells need not add up; the exact tables do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from irregsim.export import SMALL

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

#: Columns that would tell the size of the population.
_LEVELS: Final = ("persons", "at_risk", "moves", "total")


def published(frames: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The published form of the tables of `paired.paired_tables` that have one.

    Args:
        frames: Tables by name; those of other kinds are passed over.

    Returns:
        ``balance``: means of both runs for exits and «visible» only, which registers count. ``alluvial``: without
        those who are in the same state in both runs. ``partings`` and ``apart``: rounded. Tables of shares, months
        and rates: without the numbers of persons behind them.
    """
    out: dict[str, pd.DataFrame] = {}
    if "balance" in frames:
        out["balance"] = _balance(frames["balance"])
    if "alluvial" in frames:
        moved = frames["alluvial"]
        moved = moved[moved["reference_state"] != moved["scenario_state"]]
        out["alluvial"] = _counts(moved[moved["persons"] >= SMALL], ("persons", "lo", "hi"))
    for name in ("partings", "apart"):
        if name in frames:
            table = frames[name]
            out[name] = _counts(table[table["persons"] >= SMALL], ("persons", "lo", "hi"))
    for name, (columns, decimals) in _DECIMALS.items():
        if name in frames:
            table = _without_small(name, frames[name]).drop(columns=[c for c in _LEVELS if c in frames[name]])
            out[name] = table.assign(**{c: table[c].round(decimals) + 0.0 for c in columns}).reset_index(drop=True)
    return out


def _counts(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """Counts to the nearest 5, without sums over replicates, which are finer."""
    rounded = {c: (frame[c] / SMALL).round() * SMALL + 0.0 for c in columns}
    if "share" in frame:
        rounded["share"] = frame["share"].round(3)
    return frame.assign(**rounded).drop(columns=[c for c in ("total",) if c in frame]).reset_index(drop=True)


def _balance(balance: pd.DataFrame) -> pd.DataFrame:
    out = _counts(balance, ("reference_mean", "scenario_mean", "change_in_state", "lo", "hi", "entered", "left"))
    most = balance[["reference_mean", "scenario_mean"]].max(axis=1)
    small = ((most > 0) & (most < SMALL)).to_numpy()
    counted = ((balance["kind"] == "exit") | (balance["state"] == "synlig")).to_numpy()
    for column in ("reference_mean", "scenario_mean"):
        out[column] = out[column].where(counted & ~small)
    for column in ("change_in_state", "lo", "hi", "entered", "left"):
        out[column] = out[column].where(~small)
    return out.assign(suppressed=small)


def _without_small(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Without cells that stand for fewer than 5 persons or moves in a replicate, on either side."""
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
