"""UDI: persons with a duty to leave in reception centres at year end."""

from __future__ import annotations

import numpy as np

from irregsim import reference
from irregsim.registers.base import Count, Observer, Register, divided
from irregsim.vocabulary import FIRST_YEAR


def observe(observer: Observer) -> list[Count]:
    """Residents with a final rejection in month 12, plus a share of those under a Dublin decision.

    UDI's status categories are not documented in the sources, hence the share ``dublin_in_register_share``. The
    sources of the count change between 2012 and 2019: an error of its own, about 5 %, shared by all countries.
    """
    countries = reference.countries()
    out: list[Count] = []
    share = observer.draw["dublin_in_register_share"]
    months = [(year - FIRST_YEAR) * 12 + 11 for year in observer.years]
    dublin = np.floor(observer.history.dublin_in_centres[months] * share + 0.5).astype(np.int64)
    counts = observer.history.duty_in_centres[months] + dublin
    totals = observer.dispersed(counts.sum(axis=1)[:, None], 0, observer.draw["duty_register_size"])[:, 0]
    for year, row, total in zip(observer.years, counts, totals, strict=True):
        count = divided(int(total), row.astype(np.float64))
        out.append((f"{year}-12", "total", "total", int(count.sum())))
        out += [(f"{year}-12", "country", c.name, int(count[c.index])) for c in countries if count[c.index]]
    return out


DUTY_TO_LEAVE = Register(
    "udi_return_duty_stock",
    "persons with a final rejection in reception centres, month 12; a share of Dublin cases",
    "F 4.1; 10.1",
    observe,
)
