"""What may be shown of a scenario and its reference while they run (docs/workshop.md tells the rules).

The hidden strategies are an index (all of them together, in the reference, are 100 in the month before the first one
shown), shares or differences, never persons. What agencies count is in persons, in steps of 5. An index has steps of
five persons or more, so that its steps do not tell its base; arrows have five widths. Moves of fewer than 5 persons,
and what is relative to fewer than 5, have no number.

A level is not shown, but it is no secret either: who sets a number of persons that a policy moves against the jump of
an index gets about the model's own, which assumptions set (`irregsim run --show-levels` gives it as an interval).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from irregsim.model.history import OUTCOME_INDEX, OUTCOMES
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import (
    AMOUNTS,
    CITIES,
    COUNTED_OUTCOMES,
    DISTRICTS,
    EXITS,
    FIRST_YEAR,
    HIDDEN,
    INFLOW,
    STRATEGIES,
    Exit,
    Strategy,
    month_number,
    state_code,
)
from irregsim.vocabulary.outcomes import OUTCOMES as DECLARED
from irregsim.workshop.live.record import PANELS, Counts, Record

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

#: Fewer persons than this have no number.
SMALL: Final = 5

#: Percent of the reference: the unit of what nobody counts.
PERCENT: Final = "percent"

#: The first month that is ever drawn: what lies before is burn-in.
DRAWN_FROM: Final = month_number("2012-01")

#: Ways out that an agency counts, so that their rates would tell the size of what they leave.
_COUNTED_EXITS: Final = ("tvangsretur", "assistert_retur", "bortvist", "regularisert", "midlertidig")

_HIDDEN: Final = np.array([STRATEGIES.index(code) for code in HIDDEN])
_YEAR: Final = 12

#: Finest step of an index.
_FINEST: Final = 0.1

#: Steps so fine that they do not round.
_EXACT: Final = 1e-6

#: How many widths arrows have.
_WIDTHS: Final = 5


@dataclass(frozen=True)
class Pair:
    """Both sides of one replicate.

    Attributes:
        reference: Record of the reference.
        scenario: Record of the scenario; the same object while the two have not parted.
        first: First month shown.
    """

    reference: Record
    scenario: Record
    first: int

    @property
    def month(self) -> int:
        """The latest month."""
        return self.reference.months - 1

    def until(self, month: int) -> Pair:
        """The pair as it was at the end of an earlier month; one record for both while the two are the same."""
        if month >= self.month:
            return self
        reference = self.reference.until(month)
        if self.scenario is self.reference:
            return Pair(reference, reference, self.first)
        scenario = self.scenario.until(month)
        return Pair(reference, reference if scenario.is_same(reference) else scenario, self.first)

    @property
    def base(self) -> float:
        """Hidden persons in the reference before the first month shown: what the index has as 100."""
        return float(self.reference.stocks[self.first - 1, _HIDDEN].sum())


@dataclass(frozen=True)
class Flow:
    """Persons who moved in the latest month.

    Attributes:
        origin: A strategy, or ``inflow``.
        destination: A strategy or an exit.
        per_100: Of 100 who were in the origin at some time of the month (of 100 newcomers); None for few persons, and
            where an agency counts those who are in the origin or go this way.
        width: About the square root of the number relative to the largest flow shown: 1, 1/2, 1/4, 1/8 or 1/16; for
            drawing only.
    """

    origin: str
    destination: str
    per_100: float | None
    width: float


@dataclass(frozen=True)
class SideLook:
    """What may be shown of one side.

    Attributes:
        hidden: Index of each hidden strategy by month, shape (months, 4), in the order of `summaries.HIDDEN`.
        visible: Persons in reception centres by month, in steps of 5, at the size of the country; shape (months,).
        visible_index: The same with the reference in the month before the first one shown as 100.
        flows: Of the latest month; none of a single person's.
        shares: Composition of the hidden strategies in percent, in steps of 5, by district (``Oslo``) and city
            (``city:Oslo``); None where fewer than `SMALL` persons are.
        open_centres: Names of the centres that take residents, by district.
        registers: Counts by panel and year at the size of the country.
    """

    hidden: FloatArray
    visible: FloatArray
    visible_index: FloatArray
    flows: tuple[Flow, ...]
    shares: dict[str, FloatArray | None]
    open_centres: dict[str, tuple[str, ...]]
    registers: Counts


@dataclass(frozen=True)
class Look:
    """What may be shown of both sides at the end of a month.

    Attributes:
        months: Month numbers of the rows, from `DRAWN_FROM` on.
        first: First month shown.
        reference: The reference.
        scenario: The scenario; the same object while the two have not parted.
    """

    months: IntArray
    first: int
    reference: SideLook
    scenario: SideLook

    @property
    def month(self) -> int:
        """The latest month."""
        return int(self.months[-1])

    @property
    def has_parted(self) -> bool:
        """Whether the two sides are told apart."""
        return self.scenario is not self.reference

    @property
    def sides(self) -> tuple[SideLook, ...]:
        """One side while they are the same, else both, the reference first."""
        return (self.reference, self.scenario) if self.has_parted else (self.reference,)


@dataclass(frozen=True)
class Outcome:
    """One outcome of both sides.

    Attributes:
        name: Such as ``stock:fritt_fall`` or ``outcome:care_received``.
        city: A city, or empty for the country.
        unit: `PERCENT`, or the outcome's own unit.
        months: Month numbers, from `DRAWN_FROM` on; shape (n,).
        reference: In percent of the reference in the month before the first one shown, or in the unit; missing where
            fewer than `SMALL` persons stand behind it on both sides, or behind the 100 percent.
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


