"""UDI: persons with a duty to leave in reception centres at year end."""

from __future__ import annotations

import numpy as np

from irregsim.model.registers.base import TOTAL, Count, Noise, Observer, Register, Scope, Shown
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import FIRST_YEAR

#: From this year on the count is udi.no's table of residents by status; earlier ones come from another source.
PRESENT_SOURCE_YEAR = 2019

NOISE = Noise("udi_return_duty_stock", 0)


def observe(observer: Observer) -> list[Count]:
    """Residents with a final rejection in month 12, plus a share of those under a Dublin decision.

    UDI's status categories are not documented in the sources, hence the share ``dublin_in_register_share``. The
    sources of the count change between 2012 and 2019: counts before 2019 are in the ratio
    ``duty_register_break_ratio`` to those of the present source, and every count has an error of its own, about 5 %,
    shared by all countries.
    """
    countries = reference.countries()
    out: list[Count] = []
    share = observer.draw["dublin_in_register_share"]
    months = [(year - FIRST_YEAR) * 12 + 11 for year in observer.years]
    dublin = observer.history.dublin_in_centres[months] * share
    if not observer.is_expected:
        dublin = np.floor(dublin + 0.5).astype(np.int64)
    counts = observer.history.duty_in_centres[months] + dublin
    ratio = observer.draw["duty_register_break_ratio"]
    total_counts = observer.before_break(counts.sum(axis=1)[:, None], ratio, PRESENT_SOURCE_YEAR)
    totals = observer.dispersed(total_counts, NOISE, observer.draw["duty_register_size"])[:, 0]
    for year, row, total in zip(observer.years, counts, totals, strict=True):
        count = observer.divided(total, row)
        out.append((f"{year}-12", "total", "total", count.sum().item()))
        out += [(f"{year}-12", "country", c.name, count[c.index].item()) for c in countries if count[c.index]]
    return out


DUTY_TO_LEAVE = Register(
    "udi_return_duty_stock",
    Scope(
        whom="persons with a final rejection in reception centres, month 12; a share of Dublin cases",
        kind="stock",
        unit="persons, children too",
        eu_eea="out: they seek no asylum",
        dublin="in part: `dublin_in_register_share`, since UDI's status categories are not documented",
        pending="out",
        legal_residents="out",
        delay="none",
        cut_off="last day of the year; no late entries reported",
        coverage="all residents: no source mentions any who are left out",
        double_counting="none: one place each",
        rounding="none",
        dispersion="gamma factor of about 5 % (`duty_register_size`), shared by countries",
        breaks="2012 is quoted from a report of 2014, 2019 and 2020 from udi.no: counts before 2019 times "
        "`duty_register_break_ratio`",
    ),
    "F 4.1; 10.1",
    observe,
    events=(),
    rate="measurement",
    dimensions={"total": ("total",), "country": tuple(country.name for country in reference.countries())},
    shown=(Shown(*TOTAL),),
    shown_as_cells=("country",),
    latent="stock:synlig",
    noise=(NOISE,),
)
