"""A sample of persons as dots, month by month, so that a stock is seen to be people and a flow to be moves of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from irregsim.model.world import World
from irregsim.vocabulary.disclosure import SMALL

#: Dots in the month before the first one shown, about.
DOTS: Final = 200

#: Keys are whole numbers below this.
_KEYS: Final = 2.0**64

_LOW: Final = np.uint64(0xFFFFFFFF)


@dataclass(frozen=True)
class Dots:
    """The sample on one side at the end of a month.

    Attributes:
        names: A number for each dot, the same from month to month and on both sides; it says nothing of the person.
        ways: Number of the strategy of each, a digit for each dot.
    """

    names: tuple[int, ...]
    ways: str

    def message(self) -> list[Any]:
        """For the page."""
        return [list(self.names), self.ways]


def share_of(base: float) -> float:
    """Part of all persons who are dots: a dot stands for as many persons as the smallest number that is shown, or more.

    Args:
        base: Hidden persons in the reference before the first month shown.
    """
    return min(1.0 / SMALL, DOTS / max(base, 1.0))


def dots(world: World, share: float) -> Dots:
    """The persons of the sample who are here.

    Who is a dot follows from a random key of each person, so the same persons are dots in every month and on both
    sides, and dots are in proportion to stocks.

    Args:
        world: A world between two months.
        share: Part of all persons, as `share_of` gives it.
    """
    p = world.population
    rows = np.flatnonzero(p.is_here)
    rows = rows[p.key[rows].astype(np.float64) < share * _KEYS]
    return Dots(tuple((p.key[rows] & _LOW).tolist()), "".join(map(str, p.strategy[rows].tolist())))
