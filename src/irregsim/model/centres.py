"""Reception centres: places for persons with a final rejection, month by month."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from irregsim.model.compiled import twinned
from irregsim.model.values import At
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import CITIES

_NEW = reference.new_centres()
#: Centres of the registry, then those that a scenario may open, then one alternative placement (municipal housing for
#: families) per city. That comes last because number -1, of those in no centre, is read as the last one too: it has no
#: remoteness.
NAMED = len(reference.centres())
_OF_DATA = [*reference.centres(), *_NEW]
PLACE_OF = np.array(
    [c.place for c in _OF_DATA] + [next(p.index for p in reference.places() if p.city == i) for i in range(len(CITIES))]
)
COUNT = len(PLACE_OF)
IS_ADAPTED = np.array([c.kind == "adapted" for c in _OF_DATA] + [False] * len(CITIES))
IS_ALTERNATIVE = np.array([False] * len(_OF_DATA) + [True] * len(CITIES))
IS_NEW = np.array([False] * NAMED + [True] * len(_NEW) + [False] * len(CITIES))
REMOTENESS = np.array([c.remoteness for c in _OF_DATA] + [0.0] * len(CITIES))
_POOL = np.array([c.pool_share for c in reference.centres()])
_ELSE = np.zeros(COUNT - NAMED)
#: Share of each centre in what is no named centre's, whether open or not.
POOL_SHARE = np.concatenate([np.nan_to_num(_POOL), _ELSE])
_OWN = np.array([0.0 if c.places is None else c.places for c in reference.centres()])
IS_POOLED = np.array([c.places is None for c in _OF_DATA] + [False] * len(CITIES))
#: Capacity of a centre that refuses nobody.
NO_LIMIT = 1 << 40


class Centres:
    """The reception system: national places, each centre's part of them, and limits where a scenario or a unit has one.

    Places follow residents (F 4.3, 7.2): UDI rents what they need at the stated occupancy, with a delay, and gives
    contracts up when they need less. Nobody with a right to a place is refused because there are too few; what closing
    does to people it does by moving them.
    """

    def __init__(self) -> None:
        #: Places under contract in the country and in pools, at the scale of the simulation; 0 before the first month.
        self.contracts = np.zeros(2)
        #: Places of each centre for all residents; 0 for one that is closed, and for adapted and alternative units.
        self.places = np.zeros(COUNT)
        #: Most persons with a final rejection who may live there; `NO_LIMIT` in ordinary ones unless a lever sets it.
        self.capacity = np.zeros(COUNT, dtype=np.int64)
        self.is_open = np.zeros(COUNT, dtype=np.bool_)
        #: Share of a pool's units that close this month; 1 for a centre that closes whole.
        self.closing_share = np.zeros(COUNT)

    def open_month(self, at: At, residents: int) -> None:
        """Sets places, limits and closing shares of the month.

        Named centres, and those that a scenario opens, keep their own places; pools share the rest of the contracts. A
        lever's capacity is a hard limit on persons with a final rejection.

        Args:
            at: Values of the month; reads ``other_residents``, ``reception_occupancy_share``,
                ``reception_delay_months``, ``centre_open``, ``centre_capacity``, ``new_centre_places`` and
                alternative placement.
            residents: Persons with a final rejection who live in centres now.
        """
        needed = (at.other_residents + residents) / at.reception_occupancy_share
        before, pooled_before = self.contracts
        now = needed if before == 0 else before + (needed - before) / max(1.0, at.reception_delay_months)
        own = _OWN * at.scale
        ordinary_named = at.centre_open & (_OWN > 0) & ~IS_ADAPTED[:NAMED]
        new = at.new_centre_places * at.scale
        pooled = max(0.0, now - own[ordinary_named].sum() - new.sum())
        self.contracts = np.array([now, pooled])
        places = np.where(IS_POOLED[:NAMED], pooled * _POOL, own)
        self.places = np.concatenate(
            [np.where(at.centre_open & ~IS_ADAPTED[:NAMED], places, 0.0), new, np.zeros(len(CITIES))]
        )
        set_by_lever = ~np.isnan(at.centre_capacity)
        limit = np.where(set_by_lever, np.nan_to_num(at.centre_capacity) * at.scale, own)
        alternative = np.where(at.alternative_placement, at.alternative_placement_places * at.scale, 0.0)
        # A place is a whole bed; at small scales a centre with a limit keeps one, or levers on it would affect nobody.
        exact = np.concatenate([limit, new, alternative])
        whole = np.floor(exact + 0.5).astype(np.int64)
        capacity = np.where(exact > 0, np.maximum(whole, 1), 0)
        is_new_open = new > 0
        limited = np.concatenate(
            [set_by_lever | IS_ADAPTED[:NAMED], np.zeros_like(is_new_open), np.ones(len(CITIES), dtype=np.bool_)]
        )
        now_open = np.concatenate([at.centre_open, is_new_open, at.alternative_placement])
        self.capacity = np.where(now_open, np.where(limited, capacity, NO_LIMIT), 0)
        # Named centres close by date; what is given up otherwise is given up by the pools.
        closing = max(0.0, 1.0 - pooled / pooled_before) if pooled_before > 0 else 0.0
        self.closing_share = np.where(IS_POOLED, closing, 0.0)
        self.closing_share[self.is_open & ~now_open] = 1.0
        self.is_open = now_open

    def copy(self) -> Centres:
        """An independent copy."""
        other = Centres()
        for name, value in self.__dict__.items():
            setattr(other, name, value.copy())
        return other


@twinned
def count_in(index: npt.NDArray[np.int64], size: int) -> npt.NDArray[np.int64]:
    """How many persons hold each number of an index column; -1 belongs to nobody.

    Args:
        index: Centre, employer or host of each person, -1 for none, shape (n,).
        size: Number of centres, employers or hosts.
    """
    return np.asarray(np.bincount(index + 1, minlength=size + 1)[1:], dtype=np.int64)
