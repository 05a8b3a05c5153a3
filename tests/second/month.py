"""One month in the order of odd.md, section 3, without inflow."""

from __future__ import annotations

from . import after_choice as after
from . import before_choice as before
from .choosing import choice, offers
from .shared import grow_up
from .state import World


def advance(w: World) -> None:
    """Live one month: policy and drivers, the parts in order, and what compatriots learn."""
    w.month += 1
    grow_up(w)
    before.reception_capacity(w)
    before.ties(w)
    before.moves(w)
    before.births(w)
    before.transfers(w)
    before.residence(w)
    before.identity(w)
    before.dismissal(w)
    before.work(w)
    before.side_work(w)
    before.support(w)
    before.livelihood(w)
    before.reconsider(w)
    offers(w)
    choice(w)
    after.transport(w)
    after.street_control(w)
    after.crime_control(w)
    after.tracks(w)
    after.departures(w)
    after.needs(w)
    after.learn(w)
