"""UDI: expulsion decisions a year by ground and citizenship (tabell 10.4), outside EU/EEA."""

from __future__ import annotations

import numpy as np

from irregsim.model.registers.base import Count, Noise, Numbers, Observer, Register, Scope, Shown
from irregsim.model.registers.outside import outside
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import RegisterEvent

GROUNDS = (
    ("utlendingsloven", RegisterEvent.EXPULSION_IMMIGRATION_ACT),
    ("straff", RegisterEvent.EXPULSION_PENAL),
)
NAME = "udi_expulsions"

#: Of each ground, and of the countries of each ground.
NOISE = (Noise(f"{NAME}:utlendingsloven", 1), Noise(f"{NAME}:straff", 2))
NOISE_OF_COUNTRIES = (Noise(f"{NAME}:country:utlendingsloven", 20), Noise(f"{NAME}:country:straff", 21))


def observe(observer: Observer) -> list[Count]:
    """Decisions, counted when UDI made them; one ground each, the penal one first.

    First contacts (with UDI's delay), exit control at the outer border, asylum cases, and the penal route with those
    who never lived without legal stay. The tables are taken to be complete. Noise is drawn for the ground and for each
    country; countries add up to it. Where UDI published the part of EU and EEA citizens, a wider count is given.
    """
    countries = reference.countries()
    out: list[Count] = []
    size = observer.draw["register_overdispersion"]
    own: Numbers = np.zeros(len(observer.years), dtype=np.int64)
    for number, (ground, event) in enumerate(GROUNDS):
        by_country = observer.events(event).sum(axis=1)
        noisy = observer.dispersed(by_country.sum(axis=1)[:, None], NOISE[number], size)[:, 0]
        own = own + noisy
        # Single countries vary more than the total; they are scaled so that they add up to it.
        weights = observer.dispersed(by_country, NOISE_OF_COUNTRIES[number], observer.draw["register_country_size"])
        for y, year in enumerate(observer.years):
            count = observer.divided(noisy[y], weights[y] if weights[y].sum() else by_country[y])
            out.append((str(year), "ground", ground, noisy[y].item()))
            out += [
                (str(year), "country_ground", f"{c.name}:{ground}", count[c.index].item())
                for c in countries
                if count[c.index]
            ]
    for y, year in enumerate(observer.years):
        eu_eea = outside(NAME, "eu_eea", year, observer.scale)
        if eu_eea is not None:
            out.append((str(year), "scope", "with_eu_eea", own[y].item() + eu_eea))
    return out


EXPULSIONS = Register(
    NAME,
    Scope(
        whom="decisions, countries outside EU/EEA; Immigration Act or penal ground",
        kind="decision",
        unit="decisions; persons, without the children of a household",
        eu_eea="out; the key `with_eu_eea` of dimension `scope` adds their published number (2013, 2015, 2016)",
        dublin="in: asylum and Dublin cases that get an expulsion of their own (since 2009)",
        pending="out: a rejection's duty to leave is not an expulsion",
        legal_residents="in on the penal ground: some had legal stay until then, some go straight from prison",
        delay="first contact plus UDI's one or two months; asylum cases after `asylum_case_delay_months`; exit control "
        "and penal cases at once",
        cut_off="year of the decision; no late entries reported",
        coverage="assumed to be complete, because nothing in the data says otherwise. Leavers are seen at the border "
        "by `exit_control_detection_share`",
        double_counting="one ground each, the penal one first; a later penal decision counts again",
        rounding="2014-2016 were printed in hundreds (error 29, below the noise): not emulated",
        dispersion="gamma factor per ground and year (`register_overdispersion`); single countries vary more "
        "(`register_country_size`) and add up to it",
        breaks="2018: from UDI's yearly figures to the table made for the report; what its categories hold was hard to "
        "clarify (F 3). The fall from 3900 (2016) to 1811 (2018) has no stated break and is not given one",
    ),
    "tabell 10.4; F 10.1",
    observe,
    events=(RegisterEvent.EXPULSION_IMMIGRATION_ACT, RegisterEvent.EXPULSION_PENAL),
    rate="measurement",
    dimensions={
        "ground": tuple(ground for ground, _ in GROUNDS),
        "country_ground": tuple(f"{one.name}:{ground}" for one in reference.countries() for ground, _ in GROUNDS),
    },
    total=tuple(("ground", ground) for ground, _ in GROUNDS),
    shown=tuple(Shown("ground", ground) for ground, _ in GROUNDS),
    latent="stock:hidden",
    noise=(*NOISE, *NOISE_OF_COUNTRIES),
)
