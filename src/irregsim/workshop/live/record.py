"""The record of a world up to now: exact numbers by month, small enough to keep one of every replicate.

Nothing here is for readers; `irregsim.workshop.live` makes of it what may be shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from irregsim.model.centres import NAMED
from irregsim.model.history import PLACES
from irregsim.model.registers import REGISTERS
from irregsim.model.registers.base import Observer
from irregsim.model.world import World
from irregsim.vocabulary.codes import FIRST_YEAR, INFLOW, Exit, Strategy, year_of

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

#: Register, dimension and key of the national counts that are shown while a model runs.
PANELS: Final[tuple[tuple[str, str, str], ...]] = tuple(
    (register.name, one.dimension, one.key) for register in REGISTERS for one in register.shown if one.while_running
)

#: First year whose registers are shown: the years before are burn-in.
FIRST_TOLD: Final = 2012

Counts = Mapping[tuple[str, str, str], Mapping[int, float]]


@dataclass(frozen=True)
class Record:
    """One side of one replicate, months 0 (2009-01) to the latest; T of them.

    Attributes:
        stocks: Persons at the end of each month, shape (T, strategies).
        exits: Persons who left, by kind, shape (T, exits).
        inflow: Persons who came, shape (T,).
        moves: Persons moved in each month, by origin and destination code, shape (T, states, states).
        outcomes: Living conditions by month, outcome and city, shape (T, outcomes, cities + 1).
        places: Persons by place and strategy at the end of the latest month, shape (places, strategies).
        open_centres: Whether each centre that has a name or is pooled takes residents, in the order of
            ``reference.centres()``.
        registers: Count by panel and year, of whole years.
        scale: Size of the population relative to Norway's.
    """

    stocks: IntArray
    exits: IntArray
    inflow: IntArray
    moves: IntArray
    outcomes: FloatArray
    places: IntArray
    open_centres: npt.NDArray[np.bool_]
    registers: Counts
    scale: float = 1.0

    @property
    def months(self) -> int:
        """Number of months, T."""
        return len(self.stocks)

    def until(self, month: int) -> Record:
        """The record as it was at the end of an earlier month; but for places and centres, which are the latest."""
        t = month + 1
        end = FIRST_YEAR + t // 12
        return replace(
            self,
            stocks=self.stocks[:t],
            exits=self.exits[:t],
            inflow=self.inflow[:t],
            moves=self.moves[:t],
            outcomes=self.outcomes[:t],
            registers={panel: {y: n for y, n in years.items() if y < end} for panel, years in self.registers.items()},
        )

    def is_same(self, other: Record) -> bool:
        """Whether nothing that is recorded by month or year differs."""
        names = ("stocks", "exits", "inflow", "moves", "outcomes")
        same = all(np.array_equal(getattr(self, name), getattr(other, name)) for name in names)
        return same and self.registers == other.registers

    @staticmethod
    def of(world: World, registers: Counts | None = None) -> Record:
        """The record of a world between two months.

        Args:
            world: Any; a `WatchedHistory` is quicker where records are read month by month.
            registers: Counts that are known already; None to count now, which takes as long as a month or two.
        """
        history = world.history
        t = world.month + 1
        by_place = history.stocks[:t].reshape(t, len(Strategy), PLACES, 2).sum(axis=3)
        moves = history.moves_by_month()[:t].copy()
        exits = moves[:, :, [int(e) for e in Exit]].sum(axis=1)
        return Record(
            stocks=by_place.sum(axis=2),
            exits=exits,
            inflow=moves[:, INFLOW, :].sum(axis=1),
            moves=moves,
            outcomes=history.outcomes[:t].copy(),
            places=by_place[-1:].sum(axis=0).T.copy(),
            open_centres=world.centres.is_open[:NAMED].copy(),
            registers=counts(world) if registers is None else registers,
            scale=world.values.scale,
        )


def counts(world: World) -> Counts:
    """What the registers count of each whole year so far, from `FIRST_TOLD` on, at the scale of the world."""
    years = range(FIRST_TOLD, year_of(world.month + 1))
    found: dict[tuple[str, str, str], dict[int, float]] = {panel: {} for panel in PANELS}
    if len(years) == 0:
        return found
    wanted = {panel[0] for panel in PANELS}
    observer = Observer(world.history, world.draws, world.values.draw, years, world.values.scale)
    for register in REGISTERS:
        if register.name not in wanted:
            continue
        for period, dimension, key, count in register.observe(observer):
            panel = (register.name, dimension, key)
            if panel in found and len(period) in (4, 7):
                found[panel][int(period[:4])] = count
    return found


@dataclass
class CountedYears:
    """Registers of one world, counted once a year however often they are asked for."""

    _year: int = -1
    _counts: Counts = field(default_factory=dict)

    def of(self, world: World) -> Counts:
        """Counts of the whole years so far; always of the same world."""
        year = FIRST_YEAR + (world.month + 1) // 12
        if year != self._year:
            self._counts, self._year = counts(world), year
        return self._counts
