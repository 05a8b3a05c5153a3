"""One month in the order of odd.md, section 3."""

from __future__ import annotations

from . import after_choice as after
from . import before_choice as before
from .choosing import choice, offers
from .newcomers import Newcomers, come_back
from .shared import grow_up
from .state import World


def advance(w: World, newcomers: Newcomers | None = None) -> None:
    """Live one month: policy and drivers, the parts in order, and what compatriots learn.

    Args:
        w: The world between two months; changed.
        newcomers: Who draws those who come; None: nobody comes or comes back.
    """
    w.month += 1
    before.reception_capacity(w)
    grow_up(w)
    if newcomers is not None:
        come_back(w)
        newcomers.arrive(w)
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
