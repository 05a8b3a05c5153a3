"""Monthly series of one replicate, one for each outcome of a comparison.

- ``stock:<strategy>``, ``stock:hidden`` (all but ``synlig``): persons at the end of the month; averaged over a window.
- ``index:hidden``: the hidden population, with that of the reference in the same month and replicate as 100; averaged.
- ``inflow``, ``flow:<origin>><destination>``, ``exit:<exit>``: persons who move in the month, without moves between
  districts; added over a window, as are all that follow but the last.
- ``person_months:<strategy>``: persons at the end of the month as person-months lived.
- ``outcome:<code>``: living conditions and services in the country, in their own units.
- ``register:<register>``: total of a register, at the last month of its year; a register that counts a stock (residents
  with a duty to leave) is averaged.
- ``duration:<strategy>``: mean stay in months by Little's law, the mean stock over the mean outflow of twelve months;
  averaged.

Little's law (Little 1961, A proof for the queuing formula L = lambda W, Operations Research 9) holds for a steady
state; in a year of change the duration lags behind. Stays of single persons, where they were kept, have tables
of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import numpy.typing as npt

from irregsim.model.registers import REGISTERS
from irregsim.study.summaries import register_series
from irregsim.vocabulary.codes import EXITS, HIDDEN, STRATEGIES

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]

INDEX: Final = "index:hidden"

#: Outcomes of these families are averaged over a window; all others are added.
AVERAGED: Final = ("stock", "index", "duration")

_COUNTED_STOCKS: Final = frozenset(f"register:{register.name}" for register in REGISTERS if register.is_stock)

_UNITS: Final = {
    "stock": "persons",
    "index": "index",
    "inflow": "persons",
    "flow": "persons",
    "exit": "persons",
    "person_months": "person-months",
    "register": "count",
    "duration": "months",
}

_YEAR: Final = 12


@dataclass(frozen=True)
class Collected:
    """Series of every replicate of a run.

    Attributes:
        months: Reported months, in order.
        values: For each outcome an array of shape (months, replicates); missing where the outcome has no value in a
            month (registers between year ends, durations in the first year or without outflow).
        units: Unit of each outcome.
    """

    months: tuple[str, ...]
    values: dict[str, FloatArray]
    units: dict[str, str]


def family(outcome: str) -> str:
    """The part of an outcome before its colon."""
    return outcome.partition(":")[0]


def is_averaged(outcome: str) -> bool:
    """Whether an outcome is averaged over a window of months, and not added."""
    return family(outcome) in AVERAGED or outcome in _COUNTED_STOCKS


class Readable(Protocol):
    """What series are made of: a finished run, or tables in memory."""

    @property
    def months(self) -> tuple[str, ...]:
        """Reported months, in order."""

    @property
    def replicates(self) -> int:
        """How many replicates."""

    def read(self, table: str, replicate: int, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Rows of one replicate of a table."""


def collect(run: Readable) -> Collected:
    """Series of all replicates of a run, read one after the other.

    Returns:
        The series, without `INDEX`, which needs a reference (`hidden_index`).
    """
    values: dict[str, FloatArray] = {}
    units: dict[str, str] = {}
    shape = (len(run.months), run.replicates)
    for j in range(run.replicates):
        one, of_outcomes = _series(run, j)
        units |= of_outcomes
        for outcome, column in one.items():
            if outcome not in values:
                # A replicate without any row of an outcome counts 0; of a register, as its year says (below).
                values[outcome] = np.full(shape, np.nan if family(outcome) == "register" else 0.0)
            values[outcome][:, j] = column
    for outcome in values:
        units.setdefault(outcome, _UNITS.get(family(outcome), ""))
    return Collected(run.months, _with_gaps(values, run), units)


def hidden_index(reference: Collected, scenario: Collected) -> FloatArray:
    """Hidden population of a scenario, with that of the reference as 100: shape (months, replicates)."""
    base, changed = (side.values["stock:hidden"] for side in (reference, scenario))
    return np.where(base > 0, 100.0 * changed / np.where(base > 0, base, 1.0), np.nan)


def _with_gaps(values: dict[str, FloatArray], run: Readable) -> dict[str, FloatArray]:
    """Registers are missing but for the months in which any replicate has a count."""
    for name in [outcome for outcome in values if family(outcome) == "register"]:
        counted = np.isfinite(values[name]).any(axis=1, keepdims=True)
        values[name] = np.where(counted, np.nan_to_num(values[name]), np.nan)
    return values


