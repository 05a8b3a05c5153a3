"""PU: transports ordered (tabell 10.1) and carried out, without EU/EEA citizens."""

from __future__ import annotations

import numpy as np

from irregsim import reference
from irregsim.registers.base import Count, IntArray, Observer, Register
from irregsim.vocabulary import DISTRICTS, RegisterEvent

#: Districts with a row of their own in tabell 10.1; Innlandet lies in Andre there.
PRINTED = tuple(d for d in DISTRICTS if d not in ("Innlandet", "Andre"))
_EAST = ("Oslo", "Øst", "Sør-Øst")


def _by_district(events: IntArray) -> dict[str, IntArray]:
    out = {name: np.zeros(len(events), dtype=np.int64) for name in (*PRINTED, "Andre")}
    for place in reference.places():
        name = DISTRICTS[place.district]
        out[name if name in PRINTED else "Andre"] += events[:, place.index].sum(axis=1)
    return out


def orders(observer: Observer) -> list[Count]:
    """Orders received: utvist and bortvist by district, asylum apart.

    PU orders some itself, mostly in eastern Norway: a share of the three eastern districts' orders (F 10.2).
    """
    events = observer.events(RegisterEvent.ORDER_EXPELLED) + observer.events(RegisterEvent.ORDER_BORTVIST)
    counts = _by_district(events)
    own_share = observer.draw["pu_own_order_share"]
    own = np.zeros(len(events), dtype=np.int64)
    for name in _EAST:
        moved = np.floor(counts[name] * own_share + 0.5).astype(np.int64)
        counts[name] -= moved
        own += moved
    counts["PU"] = own
    names = list(counts)
    table = np.stack([counts[name] for name in names], axis=1)
    noisy = observer.dispersed(table, 3, observer.draw["register_overdispersion"])
    asylum = observer.events(RegisterEvent.ORDER_ASYLUM).sum(axis=(1, 2))
    asylum = observer.dispersed(asylum[:, None], 4, observer.draw["register_overdispersion"])[:, 0]
    out: list[Count] = []
    for y, year in enumerate(observer.years):
        out.append((str(year), "total", "total", int(noisy[y].sum())))
        out += [(str(year), "district", name, int(noisy[y, i])) for i, name in enumerate(names)]
        out.append((str(year), "track", "asylum", int(asylum[y])))
    return out


TRACKS = (
    ("asylum", RegisterEvent.TRANSPORT_ASYLUM),
    ("dublin", RegisterEvent.TRANSPORT_DUBLIN),
    ("utvist", RegisterEvent.TRANSPORT_EXPELLED),
    ("bortvist", RegisterEvent.TRANSPORT_BORTVIST),
)


def executed(observer: Observer) -> list[Count]:
    """Transports carried out by track, counted in the year they happened."""
    table = np.stack([observer.events(event).sum(axis=(1, 2)) for _, event in TRACKS], axis=1)
    noisy = observer.dispersed(table, 5, observer.draw["register_overdispersion"])
    out: list[Count] = []
    for y, year in enumerate(observer.years):
        # Returns to countries outside the EU; Dublin transfers go to a state inside it.
        outside = sum(int(noisy[y, i]) for i, (name, _) in enumerate(TRACKS) if name != "dublin")
        out.append((str(year), "total", "total", outside))
        out += [(str(year), "track", name, int(noisy[y, i])) for i, (name, _) in enumerate(TRACKS)]
    return out


ORDERS = Register(
    "pu_orders", "orders to countries outside the EU; utvist and bortvist, asylum apart", "tabell 10.1; F 10.2", orders
)
RETURNS = Register(
    "pu_returns_executed", "transports carried out, without EU citizens; Dublin as a track", "F 4.1; 10.1", executed
)