def look(pair: Pair) -> Look:
    """What may be shown of a pair."""
    months = np.arange(DRAWN_FROM, pair.month + 1)
    if len(months) == 0:
        months = np.array([pair.month])
    largest = max(_largest(record.moves[-1]) for record in (pair.reference, pair.scenario))
    first = _side(pair, pair.reference, months, largest)
    same = pair.scenario is pair.reference
    return Look(months, pair.first, first, first if same else _side(pair, pair.scenario, months, largest))


def _side(pair: Pair, record: Record, months: IntArray, largest: float) -> SideLook:
    hidden = record.stocks[np.ix_(months, _HIDDEN)]
    visible = record.stocks[months, Strategy.SYNLIG]
    start = float(pair.reference.stocks[pair.first - 1, Strategy.SYNLIG])
    return SideLook(
        hidden=_percent(hidden, pair.base, _step_of(pair.base)),
        visible=np.round(visible / record.scale / SMALL) * SMALL,
        visible_index=_percent(visible, start, _FINEST if start >= SMALL else None),
        flows=_flows(record, largest),
        shares=_shares(record),
        open_centres=_centres(record),
        registers={panel: {y: n / record.scale for y, n in years.items()} for panel, years in record.registers.items()},
    )


def index_step(base: float) -> float:
    """Steps of an index whose 100 are so many persons: 1, 2 or 5 times a power of ten, `SMALL` persons or more."""
    least = max(_FINEST, 100.0 * SMALL / base)
    power = 10.0 ** np.floor(np.log10(least) + 1e-9)
    return float(next(power * k for k in (1, 2, 5, 10) if power * k >= least * (1 - 1e-9)))


def index_of(persons: float, base: float) -> float:
    """Persons as an index, in its steps; missing where the base is too small."""
    return float(_percent(np.array([persons]), base, _step_of(base))[0])


def _step_of(base: float) -> float | None:
    """None where the base is too small for an index."""
    return index_step(base) if base >= SMALL else None


def in_steps(values: FloatArray, step: float | FloatArray) -> FloatArray:
    """Values rounded to a step; missing ones stay missing."""
    return np.asarray(np.round(np.round(values / step) * step, 9) + 0.0)


def _percent(values: npt.NDArray[np.generic], base: float, step: float | None) -> FloatArray:
    if step is None or not base > 0:
        return np.full(values.shape, np.nan)
    return in_steps(100.0 * values.astype(np.float64) / base, step)


def _largest(moves: IntArray) -> float:
    """Persons of the largest flow that is drawn: no arrow tells of moves between cities within a strategy."""
    between = moves.copy()
    np.fill_diagonal(between, 0)
    return float(max(1, between[[*Strategy, INFLOW]].max()))


