"""What each effect asks of whom: natural units always, money where an amount has a source (table ``costs``).

There is no net figure: amounts are carried by different parties, most items have no sourced amount, and what has no
price is not worth nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import numpy as np

from irregsim.model.parameters import GRADES
from irregsim.study.comparison.differences import Effects
from irregsim.study.comparison.key_figures import window_values
from irregsim.study.comparison.tables import TABLES
from irregsim.vocabulary.reference import DataError

if TYPE_CHECKING:
    import pandas as pd

FILE: Final = "costs.yaml"

#: Who may carry a cost or receive it.
PARTIES: Final = ("state", "municipality", "NGO", "municipality and NGO", "employer", "employer and migrant", "migrant")

_FIELDS: Final = ("item", "outcome", "unit", "amount", "year", "source", "grade", "carrier", "receiver", "note")

COLUMNS: Final = TABLES["costs"].names


@dataclass(frozen=True)
class Cost:
    """A row of ``data/costs.yaml``.

    Attributes:
        item: What is carried.
        outcome: Outcome that counts it.
        unit: Unit of the amount.
        amount: NOK per unit of the outcome; None where no source gives one.
        year: Year of the prices; None without an amount, and where the outcome is in NOK itself.
        source: Where the amount is from, or why there is none.
        grade: Evidence grade, A to D.
        carrier: Who carries it, of `PARTIES`.
        receiver: To whom it goes; empty where to nobody in the model.
    """

    item: str
    outcome: str
    unit: str
    amount: float | None
    year: int | None
    source: str
    grade: str
    carrier: str
    receiver: str


def read_costs(text: str) -> tuple[Cost, ...]:
    """Costs from YAML, checked.

    Args:
        text: A list of items, each with the keys of ``data/costs.yaml`` in their order; blank where nothing is known.

    Raises:
        DataError: With every fault, one a line.
    """
    import yaml

    faults: list[str] = []
    found: list[Cost] = []
    # Nodes and not values: every word stays as it is written, and a fault has its line.
    for item in getattr(yaml.compose(text, yaml.SafeLoader), "value", ()):
        where = f"{FILE}:{item.start_mark.line + 1}"
        row = {key.value: value.value for key, value in item.value} if isinstance(item, yaml.MappingNode) else {}
        if tuple(row) != _FIELDS or not all(isinstance(word, str) for word in row.values()):
            faults.append(f"{where}: expected the keys {', '.join(_FIELDS)}, each with a word, a number or nothing")
            continue
        try:
            amount = float(row["amount"]) if row["amount"] else None
            year = int(row["year"]) if row["year"] else None
        except ValueError:
            faults.append(f"{where}: {row['item']}: amount and year must be numbers or blank")
            continue
        if amount is not None and not (math.isfinite(amount) and amount >= 0.0):
            faults.append(f"{where}: {row['item']}: amount must be 0 or more")
        if amount is not None and year is None and row["unit"] != "NOK":
            faults.append(f"{where}: {row['item']}: an amount needs the year of its prices")
        if row["carrier"] not in PARTIES or row["receiver"] not in ("", *PARTIES):
            faults.append(f"{where}: {row['item']}: carrier and receiver must be one of {', '.join(PARTIES)}")
        if row["grade"] not in GRADES or not row["source"].strip():
            faults.append(f"{where}: {row['item']}: needs a source and a grade ({', '.join(GRADES)})")
        if row["item"] in [cost.item for cost in found]:
            faults.append(f"{where}: duplicate {row['item']}")
        texts = [row[name] for name in ("item", "outcome", "unit")]
        tail = [row[name] for name in ("source", "grade", "carrier", "receiver")]
        found.append(Cost(texts[0], texts[1], texts[2], amount, year, tail[0], tail[1], tail[2], tail[3]))
    if faults:
        raise DataError("\n".join(faults))
    return tuple(found)


@cache
def all_costs() -> tuple[Cost, ...]:
    """Every cost of the table."""
    return read_costs((files("irregsim") / "data" / FILE).read_text(encoding="utf-8"))


def costs(all_effects: Sequence[Effects]) -> pd.DataFrame:
    """Effects over the window in natural units, and in NOK where an amount is known, by who carries them.

    Args:
        all_effects: From `differences.effects`.

    Returns:
        Columns `COLUMNS`; ``mean``, ``lo``, ``hi`` in ``unit`` of the outcome; ``amount``, ``amount_year`` and
        ``nok_*`` are missing where no source gives an amount. Never summed.
    """
    import pandas as pd

    rows = []
    for effect in all_effects:
        for cost in all_costs():
            found = window_values(effect, cost.outcome) if cost.outcome in effect.difference else None
            if found is None:
                continue
            lo, hi = (float(end) for end in np.quantile(found[1], (0.025, 0.975)))
            told = {"mean": float(found[1].mean()), "lo": lo, "hi": hi}
            price = math.nan if cost.amount is None else cost.amount
            rows.append(
                {
                    "scenario": effect.pair.name,
                    "item": cost.item,
                    "outcome": cost.outcome,
                    "carrier": cost.carrier,
                    "receiver": cost.receiver,
                    "unit": effect.units.get(cost.outcome, ""),
                    "reference_mean": float(found[0].mean()),
                    **told,
                    "amount": price,
                    "amount_year": cost.year,
                    **{f"nok_{name}": value * price for name, value in told.items()},
                    "source": cost.source,
                    "grade": cost.grade,
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"amount_year": "Int64"})
