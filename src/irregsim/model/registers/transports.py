"""PU: transports ordered (tabell 10.1) and carried out, without EU/EEA citizens."""

from __future__ import annotations

import numpy as np

from irregsim.model.registers.base import TOTAL, Count, IntArray, Noise, Observer, Register, Scope, Shown
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import DISTRICTS, RegisterEvent

#: Districts with a row of their own in tabell 10.1; Innlandet is part of Andre there.
PRINTED = tuple(d for d in DISTRICTS if d not in ("Innlandet", "Andre"))
_EAST = ("Oslo", "Øst", "Sør-Øst")

ORDERS_NOISE = Noise("pu_orders", 3)
ASYLUM_NOISE = Noise("pu_orders:asylum", 4)
RETURNS_NOISE = Noise("pu_returns_executed", 5)


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
    noisy = observer.dispersed(table, ORDERS_NOISE, observer.draw["register_overdispersion"])
    asylum = observer.events(RegisterEvent.ORDER_ASYLUM).sum(axis=(1, 2))
    asylum = observer.dispersed(asylum[:, None], ASYLUM_NOISE, observer.draw["register_overdispersion"])[:, 0]
    out: list[Count] = []
    for y, year in enumerate(observer.years):
        out.append((str(year), "total", "total", noisy[y].sum().item()))
        out += [(str(year), "district", name, noisy[y, i].item()) for i, name in enumerate(names)]
        out.append((str(year), "track", "asylum", asylum[y].item()))
    return out


TRACKS = (
    ("asylum", RegisterEvent.TRANSPORT_ASYLUM),
    ("dublin", RegisterEvent.TRANSPORT_DUBLIN),
    ("utvist", RegisterEvent.TRANSPORT_EXPELLED),
    ("bortvist", RegisterEvent.TRANSPORT_BORTVIST),
)


def executed(observer: Observer) -> list[Count]:
    """Transports carried out by track, counted in the year they happened.

    A wider count, with Dublin transfers, is given along with the total of returns outside the EU.
    """
    table = np.stack([observer.events(event).sum(axis=(1, 2)) for _, event in TRACKS], axis=1)
    noisy = observer.dispersed(table, RETURNS_NOISE, observer.draw["register_overdispersion"])
    out: list[Count] = []
    for y, year in enumerate(observer.years):
        # Returns to countries outside the EU; Dublin transfers go to a state inside it.
        beyond = sum(noisy[y, i].item() for i, (name, _) in enumerate(TRACKS) if name != "dublin")
        out.append((str(year), "total", "total", beyond))
        out += [(str(year), "track", name, noisy[y, i].item()) for i, (name, _) in enumerate(TRACKS)]
        out.append((str(year), "scope", "with_dublin", noisy[y].sum().item()))
    return out


ORDERS = Register(
    "pu_orders",
    Scope(
        whom="orders to countries outside the EU; utvist and bortvist, asylum apart",
        kind="order",
        unit="orders; persons, children too",
        eu_eea="out: countries outside the EU only",
        dublin="out: no orders of Dublin transfers are counted",
        pending="out",
        legal_residents="in where a penal case goes straight from prison; short stays from the border are in too",
        delay="held persons: the month the transport is due; refusals at once",
        cut_off="year of the order; no late entries reported",
        coverage="all orders of the districts; the police do not ask PU about every decision (F 3), which the tracks "
        "of control hold, not this count",
        double_counting="every order counts: a person held, released and held again has two",
        rounding="none; printed percentages are not read",
        dispersion="gamma factor per row and year (`register_overdispersion`)",
        breaks="the 17 % of asylum refers to orders in F 10.1 and to returns in F 4.1: one soft target. "
        "`pu_own_order_share` of the east counts as PU's own; Innlandet is part of `Andre`",
    ),
    "tabell 10.1; F 10.2",
    orders,
    events=(RegisterEvent.ORDER_ASYLUM, RegisterEvent.ORDER_EXPELLED, RegisterEvent.ORDER_BORTVIST),
    rate="measurement",
    dimensions={
        "total": ("total",),
        "district": (*DISTRICTS, "PU"),
        "track": tuple(track for track, _ in TRACKS),
    },
    shown=(Shown(*TOTAL), Shown("track", "asylum", while_running=False)),
    shown_as_cells=("district",),
    latent="stock:hidden",
    noise=(ORDERS_NOISE, ASYLUM_NOISE),
)
RETURNS = Register(
    "pu_returns_executed",
    Scope(
        whom="transports carried out, without EU citizens; Dublin as a track",
        kind="transport",
        unit="persons, children too",
        eu_eea="out; published totals include them, but no figure in the project gives their share",
        dublin="a track of its own, out of the total; the key `with_dublin` of dimension `scope` has both",
        pending="out",
        legal_residents="in where a penal case goes straight from prison; short stays from the border are in too",
        delay="none: month of transport",
        cut_off="year of transport; PU's later texts imply 8077 for 2016 against 8078: late entries are negligible",
        coverage="all who are sent; a person who leaves alone after a decision is not a transport",
        double_counting="every transport counts; a person sent again would be a new arrival",
        rounding="asylum 2013 and Dublin 2010-2011 were printed in hundreds: not emulated, below the noise",
        dispersion="gamma factor per track and year (`register_overdispersion`)",
        breaks="2021: most refusals rest on the temporary act on entry and are in no track here; two figures for 2009 "
        "(3343 and 4359) fall in the burn-in",
    ),
    "F 4.1; 10.1",
    executed,
    events=tuple(event for _, event in TRACKS),
    rate="action",
    dimensions={"track": tuple(track for track, _ in TRACKS)},
    total=tuple(("track", track) for track, _ in TRACKS),
    shown=(Shown("track", "asylum"), Shown("track", "dublin", while_running=False)),
    latent="exit:tvangsretur",
    noise=(RETURNS_NOISE,),
)