def _width(persons: int, largest: float) -> float:
    """Width of an arrow; a move of few is drawn as thin as one of `SMALL`."""
    quarters = round(float(np.log(max(largest, SMALL) / max(persons, SMALL)) / np.log(4.0)))
    return 0.5 ** min(quarters, _WIDTHS - 1)


def _flows(record: Record, largest: float) -> tuple[Flow, ...]:
    before = record.stocks[-2] if record.months > 1 else record.stocks[-1]
    out = []
    for origin in (*(int(s) for s in Strategy), INFLOW):
        if origin == INFLOW:
            total = float(record.inflow[-1])
        else:
            # Who comes into a state can leave it in the same month.
            came = record.moves[-1, :, origin].sum() - record.moves[-1, origin, origin]
            total = float(before[origin] + came)
        for destination in (*(int(s) for s in Strategy), *(int(e) for e in Exit)):
            persons = int(record.moves[-1, origin, destination])
            if origin == destination or persons < 1:
                continue
            code = state_code(destination)
            # A rate beside a number of persons that is shown elsewhere would tell what every width stands for.
            counted = origin == Strategy.SYNLIG or code in _COUNTED_EXITS
            told = persons >= SMALL and total > 0 and not counted
            out.append(
                Flow(
                    origin=state_code(origin),
                    destination=code,
                    per_100=round(100.0 * persons / total, 1) if told else None,
                    width=_width(persons, largest),
                )
            )
    return tuple(out)


def _shares(record: Record) -> dict[str, FloatArray | None]:
    by_place = record.places[:, _HIDDEN]
    places = reference.places()
    groups = {district: [p.index for p in places if p.district == i] for i, district in enumerate(DISTRICTS)}
    groups |= {f"city:{city}": [p.index for p in places if p.city == i] for i, city in enumerate(CITIES)}
    out: dict[str, FloatArray | None] = {}
    for name, rows in groups.items():
        persons = by_place[rows].sum(axis=0)
        total = persons.sum()
        out[name] = _rounded_shares(persons) if total >= SMALL else None
    return out


def _rounded_shares(persons: IntArray) -> FloatArray:
    """Shares in percent in steps of 5 that add up to 100: the largest remainders are rounded up."""
    parts = persons / persons.sum() * 100.0 / SMALL
    steps = np.floor(parts)
    missing = round(100 / SMALL - float(steps.sum()))
    for i in np.argsort(steps - parts, kind="stable")[:missing]:
        steps[i] += 1
    return np.asarray(steps * SMALL)


def _centres(record: Record) -> dict[str, tuple[str, ...]]:
    out: dict[str, tuple[str, ...]] = dict.fromkeys(DISTRICTS, ())
    for centre, is_open in zip(reference.centres(), record.open_centres.tolist(), strict=True):
        if is_open:
            district = DISTRICTS[reference.places()[centre.place].district]
            out[district] = (*out[district], centre.name)
    return out


# ---------------------------------------------------------------------------------------------------------
# Outcomes

#: Amounts that come of so many persons: an amount by itself would give their number back.
_BEHIND: Final = {f"outcome:{one.code}": f"outcome:{one.persons}" for one in DECLARED if one.persons is not None}

#: Steps of what is counted in days or money: what five persons or so make, at the size of the country.
_STEPS: Final = {f"outcome:{one.code}": one.step for one in DECLARED if one.step is not None}

#: Outcomes that can be followed, in the order of the list that readers choose from.
_FOLLOWED: Final = (
    "index:hidden",
    *(f"stock:{code}" for code in STRATEGIES),
    *(f"exit:{code}" for code in EXITS),
    *(f"outcome:{code}" for code in OUTCOMES),
    *(f"register:{'/'.join(panel)}" for panel in PANELS),
)


def outcomes(city: str = "") -> tuple[str, ...]:
    """Outcomes that can be followed: in a city only living conditions and services, and no amounts."""
    return tuple(name for name in _FOLLOWED if not city or (name.startswith("outcome:") and _unit(name) not in AMOUNTS))


def is_counted(name: str) -> bool:
    """Whether agencies count an outcome, so that it is shown in its own unit."""
    kind, _, code = name.partition(":")
    if kind == "stock":
        return code not in HIDDEN
    if kind == "exit":
        return code in _COUNTED_EXITS
    if kind == "register":
        return True
    return kind == "outcome" and code in COUNTED_OUTCOMES


