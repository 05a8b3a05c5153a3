"""UDI: assisted returns, and residents who left a centre without an address."""

from __future__ import annotations

import numpy as np

from irregsim.model.registers.base import TOTAL, Count, Noise, Observer, Register, Scope, Shown
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import RegisterEvent

_ROUNDED_BEFORE = 2015

PENDING = Noise("assisted_returns:pending", 8)
ASSISTED_NOISE = Noise("assisted_returns", 9)
LEFT_NOISE = Noise("left_centre_without_address", 10)


def assisted(observer: Observer) -> list[Count]:
    """Assisted returns in scope, plus those of persons whose case is still pending.

    UDI counts all assisted returns; in 2015-2016 many withdrew a pending case. They are a share
    ``assisted_pending_share`` of the applications of two years and belong to the register, not to the exits.
    """
    own = observer.events(RegisterEvent.ASSISTED_RETURN).sum(axis=(1, 2))
    applications = reference.yearly_series("applications")
    last = max(applications)
    mean = np.array([[sum(applications.get(min(y, last), 0.0) for y in (year - 1, year))] for year in observer.years])
    expected = mean * observer.draw["assisted_pending_share"] * observer.scale
    pending = observer.beside("register_pending", expected, PENDING)
    total = observer.dispersed(own[:, None] + pending, ASSISTED_NOISE, observer.draw["register_overdispersion"])[:, 0]
    if observer.scale == 1 and not observer.is_expected:
        # UDI rounded to hundreds before 2015; at another population scale the rounding would swallow the count.
        early = np.array([year < _ROUNDED_BEFORE for year in observer.years])
        total = np.where(early, np.floor(total / 100 + 0.5).astype(np.int64) * 100, total)
    return [(str(year), "total", "total", total[y].item()) for y, year in enumerate(observer.years)]


def left_centre(observer: Observer) -> list[Count]:
    """Residents with a duty to leave who left without an address, and a share of those under a Dublin decision.

    Whether UDI's figure holds the latter is not said, hence the share ``left_centre_dublin_share``. Both are counted as
    they are noticed.
    """
    own = observer.events(RegisterEvent.LEFT_CENTRE).sum(axis=(1, 2))
    dublin = observer.events(RegisterEvent.DUBLIN_LEFT_CENTRE).sum(axis=(1, 2))
    share = dublin * observer.draw["left_centre_dublin_share"]
    own = own + (share if observer.is_expected else np.floor(share + 0.5).astype(np.int64))
    total = observer.dispersed(own[:, None], LEFT_NOISE, observer.draw["register_overdispersion"])[:, 0]
    return [(str(year), "total", "total", total[y].item()) for y, year in enumerate(observer.years)]


ASSISTED = Register(
    "assisted_returns",
    Scope(
        whom="all assisted returns, pending cases included",
        kind="return",
        unit="persons, children too",
        eu_eea="out: they have no access to the scheme",
        dublin="out: they go to another member state",
        pending="in: `assisted_pending_share` of two years' applications, who are not in the latent population",
        legal_residents="out",
        delay="none",
        cut_off="year of departure; no late entries reported",
        coverage="all who leave with the scheme",
        double_counting="none reported: one departure each",
        rounding="to hundreds before 2015, as printed; not in a population of another size",
        dispersion="Poisson for pending cases, then gamma factor (`register_overdispersion`)",
        breaks="none reported; 2009 is derived from the growth to 2010 and falls in the burn-in",
    ),
    "external: UDI",
    assisted,
    events=(RegisterEvent.ASSISTED_RETURN,),
    rate="choice",
    latent="exit:assistert_retur",
    noise=(PENDING, ASSISTED_NOISE),
)
LEFT_CENTRE = Register(
    "left_centre_without_address",
    Scope(
        whom="residents with a duty to leave; one published count, of fifteen months in 2016-2017",
        kind="departure",
        unit="departures; persons, children too",
        eu_eea="out",
        dublin="in part: `left_centre_dublin_share` of those who abscond, since the source does not say",
        pending="out",
        legal_residents="out",
        delay="none: counted in the month of leaving, though a centre notices later",
        cut_off="year of leaving",
        coverage="all; one published count, and about half of those who leave come back",
        double_counting="a person who comes back and leaves again counts again",
        rounding="none",
        dispersion="gamma factor (`register_overdispersion`)",
        breaks="none known",
    ),
    "F 4.3",
    left_centre,
    events=(RegisterEvent.LEFT_CENTRE, RegisterEvent.DUBLIN_LEFT_CENTRE),
    rate="choice",
    shown=(Shown(*TOTAL, while_running=False),),
    latent="stock:synlig",
    noise=(LEFT_NOISE,),
)
