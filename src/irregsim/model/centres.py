"""Reception centres: places for persons with a final rejection, month by month."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from irregsim.model.compiled import twinned
from irregsim.model.values import At
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import CITIES

#: Centres of the registry, then one alternative placement (municipal housing for families) per city.
NAMED = len(reference.centres())
PLACE_OF = np.array(
    [c.place for c in reference.centres()]
    + [next(p.index for p in reference.places() if p.city == i) for i in range(len(CITIES))]
)
COUNT = len(PLACE_OF)
IS_ADAPTED = np.array([c.kind == "adapted" for c in reference.centres()] + [False] * len(CITIES))
IS_ALTERNATIVE = np.array([False] * NAMED + [True] * len(CITIES))
REMOTENESS = np.array([c.remoteness for c in reference.centres()] + [0.0] * len(CITIES))
_POOL = np.array([c.pool_share for c in reference.centres()])
#: Share of each centre in what is no named centre's, whether open or not.
POOL_SHARE = np.concatenate([np.nan_to_num(_POOL), np.zeros(len(CITIES))])
_OWN = np.array([0.0 if c.capacity is None else c.capacity for c in reference.centres()])
IS_POOLED = np.array([c.capacity is None for c in reference.centres()] + [False] * len(CITIES))


class Centres:
    """Capacity of each centre this month, and how many closed since the last."""

    def __init__(self) -> None:
        self.capacity = np.zeros(COUNT, dtype=np.int64)
        self.is_open = np.zeros(COUNT, dtype=np.bool_)
        #: Share of a pool's units that close this month; 1 for a centre that closes whole.
        self.closing_share = np.zeros(COUNT)

    def open_month(self, at: At) -> None:
        """Sets capacity and closing shares of the month.

        Named centres keep their own capacity; pools share what the national path leaves. A lever's capacity
        overrides both. Persons with a final rejection have what others leave free (an assumption, graded in
        ``centres.csv`` and ``centre_places_for_rejected_share``).
        """
        own = _OWN * at.scale
        open_named = at.centre_open & (_OWN > 0)
        pooled_total = max(0.0, at.reception_places - own[open_named].sum())
        capacity = np.where(IS_POOLED[:NAMED], pooled_total * _POOL, own)
        set_by_lever = ~np.isnan(at.centre_capacity)
        capacity = np.where(set_by_lever, np.nan_to_num(at.centre_capacity) * at.scale, capacity)
        capacity = np.where(at.centre_open, capacity, 0.0)
        alternative = np.where(at.alternative_placement, at.alternative_placement_places * at.scale, 0.0)
        # A place is a whole bed; at small scales a named centre keeps one, or levers on it would affect nobody.
        whole = np.floor(np.concatenate([capacity, alternative]) + 0.5).astype(np.int64)
        positive = np.concatenate([capacity, alternative]) > 0
        self.capacity = np.where(positive, np.maximum(whole, 1), 0)
        self.closing_share = np.where(IS_POOLED, at.centre_units_closing_share, 0.0)
        now_open = np.concatenate([at.centre_open, at.alternative_placement])
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