def outcome(pair: Pair, name: str, city: str = "", *, rounded: bool = True) -> Outcome:
    """One outcome of both sides, as it may be shown.

    Args:
        pair: Both sides.
        name: One of `outcomes`.
        city: One of the five cities, or empty for the country.
        rounded: Whether an index has steps; without them only means and quantiles over replicates may be shown.

    Raises:
        ValueError: If there is no such outcome or city.
    """
    if name not in outcomes(city) or (city and city not in CITIES):
        raise ValueError(f"no outcome {name!r} of {city or 'the country'}")
    months = np.arange(min(DRAWN_FROM, pair.month), pair.month + 1)
    raw = [_series(record, name, city) for record in (pair.reference, pair.scenario)]
    counted, unit = is_counted(name), _unit(name)
    scale = pair.reference.scale
    r, s = (values[months] for values in raw)
    # Persons, or months of persons, behind each value: they decide what is too few, and how fine steps may be.
    behind = [_series(record, _BEHIND.get(name, name), city) for record in (pair.reference, pair.scenario)]
    persons = behind[0][months]
    least = _STEPS.get(name, float(SMALL)) * (scale if name in _STEPS else 1.0)
    few = np.maximum(np.abs(persons), np.abs(behind[1][months])) < least
    if counted:
        step = _STEPS.get(name, float(SMALL))
        shown = [_steps(values / scale, step) for values in (r, s)]
        difference = _steps((s - r) / scale, step)
    else:
        base = float(raw[0][pair.first - 1])
        fine = _step_of(float(behind[0][pair.first - 1]))
        shown = [_percent(values, base, fine if rounded or fine is None else _EXACT) for values in (r, s)]
        relative = (persons >= SMALL) & (r > 0)
        difference = np.full(len(months), np.nan)
        np.divide(100.0 * (s - r), r, out=difference, where=relative)
        if rounded:
            steps = [index_step(n) if there else 1.0 for n, there in zip(persons.tolist(), relative, strict=True)]
            difference = in_steps(difference, np.array(steps))
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


def _steps(values: FloatArray, step: float) -> FloatArray:
    return np.asarray(np.round(values / step) * step + 0.0)


def _unit(name: str) -> str:
    kind, _, code = name.partition(":")
    if kind == "register":
        return "count"
    return OUTCOMES[code] if kind == "outcome" else "persons"


def _series(record: Record, name: str, city: str) -> FloatArray:
    """Raw monthly values; of what happens, the sum of the latest twelve months, and of registers the latest year."""
    kind, _, code = name.partition(":")
    if kind == "index":
        return np.asarray(record.stocks[:, _HIDDEN].sum(axis=1), dtype=np.float64)
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
    """Count of the latest whole year at each month's end; missing before the first that is told."""
    register, dimension, key = code.split("/")
    counts = record.registers[register, dimension, key]
    years = FIRST_YEAR + (np.arange(record.months) + 1) // _YEAR - 1
    return np.array([counts.get(year, np.nan) for year in years.tolist()], dtype=np.float64)


# ---------------------------------------------------------------------------------------------------------
# Bands over replicates


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


def band(pairs: Sequence[Pair], name: str, city: str = "") -> Band | None:
    """Spread of an outcome over replicates, to the latest month that all have; None without any.

    Each replicate is shown as `outcome` shows it, relative to its own reference.
    """
    if not pairs:
        return None
    found = [outcome(pair, name, city, rounded=False) for pair in pairs]
    m = min(len(one.months) for one in found)
    cuts = [
        _ends(np.stack([getattr(one, side)[:m] for one in found])) for side in ("reference", "scenario", "difference")
    ]
    return Band(len(found), found[0].months[:m], *cuts)


def _ends(values: FloatArray) -> FloatArray:
    """2.5 % and 97.5 % quantiles over the first axis; missing where any replicate is."""
    return np.asarray(np.quantile(values, (0.025, 0.975), axis=0))


__all__ = [
    "DRAWN_FROM",
    "PANELS",
    "PERCENT",
    "SMALL",
    "Band",
    "Flow",
    "Look",
    "Outcome",
    "Pair",
    "SideLook",
    "band",
    "index_of",
    "index_step",
    "is_counted",
    "look",
    "outcome",
    "outcomes",
]