def _series(run: Readable, replicate: int) -> tuple[dict[str, FloatArray], dict[str, str]]:
    place = {month: i for i, month in enumerate(run.months)}
    stocks = _wide(run.read("stocks", replicate, ["month", "strategy", "persons"]), ["strategy"], "persons", place)
    flows = run.read("flows", replicate, ["month", "origin", "destination", "persons"])
    by_move = _wide(flows, ["origin", "destination"], "persons", place)
    zero = np.zeros(len(place))
    out: dict[str, FloatArray] = {f"stock:{code}": stocks.get(code, zero) for code in STRATEGIES}
    out["stock:hidden"] = np.sum([out[f"stock:{code}"] for code in HIDDEN], axis=0)
    out |= {f"person_months:{code}": out[f"stock:{code}"].copy() for code in STRATEGIES}
    out["inflow"] = zero.copy()
    out |= {f"exit:{code}": zero.copy() for code in EXITS}
    left = {code: zero.copy() for code in STRATEGIES}
    for move, column in by_move.items():
        origin, _, destination = move.partition(">")
        if origin in ("opening", destination):
            continue  # the stock before the first month is no move; nor is another district in the same strategy
        out[f"flow:{move}"] = column
        if origin == "inflow":
            out["inflow"] += column
        if destination in EXITS:
            out[f"exit:{destination}"] += column
        if origin in left:
            left[origin] += column
    out |= {f"duration:{code}": _duration(out[f"stock:{code}"], left[code]) for code in STRATEGIES}
    outcomes = run.read("outcomes", replicate, ["month", "outcome", "value", "unit"])
    units = outcomes.drop_duplicates("outcome")
    named = {f"outcome:{code}": str(unit) for code, unit in zip(units["outcome"], units["unit"], strict=True)}
    out |= {f"outcome:{code}": column for code, column in _wide(outcomes, ["outcome"], "value", place).items()}
    out |= _registers(run.read("registers", replicate, ["period", "register", "dimension", "key", "count"]), place)
    return out, named


def _wide(frame: pd.DataFrame, keys: Sequence[str], value: str, place: Mapping[str, int]) -> dict[str, FloatArray]:
    """Sums by month of every value (or pair of values, written ``a>b``) of text columns."""
    cell = np.zeros(len(frame), dtype="int64")
    names = [""]
    for key in keys:
        codes, texts = coded(frame[key])
        cell = cell * len(texts) + codes
        names = [f"{name}>{text}" if name else text for name in names for text in texts]
    codes, months = coded(frame["month"])
    month = np.array([place[str(text)] for text in months], dtype="int64")[codes]
    shape = (len(names), len(place))
    weights = frame[value].to_numpy(dtype="float64")
    at = cell * len(place) + month
    sums = np.bincount(at, weights=weights, minlength=len(names) * len(place)).reshape(shape)
    there = np.bincount(cell, minlength=len(names)) > 0
    return {name: sums[i] for i, name in enumerate(names) if there[i]}


def coded(column: pd.Series) -> tuple[npt.NDArray[np.int64], list[str]]:
    """A column as numbers, -1 where it is missing, and the texts by number."""
    found = column.astype("category").cat
    return np.asarray(found.codes, dtype=np.int64), [str(text) for text in found.categories]


def _registers(frame: pd.DataFrame, place: Mapping[str, int]) -> dict[str, FloatArray]:
    """Totals of the registers at the last month of each year that ends within the period."""
    table = register_series(frame)
    table = table[table["outcome"].str.count(":") == 1]
    out: dict[str, FloatArray] = {}
    for outcome, period, number in zip(table["outcome"], table["period"], table["value"], strict=True):
        month = {4: f"{period}-12", 7: str(period)}.get(len(str(period)))
        if month is not None and month in place:  # sums over several years have no month of their own
            out.setdefault(str(outcome), np.full(len(place), np.nan))[place[month]] = number
    return out


def _duration(stock: FloatArray, left: FloatArray) -> FloatArray:
    """Mean stay in months, from the stock and the outflow of the twelve months that end here."""
    out = np.full(len(stock), np.nan)
    if len(stock) < _YEAR:
        return out
    window = np.ones(_YEAR)
    lived, ended = (np.convolve(column, window, mode="valid") for column in (stock, left))
    # `convolve` adds in an order of its own for each place: whole numbers add exactly all the same.
    out[_YEAR - 1 :] = np.where(ended > 0, lived / np.where(ended > 0, ended, 1.0), np.nan)
    return out


def over_window(values: FloatArray, outcome: str, places: Sequence[int]) -> FloatArray:
    """An outcome over some months: its mean or its sum, as `AVERAGED` says.

    Args:
        values: Shape (months, replicates).
        outcome: Its name.
        places: Numbers of the months.

    Returns:
        Shape (replicates,); missing where the outcome has no value in any of the months.
    """
    chosen = values[list(places)]
    there = np.isfinite(chosen)
    count = there.sum(axis=0)
    total = np.where(there, chosen, 0.0).sum(axis=0)
    if is_averaged(outcome):
        total = total / np.maximum(count, 1)
    return np.where(count > 0, total, np.nan)
