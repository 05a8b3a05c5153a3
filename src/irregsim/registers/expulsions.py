"""UDI: expulsion decisions a year by ground and citizenship (tabell 10.4), outside EU/EEA."""

from __future__ import annotations

import numpy as np

from irregsim import reference
from irregsim.registers.base import Count, Observer, Register, divided
from irregsim.vocabulary import RegisterEvent

GROUNDS = (
    ("utlendingsloven", RegisterEvent.EXPULSION_IMMIGRATION_ACT),
    ("straff", RegisterEvent.EXPULSION_PENAL),
)


def observe(observer: Observer) -> list[Count]:
    """Decisions, counted when UDI made them; one ground each, the penal one first.

    First contacts (with UDI's delay), exit control at the outer border, asylum cases, and the penal route with those
    who never lived without legal stay. Noise is drawn for the ground and for each country; countries add up to it.
    """
    countries = reference.countries()
    out: list[Count] = []
    size = observer.draw["register_overdispersion"]
    for number, (ground, event) in enumerate(GROUNDS):
        by_country = observer.events(event).sum(axis=1)
        total = by_country.sum(axis=1)
        noisy = observer.dispersed(total[:, None], 1 + number, size)[:, 0]
        # Single countries vary more than the total; they are scaled so that they add up to it.
        weights = observer.dispersed(by_country, 20 + number, observer.draw["register_country_size"])
        for y, year in enumerate(observer.years):
            count = divided(int(noisy[y]), (weights[y] if weights[y].sum() else by_country[y]).astype(np.float64))
            out.append((str(year), "ground", ground, int(noisy[y])))
            out += [
                (str(year), "country_ground", f"{c.name}:{ground}", int(count[c.index]))
                for c in countries
                if count[c.index]
            ]
    return out


EXPULSIONS = Register(
    "udi_expulsions",
    "decisions, countries outside EU/EEA; Immigration Act or penal ground",
    "tabell 10.4; F 10.1",
    observe,
)
