"""What may be shown of both sides at the end of a month: strategies over time, flows, places, centres, registers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import CITIES, DISTRICTS, INFLOW, Exit, Strategy, state_code
from irregsim.vocabulary.disclosure import SMALL, in_steps
from irregsim.workshop.live.record import Counts, Record
from irregsim.workshop.live.shown import COUNTED_EXITS, DRAWN_FROM, HIDDEN_COLUMNS, Pair, index_of, percent_of, step_of

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

#: Finest step of an index.
_FINEST: Final = 0.1

#: How many widths arrows have.
_WIDTHS: Final = 5


@dataclass(frozen=True)
class Flow:
    """Persons who moved in the latest month.

    Attributes:
        origin: A strategy, or ``inflow``.
        destination: A strategy or an exit.
        per_100: Of 100 who were in the origin at some time of the month (of 100 newcomers); None for few persons, and
            where an agency counts those who are in the origin or go this way.
        points: The persons in points of the hidden index, in its steps, so that they add up with its levels; None as
            for ``per_100``, and for who leaves the reception centres, which have a scale of their own.
        width: About the square root of the number relative to the largest flow shown: 1, 1/2, 1/4, 1/8 or 1/16; for
            drawing only.
    """

    origin: str
    destination: str
    per_100: float | None
    width: float
    points: float | None = None


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
        """Whether the two sides are shown separately."""
        return self.scenario is not self.reference

    @property
    def sides(self) -> tuple[SideLook, ...]:
        """One side while they are the same, else both, the reference first."""
        return (self.reference, self.scenario) if self.has_parted else (self.reference,)


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
    hidden = record.stocks[np.ix_(months, HIDDEN_COLUMNS)]
    visible = record.stocks[months, Strategy.SYNLIG]
    start = float(pair.reference.stocks[pair.first - 1, Strategy.SYNLIG])
    return SideLook(
        hidden=percent_of(hidden, pair.base, step_of(pair.base)),
        visible=in_steps(visible / record.scale),
        visible_index=percent_of(visible, start, _FINEST if start >= SMALL else None),
        flows=_flows(record, largest, pair.base),
        shares=_shares(record),
        open_centres=_centres(record),
        registers={panel: {y: n / record.scale for y, n in years.items()} for panel, years in record.registers.items()},
    )


def _largest(moves: IntArray) -> float:
    """Persons of the largest flow that is drawn: no arrow shows moves between cities within a strategy."""
    between = moves.copy()
    np.fill_diagonal(between, 0)
    return float(max(1, between[[*Strategy, INFLOW]].max()))


def _width(persons: int, largest: float) -> float:
    """Width of an arrow; a move of few is drawn as thin as one of `SMALL`."""
    quarters = round(float(np.log(max(largest, SMALL) / max(persons, SMALL)) / np.log(4.0)))
    return 0.5 ** min(quarters, _WIDTHS - 1)


def _flows(record: Record, largest: float, base: float) -> tuple[Flow, ...]:
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
            # A rate together with a number of persons shown elsewhere would reveal what every width means.
            counted = origin == Strategy.SYNLIG or code in COUNTED_EXITS
            told = persons >= SMALL and total > 0 and not counted
            out.append(
                Flow(
                    origin=state_code(origin),
                    destination=code,
                    per_100=round(100.0 * persons / total, 1) if told else None,
                    width=_width(persons, largest),
                    points=_points(persons, base) if told and Strategy.SYNLIG not in (origin, destination) else None,
                )
            )
    return tuple(out)


def _points(persons: int, base: float) -> float | None:
    """Persons in points of the index; None where they are less than half a step of it."""
    found = index_of(float(persons), base)
    return found if found > 0 else None


def _shares(record: Record) -> dict[str, FloatArray | None]:
    by_place = record.places[:, HIDDEN_COLUMNS]
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
