"""Health contacts by city: shares only, weak evidence (F 5.2, 10.2)."""

from __future__ import annotations

import numpy as np

from irregsim import reference
from irregsim.registers.base import Count, Observer, Register
from irregsim.vocabulary import CITIES, RegisterEvent

_PERIOD = (2019, 2020)


def observe(observer: Observer) -> list[Count]:
    """Thousandths of all contacts in the five cities, over 2019-2020.

    The survey counts health workers who met somebody, not persons; only an order of cities can be read from it.
    """
    first, last = _PERIOD
    if observer.years.start > first or last >= observer.years.stop:
        return []
    rows = slice(first - observer.years.start, last + 1 - observer.years.start)
    by_place = observer.events(RegisterEvent.HEALTH_CONTACT)[rows].sum(axis=(0, 2))
    city = np.array([p.city for p in reference.places()])
    count = np.array([by_place[city == c].sum() for c in range(len(CITIES))])
    total = max(1, int(count.sum()))
    return [(f"{first}-{last}", "city", name, round(1000 * int(count[c]) / total)) for c, name in enumerate(CITIES)]


HEALTH = Register(
    "health_contacts", "thousandths of contacts in the five cities; weak evidence", "F 5.2; 10.2", observe
)
