"""UDI: assisted returns, and residents who left a centre without an address."""

from __future__ import annotations

import numpy as np

from irregsim import reference
from irregsim.registers.base import Count, Observer, Register
from irregsim.vocabulary import RegisterEvent

_ROUNDED_BEFORE = 2015


def assisted(observer: Observer) -> list[Count]:
    """Assisted returns in scope, plus those of persons whose case is still pending.

    UDI counts all assisted returns; in 2015-2016 many withdrew a pending case. They are a share
    ``assisted_pending_share`` of the applications of two years and belong to the register, not to the exits.
    """
    own = observer.events(RegisterEvent.ASSISTED_RETURN).sum(axis=(1, 2))
    applications = reference.yearly_series("applications")
    last = max(applications)
    mean = np.array([[sum(applications.get(min(y, last), 0.0) for y in (year - 1, year))] for year in observer.years])
    pending = observer.beside("register_pending", mean * observer.draw["assisted_pending_share"] * observer.scale, 8)
    total = observer.dispersed(own[:, None] + pending, 9, observer.draw["register_overdispersion"])[:, 0]
    if observer.scale == 1:
        # UDI rounded to hundreds before 2015; at another population scale the rounding would swallow the count.
        early = np.array([year < _ROUNDED_BEFORE for year in observer.years])
        total = np.where(early, np.floor(total / 100 + 0.5).astype(np.int64) * 100, total)
    return [(str(year), "total", "total", int(total[y])) for y, year in enumerate(observer.years)]


def left_centre(observer: Observer) -> list[Count]:
    """Residents with a duty to leave who left without an address; counted as they are noticed."""
    own = observer.events(RegisterEvent.LEFT_CENTRE).sum(axis=(1, 2))
    total = observer.dispersed(own[:, None], 10, observer.draw["register_overdispersion"])[:, 0]
    return [(str(year), "total", "total", int(total[y])) for y, year in enumerate(observer.years)]


ASSISTED = Register("assisted_returns", "all assisted returns, pending cases included", "external: UDI", assisted)
LEFT_CENTRE = Register(
    "left_centre_without_address",
    "residents with a duty to leave; no published series in the data",
    "F 4.3",
    left_centre,
)
