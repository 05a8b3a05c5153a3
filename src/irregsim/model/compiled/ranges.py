"""What a person's columns can hold, for the bounds of hazards: one table, checked against the world.

A range that is too narrow makes a bound too low, and then somebody with a low draw is not looked at. So every range is
wide enough for what the model does at all, `check` asserts them on a world, and the kernels stop a run in which a
hazard is above its bound.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from irregsim.model.centres import COUNT
from irregsim.model.compiled.tree import HAND_WRITTEN
from irregsim.model.history import CELLS, COUNTRIES, PLACES
from irregsim.model.population import COLUMNS
from irregsim.model.world import World
from irregsim.vocabulary.codes import Decision, Household, Route, Side, Strategy, Substrategy, is_exit

FloatArray = npt.NDArray[np.float64]

#: Columns of numbers and flags, in the order of the table of ranges.
NAMES: Final = tuple(name for name, kind in COLUMNS.items() if kind is not np.uint64)
#: More than any number of persons or months.
_MANY: Final = 10.0**9
#: Months before the first that somebody may have come, and the oldest age in months.
_EARLIEST, _OLDEST = -421, 1500


class Sizes(NamedTuple):
    """What the ranges depend on."""

    month: int
    hosts: int
    employers: int


#: Lowest and highest value by column; flags are 0 or 1, and what has a range by strategy and ground is in `_GROUPS`.
RANGES: Final[dict[str, Callable[[Sizes], tuple[float, float]]]] = {
    "country": lambda of: (0, COUNTRIES - 1),
    "place": lambda of: (0, PLACES - 1),
    "substrategy": lambda of: (0, len(Substrategy) - 1),
    "side": lambda of: (0, len(Side) - 1),
    "cell": lambda of: (0, CELLS - 1),
    "entry_month": lambda of: (_EARLIEST, of.month),
    "strategy_start": lambda of: (_EARLIEST, of.month),
    "birth_month": lambda of: (of.month - _OLDEST, of.month),
    "household": lambda of: (0, len(Household) - 1),
    "guardian": lambda of: (-1, _MANY),
    "child_status": lambda of: (0, 2),
    "decision": lambda of: (0, len(Decision) - 1),
    "transport_due": lambda of: (-1, _MANY),
    "back_due": lambda of: (-1, _MANY),
    "track": lambda of: (-1, _MANY),
    "met": lambda of: (-1, _MANY),
    "centre": lambda of: (-1, COUNT - 1),
    "employer": lambda of: (-1, of.employers - 1),
    "side_employer": lambda of: (-1, of.employers - 1),
    "offer": lambda of: (-1, of.employers - 1),
    "host": lambda of: (-1, of.hosts - 1),
    "tie_0": lambda of: (-1, of.hosts - 1),
    "tie_1": lambda of: (-1, of.hosts - 1),
    "tie_2": lambda of: (-1, of.hosts - 1),
    "transfer_count": lambda of: (0, _MANY),
}
_FLAG: Final = (0.0, 1.0)
#: Route and asylum by ground: never sought asylum, rejected, under a Dublin decision, other former applicants.
_GROUPS: Final[dict[str, tuple[tuple[float, float], ...]]] = {
    "route": (
        (Route.DUBLIN + 1, Route.VANISHED - 1),
        (0, 0),
        (Route.DUBLIN, Route.DUBLIN),
        (Route.VANISHED, len(Route) - 1),
    ),
    "is_sought_asylum": ((0, 0), (1, 1), (1, 1), (1, 1)),
}
#: Limit of what is written by hand, from the highest perceived risk of anybody.
_LIMIT: Final[dict[str, Callable[[float], float]]] = {
    "perceived_risk": lambda perceived: perceived,
    "knows_worker": lambda perceived: 1.0,
    "in_congregation": lambda perceived: 1.0,
}


def of(world: World) -> FloatArray:
    """Lowest and highest value of each of `NAMES` in each strategy x ground, shape (names, groups, 2)."""
    return _table(Sizes(world.month, len(world.hosts), len(world.employers)))


def limits(world: World) -> FloatArray:
    """Highest value of each attribute in `HAND_WRITTEN`; the lowest is 0."""
    believed = max(float(world.perceived.max()), float(world.perceived_in_circle.max()))
    # A belief is passed on as it is or mixed with another one, and then raised or lowered by who one is.
    top = believed * max(1.0, world.unknown_risk_ratio) * max(1.0, world.shaken_risk_ratio)
    return np.array([_LIMIT[name](min(1.0, top * (1.0 + 1e-9))) for name in HAND_WRITTEN])


@lru_cache(maxsize=8)
def _table(sizes: Sizes) -> FloatArray:
    out = np.empty((len(NAMES), len(Strategy), 4, 2))
    for k, name in enumerate(NAMES):
        if name == "strategy":
            out[k] = np.arange(len(Strategy))[:, None, None]
        elif name in _GROUPS:
            out[k] = np.array(_GROUPS[name])
        else:
            out[k] = RANGES[name](sizes) if name in RANGES else _FLAG
    return out.reshape(len(NAMES), -1, 2)


def check(world: World) -> None:
    """Asserts the ranges of all columns for those in the country.

    Raises:
        AssertionError: Naming the column and what it holds.
    """
    p = world.population
    table = of(world).reshape(len(NAMES), len(Strategy), 4, 2)
    here = np.flatnonzero(~is_exit(p.strategy))
    route = p.route[here]
    ground = np.where(route == Route.DUBLIN, 2, np.where(route >= Route.VANISHED, 3, p.is_sought_asylum[here]))
    low, high = np.moveaxis(table[:, p.strategy[here], ground], -1, 0)
    who = world.rows(here)
    every = [(name, low[k], high[k]) for k, name in enumerate(NAMES)]
    every += [
        (name, np.zeros(len(here)), np.full(len(here), top))
        for name, top in zip(HAND_WRITTEN, limits(world), strict=True)
    ]
    for name, lowest, highest in every:
        value = np.asarray(getattr(who, name), dtype=np.float64)
        wrong = np.flatnonzero((value < lowest) | (value > highest))
        assert len(wrong) == 0, (
            f"{name} is {value[wrong[0]]:g} in month {world.month}, outside {lowest[wrong[0]]:g} to "
            f"{highest[wrong[0]]:g}: widen its range in model/compiled/ranges.py"
        )
