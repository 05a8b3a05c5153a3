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
from irregsim.scenario import Scenario
from irregsim.scenario.levers import REGISTRY, By
from irregsim.study.comparison.differences import Effects
from irregsim.study.comparison.key_figures import window_of, window_values
from irregsim.study.comparison.relative import in_percent
from irregsim.study.comparison.series import FloatArray
from irregsim.study.comparison.tables import TABLES
from irregsim.vocabulary.plain_text import plain
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
        amount: NOK per unit of the outcome; None where no source gives one, and where a lever does.
        year: Year of the prices; None without an amount, and where the outcome is in NOK itself.
        source: Where the amount is from, or why there is none.
        grade: Evidence grade, A to D.
        carrier: Who carries it, of `PARTIES`.
        receiver: To whom it goes; empty where to nobody in the model.
        lever: Attribute of the levers that is the amount, month by month in each scenario; None where none is.
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
    lever: str | None = None


#: Levers in NOK per person that may be the amount of a cost: full key, and attribute of the levers.
_AMOUNTS: Final = {one.path: one.fields[0] for one in REGISTRY if one.unit == "nok_per_person" and one.by is By.NOTHING}


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
    try:
        whole = yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise DataError(f"{FILE}: {plain(str(error))}") from None
    if not isinstance(whole, yaml.SequenceNode):
        raise DataError(f"{FILE}: expected a list of costs")
    for item in whole.value:
        where = f"{FILE}:{item.start_mark.line + 1}"
        pairs = item.value if isinstance(item, yaml.MappingNode) else ()
        row = {key.value: value.value for key, value in pairs if isinstance(key, yaml.ScalarNode)}
        if tuple(row) != _FIELDS or not all(isinstance(word, str) for word in row.values()):
            faults.append(f"{where}: expected the keys {', '.join(_FIELDS)}, each with a word, a number or nothing")
            continue
        lever = _AMOUNTS.get(row["amount"])
        if lever is not None:
            row["amount"] = ""
        try:
            amount = float(row["amount"]) if row["amount"] else None
            year = int(row["year"]) if row["year"] else None
        except ValueError:
            faults.append(
                f"{where}: {row['item']}: amount and year must be numbers or blank, or the amount a lever in NOK per "
                f"person ({', '.join(_AMOUNTS)})"
            )
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
        found.append(Cost(texts[0], texts[1], texts[2], amount, year, tail[0], tail[1], tail[2], tail[3], lever))
    if faults:
        raise DataError(plain("\n".join(faults)))
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
        ``nok_*`` are missing where no source gives an amount. Where a lever is the amount, ``nok_*`` are what the
        scenario pays less what the reference pays, and ``amount`` is the scenario's, missing where it changes in the
        window. Never summed.
    """
    import pandas as pd

    rows = []
    for effect in all_effects:
        for cost in all_costs():
            found = window_values(effect, cost.outcome) if cost.outcome in effect.difference else None
            if found is None:
                continue
            lo, hi = (float(end) for end in np.quantile(found[1], (0.025, 0.975)))
            percent = np.quantile(in_percent(found[1], found[0]), (0.025, 0.975))
            told = {"mean": float(found[1].mean()), "lo": lo, "hi": hi}
            price, money = math.nan if cost.amount is None else cost.amount, {}
            if cost.lever is not None:
                price, paid = _paid(effect, cost.outcome, cost.lever)
                ends = np.quantile(paid, (0.025, 0.975))
                money = {"mean": float(paid.mean()), "lo": float(ends[0]), "hi": float(ends[1])}
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
                    **{f"nok_{name}": money.get(name, value * price) for name, value in told.items()},
                    "source": cost.source,
                    "grade": cost.grade,
                    "percent_lo": float(percent[0]),
                    "percent_hi": float(percent[1]),
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"amount_year": "Int64"})


def _paid(effect: Effects, outcome: str, lever: str) -> tuple[float, FloatArray]:
    """What a scenario pays of a lever's own amount over the window, less what the reference pays.

    Args:
        effect: Series of both.
        outcome: What the amount is paid for, a number each month.
        lever: Attribute of the levers, NOK each.

    Returns:
        The scenario's amount, missing where it changes in the window; and the difference in NOK, shape (replicates,).
    """
    places = list(window_of(effect))
    reference, difference = effect.reference[outcome][places], effect.difference[outcome][places]
    before, after = (_amounts(run.scenario, lever)[places] for run in (effect.pair.reference, effect.pair.scenario))
    paid = (after[:, None] * (reference + difference) - before[:, None] * reference).sum(axis=0)
    return (float(after[0]) if (after == after[0]).all() else math.nan), np.asarray(paid)


def _amounts(scenario: Scenario, lever: str) -> FloatArray:
    """A lever in the reported months."""
    return np.asarray(getattr(scenario.levers, lever)[scenario.start : scenario.end + 1], dtype="float64")
