"""Single outcomes of both sides over time, as they may be shown, and their spread over replicates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from irregsim.model.history import OUTCOME_INDEX, OUTCOMES
from irregsim.vocabulary.codes import CITIES, EXITS, FIRST_YEAR, HIDDEN, STRATEGIES
from irregsim.vocabulary.disclosure import PER_PERSON, PERCENT, SMALL, STEPS_OF_ONE_RUN, in_steps, index_step
from irregsim.vocabulary.outcomes import AMOUNTS, COUNTED_OUTCOMES
from irregsim.workshop.live.record import PANELS, Record
from irregsim.workshop.live.shown import COUNTED_EXITS, DRAWN_FROM, HIDDEN_COLUMNS, Pair, percent_of, step_of

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

_YEAR: Final = 12

#: Steps so fine that they do not round.
_EXACT: Final = 1e-6

#: Outcomes that can be followed, in the order of the list that readers choose from.
_FOLLOWED: Final = (
    "index:hidden",
    *(f"stock:{code}" for code in STRATEGIES),
    *(f"exit:{code}" for code in EXITS),
    *(f"outcome:{code}" for code in OUTCOMES),
    *(f"register:{'/'.join(panel)}" for panel in PANELS),
)


@dataclass(frozen=True)
class Outcome:
    """One outcome of both sides.

    Attributes:
        name: Such as ``stock:fritt_fall`` or ``outcome:care_received``.
        city: A city, or empty for the country.
        unit: `PERCENT`, or the outcome's own unit.
        months: Month numbers, from `DRAWN_FROM` on; shape (n,).
        reference: In percent of the reference in the month before the first one shown, or in the unit; missing where
            fewer than `SMALL` persons are behind it on both sides, or behind the 100 percent.
        scenario: Likewise.
        difference: Scenario less reference: in percent of the reference in the same month, or in the unit; missing
            where the reference has fewer than `SMALL`.
        is_year: Whether a value is the sum of twelve months.
    """

    name: str
    city: str
    unit: str
    months: IntArray
    reference: FloatArray
    scenario: FloatArray
    difference: FloatArray
    is_year: bool


def outcomes(city: str = "") -> tuple[str, ...]:
    """Outcomes that can be followed: in a city only living conditions and services, and no amounts."""
    return tuple(name for name in _FOLLOWED if not city or (name.startswith("outcome:") and _unit(name) not in AMOUNTS))


def is_counted(name: str) -> bool:
    """Whether agencies count an outcome, so that it is shown in its own unit."""
    kind, _, code = name.partition(":")
    if kind == "stock":
        return code not in HIDDEN
    if kind == "exit":
        return code in COUNTED_EXITS
    if kind == "register":
        return True
    return kind == "outcome" and code in COUNTED_OUTCOMES


def outcome(pair: Pair, name: str, city: str = "", *, rounded: bool = True, relative: bool = False) -> Outcome:
    """One outcome of both sides, as it may be shown.

    Args:
        pair: Both sides.
        name: One of `outcomes`.
        city: A city, or empty for the country.
        rounded: Whether an index has steps; without them only means and quantiles over replicates may be shown.
        relative: Whether what agencies count is in percent too, so that no number of persons stands beside a part of
            the hidden population, by which it could be divided.

    Raises:
        ValueError: If there is no such outcome or city.
    """
    if name not in outcomes(city) or (city and city not in CITIES):
        raise ValueError(f"no outcome {name!r} of {city or 'the country'}")
    months = np.arange(min(DRAWN_FROM, pair.month), pair.month + 1)
    raw = [_series(record, name, city) for record in (pair.reference, pair.scenario)]
    counted, unit = is_counted(name) and not relative, _unit(name)
    scale = pair.reference.scale
    r, s = (values[months] for values in raw)
    # Persons, or months of persons, behind each value: they decide what is too few, and how fine steps may be.
    behind = [_series(record, _behind(name), city) for record in (pair.reference, pair.scenario)]
    persons = behind[0][months]
    step = STEPS_OF_ONE_RUN.get(name.partition(":")[2])
    least = SMALL if step is None else step * scale
    few = np.maximum(np.abs(persons), np.abs(behind[1][months])) < least
    if counted:
        shown = [in_steps(values / scale, step or SMALL) for values in (r, s)]
        difference = in_steps((s - r) / scale, step or SMALL)
    else:
        base = float(raw[0][pair.first - 1])
        fine = step_of(float(behind[0][pair.first - 1]))
        shown = [percent_of(values, base, fine if rounded or fine is None else _EXACT) for values in (r, s)]
        enough = (persons >= SMALL) & (r > 0)
        difference = np.full(len(months), np.nan)
        np.divide(100.0 * (s - r), r, out=difference, where=enough)
        if rounded:
            steps = [index_step(n) if there else 1.0 for n, there in zip(persons.tolist(), enough, strict=True)]
            difference = np.round(in_steps(difference, np.array(steps)), 9) + 0.0
    for values in (*shown, difference):
        values[few] = np.nan
    return Outcome(
        name=name,
        city=city,
        unit=unit if counted else PERCENT,
        months=months,
        reference=shown[0],
        scenario=shown[1],
        difference=difference,
        is_year=name.startswith(("exit:", "outcome:")),
    )


def _behind(name: str) -> str:
    """The outcome that counts the persons behind one: of an amount for each of them another, else itself."""
    kind, _, code = name.partition(":")
    return f"{kind}:{PER_PERSON[code]}" if code in PER_PERSON else name


def _unit(name: str) -> str:
    kind, _, code = name.partition(":")
    if kind == "register":
        return "count"
    return OUTCOMES[code] if kind == "outcome" else "persons"


def _series(record: Record, name: str, city: str) -> FloatArray:
    """Raw monthly values; of what happens, the sum of the latest twelve months, and of registers the latest year."""
    kind, _, code = name.partition(":")
    if kind == "index":
        return np.asarray(record.stocks[:, HIDDEN_COLUMNS].sum(axis=1), dtype=np.float64)
    if kind == "stock":
        return np.asarray(record.stocks[:, STRATEGIES.index(code)], dtype=np.float64)
    if kind == "register":
        return _latest_year(record, code)
    if kind == "exit":
        values = record.exits[:, EXITS.index(code)].astype(np.float64)
    else:
        table = record.outcomes[:, OUTCOME_INDEX[code]]
        values = table[:, CITIES.index(city)] if city else table.sum(axis=1)
    total = np.concatenate([[0.0], np.cumsum(values)])
    rows = np.arange(1, len(values) + 1)
    return np.asarray(total[rows] - total[np.maximum(0, rows - _YEAR)])


def _latest_year(record: Record, code: str) -> FloatArray:
    """Count of the latest whole year at each month's end; missing before the first that is shown."""
    register, dimension, key = code.split("/")
    counts = record.registers[register, dimension, key]
    years = FIRST_YEAR + (np.arange(record.months) + 1) // _YEAR - 1
    return np.array([counts.get(year, np.nan) for year in years.tolist()], dtype=np.float64)


