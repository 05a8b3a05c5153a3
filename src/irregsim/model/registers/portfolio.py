"""PU: the list of persons with a final rejection who have not been seen to leave."""

from __future__ import annotations

import numpy as np

from irregsim.model.history import PLACES
from irregsim.model.registers.base import Count, Noise, Observer, Register, Scope
from irregsim.vocabulary.codes import FIRST_YEAR, RegisterEvent, Strategy

NOISE = Noise("pu_portfolio")

#: Years after which a name that nobody has heard of is cleared from the list, at the latest.
_YEARS_KEPT = 3


def observe(observer: Observer) -> list[Count]:
    """Former asylum seekers in the country at year end, and a share of those who left unnoticed in three years.

    PU itself says that many on the list have left unnoticed. So the list bounds those still present from above; how far
    above is ``portfolio_unnoticed_share``.
    """
    stocks = observer.history.stocks.reshape(-1, len(Strategy), PLACES, 2)[:, :, :, 1].sum(axis=(1, 2))
    months = [(year - FIRST_YEAR) * 12 + 11 for year in observer.years]
    here = stocks[months] - observer.history.dublin_in_centres[months].sum(axis=1)
    here = here - observer.history.without_rejection[months].sum(axis=1)
    left = observer.events(RegisterEvent.LEFT_UNNOTICED).sum(axis=(1, 2)).astype(np.float64)
    recent = np.convolve(left, np.ones(_YEARS_KEPT))[: len(left)]
    counts = here + observer.draw["portfolio_unnoticed_share"] * recent
    if not observer.is_expected:
        counts = np.floor(counts + 0.5).astype(np.int64)
    total = observer.dispersed(counts[:, None], NOISE, observer.draw["duty_register_size"])[:, 0]
    return [(f"{year}-12", "total", "total", total[y].item()) for y, year in enumerate(observer.years)]


PORTFOLIO = Register(
    "pu_portfolio",
    Scope(
        whom="persons with a final rejection on PU's list, month 12; many have left unnoticed",
        kind="stock",
        unit="persons, children too",
        eu_eea="out: they seek no asylum",
        dublin="out, but for those who left the centre",
        pending="out, and so are those who vanished before a decision",
        legal_residents="out",
        delay="none",
        cut_off="last day of the year; the list is cleared slowly",
        coverage="all who are still here, and `portfolio_unnoticed_share` of those who left unnoticed in three years",
        double_counting="none",
        rounding="none",
        dispersion="gamma factor of about 5 % (`duty_register_size`)",
        breaks="none known",
    ),
    "PU, April 2017 and January 2019",
    observe,
    events=(),
    rate="measurement",
    # It comes close to a level that is shown on request only (docs/odd.md), so no page or summary draws it.
    total=(),
    shown=(),
    panel=None,
    noise=(NOISE,),
)
