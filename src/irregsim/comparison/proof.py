"""Proof of pairing: identical before the first effective month, and where the scenarios part (``proof.json``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from irregsim.comparison.runs import Pair
from irregsim.results import VALUE_COLUMNS, schema_of

if TYPE_CHECKING:
    import pandas as pd

#: Tables by month, in the order in which a first difference is named.
TABLES: Final = (
    "flows",
    "stocks",
    "side_strategies",
    "centres_by_country",
    "exits_by_country",
    "outcomes",
)

#: Columns left out of a cell that is named: a proof needs no place or citizenship.
_UNTOLD: Final = ("country", "district", "city", "origin_district", "destination_district")


def proof(pairs: Sequence[Pair]) -> dict[str, dict[str, Any]]:
    """Where each scenario first differs from the reference.

    Args:
        pairs: The runs.

    Returns:
        By scenario: ``first_effective_month``; ``identical_before`` (whether every table by month is identical in every
        replicate before it); ``months_before`` (how many reported months those are) and ``replicates``;
        ``first_month`` in which anything differs, with ``replicate``, ``table`` and ``cell`` (its keys, without
        places), and ``cause`` (month, origin, destination and cause of the first move that differs), all None where
        nothing ever differs.
    """
    return {pair.name: _proof(pair) for pair in pairs}


def _proof(pair: Pair) -> dict[str, Any]:
    best: tuple[str, int, int] | None = None
    cell: dict[str, str] | None = None
    for number, name in enumerate(TABLES):
        keys = [c for c, _ in schema_of(name) if c not in ("replicate", *VALUE_COLUMNS)]
        value = next(c for c, _ in schema_of(name) if c in VALUE_COLUMNS)
        for replicate, reference, scenario in pair.both(name):
            # Only what would come first is looked for.
            last = pair.months[-1] if best is None else best[0]
            found = _first(reference, scenario, keys, value, last)
            if found is not None and (best is None or (found["month"], replicate, number) < best):
                best = found["month"], replicate, number
                cell = {key: text for key, text in found.items() if key not in _UNTOLD and key != "month"}
    return {
        "first_effective_month": pair.since,
        "identical_before": best is None or best[0] >= pair.since,
        "months_before": sum(month < pair.since for month in pair.months),
        "replicates": pair.reference.replicates,
        "first_month": None if best is None else best[0],
        "replicate": None if best is None else best[1],
        "table": None if best is None else TABLES[best[2]],
        "cell": cell,
        "cause": _first_cause(pair),
    }


def _first(
    reference: pd.DataFrame, scenario: pd.DataFrame, keys: Sequence[str], value: str, last: str
) -> dict[str, str] | None:
    """Keys of the first cell that differs up to a month; None where none does."""
    sides = []
    for frame in (reference, scenario):
        frame = frame[frame["month"].astype(str) <= last]
        rows = frame[list(keys)].astype(object).where(frame[list(keys)].notna(), "").astype(str)
        sides.append(rows.assign(value=frame[value].to_numpy()).groupby(list(keys))["value"].sum())
    both = sides[0].to_frame("reference").join(sides[1].to_frame("scenario"), how="outer").fillna(0)
    differ = both[both["reference"] != both["scenario"]]
    if differ.empty:
        return None
    rows = differ.reset_index()[list(keys)].sort_values(["month", *(key for key in keys if key != "month")])
    return {str(key): str(text) for key, text in rows.iloc[0].items()}


def _first_cause(pair: Pair) -> dict[str, str] | None:
    """Month, origin, destination and cause of the first move that differs in any replicate."""
    keys = ["month", "origin", "destination", "cause"]
    best: dict[str, str] | None = None
    for _, reference, scenario in pair.both("flows", [*keys, "persons"]):
        last = pair.months[-1] if best is None else best["month"]
        found = _first(reference, scenario, keys, "persons", last)
        if found is not None and (best is None or found["month"] < best["month"]):
            best = found
    return best
