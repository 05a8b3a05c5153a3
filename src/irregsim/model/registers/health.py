"""Health contacts by city: shares only, weak evidence (F 5.2, 10.2)."""

from __future__ import annotations

import numpy as np

from irregsim.model.registers.base import Count, Observer, Register, Scope
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import CITIES, RegisterEvent

_PERIOD = (2019, 2020)
#: The cities of the report, whose contacts together are the whole; a city that is added later is none of them.
COUNTED = ("Oslo", "Bergen", "Trondheim", "Stavanger", "Kristiansand")


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
    count = np.array([by_place[city == CITIES.index(name)].sum() for name in COUNTED])
    total = max(1, int(count.sum()))
    return [(f"{first}-{last}", "city", name, round(1000 * int(count[c]) / total)) for c, name in enumerate(COUNTED)]


HEALTH = Register(
    "health_contacts",
    Scope(
        whom="thousandths of contacts in the five cities; weak evidence",
        kind="contact",
        unit="thousandths of all contacts; the survey counts health workers who met somebody, not persons",
        eu_eea="out: the report keeps to persons from outside the EU and EEA (F 1)",
        dublin="in",
        pending="out",
        legal_residents="out",
        delay="none",
        cut_off="2019-2020",
        coverage="not known: a survey that is not representative; shares only",
        double_counting="every contact counts; one person may be met by many",
        rounding="thousandths",
        dispersion="none: read only the order of cities",
        breaks="none",
    ),
    "F 5.2; 10.2",
    observe,
    events=(RegisterEvent.HEALTH_CONTACT,),
    rate="choice",
    dimensions={"city": COUNTED},
    # Thousandths of a whole that is not known add up to nothing, and they are too weak for a picture.
    total=(),
    shown=(),
    latent="stock:hidden",
    panel=None,
)