@dataclass(frozen=True)
class Band:
    """Spread of an outcome over replicates of the same pair: 2.5 % and 97.5 % quantiles by month.

    Attributes:
        n: Replicates.
        months: Month numbers, shape (m,).
        reference: Both ends, shape (2, m).
        scenario: Likewise.
        difference: Of the paired differences.
    """

    n: int
    months: IntArray
    reference: FloatArray
    scenario: FloatArray
    difference: FloatArray


def band(pairs: Sequence[Pair], name: str, city: str = "", *, relative: bool = False) -> Band | None:
    """Spread of an outcome over replicates, to the latest month that all have; None without any.

    Each replicate is shown as `outcome` shows it, relative to its own reference.
    """
    if not pairs:
        return None
    found = [outcome(pair, name, city, rounded=False, relative=relative) for pair in pairs]
    m = min(len(one.months) for one in found)
    cuts = [
        _ends(np.stack([getattr(one, side)[:m] for one in found])) for side in ("reference", "scenario", "difference")
    ]
    return Band(len(found), found[0].months[:m], *cuts)


class Spreads:
    """Spreads of outcomes over the same runs, each made once: of months that have run, so that they stay."""

    def __init__(self) -> None:
        self._runs: object = None
        self._known: dict[tuple[str, str, bool], Band | None] = {}

    def of(
        self, runs: object, pairs: Callable[[], Sequence[Pair]], name: str, city: str = "", *, relative: bool = False
    ) -> Band | None:
        """As `band`.

        Args:
            runs: What the pairs are of; with another, all that is known is forgotten.
            pairs: Gives the pairs.
            name: As for `outcome`; likewise the others.
            city: A city, or empty for the country.
            relative: Whether in percent.
        """
        if self._runs is not runs:
            self._runs, self._known = runs, {}
        key = (name, city, relative)
        if key not in self._known:
            self._known[key] = band(pairs(), name, city, relative=relative)
        return self._known[key]


def _ends(values: FloatArray) -> FloatArray:
    """2.5 % and 97.5 % quantiles over the first axis; missing where any replicate is."""
    return np.asarray(np.quantile(values, (0.025, 0.975), axis=0))
