"""Predictive check: counts of the model's registers compared with the published counts.

Tables in, table out. Nothing here knows how the registers came about: one parameter draw or many, fitted or not. The
registers must be those of a run at population scale 1, because published counts are those of the whole country.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from irregsim.model.registers import WIDER
from irregsim.vocabulary import reference

if TYPE_CHECKING:
    import pandas as pd

    from irregsim.inference.targets import Target

FloatArray = npt.NDArray[np.float64]

#: Columns of `check`, in order.
COLUMNS: Final = (
    "id",
    "register",
    "dimension",
    "key",
    "period",
    "use",
    "scope",
    "unit",
    "observed",
    "made_from",
    "replicates",
    "median",
    "lo50",
    "hi50",
    "lo90",
    "hi90",
    "tail_probability",
    "ratio",
    "distance",
    "inside50",
    "inside90",
    "reason",
)

#: Both ends of the intervals, as quantiles over replicates.
INTERVALS: Final[Mapping[str, tuple[float, float]]] = {"50": (0.25, 0.75), "90": (0.05, 0.95)}

#: Unit of a target that is a share of the register's total of the same period.
PERCENT: Final = "percent of the total"

_NEEDED: Final = ("period", "replicate", "register", "dimension", "key", "count")
_SPAN: Final = re.compile(r"(\d{4})-(\d{4})")
_MONTH: Final = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")

_Cell = tuple[str, str, str, str]


class _Unanswerable(Exception):
    """The registers cannot give a target; the message says why."""


class _Counts:
    """Counts of every replicate by register, dimension, key and period.

    A table may leave out rows of zero. So a key that has no row counts 0 wherever the register reports the period; a
    register, dimension or period without any row is unanswerable, and so is a key that could be a slip.
    """

    def __init__(self, registers: pd.DataFrame) -> None:
        import pandas as pd

        missing = [name for name in _NEEDED if name not in registers.columns]
        if missing:
            raise ValueError(f"registers: no column {', '.join(missing)}; needed are {', '.join(_NEEDED)}")
        self.replicates = np.unique(registers["replicate"].to_numpy())
        number = np.searchsorted(self.replicates, registers["replicate"].to_numpy())
        texts = ["register", "dimension", "key", "period"]
        frame = registers[texts].astype(str)
        cells = frame.groupby(texts, sort=False)
        table = np.zeros((cells.ngroups, len(self.replicates)))
        row = cells.ngroup().to_numpy()
        seen = pd.Series(row * max(1, len(self.replicates)) + number)
        if seen.duplicated().any():
            raise ValueError("registers: a replicate has two rows for one register, dimension, key and period")
        table[row, number] = registers["count"].to_numpy(dtype="float64")
        self._of: dict[_Cell, FloatArray] = {}
        first = frame[~pd.Series(row).duplicated().to_numpy()]  # groups are numbered as they first appear
        for names, counts in zip(first.itertuples(index=False), table, strict=True):
            register, dimension, key, period = (str(name) for name in names)
            self._of[register, dimension, key, period] = counts
        self._periods: dict[str, set[str]] = {}
        self._keys: dict[tuple[str, str], set[str]] = {}
        for register, dimension, key, period in self._of:
            self._periods.setdefault(register, set()).add(period)
            self._keys.setdefault((register, dimension), set()).add(key)
        self._countries = {country.name for country in reference.countries()}

    def wider(self, register: str, dimension: str, key: str, period: str) -> FloatArray:
        """A count of wider scope, which is not zero where there is no row: the part to be added is not known.

        Raises:
            _Unanswerable: If no replicate has it.
        """
        if (register, dimension, key, period) in self._of:
            return self._of[register, dimension, key, period]
        if register in self._periods and period not in self._periods[register]:
            raise self._outside(register, period)
        raise _Unanswerable(f"of another scope, and the run has no {dimension} {key} for {period}")

    def _outside(self, register: str, period: str) -> _Unanswerable:
        reported = sorted(p for p in self._periods[register] if not _SPAN.fullmatch(p))
        ends = f" ({reported[0]} to {reported[-1]})" if reported else ""
        return _Unanswerable(f"{period} is outside what the run reports{ends}")

    def cell(self, register: str, dimension: str, key: str, period: str) -> FloatArray:
        """Counts of one cell, shape (replicates,).

        A span of years that the register does not report itself is the sum of its years.

        Raises:
            _Unanswerable: If the registers have no such cell; says why.
        """
        if register not in self._periods:
            raise _Unanswerable(f"the run has no register {register}")
        if (register, dimension) not in self._keys:
            raise _Unanswerable(f"the model's register counts no {dimension}")
        if not self._is_known(register, dimension, key):
            raise _Unanswerable(f"the model's register has no {dimension} {key}")
        if period in self._periods[register]:
            return self._of.get((register, dimension, key, period), np.zeros(len(self.replicates)))
        span = _SPAN.fullmatch(period)
        if span:
            years = [str(year) for year in range(int(span[1]), int(span[2]) + 1)]
            if years and all(year in self._periods[register] for year in years):
                return np.asarray(sum(self.cell(register, dimension, key, year) for year in years))
        if _MONTH.fullmatch(period):
            return self._between(register, dimension, key, period)
        raise self._outside(register, period)

    def _between(self, register: str, dimension: str, key: str, period: str) -> FloatArray:
        """A stock of another month than December: on the straight line between the Decembers around it."""
        year, month = int(period[:4]), int(period[5:])
        before, after = f"{year - 1}-12", f"{year}-12"
        if not {before, after} <= self._periods[register]:
            raise self._outside(register, period)
        part = month / 12.0
        ends = (self.cell(register, dimension, key, one) for one in (before, after))
        return np.asarray(sum(share * end for share, end in zip((1.0 - part, part), ends, strict=True)))

    def _is_known(self, register: str, dimension: str, key: str) -> bool:
        keys = self._keys[register, dimension]
        if key in keys:
            return True
        # A country without a single case in any period has no row; a name that is not a country is a slip.
        if dimension == "country":
            return key in self._countries
        country, colon, ground = key.partition(":")
        grounds = {other.partition(":")[2] for other in keys}
        return dimension == "country_ground" and bool(colon) and country in self._countries and ground in grounds


def _values(counts: _Counts, target: Target) -> tuple[FloatArray, FloatArray | None, str]:
    """What the registers say of a target: values, the total behind a percentage, and which rows were used."""
    register, dimension, period = target.register, target.dimension, target.period
    keys = target.key.split("+")
    if target.use == "context":
        wider = WIDER.get((register, dimension, target.key))
        if wider is None:
            raise _Unanswerable("of another scope, and the registers have no count of that scope")
        return counts.wider(register, *wider, period), None, ": ".join(wider)
    made_from = f"{dimension}: {' + '.join(keys)}"
    value = np.asarray(sum(counts.cell(register, dimension, key, period) for key in keys))
    if "percent" not in target.unit:
        return value, None, made_from
    if target.unit != PERCENT:
        raise _Unanswerable(f"the unit {target.unit!r} cannot be made from counts")
    total = counts.cell(register, "total", "total", period)
    share = np.divide(100.0 * value, total, out=np.full(len(total), np.nan), where=total > 0)
    if np.isnan(share).all():
        raise _Unanswerable("no replicate counts anybody in the total")
    return share, total, f"{made_from}, of total"


def answers(registers: pd.DataFrame, targets: Sequence[Target]) -> FloatArray:
    """What the registers say of some targets, replicate by replicate.

    Args:
        registers: As in `check`, at any population scale.
        targets: Published counts that the registers can give.

    Returns:
        Shape (replicates, targets), replicates in ascending order; in the target's unit, counts at the run's scale.

    Raises:
        ValueError: If the registers cannot give a target, or lack a column or have a duplicate cell.
    """
    counts = _Counts(registers)
    out = np.empty((len(counts.replicates), len(targets)))
    for i, target in enumerate(targets):
        try:
            out[:, i] = _values(counts, target)[0]
        except _Unanswerable as error:
            raise ValueError(f"{target.id}: {error}") from None
    return out


def tail_probability(values: FloatArray, observed: float, *, one_sided: bool = False) -> float:
    """Probability of a value as far out as the observed one, or farther, if the model were right (mid-p).

    The observed value counts among the replicates, and of equal values half: so the result is never 0, the smallest
    possible is ``1 / (n + 1)``, and if observed and replicates come from one distribution it is uniform on its steps.

    Args:
        values: Of the replicates, shape (n,), n at least 1.
        observed: Published value.
        one_sided: Probability that the model's value is above ``observed`` instead (a published lower bound).

    Returns:
        Above 0, at most 1.
    """
    equal = (np.count_nonzero(values == observed) + 1) / 2
    above = (np.count_nonzero(values > observed) + equal) / (len(values) + 1)
    return float(above if one_sided else min(1.0, 2.0 * min(above, 1.0 - above)))


def distance(median: float, observed: float, total: float | None = None) -> float:
    """How far the model is from a published value, on a scale on which large and small counts compare.

    Counts: ``2 (sqrt(model) - sqrt(observed))``. Percentages: ``2 sqrt(n) (asin sqrt p - asin sqrt q)``, n the total.
    Both make the noise of counting about 1 wide, so about -2 to 2 is what random variation alone gives. The noise of
    a register beyond counting (dispersion, breaks) is not taken out: this ranks, it does not test.

    Args:
        median: Of the model; a count of 0 or more, or a percentage where ``total`` is given.
        observed: Published, in the same unit.
        total: Count behind a percentage; None for a count.

    Returns:
        Negative where the model is too low.
    """
    if total is None:
        return float(2.0 * (np.sqrt(median) - np.sqrt(observed)))
    p, q = (np.arcsin(np.sqrt(np.clip(x / 100.0, 0.0, 1.0))) for x in (median, observed))
    return float(2.0 * np.sqrt(total) * (p - q))


def check(registers: pd.DataFrame, targets: Sequence[Target]) -> pd.DataFrame:
    """Registers of a run compared with published counts, one row per target in the order given.

    A key with ``+`` is the sum of its keys; a span of years that the register does not report is the sum of its years;
    ``percent of the total`` is a percentage of ``total`` of the same period, replicate by replicate. A ``context``
    target is compared with the count of its scope that the registers have for it (``registers.WIDER``), or with none.
    ``made_from`` names the rows used.

    Args:
        registers: Columns ``period``, ``replicate``, ``register``, ``dimension``, ``key`` and ``count``, of a run at
            population scale 1. Further columns are not read.
        targets: Published counts.

    Returns:
        Columns `COLUMNS`. ``observed``, ``median`` and the ends of the 50 % and 90 % intervals over replicates are in
        ``unit``; ``ratio`` is median over observed (missing where 0 was published); ``distance`` as `distance` says;
        ``tail_probability`` is two-sided, for a lower bound the probability of exceeding it; ``inside50`` and
        ``inside90`` say whether the published value is in the interval, ends included, for a lower bound whether
        the interval reaches above it. A target the registers cannot give has ``reason`` filled and all else of the
        model missing.

    Raises:
        ValueError: If the registers lack a column or hold a cell twice.
    """
    import pandas as pd

    counts = _Counts(registers)
    rows = []
    for target in targets:
        row: dict[str, object] = {name: getattr(target, name) for name in COLUMNS[:8]}
        row["observed"] = target.value
        try:
            values, total, row["made_from"] = _values(counts, target)
        except _Unanswerable as error:
            row["reason"] = str(error)
        else:
            row |= _compared(values, total, target)
        rows.append(row)
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    flags = dict.fromkeys(("inside50", "inside90"), "boolean")
    numbers = ("observed", "median", "lo50", "hi50", "lo90", "hi90", "tail_probability", "ratio", "distance")
    return frame.astype({**dict.fromkeys(numbers, "float64"), **flags, "replicates": "Int64"})


def _compared(values: FloatArray, total: FloatArray | None, target: Target) -> dict[str, object]:
    """Columns of one target that can be given."""
    behind = None if total is None else float(np.median(total[np.isfinite(values)]))
    values = values[np.isfinite(values)]
    bound = target.use == "lower_bound"
    median = float(np.median(values))
    out: dict[str, object] = {"replicates": len(values), "median": median}
    for name, (low, high) in INTERVALS.items():
        lo, hi = (float(x) for x in np.quantile(values, (low, high)))
        out |= {f"lo{name}": lo, f"hi{name}": hi}
        out[f"inside{name}"] = hi > target.value if bound else lo <= target.value <= hi
    out["tail_probability"] = tail_probability(values, target.value, one_sided=bound)
    out["ratio"] = median / target.value if target.value else np.nan
    out["distance"] = distance(median, target.value, behind)
    return out


def by_register(checked: pd.DataFrame) -> pd.DataFrame:
    """How many targets of each register and use are inside the intervals.

    Args:
        checked: From `check`.

    Returns:
        Columns ``register``, ``dimension``, ``use``, ``targets``, ``given`` (those the registers can give),
        ``inside50``, ``inside90`` (counts) and ``median_ratio`` (missing where no ratio is known), in the order of
        first appearance.
    """
    import pandas as pd

    rows = []
    for (register, dimension, use), group in checked.groupby(["register", "dimension", "use"], sort=False):
        rows.append(
            {
                "register": register,
                "dimension": dimension,
                "use": use,
                "targets": len(group),
                "given": int(group["median"].notna().sum()),
                "inside50": int(group["inside50"].fillna(False).sum()),
                "inside90": int(group["inside90"].fillna(False).sum()),
                "median_ratio": float(group["ratio"].median()) if group["ratio"].notna().any() else float("nan"),
            }
        )
    return pd.DataFrame(rows)


def worst(checked: pd.DataFrame, number: int) -> pd.DataFrame:
    """The targets farthest from the model by `distance`, the farthest first.

    Targets of another scope (``context``) are left out, and a lower bound that is exceeded.

    Args:
        checked: From `check`.
        number: How many, at least 1.
    """
    counted = checked[checked["median"].notna() & (checked["use"] != "context")]
    counted = counted[(counted["use"] != "lower_bound") | (counted["distance"] < 0)]
    order = counted["distance"].abs().sort_values(ascending=False, kind="stable").index
    return counted.loc[order].head(number)
