"""Proof of pairing: identical before the first effective month, and where the scenarios part (``proof.json``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from irregsim.study.comparison.pairs import Pair
from irregsim.study.tables import VALUE_COLUMNS, schema_of

if TYPE_CHECKING:
    import pandas as pd

IntArray = npt.NDArray[np.int64]

#: Tables by month, in the order in which a first difference is named.
TABLES: Final = (
    "flows",
    "stocks",
    "side_strategies",
    "centres_by_country",
    "exits_by_country",
    "outcomes",
)

#: What distinguishes one kind of move from another.
MOVE: Final = ("month", "origin", "destination", "cause")

#: Columns left out of a cell that is named: a proof needs no place or citizenship.
_UNTOLD: Final = ("country", "district", "city", "origin_district", "destination_district")


def proof(pairs: Sequence[Pair]) -> dict[str, dict[str, Any]]:
    """Where each scenario first differs from the reference.

    Args:
        pairs: The runs.

    Returns:
        By scenario: ``first_effective_month``; ``identical_before`` (whether every table by month is identical in every
        replicate before it); ``months_before`` (how many reported months those are) and ``replicates``;
        ``first_month`` in which anything differs, with ``replicate``, ``table`` and ``cell`` (keys of the cell that
        differs most there, without places), and ``cause`` (month, origin, destination and cause of the move whose
        number differs most in the first month in which moves differ, over all replicates; `with_persons` is more
        exact), all None where nothing ever differs.
    """
    return {pair.name: _proof(pair) for pair in pairs}


def with_persons(told: Mapping[str, Any], first: Mapping[str, Any] | None) -> dict[str, Any]:
    """A proof with what lives add: the first person, and the cause by which lives part first.

    Sums of moves do not show which of the moves of a month came from which; lives do: the events of those who part in
    the first month in which any do.

    Args:
        told: Of one scenario, from `proof`.
        first: From `twins.first_parting`; None without spells, or where no lives part.

    Returns:
        ``told`` with ``first_person`` (None without ``first``); ``causes``, all events of the first month; and
        ``cause``, the most frequent of them, with ``side``, ``persons`` and ``month``. Where moves of persons without
        a life here (visitors sent out within days) differ earlier, ``cause`` stays as it is.
    """
    if first is None:
        return {**told, "causes": [], "first_person": None}
    causes = [{"month": first["month"], **event} for event in first["events"]]
    flows = told["cause"]
    cause = causes[0] if causes and (flows is None or first["month"] <= flows["month"]) else flows
    person = {key: value for key, value in first.items() if key != "events"}
    return {**told, "cause": cause, "causes": causes, "first_person": person}


def _proof(pair: Pair) -> dict[str, Any]:
    best: tuple[str, int, int] | None = None
    cell: dict[str, str] | None = None
    moves: dict[tuple[str, ...], float] = {}
    month = pair.months[-1]
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
            if name == "flows":
                earliest = _differing(reference, scenario, MOVE, value, month)
                if earliest is not None and earliest[0] < month:
                    month, moves = earliest[0], {}
                for key, far in earliest[1].items() if earliest is not None and earliest[0] == month else ():
                    moves[key] = moves.get(key, 0.0) + abs(far)
    cause = min(moves, key=lambda key: (-moves[key], key)) if moves else None
    return {
        "first_effective_month": pair.since,
        "identical_before": best is None or best[0] >= pair.since,
        "months_before": sum(month < pair.since for month in pair.months),
        "replicates": pair.reference.replicates,
        "first_month": None if best is None else best[0],
        "replicate": None if best is None else best[1],
        "table": None if best is None else TABLES[best[2]],
        "cell": cell,
        "cause": None if cause is None else dict(zip(MOVE, cause, strict=True)),
    }


def _first(
    reference: pd.DataFrame, scenario: pd.DataFrame, keys: Sequence[str], value: str, last: str
) -> dict[str, str] | None:
    """Keys of the cell that differs most in the first month in which any does; None where none does up to a month."""
    found = _differing(reference, scenario, keys, value, last)
    if found is None:
        return None
    cells = found[1]
    most = min(sorted(cells), key=lambda key: -abs(cells[key]))
    return dict(zip(keys, most, strict=True))


def _differing(
    reference: pd.DataFrame, scenario: pd.DataFrame, keys: Sequence[str], value: str, last: str
) -> tuple[str, dict[tuple[str, ...], float]] | None:
    """First month, not after ``last``, in which cells differ, and by how much each; None where none does."""
    shared = [_shared_codes(reference[key], scenario[key]) for key in keys]
    shape = tuple(len(texts) for _, _, texts in shared)
    early = np.array([text <= last for text in shared[list(keys).index("month")][2]], dtype=bool)
    cells, values = [], []
    for side, frame in enumerate((reference, scenario)):
        codes = [(here, there)[side] for here, there, _ in shared]
        kept = early[codes[list(keys).index("month")]]
        cells.append(np.ravel_multi_index(tuple(code[kept] for code in codes), shape))
        values.append(frame[value].to_numpy(dtype="float64")[kept])
    cell, place = np.unique(np.concatenate(cells), return_inverse=True)
    sums = [
        np.bincount(rows, weights=amounts, minlength=len(cell))
        for rows, amounts in zip((place[: len(cells[0])], place[len(cells[0]) :]), values, strict=True)
    ]
    far = sums[1] - sums[0]
    found = np.flatnonzero(far)
    if not len(found):
        return None
    fields = np.unravel_index(cell[found], shape)
    told = [[texts[code] for code in column.tolist()] for column, (_, _, texts) in zip(fields, shared, strict=True)]
    months = told[list(keys).index("month")]
    month = min(months)
    every = zip(zip(*told, strict=True), far[found].tolist(), months, strict=True)
    return month, {key: by for key, by, when in every if when == month}


def _shared_codes(one: pd.Series, other: pd.Series) -> tuple[IntArray, IntArray, list[str]]:
    """A column of both sides as numbers with the same meaning, and their texts; what is missing is an empty text."""
    number: dict[str, int] = {}
    sides = []
    for column in (one, other):
        coded = column.astype("category").cat
        # The last entry is found by -1, which is missing.
        texts = [*(str(text) for text in coded.categories), ""]
        meaning = np.array([number.setdefault(text, len(number)) for text in texts], dtype=np.int64)
        sides.append(meaning[coded.codes.to_numpy()])
    return sides[0], sides[1], list(number)
