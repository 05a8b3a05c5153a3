"""SSB: penal sanctions for illegal work, employers and workers, by district (tabell 8.1)."""

from __future__ import annotations

import numpy as np

from irregsim.model.registers.base import Count, Noise, Observer, Register, Scope, Shown
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import DISTRICTS, RegisterEvent

SIDES = (("employer", RegisterEvent.EMPLOYER_SANCTION), ("worker", RegisterEvent.WORKER_SANCTION))
#: The report prints sums over these years.
SUM_YEARS = (2016, 2019)
#: Of the part with legal stay, on each side.
NOISE = (Noise("ssb_sanctions:employer", 6), Noise("ssb_sanctions:worker", 7))


def observe(observer: Observer) -> list[Count]:
    """Sanctions by year, and the four-year sums of tabell 8.1.

    The offence codes also cover people with legal stay but no work permit, who are not in the latent population:
    the register adds them in proportion, by the scope share ``sanctions_in_scope_share``.
    """
    share = observer.draw["sanctions_in_scope_share"]
    district = np.array([p.district for p in reference.places()])
    out: list[Count] = []
    for number, (side, event) in enumerate(SIDES):
        by_place = observer.events(event).sum(axis=2)
        count = np.stack([by_place[:, district == d].sum(axis=1) for d in range(len(DISTRICTS))], axis=1)
        expected = count.astype(np.float64) * ((1.0 - share) / share)
        outside = observer.beside("sanction_out_of_scope", expected, NOISE[number])
        count = count + outside
        for y, year in enumerate(observer.years):
            out.append((str(year), side, "total", count[y].sum().item()))
            out += [(str(year), side, name, count[y, d].item()) for d, name in enumerate(DISTRICTS)]
        first, last = SUM_YEARS
        if observer.years.start <= first and last < observer.years.stop:
            rows = slice(first - observer.years.start, last + 1 - observer.years.start)
            total = count[rows].sum(axis=0)
            period = f"{first}-{last}"
            out.append((period, side, "total", total.sum().item()))
            out += [(period, side, name, total[d].item()) for d, name in enumerate(DISTRICTS)]
    return out


SANCTIONS = Register(
    "ssb_sanctions",
    Scope(
        whom="penal sanctions under the Immigration Act (codes 6135, 6152); includes legal residents without a work "
        "permit",
        kind="sanction",
        unit="sanctions, on workers and on employers of any citizenship",
        eu_eea="workers out, since they need no permit; employers are not distinguished",
        dublin="in, where found at work",
        pending="in among those with stay but no work permit",
        legal_residents="in: `sanctions_in_scope_share` of the sanctions concern persons without legal stay",
        delay="none: counted in the month of the inspection, though a case takes months",
        cut_off="year; the report prints 2016-2019 in one sum",
        coverage="cases with such work as the principal offence; others have other codes. The sanction shares "
        "are based on this same table, so a separate coverage share could not be identified",
        double_counting="one sanction per case and employer; worker and employer of one case are two",
        rounding="none",
        dispersion="Poisson for the part with legal stay",
        breaks="fine rates and controls changed in 2018-2019 (a policy, not a definition); F 8.4 names another act",
    ),
    "tabell 8.1; F 8.3",
    observe,
    events=(RegisterEvent.EMPLOYER_SANCTION, RegisterEvent.WORKER_SANCTION),
    rate="measurement",
    dimensions={side: (*DISTRICTS, "total") for side, _ in SIDES},
    # A case has an employer and may have a worker: adding both would count it twice.
    total=(("employer", "total"),),
    shown=tuple(Shown(side, "total") for side, _ in SIDES),
    shown_as_cells=tuple(side for side, _ in SIDES),
    latent="stock:arbeidende",
    panel="labour",
    noise=NOISE,
)
